"""Rule verify_loss: the losses that training uses against plain NumPy."""

import numpy as np

from siamese.data.stored import write_json, write_text
from siamese.errors import StudyError
from siamese.model.devices import set_up_devices
from siamese.model.layers import DISTANCES, LOSSES
from siamese.report.templates import render

# The vectors of the report's figure 2.
X = [0.01, 0.05, -0.07, -0.023, 2.6, 0.012, 0.548, 0.79, -0.2]
Y = [0.01, -0.05, -0.047, 0.023, 2.4, -0.02, 0.0548, 0.7, -0.2]
TOLERANCE = 1e-5
# Functions of the distance, y (1 for the same class, or 0) and the margin.
LOSSES_IN_NUMPY = {
    "contrastive": lambda d, y, m: (y * d**2 + (1 - y) * max(m - d, 0) ** 2) / 2,
    "hinge": lambda d, y, m: y * d + (1 - y) * max(m - d, 0),
}


def loss_in_keras(loss, margin, same):
    """Loss of the pair of vectors by the layers of the network, in float32."""
    distance = DISTANCES["euclidean"]()(np.float32([X]), np.float32([Y]))
    return float(LOSSES[loss](margin)(np.float32([same]), distance))


def compare(loss, margin):
    """One loss of both pairs by Keras and by NumPy; StudyError where they differ."""
    results = {"loss": loss, "margin": margin}
    distance = np.sqrt(np.sum((np.array(X) - np.array(Y)) ** 2))
    for kind, same in (("positive", 1), ("negative", 0)):
        by_keras = loss_in_keras(loss, margin, same)
        by_numpy = float(LOSSES_IN_NUMPY[loss](distance, same, margin))
        if not (difference := abs(by_keras - by_numpy)) <= TOLERANCE:
            raise StudyError(
                f"{loss.capitalize()} loss of the {kind} pair, margin {margin:g}: "
                f"{by_keras:.7f} by Keras, expected {by_numpy:.7f} as by NumPy"
            )
        results[kind] = dict(keras=by_keras, numpy=by_numpy, difference=difference)
    return results


def main(snakemake):
    set_up_devices(snakemake.threads, gpu=False)
    results = [compare(*values) for values in snakemake.params.losses]
    write_json(snakemake.output.values, results)
    text = render("loss.txt.j2", x=X, y=Y, results=results)
    write_text(snakemake.output.text, text)
