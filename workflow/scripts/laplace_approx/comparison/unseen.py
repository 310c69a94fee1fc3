"""How much of the posterior an exact side may miss in modes that it does not reach: a bound.

The search for the mode lists every mode that it found with its share of their Laplace mass. Draws
about one of them, or a grid of a box around some, may still be exact for every purpose, if the
others hold next to nothing; what they hold at the most is counted in the errors.
"""

import math

import numpy as np

UNSURE = 100.0  # a mode may hold so many times the share that its Laplace mass says
MOST = 6e-4  # of the mass: moves the 97.5 % quantile of a normal by 0.01 SD, 0.975 MOST / 0.0584


def unseen_mass(modes, seen=(0,)) -> float:
    """Return the largest share of the mass that all modes but those numbered `seen` may hold.

    `modes` are the records of a search, each with its `share` s. Taken UNSURE times as heavy
    against what is seen, the others hold UNSURE s / (UNSURE s + s_seen) of the mass. A share that
    is not known may be all of it: then the bound is 1.
    """
    shares = np.array([mode["share"] for mode in modes], dtype=float)
    if len(seen) == shares.size:
        return 0.0
    if not np.isfinite(shares).all():
        return 1.0
    others = UNSURE * math.fsum(np.delete(shares, seen))
    return others / (others + math.fsum(shares[list(seen)])) if others > 0 else 0.0


def beyond_the_grid(grid_record: dict, mode: dict) -> tuple[float, list[tuple[str, float]]]:
    """Return the bound of `unseen_mass` for the modes beyond the bounds of a grid, with the
    parameter and the value that put each of them there; (0, []) where there is none."""
    return modes_beyond(grid_record["bounds"], mode)


def can_judge(grid_record: dict, modes) -> bool:
    """Return whether a grid can be an exact side, held against the modes of some searches.

    `modes` are the records of these. The grid is there, the mass outside it is known, and modes
    beyond it hold next to nothing.
    """
    if grid_record["status"] != "ok" or grid_record["outside_mass"]["total"] is None:
        return False
    return all(beyond_the_grid(grid_record, mode)[0] <= MOST for mode in modes)


def modes_beyond(bounds: dict, mode: dict) -> tuple[float, list[tuple[str, float]]]:
    """Return the same for the modes beyond a box {parameter: (low, high)}."""
    seen, beyond = [], []
    modes = mode.get("modes") or []
    for i, each in enumerate(modes):
        theta = dict(zip(mode["parameters"], each["theta"], strict=True))
        out = [name for name, ends in bounds.items() if _out(theta[name], *ends)]
        seen += [] if out else [i]
        beyond += [(name, theta[name]) for name in out[:1]]
    return unseen_mass(modes, seen), beyond


def _out(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def judging_side(exact, mode: dict):
    """Return the side of a grid as it judges: modes beyond it are in its errors, if they may hold
    anything and not so much that it cannot judge at all."""
    mass, _ = beyond_the_grid(exact.record, mode)
    return exact.side.with_unseen(mass) if 0 < mass <= MOST else exact.side


def moved_levels(p, below, above=None):
    """Return the levels (low, high) of the seen part between which the whole has the level p.

    With at most a share m of the mass elsewhere, the CDF of the whole lies between (1 - m) F and
    (1 - m) F + m; its quantile at p is one of F between (p - m) / (1 - m) and p / (1 - m). The m
    of the first is the mass that may lie `below`, that of the other the mass `above`, which without
    a word is the same. A level that is not between 0 and 1 is NaN: there the quantile has no bound.
    """
    above = below if above is None else above
    ends = (p - below) / (1 - below), p / (1 - above)
    return tuple(np.where((end > 0) & (end < 1), end, np.nan) for end in ends)
