"""Rule verify_loss: the losses that training uses against plain NumPy.

The two vectors are those of the published report's figure 2.
"""

import numpy as np

from siamese.errors import StudyError
from siamese.job import logged
from siamese.layers import DISTANCES, LOSSES
from siamese.network import set_up_devices
from siamese.stored import write_json, write_text

X = [0.01, 0.05, -0.07, -0.023, 2.6, 0.012, 0.548, 0.79, -0.2]
Y = [0.01, -0.05, -0.047, 0.023, 2.4, -0.02, 0.0548, 0.7, -0.2]
TOLERANCE = 1e-5


# Of the distance, y = 1 for the same class or 0, and the margin.
LOSSES_IN_NUMPY = {
    "contrastive": lambda d, y, m: (y * d**2 + (1 - y) * max(m - d, 0) ** 2) / 2,
    "hinge": lambda d, y, m: y * d + (1 - y) * max(m - d, 0),
}


def loss_in_numpy(x, y, same, loss, margin):
    """Loss of one pair of vectors, in float64."""
    distance = np.sqrt(np.sum((np.array(x) - np.array(y)) ** 2))
    return float(LOSSES_IN_NUMPY[loss](distance, same, margin))


def loss_in_keras(x, y, same, loss, margin):
    """The same by the layers and the loss of the network, in float32."""
    left, right = (np.array([vector], dtype=np.float32) for vector in (x, y))
    distance = DISTANCES["euclidean"]()(left, right)
    return float(LOSSES[loss](margin)(np.array([same], np.float32), distance))


def compare(loss, margin):
    """One loss of the positive and of the negative pair, by Keras and by NumPy.

    Raises StudyError where they differ by more than 1e-5.
    """
    results = {"loss": loss, "margin": margin}
    for kind, same in (("positive", 1), ("negative", 0)):
        keras_loss = loss_in_keras(X, Y, same, loss, margin)
        numpy_loss = loss_in_numpy(X, Y, same, loss, margin)
        difference = abs(keras_loss - numpy_loss)
        if not difference <= TOLERANCE:
            raise StudyError(
                f"{loss.capitalize()} loss of the {kind} pair, margin {margin:g}: "
                f"{keras_loss:.7f} by Keras, {numpy_loss:.7f} by NumPy, expected equal "
                f"to {TOLERANCE}"
            )
        results[kind] = {
            "keras": keras_loss,
            "numpy": numpy_loss,
            "difference": difference,
        }
    return results


def as_text(results):
    """The results as the published figure 2 prints them."""
    lines = [f"x = {X}", f"y = {Y}", ""]
    for result in results:
        name = f"{result['loss']} loss"
        lines += [f"{name.capitalize()}, margin {result['margin']:g}", ""]
        for kind in ("positive", "negative"):
            found = result[kind]
            lines += [
                f"This tests a {kind} pairing:",
                f"The {name} calculated by Keras is: {found['keras']:.5f}",
                f"The {name} calculated by NumPy is: {found['numpy']:.5f}",
                f"The difference between the outputs is: {found['difference']:.1e}",
                "",
            ]
    return "\n".join(lines)


def main(snakemake, output):
    set_up_devices(snakemake.threads, gpu=False)
    results = [compare(*values) for values in snakemake.params.losses]
    write_text(output.text, as_text(results))
    write_json(output.values, results)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
