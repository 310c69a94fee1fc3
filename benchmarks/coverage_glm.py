"""Hold the exact side by draws against the truth of random regressions of 4 to 30 parameters.

    .venv/bin/python benchmarks/coverage_glm.py [--number N] [--seed S] [--truth CHAINS WARM KEPT]

Each seed is a posterior: logistic, probit, Poisson, negative binomial, gamma, with robust errors,
or with groups. Mode, curvature and reference are those of a run, in this process; the truth is of
long Hamiltonian chains that share no code with them, and what those are known to is counted.
z is (stated - true) over both errors combined, for five quantiles of every parameter. A verdict is
sure where both ends of an interval of the normal are within the tolerance of 0.1 half-intervals
with two stated errors counted, or one is beyond it so; it is wrong where the truth says otherwise
by more than three of its own errors. Exits with 1 if none could be held.
"""

import argparse
import sys
import time
import warnings
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
from glm.posteriors import regression
from glm.truth import CHAINS, KEPT, WARM_UP, truth_of
from known.steps import assemble_laplace, plain_record, posterior_from

from laplace_approx.comparison.sides import laplace_side
from laplace_approx.curvature.step import curvature_step
from laplace_approx.mode.step import mode_step
from laplace_approx.reference.side import WeightedSide, reference_side
from laplace_approx.reference.step import Allowance, reference_step

P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
INTERVALS = ((1, 3), (0, 4))  # of which ends the verdicts are: 50 and 95 %
TOLERANCE = 0.1
EVALUATIONS, AT_MOST, SEED = 64_000, 1_500_000, 42  # as configured
NO_GRID = {"status": "absent", "reasons": ["out of reach"]}
VAGUE = 0.05  # half-intervals: a quantile whose truth is known less well holds nothing


class Held(NamedTuple):
    """What one posterior shows: z (d, 5), errors stated and true in half-intervals (d, 5) each, how
    many verdicts there are, are sure, and are sure and wrong, and `uneven` (d, 5), where errors
    count what the draws may miss; `reason` where nothing serves."""

    kind: str
    z: np.ndarray
    stated: np.ndarray
    off: np.ndarray
    halves: np.ndarray
    verdicts: np.ndarray
    record: dict
    seconds: float
    reason: str | None
    uneven: np.ndarray


def held(seed: int, sizes) -> Held:
    """Return what the posterior of a seed shows."""
    made = regression(seed)
    d = len(made.names)
    truth = truth_of(made, P, np.random.default_rng([seed, 30]), sizes)
    first, second = truth.halves
    halves = (first[:, 0] - second[:, 0]) / np.hypot(first[:, 1], second[:, 1])
    began = time.process_time()
    laplace, reference = exact_side(made)
    seconds = time.process_time() - began
    nothing = np.full((d, P.size), np.nan)
    record = reference.record
    if not record["serves"]:
        of = (nothing, nothing, nothing, halves, np.array([2 * d, 0, 0]))
        return Held(made.kind, *of, record, seconds, record["reason"], nothing > 0)
    side = reference_side(reference.draws, record)
    found = [side.quantiles(name, P) for name in made.names]
    value, error = (np.array(each) for each in zip(*found, strict=True))
    scale = truth.scale[:, None]
    clear = truth.error <= VAGUE * scale
    z = np.where(clear, (value - truth.value) / np.hypot(error, truth.error), np.nan)
    normal = laplace_side(laplace.model, laplace.space, laplace.normal)
    ends = np.array([normal.quantiles(name, P) for name in made.names])
    ends = ends[:, 0] if ends.ndim == 3 else ends
    scales = np.array([(side.scale(name), side.scale_error(name)) for name in made.names])
    verdicts = counted(ends, (value, error, scales), truth)
    stated, off = error / scale, np.where(clear, (value - truth.value) / scale, np.nan)
    uneven = np.array([uneven_at(side, name) for name in made.names])
    return Held(made.kind, z, stated, off, halves, verdicts, record, seconds, None, uneven)


def uneven_at(side, name: str):
    """Return where the error of a quantile counts what uneven weights leave open, (5,)."""
    found = side.quantiles(name, P).error
    even = WeightedSide(side.columns, side.unseen).quantiles(name, P).error
    return found > even


def only(each: Held, kept) -> Held:
    """Return a posterior with what it shows at some of its quantiles."""
    parts = {key: np.where(kept, getattr(each, key), np.nan) for key in ("z", "stated", "off")}
    return each._replace(**parts)


def exact_side(made):
    """Return the Laplace approximation and the reference of a regression, as a run makes them."""
    d = len(made.names)
    known = SimpleNamespace(
        kind=made.kind,
        parameters=made.names,
        lower=np.full(d, -np.inf),
        upper=np.full(d, np.inf),
        quantities={},
        start=None,
        log_density=made.log_density,
        gradient=made.gradient,
    )
    posterior = posterior_from(known)
    mode = plain_record(mode_step(posterior, "natural", {}))
    laplace = assemble_laplace(posterior, mode, plain_record(curvature_step(posterior, mode)))
    budget = Allowance(EVALUATIONS, SEED, AT_MOST)
    return laplace, reference_step([laplace], [NO_GRID], budget, say=lambda text: None)


def counted(normal, exact, truth):
    """Return how many intervals there are, on how many the draws are sure, and how many of those
    are wrong; `normal` (d, 5), `exact` (values, errors, scales with errors)."""
    value, error, scales = exact
    off = np.abs(normal - value) / scales[:, :1]
    own = 2 * (error + off * scales[:, 1:]) / scales[:, :1]
    true_off = np.abs(normal - truth.value) / truth.scale[:, None]
    doubt = 3 * (truth.error + true_off * truth.scale_error[:, None]) / truth.scale[:, None]
    sure = wrong = 0
    for ends in INTERVALS:
        there = list(ends)
        good = np.all((off + own)[:, there] <= TOLERANCE, axis=1)
        bad = np.any((off - own)[:, there] > TOLERANCE, axis=1)
        truly_bad = np.any((true_off - doubt)[:, there] > TOLERANCE, axis=1)
        truly_good = np.all((true_off + doubt)[:, there] <= TOLERANCE, axis=1)
        sure += int(np.sum(good | bad))
        wrong += int(np.sum(good & truly_bad) + np.sum(bad & truly_good))
    return np.array([2 * len(normal), sure, wrong])


HEAD = (
    f"{'kind':22} {'n':>3} {'none':>4} {'quantiles':>9} {'not known':>9} {'within 1':>8} "
    f"{'within 2':>8} {'band':>6} {'z-RMS by quantile':26} {'largest':>7} {'off':>6} {'stated':>6} "
    f"{'verdicts':>8} {'sure':>6} {'wrong':>5} {'halves':>6} {'k':>5} {'evaluations':>11} {'s':>5}"
)


def row(name: str, found: list[Held], of_all: bool = True) -> str:
    """Return the row of some posteriors: shares, RMS of z, medians of k, evaluations, seconds.

    Where it is not `of_all` their quantiles, it ends before what is of whole posteriors.
    """
    z, stated, off, halves = (
        np.concatenate([getattr(each, key) for each in found])
        for key in ("z", "stated", "off", "halves")
    )
    known = np.isfinite(z)
    one, two, band = (np.mean(np.abs(z[known]) <= width) for width in (1, 2, 1.959964))
    levels = "/".join(f"{rms(column):.2f}" for column in z.T)
    verdicts = np.sum([each.verdicts for each in found], axis=0)
    none = sum(each.reason is not None for each in found)
    known_k = [each.record["pareto_k"] for each in found if each.record["pareto_k"] is not None]
    largest = np.max(np.abs(z[known]), initial=0.0)
    sizes = np.median([each.record["evaluations"] for each in found])
    seconds = np.median([each.seconds for each in found])
    own = (
        f"{name:22} {len(found):3} {none:4} {known.sum():9} {1 - known.mean():9.1%} {one:8.1%} "
        f"{two:8.1%} {band:6.1%} {levels:26} {largest:7.1f} {rms(off):6.4f} {rms(stated):6.4f}"
    )
    if not of_all:
        return own
    return (
        f"{own} {verdicts[0]:8} {verdicts[1] / verdicts[0]:6.1%} {verdicts[2]:5} "
        f"{rms(halves):6.2f} {np.median(known_k) if known_k else np.nan:5.2f} "
        f"{sizes:11.0f} {seconds:5.1f}"
    )


def rms(x) -> float:
    """Return the root mean square of what is known of x, NaN where nothing is."""
    x = x[np.isfinite(x)]
    return float(np.sqrt(np.mean(x**2))) if x.size else np.nan


def main() -> int:
    """Hold the posteriors of some seeds, and print a row for each kind and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="the first of the seeds")
    parser.add_argument("--truth", type=int, nargs=3, default=(CHAINS, WARM_UP, KEPT))
    parser.add_argument("--each", action="store_true", help="print every posterior as it is held")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print(HEAD, flush=True)
    found: list[Held] = []
    for seed in range(asked.seed, asked.seed + asked.number):
        found.append(held(seed, asked.truth))
        if asked.each:
            print(row(f"{seed}: {found[-1].kind}", found[-1:]), flush=True)
    for kind in sorted({each.kind for each in found}):
        print(row(kind, [each for each in found if each.kind == kind]))
    print(row("all", found))
    print(row("all, weights even", [only(each, ~each.uneven) for each in found], False))
    print(row("all, weights uneven", [only(each, each.uneven) for each in found], False))
    for each in found:
        if each.reason:
            print(f"{each.kind}, nothing serves: {each.reason}")
    return 0 if any(each.reason is None for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
