"""Rule embed: the distances of all test and validation pairs under one network.

Each image is embedded once, however many pairs it is in; nothing after this
needs the network.
"""

import numpy as np

from siamese.job import logged
from siamese.network import embed, keras, set_up_devices
from siamese.pairs import read_sets


def pair_distances(model, images, sets):
    """Distances of pairs under a Siamese model.

    Parameters
    ----------
    model : keras.Model
        From `build_siamese`.
    images : numpy.ndarray of uint8, shape (n, 28, 28)
    sets : dict of str to dict of str to numpy.ndarray
        left and right of the pairs of each set, int32.

    Returns
    -------
    dict of str to numpy.ndarray of float32
        The distances of each set's pairs.
    """
    indices = [pairs[side] for pairs in sets.values() for side in ("left", "right")]
    used = np.unique(np.concatenate(indices))
    embeddings = embed(model.get_layer("encoder"), images[used])
    distance = model.layers[-1]
    return {
        name: distance(
            embeddings[np.searchsorted(used, pairs["left"])],
            embeddings[np.searchsorted(used, pairs["right"])],
        ).numpy()
        for name, pairs in sets.items()
    }


def main(snakemake):
    set_up_devices(snakemake.threads, gpu=False)
    model = keras.saving.load_model(snakemake.input.model, compile=False)
    images = np.load(snakemake.input.images, mmap_mode="r")
    distances = pair_distances(model, images, read_sets(snakemake.input))
    np.savez(snakemake.output.distances, **distances)


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
