"""What the ellipses of the normal hold of the posterior, told by two rules.

The polar rule about the mode converges fast, and knows nothing of what is thin or far from its own
places: a narrow hole, a second hump. The grid has been looked at for such things. So with one
parameter its CDF says what an interval holds, and with more the polar rule is held against it.
"""

import math

import numpy as np

from laplace_approx.comparison.coverage import (
    chi_square_quantile,
    ellipse_coverage,
    held_by_intervals,
)
from laplace_approx.comparison.distances import Measure, normalised
from laplace_approx.comparison.intervals import LEVELS
from laplace_approx.comparison.nodes import Laid, held
from laplace_approx.comparison.sides import laplace_side
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.normal.fit import Fit

BY_LINES = 2  # parameters up to which ellipses are cut out of the lattice line by line
FARTHEST = 1e4  # squared SDs: farther away all places are as far


def ellipses_by_two_rules(fit: Fit, exact, laid: tuple[Laid, Laid]) -> list[Measure]:
    """Return the exact mass within each of the normal's ellipses, with its error.

    `exact` is the `joint.Judged`, `laid` its nodes. Where both rules agree within their errors, it
    is the one that knows more; where they do not, the grid's, and their difference is in the error.
    """
    d = fit.normal.mean.size
    if d == 1:
        return _intervals(fit, exact)
    found = ellipse_coverage(fit.density, fit.normal, exact.log_evidence)
    if d > BY_LINES:
        sums = zip(*(_sums(each, d) for each in laid), strict=True)
        return [held(*each) for each in zip(found, *zip(*sums, strict=True), strict=True)]
    lines = DerivedQuantity(
        exact.lattice, lambda theta: np.minimum(fit.distance(theta), FARTHEST), None, exact.off
    ).cdf(chi_square_quantile(d, LEVELS))
    return [_joined(*each) for each in zip(found, *lines, strict=True)]


def _intervals(fit: Fit, exact) -> list[Measure]:
    (name,) = fit.model.parameters
    side = laplace_side(fit.model, fit.space, fit.normal)
    covered = held_by_intervals(side, exact.side, name)
    return [
        Measure(float(value), float(error)) if math.isfinite(error) else Measure(float(value), None)
        for value, error in zip(covered.value, covered.error, strict=True)
    ]


def _sums(laid: Laid, d: int) -> list[float]:
    """Return the mass of the nodes in each ellipse."""
    mass, limits = normalised(laid.nodes).mass, chi_square_quantile(d, LEVELS)
    return [float(mass[laid.distance.ravel() <= limit].sum()) for limit in limits]


def _joined(polar: Measure, value: float, error: float) -> Measure:
    """Return what two rules say, of which the second looks at more places."""
    if not math.isfinite(error):
        return polar
    if polar.error is None or not math.isfinite(polar.value):
        return Measure(float(value), float(error))
    apart = abs(polar.value - value)
    if apart > polar.error + error:
        return Measure(float(value), float(min(error + apart, 1.0)))
    return polar if polar.error <= error else Measure(float(value), float(error))
