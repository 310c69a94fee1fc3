"""Sweeps: their settings, their scenarios, and the chunks that these are cut into."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import write_json, write_table
from laplace_files.config import strict_yaml
from laplace_files.config.checks import check_config
from laplace_sweep.definition import MAX_SCENARIOS, open_sweeps
from laplace_sweep.plan import INVENTORY, Plan, scenarios_of_part
from laplace_sweep.replay import overlay
from laplace_sweep.scenarios import scenarios_of
from laplace_sweep.settings import place, values_of
from project_copy import PROJECT

DEFAULT = strict_yaml.load(PROJECT / "config/config.yaml")
BASE = {"model": "bioassay", "prior": "normal_sd", "space": "natural", "grid": "chapter"}
SCALE, SEED = {"geometric": [1, 100, 5]}, {"range": [0, 3]}


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(PROJECT)


def configured(vary, **more):
    """Return a checked configuration with one sweep."""
    base = more.pop("base", BASE)
    sweep = {"base": base, "vary": vary, **more}
    return check_config({**copy.deepcopy(DEFAULT), "sweeps": {"s": sweep}}, "my.yaml")


def opened(vary, **more):
    """Return the sweep and the configuration that it stands in."""
    config = configured(vary, **more)
    return open_sweeps(config)["s"], config


def scenarios(vary, **more):
    return scenarios_of(*opened(vary, **more))


# ------------------------------------------------------------------ values


def test_a_range_leaves_its_stop_out():
    assert values_of({"range": [3, 9, 2]}, "") == [3, 5, 7]


@given(first=st.floats(1e-3, 1e3), factor=st.floats(1.01, 1e3), count=st.integers(2, 30))
def test_neighbours_of_a_geometric_sequence_have_one_ratio(first, factor, count):
    values = values_of({"geometric": [first, first * factor, count]}, "")
    assert len(values) == count
    assert values[0] == first and values[-1] == first * factor
    ratios = np.diff(np.log(values))
    # the logarithm of a number that is right to the last bit
    assert np.ptp(ratios) < 1e-13 * max(1, np.max(np.abs(np.log(values))))


def test_whole_rounds_a_sequence():
    assert values_of({"geometric": [10, 1000, 3], "whole": True}, "") == [10, 100, 1000]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"range": [3, 3]}, "has no values"),
        ({"range": [0, 5, 0]}, "the step is 0"),
        ({"geometric": [0, 5, 3]}, "must be positive"),
        ({"linear": [0, 5, 2.5]}, "not a whole number"),
        ({"linear": [0, 5, 1]}, "from 2 to"),
        ({"linear": [0, 1, 3], "range": [0, 2]}, "takes one of"),
        ({}, "takes one of"),
        ([1, 2, 1.0], "1.0 is given more than once"),
        ({"range": [0, 10**9]}, "at most"),
    ],
)
def test_values_that_make_no_setting_are_refused(definition, said):
    with pytest.raises(InputError, match=said) as caught:
        values_of(definition, "sweeps.s.vary.seed")
    assert "sweeps.s.vary.seed" in str(caught.value)


# ------------------------------------------------------------------ settings


def test_a_star_reaches_every_entry_and_leaves_the_original_alone():
    original = {"a": {"points": 1}, "b": {"points": 2}}
    assert place(original, ["*", "points"], 9, "") == {"a": {"points": 9}, "b": {"points": 9}}
    assert original["a"]["points"] == 1


def test_a_step_into_a_list_is_an_index():
    assert place({"mean": [0, 10]}, ["mean", "1"], 7, "") == {"mean": [0, 7]}
    with pytest.raises(InputError, match="no index"):
        place({"mean": [0, 10]}, ["mean", "2"], 7, "")


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ({"prio.beta.sd": [1]}, "there is no setting 'prio'"),
        ({"prior.beta.ds": [1]}, "ds"),
        ({"prior.gamma.sd": [1]}, "gamma"),
        ({"prior.beta.sd": [1, -2]}, "at the value -2"),
        ({"prior.beta.sd": ["much"]}, "at the value much"),
        ({"prior": ["flat", "flta"]}, "no prior 'flta'.*flat"),
        ({"space.beta": ["log", "lgo"]}, "at the value lgo"),
        ({"space.delta": ["log"]}, "delta"),
        ({"grid.beta.upper": [40, -20]}, "at the value -20: grid.beta"),
        ({"grid.beta.points": [2.5]}, "at the value 2.5"),
        ({"grid.*.points": [10**5]}, "cells"),
        ({"seed": [-1]}, "-1 is not at least 0"),
        ({"seed": [0.5]}, "0.5"),
        ({"n_draws": [1]}, "1 is not at least 2"),
        ({"tolerance": [0]}, "0 is not above 0"),
        ({"replicate": [0]}, "0 is not at least 1"),
        ({"seed.x": [0]}, "has nothing below it"),
        ({"prior..sd": [0]}, "two dots"),
        ({"seed": {"range": [0, 1000]}, "n_draws": {"range": [2, 502]}}, "500000 scenarios"),
    ],
)
def test_a_bad_setting_is_named_with_its_value(vary, said):
    with pytest.raises(InputError, match=said) as caught:
        opened(vary)
    first = next(iter(vary))
    assert "sweeps.s.vary" in str(caught.value)
    assert first in str(caught.value)


def test_the_limit_of_scenarios_is_stated():
    with pytest.raises(InputError, match=str(MAX_SCENARIOS)):
        opened({"seed": {"range": [0, 1000]}, "n_draws": {"range": [2, 502]}})


def test_an_empty_list_of_values_is_refused_by_the_schema():
    with pytest.raises(InputError, match=r"sweeps\.s\.vary\.seed: is an empty list"):
        configured({"seed": []})


def test_zip_takes_as_many_values_of_every_setting():
    with pytest.raises(InputError, match="seed has 3"):
        opened({"prior.beta.sd": [1, 2], "seed": SEED}, combine="zip")


def test_settings_that_only_together_are_wrong_are_refused():
    vary = {"grid.beta.lower": [-10, 50], "grid.beta.upper": [40, 60]}
    assert len(scenarios(vary, combine="zip")) == 2
    with pytest.raises(InputError, match=r"lower 50 is not below upper 40") as caught:
        scenarios(vary)
    assert "at the value 50, 40" in str(caught.value)


def test_an_unknown_name_in_the_base_is_refused():
    with pytest.raises(InputError, match=r"sweeps\.s\.base\.prior: .*'flot'.*flat"):
        opened({"seed": SEED}, base=BASE | {"prior": "flot"})


# ------------------------------------------------------------------ scenarios


def test_a_product_has_every_combination_the_last_setting_fastest():
    found = scenarios({"prior.beta.sd": [1, 2], "seed": [5, 6, 7]})
    assert [each.settings for each in found] == [(a, b) for a in (1, 2) for b in (5, 6, 7)]
    for each in found:
        assert each.definition["prior_definition"]["beta"]["sd"] == each.settings[0]
        assert each.definition["seeds"] == {"draws": [each.settings[1]], "grid": [each.settings[1]]}


def test_zip_takes_values_in_pairs():
    found = scenarios({"prior.beta.sd": [1, 2], "n_draws": [10, 20]}, combine="zip")
    assert [each.settings for each in found] == [(1, 10), (2, 20)]


def test_a_number_written_as_text_is_the_number():
    found = scenarios({"prior.beta.sd": ["1e-1", 2]})
    assert found[0].definition["prior_definition"]["beta"]["sd"] == 0.1


def test_a_name_and_a_place_in_what_it_names_go_together():
    vary = {"prior": ["normal_sd", "normal_variance"], "prior.beta.mean": [5, 10]}
    found = [each.definition["prior_definition"]["beta"] for each in scenarios(vary)]
    assert [each["mean"] for each in found] == [5, 10, 5, 10]
    assert ["sd" in each for each in found] == [True, True, False, False]


def test_what_is_not_varied_is_that_of_the_configuration():
    definition = scenarios({"seed": [1]})[0].definition
    assert definition["grid_definition"] == DEFAULT["models"]["bioassay"]["grids"]["chapter"]
    assert (definition["n_draws"], definition["tolerance"]) == (1500, 0.1)
    assert definition["replicate"] == 1


def test_a_key_depends_on_all_that_makes_the_numbers_and_on_no_name():
    vary = {
        "prior.beta.sd": [1, 2],
        "space.beta": ["identity", "log"],
        "grid.beta.upper": [40, 50],
        "seed": [0, 1],
        "n_draws": [10, 20],
        "tolerance": [0.1, 0.2],
        "replicate": [1, 2],
    }
    found = scenarios(vary)
    assert len({each.key for each in found}) == 2**7
    config = configured({"seed": [1]})
    renamed = copy.deepcopy(config)
    priors = renamed["models"]["bioassay"]["priors"]
    priors["other"] = priors["normal_sd"]
    renamed["sweeps"]["s"]["base"] = BASE | {"prior": "other"}
    keys = [scenarios_of(open_sweeps(c)["s"], c)[0].key for c in (config, renamed)]
    assert keys[0] == keys[1]


def test_two_settings_that_make_the_same_scenario_are_refused():
    vary = {"grid": ["chapter"], "grid.alpha.points": [100], "prior": ["flat", "flat_again"]}
    config = configured({"seed": [1]})
    config["models"]["bioassay"]["priors"]["flat_again"] = {}
    config["sweeps"]["s"]["vary"] = vary
    with pytest.raises(InputError, match="the same scenario"):
        scenarios_of(open_sweeps(config)["s"], config)


def test_values_of_a_definition_may_be_many():
    assert len(scenarios({"prior.beta.sd": {"geometric": [1, 100, 6000]}})) == 6000
    together = {"grid.alpha.points": {"range": [10, 90]}, "grid.beta.points": {"range": [10, 90]}}
    assert len(scenarios(together)) == 6400


def test_zip_takes_a_level_more_than_once():
    vary = {"prior.beta.sd": [1, 1, 2, 2], "seed": [0, 1, 0, 1]}
    assert len(scenarios(vary, combine="zip")) == 4
    with pytest.raises(InputError, match="the same scenario"):
        scenarios({"prior.beta.sd": [1, 1], "seed": [0, 0]}, combine="zip")


def test_a_scenario_as_a_configuration_passes_its_checks():
    for each in scenarios({"prior.beta.sd": [1, 2], "space.beta": ["log"], "replicate": [3]}):
        laid = overlay(each.key, each.definition)
        models = DEFAULT["models"] | laid["models"]
        config = check_config(copy.deepcopy(DEFAULT | laid | {"models": models}), "scenario")
        entry = config["models"][f"bioassay-{each.key}"]
        assert entry["priors"]["normal_sd"] == each.definition["prior_definition"]
        assert entry["spaces"]["natural"] == {"beta": "log"}
        assert entry["replicate"] == 3


# ------------------------------------------------------------------ chunks


def planned(folder, vary, **more):
    return Plan(*opened(vary, **more), results=str(folder))


def finish(plan, chunk):
    """Leave on disk what tells that a chunk is there."""
    keys = [plan.scenarios[i].key for i in plan.chunks[chunk]]
    write_json(plan.folder / chunk / INVENTORY, {"scenarios": keys})


@given(chunk=st.integers(1, 20))
def test_chunks_hold_every_scenario_once(tmp_path_factory, chunk):
    plan = planned(
        tmp_path_factory.mktemp("plan"), {"prior.beta.sd": SCALE, "seed": SEED}, chunk=chunk
    )
    places = [i for own in plan.chunks.values() for i in own]
    assert sorted(places) == list(range(15))
    assert max(map(len, plan.chunks.values())) <= chunk


def test_scenarios_of_one_posterior_stay_together(tmp_path):
    plan = planned(tmp_path, {"seed": SEED, "prior.beta.sd": SCALE}, chunk=7)
    scales = [{plan.scenarios[i].settings[1] for i in own} for own in plan.chunks.values()]
    assert [len(own) for own in plan.chunks.values()] == [6, 6, 3]
    assert sum(map(len, scales)) == 5


def test_an_automatic_chunk_is_a_quarter_within_limits(tmp_path):
    sizes = {
        n: max(map(len, planned(tmp_path, {"seed": {"range": [0, n]}}).chunks.values()))
        for n in (10, 200, 1000, 10000)
    }
    assert sizes == {10: 10, 200: 50, 1000: 250, 10000: 500}


def test_what_is_finished_is_kept_in_whatever_order_it_finishes(tmp_path):
    vary = {"prior.beta.sd": SCALE, "seed": SEED}
    first = planned(tmp_path, vary, chunk=4)
    names = list(first.chunks)
    for name in (names[2], names[0]):
        finish(first, name)
        assert set(planned(tmp_path, vary, chunk=4).chunks) == set(names)


def test_a_value_added_to_a_setting_costs_its_own_scenarios_only(tmp_path):
    before = planned(tmp_path, {"prior.beta.sd": [1, 4], "seed": SEED}, chunk=4)
    parts = {chunk: before.part(chunk) for chunk in before.chunks}
    for chunk in before.chunks:
        finish(before, chunk)
    after = planned(tmp_path, {"prior.beta.sd": [1, 2, 4], "seed": {"range": [0, 4]}}, chunk=4)
    assert parts.items() <= {chunk: after.part(chunk) for chunk in after.chunks}.items()
    added = set(after.chunks) - set(before.chunks)
    done = {before.scenarios[i].key for own in before.chunks.values() for i in own}
    new = {after.scenarios[i].key for chunk in added for i in after.chunks[chunk]}
    assert not done & new
    assert len(new) == 12 - 6


def test_a_chunk_that_finishes_renames_no_other(tmp_path):
    """Short neighbours of what is finished must not be joined: their jobs are at work."""
    vary = {"prior.beta.sd": SCALE, "seed": {"range": [0, 7]}}
    names = list(planned(tmp_path, vary, chunk=5).chunks)
    sizes = [len(own) for own in planned(tmp_path, vary, chunk=5).chunks.values()]
    assert min(sizes) < 3
    for name in sorted(names):
        finish(planned(tmp_path, vary, chunk=5), name)
        assert set(planned(tmp_path, vary, chunk=5).chunks) == set(names)


def test_what_an_older_cut_left_is_kept_and_the_rest_keeps_its_names(tmp_path):
    for chunk in (5, 7):
        plan = planned(tmp_path, {"prior.beta.sd": SCALE, "seed": SEED}, chunk=chunk)
        finish(plan, next(iter(plan.chunks)))
    plan = planned(tmp_path, {"prior.beta.sd": SCALE, "seed": SEED}, chunk=4)
    places = sorted(i for own in plan.chunks.values() for i in own)
    assert places == list(range(15))
    for name in list(plan.chunks):
        finish(plan, name)
        again = planned(tmp_path, {"prior.beta.sd": SCALE, "seed": SEED}, chunk=4)
        assert set(again.chunks) == set(plan.chunks)


def test_a_damaged_inventory_makes_its_scenarios_run_again(tmp_path):
    vary = {"seed": SEED}
    plan = planned(tmp_path, vary)
    (chunk,) = plan.chunks
    finish(plan, chunk)
    (plan.folder / chunk / INVENTORY).write_text("{")
    assert list(planned(tmp_path, vary).chunks) == [chunk]


@pytest.mark.parametrize("text", ["[]", '{"scenarios": [1]}', '{"scenarios": 1}', "[" * 100_000])
def test_an_inventory_of_another_form_is_none(tmp_path, text):
    plan = planned(tmp_path, {"seed": SEED})
    (chunk,) = plan.chunks
    finish(plan, chunk)
    (plan.folder / chunk / INVENTORY).write_text(text)
    assert list(planned(tmp_path, {"seed": SEED}).chunks) == [chunk]


def test_a_chunk_that_lost_its_inventory_is_known_by_a_table(tmp_path):
    """Also one of an older cut, which no plan would make by itself."""
    vary = {"prior.beta.sd": SCALE, "seed": SEED}
    plan = planned(tmp_path, vary, chunk=7)
    chunk = next(iter(plan.chunks))
    keys = [plan.scenarios[i].key for i in plan.chunks[chunk]]
    write_table(plan.folder / chunk / "posterior.parquet", {"scenario": keys}, {})
    assert chunk in planned(tmp_path, vary, chunk=4).chunks
    write_table(plan.folder / chunk / "posterior.parquet", {"scenario": keys[1:]}, {})
    assert chunk not in planned(tmp_path, vary, chunk=4).chunks


def test_a_job_makes_the_same_scenarios_of_its_part(tmp_path):
    vary = {"prior": ["normal_sd", "bda"], "space.beta": ["identity", "log"], "seed": SEED}
    for remedies in ("none", "all"):
        plan = planned(tmp_path, vary, chunk=5, remedies=remedies)
        for chunk, own in plan.chunks.items():
            assert scenarios_of_part(plan.part(chunk)) == [plan.scenarios[i] for i in own]
        assert scenarios_of_part(plan.whole()) == plan.scenarios


def test_a_chunk_knows_nothing_of_what_it_does_not_use(tmp_path):
    plan = planned(tmp_path, {"seed": SEED})
    other = copy.deepcopy(plan.config)
    other["models"]["bioassay"]["priors"]["flat"] = {"beta": {"family": "reciprocal"}}
    other["seeds"] = {"draws": [1], "grid": [2]}
    other["cases"] = other["cases"][:1]
    changed = Plan(open_sweeps(other)["s"], other, results=str(tmp_path))
    (chunk,) = plan.chunks
    assert changed.part(chunk) == plan.part(chunk)


def test_scale_of_a_plan():
    """A hundred thousand scenarios are planned by arithmetic, not by checking each of them."""
    sweep, config = opened(
        {"prior.beta.sd": {"geometric": [1, 100, 100]}, "seed": {"range": [0, 1000]}}
    )
    assert sweep.size == 100_000
    plan = Plan(sweep, config, results="nowhere")
    assert len({each.key for each in plan.scenarios}) == 100_000
    assert math.isclose(len(plan.chunks), 200, abs_tol=1)
