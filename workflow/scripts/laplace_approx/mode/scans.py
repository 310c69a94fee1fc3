"""Places from which a search for the mode looks once more, when it believes to be done.

An ascent sees one path, and a ray a few places at every distance. Here lines through the modes are
walked in short steps, and points are drawn from the modes' normals and wider ones, with a fixed
seed that is nobody's choice. What stands higher than the modes, or rises again on a line beyond a
dip, is a place from which to climb.
"""

import numpy as np
from scipy.special import ndtri

from laplace_approx.mode.checks.decay import LEVEL
from laplace_approx.mode.thin_humps import RADIUS, thin_humps
from laplace_approx.numerics.batched import MANY
from laplace_approx.numerics.even import even_points

SEED = 20270  # any other gives other places to look at, as good as these
MOST = 10  # parameters up to which lines are walked
MODES = 3  # whose lines and normals are looked at
ALONG = {1: 2**9, 2: 2**8, 3: 2**7}  # places on a line; with more parameters as many as with FEW
FEW = 2**6  # places on a line beyond three parameters: half sees humps twice as wide
NEAR = 20.0  # SDs each way on a line, in equal steps; a quarter as many go on in growing steps
FAR = 1e4  # SDs each way that a line goes on to
DRAWN = 8  # power of two: points about a mode; twice as many see humps 2^(1/d) times as thin
WIDTHS = (1.0, 3.0)  # SDs of the normals drawn from
AT_ONCE = 2**12  # of them
TOLD = 3  # parameters up to which no rays are sent out: lattices and many lines serve there
# power of two: in random directions from a mode, 16 places each. Of twenty humps with 30 % of the
# mass in four to eight dimensions, a third to a half as wide and five to twelve SDs away, 19 are
# found; with a half, a quarter and a thirty-second of the rays 16, 14 and 7
RAYS = 11
FEW_RAYS = 6  # above `MANY` parameters, where an evaluation is dear: one more is twice as many
REACH = 2.0 * 1.35 ** np.arange(16)  # SDs: places on a ray, to 180
ZOOM = 17  # places of a bracket on a line
ZOOMS = 12  # times that it shrinks
MOST_FOUND = 4  # places that are climbed from in a round: each costs a simplex


def suspects(evaluator, proofs):
    """Return places x (n, d), highest first, that stand out of what the proven modes explain."""
    found = []
    highest = max(proof.log_density for proof in proofs)
    widest = max(proofs, key=lambda each: float(each.factored.sd[0]))
    looked = sorted(proofs, key=lambda each: -each.log_density)[:MODES]
    if evaluator.size == 1 and all(each is not widest for each in looked):
        looked.append(widest)
    for proof in looked:
        if evaluator.size <= MOST:
            found += _on_lines(evaluator, proof)
        if evaluator.size > TOLD:
            found += _on_rays(evaluator, proof)
        found += thin_humps(evaluator, proof)
        found += _drawn(evaluator, proof, highest)
    found.sort(key=lambda pair: -pair[0])
    return np.array([x for _, x in found[:MOST_FOUND]]).reshape(-1, evaluator.size)


def _ways(factored):
    """Return the directions (m, d) of lines through a mode, one SD long: along the axes, and along
    the principal directions where these are others."""
    d = len(factored.sd)
    ways = np.diag(factored.sd)
    if d == 1:
        return ways
    values, vectors = np.linalg.eigh(factored.correlation)
    principal = (vectors * np.sqrt(np.maximum(values, 0.0))).T * factored.sd
    return np.concatenate([ways, principal])


def _distances(d: int):
    """Return the rising distances from the mode, in SDs, one way, of a line in d dimensions: from
    where a lattice ends, if there is one."""
    n = ALONG.get(d, FEW)
    near = NEAR * (np.arange(n // 2) + 0.5) / (n // 2)
    near = near[near > RADIUS.get(d, 0.0)]
    return np.concatenate([near, np.geomspace(NEAR, FAR, n // 8)[1:]])


def _on_lines(evaluator, proof):
    """Return (log density, x) at the top of the highest rise beyond a dip of every half line."""
    t = _distances(evaluator.size)
    ways = _ways(proof.factored)
    ways = np.concatenate([ways, -ways])
    points = proof.x + t[:, None] * ways[:, None, :]
    values = evaluator.far(points)
    lowest = np.minimum.accumulate(np.where(np.isfinite(values), values, np.inf), axis=1)
    lowest = np.minimum(lowest, proof.log_density)
    with np.errstate(invalid="ignore"):
        rise = values - lowest
        peak = (values[:, 1:-1] > values[:, :-2]) & (values[:, 1:-1] >= values[:, 2:])
        peak &= rise[:, 1:-1] > LEVEL * (1 + np.abs(values[:, 1:-1]))
    found = []
    for row in np.flatnonzero(peak.any(axis=1)):
        i = 1 + int(np.argmax(np.where(peak[row], values[row, 1:-1], -np.inf)))
        found.append(_zoomed(evaluator, proof.x, ways[row], t[i - 1], t[i + 1]))
    return found


def _on_rays(evaluator, proof):
    """Return (log density, x) of the highest place beyond a dip of every ray in a random direction:
    where another hump is nearer, in its own widths, than the mode is."""
    power = RAYS if evaluator.size <= MANY else FEW_RAYS
    unit = ndtri(even_points(evaluator.size, power, SEED + 1))
    ways = unit / np.linalg.norm(unit, axis=1, keepdims=True) @ proof.factored.cholesky.T
    points = proof.x + REACH[:, None] * ways[:, None, :]
    values = evaluator.far(points)
    lowest = np.minimum.accumulate(np.where(np.isfinite(values), values, np.inf), axis=1)
    with np.errstate(invalid="ignore"):
        rise = values - lowest > LEVEL * (1 + np.abs(values))
    height = np.where(rise, values, -np.inf)
    top = np.argmax(height, axis=1)
    rows = np.flatnonzero(rise.any(axis=1))
    return [(float(height[row, top[row]]), points[row, top[row]]) for row in rows]


def _zoomed(evaluator, x, way, low: float, high: float):
    """Return (log density, x) at the highest place of a bracket of a line."""
    for _ in range(ZOOMS):
        t = np.linspace(low, high, ZOOM)
        values = evaluator.far(x + t[:, None] * way)
        i = int(np.argmax(values))
        low, high = t[max(i - 1, 0)], t[min(i + 1, ZOOM - 1)]
    return float(values[i]), x + t[i] * way


def _drawn(evaluator, proof, highest: float):
    """Return (log density, x) of the highest drawn point, if it is above all modes."""
    unit = even_points(evaluator.size, DRAWN, SEED)
    width = np.resize(WIDTHS, (len(unit), 1))
    points = proof.x + (ndtri(unit) * width) @ proof.factored.cholesky.T
    return _above(evaluator, points, highest)


def _above(evaluator, points, highest: float):
    """Return (log density, x) of the highest of the points, if it is above all modes."""
    parts = np.array_split(points, max(1, len(points) // AT_ONCE))
    values = np.concatenate([evaluator.far(part) for part in parts])
    best = int(np.argmax(values))
    margin = LEVEL * (1 + abs(highest))
    return [(float(values[best]), points[best])] if values[best] > highest + margin else []
