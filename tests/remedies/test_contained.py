"""A remedy, signal, joint measure or search for copies that fails costs itself only."""

import json
import math
from statistics import NormalDist

import numpy as np
import pytest

from cases_in_memory import MODELS, Judged, exact_of, judged, laplace_of, posterior_of
from laplace_approx.comparison import distances, joint, signals
from laplace_approx.comparison.intervals import PROBABILITIES
from laplace_approx.contained import contained
from laplace_approx.density.frozen import Posterior
from laplace_approx.density.model import Model
from laplace_approx.density.priors import build_prior
from laplace_approx.errors import InputError
from laplace_approx.normal.laplace import Laplace
from laplace_approx.normal.normal import Normal
from laplace_approx.remedies import COMPUTED, DRAWN, step
from laplace_files.artifacts.artifacts import plain
from laplace_files.artifacts.schemas import fault_of_record

JOINT = ("total_variation", "hellinger", "kl_exact_laplace", "kl_laplace_exact")
SIGNALS = (
    *("pareto_k", "effective_sample_size", "reflection_bound"),
    *("skewness", "outside_support", "number_of_modes"),
)


def raises_far_out(theta):
    if np.any(np.abs(theta) > 2):
        raise IndexError("list index out of range")
    return standard(theta)


def raises_on_many(theta):
    if theta.shape[0] > 100:
        raise ZeroDivisionError("float division by zero")
    return standard(theta)


def nan_but_at_the_mode(theta):
    return np.where(np.all(theta == 0, axis=-1), 0.0, np.nan)


def sliver(theta):
    inside = np.abs(theta[..., 0] - theta[..., 1]) < 1e-6
    return np.where(inside, standard(theta), -np.inf)


def flat_along_a_line(theta):
    return -0.5 * (theta[..., 0] - theta[..., 1]) ** 2


def standard(theta):
    return -0.5 * np.sum(theta**2, axis=-1)


def funnel(theta):
    """One mode, at 0, in any number of dimensions, and a narrow part of which it tells nothing."""
    v, x = theta[..., 0], theta[..., 1:]
    return -0.5 * (v / 3) ** 2 - 0.5 * np.sum(np.expm1(-v)[..., None] * x**2 + x**2, axis=-1)


def far_higher_to_one_side(theta):
    """A maximum near 0, one that is forty higher twenty to the left, and an end at the right."""
    x, y = theta[..., 0], theta[..., 1]
    value = np.logaddexp(-0.5 * x**2, 40 - 0.5 * ((x + 20) / 2) ** 2) - 0.5 * y**2
    return np.where(x < 0.2, value, -np.inf)


SHAPES = {
    "raises-far-out": (raises_far_out, 2),
    "raises-on-many-points": (raises_on_many, 2),
    "nan-but-at-the-mode": (nan_but_at_the_mode, 2),
    "sliver": (sliver, 2),
    "flat-along-a-line": (flat_along_a_line, 2),
    "far-higher-to-one-side": (far_higher_to_one_side, 2),
    "normal": (standard, 2),
    "normal-in-ten-dimensions": (standard, 10),
    "funnel-in-ten-dimensions": (funnel, 10),
    "sliver-in-ten-dimensions": (sliver, 10),
    "nan-but-at-the-mode-in-ten-dimensions": (nan_but_at_the_mode, 10),
    "raises-far-out-in-ten-dimensions": (raises_far_out, 10),
}
# The SDs of the quantities that are normal about 0 in truth, where there is an exact side to be
# relied on: a grid, or draws where it leaves out the mode of the normal.
MEASURED = {
    "normal": {"a": 1.0, "b": 1.0},
    "sliver": dict.fromkeys("ab", math.sqrt(0.5)),
    "far-higher-to-one-side": {"b": 1.0},
    "normal-in-ten-dimensions": dict.fromkeys("abcdefghij", 1.0),
}


def case_of(value, d: int) -> Judged:
    """Return the case of a density with a normal that is taken on trust: N(0, I)."""
    names, edge = tuple("abcdefghij"[:d]), np.full(d, np.inf)
    model = Model(
        *("m", names, value, None, None, -edge, edge, np.zeros(d)),
        *({"product": lambda a, b: a * b}, {}, None),
    )
    prior = build_prior({}, names)
    record = {"case": {"model": "m", "prior": "p"}, "data": {}}
    posterior = Posterior(record, {}, model, prior)
    mode = {
        "case": {"model": "m", "prior": "p", "space": "natural"},
        **{"parameters": names, "z": [0.0] * d, "modes": [{"theta": [0.0] * d, "share": 1.0}]},
        **{"n_evaluations": 1, "evaluations_of_ascent": 1, "evaluations_of_search": 0},
        **{"space": "natural", "space_definition": {}},
    }
    curvature = {"status": "ok", "reason": None, "message": None, "log_evidence": 0.0}
    curvature["n_evaluations"] = 1
    normal = Normal(np.zeros(d), np.eye(d))
    laplace = Laplace(posterior, mode, curvature, posterior.space({}), normal)
    return judged(laplace, exact_of(posterior))


@pytest.fixture(scope="module", params=SHAPES)
def shape(request):
    return request.param, case_of(*SHAPES[request.param])


def test_every_method_has_its_rows_and_a_reason_where_it_has_no_value(shape):
    table = shape[1].tables.remedies
    names = list(shape[1].verdict["quantities"])
    methods = ["laplace", *DRAWN, *COMPUTED, "grid"]
    if shape[1].verdict["exact"]["kind"] == "importance":
        methods.append("adapted_draws")
    due = sorted((m, name, p) for m in methods for name in names for p in PROBABILITIES.tolist())
    found = zip(table["method"], table["quantity"], table["probability"].tolist(), strict=True)
    assert sorted(found) == due
    for value, trusted, reason in zip(
        table["value"], table["trusted"], table["reason"], strict=True
    ):
        assert reason or (trusted and not math.isnan(value))


def test_every_measure_has_a_value_or_a_reason(shape):
    verdict = shape[1].verdict
    for name in (*JOINT, *SIGNALS):
        assert verdict["joint"][name]["value"] is not None or verdict["joint"][name]["reason"]
    for each in verdict["joint"]["ellipse_coverage"]["levels"].values():
        assert each["value"] is not None or each["reason"]
    for each in verdict["replication"]["quantities"].values():
        assert each["copies"] is not None or each["reason"]


def test_what_is_trusted_is_as_far_off_as_it_says(shape):
    """Held against the truth where that is known; nothing is trusted where nothing measured it."""
    name, case = shape
    table, known = case.tables.remedies, MEASURED.get(name, {})
    rows = [row for row, trusted in enumerate(table["trusted"]) if trusted]
    assert bool(rows) == bool(known)
    for row in rows:
        assert math.isfinite(table["error_sd"][row]) and math.isfinite(table["exact_error"][row])
    for row in (row for row in rows if table["quantity"][row] in known):
        true = known[table["quantity"][row]] * NormalDist().inv_cdf(table["probability"][row])
        stated = abs(table["error_sd"][row]) * table["scale_sd"][row]
        error = table["value_error"][row] + table["exact_error"][row]
        assert abs(table["value"][row] - true) <= stated + 5 * error + 1e-6


@pytest.fixture(scope="module")
def line():
    """A case with everything that there is: data, a grid, another space."""
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv")
    spaces = {"log_beta": laplace_of(posterior, {"beta": "log"}, "log_beta")}
    return laplace_of(posterior), exact_of(posterior), spaces


@pytest.fixture(scope="module")
def whole(line):
    return judged(*line)


def broken(*_, **__):
    raise IndexError("list index out of range")


def opinions(case: Judged) -> dict:
    """Return what each part says of a case, by its name, as text that can be compared."""
    table, verdict = case.tables.remedies, case.verdict
    found = {}
    for row, method in enumerate(table["method"]):
        said = [values[row] for name, values in table.items() if name != "method"]
        found.setdefault(method, []).append(repr(said))
    found |= {name: verdict["joint"][name] for name in (*JOINT, *SIGNALS, "ellipse_coverage")}
    found["replication"] = verdict["replication"]
    return found


PARTS = {
    **{name: (DRAWN, name, {name}) for name in DRAWN},
    **{name: (COMPUTED, name, {name}) for name in COMPUTED},
    "pareto_k": (signals, "pareto_k", {"pareto_k"}),
    "effective_sample_size": (signals, "effective_sample_size", {"effective_sample_size"}),
    "skewness": (signals, "skewness", {"skewness"}),
    "outside_support": (signals, "outside_support", {"outside_support"}),
    "third_derivatives": (signals, "third_derivatives", {"skewness"}),
    "draws_of_the_signals": (
        *(signals, "probe"),
        {"pareto_k", "effective_sample_size", "outside_support"},  # the bound comes from the grid
    ),
    "reflection_bound": (joint, "reflection_bound_on_lattice", {"reflection_bound"}),
    "total_variation": (distances, "total_variation", {"total_variation"}),
    "hellinger": (distances, "hellinger", {"hellinger"}),
    "kl_exact_laplace": (distances, "kl_exact_laplace", {"kl_exact_laplace"}),
    "kl_laplace_exact": (joint, "kl_laplace_exact_by_hermite", {"kl_laplace_exact"}),
    "ellipse_coverage": (joint, "ellipses_by_two_rules", {"ellipse_coverage"}),
    "replication": (step, "copies_needed", {"replication"}),
}


@pytest.mark.parametrize("part", PARTS)
def test_what_fails_costs_itself_only(line, whole, part, monkeypatch, capsys):
    where, name, lost = PARTS[part]
    (monkeypatch.setitem if isinstance(where, dict) else monkeypatch.setattr)(where, name, broken)
    if part != "replication":  # which calls none of the others, and takes most of the time
        found = whole.tables.record["replication"]
        monkeypatch.setattr(step, "copies_needed", lambda *_: found)
    case = judged(*line)
    before, after = opinions(whole), opinions(case)
    assert {name for name in before if before[name] != after[name]} == lost
    for name in lost:
        text = json.dumps(after[name])
        assert "IndexError: list index out of range" in text and "please report" in text
    for file, record in (("remedies.json", case.tables.record), ("verdict.json", case.verdict)):
        path = f"results/m/p/compare/natural/certified/{file}"
        assert fault_of_record(path, plain(record) | {"core": "0" * 64}) is None
    assert "in broken" in capsys.readouterr().err  # the traceback is in the log of the job


@pytest.mark.parametrize(
    "error", [InputError, MemoryError, OSError, ImportError, KeyboardInterrupt]
)
def test_what_concerns_all_parts_is_passed_on(error):
    def fails():
        raise error("no more")

    with pytest.raises(error):
        contained(fails, str)
