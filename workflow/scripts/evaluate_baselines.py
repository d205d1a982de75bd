"""Rule evaluate_baselines: what distances without training say, on the same pairs.

Pixels as they are, of length one, blurred, or in their principal components,
and the encoders with their first weights. The threshold of each is the best on
A's validation pairs.
"""

import json

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

from siamese.job import logged
from siamese.metrics import evaluate
from siamese.network import build_siamese, embed, keras, set_up_devices
from siamese.pairs import read_sets, read_verified_pairs
from siamese.stored import read_images

BLUR_SIGMA = 2
CHUNK = 8192


def distances_of(vectors, pairs):
    """Euclidean distances of pairs of rows of `vectors`, in chunks.

    Parameters
    ----------
    vectors : numpy.ndarray of float32, shape (n, width)
    pairs : dict of str to numpy.ndarray
        left and right, int of shape (m,).

    Returns
    -------
    numpy.ndarray of float32, shape (m,)
    """
    starts = range(0, len(pairs["left"]), CHUNK)
    chunks = [slice(start, start + CHUNK) for start in starts]
    return np.concatenate(
        [
            np.linalg.norm(
                vectors[pairs["left"][chunk]] - vectors[pairs["right"][chunk]], axis=1
            )
            for chunk in chunks
        ]
    )


def pixels_of(images):
    """Images as float32 rows of values from 0 to 1."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def blurred(images):
    """Images under a Gaussian filter, as rows of length one."""
    pixels = images.astype(np.float32) / 255
    smooth = gaussian_filter(pixels, sigma=BLUR_SIGMA, axes=(1, 2))
    return normalize(smooth.reshape(len(images), -1))


def principal_components(pixels, trained, width):
    """Coordinates in the first principal components, as rows of length one.

    Parameters
    ----------
    pixels : numpy.ndarray of float32, shape (n, 784)
    trained : numpy.ndarray of int
        Rows to find the components of.
    width : int
        How many components, or all if there are fewer.
    """
    width = min(width, len(trained), pixels.shape[1])
    pca = PCA(width, svd_solver="covariance_eigh").fit(pixels[trained])
    return normalize(pca.transform(pixels))


def untrained(images, filters, seed, margin):
    """Embeddings by an encoder with the weights that training starts from."""
    keras.utils.set_random_seed(seed)
    model = build_siamese(filters, 0, margin)
    return embed(model.get_layer("encoder"), images)


def representations(images, trained, sizes, seed, margin):
    """Yield (method, size, vectors) of each baseline; size is '' where it has none."""
    pixels = pixels_of(images)
    yield "pixels", "", pixels
    yield "normalised pixels", "", normalize(pixels)
    yield "blurred pixels", "", blurred(images)
    for size, filters in sizes.items():
        yield "PCA", size, principal_components(pixels, trained, 2 * filters)
        yield "untrained", size, untrained(images, filters, seed, margin)


def main(snakemake):
    params = snakemake.params
    set_up_devices(snakemake.threads, gpu=False)
    images = read_images(snakemake.input.images)
    verified = snakemake.input.verified
    train = read_verified_pairs(snakemake.input.A, verified, len(images))["train"]
    trained = np.unique([train["left"], train["right"]])
    sets = read_sets(snakemake.input, len(images))
    seed = int(snakemake.wildcards.seed)
    results = []
    for method, size, vectors in representations(
        images, trained, params.sizes, seed, params.margin
    ):
        measured = {
            name: {**pairs, "distance": distances_of(vectors, pairs)}
            for name, pairs in sets.items()
        }
        metrics = evaluate(measured, None, params.margin)
        print(f"{method} {size}: B {metrics['B']['accuracy']:.4f}")
        results.append({"method": method, "size": size} | metrics)
    with open(snakemake.output.metrics, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    with logged(snakemake):
        main(snakemake)
