"""Dispersed starting points, from near to very far, inside the support."""

import numpy as np

FARTHEST = 3.0  # power of ten of the largest distance, in scales
PULLS = 40  # halvings of the way to a point inside: 2^-40 of it is left
DEEPEST = 1e6  # log density: about (10^3)^2 / 2


def dispersed(evaluator, centre, factor, n, rng):
    """Return up to n starts (m, d) about centre (d,), with covariance factor factor' (d, d).

    Half are Student t with 3 degrees of freedom, twice as wide as the normal; the others lie in
    random directions at distances spread evenly in the logarithm, from 1 to 10^3 scales. A start
    without a density, or with next to none, is pulled half way back to the centre, again and again.
    """
    d = centre.size
    normal = rng.standard_normal((n, d))
    heavy = normal * (2 / np.sqrt(rng.chisquare(3, (n, 1)) / 3))
    radius = 10 ** rng.uniform(0, FARTHEST, (n, 1))
    sphere = normal / np.linalg.norm(normal, axis=1, keepdims=True) * radius
    u = np.where(np.arange(n)[:, None] % 2 == 0, heavy, sphere)
    return pulled_inside(evaluator, centre, centre + u @ factor.T)


def pulled_inside(evaluator, centre, points):
    """Return the points (n, d), those too low moved towards the centre (d,).

    Too low is without a density, or so far below the centre's that a normal within 10^3 scales
    would not be: an ascent from there has only the arithmetic to fight with.
    """
    least = float(evaluator.far(centre)) - DEEPEST
    points = points.copy()
    for _ in range(PULLS):
        lost = ~(evaluator.far(points) >= least)
        if not np.any(lost):
            return points
        points[lost] = 0.5 * (points[lost] + centre)
    return points[~lost]


def scattered(evaluator, start, rng):
    """Return points (n, d) all over the support, for a start that has no density."""
    n, d = 500, start.size
    lower, upper = evaluator.lower, evaluator.upper
    size = np.maximum(1.0, np.abs(start)) * 10 ** rng.uniform(-3, 3, (n, 1))
    points = start + size * rng.standard_normal((n, d))
    share = rng.uniform(size=(n, d))
    points = np.where(points <= lower, lower + share * np.maximum(1, np.abs(lower)), points)
    points = np.where(points >= upper, upper - share * np.maximum(1, np.abs(upper)), points)
    both = np.isfinite(lower) & np.isfinite(upper)
    with np.errstate(invalid="ignore"):
        return np.where(both, lower + share * (upper - lower), points)
