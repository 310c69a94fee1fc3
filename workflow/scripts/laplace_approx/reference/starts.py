"""Where the adaptation begins: Student t about the normals of all modes in all spaces."""

import numpy as np

from laplace_approx.comparison.unseen import unseen_mass
from laplace_approx.reference.coordinates import Unbounded
from laplace_approx.reference.student import StudentMixture

MOST_MODES = 4  # of a space: the heaviest
LEAST_DF = 8.0  # of freedom of the t that is as wide as a normal; d where that is more
HEAVY_DF = (4.0, 1.0)  # of those with heavier tails: under the last no weight has a heavy one
WIDER = 1.5  # of the scale, for the heavy-tailed ones
SAME = 1e-6  # of a scale: two normals that agree so well are one


def starting_mixture(fits, coordinates: Unbounded) -> StudentMixture | None:
    """Return t about the normal of each mode in each space, all of the same weight, or None.

    `fits` are normals fitted in the spaces of one posterior. Each becomes three t in unbounded
    coordinates: one as wide as the normal, and two wider with heavier tails, of which a Cauchy
    bounds the weights of any posterior whose tails are no heavier: draws from lighter ones alone
    do not reach its tails, and no weight of theirs shows that. A normal of z' in another
    space has there the mode's place and, to first order, the covariance D S D, D = dz / dz'.
    """
    places = [place for fit in fits for _, *place in _places(fit, coordinates)]
    kept = _distinct(places)
    if not kept:
        return None
    d = kept[0][0].size
    scales = (1.0, *[WIDER] * len(HEAVY_DF))
    means = np.array([mean for mean, _ in kept for _ in scales])
    factors = np.array([scale * factor for _, factor in kept for scale in scales])
    df = np.array([max(LEAST_DF, float(d)), *HEAVY_DF] * len(kept))
    return StudentMixture(np.full(df.size, 1 / df.size), means, factors, df)


def unseen_by(fits, coordinates: Unbounded) -> float:
    """Return the largest share of the mass in modes about which there is no t."""
    about = [tuple(i for i, *_ in _places(fit, coordinates)) for fit in fits]
    return max(map(unseen_mass, (fit.modes for fit in fits), about), default=1.0)


def _seen(fit) -> tuple[int, ...]:
    shares = np.array([mode["share"] for mode in fit.modes], dtype=float)
    heaviest = np.argsort(-np.where(np.isnan(shares), -1.0, shares), kind="stable")
    return tuple(sorted({0, *heaviest[:MOST_MODES].tolist()}))


def _places(fit, coordinates: Unbounded):
    """Yield (i, mean, lower factor) in unbounded coordinates of each mode i of a fit that has a
    place and a width there."""
    for i in _seen(fit):
        with np.errstate(all="ignore"):
            theta = np.asarray(fit.modes[i]["theta"], dtype=float)
            own = fit.space.unconstrain(theta) if i else fit.normal.mean
            z = coordinates.unconstrain(fit.space.constrain(own))
            slopes = fit.space.constrain_d1(own) / coordinates.slopes(z)
            factor = slopes[:, None] * fit.normal.cholesky * (_width(fit, i) if i else 1.0)
        if np.isfinite(z).all() and np.isfinite(factor).all() and np.all(slopes != 0):
            yield i, z, factor * np.sign(np.diag(factor))  # a transform may fall


def _width(fit, i: int) -> float:
    """Return how wide mode i is beside the highest: by its Laplace mass, the d-th root.

    log mass - log density is d/2 log 2 pi plus half the log determinant of its covariance.
    """
    volumes = [each["log_mass"] - each["log_density"] for each in (fit.modes[i], fit.modes[0])]
    width = np.exp((volumes[0] - volumes[1]) / fit.normal.mean.size)
    return float(width) if np.isfinite(width) and width > 0 else 1.0


def _distinct(places):
    kept = []
    for mean, factor in places:
        scale = np.sqrt(np.sum(factor**2, axis=1))
        if not any(
            np.all(np.abs(mean - other) <= SAME * scale)
            and np.all(np.abs(factor - width) <= SAME * scale[:, None])
            for other, width in kept
        ):
            kept.append((mean, factor))
    return kept
