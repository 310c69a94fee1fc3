"""What a lattice leaves out on each side of each parameter, as numbers and in words."""

import math
from typing import NamedTuple

import numpy as np

# on a side of a certified grid, and beyond all sides together; doubled, 4e-6 instead of 2e-6 of the
# tail below the quantile at 0.005 may be missing
NEGLIGIBLE_MASS = 1e-8
# fall of the log density over a step that may be no more than rounding; doubled, a tail that falls
# twice as fast passes for one that does not fall
FLAT = 1e-10
# distances of neighbouring numbers from an end from which a density is read; halved, the nearest
# such distance is known to 1 in 4096 instead of 8192
DIGITS = 2.0**12
# in the log of the distance, between the nodes that tell what lies nearer; halved, a power is told
# from half the way, with twice the error
SPREAD = 2.0
# before the edge, from which a tail is told as well; doubled, 1.1 times the tail of a normal
LAST_NODES = 3
ENDS = ("lower", "upper")


class Side(NamedTuple):
    """One end of the axis of one parameter; masses are shares of the mass inside.

    `edge` is the mass of the outermost cells and `outside` an estimate of the mass beyond the last
    node, None with a `fault` in words where there is none. `closed`: the support itself ends at the
    last node, so that nothing is lost however heavy the edge.
    """

    parameter: str
    end: str
    bound: float
    edge: float
    outside: float | None
    fault: str | None
    closed: bool

    @property
    def words(self) -> str:
        """Return 'beta > 40': the region beyond this side."""
        return f"{self.parameter} {'<' if self.end == 'lower' else '>'} {self.bound:.6g}"


def find_sides(name: str, marginal, bounds, step: float, gaps=(math.inf, math.inf)) -> list[Side]:
    """Return the lower and the upper side of a parameter.

    `marginal` is its density at the equally spaced nodes of an axis (in any unit), `bounds` the
    values of the parameter at the two ends, and `gaps` how far the support goes on beyond them,
    in units of the axis.
    """
    inside = float(np.sum(marginal))
    found = []
    for end, bound, gap in zip(ENDS, bounds, gaps, strict=True):
        outward = marginal if end == "lower" else marginal[::-1]
        edge, closed = float(outward[0]) / inside, not gap > 0
        beyond_it = Tail(0.0, None) if closed else mass_beyond(outward / (inside * step), step, gap)
        found.append(Side(name, end, float(bound), edge, *beyond_it, closed))
    return found


def edge_record(sides: list[Side]) -> dict:
    """Return {parameter: {lower, upper}} of the edge masses."""
    record = {}
    for side in sides:
        record.setdefault(side.parameter, {})[side.end] = side.edge
    return record


def outside_record(sides: list[Side]) -> dict:
    """Return {parameter: {lower, upper}, "total"} as shares of the whole, None where unknown.

    With s_i the masses beyond each side in units of the mass inside, the shares are
    s_i / (1 + sum s): the corners beyond two sides are counted twice.
    """
    known = all(side.outside is not None for side in sides)
    whole = 1 + sum(side.outside or 0.0 for side in sides)
    record = {}
    for side in sides:
        share = None if side.outside is None else side.outside / whole
        record.setdefault(side.parameter, {})[side.end] = share
    record["total"] = sum(side.outside for side in sides) / whole if known else None
    return record


def side_faults(sides: list[Side]) -> list[str]:
    """Return a sentence for every side that loses more than a negligible mass."""
    whole = 1 + sum(side.outside or 0.0 for side in sides)
    faults = []
    for side in sides:
        if side.closed:
            continue
        if side.outside is None:
            faults.append(f"how much mass lies at {side.words} is not known: {side.fault}")
        elif not side.outside / whole < NEGLIGIBLE_MASS:
            faults.append(f"{side.words} holds about {side.outside / whole:.1e} of the mass")
        elif not side.edge < NEGLIGIBLE_MASS:
            faults.append(f"the outermost cells before {side.words} hold {side.edge:.1e}")
    return faults


class Tail(NamedTuple):
    """`mass` beyond the edge in the units of the marginal's own integral; None where it is not
    known, with the `reason` in words."""

    mass: float | None
    reason: str | None


def resolved(values, support):
    """Return which of the values (n,) of a parameter keep some digits of their distances from the
    ends of its support.

    Next to an end b that is not 0, the numbers are eps |b| apart: a model that is given one of them
    returns steps, which say nothing of the density in between.
    """
    kept = np.ones(values.size, dtype=bool)
    for end in support:
        if math.isfinite(end):
            kept &= np.abs(values - end) >= DIGITS * np.spacing(abs(end))
    return kept


def mass_next_to_end(nearest: float, gap, density, slope) -> Tail:
    """Estimate the integral of a density nearer than `nearest` to an end of the support.

    `gap` (n,) are the distances from the end of the nodes that are known, the nearest first;
    `density` is per unit of the axis, and `slope` is that of the parameter along it. Per unit of
    t = log gap the density is f, a power gap^b of the distance there, and the integral up to a
    node f / b; b is the least of those over two steps of t.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        t, log_f = np.log(gap), np.log(density * gap / slope)
    reached = [int(np.argmax(t >= t[0] + k * SPREAD)) for k in (1, 2)]
    if 0 in reached or not np.all(np.isfinite(log_f[[0, *reached]])):
        return Tail(None, "the density next to the end of the support is not resolved")
    places = [0, *reached]
    power = float(np.min(np.diff(log_f[places]) / np.diff(t[places])))
    if not power > 0:
        return Tail(None, "the density does not fall toward the end of the support")
    beyond = np.exp(log_f[0] + power * min(0.0, math.log(nearest / gap[0])))
    return Tail(float(beyond) / power, None)


def mass_beyond(marginal, step: float, gap: float = math.inf) -> Tail:
    """Estimate the integral of a marginal beyond its edge, `marginal[0]`, over a width of `gap`.

    `marginal` holds the density at equally spaced nodes, outermost first; three are used. With m
    the density at the edge, s its outward log slope and k minus its second log derivative, the
    continuation m exp(-s t - k t^2 / 2) has the integral sqrt(pi / 2k) erfcx(s / sqrt(2k)) m.
    Sampford's bound on Mills' ratio (1953, Annals of Mathematical Statistics 24, p. 130) gives
    4 m / (3 s + sqrt(s^2 + 8 k)): at most 2 % too much for s > sqrt(k), and exact for k = 0.
    Where the log density bends outward (k < 0) the continuation is the power law of the same slope
    and bend, m (1 + s t / (a + 1))^-(a + 1) with a + 1 = -s^2 / k, and the integral
    m (a + 1) / (a s).
    """
    if len(marginal) < 3:
        return Tail(None, "three nodes are needed to tell how the density falls")
    edge, second, third = (float(value) for value in marginal[:3])
    if edge <= 0:
        return Tail(0.0, None)
    if not (second > 0 and third > 0):
        return Tail(None, "the density comes and goes at the edge")
    f0, f1, f2 = math.log(edge), math.log(second), math.log(third)
    slope = -(3 * f0 - 4 * f1 + f2) / (2 * step)
    bend = -(f0 - 2 * f1 + f2) / step**2
    if math.isfinite(gap):
        return Tail(_over_gap(edge, slope, bend, gap), None)
    if not slope * step > FLAT:
        return Tail(None, "the density does not fall toward the edge")
    if bend >= 0:
        return Tail(4 * edge / (3 * slope + math.sqrt(slope**2 + 8 * bend)), None)
    power = slope**2 / -bend
    if not power > 1:
        return Tail(None, "the density falls too slowly for a finite mass")
    return Tail(edge * power / ((power - 1) * slope), None)


def mass_left_out(marginal, step: float) -> Tail:
    """Estimate the integral of a marginal beyond its edge as `mass_beyond` does, or what that says
    from one of the next nodes, less what is seen between there and the edge, where it is more: the
    last nodes of a lattice along a ridge may have left the ridge, and then show a fall of their
    own. Of what falls as the rule has it that is next to nothing more.
    """
    beyond = mass_beyond(marginal, step)
    if beyond.mass is None:
        return beyond
    inner = marginal[: LAST_NODES + 1]
    seen = np.append(0.0, np.cumsum((inner[1:] + inner[:-1]) / 2) * step)
    told = (mass_beyond(marginal[j:], step).mass for j in range(len(inner)))
    left = [x - y for x, y in zip(told, seen, strict=True) if x is not None]
    return Tail(float(max(beyond.mass, *left)), None)


def _over_gap(edge, slope, bend, gap) -> float:
    t, weights = np.polynomial.legendre.leggauss(16)
    t = gap * (t + 1) / 2
    exponent = np.minimum(-slope * t - bend * t**2 / 2, 50.0)
    return float(edge * gap / 2 * np.sum(weights * np.exp(exponent)))
