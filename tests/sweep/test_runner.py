"""A scenario of a sweep gives what the steps give one by one, to the last digit."""

import json

import pytest

from cases_in_memory import reference_of
from laplace_approx.comparison.step import quantiles_step, sides_step
from laplace_approx.remedies.judge import find_judge
from laplace_approx.remedies.step import Trial, remedies_step
from laplace_approx.verdict.step import verdict_step
from laplace_files.artifacts.artifacts import plain
from laplace_files.cases.grid import assemble_exact
from laplace_files.cases.laplace import assemble_laplace
from laplace_sweep.runner import Runner
from project_copy import PROJECT
from sweeps_on_disk import BIOASSAY, WINDSHIELD, plan_of


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(PROJECT)


def scenarios(base, vary, probabilities, remedies="none"):
    sweep = {"base": base, "vary": vary, "remedies": remedies}
    return plan_of(sweep, probabilities=probabilities).scenarios


@pytest.mark.parametrize(
    ("base", "vary", "remedies"),
    [
        (BIOASSAY, {"prior.beta.sd": [2, 60], "space.beta": ["identity", "log"]}, "none"),
        (BIOASSAY, {"prior": ["flat"], "replicate": [1, 3]}, "signals"),
        (WINDSHIELD, {"space": ["natural", "sigma_squared"]}, "none"),
    ],
)
@pytest.mark.parametrize("probabilities", [[0.025, 0.25, 0.5, 0.75, 0.975], [0.1, 0.33, 0.6]])
def test_a_scenario_gives_what_each_step_gives_alone(base, vary, remedies, probabilities):
    """Probabilities that nothing else asks for are found in another company in a sweep."""
    runner = Runner()
    for scenario in scenarios(base, vary, probabilities, remedies):
        _compare(runner.run(scenario), scenario.definition)


def _compare(outcome, definition):
    assert outcome.error is None
    alone = Runner()
    posterior = alone._posterior(definition)
    tables = alone._grid(definition, posterior)

    def opened():
        """Both sides, as a job reads them from disk."""
        records = [json.loads(json.dumps(outcome.records[name])) for name in ("mode", "curvature")]
        return assemble_laplace(posterior, *records), assemble_exact(posterior.model, *tables)

    laplace, exact = opened()
    drawn = [outcome.tables[name][0][1] for name in ("draws", "grid_draws")]
    reference = reference_of([laplace], [exact.record])
    judge = find_judge(exact, reference, laplace.mode, definition["tolerance"])
    sides = sides_step(laplace, exact, judge, definition["probabilities"])
    quantiles = quantiles_step(laplace, sides, *drawn, definition["probabilities"])
    _same(quantiles, outcome.tables["quantiles"][0][1])
    tolerance = definition["tolerance"]
    trial = Trial(definition["seeds"]["draws"][0], tolerance, definition["remedies"])
    made = remedies_step(*opened(), reference, {}, trial)
    _same(made.remedies, outcome.tables["remedies"][0][1])
    told = reference, made.remedies, plain(made.record), tolerance
    assert plain(verdict_step(*opened(), *told)) == outcome.records["verdict"]


def _same(alone, swept):
    assert alone.keys() == swept.keys()
    for name in alone:
        assert [str(x) for x in alone[name]] == [str(x) for x in swept[name]], name


def test_what_goes_wrong_with_a_scenario_is_a_row_and_what_is_wrong_with_the_machine_is_not(
    monkeypatch,
):
    (scenario,) = scenarios(BIOASSAY, {"seed": [1]}, [0.5])

    def failing(error):
        def step(*_):
            raise error

        monkeypatch.setattr("laplace_sweep.runner.grid_step", step)
        return Runner().run(scenario)

    outcome = failing(ZeroDivisionError("a fault of the model"))
    assert {record["status"] for record in outcome.records.values()} == {"failed"}
    assert "a fault of the model" in outcome.records["verdict"]["message"]
    for error in (MemoryError(), OSError(28, "No space left on device")):
        with pytest.raises(type(error)):
            failing(error)


def test_what_seeds_share_is_computed_once(monkeypatch):
    calls = []
    from laplace_sweep import runner

    original = runner.mode_step
    monkeypatch.setattr(runner, "mode_step", lambda *a: calls.append(1) or original(*a))
    runner = Runner()
    found = [runner.run(each) for each in scenarios(BIOASSAY, {"seed": [1, 2, 3]}, [0.5])]
    assert len(calls) == 1
    assert len({str(each.tables["draws"][0][1]["beta"][:3]) for each in found}) == 3
