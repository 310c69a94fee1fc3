"""Cases judged without files: the steps of the chain, called one after another."""

import json
from typing import NamedTuple

from laplace_approx.comparison.exact import Exact
from laplace_approx.curvature.step import curvature_step
from laplace_approx.density.frozen import Posterior
from laplace_approx.density.priors import build_prior
from laplace_approx.exact.step import grid_step
from laplace_approx.mode.step import mode_step
from laplace_approx.normal.laplace import Laplace
from laplace_approx.reference.step import Allowance, ReferenceTables, reference_step
from laplace_approx.remedies.step import RemedyTables, Trial, remedies_step
from laplace_approx.verdict.step import verdict_step
from laplace_files.artifacts.artifacts import plain
from laplace_files.cases.grid import assemble_exact
from laplace_files.cases.laplace import assemble_laplace
from laplace_files.cases.posterior import freeze
from laplace_files.models.data import read_data
from laplace_files.models.modelfile import load_model
from project_copy import PROJECT

MODELS = PROJECT / "workflow/scripts/laplace_approx/models"


class Judged(NamedTuple):
    """A case with all that was made of it."""

    laplace: Laplace
    exact: Exact
    reference: ReferenceTables
    tables: RemedyTables
    verdict: dict


def posterior_of(file, data_file=None, prior=None) -> Posterior:
    """Return a posterior opened from a model file, as if it had been frozen and read back."""
    file, prior = str(file), prior or {}
    data_file = str(PROJECT / "data" / data_file) if data_file else None
    record = freeze({"model": "m", "prior": "p"}, file, data_file, prior)
    data = read_data(data_file) if data_file else {}
    model = load_model(file, data)
    return Posterior(_as_json(record), data, model, build_prior(prior, model.parameters))


def laplace_of(posterior: Posterior, definition=None, name="natural") -> Laplace:
    """Return its Laplace approximation in a space, declined or not."""
    mode = _as_json(mode_step(posterior, name, definition or {}))
    return assemble_laplace(posterior, mode, _as_json(curvature_step(posterior, mode)))


def exact_of(posterior: Posterior, definition=None) -> Exact:
    """Return its grid as read back; without a definition the bounds are found and certified."""
    tables = grid_step(posterior, "g", definition or {})
    record = _as_json(tables.record)
    return assemble_exact(posterior.model, record, tables.cells, tables.marginals)


def judged(
    laplace: Laplace, exact: Exact, spaces=None, tolerance=0.1, seed=42, extent="all"
) -> Judged:
    """Return the case with its remedies, of that extent, and its verdict.

    Many arguments: they are the settings of a case.
    """
    reference = reference_of(
        [laplace, *(spaces or {}).values()], [exact.record], seed, at_most=1_500_000
    )
    tables = remedies_step(laplace, exact, reference, spaces or {}, Trial(seed, tolerance, extent))
    record = verdict_step(
        *(laplace, exact, reference, tables.remedies, _as_json(tables.record)), tolerance
    )
    return Judged(laplace, exact, reference, tables, _as_json(record))


def reference_of(laplaces, grids, seed=42, evaluations=64_000, at_most=0) -> ReferenceTables:
    """Return the reference of a posterior as read back, from its normals in some spaces."""
    budget = Allowance(evaluations, seed, at_most)
    made = reference_step(laplaces, grids, budget, say=lambda text: None)
    return made._replace(record=_as_json(made.record))


def _as_json(record: dict) -> dict:
    """Return a record as it would be read back: strictly plain, nothing that is not finite."""
    return json.loads(json.dumps(plain(record), allow_nan=False))
