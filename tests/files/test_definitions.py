"""What is defined and not selected is checked as well, and its model is not run for it."""

import copy

import pytest
from test_config import MODEL

from laplace_approx.errors import InputError
from laplace_files.config.against_model import check_against_model
from laplace_files.config.checks import check_config
from laplace_files.config.strict_yaml import load
from laplace_files.config.unselected import check_unselected
from project_copy import PROJECT

DEFAULT = load(PROJECT / "config/config.yaml")
JOINT = {"family": "multivariate_normal", "mean": [0, 1], "sd": 1, "correlation": 0.5}
FAULTS = {
    "family": ("priors", {"a": {"family": "nromal", "mean": 0, "sd": 1}}, "'normal'"),
    "setting": ("priors", {"a": {"family": "normal", "mean": 0, "sdd": 1}}, "'sd'"),
    "value": ("priors", {"a": {"family": "normal", "mean": 0, "sd": -1}}, "above 0"),
    "joint": ("priors", {"joint": JOINT | {"correlation": 1.5}}, "prior.joint.correlation"),
    "logit": ("spaces", {"a": {"logit": {"lower": 3, "upper": 1}}}, "below upper"),
    "power": ("spaces", {"a": {"power": 0}}, "power"),
    "bounds": ("grids", {"a": {"lower": 1, "upper": 0, "points": 9}}, "not below"),
}
SOUND = {
    "priors": [{}, {"a": {"family": "flat"}}, {"joint": JOINT}, {"joint": JOINT | {"mean": 0}}],
    "spaces": [{}, {"a": "logit"}, {"a": {"logit": {"upper": -4}}}, {"a": {"log": {"shift": 9}}}],
    "grids": [{}],
}


def with_unselected(kind, parts, model):
    """Return a configuration in which `model`, absent so far or not, defines what no case takes."""
    config = copy.deepcopy(DEFAULT)
    config["models"].setdefault(model, {"file": "there/is/no/such.py"})
    config["models"][model].setdefault(kind, {})["unselected"] = parts
    return config


def look_at(config):
    config = check_config(config, "mine.yaml")
    check_against_model(config, "bioassay", MODEL)
    check_unselected(config, {"bioassay"})


@pytest.mark.parametrize("model", ["bioassay", "mine"], ids=["case-of-another-prior", "no-case"])
@pytest.mark.parametrize(("kind", "parts", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_in_what_no_case_selects_is_found_with_its_path(kind, parts, said, model):
    if model == "bioassay":
        parts = {{"a": "alpha"}.get(name, name): value for name, value in parts.items()}
    with pytest.raises(InputError) as caught:
        look_at(with_unselected(kind, parts, model))
    assert f"models.{model}.{kind}.unselected" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "parts"), [(kind, parts) for kind in SOUND for parts in SOUND[kind]]
)
def test_what_may_be_right_for_a_model_that_is_not_run_passes(kind, parts):
    look_at(with_unselected(kind, parts, "mine"))
