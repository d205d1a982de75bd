"""Rule embed: the distances of all test and validation pairs under one network.

Nothing after this needs the network. Its encoder is stored for use elsewhere.
"""

import functools

import numpy as np

from siamese.data.poses import choose_pairs
from siamese.data.stored import damaged, read_images, read_pairs, read_sets
from siamese.model.devices import set_up_devices
from siamese.model.embedding import embed, embed_used, pair_distances, whitened
from siamese.model.export import plain_encoder, save_model
from siamese.model.network import import_network, read_model
from siamese.model.poses import pose_distances, posed_vectors
from siamese.study.poses import Pose


def with_linear_metric(model, images, pairs, share, pose, copies, seed):
    """The model `whitened` by the training pairs, in poses unless `pose` is None."""
    encoder = model.get_layer("encoder")
    if pose is None:
        vectors, (rows,) = embed_used(encoder, images, [pairs])
        return whitened(model, vectors, rows | {"same": pairs["same"]}, share)
    call = functools.partial(embed, encoder)
    posed = posed_vectors(call, images, pairs, Pose(**pose), copies, seed)
    return whitened(model, *posed, share)


def main(snakemake):
    paths, params = snakemake.input, snakemake.params
    seed = int(snakemake.wildcards.seed)
    set_up_devices(snakemake.threads, gpu=False)
    import_network(params.network)
    model = read_model(paths.model, compile=False)
    images = read_images(paths.images, in_memory=False)
    sets = read_sets(paths)
    if params.whitening:
        train = read_pairs(paths.A)["train"]
        chosen = params.whitening, params.pose, params.copies, seed
        model = with_linear_metric(model, images, train, *chosen)
    distances = pair_distances(model, images, sets)
    if params.poses:
        chosen = choose_pairs(sets, params.pose_pairs, seed)
        encode = {"": functools.partial(embed, model.get_layer("encoder"))}
        poses = [Pose(**pose) for pose in params.poses]
        distance = {"distance": model.layers[-1]}
        posed = pose_distances(encode, images, chosen, poses, seed, **distance)
        for pose, of_pose in posed[""].items():
            distances |= {f"{pose}/{name}": of_pose[name] for name in of_pose}
    if not all(np.isfinite(values).all() for values in distances.values()):
        raise damaged(paths.model, "distances that are no finite numbers")
    np.savez(snakemake.output.distances, **distances)
    save_model(plain_encoder(model.get_layer("encoder")), snakemake.output.encoder)
