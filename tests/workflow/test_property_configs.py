"""Any configuration that the schema accepts runs to a result, or is refused with a sentence.

Configurations are drawn from the schema itself (families and transforms by their own names), data
from what a table may hold. CONFIG_EXAMPLES=5000 in the environment draws thousands.
"""

import json
import math
import os
import re

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cases_in_memory import MODELS, exact_of, judged, laplace_of, posterior_of
from laplace_approx.density.priors.definition import FAMILIES
from laplace_approx.errors import InputError
from laplace_files.config import strict_yaml
from laplace_files.config.checks import SCHEMA_FILE, check_config
from laplace_files.config.request import check_request
from laplace_files.models import trial
from laplace_files.models.open import open_model
from project_copy import PROJECT

EXAMPLES = int(os.environ.get("CONFIG_EXAMPLES", "60"))
DRAWN = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SCHEMA = strict_yaml.load(SCHEMA_FILE)
REASONS = {
    *("separation", "improper", "not_converged", "mode_on_boundary", "singular_hessian"),
    *("indefinite_hessian", "non_smooth_mode", "nondeterministic_density"),
    *("gradient_check_failed", "model_contract_violation"),
}
VERDICTS = {"fine", "fine_for_50", "remedy", "sample", "declined"}

# file, columns of its data, parameters
USED = {
    "bioassay": (("dose", "animals", "deaths"), ("alpha", "beta")),
    "normal": (("y",), ("mu", "sigma")),
    "linear_known_variance": (("x", "y", "sd"), ("b0", "b1")),
    "eight_schools": (("effect", "standard_error"), ("mu", "tau")),
}

small = st.floats(-20, 20).map(lambda x: round(x, 3))
positive = st.floats(0.01, 30).map(lambda x: round(x, 3))
numbers = st.one_of(small, positive, st.sampled_from([0, 1, -1, 1e-9, 1e9]))
counts = st.integers(0, 12)
CELLS = {
    "animals": st.integers(0, 12),
    "deaths": counts,
    "sd": positive,
    "standard_error": positive,
}


@st.composite
def tables(draw, columns):
    """Draw the text of a CSV file, mostly one that a model can take, of 1 to 6 rows."""
    rows = draw(st.integers(1, 6))
    cells = {name: [draw(CELLS.get(name, small)) for _ in range(rows)] for name in columns}
    if "deaths" in cells and draw(st.integers(0, 9)):
        cells["animals"] = [max(n, 1) for n in cells["animals"]]
        cells["deaths"] = [
            min(pair) for pair in zip(cells["deaths"], cells["animals"], strict=True)
        ]
    lines = [",".join(columns)]
    lines += [",".join(map(str, row)) for row in zip(*cells.values(), strict=True)]
    return "\n".join(lines) + "\n"


@st.composite
def priors(draw, parameters):
    """Draw a prior: for some of the parameters a family with arguments of its own."""
    prior = {}
    for name in parameters:
        family = draw(st.sampled_from(["flat", *FAMILIES]))
        taken = FAMILIES[family]
        arguments = [*taken.settings, *taken.one_of[:1]]
        values = {key: draw(numbers if key in ("mean", "lower") else positive) for key in arguments}
        if draw(st.booleans()):
            prior[name] = {"family": family, **values}
    return prior


TRANSFORMS = st.one_of(
    st.sampled_from(SCHEMA["$defs"]["transform"]["then"]["enum"]),
    st.builds(lambda p: {"power": p}, numbers),
    st.builds(lambda a: {"log": {"shift": a}}, numbers),
    st.builds(lambda a, b: {"logit": {"lower": a, "upper": b}}, numbers, numbers),
)


def spaces(parameters):
    return st.dictionaries(st.sampled_from(parameters), TRANSFORMS, max_size=len(parameters))


def grids(parameters):
    axis = st.builds(
        lambda lower, width, points: {"lower": lower, "upper": lower + width, "points": points},
        *(small, positive, st.integers(3, 12)),
    )
    return st.fixed_dictionaries(dict.fromkeys(parameters, axis))


@st.composite
def configurations(draw):
    """Draw a configuration of one case, and the text of its data."""
    name = draw(st.sampled_from(sorted(USED)))
    columns, parameters = USED[name]
    config = {
        "cases": [{"model": "m", "prior": "p", "space": "s", "grid": "g"}],
        "n_draws": draw(st.integers(2, 50)),
        "tolerance": draw(positive),
        "claims": str(PROJECT / "config/claims.yaml"),
        "models": {
            "m": {
                "file": str(MODELS / f"{name}.py"),
                "data": "data.csv",
                "priors": {"p": draw(priors(parameters))},
                "spaces": {"s": draw(spaces(parameters))},
                "grids": {"g": draw(grids(parameters))},
            }
        },
    }
    return config, draw(tables(columns))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # the models of the project need no trial in a process of their own
    monkeypatch.setattr(trial, "try_models", lambda definitions, hashes: None)
    return tmp_path


def accepted(config, text):
    """Write the data; return the request's model entry, or None if it is refused in words."""
    with open("data.csv", "w") as file:
        file.write(text)
    assert Draft202012Validator(SCHEMA).is_valid(config), "drawn from the schema"
    try:
        check_request(config, [])
    except InputError as error:
        is_a_sentence(str(error))
        return None
    return config["models"]["m"]


def is_a_sentence(text):
    """A refusal has words and says where: it is no bare exception."""
    assert len(text.split()) >= 4
    assert not re.match(r"\w*(Error|Exception)\b", text)
    assert "Traceback" not in text


def run(entry):
    """Return the case's Laplace approximation and exact side, as the steps make them."""
    posterior = posterior_of(entry["file"], os.path.abspath("data.csv"), entry["priors"]["p"])
    laplace = laplace_of(posterior, entry["spaces"]["s"])
    return laplace, exact_of(posterior, entry["grids"]["g"])


def check_outcome(record):
    """A result holds finite numbers; what is declined has a reason of the list and a message."""
    assert record["status"] in ("ok", "declined")
    if record["status"] == "declined":
        assert record["reason"] in REASONS
        is_a_sentence(record["message"])
    json.dumps(record, allow_nan=False)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@DRAWN
@given(configurations())
def test_a_drawn_configuration_has_a_normal_or_a_sentence(drawn):
    entry = accepted(*drawn)
    assume(entry is not None)
    laplace, exact = run(entry)
    check_outcome(laplace.mode)
    check_outcome(laplace.curvature)
    if laplace.curvature["status"] == "ok":
        assert laplace.mode["status"] == "ok"
        assert all(math.isfinite(sd) and sd > 0 for sd in laplace.curvature["sd"])
    assert exact.record["status"] in ("ok", "declined", "empty", "absent")
    json.dumps(exact.record, allow_nan=False)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(DRAWN, max_examples=max(EXAMPLES // 30, 3))
@given(configurations().filter(lambda drawn: "normal.py" in drawn[0]["models"]["m"]["file"]))
def test_a_drawn_configuration_runs_to_a_verdict(drawn):
    entry = accepted(*drawn)
    assume(entry is not None)
    verdict = judged(*run(entry), tolerance=drawn[0]["tolerance"]).verdict
    assert {each["verdict"] for each in verdict["quantities"].values()} <= VERDICTS


# ---------------------------------------------------------------- any configuration at all

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), numbers
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def places(node, path=()):
    """Yield the path to every value of a configuration."""
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in inner:
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


@st.composite
def spoiled(draw):
    """Draw a configuration in which one value, anywhere, is replaced by any value at all."""
    config, text = draw(configurations())
    path = draw(st.sampled_from([path for path in places(config) if path]))
    node = config
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = draw(TREES)
    return config, text


@DRAWN
@given(spoiled())
def test_a_spoiled_configuration_is_accepted_or_refused_in_words(drawn):
    config, text = drawn
    with open("data.csv", "w") as file:
        file.write(text)
    try:
        check_config(config, "test")
        check_request(config, [])
    except InputError as error:
        is_a_sentence(str(error))


@DRAWN
@given(st.sampled_from(sorted(USED)), st.text(max_size=200))
def test_any_text_as_data_is_accepted_or_refused_in_words(name, text):
    entry = {"file": str(MODELS / f"{name}.py"), "data": "data.csv"}
    with open("data.csv", "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    try:
        open_model(entry)
    except InputError as error:
        is_a_sentence(str(error))
