"""How much of a marginal lies beyond the last node, from the way its logarithm falls there."""

import math
from typing import NamedTuple

import numpy as np

FLAT = 1e-10  # fall of the log density over a step that may be no more than rounding


class Tail(NamedTuple):
    """`mass` beyond the edge in the units of the marginal's own integral; None where it is not
    known, with the `reason` in words."""

    mass: float | None
    reason: str | None


def beyond(marginal, step: float, gap: float = math.inf) -> Tail:
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


def _over_gap(edge, slope, bend, gap) -> float:
    t, weights = np.polynomial.legendre.leggauss(16)
    t = gap * (t + 1) / 2
    exponent = np.minimum(-slope * t - bend * t**2 / 2, 50.0)
    return float(edge * gap / 2 * np.sum(weights * np.exp(exponent)))
