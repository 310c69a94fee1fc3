"""The mass along a coordinate in which the log density rises for ever: does it end, or not?"""

import numpy as np

# in more, widths one after another say too little of a volume: nothing is said there
MOST_DIMENSIONS = 3
# of the way, from its start, and a little beyond: 31 places, of each a scan of every other
# coordinate; half as many are 15
MARKS = 2.0 ** np.arange(-7.0, 0.6, 0.25)
# binary logarithms between the distances at which the density across is looked at: a width is then
# good to 1e-11; doubled, to 2e-6
APART = 0.25
STEPS = np.exp2(np.arange(-40.0, 41.0, APART))  # of a length, across
# of looking for the highest point across: doubled, a search that ends here costs 8 % more; halved,
# 5 % less, and the highest point is missed where the others go together
CYCLES = 3
# places at which the mass is known; fewer cannot be halved into a before and an after of three
FEWEST = 6
# of log mass over the second half of the places that is a fall; halved, the widths of a spike of
# power one, which never ends, are too rough to show it; doubled, what falls twice as fast is
# endless
FALL = 0.02
HIGHEST = 300.0  # of log density above the point looked from: more overflows, at 709
# change of log density at the least step, 1e-12 of a length, beyond which a width is not seen: of
# a normal, below 2e-11; halved, below 3e-11
RESOLVED = 1e-3


def mass_goes_on(evaluator, start, end) -> bool:
    """Whether the marginal density of the coordinate that ran away from `start` (d,) to `end` (d,)
    does not fall on the way.

    At each place of it, the integral of the density over the other coordinates, one after another
    about the highest point: exact for one other. Where that does not fall as far as floating point
    shows a width, the posterior is improper, however high or low the density; where it falls, the
    density rises to a spike of finite mass. Beside a finite bound the mass counts by the logarithm
    of the distance, so that 1/x is no fall. False above three parameters, where nothing is said.
    """
    if start.size > MOST_DIMENSIONS:
        return False
    i = int(np.argmax(np.abs(end - start) / np.maximum(1.0, np.abs(start))))
    bounded = np.isfinite(evaluator.lower[i]) or np.isfinite(evaluator.upper[i])
    masses, centre = [], end.copy()
    for share in MARKS[::-1]:  # from the end, where the path has found the ridge
        centre[i] = start[i] + share * (end[i] - start[i])
        centre = _climbed_across(evaluator, centre, i)
        mass = _mass(evaluator, centre, i) + (np.log(share) if bounded else 0.0)
        if np.isfinite(mass):
            masses.insert(0, mass)
    later = masses[len(masses) // 2 :]
    return len(masses) >= FEWEST and later[-1] >= max(later) - FALL


def _scan(evaluator, x, j):
    """Return the distances (K,), both ways, and the log densities (2, K) along coordinate j."""
    moves = max(1.0, abs(float(x[j]))) * STEPS
    points = np.repeat(np.repeat(x[None, None], 2, axis=0), moves.size, axis=1)
    points[..., j] += np.stack([moves, -moves])
    return moves, points, evaluator.far(points)


def _climbed_across(evaluator, x, i):
    """Return the highest point (d,) found by changing the coordinates but i, in turn."""
    others = [j for j in range(x.size) if j != i]
    for j in others * CYCLES:
        _, points, values = _scan(evaluator, x, j)
        top = np.unravel_index(np.argmax(values), values.shape)
        if values[top] > evaluator.far(x):
            x = points[top]
    return x


def _mass(evaluator, x, i) -> float:
    """Return the log of the density at x (d,) times its widths in the coordinates but i, NaN where
    one is too narrow to be seen.

    A width is the integral of the density beside that at x, by the trapezoid rule in the logarithm
    of the distance.
    """
    value = float(evaluator.far(x))
    total = value
    for j in range(x.size):
        if j == i:
            continue
        moves, _, values = _scan(evaluator, x, j)
        change = values - value
        if not np.min(np.abs(change[:, 0])) < RESOLVED or np.max(change) > HIGHEST:
            return np.nan
        total += float(np.log(np.sum(np.exp(change) * moves) * APART * np.log(2)))
    return total
