"""Where a lattice is looked at off its nodes: places that know nothing of the nodes.

Points drawn by probability see what is wrong where the mass is, points spread over the bulk, with
the smallest gaps that there can be, see what stands out beside it, and lines through the bulk see
what is thin. The first are quasi-random with a fixed seed, which is no choice of anybody's: no
result depends on it (Owen 1998, Journal of Complexity 14; Sobol points of SciPy).
"""

from typing import NamedTuple

import numpy as np

from laplace_approx.exact.axis import summed_to
from laplace_approx.exact.frame import Frame
from laplace_approx.numerics.even import Cover, cover, even_points

# of all points: another one looks at other places, and certifies or refuses the same but for what
# is seen by chance
SEED = 20260
# powers of two: points drawn by probability; one more, which is 4096, or one less changes the
# evaluations by 1 % at the most
DRAWN = 12
# spread evenly over the bulk, by dimension; one more is twice the evaluations, and humps are seen
# that are 0.71 (two parameters) or 0.79 (three) times as wide
EVEN = {2: 19, 3: 18}
# power of two: of these at the least; halved, humps are seen that are 1.4 or 1.3 times as wide
FEWEST = 14
# of the evaluations that are left, that the even points may take; halved, half as many points where
# the data are many
SHARE = 1 / 16
LINES = {2: 6, 3: 6}  # lines; one more is twice the evaluations on them
# points on a line; doubled, 1.0 to 1.05 times the evaluations, and sheets half as thin are seen
ALONG = {2: 512, 3: 256}
# of the mass beyond each side of the bulk; doubled, the bulk of a normal ends 0.11 SDs of 6
# earlier
TAIL = 1e-9
# SDs each way of the centre within which a hump is promised to be seen; doubled, the promise is as
# wide as the gaps are in the tails
PROMISED = 3.0
# places at which the slope of an axis is asked for; a thousandth of its length apart it is the same
SLOPES = 2**10
# SDs from the top of a normal at which it still has 14 % of its height; doubled, 0.03 %, which is
# no excess that stands out
FROM_ITS_TOP = 2.0
# of one parameter: by probability, evenly over all but 1e-12 of the mass, over the reach, beyond
LINE = (2**14, 2**15, 2**13, 2**12)
LINE_TAIL = 1e-12  # doubled, the even scan of a normal ends 0.1 SDs of 7 earlier
# widths of the reach, each way; halved or doubled, nothing changes: doubled, its 4096 points lie
# farther apart by a tenth in the logarithm
BEYOND = 1e3


class Places(NamedTuple):
    """Places u (n, d), and the volume of u that each stands for, (n,): the sum of weight times a
    density is its integral."""

    u: np.ndarray
    weight: np.ndarray


class Bulk(NamedTuple):
    """The box of u, (d,) each, that holds all but a part in 1e9 of the mass on each side, and the
    ends of the central 68 % of each axis."""

    lower: np.ndarray
    upper: np.ndarray
    left: np.ndarray
    right: np.ndarray

    @property
    def sd(self):
        """Half of the central 68 %, in u."""
        return (self.right - self.left) / 2


def bulk_of(frame: Frame, nodes) -> Bulk:
    """Return the bulk of a lattice with these densities at its nodes."""
    found = []
    for k, axis in enumerate(frame.axes):
        rising = np.cumsum(summed_to(nodes, k))
        at = np.searchsorted(rising, rising[-1] * np.array([TAIL, 0.16, 0.84, 1 - TAIL]))
        low, left, right, high = axis.nodes()[np.minimum(at, axis.points - 1)]
        narrow = max(axis.step - (right - left) / 2, 0.0)  # no narrower than two steps
        found.append((low - axis.step, high + axis.step, left - narrow, right + narrow))
    return Bulk(*np.array(found).T)


def drawn(frame: Frame, nodes, power: int = DRAWN) -> Places:
    """Return points drawn by the probability of the cells, anywhere in them."""
    sobol = even_points(len(frame.axes) + 1, power, SEED)
    rising = np.cumsum(nodes)
    last = np.searchsorted(rising, rising[-1])
    cell = np.searchsorted(rising, sobol[:, 0] * rising[-1], side="right")
    index = np.unravel_index(np.minimum(cell, last), frame.shape)
    step = np.array([axis.step for axis in frame.axes])
    first = np.array([axis.lower for axis in frame.axes])
    u = first + (np.stack(index, axis=-1) + sobol[:, 1:] - 0.5) * step
    u = np.clip(u, first, [axis.upper for axis in frame.axes])
    probability = nodes[index] / (rising[-1] * np.prod(step))
    return Places(u, 1 / (len(u) * probability))


def power(d: int, fewer: int) -> int:
    """Return the power of two of the points that are spread over the bulk, halved so many times as
    far as may be."""
    return max(EVEN[d] - fewer, FEWEST)


def covering(bulk: Bulk, power: int) -> Cover:
    """Return points u that leave the smallest gaps in the bulk; in SDs of the axes their cells are
    those of the best shape, and so is the radius."""
    found = cover((bulk.upper - bulk.lower) / bulk.sd, 2**power)
    arrays = tuple(bulk.lower + bulk.sd * array for array in found.arrays)
    return found._replace(arrays=arrays, edges=bulk.sd * found.edges)


def spread(bulk: Bulk, covered: Cover) -> Places:
    """Return the points of a cover of the bulk, one array after the other."""
    u = np.concatenate([array.reshape(-1, bulk.sd.size) for array in covered.arrays])
    return Places(u, np.full(len(u), np.prod(covered.edges) / len(covered.arrays)))


def lines(frame: Frame, bulk: Bulk, through) -> np.ndarray:
    """Return points (lines, points, d) on lines across the bulk through the places u (m, d): along
    the axes of the lattice and those of the parameters, in turn."""
    d = bulk.sd.size
    pulled = np.linalg.solve(frame.shear, np.eye(d)).T / bulk.sd
    ways = np.concatenate([np.eye(d), pulled / np.linalg.norm(pulled, axis=1, keepdims=True)])
    if np.allclose(ways[:d], np.abs(ways[d:])):
        ways = np.concatenate([ways[:d], _diagonals(d)])
    offset = np.random.default_rng(SEED).random((len(through), 1))
    found = []
    for i, start in enumerate(through):
        way = ways[i % len(ways)] * bulk.sd
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = (np.stack([bulk.lower, bulk.upper]) - start) / way
        ends = ends[:, way != 0]
        low, high = np.max(np.min(ends, axis=0)), np.min(np.max(ends, axis=0))
        at = low + (high - low) * (np.arange(ALONG[d]) + offset[i]) / ALONG[d]
        found.append(start + at[:, None] * way)
    return np.array(found)


def _diagonals(d: int):
    signs = np.array(
        [[1, *(1 if i >> k & 1 else -1 for k in range(d - 1))] for i in range(2 ** (d - 1))]
    )
    return signs / np.sqrt(d)


def gap(frame: Frame, bulk: Bulk, radius: float) -> float:
    """Return an SD, in those of the axes, such that of every round normal as wide or wider, in the
    bulk and within three SDs of the centre along each axis of the lattice, a point of a cover of
    this radius (in SDs of u) lies within `FROM_ITS_TOP` of its SDs of the top.

    What is `radius` in u is no more in w than the largest slope dw / du makes of it.
    """
    *ends, sd = _promised(frame, bulk)
    ends, steepest = np.array(ends), 0.0
    for k, axis in enumerate(frame.axes):
        low, high = axis.inverse(ends[:, k]) + radius * bulk.sd[k] * np.array([-1, 1])
        slope = np.max(axis.slope(np.linspace(low, high, SLOPES)))
        steepest = max(steepest, float(slope * bulk.sd[k] / sd[k]))
    return radius * steepest / FROM_ITS_TOP


def spacing(frame: Frame, bulk: Bulk, u) -> float:
    """Return the largest distance of rising places u (n, 1) of a scan, halved, in SDs, within three
    of them of the centre: a normal of that SD has one of them within one SD of its top."""
    low, high, sd = _promised(frame, bulk)
    w = frame.axes[0].stretched(u[:, 0])
    return float(np.max(np.diff(w[(w > low[0]) & (w < high[0])]))) / 2 / float(sd[0])


def _promised(frame: Frame, bulk: Bulk):
    """Return the ends w (d,) of the box of `PROMISED` SDs each way, and the SDs in w."""
    left, right, low, high = (
        np.array([float(axis.stretched(x)) for axis, x in zip(frame.axes, ends, strict=True)])
        for ends in (bulk.left, bulk.right, bulk.lower, bulk.upper)
    )
    sd, middle = (right - left) / 2, (left + right) / 2
    reach = PROMISED * sd
    return np.maximum(low, middle - reach), np.minimum(high, middle + reach), sd


def line_of(frame: Frame, nodes) -> Places:
    """Return the rising places of the scan of a lattice of one parameter: by probability, evenly
    over the bulk, and evenly over the reach."""
    axis = frame.axes[0]
    u = axis.nodes()
    rising = np.cumsum(nodes) / np.sum(nodes)
    by_mass, evenly, reach, _ = LINE
    kept = np.concatenate([[True], np.diff(rising) > 0])
    share = (np.arange(by_mass) + 0.5) / by_mass
    parts = [np.interp(share, rising[kept], u[kept])]
    w = axis.stretched(u[np.searchsorted(rising, [LINE_TAIL, 1 - LINE_TAIL]).clip(0, u.size - 1)])
    even = w[0] + (w[1] - w[0]) * (np.arange(evenly) + 0.5) / evenly
    parts += [axis.inverse(even), np.linspace(axis.lower, axis.upper, reach)]
    places = np.unique(np.clip(np.concatenate(parts), axis.lower, axis.upper))
    weight = np.zeros(places.size)
    weight[1:] += np.diff(places) / 2
    weight[:-1] += np.diff(places) / 2
    return Places(places[:, None], weight)


def halvings(left: int, d: int) -> int:
    """Return how often the even points are halved where so many evaluations are left."""
    most = int(SHARE * left)
    return max(EVEN.get(d, 0) + 1 - most.bit_length(), 0)


def across(frame: Frame, bulk: Bulk, inner) -> Places:
    """Return the points on lines through the bulk. Each stands for a cube as wide as the points lie
    apart: what is seen at one is no wider for sure."""
    d = bulk.sd.size
    points = lines(frame, bulk, inner[:: max(1, len(inner) >> LINES[d])])
    along = np.linalg.norm((points[:, 1] - points[:, 0]) / bulk.sd, axis=-1)
    weight = np.repeat(along**d * np.prod(bulk.sd), points.shape[1])
    return Places(points.reshape(-1, d), weight)


def beyond(frame: Frame):
    """Return z (n,) beyond both ends of a lattice of one parameter, rising, and its ends."""
    axis = frame.axes[0]
    ends = [float(axis.stretched(u)) for u in (axis.lower, axis.upper)]
    further = (ends[1] - ends[0]) * np.geomspace(1e-3, BEYOND, LINE[-1])
    w = np.concatenate([ends[0] - further[::-1], ends, ends[1] + further])
    return frame.origin[0] + frame.shear[0, 0] * w
