"""Rule embed: the distances of all test pairs under one trained network.

Each image is embedded once, however many pairs it is in; nothing after this
needs the network.
"""

import numpy as np

from siamese.job import logged
from siamese.network import embed, keras, set_up_devices
from siamese.pairs import read_pairs


def pair_distances(model, images, pairs):
    """Distances of pairs under a Siamese model.

    Parameters
    ----------
    model : keras.Model
        From `build_siamese`.
    images : numpy.ndarray of uint8, shape (n, 28, 28)
    pairs : dict of str to numpy.ndarray
        left and right, int32 of shape (m,).

    Returns
    -------
    numpy.ndarray of float32, shape (m,)
    """
    used, positions = np.unique([pairs["left"], pairs["right"]], return_inverse=True)
    embeddings = embed(model.get_layer("encoder"), images[used])
    left, right = positions.reshape(2, -1)
    return model.layers[-1](embeddings[left], embeddings[right]).numpy()


def main(snakemake):
    set_up_devices(snakemake.threads, gpu=False)
    model = keras.saving.load_model(snakemake.input.model, compile=False)
    images = np.load(snakemake.input.images, mmap_mode="r")
    distances = {
        name: pair_distances(model, images, read_pairs(snakemake.input[name])["test"])
        for name in ("A", "B")
    }
    np.savez(snakemake.output.distances, **distances)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake)
