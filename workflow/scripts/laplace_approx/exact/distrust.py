"""Whether lattices that are not certified see a density at all, or rounding error and spikes."""

import math

import numpy as np

from laplace_approx.exact.lattice import Lattice
from laplace_approx.exact.parameter_lattice import ParameterLattice
from laplace_approx.words.places import point

# of log evidences: one lattice sees twice the mass that another sees; doubled, one must see four
# times as much to be disbelieved
MOST_APART = math.log(2)
NEAR = 1e-6 * np.arange(-4, 5)  # of a step: points so near to each other are as good as one
# of the log density: what it may go up and down by between such points; doubled, rounding of e^2
# passes for a density
ROUGH = 1.0
ADVICE = (
    "write the log likelihood without differences of huge numbers (as of log-gamma functions), or "
    "give a prior or bounds that leave that place out"
)


def why_distrusted(own: list[ParameterLattice], log_density) -> str | None:
    """Return a sentence where the lattices of the single parameters hold no mass that could be
    believed, None where they may.

    A log density that is the difference of huge numbers goes up and down between points that are
    as good as one, and its highest value is then an error of rounding. And as all lattices
    integrate one density, log evidences that lie far apart leave none of them to be believed.
    """
    whole = (each for each in own if each.lattice.log_density.ndim == len(own))
    for each in whole:  # not those that are a marginal of another's lattice
        found = rounding_error(each.lattice, each.parameter, log_density)
        if found:
            return found
    return _contradiction(own)


def rounding_error(lattice: Lattice, parameter: int, log_density) -> str | None:
    """Return a sentence where the node with the most mass of a parameter's lattice is one of
    rounding error, None where it may be one of density."""
    theta, rough = _at_the_top(lattice, log_density)
    if not rough > ROUGH:
        return None
    names = lattice.frame.names
    return (
        f"rounding error: at {point(names, theta)}, where the lattice of {names[parameter]} sees "
        f"the most mass, the log density goes up and down by {rough:.2g} between points that are "
        f"as good as one, so that no number can be relied on; {ADVICE}"
    )


def _contradiction(own: list[ParameterLattice]) -> str | None:
    low, high = (pick(own, key=_evidence) for pick in (min, max))
    if _evidence(high) - _evidence(low) <= MOST_APART:  # NaN is no agreement
        return None
    names = high.lattice.frame.names
    theta = high.lattice.frame.place(_highest(high.lattice))
    return (
        "the lattices of the parameters contradict each other, so that no number can be relied on: "
        f"the log evidence is {_evidence(high):.6g} on that of {names[high.parameter]} and "
        f"{_evidence(low):.6g} on that of {names[low.parameter]}; look for a spike near "
        f"{point(names, theta)}, and give a prior or other coordinates that leave none"
    )


def _evidence(each: ParameterLattice) -> float:
    return each.numbers.log_evidence


def _highest(lattice: Lattice):
    """Return the lattice coordinates u (d,) of the node with the most mass."""
    node = np.unravel_index(np.argmax(lattice.relative()[0]), lattice.frame.shape)
    return np.array([axis.nodes()[i] for axis, i in zip(lattice.frame.axes, node, strict=True)])


def _at_the_top(lattice: Lattice, log_density) -> tuple[np.ndarray, float]:
    """Return theta (d,) at the node with the most mass, and by how much the log density goes back
    and forth beside it along an axis, the most: 0 where it rises, falls or jumps once."""
    frame, u = lattice.frame, _highest(lattice)
    steps = np.diag([axis.step for axis in frame.axes])
    lines = u + NEAR[:, None] * steps[:, None, :]  # one an axis
    with np.errstate(all="ignore"):
        values = np.asarray(log_density(frame.place(lines)), dtype=float)
    kept = [line[np.isfinite(line)] for line in values]
    back = [np.sum(np.abs(np.diff(line))) - abs(line[-1] - line[0]) for line in kept if line.size]
    return frame.place(u), float(max(back, default=0.0))
