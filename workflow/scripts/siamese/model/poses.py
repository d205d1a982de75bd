"""Images in poses: for training, for tests, and for what is fitted in closed form."""

import keras
import numpy as np
from keras import ops

from siamese.data.poses import transforms
from siamese.model.embedding import distances_of
from siamese.model.whitening import chunks


def transformed(images, rows):
    """Images in poses, uint8 of shape (n, height, width, channels), a tensor.

    `rows` are from `transforms`. Values between pixels are bilinear and rounded, those
    outside of an image are 0.
    """
    values = keras.ops.image.affine_transform(ops.cast(images, "float32"), rows)
    return ops.cast(ops.round(values), "uint8")


def posed(images, pose, generator):
    """Each image in a pose drawn for it, as an array; see `transformed`."""
    rows = transforms(pose, images.shape[1:], len(images), generator)
    parts = [transformed(images[c], rows[c]) for c in chunks(len(images), 1024)]
    return np.concatenate(parts)


def posed_vectors(embed, images, pairs, pose, copies, seed):
    """Vectors of the 'same' pairs, each `copies` times in poses of its own, and pairs
    of their rows: what `within_class_whitening` takes. `embed` makes them of images.
    """
    generator = np.random.default_rng([seed, 4])
    sides = [pairs[side][pairs["same"] == 1] for side in ("left", "right")]
    rows = np.concatenate([np.tile(side, copies) for side in sides])
    left, right = np.arange(len(rows)).reshape(2, -1)
    vectors = None
    for chunk in chunks(len(rows)):
        part = embed(posed(images[rows[chunk]], pose, generator))
        # All parts and then their whole would take twice the memory.
        if vectors is None:
            vectors = np.empty((len(rows), part.shape[1]), np.float32)
        vectors[chunk] = part
    same = np.ones(len(left), np.float32)
    return vectors, {"left": left, "right": right, "same": same}


def pose_distances(embeds, images, sets, poses, seed, **distance):
    """Distances of pairs whose second image is in a pose, float32, by name of one of
    `embeds`, pose and set.

    Each of `embeds` makes vectors of images; `sets` is from `choose_pairs`; for
    `distance` see `distances_of`. A pose is drawn alike, whichever others there are.
    """
    distances = {name: {pose.name: {} for pose in poses} for name in embeds}
    for of, pairs in sets.items():
        left, right = (images[pairs[side]] for side in ("left", "right"))
        first, second = np.arange(2 * len(left)).reshape(2, -1)
        rows = {"left": first, "right": second}
        vectors = {name: embed(left) for name, embed in embeds.items()}
        for pose in poses:
            others = posed(right, pose, np.random.default_rng([seed, 5]))
            for name, embed in embeds.items():
                both = np.concatenate([vectors[name], embed(others)])
                distances[name][pose.name][of] = distances_of(both, rows, **distance)
    return distances
