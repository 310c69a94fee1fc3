"""Scenarios through every step of the chain, one after another in one process.

The steps are those of the chain, called on the same values: a scenario run as a case gives the same
numbers to the last digit, as what a side answers does not depend on what it was asked before. What
several steps or scenarios share (the model, a posterior, its mode, its grid) is computed once.
"""

import json
import sys
import traceback
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.comparison.exact import Exact
from laplace_approx.comparison.step import quantiles_step, sides_step
from laplace_approx.curvature.matrices import split
from laplace_approx.curvature.step import curvature_step
from laplace_approx.density.frozen import Posterior
from laplace_approx.density.priors import build_prior
from laplace_approx.exact.cells import grid_draws_step
from laplace_approx.exact.step import GridTables, grid_step
from laplace_approx.mode.step import mode_step
from laplace_approx.normal.draws import draws_step
from laplace_approx.reference.step import Allowance, reference_step
from laplace_approx.remedies.judge import find_judge
from laplace_approx.remedies.step import Trial, remedies_step
from laplace_approx.remember import Memo
from laplace_approx.verdict.step import verdict_step
from laplace_approx.words.printable import printable
from laplace_files.artifacts.artifacts import plain
from laplace_files.cases.grid import assemble_exact
from laplace_files.cases.laplace import assemble_laplace
from laplace_files.cases.posterior import Sources, describe, frozen
from laplace_files.models.data import read_replicated
from laplace_files.models.modelfile import load_model
from laplace_files.models.watch import watch_of
from laplace_sweep.scenarios import Scenario

MOST = 8  # results of a step that are kept at hand
SHARED = {"exact": 2}  # fewer of those that grow


class Outcome(NamedTuple):
    """What became of a scenario: `records` and `tables` by step, `error` where it failed."""

    records: dict[str, dict]
    tables: dict[str, list[tuple[dict, dict]]]
    error: str | None


class Runner:
    """Runs scenarios; `tables` names the large tables that are wanted."""

    def __init__(self, wanted=("draws", "grid_draws", "marginals", "mass", "reference")):
        self.wanted = wanted
        self._kept: dict[str, Memo] = {}

    def run(self, scenario: Scenario) -> Outcome:
        """Return what every step leaves of a scenario.

        Whatever goes wrong with it costs this scenario only: its records then say so. What says
        something of the machine, and not of the scenario, ends the job.
        """
        try:
            return self._steps(scenario.definition)
        except (MemoryError, OSError):
            raise
        except Exception as error:
            # for the log; a person reads the row
            print(printable(traceback.format_exc()), end="", file=sys.stderr)
            said = " ".join(f"{type(error).__name__}: {error}".split())
            failed = {"status": "failed", "reason": "error", "message": said}
            return Outcome(
                dict.fromkeys(("mode", "curvature", "grid", "verdict"), failed), {}, said
            )

    def _steps(self, definition: dict) -> Outcome:
        names = {kind: definition[kind] for kind in ("model", "prior", "space", "grid")}
        posterior = self._posterior(definition)
        laplace = self._laplace(definition, posterior, names["space"], _of(definition, "space"))
        tables = self._grid(definition, posterior)
        exact = self._exact(definition, posterior, tables)
        seeds, n_draws = definition["seeds"], definition["n_draws"]
        draws = [({"seed": seed}, draws_step(laplace, seed, n_draws)) for seed in seeds["draws"]]
        grid_draws = [
            ({"seed": seed}, grid_draws_step(posterior, exact.cells, seed, n_draws))
            for seed in seeds["grid"]
        ]
        reference = self._reference(definition, laplace, exact)
        sides = self._sides(definition, laplace, exact, reference)
        drawn = (_stacked(draws), _stacked(grid_draws), definition["probabilities"])
        quantiles = quantiles_step(laplace, sides, *drawn)
        remedies, verdict = self._verdict(definition, laplace, exact, reference)
        found = {
            "draws": draws,
            "grid_draws": grid_draws,
            "quantiles": [({}, quantiles)],
            "remedies": [({}, remedies.remedies)],
            "reference": [({}, reference.draws)],
            "marginals": [({}, tables.marginals)],
            "mass": [({}, tables.cells)],
        }
        records = {
            "posterior": posterior.record,
            "mode": laplace.mode,
            "curvature": split(laplace.curvature, len(laplace.mode["coordinates"]))[0],
            "grid": exact.record,
            "verdict": verdict,
        }
        always = ("quantiles", "remedies")
        kept = {step: found[step] for step in found if step in always or step in self.wanted}
        return Outcome(records, kept, None)

    def _posterior(self, definition: dict) -> Posterior:
        def make():
            sources = Sources(definition["file"], definition["data"], definition["replicate"])
            data, model, described = self._once("model", sources, lambda: _open_model(sources))
            case = {"model": definition["model"], "prior": definition["prior"]}
            prior = definition["prior_definition"]
            record = plain(frozen(case, described, model, prior))
            return Posterior(record, data, model, build_prior(prior, model.parameters))

        return self._once("posterior", _posterior_key(definition), make)

    def _laplace(self, definition: dict, posterior: Posterior, name: str, space: dict):
        def make():
            mode = plain(mode_step(posterior, name, space))
            return assemble_laplace(posterior, mode, plain(curvature_step(posterior, mode)))

        return self._once("laplace", [_posterior_key(definition), name, space], make)

    def _sides(self, definition: dict, laplace, exact: Exact, reference) -> dict:
        """Return the quantiles of both sides, in which the seeds of their draws have no part."""

        def make():
            judge = find_judge(exact, reference, laplace.mode, definition["tolerance"])
            return sides_step(laplace, exact, judge, definition["probabilities"])

        key = [_grid_key(definition), definition["space"], *_reference_key(definition, exact)]
        return self._once("sides", key, make)

    def _grid(self, definition: dict, posterior: Posterior) -> GridTables:
        def make():
            tables = grid_step(posterior, definition["grid"], _of(definition, "grid"))
            return tables._replace(record=plain(tables.record))

        return self._once("grid", _grid_key(definition), make)

    def _exact(self, definition: dict, posterior: Posterior, tables: GridTables) -> Exact:
        """Return the exact side, which holds all that it has found so far."""

        def make():
            return assemble_exact(posterior.model, *tables)

        return self._once("exact", _grid_key(definition), make)

    def _others(self, definition: dict, laplace) -> dict:
        return {
            name: self._laplace(definition, laplace.posterior, name, space)
            for name, space in definition.get("other_spaces", {}).items()
        }

    def _reference(self, definition: dict, laplace, exact: Exact):
        """Return the reference draws and their record, the same from each space of a posterior."""

        def make():
            spaces = [laplace, *self._others(definition, laplace).values()]
            asked = definition["reference"]
            budget = Allowance(asked["evaluations"], _seed(definition, exact), asked["at_most"])
            made = reference_step(spaces, [exact.record], budget, say=lambda text: None)
            return made._replace(record=plain(made.record))

        key = [_grid_key(definition), *_reference_key(definition, exact)]
        return self._once("reference", key, make)

    def _verdict(self, definition: dict, laplace, exact: Exact, reference):
        """Return remedies and verdict; without draws in them they are those of any other seed."""
        tolerance, extent = definition["tolerance"], definition["remedies"]
        seed = _seed(definition, exact)

        def make():
            others = self._others(definition, laplace)
            made = remedies_step(laplace, exact, reference, others, Trial(seed, tolerance, extent))
            told = reference, made.remedies, plain(made.record), tolerance
            judged = verdict_step(laplace, exact, *told)
            return made, plain(judged)

        key = [_grid_key(definition), definition["space"], tolerance, extent]
        return self._once("verdict", [*key, *_reference_key(definition, exact)], make)

    def _once(self, step: str, key, make: Callable):
        """Return what `make` gives, or gave when it was last called for the same key."""
        kept = self._kept.setdefault(step, Memo(SHARED.get(step, MOST)))
        return kept.get(json.dumps(key, sort_keys=True), make)


def _seed(definition: dict, exact: Exact) -> int:
    """Return the seed of remedies and reference; 0 where nothing is drawn."""
    drawn = definition["remedies"] != "none" or exact.record["status"] != "ok"
    return definition["seeds"]["draws"][0] if drawn else 0


def _reference_key(definition: dict, exact: Exact) -> list:
    spaces = {definition["space"]: _of(definition, "space")}
    spaces |= definition.get("other_spaces", {})
    return [spaces, definition["reference"], _seed(definition, exact)]


def _posterior_key(definition: dict) -> list:
    keys = ("file", "data", "replicate", "model", "prior", "prior_definition")
    return [definition[key] for key in keys]


def _grid_key(definition: dict) -> list:
    return [_posterior_key(definition), definition["grid"], _of(definition, "grid")]


def _of(definition: dict, kind: str) -> dict:
    return definition[f"{kind}_definition"]


def _open_model(sources: Sources):
    data = read_replicated(sources.data_file, sources.replicate)
    model = load_model(sources.file, data)
    described = describe(sources, data, model)
    watch_of(sources.file).close("the sweep", described["model"]["files"])
    return data, model, described


def _stacked(blocks: list[tuple[dict, dict]]) -> dict[str, np.ndarray]:
    """Return the columns of several blocks of draws, one after another, as `read_tables` does."""
    first = blocks[0][1]
    return {name: np.concatenate([columns[name] for _, columns in blocks]) for name in first}
