"""Mean, SD, skewness and correlation of the cells of a lattice."""

from typing import NamedTuple

import numpy as np

from laplace_approx.exact.frame import Frame


class Moments(NamedTuple):
    """`mean`, `sd` and `skewness` of each parameter, (d,) each, and `correlation`, (d, d)."""

    mean: np.ndarray
    sd: np.ndarray
    skewness: np.ndarray
    correlation: np.ndarray


def moments(frame: Frame, mass, layers=None) -> Moments:
    """Return the moments of theta under the masses (summing to one) of the nodes of a frame.

    `layers[k]` is the mass of each layer across axis k, for those who have it: only a box is
    summed by layers. Deviations are taken from the mean in a second pass, so that an offset costs
    no digits. What one value with all of the mass leaves undefined (skewness, correlation) is NaN.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found = _by_axis(frame, mass, layers) if frame.is_box else _by_node(frame, mass)
        mean, covariance, third = found
        sd = np.sqrt(np.diag(covariance))
        with np.errstate(divide="ignore"):
            correlation = covariance / np.outer(sd, sd)
            skewness = third / sd**3
    correlation[np.diag_indices(mean.size)] = np.where(sd > 0, 1.0, np.nan)
    return Moments(mean, sd, skewness, np.clip(correlation, -1.0, 1.0))


def _by_node(frame, mass):
    d = mass.ndim
    mean, covariance, third = np.zeros(d), np.zeros((d, d)), np.zeros(d)
    for rows, theta in frame.blocks():
        mean += mass[rows].ravel() @ theta.reshape(-1, d)
    for rows, theta in frame.blocks():
        centred = theta.reshape(-1, d) - mean
        weighted = mass[rows].reshape(-1, 1) * centred
        covariance += weighted.T @ centred
        third += np.einsum("ij,ij,ij->j", weighted, centred, centred)
    return mean, covariance, third


def _by_axis(frame, mass, layers):
    """Sum over axes first, where every parameter has an axis of its own."""
    d = mass.ndim
    layers = [_kept(mass, (k,)) for k in range(d)] if layers is None else layers
    values = [frame.values(k, axis.nodes()) for k, axis in enumerate(frame.axes)]
    mean = np.array([m @ x for m, x in zip(layers, values, strict=True)])
    centred = [x - centre for x, centre in zip(values, mean, strict=True)]
    third = np.array([m @ x**3 for m, x in zip(layers, centred, strict=True)])
    covariance = np.diag([m @ x**2 for m, x in zip(layers, centred, strict=True)])
    for i in range(d):
        for j in range(i):
            # einsum, since a product with a large matrix may wait for the threads of the library
            pair = centred[j] @ np.einsum("jn,n->j", _kept(mass, (j, i)), centred[i])
            covariance[i, j] = covariance[j, i] = pair
    return mean, covariance, third


def _kept(mass, axes):
    summed = tuple(k for k in range(mass.ndim) if k not in axes)
    return mass.sum(axis=summed) if summed else mass
