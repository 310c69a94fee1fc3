"""What a space leaves out of the support: the part that its normal cannot reach."""

import numpy as np

from laplace_approx.words.numbers import or_none


def unreached(space, judge) -> dict[str, dict]:
    """Return for each parameter that the space restricts where it ends, and the mass beyond.

    Values `below` one end and `above` the other have no coordinate (None: that end is the
    support's own). `mass` is the exact side's marginal mass of both parts, with its `error`, and
    None where there is no exact side to tell.
    """
    found = {}
    for i, name in enumerate(space.parameters):
        if name in space.restricts:
            below, above = space.reach[0, i], space.reach[1, i]
            below = float(below) if below > space.support[0, i] else None
            above = float(above) if above < space.support[1, i] else None
            mass, error = _mass(judge.side, name, below, above)
            found[name] = {"below": below, "above": above, "mass": mass, "error": error}
    return found


def _mass(side, name: str, below: float | None, above: float | None):
    """Return P(theta < below) + P(theta > above) with its error, None and None where unknown."""
    ends = np.array([-np.inf if below is None else below, np.inf if above is None else above])
    cdf, error = side.cdf(name, ends)
    lost = np.array([cdf[0] if below is not None else 0.0, 1 - cdf[1] if above is not None else 0])
    errors = np.where([below is not None, above is not None], error, 0.0)
    return or_none(lost.sum()), or_none(errors.sum())


def warnings_of(found: dict[str, dict]) -> list[str]:
    """Return one sentence that names all parts and their masses; none where nothing is left out."""
    if not found:
        return []
    parts = [f"{_part(name, each)} ({_share(each['mass'])})" for name, each in found.items()]
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return [f"The normal cannot reach {listed}: the space leaves that part of the support out."]


def _part(name: str, each: dict) -> str:
    low = f"{name} < {each['below']:g}" if each["below"] is not None else ""
    high = f"{name} > {each['above']:g}" if each["above"] is not None else ""
    return " or ".join(filter(None, (low, high)))


def _share(mass: float | None) -> str:
    if mass is None:
        return "how much of the posterior that is, is not known"
    if mass < 1e-12:
        return "none of the posterior that can be measured"
    return f"{100 * mass:.2g} % of the posterior"
