"""Rule embed: the distances of all test and validation pairs under one network.

Each image is embedded once, however many pairs it is in; nothing after this
needs the network. Its encoder is stored for use elsewhere.
"""

import numpy as np

from siamese.checkpoint import are_finite, read_model
from siamese.export import plain_encoder, save_model
from siamese.job import logged
from siamese.network import embed, set_up_devices
from siamese.pairs import read_sets
from siamese.stored import damaged, read_images


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


def main(snakemake, output):
    set_up_devices(snakemake.threads, gpu=False)
    model = read_model(snakemake.input.model, compile=False)
    images = read_images(snakemake.input.images, in_memory=False)
    sets = read_sets(snakemake.input, len(images))
    distances = pair_distances(model, images, sets)
    if not are_finite(distances.values()):
        raise damaged(snakemake.input.model, "distances that are no finite numbers")
    np.savez(output.distances, **distances)
    save_model(plain_encoder(model.get_layer("encoder")), output.encoder)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
