"""Rule embed: the distances of all test and validation pairs under one network.

Each image is embedded once, however many pairs it is in; nothing after this
needs the network. Its encoder is stored for use elsewhere.
"""

import numpy as np

from siamese.checkpoint import are_finite, read_model
from siamese.export import plain_encoder, save_model
from siamese.job import logged
from siamese.network import (
    import_network,
    pair_distances,
    set_up_devices,
    whitened,
)
from siamese.pairs import read_pairs, read_sets
from siamese.stored import damaged, read_images


def main(snakemake, output):
    set_up_devices(snakemake.threads, gpu=False)
    import_network(snakemake.params.network)
    model = read_model(snakemake.input.model, compile=False)
    images = read_images(snakemake.input.images, in_memory=False)
    sets = read_sets(snakemake.input, len(images))
    if snakemake.params.whitening:
        train = read_pairs(snakemake.input.A, len(images))["train"]
        model = whitened(model, images, train, snakemake.params.whitening)
    distances = pair_distances(model, images, sets)
    if not are_finite(distances.values()):
        raise damaged(snakemake.input.model, "distances that are no finite numbers")
    np.savez(output.distances, **distances)
    save_model(plain_encoder(model.get_layer("encoder")), output.encoder)


if __name__ == "__main__":
    with logged(snakemake) as output:
        main(snakemake, output)
