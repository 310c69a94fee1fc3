"""The configuration: completed by its schema, and everything wrong with it said at once."""

import copy
import json
import math
import re
import time

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from laplace_approx.density.model import Model
from laplace_approx.errors import InputError
from laplace_approx.words.names import nearest, suggestion
from laplace_files.config import strict_yaml
from laplace_files.config.against_model import check_against_model
from laplace_files.config.checks import SCHEMA_FILE, check_config, check_overlay_files, expand_cases
from laplace_files.config.schema import coerce, completed
from project_copy import PROJECT

SCHEMA = strict_yaml.load(SCHEMA_FILE)
DEFAULT = strict_yaml.load(PROJECT / "config/config.yaml")
CHAPTER = DEFAULT["models"]["bioassay"]["grids"]["chapter"]


def minimal():
    return {
        "cases": [{"model": "m", "prior": "flat", "space": "natural", "grid": "certified"}],
        "models": {"m": {"file": "m.py"}},
    }


def changed(path, value, config=DEFAULT):
    """Return the configuration with the value at the path of keys, or without it for `...`."""
    config = copy.deepcopy(config)
    *parents, last = path
    inner = config
    for key in parents:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return config


def refusal(config):
    with pytest.raises(InputError) as caught:
        check_config(config, "my.yaml")
    message = str(caught.value)
    assert message.startswith("my.yaml: ")
    assert all(len(line) < 400 for line in message.split("\n")), "readable lines"
    return message


# ------------------------------------------------------------------ what is right


def test_the_shipped_configuration_passes_and_is_complete():
    checked = check_config(DEFAULT, "config.yaml")
    assert checked["n_draws"] == 1500
    assert checked["seeds"] == {"draws": [42], "grid": [99]}
    cases = expand_cases(checked)
    assert cases[:2] == [
        ("bioassay", "flat", "natural", "chapter"),
        ("bioassay", "normal_sd", "natural", "chapter"),
    ]
    assert len(cases) == 11


@pytest.mark.parametrize("overlay", ["models.yaml", "test.yaml"])
def test_a_shipped_overlay_passes(overlay):
    merged = DEFAULT | strict_yaml.load(PROJECT / "config" / overlay)
    assert check_config(merged, overlay)["cases"]


def test_the_overlay_of_all_models_leaves_none_out():
    merged = DEFAULT | strict_yaml.load(PROJECT / "config/models.yaml")
    cases = expand_cases(check_config(merged, "models.yaml"))
    for name, definition in merged["models"].items():
        for position, kind in enumerate(("priors", "spaces", "grids"), start=1):
            used = {case[position] for case in cases if case[0] == name}
            assert used == set(definition[kind]), (name, kind)


def test_a_minimal_configuration_gets_the_defaults_of_the_shipped_one():
    checked = check_config(minimal(), "my.yaml")
    for key in ("seeds", "n_draws", "probabilities", "tolerance", "strict"):
        assert checked[key] == check_config(DEFAULT, "")[key]
    assert checked["models"]["m"] == {
        "file": "m.py",
        "replicate": 1,
        "priors": {"flat": {}},
        "spaces": {"natural": {}},
        "grids": {"certified": {}},
        "reference": {},
    }


@pytest.mark.parametrize(
    ("entry", "whole"),
    [
        ("nuts", {"draws": [], "names": {}, "nuts": True}),
        ({"draws": "a.csv"}, {"draws": ["a.csv"], "names": {}, "nuts": False}),
        (
            {"draws": ["a.nc"], "names": {"beta": "b[1]"}, "nuts": True},
            {"draws": ["a.nc"], "names": {"beta": "b[1]"}, "nuts": True},
        ),
    ],
)
def test_draws_of_chains_are_asked_for_in_several_ways(entry, whole):
    once = check_config(changed(("models", "bioassay", "reference"), {"flat": entry}), "")
    assert once["models"]["bioassay"]["reference"] == {"flat": whole}
    assert check_config(once, "") == once


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"flat": {}}, "models.bioassay.reference.flat"),
        ({"flat": {"draws": []}}, "names no files of draws, and does not allow NUTS"),
        ({"flat": {"names": {"beta": "b"}}}, "names no files of draws"),
        ({"flat": "mcmc"}, "models.bioassay.reference.flat"),
        ({"flat": {"draw": "a.csv"}}, "unknown key"),
        ({"falt": "nuts"}, 'has no prior "falt"'),
        ({"draws": {"draws": "a.csv"}}, "write `reference: {PRIOR: {draws: ...}}`"),
    ],
)
def test_draws_of_chains_that_cannot_be_are_refused(entry, words):
    assert words in refusal(changed(("models", "bioassay", "reference"), entry))


def test_checking_changes_nothing_in_place_and_nothing_twice():
    before = copy.deepcopy(DEFAULT)
    once = check_config(DEFAULT, "config.yaml")
    assert before == DEFAULT
    assert check_config(once, "config.yaml") == once
    once["seeds"]["draws"].append(7)
    assert check_config(minimal(), "")["seeds"]["draws"] == [42], "defaults are not shared"


def test_every_key_is_described_here_and_in_the_readme():
    readme = (PROJECT / "config/README.md").read_text(encoding="utf-8")

    def keys(node):
        for key, inner in node.get("properties", {}).items():
            yield key, inner
            yield from keys(inner)
        for keyword in ("items", "additionalProperties", "else"):
            if isinstance(node.get(keyword), dict):
                yield from keys(node[keyword])

    nodes = [SCHEMA, *SCHEMA["$defs"].values()]
    found = [pair for node in nodes for pair in keys(node)]
    assert len(found) > 20
    for key, inner in found:
        assert inner.get("description"), f"{key} has no description"
        assert re.search(rf"\b{re.escape(key)}\b", readme), f"{key} is not in config/README.md"


def test_every_map_of_the_schema_is_closed_or_has_a_schema_of_its_values():
    def nodes(node):
        if isinstance(node, dict):
            yield node
        for inner in node.values() if isinstance(node, dict) else node:
            if isinstance(inner, dict | list):
                yield from nodes(inner)

    for node in nodes(SCHEMA):
        if node.get("type") == "object":
            rest = node.get("additionalProperties")
            assert rest is False or isinstance(rest, dict), node


def test_the_schema_is_a_valid_schema():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(SCHEMA)


def test_cases_are_products_in_order_and_each_once():
    config = {
        "cases": [
            {"model": "a", "prior": ["p", "q"], "space": "s", "grid": ["g", "h"]},
            {"model": ["a", "b"], "prior": "q", "space": "s", "grid": "h"},
        ]
    }
    assert expand_cases(config) == [
        ("a", "p", "s", "g"),
        ("a", "p", "s", "h"),
        ("a", "q", "s", "g"),
        ("a", "q", "s", "h"),
        ("b", "q", "s", "h"),
    ]


def test_scalars_come_back_as_lists():
    config = minimal() | {"seeds": {"draws": 7}, "probabilities": 0.5}
    checked = check_config(config, "my.yaml")
    assert checked["seeds"] == {"draws": [7], "grid": [99]}
    assert checked["probabilities"] == [0.5]
    assert checked["cases"][0]["prior"] == ["flat"]


# ------------------------------------------------------------------ text that is a number


def stringly(value):
    """Return the value as `snakemake --config` hands it over: every leaf is text."""
    if isinstance(value, dict):
        return {key: stringly(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [stringly(inner) for inner in value]
    return value if isinstance(value, str) else json.dumps(value)


def test_a_configuration_of_nothing_but_text_is_the_same_configuration():
    assert coerce(stringly(DEFAULT), SCHEMA) == DEFAULT
    assert check_config(stringly(DEFAULT), "") == check_config(DEFAULT, "")


@settings(max_examples=60, deadline=None)
@given(st.floats(min_value=1e-300, max_value=1e300))
def test_every_number_survives_as_text(number):
    assert coerce({"tolerance": repr(number)}, SCHEMA) == {"tolerance": number}


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (("tolerance",), "1e-400"),
        (("probabilities",), ["0.5", "1e-400"]),
        (("n_draws",), "1E-999"),
        (("models", "bioassay", "grids", "chapter", "alpha", "upper"), "0.00001e-400"),
    ],
)
def test_text_that_would_become_0_and_is_not_is_refused(path, written):
    message = refusal(changed(path, written))
    assert "below the range of numbers (5e-324)" in message and path[0] in message
    check_config(
        changed(("models", "bioassay", "grids", "chapter", "alpha", "upper"), "0e-400"), ""
    )


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        pytest.param(("n_draws",), "1e5", 100_000, id="F03-1e5"),
        pytest.param(("n_draws",), "1E4", 10_000, id="F03-1E4"),
        pytest.param(("tolerance",), "1e-3", 0.001, id="F03-1e-3"),
        pytest.param(("tolerance",), "1E-8", 1e-8, id="F03-1E-8"),
        pytest.param(("tolerance",), ".5", 0.5, id="F03-.5"),
        pytest.param(("seeds", "draws"), ["1", "2"], [1, 2], id="F25-list"),
        pytest.param(("seeds", "draws"), "9007199254740993", [2**53 + 1], id="F25-exact"),
        pytest.param(("n_draws",), 2000.0, 2000, id="F02-float-without-fraction"),
        pytest.param(("strict",), "true", True, id="F25-true"),
    ],
)
def test_text_becomes_what_the_type_asks_for(path, text, value):
    checked = check_config(changed(path, text), "my.yaml")
    for key in path:
        checked = checked[key]
    assert checked == value
    assert type(checked) is type(value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("n_draws",), "abc", id="F25-abc"),
        pytest.param(("n_draws",), "1_000", id="F04-underscore"),
        pytest.param(("n_draws",), "012", id="F04-octal"),
        pytest.param(("n_draws",), "1.5", id="F08-fraction"),
        pytest.param(("n_draws",), " 5", id="F02-space"),
        pytest.param(("n_draws",), "٣", id="F02-arabic-digit"),
        pytest.param(("n_draws",), True, id="F10-true"),
        pytest.param(("n_draws",), None, id="F10-null"),
        pytest.param(("n_draws",), [1500], id="F02-list"),
        pytest.param(("tolerance",), "nan", id="F09-nan-text"),
        pytest.param(("tolerance",), True, id="F10-true-tolerance"),
        pytest.param(("strict",), "no", id="F04-no"),
        pytest.param(("strict",), 1, id="F02-one"),
        pytest.param(("strict",), "", id="F02-empty"),
        pytest.param(("seeds", "draws"), ["abc"], id="F25-seed"),
        pytest.param(("models",), [], id="F02-models-list"),
        pytest.param(("cases",), {}, id="F02-cases-map"),
        pytest.param(("cases",), [], id="F26-no-cases"),
        pytest.param(("models",), {}, id="F26-no-models"),
        pytest.param(("probabilities",), [], id="F26-no-probabilities"),
        pytest.param(("models", "bioassay", "file"), 3, id="F02-file"),
        pytest.param(("models", "bioassay", "file"), "", id="F16-empty-path"),
        pytest.param(("models", "bioassay", "file"), "a\0b", id="F16-nul-in-path"),
        pytest.param(("models", "bioassay", "data"), "a\nb", id="F16-newline-in-path"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_its_path(path, value):
    message = refusal(changed(path, value))
    assert ".".join(path) in message.replace("[0]", "")


# ------------------------------------------------------------------ seeds, draws, probabilities


@pytest.mark.parametrize("kind", ["draws", "grid"])
@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(-1, id="F10-negative"),
        pytest.param(1.5, id="F10-fraction"),
        pytest.param("abc", id="F10-text"),
        pytest.param(None, id="F10-null"),
        pytest.param(True, id="F10-true"),
        pytest.param(False, id="F10-false"),
        pytest.param(2**63, id="F10-too-large"),
        pytest.param({}, id="F10-map"),
    ],
)
def test_what_is_no_seed_is_refused_alone_and_in_a_list(kind, seed):
    assert f"seeds.{kind}" in refusal(changed(("seeds", kind), seed))
    assert f"seeds.{kind}[1]" in refusal(changed(("seeds", kind), [0, seed]))


def test_seeds_at_the_limits_are_seeds():
    checked = check_config(changed(("seeds", "draws"), [0, 2**63 - 1]), "")
    assert checked["seeds"]["draws"] == [0, 2**63 - 1]


@pytest.mark.parametrize("again", [42, 42.0, "42", "4.2e1"])
def test_a_seed_given_twice_is_refused_however_it_is_written(again):
    assert "42 is given more than once" in refusal(changed(("seeds", "draws"), [42, again]))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param(0, "at least 2", id="F11-zero"),
        pytest.param(1, "at least 2", id="F11-one"),
        pytest.param(-5, "at least 2", id="F11-negative"),
        pytest.param(10**12, "8000000000000 bytes", id="F11-1e12"),
        pytest.param("1e12", "8000000000000 bytes", id="F11-1e12-text"),
    ],
)
def test_a_number_of_draws_out_of_range_is_refused_with_what_it_costs(value, words):
    message = refusal(changed(("n_draws",), value))
    assert "n_draws" in message
    assert words in message


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, math.inf, math.nan, 1e400, "1e400", True, "x"])
def test_what_is_no_probability_is_refused(value):
    assert "probabilities[1]" in refusal(changed(("probabilities",), [0.5, value]))


def test_a_probability_given_twice_is_refused():
    assert "0.5 is given more than once" in refusal(changed(("probabilities",), [0.5, "0.50"]))


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "1e400", 10**400])
def test_a_tolerance_that_is_not_positive_and_finite_is_refused(value):
    assert "tolerance" in refusal(changed(("tolerance",), value))


# ------------------------------------------------------------------ keys and names


@pytest.mark.parametrize(
    ("path", "near"),
    [
        pytest.param(("n_draw",), "n_draws", id="F01-top"),
        pytest.param(("sedes",), "seeds", id="F01-seeds"),
        pytest.param(("seeds", "draw"), "draws", id="F01-nested"),
        pytest.param(("models", "bioassay", "gird"), "grids", id="F01-grids"),
        pytest.param(("models", "bioassay", "prior"), "priors", id="F01-priors"),
        pytest.param(
            ("models", "bioassay", "grids", "chapter", "beta", "point"), "points", id="F01-points"
        ),
        pytest.param(("cases", 0, "modle"), "model", id="F01-case"),
    ],
)
def test_an_unknown_key_is_refused_with_its_path_and_the_nearest(path, near):
    message = refusal(changed(path, 3))
    assert f"{path[-1]}: unknown key; did you mean {near!r}?" in message


def test_an_unknown_key_that_is_like_none_gets_the_list():
    message = refusal(changed(("zzz",), 3))
    assert "zzz: unknown key; valid: cases, seeds, n_draws" in message


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("cases",), "cases"),
        (("models",), "models"),
        (("cases", 0, "grid"), "cases[0].grid"),
        (("models", "bioassay", "file"), "models.bioassay.file"),
        (
            ("models", "bioassay", "grids", "chapter", "beta", "points"),
            "models.bioassay.grids.chapter.beta.points",
        ),
        (
            ("models", "bioassay", "priors", "normal_sd", "beta", "family"),
            "models.bioassay.priors.normal_sd.beta.family",
        ),
    ],
)
def test_a_missing_key_is_named(path, name):
    assert f"{name}: is missing" in refusal(changed(path, ...))


BAD_NAMES = {
    "F16-parent": "../escape",
    "F16-dots": "..",
    "F16-dot": ".",
    "F16-absolute": "/etc",
    "F16-nested": "a/b",
    "F16-empty": "",
    "F16-home": "~",
    "F16-nul": "a\0b",
    "F16-newline-at-the-end": "a\n",
    "F16-long": "a" * 65,
    "F17-command": "a;touch x",
    "F17-substitution": "$(id)",
    "F17-backtick": "`id`",
    "F17-ampersand": "a&b",
    "F17-quote": "a'b",
    "F17-space": "a b",
    "F17-braces": "{x}",
    "F17-bar": "a|b",
    "F17-backslash": "a\\b",
    "F17-tab": "a\tb",
    "F17-angle": "<a>",
    "F17-hyphen-first": "-rf",
    "F18-RTL": "a\u202eb",
    "F18-emoji": "\U0001f600",
    "F18-5000-characters": "x" * 5000,
    "F06-greek": "α",
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
def test_a_name_that_is_no_part_of_a_path_is_refused(name):
    for kind, entry in (("priors", {}), ("spaces", {}), ("grids", {})):
        message = refusal(changed(("models", "bioassay", kind, name), entry))
        assert f"models.bioassay.{kind}: the name" in message
    message = refusal(changed(("models", name), {"file": "m.py"}))
    assert "models: the name" in message
    assert message.isprintable() or message.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["a", "7", "flat.v2", "N-1_b", "a" * 64, "1.10"])
def test_ordinary_names_pass(name):
    check_config(changed(("models", "bioassay", "priors", name), {}), "")


@pytest.mark.parametrize("name", ["sweeps", "grid", "Laplace", "core.json", "summary.parquet"])
def test_a_name_that_the_results_need_is_refused(name):
    assert "choose another" in refusal(changed(("models", name), {"file": "m.py"}))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("Flat", "flat", id="F06-case"),
        pytest.param("caf\u00e9", "cafe\u0301", id="F06-normalisation"),
    ],
)
def test_names_that_a_file_system_may_hold_for_one_are_refused(first, second):
    config = changed(("models", "bioassay", "priors"), {first: {}, second: {}})
    assert "differ only in case or normalisation" in refusal(config)


@pytest.mark.parametrize(
    ("kind", "name", "near"),
    [
        pytest.param("model", "bioasay", "bioassay", id="F14-model"),
        pytest.param("prior", "falt", "flat", id="F14-prior"),
        pytest.param("space", "Natural", "natural", id="F14-space"),
        pytest.param("grid", "chaptre", "chapter", id="F14-grid"),
    ],
)
def test_a_case_of_a_name_that_is_not_there_gets_the_nearest(kind, name, near):
    message = refusal(changed(("cases", 0, kind), name))
    assert f"cases[0].{kind}" in message
    assert repr(near) in message


def test_every_combination_of_a_block_must_exist():
    config = minimal()
    config["models"]["other"] = {"file": "o.py", "priors": {"special": {}}}
    config["cases"][0]["model"] = ["m", "other"]
    message = refusal(config)
    assert "model 'other' has no prior \"flat\"" in message
    assert "1 problem" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("1.10: {}", "read as the float 1.1", id="F04-number"),
        pytest.param("~: {}", "read as the NoneType None", id="F04-null"),
        pytest.param("2024-01-01: {}", "read as the date 2024-01-01", id="F04-date"),
        pytest.param("no: {}", "read as the bool False", id="F04-no"),
        pytest.param("yes: {}", "read as the bool True", id="F04-yes"),
        pytest.param("a: 2024-01-01", "is read as a date", id="F04-date-value"),
    ],
)
def test_what_the_lenient_reader_made_of_a_name_is_refused(text, words):
    config = changed(("models", "bioassay", "priors"), yaml.safe_load(text))
    message = refusal(config)
    assert "models.bioassay.priors" in message
    assert words in message
    assert "quote it" in message


def test_a_name_in_a_case_that_is_a_number_is_to_be_quoted():
    message = refusal(changed(("cases", 0, "prior"), 1.1))
    assert "1.1 is a number, not text or a list; quote it" in message


def test_the_bare_key_on_survives_the_lenient_reader():
    text = "{alpha: {family: normal, mean: 0, sd: 1, on: log}}"
    definition = yaml.safe_load(text)
    assert True in definition["alpha"], "YAML 1.1"
    checked = check_config(changed(("models", "bioassay", "priors", "p"), definition), "")
    assert checked["models"]["bioassay"]["priors"]["p"]["alpha"]["on"] == "log"


# ------------------------------------------------------------------ priors, spaces, grids


@pytest.mark.parametrize("pair", [[0, 4], [10, 10.5]])
def test_a_bare_pair_is_no_prior_because_it_has_two_readings(pair):
    message = refusal(changed(("models", "bioassay", "priors", "p"), {"alpha": pair}))
    assert "models.bioassay.priors.p.alpha" in message
    assert f"sd: {pair[1]}" in message
    assert f"variance: {pair[1]}" in message


@pytest.mark.parametrize(
    "transform",
    [
        "identity",
        "log",
        "logit",
        "square",
        "sqrt",
        {"power": 2},
        {"power": "0.5"},
        {"log": {"shift": 1}},
        {"logit": {"lower": 0, "upper": "1e2"}},
    ],
)
def test_transforms_pass_in_a_space_and_on_the_scale_of_a_prior(transform):
    space = changed(("models", "bioassay", "spaces", "s"), {"beta": transform})
    check_config(space, "")
    prior = {"beta": {"family": "normal", "mean": 0, "sd": 1, "on": transform}}
    check_config(changed(("models", "bioassay", "priors", "p"), prior), "")


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        pytest.param("lgo", "did you mean 'log'?", id="F14-typo"),
        pytest.param({"pwoer": 2}, "did you mean 'power'?", id="F14-map-typo"),
        pytest.param({"power": "x"}, "not a number", id="F02-power"),
        pytest.param({"power": math.inf}, "not finite", id="F09-power"),
        pytest.param({"power": 2, "log": {}}, "more than one", id="two"),
        pytest.param({}, "empty map", id="none"),
        pytest.param({"log": {"shfit": 1}}, "did you mean 'shift'?", id="F01-shift"),
        pytest.param(3, "not text or a map", id="F02-number"),
        pytest.param(None, "empty", id="F02-null"),
    ],
)
def test_what_is_no_transform_is_refused(transform, words):
    message = refusal(changed(("models", "bioassay", "spaces", "s"), {"beta": transform}))
    assert "models.bioassay.spaces.s.beta" in message
    assert words in message


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        pytest.param({"lower": 8, "upper": -4}, "lower 8 is not below upper -4", id="F07-reversed"),
        pytest.param({"lower": 3, "upper": 3}, "lower 3 is not below upper 3", id="F07-equal"),
        pytest.param({"points": 0}, "0 is not at least 3", id="F08-zero-points"),
        pytest.param({"points": 2}, "2 is not at least 3", id="F08-two-points"),
        pytest.param({"points": -3}, "-3 is not at least 3", id="F08-negative"),
        pytest.param({"points": 2.5}, "not a whole number", id="F08-fraction"),
        pytest.param({"points": True}, "truth value", id="F08-true"),
        pytest.param({"lower": math.nan}, "not finite", id="F09-nan"),
        pytest.param({"upper": math.inf}, "not finite", id="F09-inf"),
        pytest.param({"upper": "1e400"}, "not finite", id="F09-1e400"),
        pytest.param({"lower": None}, "empty (null)", id="F09-null"),
        pytest.param({"lower": -1.7e308, "upper": 1.7e308}, "range of numbers", id="F09-width"),
        pytest.param({"lower": 1.0, "upper": 1.0 + 1e-15}, "closer than", id="F07-too-narrow"),
    ],
)
def test_what_is_no_axis_of_a_grid_is_refused(axis, words):
    beta = CHAPTER["beta"] | axis
    message = refusal(changed(("models", "bioassay", "grids", "chapter", "beta"), beta))
    assert "models.bioassay.grids.chapter.beta" in message
    assert words in message


def test_a_grid_beyond_memory_is_refused_with_its_bytes():
    axis = {"lower": 0, "upper": 1, "points": 100_000}
    config = changed(("models", "bioassay", "grids", "huge"), {"alpha": axis, "beta": axis})
    message = refusal(config)
    # 1e10 rows of alpha, beta, log density and mass.
    assert "10000000000 cells, 320000000000 bytes" in message
    cube = {name: {"lower": 0, "upper": 1, "points": 1000} for name in "abc"}
    assert "1000000000 cells" in refusal(changed(("models", "bioassay", "grids", "cube"), cube))


def test_too_many_cases_and_seeds_are_refused_with_their_number():
    config = changed(("seeds", "draws"), list(range(10_000)))
    assert "11 cases with 10001 seeds are 110011 files" in refusal(config)


# ------------------------------------------------------------------ all at once, and never a crash


def test_every_problem_is_listed_once():
    config = changed(("seeds", "draws"), [-1])
    config = changed(("n_draw",), 5, config)
    config = changed(("cases", 0, "prior"), "falt", config)
    beta = CHAPTER["beta"] | {"lower": 99}
    config = changed(("models", "bioassay", "grids", "chapter", "beta"), beta, config)
    message = refusal(config)
    assert "4 problems" in message
    for words in ("seeds.draws[0]", "n_draw: unknown", "'flat'", "lower 99 is not below"):
        assert message.count(words) == 1
    assert len(message.split("\n")) == 5


def _recursive():
    config = minimal()
    config["models"]["m"]["again"] = config["models"]
    return config


def _wide():
    level = ["x"] * 9
    for _ in range(12):
        level = [level] * 9
    return minimal() | {"bomb": level}


@pytest.mark.parametrize("make", [_recursive, _wide], ids=["F21-recursive", "F20-bomb"])
def test_what_expands_without_end_is_refused_within_a_second(make):
    begin = time.process_time()
    refusal(make())
    assert time.process_time() - begin < 1


def test_a_number_too_large_to_be_printed_is_refused():
    assert "more than 300 digits" in refusal(minimal() | {"n_draws": 10**5000})


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["flat", "natural", "certified", "m", "log", "1e5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["alpha", "joint", "family", "lower", "upper", "points", "x/y", "on"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [
            *(("cases",), ("cases", 0), ("cases", 0, "model"), ("cases", 0, "grid"), ("models",)),
            *(("models", "m"), ("models", "m", "file"), ("models", "m", "priors"), ("seeds",)),
            *(("models", "m", "spaces"), ("models", "m", "grids"), ("seeds", "grid")),
            *(("n_draws",), ("probabilities",), ("tolerance",), ("strict",)),
        ]
    ),
    anything,
)
def test_any_value_anywhere_passes_or_is_refused_and_never_breaks_the_check(path, value):
    config = completed(minimal(), SCHEMA)
    try:
        checked = check_config(changed(path, value, config), "my.yaml")
    except InputError as error:
        assert str(error).startswith("my.yaml: ")
    else:
        assert check_config(checked, "my.yaml") == checked
        assert expand_cases(checked)


# ------------------------------------------------------------------ defaults and nearest names


def test_defaults_of_an_absent_parent_and_of_items_are_filled_and_null_is_not():
    schema = {
        "properties": {
            "outer": {
                "default": {},
                "properties": {"inner": {"$ref": "#/$defs/seven"}, "list": {"default": [1]}},
            },
            "many": {"items": {"properties": {"x": {"$ref": "#/$defs/y", "default": 2}}}},
        },
        "$defs": {"seven": {"default": 7}, "y": {}},
    }
    filled = completed({"many": [{}, {"x": None}]}, schema)
    assert filled == {"outer": {"list": [1]}, "many": [{"x": 2}, {"x": None}]}


def test_defaults_of_an_alternative_that_does_not_hold_do_not_leak():
    schema = {"oneOf": [{"properties": {"a": {"default": 1}}}, {"type": "object"}]}
    assert completed({}, schema) == {}


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"anyOf": [{"type": "null"}, {"type": "number"}]}, "1e-8", 1e-8),
        ({"type": ["string", "integer"]}, "7", 7),
        ({"type": "string"}, "7", "7"),
        ({}, "7", "7"),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, "7", 7),
        ({"patternProperties": {"^n": {"type": "integer"}}}, {"n1": "7", "m": "7"}, None),
        ({"additionalProperties": {"type": "number"}}, {"a": "7.5"}, {"a": 7.5}),
    ],
)
def test_coercion_follows_every_way_a_schema_applies(schema, text, value):
    expected = {"n1": 7, "m": "7"} if value is None else value
    assert coerce(text, schema) == expected


def test_nearest_ignores_case_and_says_nothing_when_nothing_is_near():
    assert nearest("GRIDS", ["seeds", "grids"]) == "grids"
    assert nearest("zzz", ["seeds", "grids"]) is None
    assert suggestion("zzz", []) == "there is none to choose from"
    assert "(40 in all)" in suggestion("zzz", [f"name{i}" for i in range(40)])


# ------------------------------------------------------------------ against the files and the model


def test_overlay_files_are_read_strictly_and_all_faults_are_listed(tmp_path):
    good, twice, odd = (tmp_path / name for name in ("good.yaml", "twice.yaml", "odd.yaml"))
    good.write_text("n_draws: 100\n")
    twice.write_text("n_draws: 100\nn_draws: 200\n")
    odd.write_text("n_draws: 012\n")
    check_overlay_files([good, PROJECT / "config/config.yaml"])
    with pytest.raises(InputError) as caught:
        check_overlay_files([good, twice, odd, tmp_path / "absent.yaml"])
    lines = str(caught.value).split("\n")
    assert len(lines) == 3
    assert "twice.yaml, line 2" in lines[0]
    assert "number 10" in lines[1]
    assert "no such file" in lines[2]


def test_an_overlay_that_would_run_code_is_refused(tmp_path):
    path = tmp_path / "yte.yaml"
    path.write_text("__use_yte__: true\nn_draws: ?1 + 1\n")
    with pytest.raises(InputError, match=r"__use_yte__.*HAS BEEN RUN"):
        check_overlay_files([path])
    with pytest.raises(InputError, match=r"__use_yte__.*no code of it was run"):
        check_overlay_files([path], has_been_read=False)


MODEL = Model(
    name="bioassay",
    parameters=("alpha", "beta"),
    log_likelihood=lambda theta: np.zeros(theta.shape[:-1]),
    gradient=None,
    hessian=None,
    lower=np.array([-np.inf, 0.0]),
    upper=np.array([np.inf, np.inf]),
    start=np.array([0.0, 1.0]),
    quantities={},
    conditions={},
    monotone=None,
)


def against_model(kind, entry, model=MODEL):
    config = changed(("models", "bioassay", f"{kind}s", "mine"), entry)
    config = changed(("cases", 0, kind), "mine", config)
    check_against_model(check_config(config, ""), "bioassay", model)


def test_the_shipped_definitions_suit_the_model_with_every_prior_and_space():
    config = copy.deepcopy(DEFAULT)
    names = config["models"]["bioassay"]
    config["cases"][0] |= {kind: list(names[f"{kind}s"]) for kind in ("prior", "space", "grid")}
    check_against_model(check_config(config, ""), "bioassay", MODEL)


@pytest.mark.parametrize(
    ("kind", "entry", "words"),
    [
        pytest.param("prior", {"aplha": {"family": "flat"}}, "'alpha'", id="F15-prior"),
        pytest.param("space", {"bata": "log"}, "'beta'", id="F15-space"),
        pytest.param("grid", CHAPTER | {"gamma": CHAPTER["beta"]}, "'gamma'", id="F15-grid"),
        pytest.param("grid", {"alpha": CHAPTER["alpha"]}, "no bounds for beta", id="F15-half"),
        pytest.param(
            "grid",
            CHAPTER | {"beta": {"lower": -9, "upper": 0, "points": 10}},
            "outside the support (0, inf)",
            id="F47-outside",
        ),
        pytest.param(
            "prior",
            {
                "joint": {
                    "family": "multivariate_normal",
                    "parameters": ["alpha", "gamma"],
                    "mean": [0, 0],
                    "sd": [1, 1],
                    "correlation": 0,
                }
            },
            "joint.parameters[1]",
            id="F15-joint",
        ),
        pytest.param("prior", {"alpha": {"family": "nromal"}}, "'normal'", id="F14-family"),
        pytest.param(
            "prior", {"alpha": {"family": "normal", "mean": 0, "sd": 0}}, "sd", id="F12-sd"
        ),
        pytest.param(
            "prior",
            {"beta": {"family": "uniform", "lower": -5, "upper": -1}},
            "have nothing in common",
            id="F15-no-support",
        ),
        pytest.param(
            "space", {"beta": {"logit": {"lower": 3, "upper": 1}}}, "spaces.mine", id="F14-logit"
        ),
    ],
)
def test_what_the_model_does_not_allow_is_refused_with_its_path(kind, entry, words):
    with pytest.raises(InputError) as caught:
        against_model(kind, entry)
    message = str(caught.value)
    assert message.startswith(f"models.bioassay.{kind}s.mine")
    assert words in message


def test_an_automatic_grid_and_a_grid_wider_than_the_support_pass():
    against_model("grid", {})
    against_model("grid", CHAPTER)
