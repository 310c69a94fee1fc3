"""A model with a wrong name in it is refused before anything runs, one of odd numbers is not."""

import textwrap

import pytest

from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.errors import Declined, InputError
from laplace_files.config.request import check_request
from laplace_files.models.open import open_model_and_data
from laplace_files.models.rehearsal import rehearse
from laplace_files.models.trial import open_models

MODEL = """
import numpy as np
PARAMETERS = ("a", "b")
def log_likelihood(theta, data):
    return -0.5 * np.sum((data["Y"] - theta[..., 0, None]) ** 2, -1) - theta[..., 1] ** 2
"""
CASE = {"model": "mine", "prior": "flat", "space": "natural", "grid": "certified"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x,Y\n1,2\n2,3\n")
    return tmp_path


def request(folder, more, data="data.csv"):
    (folder / "mine.py").write_text(MODEL + textwrap.dedent(more))
    model = {"file": "mine.py"} | ({"data": data} if data else {})
    return {"cases": [CASE], "models": {"mine": model}}


def tried(config):
    """Return the model, as the child tries it."""
    definition = config["models"]["mine"]
    model, data = open_model_and_data(definition)
    rehearse(definition["file"], model, data)
    return model


def function(name, body, arguments="theta, data"):
    return f"def {name}({arguments}):\n    {body}\n"


COLUMN = r"KeyError: 'y'.*no column 'y'; they have, the nearest first: Y, x\."
WRONG = {
    "column": (function("log_likelihood", "return data['y'] * theta[..., 0]"), COLUMN),
    "column-of-gradient": (function("gradient", "return theta * data['y']"), COLUMN),
    "column-of-hessian": (function("hessian", "return data['y']"), COLUMN),
    "column-of-products": (
        function("hessian_vector_product", "return v * data['y']", "theta, v, data"),
        COLUMN,
    ),
    "column-of-start": (function("START", "return data['y']", "data"), COLUMN),
    "column-of-support": (function("SUPPORT", "return {'a': data['y']}", "data"), COLUMN),
    "column-of-parameters": (function("PARAMETERS", "return data['y']", "data"), COLUMN),
    "column-of-design": (function("transformed_data", "return data['y']", "data"), COLUMN),
    "column-of-check": (function("check", "yield 'Y', data['y'] < 0, 'more'", "data"), COLUMN),
    "key-of-design": (
        function("transformed_data", "return {'X': data['x']}", "data")
        + function("log_likelihood", "return data['Z'] * theta[..., 0]"),
        "KeyError: 'Z'",
    ),
    "name": (function("log_likelihood", "return nump.sum(theta, -1)"), "NameError"),
    "attribute": (function("log_likelihood", "return np.sums(theta, -1)"), "AttributeError"),
    "call": (function("log_likelihood", "return np.sum(theta, axes=-1)"), "TypeError"),
    "import": (
        function("log_likelihood", "import absent_package\n    return theta[..., 0]"),
        "ModuleNotFoundError",
    ),
    "name-of-gradient": (function("gradient", "return thet"), "NameError"),
    "quantity": ("QUANTITIES = {'q': lambda a: nump.exp(a)}", "NameError"),
    "condition": (
        "QUANTITIES = {'q': lambda a: a}\nCONDITIONS = {'q': lambda a: aa > 0}",
        "NameError",
    ),
    "signature": (function("log_likelihood", "return theta[..., 0]", "theta"), "cannot be called"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_refused_before_anything_runs(folder, mistake):
    code, words = WRONG[mistake]
    with pytest.raises(InputError, match=rf"(?s)^mine\.py.*{words}"):
        tried(request(folder, code))


def test_so_is_a_configuration_with_it(folder):
    with pytest.raises(InputError, match=rf"^mine\.py, line 7: .*{COLUMN}.*its data: data\.csv"):
        check_request(request(folder, WRONG["column"][0]), [])


def test_a_model_without_its_data_is_told_so(folder):
    with pytest.raises(InputError, match=r"no column 'Y', for the model has no data: name a file"):
        check_request(request(folder, "", data=None), [])


NUMERICAL = {
    "division": "return 1 / 0",
    "floating": "raise FloatingPointError('overflow')",
    "value": "raise ValueError('not there')",
    "matrix": "return np.linalg.inv(np.zeros((2, 2)))",
    "domain": "import math\n    return math.log(-1.0)",
    "exit": "raise SystemExit(0)",
    "interrupt": "raise KeyboardInterrupt",
    "generator": "raise GeneratorExit",
    "base": "raise BaseException('x')",
}


@pytest.mark.parametrize("kind", NUMERICAL)
def test_a_failure_of_the_numbers_is_a_decline_as_ever(folder, kind):
    model = tried(request(folder, function("log_likelihood", NUMERICAL[kind])))
    with pytest.raises(Declined) as caught:
        natural_density(model, build_prior({}, model.parameters))
    assert caught.value.reason == "model_contract_violation"


AT_IMPORT = {
    "exit": ("raise SystemExit(0)", "SystemExit: 0"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "generator": ("raise GeneratorExit", "GeneratorExit"),
    "surrogate": ("raise ValueError('\\ud800\\x1b')", r"ValueError: \\ud800\\x1b"),
    "long": ("raise ValueError('y' * 10**7)", r"ValueError: y+ \.\.\."),
    "mute": (
        "class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E()",
        r"its message cannot be read",
    ),
}


@pytest.mark.parametrize("kind", AT_IMPORT)
def test_what_is_raised_as_the_file_is_loaded_is_refused_in_one_paragraph(folder, kind):
    code, words = AT_IMPORT[kind]
    with pytest.raises(
        InputError, match=rf"^mine\.py, line \d+: running the file.*{words}"
    ) as caught:
        check_request(request(folder, code), [])
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


LEAVING = {
    "at-once": "__import__('os')._exit(0)",
    "with-many": "__import__('os')._exit(0) if theta.ndim > 1 and len(theta) > 50 else 0",
}


@pytest.mark.parametrize("kind", LEAVING)
def test_a_model_that_leaves_the_process_is_refused_by_name(folder, kind):
    config = request(folder, function("log_likelihood", f"return {LEAVING[kind]} or theta[..., 0]"))
    with pytest.raises(InputError, match=r"^mine.py: calling the functions .* with status 0"):
        check_request(config, [])


def test_what_is_slow_or_large_as_it_is_called_has_its_limits_as_a_job(folder):
    large = "return theta[..., 0] + 0 * np.ones(10**9)[0]"
    open_models(request(folder, function("log_likelihood", large)), ["mine"])
    slow = "import signal\n    signal.alarm(1)\n    while True: pass"
    open_models(request(folder, function("log_likelihood", slow)), ["mine"])
