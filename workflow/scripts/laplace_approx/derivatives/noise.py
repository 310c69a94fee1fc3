"""The noise of a log density's last digits, measured from values near a point."""

import math

import numpy as np

EPS = np.finfo(float).eps


SPANS = 2.0 ** np.array([-30.0, -25.0, -20.0, -15.0, -11.0, -8.0, -6.0])


def rounding_noise(log_density, x, value, directions) -> float:
    """Return the noise of log_density near one x (d,), given rows (m, d); see `rounding_noises`."""
    return rounding_noises(log_density, x[None], np.array([value]), directions[None])[0]


def rounding_noises(log_density, x, values, directions) -> list[float]:
    """Return the standard deviation of the noise of log_density near each x (p, d), whatever its
    cause; `values` (p,) are the log densities there.

    From differences of order 4, 5 and 6 of values at 9 equidistant points (More and Wild 2011,
    SIAM J. Sci. Comput. 33, 1292: ECNoise), along the rows of `directions` (p, m, d), each about
    one SD long, at several spacings. Noise gives the same estimate at every order and at two
    spacings in a row; smooth functions and kinks do not. Values that stay the same where a normal
    would have changed come in steps, as in single precision, and have the noise of a step. Never
    below the rounding of the value itself.
    """
    magnitude = np.maximum(np.abs(values), 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = 64 * EPS * np.abs(x)[:, None, :] / np.abs(directions)
        least = np.max(ratio, axis=2, where=directions != 0, initial=0.0)  # (p, m)
    spacing = np.maximum(SPANS[:, None], np.minimum(least, 1e-3)[:, None])  # (p, S, m)
    move = (spacing[..., None] * np.arange(-4.0, 5.0))[..., None] * directions[:, None, :, None, :]
    found = log_density(x[:, None, None, None] + move)  # (p, S, m, 9)
    with np.errstate(invalid="ignore"):
        # where the log density has changed much, its rounding is not that at x; NaN is no number
        change = np.max(np.abs(found - values[:, None, None, None]), axis=3)
        usable = change <= 0.1 * magnitude[:, None, None]
    found, count = np.where(usable[..., None], found, 0.0), usable.sum(axis=2)
    sizes = _noises(found, count)
    steps = np.abs(found[..., 1:] - found[..., :-1])
    floors = EPS * magnitude
    seen = (floors[:, None] < 3.5 / 8 * SPANS**2) & (count > 0)
    still = seen & ~steps.any(axis=(2, 3))
    return [
        _largest_noise(floors[i], sizes[i, count[i] > 0], steps[i], bool(still[i].any()))
        for i in range(len(x))
    ]


def _largest_noise(noise, sizes, steps, stuck) -> float:
    """Return the noise that two spacings in a row agree on, or that of the least of the steps."""
    before = 0.0
    for size in sizes.tolist():
        noise, before = max(noise, min(size, 4 * before)), size
    if not stuck:
        return float(noise)
    smallest = float(np.min(steps, where=steps > 0, initial=np.inf))
    return float(max(noise, smallest / 3)) if math.isfinite(smallest) else float(noise)


def _noises(values, count):
    """Return the noise (p, S) of values (p, S, m, 9), of which the rows that do not count, all but
    `count` (p, S), are zero; 0 where the differences do not agree on one."""
    sizes, change = [], values
    for k in range(1, 7):
        change = change[..., 1:] - change[..., :-1]
        if k >= 4:
            factor = math.factorial(k) ** 2 / math.factorial(2 * k)
            squares = np.einsum("psmi,psmi->ps", change, change)
            sizes.append(factor * squares / np.maximum(count * change.shape[-1], 1))
    sizes = np.sqrt(sizes)
    largest = sizes.max(axis=0)
    return np.where(largest <= 4 * sizes.min(axis=0), largest, 0.0)


SPACINGS = 2.0 ** np.array([-34.0, -28.0, -22.0])  # of a length
SCATTERED = 0.03  # of the change over nine points; nine random numbers give 0.1 to 0.5

ROUNDED = 1e5  # units of the value: a sum of so many terms, and no formula that cancels
TURNS = 2  # changes of direction among nine points; a single step has none, random numbers five


def scatter(log_density, x, lengths):
    """Return by how much log_density scatters from one point to the next near each x (p, d), (p,).

    As in `rounding_noises` the standard deviation from differences of order 4, 5 and 6 at nine
    points, but along every coordinate, at spacings of 2^-34 to 2^-22 of its `lengths` (p, d) (or
    64 units in the last place of x), and whatever the size: also where nothing but noise is left.
    The least of the three orders and the median of the three spacings, so that neither a smooth
    function (h^4) nor a kink or an edge (h) is taken for noise: 1e-9 of what they change over one
    length. Zero where there are no values, where it is the rounding of the value itself, and where
    most of the change is no scatter: at a single step, and on a slope so steep that the coordinate
    has no digits while the log density has.
    """
    spacing = np.maximum(SPACINGS[:, None, None] * lengths, 64 * EPS * np.abs(x))
    move = spacing[..., None] * np.arange(-4.0, 5.0)  # (S, p, d, 9)
    points = x[:, None, None] + move[..., None] * np.eye(x.shape[1])[:, None]
    values = log_density(points)
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.isfinite(values).all(axis=-1, keepdims=True)
        change = np.where(finite, values - values[..., 4:5], 0.0)
        sizes = np.min([_size_of_order(np.diff(change, n=k), k) for k in (4, 5, 6)], axis=0)
        steps = np.diff(change)
        turns = np.sum(steps[..., 1:] * steps[..., :-1] < 0, axis=-1)
        own = ROUNDED * EPS * np.abs(values[..., 4])
        scattered = (sizes > own) & (sizes > SCATTERED * np.ptp(change, axis=-1)) & (turns >= TURNS)
        sizes = np.where(scattered, sizes, 0.0)
    return np.median(sizes, axis=0).max(axis=-1, initial=0.0)


def _size_of_order(change, k):
    factor = math.factorial(k) ** 2 / math.factorial(2 * k)
    return np.sqrt(factor * np.mean(change**2, axis=-1))
