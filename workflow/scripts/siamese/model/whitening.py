"""A linear metric: vectors whitened by how they vary within the trained classes."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular

# Vectors, or pairs of them, at a time, where not all need to be.
CHUNK = 8192
MOST_OUTPUTS = 4096  # Whitening more of a network takes more than 2 GB.


def chunks(n, size=None):
    """Slices that take n things in turn, `size` or CHUNK at a time."""
    return [slice(at, at + (size or CHUNK)) for at in range(0, n, size or CHUNK)]


def within_class_whitening(vectors, pairs, share):
    """The linear map after which vectors of one class vary alike in all directions.

    Pairs of the same class estimate how a class varies: their differences have twice
    its covariance (Bar-Hillel, Hertz, Shental and Weinshall 2003, "Learning Distance
    Functions using Equivalence Relations"). That weighs `share`, from 0 to 1, and the
    identity times the mean variance the rest (Ledoit and Wolf 2004, "A Well-Conditioned
    Estimator for Large-Dimensional Covariance Matrices"), or directions that training
    pairs hardly vary in would be all that counts.

    `vectors` is float32 of shape (n, width); `pairs` has left, right (rows of vectors)
    and same (1 or 0). Returns a kernel (width, width) and a bias (width,), float32:
    ``vectors @ kernel + bias`` has the mean 0 over the vectors in pairs.
    """
    left, right = (pairs[side][pairs["same"] == 1] for side in ("left", "right"))
    width = vectors.shape[1]
    covariance = np.zeros((width, width))
    for chunk in chunks(len(left)):
        differences = (vectors[left[chunk]] - vectors[right[chunk]]).astype(np.float64)
        covariance += differences.T @ differences
        del differences
    covariance /= max(2 * len(left), 1)
    # Embeddings that are all equal have a variance of 0.
    variance = np.trace(covariance) / width or 1.0
    covariance *= share
    covariance[np.diag_indices(width)] += (1 - share) * variance
    lower = cholesky(covariance, lower=True, overwrite_a=True)
    kernel = solve_triangular(lower, np.eye(width), lower=True, overwrite_b=True).T
    trained = np.zeros((len(vectors), 1), bool)
    trained[pairs["left"]] = trained[pairs["right"]] = True
    mean = vectors.mean(axis=0, dtype=np.float64, where=trained)
    return kernel.astype(np.float32), (-mean @ kernel).astype(np.float32)
