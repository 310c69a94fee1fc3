"""What a search for the mode gives: the mode, how it was found, and what to mind about it."""

from typing import NamedTuple

import numpy as np

from laplace_approx.mode.proof import SHIFT_LIMIT
from laplace_approx.numerics.precision import log_evidence
from laplace_approx.words import places

NOTABLE_SHARE = 0.01  # Laplace mass of a second mode that is worth a warning


class Report(NamedTuple):
    """How a mode was found and proven, for whoever wants to look.

    `newton_decrement` is the length of the next Newton step in SDs of the normal, `shift_sd` the
    largest shift of a coordinate in its SD and `shift_sd_each` (d,) all of them, `shift_limit` what
    was allowed. `n_evaluations` counts the points at which the density and its derivatives were
    evaluated: `evaluations_of_ascent` are those of the ascents from the start until one led to the
    mode, and of the derivatives there, or all where only the search led to it;
    `evaluations_of_search` all others, of starts, other ascents, scans, checks and proofs.
    `attempts` lists every ascent; `path` (n, d) leads from the start to the mode;
    `n_without_density` counts evaluations inside the bounds that gave NaN or -inf, `n_starts` the
    dispersed starts; `warnings` are sentences.
    """

    newton_decrement: float
    shift_sd: float
    shift_sd_each: np.ndarray
    shift_limit: float
    converged: bool
    method: str
    n_evaluations: int
    evaluations_of_ascent: int
    evaluations_of_search: int
    n_without_density: int
    n_starts: int
    attempts: list[dict]
    path: np.ndarray
    warnings: list[str]


class Mode(NamedTuple):
    """The highest mode found: `x` (d,) with its `log_density` and `gradient` (d,).

    `modes` lists every distinct mode with its `log_mass` (Laplace log evidence) and `share` of the
    mass of them all, highest first; `report` says how they were found.
    """

    x: np.ndarray
    log_density: float
    gradient: np.ndarray
    modes: list[dict]
    report: Report


def distinct_modes(proofs) -> list[dict]:
    """Return the distinct proven modes, highest first, with their Laplace masses."""
    proofs = sorted(proofs, key=lambda p: -p.log_density)
    masses = np.array([log_evidence(p.log_density, p.factored) for p in proofs])
    shares = np.exp(masses - masses.max())
    shares /= shares.sum()
    return [
        {
            "x": p.x.tolist(),
            "log_density": p.log_density,
            "log_mass": float(mass),
            "share": float(share),
        }
        for p, mass, share in zip(proofs, masses, shares, strict=True)
    ]


def remarks(names, proof, modes: list[dict]) -> list[str]:
    """Return sentences on a second mode that is worth a word, and on rounding at the proven one."""
    found = []
    others = 1 - modes[0]["share"]
    if others >= NOTABLE_SHARE:
        second = max(modes[1:], key=lambda mode: mode["share"])
        found.append(
            f"{len(modes)} modes: the one at "
            f"{places.point(names, np.array(second['x']))} holds "
            f"{100 * second['share']:.3g} % of their Laplace mass, and the normal at the "
            "highest mode ignores it"
        )
    if proof.shift_limit > SHIFT_LIMIT:
        found.append(
            f"rounding, of the log density ({proof.noise:.2g}) or of the coordinates, allows "
            f"the mode to be located to {proof.shift_limit:.1g} standard deviations only"
        )
    return found
