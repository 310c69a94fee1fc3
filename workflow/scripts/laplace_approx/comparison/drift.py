"""Short Markov chains that start from the normal's draws: what they carry away, it has wrong.

A kernel that leaves the posterior invariant brings any start nearer to it. So where chains that
start as the normal move the end of an interval, the posterior's own end lies in that direction.
They can speak against the normal and never for it: a part that no chain reaches moves nothing
(after Wang, Kasprzak and Huggins 2023, "A targeted accuracy diagnostic for variational
approximations", arXiv 2302.12419, with moves that need no gradient).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.intervals import JUDGED, JUDGED_ENDS, percent
from laplace_approx.curvature.matrices import draws_within
from laplace_approx.density.evaluation import counted
from laplace_approx.exact.draw_quantiles import Estimates
from laplace_approx.exact.marginal import MIDDLE
from laplace_approx.normal.fit import Fit

CHAINS = 1024  # half as many: bounds 1.4 times as far below what the chains show
STEPS = 80  # half as many: in a skewed posterior of 10 dimensions .44 of the way instead of .62
APART = 5  # steps between two looks; each look costs memory, neighbours say nearly the same
EARLY, LATE = (20, 40), (45, 81)  # steps of the looks; the kernel is adapted up to the middle
SURE = 4.0  # standard errors: 1 in 16 000 ends of a right normal is flagged if no tolerance helps
STUCK = 0.05  # of the chains without one move: they show where the kernel fails, not where p is
FEWEST_CHAINS = 256  # below, the ends of a 95 % interval have six chains beyond them
NEAR_SHARE, FAR_SHARE = 0.4, 0.3  # of moves accepted, aimed at; .2 to .5 serve alike


class Trail(NamedTuple):
    """Where the chains were at some steps, z (looks, chains, d), at first and in the end, how
    often each moved (chains,), and what it cost."""

    early: np.ndarray
    late: np.ndarray
    moves: np.ndarray
    evaluations: int


def drift_record(fit: Fit, ends: dict[str, Estimates], seed: int) -> dict:
    """Return how far chains of a fit's posterior carry the ends of the normal's intervals.

    `ends` maps each quantity to its quantiles at `JUDGED_ENDS` under the normal. For each quantity
    and judged level: `at_least`, in units of half the central 68.3 % interval of the chains, is
    what the farther of both ends is off by at the least, `SURE` standard errors taken off; `shift`
    is what that end is off by, positive where the normal puts it too high. 0 says nothing. The
    standard errors are those between chains, which are independent.
    """
    chains = draws_within(CHAINS, 12 * fit.normal.mean.size)
    if chains < FEWEST_CHAINS:
        return no_drift(
            fit.names, f"there is memory for {chains} chains; {FEWEST_CHAINS} are needed"
        )
    trail = run_chains(fit, np.random.default_rng([seed, 4]), chains)
    stuck = float(np.mean(trail.moves == 0))
    told = {
        "chains": chains,
        "steps": STEPS,
        "evaluations": trail.evaluations,
        "stuck": stuck,
        "moves": float(np.mean(trail.moves)),
    }
    if not stuck <= STUCK:
        reason = f"{100 * stuck:.3g} % of the chains never moved; at most {100 * STUCK:g} % may not"
        return no_drift(fit.names, reason) | told
    quantities = fit.quantities()
    found = {name: _carried(quantities[name], trail, ends[name]) for name in fit.names}
    return {"reason": None, **told, "quantities": found}


def no_drift(names, reason: str) -> dict:
    """Return the record where the chains say nothing, and why."""
    counts = {"chains": 0, "steps": 0, "evaluations": 0, "stuck": None, "moves": None}
    return {"reason": reason, **counts, "quantities": dict.fromkeys(names)}


def run_chains(fit: Fit, rng: np.random.Generator, chains: int) -> Trail:
    """Return the trail of chains that leave the posterior invariant and start as the normal.

    In u = L^-1 (z - mode) two moves take turns: u' = sqrt(1 - b^2) u + b e, which leaves the
    normal invariant and is accepted by the ratio of p / q (Cotter, Roberts, Stuart and White 2013,
    Statistical Science 28, section 4), and u' = u + s e, accepted by the ratio of p. The first
    crosses what resembles the normal, the second reaches what lies beyond it.
    """
    density, counter = counted(fit.density)
    d = fit.normal.mean.size
    mean, factor = fit.normal.mean, fit.normal.cholesky

    def log_density(u):
        return density.log_density(mean + u @ factor.T)

    u = rng.standard_normal((chains, d))
    value = log_density(u)
    near, far = 0.5, 1.7 / math.sqrt(d)
    moves, looks = np.zeros(chains, dtype=int), {EARLY: [], LATE: []}
    for step in range(1, STEPS + 1):
        noise = rng.standard_normal((chains, d))
        by_normal = step % 2 == 1
        to = math.sqrt(1 - near**2) * u + near * noise if by_normal else u + far * noise
        there = log_density(to)
        with np.errstate(invalid="ignore"):  # from nowhere to nowhere: not taken
            gain = there - value
            gain += 0.5 * np.sum(to**2 - u**2, axis=1) if by_normal else 0.0
            taken = np.log(rng.random(chains)) < gain
        u, value = np.where(taken[:, None], to, u), np.where(taken, there, value)
        moves += taken
        if step < EARLY[1]:  # later the kernel stays as it is, else p would not be invariant
            share = np.mean(taken)
            near = min(1.0, near * math.exp(0.3 * (share - NEAR_SHARE))) if by_normal else near
            far = far if by_normal else far * math.exp(0.3 * (share - FAR_SHARE))
        for window, kept in looks.items():
            if step in range(*window, APART):
                kept.append(mean + u @ factor.T)
    return Trail(*(np.array(kept) for kept in looks.values()), moves, counter.evaluations)


def _carried(quantity: Callable, trail: Trail, ends: Estimates) -> dict:
    """Return for each judged level what the chains say of its farther end."""
    with np.errstate(all="ignore"):
        early, late = (np.asarray(quantity(z), dtype=float) for z in (trail.early, trail.late))
    known = late[~np.isnan(late)]
    low, high = np.quantile(known, MIDDLE) if known.size else (math.nan, math.nan)
    unit = (high - low) / 2
    shifts, least = np.zeros(JUDGED_ENDS.size), np.zeros(JUDGED_ENDS.size)
    for i, (p, end, error) in enumerate(zip(JUDGED_ENDS, *ends, strict=True)):
        shift, bound = _off(late, p, end, SURE * error)
        before, bound_before = _off(early, p, end, SURE * error)
        turned = bound_before > abs(shift) or before * shift < 0 < bound_before
        if unit > 0 and math.isfinite(shift):
            shifts[i], least[i] = shift / unit, 0.0 if turned else bound / unit
    return {
        percent(level): {"at_least": float(least[i + far]), "shift": float(shifts[i + far])}
        for i, level in zip(range(0, JUDGED_ENDS.size, 2), JUDGED, strict=True)
        for far in (int(np.argmax(least[i : i + 2])),)
    }


def _off(x, p: float, end: float, error: float) -> tuple[float, float]:
    """Return what an end of the normal is off the p quantile of draws x (looks, chains), and what
    it is off by at the least; draws that are NaN have no part in it."""
    known = ~np.isnan(x)
    held = np.sort(x[known])
    if held.size == 0 or not math.isfinite(end + error):
        return math.nan, 0.0
    quantile = held[_place(p, held.size)]
    # the share below the quantile is a ratio of means over chains
    beyond = np.mean(known & (x <= quantile), axis=0) - p * np.mean(known, axis=0)
    spread = SURE * np.std(beyond) / math.sqrt(beyond.size) / np.mean(known)
    low = held[_place(p - spread, held.size)] if p - spread > 0 else -math.inf
    high = held[_place(p + spread, held.size)] if p + spread < 1 else math.inf
    with np.errstate(invalid="ignore"):
        return float(end - quantile), float(max(end - high, low - end, error) - error)


def _place(p: float, n: int) -> int:
    return min(n - 1, int(p * n))
