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
