"""The steps of the chain on a known posterior, one after another in this process.

This is the only file of the benchmark that imports the core: what is held against a truth comes out
of here as plain records and columns.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from laplace_approx.comparison.step import sides_step
from laplace_approx.curvature.step import curvature_step
from laplace_approx.density.frozen import Posterior
from laplace_approx.density.model import Model
from laplace_approx.density.priors import build_prior
from laplace_approx.exact.step import grid_step
from laplace_approx.mode.step import mode_step
from laplace_approx.reference.step import Allowance, reference_step
from laplace_approx.remedies.judge import find_judge
from laplace_approx.remedies.step import Trial, remedies_step
from laplace_approx.verdict.step import verdict_step
from laplace_files.artifacts.artifacts import plain
from laplace_files.cases.grid import assemble_exact
from laplace_files.cases.laplace import assemble_laplace
from laplace_files.cases.posterior import frozen
from laplace_files.models import parts

SEED = 42
EVALUATIONS = 64_000  # of the draws that stand in for a grid


class Stated(NamedTuple):
    """All that the chain states of a posterior: records by step, and tables as columns."""

    mode: dict
    curvature: dict
    grid: dict
    verdict: dict
    quantiles: dict
    remedies: dict
    methods: dict


def stated(known, probabilities, tolerance: float, remedies: bool = True) -> Stated:
    """Return what the chain states of a known posterior in its natural space.

    Without `remedies` the normal and the grid are all that is judged.
    """
    posterior = posterior_from(known)
    mode = plain_record(mode_step(posterior, "natural", {}))
    laplace = assemble_laplace(posterior, mode, plain_record(curvature_step(posterior, mode)))
    tables = grid_step(posterior, "certified", {})
    grid = plain_record(tables.record)
    exact = assemble_exact(posterior.model, grid, tables.cells, tables.marginals)
    reference = reference_step(
        [laplace], [grid], Allowance(EVALUATIONS, SEED), say=lambda text: None
    )
    judge = find_judge(exact, reference, laplace.mode, tolerance)
    quantiles = sides_step(laplace, exact, judge, probabilities)
    trial = Trial(SEED, tolerance, "all" if remedies else "signals")
    made = remedies_step(laplace, exact, reference, {}, trial)
    record = plain_record(made.record)
    verdict = verdict_step(laplace, exact, reference, made.remedies, record, tolerance)
    return Stated(
        laplace.mode,
        laplace.curvature,
        grid,
        plain_record(verdict),
        {name: _columns(each) for name, each in quantiles.items()},
        _columns(made.remedies),
        record["methods"],
    )


def posterior_from(known) -> Posterior:
    """Return the posterior of a known log density, with its gradient where that is known too."""
    names = parts.parameters(known.parameters)
    ends = zip(names, known.lower, known.upper, strict=True)
    support = {name: (_end(low), _end(high)) for name, low, high in ends}
    lower, upper = parts.support(support, names)
    functions = {name: each.function for name, each in known.quantities.items()}
    asked = parts.quantities(functions or None, names)
    start = None if known.start is None else tuple(float(x) for x in known.start)
    model = Model(
        name=known.kind,
        parameters=names,
        log_likelihood=known.log_density,
        gradient=getattr(known, "gradient", None),
        hessian=None,
        lower=lower,
        upper=upper,
        start=parts.start(start, names, lower, upper),
        quantities=asked,
        conditions={},
        monotone=None,
    )
    described = {"model": {}, "data": None, "quantities": {}}
    record = plain_record(frozen({"model": known.kind, "prior": "flat"}, described, model, {}))
    return Posterior(record, {}, model, build_prior({}, names))


def _end(bound: float) -> float | None:
    return float(bound) if np.isfinite(bound) else None


def _columns(columns: dict) -> dict:
    """Return the columns of a table as they are on disk: arrays, and lists of text."""
    return {
        name: values if isinstance(values, np.ndarray) else list(values)
        for name, values in columns.items()
    }


def plain_record(record: dict) -> dict:
    """Return a record as it would be read back: strictly plain, nothing that is not finite."""
    return json.loads(json.dumps(plain(record), allow_nan=False))
