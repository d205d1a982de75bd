"""Rule embed: the distances of all test and validation pairs under one network.

Nothing after this needs the network. Its encoder is stored for use elsewhere.
"""

import numpy as np

from siamese.data.stored import damaged, read_images, read_pairs, read_sets
from siamese.model.devices import set_up_devices
from siamese.model.embedding import pair_distances, whitened
from siamese.model.export import plain_encoder, save_model
from siamese.model.network import import_network, read_model


def main(snakemake):
    set_up_devices(snakemake.threads, gpu=False)
    import_network(snakemake.params.network)
    model = read_model(snakemake.input.model, compile=False)
    images = read_images(snakemake.input.images, in_memory=False)
    sets = read_sets(snakemake.input)
    if snakemake.params.whitening:
        train = read_pairs(snakemake.input.A)["train"]
        model = whitened(model, images, train, snakemake.params.whitening)
    distances = pair_distances(model, images, sets)
    if not all(np.isfinite(values).all() for values in distances.values()):
        raise damaged(snakemake.input.model, "distances that are no finite numbers")
    np.savez(snakemake.output.distances, **distances)
    save_model(plain_encoder(model.get_layer("encoder")), snakemake.output.encoder)
