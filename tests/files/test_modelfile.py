"""A model file is run as it is written, bound to its data, and held to its contract in words."""

import os
import sys

import numpy as np
import pytest

from laplace_approx.errors import InputError
from laplace_files.models.modelfile import load_model, model_files
from project_copy import PROJECT

DATA = {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([0.0, -1.0, 5.0])}
BASE = """\
PARAMETERS = ("alpha", "beta")


def log_likelihood(theta, data):
    return -0.5 * (theta * theta).sum(axis=-1)
"""


@pytest.fixture
def load(tmp_path):
    def write_and_load(text, data=DATA, name="mine.py"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_model(path, data)

    return write_and_load


@pytest.fixture
def refuse(load, tmp_path):
    """Return a function: load a file that breaks the contract, return the message."""

    def expect_refusal(text, data=DATA):
        modules, path = dict(sys.modules), list(sys.path)
        with pytest.raises(InputError) as caught:
            load(text, data)
        assert sys.path == path
        assert {k: v for k, v in sys.modules.items() if k in modules} == modules
        message = str(caught.value)
        assert message.startswith(str(tmp_path)), "the file is named first"
        return message

    return expect_refusal


# ------------------------------------------------------------------ what is right


def test_the_least_that_a_model_file_holds(load):
    model = load(BASE)
    assert model.name == "mine"
    assert model.parameters == ("alpha", "beta")
    assert model.log_likelihood(np.ones((3, 2))).tolist() == [-1, -1, -1]
    for absent in (model.gradient, model.hessian, model.monotone):
        assert absent is None
    np.testing.assert_array_equal(model.lower, [-np.inf] * 2)
    np.testing.assert_array_equal(model.upper, [np.inf] * 2)
    np.testing.assert_array_equal(model.start, [0, 0])
    assert model.quantities == model.conditions == {}
    assert dict(model.units) == dict(model.labels) == {}


def test_everything_that_a_model_file_may_hold(load):
    model = load(
        """
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COLUMNS = ("x", "y")
UNITS = {"b0": "m", "ratio": "1/s"}
LABELS = {"ratio": "the ratio"}
QUANTITIES = {"ratio": lambda b0, sigma, power=2: b0 / sigma**power}
CONDITIONS = {"ratio": lambda b0: b0 > 0}


@dataclass
class Design:
    columns: list[str]


def PARAMETERS(data):
    return [f"b{i}" for i in range(len(data))] + ["sigma"]


def SUPPORT(data):
    return {"sigma": (0, None), "b1": [None, np.float64(data["x"].max())]}


def START(data):
    return np.array([0.0, 1.0, 2.0])


def check(data):
    yield "x", data["x"] <= 0, "a positive number"


def log_likelihood(theta, data):
    return theta[..., 0] * data["x"].sum()


def gradient(theta, data):
    return theta + data["x"][0]


def hessian(theta, data):
    return data["y"]


def monotone(data):
    return [[1, 0, 0], [0, -1, 0]]
"""
    )
    assert model.parameters == ("b0", "b1", "sigma")
    np.testing.assert_array_equal(model.lower, [-np.inf, -np.inf, 0])
    np.testing.assert_array_equal(model.upper, [np.inf, 3, np.inf])
    np.testing.assert_array_equal(model.start, [0, 1, 2])
    assert model.log_likelihood(np.array([2.0, 0, 0])) == 12
    np.testing.assert_array_equal(model.gradient(np.zeros(3)), [1, 1, 1])
    np.testing.assert_array_equal(model.hessian(np.zeros(3)), DATA["y"])
    np.testing.assert_array_equal(model.monotone, [[1, 0, 0], [0, -1, 0]])
    assert model.quantities["ratio"](b0=8.0, sigma=2.0) == 2
    assert list(model.conditions) == ["ratio"]
    assert model.units == {"b0": "m", "ratio": "1/s"}
    assert model.labels == {"ratio": "the ratio"}


@pytest.mark.parametrize(
    ("support", "start"),
    [
        ("(0, None)", 1),
        ("(None, -4)", -5),
        ("(2, 3)", 2.5),
        ("(-1.5e308, 1.7e308)", 1e307),
        ("(5, float('inf'))", 6),
        ("(None, None)", 0),
    ],
)
def test_the_default_start_is_inside_the_support(load, support, start):
    model = load(BASE + f"SUPPORT = {{'beta': {support}}}\n")
    assert model.start[0] == 0
    assert model.start[1] == pytest.approx(start, rel=1e-12)
    assert model.lower[1] < model.start[1] < model.upper[1]


@pytest.mark.parametrize("end", [1e16, -1e16, 1e300, -1e300])
def test_the_default_start_is_inside_a_far_half_line(load, end):
    above = load(BASE + f"SUPPORT = {{'beta': ({end}, None)}}\n")
    below = load(BASE + f"SUPPORT = {{'beta': (None, {end})}}\n")
    assert below.start[1] < end < above.start[1]


def test_nothing_is_evaluated_when_it_is_loaded(load):
    text = 'PARAMETERS = ("a",)\ndef log_likelihood(theta, data): raise RuntimeError("called")\n'
    model = load(text)
    with pytest.raises(RuntimeError, match="called"):
        model.log_likelihood(np.zeros(1))


def test_a_file_without_data_gets_an_empty_dict(load):
    text = 'PARAMETERS = ("a",)\ndef log_likelihood(theta, data): return len(data)\n'
    assert load(text, data={}).log_likelihood(np.zeros(1)) == 0


# ------------------------------------------------------------------ the file and its neighbours


def test_loading_leaves_no_trace(load, tmp_path):
    (tmp_path / "beside.py").write_text("import colorsys\nVALUE = 3\n")
    modules, path, finders = set(sys.modules), list(sys.path), list(sys.meta_path)
    model = load("import beside\n" + BASE + "START = (beside.VALUE, 0)\n")
    assert model.start[0] == 3
    assert sys.path == path
    assert sys.meta_path == finders
    # The standard library's module stays, as any import of it would; the neighbour does not.
    assert set(sys.modules) - modules <= {"colorsys"}
    assert sorted(os.listdir(tmp_path)) == ["beside.py", "mine.py"], "no bytecode"


def test_an_edit_is_seen_at_once_whatever_the_time_of_the_file(load, tmp_path):
    beside = tmp_path / "beside.py"
    text = "import beside\n" + BASE + "START = (beside.VALUE, 0)\n"
    for value in (3, 4):
        beside.write_text(f"VALUE = {value}\n")
        os.utime(beside, (10**9, 10**9))
        assert load(text).start[0] == value


def test_a_neighbour_goes_before_a_loaded_module_of_its_name(load, tmp_path, monkeypatch):
    stranger = type(sys)("beside")
    monkeypatch.setitem(sys.modules, "beside", stranger)
    (tmp_path / "beside.py").write_text("VALUE = 3\n")
    assert load("import beside\n" + BASE + "START = (beside.VALUE, 0)\n").start[0] == 3
    assert sys.modules["beside"] is stranger


def test_two_models_with_neighbours_of_one_name_do_not_mix(tmp_path):
    models = []
    for value in (1, 2):
        folder = tmp_path / str(value)
        folder.mkdir()
        (folder / "beside.py").write_text(f"def f(theta): return {value}\n")
        text = "from beside import f\n" + BASE.replace("-0.5 *", "f(theta) *")
        (folder / "mine.py").write_text(text)
        models.append(load_model(folder / "mine.py", {}))
    assert [model.log_likelihood(np.ones(2)) for model in models] == [2, 4]


def neighbours(tmp_path):
    (tmp_path / "first.py").write_text("import json\nfrom second import thing\n")
    (tmp_path / "second.py").write_text("import first\nthing = 1\n")
    (tmp_path / "unused.py").write_text("this is not Python")
    package = tmp_path / "package"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("from . import part\n")
    (package / "part.py").write_text("import third\n")
    (package / "deep" / "__init__.py").write_text("VALUE = 5\n")
    (tmp_path / "third.py").write_text("")
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nimport first\nimport package.deep as deep\n"
        + BASE
        + "START = (deep.VALUE, 0)\n"
    )
    return tmp_path / "mine.py"


def test_model_files_are_the_file_and_all_that_it_imports_from_beside_it(tmp_path):
    path = neighbours(tmp_path)
    names = [file.relative_to(tmp_path).as_posix() for file in model_files(path)]
    assert names == [
        "mine.py",
        "first.py",
        "package/__init__.py",
        "package/deep/__init__.py",
        "package/part.py",
        "second.py",
        "third.py",
    ]
    assert load_model(path, {}).start[0] == 5


def test_what_runs_is_what_model_files_lists(tmp_path, refuse):
    (tmp_path / "hidden.py").write_text("VALUE = 3\n")
    text = "import importlib\nhidden = importlib.import_module('hidden')\n" + BASE
    assert "ModuleNotFoundError" in refuse(text)


def test_an_import_of_a_neighbour_within_a_function_is_refused(tmp_path, refuse):
    (tmp_path / "beside.py").write_text("")
    message = refuse(BASE + "def check(data):\n    import json, beside\n")
    assert "line 7" in message
    assert "at the top" in message


def test_the_shipped_model_files_stand_alone():
    path = PROJECT / "workflow/scripts/laplace_approx/models/bioassay.py"
    assert model_files(path) == [path]


# ------------------------------------------------------------------ what breaks the contract

REFUSED = {
    # the file
    "F26-empty": ("", "log_likelihood"),
    "F51-not-python": ("PARAMETERS = (\n", "line 1: is not Python"),
    "F51-return-outside": ("x = 1\nreturn x\n", "line 2"),
    "F51-nul": (b"x = 1\0", "not Python"),
    "F51-latin-1": (b"x = 'caf\xe9'\n", "UTF-8"),
    "F51-nested": ("x = " + "(" * 500 + ")" * 500, "is not Python"),
    "F51-import": ("import no_such_module_at_all\n", "line 1: running the file raised ModuleNotF"),
    "F51-exception": (BASE + "START = (1 / 0, 0)\n", "line 6: running the file raised ZeroDivis"),
    "F51-exit": ("import sys\nsys.exit(3)\n", "line 2: running the file raised SystemExit"),
    # log_likelihood
    "no-likelihood": ('PARAMETERS = ("a",)\n', "there is no log_likelihood"),
    "likelihood-no-function": (
        BASE + "log_likelihood = 3\n",
        "log_likelihood is 3, not a function",
    ),
    "likelihood-arguments": (
        BASE + "def log_likelihood(theta): return 0\n",
        "cannot be called as log_likelihood(theta, data)",
    ),
    "gradient-arguments": (
        BASE + "def gradient(a, b, c): return 0\n",
        "cannot be called as gradient(theta, data)",
    ),
    "hessian-no-function": (BASE + "hessian = [[1]]\n", "hessian is [[1]], not a function"),
    # names nearly right
    "F01-PARAMETRS": (BASE.replace("PARAMETERS", "PARAMETRS"), "PARAMETRS is nearly PARAMETERS"),
    "F01-QUANTITY": (BASE + "QUANTITY = {}\n", "QUANTITY is nearly QUANTITIES"),
    "F01-SUPORT": (BASE + "SUPORT = {}\n", "SUPORT is nearly SUPPORT"),
    "F01-COLUMN": (BASE + "COLUMN = ()\n", "COLUMN is nearly COLUMNS"),
    "F01-UNIT": (BASE + "UNIT = {}\n", "UNIT is nearly UNITS"),
    "F01-likelyhood": (
        BASE.replace("log_likelihood", "log_likelyhood"),
        "log_likelyhood is nearly log_likelihood",
    ),
    "F01-gradients": (
        BASE + "def gradients(theta, data): return theta\n",
        "gradients is nearly gradient",
    ),
    # PARAMETERS
    "no-parameters": (BASE.replace("PARAMETERS", "OTHER"), "PARAMETERS is not defined"),
    "parameters-text": (
        BASE + 'PARAMETERS = ("alpha")\n',
        "PARAMETERS is the text 'alpha'; write PARAMETERS = (\"alpha\",)",
    ),
    "parameters-empty": (BASE + "PARAMETERS = ()\n", "PARAMETERS is empty"),
    "parameters-number": (BASE + "PARAMETERS = 2\n", "PARAMETERS is 2, not a tuple"),
    "parameters-of-numbers": (BASE + "PARAMETERS = (1, 2)\n", "PARAMETERS: 1 is not text"),
    "parameters-twice": (BASE + "PARAMETERS = ('a', 'b', 'a')\n", "'a' is given twice"),
    "parameters-space": (BASE + "PARAMETERS = ('a b',)\n", "'a b' is not a name"),
    "parameters-keyword": (BASE + "PARAMETERS = ('lambda',)\n", "'lambda' is not a name"),
    "parameters-digit": (BASE + "PARAMETERS = ('2a',)\n", "'2a' is not a name"),
    "parameters-path": (BASE + "PARAMETERS = ('../a',)\n", "'../a' is not a name"),
    "parameters-micro-sign": (BASE + "PARAMETERS = ('\u00b5',)\n", "is read by Python as"),
    "parameters-reserved": (BASE + "PARAMETERS = ('mass',)\n", "choose another"),
    "parameters-joint": (BASE + "PARAMETERS = ('joint',)\n", "choose another"),
    "parameters-raise": (
        BASE + "def PARAMETERS(data):\n    return data['z']\n",
        "line 7: PARAMETERS(data) raised KeyError",
    ),
    "parameters-arguments": (BASE + "def PARAMETERS(): pass\n", "called as PARAMETERS(data)"),
    # SUPPORT
    "F15-support": (BASE + "SUPPORT = {'bta': (0, 1)}\n", "did you mean 'beta'?"),
    "support-list": (BASE + "SUPPORT = [(0, 1)]\n", "not a dict by name"),
    "support-number": (BASE + "SUPPORT = {'beta': 0}\n", "not a pair"),
    "support-triple": (BASE + "SUPPORT = {'beta': (0, 1, 2)}\n", "not a pair"),
    "F07-support-reversed": (BASE + "SUPPORT = {'beta': (1, 0)}\n", "lower is not below upper"),
    "F07-support-equal": (BASE + "SUPPORT = {'beta': (1, 1)}\n", "lower is not below upper"),
    "F09-support-nan": (BASE + "SUPPORT = {'beta': (float('nan'), 1)}\n", "a number, or None"),
    "F09-support-infinite": (BASE + "SUPPORT = {'beta': (float('inf'), None)}\n", "not below"),
    "support-text": (BASE + "SUPPORT = {'beta': ('0', 1)}\n", "a number, or None"),
    "support-true": (BASE + "SUPPORT = {'beta': (True, None)}\n", "a number, or None"),
    # START
    "start-short": (BASE + "START = (0,)\n", "START has 1 values; give 2 numbers"),
    "start-scalar": (BASE + "START = 0\n", "START is 0; give 2 numbers"),
    "F09-start-nan": (BASE + "START = (0, float('nan'))\n", "'beta' is nan, not a finite number"),
    "start-text": (BASE + "START = (0, '1')\n", "'beta' is '1', not a finite number"),
    "start-true": (BASE + "START = (0, True)\n", "'beta' is True, not a finite number"),
    "start-outside": (
        BASE + "START = (0, -1)\nSUPPORT = {'beta': (0, None)}\n",
        "'beta' is -1, not inside its support (0, inf)",
    ),
    "start-on-the-bound": (
        BASE + "START = (0, 0)\nSUPPORT = {'beta': (0, None)}\n",
        "not inside its support",
    ),
    # QUANTITIES and CONDITIONS
    "quantity-argument": (
        BASE + "QUANTITIES = {'q': lambda alpha, btea: 0}\n",
        "'btea', which is not a parameter; did you mean 'beta'?",
    ),
    "quantity-value": (BASE + "QUANTITIES = {'q': 3}\n", "'q' has 3, not a function"),
    "quantity-name": (BASE + "QUANTITIES = {'q 1': lambda beta: 0}\n", "'q 1' is not a name"),
    "quantity-number": (BASE + "QUANTITIES = {1: lambda beta: 0}\n", "1 is not a name"),
    "quantity-parameter": (
        BASE + "QUANTITIES = {'beta': lambda beta: 0}\n",
        "'beta' is a parameter already",
    ),
    "quantity-reserved": (
        BASE + "QUANTITIES = {'log_density': lambda beta: 0}\n",
        "choose another",
    ),
    "quantity-stars": (BASE + "QUANTITIES = {'q': lambda **kw: 0}\n", "takes '**kw'"),
    "quantity-nothing": (BASE + "QUANTITIES = {'q': lambda: 0}\n", "takes no parameter"),
    "quantity-compiled": (BASE + "QUANTITIES = {'q': max}\n", "QUANTITIES: the function of 'q'"),
    "condition-unknown": (
        BASE + "QUANTITIES = {'ld50': lambda beta: 0}\nCONDITIONS = {'ld5': lambda beta: 0}\n",
        "did you mean 'ld50'?",
    ),
    "condition-argument": (
        BASE + "QUANTITIES = {'q': lambda beta: 0}\nCONDITIONS = {'q': lambda x: x > 0}\n",
        "CONDITIONS: the function of 'q' takes 'x'",
    ),
    # UNITS and LABELS
    "units-unknown": (BASE + "UNITS = {'bta': 'm'}\n", "did you mean 'beta'?"),
    "units-number": (BASE + "UNITS = {'beta': 3}\n", "'beta' has 3, not text"),
    "labels-list": (BASE + "LABELS = ['a']\n", "LABELS is ['a'], not a dict"),
    # data
    "F30-missing-column": (BASE + "COLUMNS = ('x', 'y', 'z')\n", "lacks 'z'"),
    "F30-extra-column": (BASE + "COLUMNS = ('x',)\n", "has 'y', which the model does not use"),
    "F30-misspelt-column": (BASE + "COLUMNS = ('x', 'Y')\n", "lacks 'Y' (did you mean 'y'?)"),
    "columns-text": (BASE + "COLUMNS = ('x')\n", "COLUMNS is the text"),
    "check-finds": (
        BASE + "def check(data): yield 'y', data['y'] != 0, 'zero'\n",
        "column y has -1 in row 3, 5 in row 4, where zero is due",
    ),
    "check-several": (
        BASE + "def check(data):\n    for c in data:\n        yield c, data[c] > 2, 'small'\n",
        "column x has 3 in row 4, where small is due; column y has 5 in row 4",
    ),
    "check-raises": (
        BASE + "def check(data):\n    yield 'z', data['z'] > 0, 'x'\n",
        "line 7: check(data) raised KeyError",
    ),
    "check-odd": (BASE + "def check(data): yield 'x', data['x'] > 0\n", "it yields (column, mask"),
    "check-unknown-column": (BASE + "def check(data): yield 'z', True, 'a'\n", "it yields (column"),
    "check-mask": (BASE + "def check(data): yield 'x', data['x'], 'a'\n", "a mask of float64"),
    "check-length": (BASE + "def check(data): yield 'x', [True] * 9, 'a'\n", "it yields (column"),
    # monotone
    "monotone-shape": (BASE + "def monotone(data): return [[1, 2, 3]]\n", "(m, 2) is due"),
    "monotone-flat": (BASE + "def monotone(data): return [1, 2]\n", "(m, 2) is due"),
    "monotone-text": (BASE + "def monotone(data): return 'ab'\n", "an array of numbers"),
    "F09-monotone-nan": (
        BASE + "def monotone(data): return [[1, float('nan')]]\n",
        "not finite",
    ),
    "monotone-raises": (
        BASE + "def monotone(data):\n    raise ValueError('no')\n",
        "line 7: monotone(data) raised ValueError: no",
    ),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_breaks_the_contract_is_refused_by_name(refuse, text, words):
    message = refuse(text)
    assert words in message
    assert "\n" not in message


def test_a_model_that_needs_columns_and_gets_no_data_says_so(refuse):
    message = refuse(BASE + "COLUMNS = ('x', 'y')\n", data={})
    assert "needs the columns x, y; give the configuration data" in message


def test_many_bad_rows_are_counted_and_not_all_listed(refuse):
    data = {"x": np.full(1000, -1.0)}
    message = refuse(BASE + "def check(data): yield 'x', data['x'] < 0, 'positive'\n", data)
    assert "-1 in row 2" in message
    assert "and 995 more" in message
    assert len(message) < 400


def test_a_long_message_of_many_lines_becomes_one_short_paragraph(refuse):
    message = refuse("raise ValueError('a\\n' * 1000)\n")
    assert "raised ValueError: a a a" in message
    assert "\n" not in message
    assert len(message) < 500


def test_an_error_in_a_neighbour_names_the_neighbour(tmp_path, refuse):
    (tmp_path / "beside.py").write_text("x = 1\n\ny = x / 0\n")
    assert "beside.py, line 3: running the file raised ZeroDivisionError" in refuse(
        "import beside\n" + BASE
    )
    (tmp_path / "beside.py").write_text("x = 1\ny = (\n")
    assert "beside.py, line 2: is not Python" in refuse("import beside\n" + BASE)


@pytest.mark.parametrize(
    "text",
    [
        "STATE = 3\n",
        "from math import pi as PI, tau as TAU\n",
        "N_STARTS = 3\n",
        "COLUMN = 1\nCOLUMNS = ('x', 'y')\n",
        "def checked(data): return data\ndef check(data): return None\n",
        "def hess(theta): return theta\n",
    ],
    ids=str,
)
def test_names_of_the_files_own_are_let_be(load, text):
    load(BASE + text)


def test_a_missing_model_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.py: there is no such file"):
        load_model(tmp_path / "absent.py", {})
    with pytest.raises(InputError, match="directory"):
        load_model(tmp_path, {})
