"""Whether the lattices of the single parameters, which integrate one density, agree about it."""

import math

import numpy as np

from laplace_approx.lattice import Lattice
from laplace_approx.own import Own
from laplace_approx.words import point

MOST_APART = math.log(2)  # of log evidences: one lattice sees twice the mass that another sees
NEAR = 1e-6  # of a step: points so near to each other are as good as one
JUMP = 0.1  # of the log density between such points, above which it is no smooth function there


def contradiction_of(own: list[Own], log_density) -> str | None:
    """Return a sentence where the log evidences of the lattices lie too far apart for any of them
    to be believed, None where they do not.

    What one lattice sees and another does not is a spike between their nodes, or the rounding error
    of a log density that is the difference of huge numbers: then it jumps between points that are
    as good as one, and the sentence says so.
    """
    low, high = (pick(own, key=_evidence) for pick in (min, max))
    if _evidence(high) - _evidence(low) <= MOST_APART:  # NaN is no agreement
        return None
    names = high.lattice.frame.names
    seen, where, jump = _highest(high.lattice, log_density)
    advice = (
        f"there the log density jumps by {jump:.2g} between points that are as good as one, which "
        "is rounding error: write the log likelihood without differences of huge numbers (as of "
        "log-gamma functions), or give a prior that leaves that place out"
        if jump > JUMP
        else "look for a spike there, and give a prior or other coordinates that leave none"
    )
    return (
        "the lattices of the parameters contradict each other, so that no number can be relied on: "
        f"the log evidence is {_evidence(high):.6g} on that of {names[high.parameter]} and "
        f"{_evidence(low):.6g} on that of {names[low.parameter]}. The first sees a log density of "
        f"{seen:.6g} at {point(names, where)}; {advice}"
    )


def _evidence(each: Own) -> float:
    return each.numbers.log_evidence


def _highest(lattice: Lattice, log_density) -> tuple[float, np.ndarray, float]:
    """Return the log density at the node with the most mass, theta (d,) there, and how far it
    jumps from there to points nearby along the axes."""
    frame = lattice.frame
    node = np.unravel_index(np.argmax(lattice.relative()[0]), frame.shape)
    u = np.array([axis.nodes()[i] for axis, i in zip(frame.axes, node, strict=True)])
    step = NEAR * np.diag([axis.step for axis in frame.axes])
    theta = frame.place(np.concatenate([u[None], u + step, u - step]))
    with np.errstate(all="ignore"):
        values = np.asarray(log_density(theta), dtype=float)
        jump = float(np.max(np.abs(values[1:] - values[0])))
    return float(values[0]), theta[0], jump
