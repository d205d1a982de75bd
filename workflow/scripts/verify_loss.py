"""Rule verify_loss: the loss that training uses against plain NumPy.

The two vectors are those of the published report's figure 2.
"""

import numpy as np

from siamese.errors import StudyError
from siamese.job import logged
from siamese.network import ContrastiveLoss, EuclideanDistance, set_up_devices
from siamese.stored import write_json, write_text

X = [0.01, 0.05, -0.07, -0.023, 2.6, 0.012, 0.548, 0.79, -0.2]
Y = [0.01, -0.05, -0.047, 0.023, 2.4, -0.02, 0.0548, 0.7, -0.2]
TOLERANCE = 1e-5


def loss_in_numpy(x, y, same, margin):
    """Contrastive loss of one pair of vectors, in float64."""
    distance = np.sqrt(np.sum((np.array(x) - np.array(y)) ** 2))
    return 0.5 * (
        same * distance**2 + (1 - same) * np.maximum(margin - distance, 0) ** 2
    )


def loss_in_keras(x, y, same, margin):
    """The same by the layers and the loss of the network, in float32."""
    left, right = (np.array([vector], dtype=np.float32) for vector in (x, y))
    distance = EuclideanDistance()(left, right)
    return float(ContrastiveLoss(margin)(np.array([same], np.float32), distance))


def compare(margin):
    """Both losses of the positive and the negative pair.

    Raises StudyError where they differ by more than 1e-5.
    """
    results = {}
    for kind, same in (("positive", 1), ("negative", 0)):
        keras_loss = loss_in_keras(X, Y, same, margin)
        numpy_loss = float(loss_in_numpy(X, Y, same, margin))
        difference = abs(keras_loss - numpy_loss)
        if not difference <= TOLERANCE:
            raise StudyError(
                f"Contrastive loss of the {kind} pair: {keras_loss:.7f} by Keras, "
                f"{numpy_loss:.7f} by NumPy, expected equal to {TOLERANCE}"
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
    for kind, result in results.items():
        lines += [
            f"This tests a {kind} pairing:",
            f"The contrastive loss calculated by Keras is: {result['keras']:.5f}",
            f"The contrastive loss calculated by NumPy is: {result['numpy']:.5f}",
            f"The difference between the outputs is: {result['difference']:.1e}",
            "",
        ]
    return "\n".join(lines)


def main(snakemake, output):
    set_up_devices(snakemake.threads, gpu=False)
    results = compare(snakemake.params.margin)
    write_text(output.text, as_text(results))
    write_json(output.values, results)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
