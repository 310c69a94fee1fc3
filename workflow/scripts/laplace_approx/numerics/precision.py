"""A precision matrix factored once: the covariance, its Cholesky factor and all that follows."""

import math
from typing import NamedTuple

import numpy as np

EPS = np.finfo(float).eps
SAFE_CONDITION = 1e-5  # largest relative error of the covariance that rounding may cause


class Factored(NamedTuple):
    """What a precision matrix P says; every field from one Cholesky factorisation.

    With S = diag(P)^-1/2, the correlation-scaled precision is C = S P S. `cholesky` (d, d) is the
    lower factor of the covariance P^-1, `covariance` its square, `sd` (d,), `correlation` (d, d),
    `log_determinant` that of the covariance. `rounding` bounds the relative error of the
    covariance that comes of storing P in double precision.
    """

    cholesky: np.ndarray
    covariance: np.ndarray
    sd: np.ndarray
    correlation: np.ndarray
    log_determinant: float
    rounding: float


def factor(precision):
    """Return `Factored`, or None where the precision (d, d) is not positive definite.

    Scaled to unit diagonal, C is written as U U' with U upper triangular (the Cholesky
    factorisation in reversed order), so that C^-1 = L L' with L = U'^-1 lower triangular: no
    matrix is inverted but a triangular one, and that by substitution (Higham 2002, Accuracy and
    Stability of Numerical Algorithms, chapters 8 and 10).
    """
    diagonal = np.diag(precision)
    if not (np.isfinite(precision).all() and np.all(diagonal > 0)):
        return None
    scale = 1 / np.sqrt(diagonal)
    scaled = precision * scale[:, None] * scale
    try:
        upper = np.linalg.cholesky(scaled[::-1, ::-1])[::-1, ::-1]
    except np.linalg.LinAlgError:
        return None
    # LU of an upper triangular matrix neither pivots nor rounds: this is back substitution
    inverse = np.triu(np.linalg.solve(upper, np.eye(diagonal.size)))
    condition = float(np.abs(scaled).sum(axis=0).max() * row_sum(inverse.T))
    log_determinant = 2 * float(np.sum(np.log(scale)) - np.sum(np.log(np.diag(upper))))
    return from_cholesky(scale[:, None] * inverse.T, EPS * condition, log_determinant)


def from_cholesky(cholesky, rounding, log_determinant=None) -> Factored:
    """Return `Factored` for the covariance with the lower factor `cholesky` (d, d)."""
    sd = np.sqrt(np.sum(cholesky**2, axis=1))
    unit = cholesky / sd[:, None]
    correlation = unit @ unit.T
    correlation = np.clip(0.5 * (correlation + correlation.T), -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    covariance = correlation * sd[:, None] * sd
    if log_determinant is None:
        log_determinant = 2 * float(np.sum(np.log(np.diag(cholesky))))
    return Factored(cholesky, covariance, sd, correlation, log_determinant, rounding)


def row_sum(cholesky) -> float:
    """Return the largest absolute row sum of cholesky cholesky', a bound on its eigenvalues."""
    return float(np.abs(cholesky @ cholesky.T).sum(axis=0).max())


def in_frame(frame, precision):
    """Return `Factored` for x = x0 + frame u with u of the given precision (d, d), or None.

    The covariance frame P^-1 frame' is not formed before it is factored: with P^-1 = L L', the
    rows of frame L are turned into a lower triangular matrix (`lower_factor`).
    """
    inner = factor(precision)
    if inner is None:
        return None
    scale = np.linalg.norm(frame, axis=1)
    triangle = lower_factor(frame @ inner.cholesky / scale[:, None])
    return from_cholesky(scale[:, None] * triangle, inner.rounding)


def lower_factor(factor, first: int | None = None):
    """Return F (d, d) with F F' = factor factor', for a factor (d, n) of a covariance, n >= d.

    F is lower triangular with a diagonal that is not negative: the triangle that reflections leave
    of the rows (QR of the transpose), so that no square is formed. With a coordinate put `first`,
    F is so for the coordinates in that order: the first column alone moves that one.
    """
    d = len(factor)
    order = np.arange(d) if first is None else np.r_[first, np.delete(np.arange(d), first)]
    triangle = np.linalg.qr(factor[order].T, mode="r").T
    found = np.empty((d, d))
    found[order] = triangle * np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return found


def log_evidence(log_density, factored: Factored) -> float:
    """Return log_density + d/2 log(2 pi) + 1/2 log det covariance (BDA3, section 13.3)."""
    d = factored.sd.size
    return float(log_density) + 0.5 * d * math.log(2 * math.pi) + 0.5 * factored.log_determinant
