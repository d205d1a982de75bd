"""A linear metric: vectors whitened by how they vary within the trained classes."""

import numpy as np
from scipy.linalg import cholesky, solve_triangular

# Vectors, or pairs of them, at a time, where not all need to be.
CHUNK = 8192


def within_class_whitening(vectors, pairs, share):
    """The linear map after which vectors of one class vary alike in all directions.

    Pairs of the same class estimate how a class varies: their differences have twice
    its covariance. That is shrunk towards the identity times the mean variance, which
    keeps directions that training pairs hardly vary in from being all that counts.

    Sources: Bar-Hillel, Hertz, Shental and Weinshall (2003), "Learning Distance
    Functions using Equivalence Relations" (relevant component analysis), of pairs;
    Ledoit and Wolf (2004), "A Well-Conditioned Estimator for Large-Dimensional
    Covariance Matrices", of shrinkage.

    Parameters
    ----------
    vectors : numpy.ndarray of float32, shape (n, width)
    pairs : dict of str to numpy.ndarray
        Training pairs: left and right (rows of vectors), same (1 or 0).
    share : float
        Of the covariance, from 0 to 1; the rest is the identity's.

    Returns
    -------
    kernel : numpy.ndarray of float32, shape (width, width)
    bias : numpy.ndarray of float32, shape (width,)
        Vectors become ``vectors @ kernel + bias``; the mean of the vectors that are in
        pairs becomes 0.
    """
    left, right = (pairs[side][pairs["same"] == 1] for side in ("left", "right"))
    width = vectors.shape[1]
    covariance = np.zeros((width, width))
    for start in range(0, len(left), CHUNK):
        chunk = slice(start, start + CHUNK)
        differences = (vectors[left[chunk]] - vectors[right[chunk]]).astype(np.float64)
        covariance += differences.T @ differences
    covariance /= max(2 * len(left), 1)
    # Of embeddings that are all equal the variance is 0.
    variance = np.trace(covariance) / width or 1.0
    covariance = share * covariance + (1 - share) * variance * np.eye(width)
    lower = cholesky(covariance, lower=True)
    kernel = solve_triangular(lower, np.eye(width), lower=True).T
    trained = np.unique([pairs["left"], pairs["right"]])
    mean = vectors[trained].mean(axis=0, dtype=np.float64)
    return kernel.astype(np.float32), (-mean @ kernel).astype(np.float32)
