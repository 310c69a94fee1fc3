"""Situations of people who fit such models: the right numbers, or the reason and a step that helps.

The quantiles in `situations/truth.json` come from quadrature and closed forms that share no code
with the workflow. Each situation goes through the steps of the chain in one process.
"""

import json
from typing import NamedTuple

import numpy as np
import pytest

from cases_in_memory import exact_of, laplace_of, posterior_of
from laplace_approx.comparison.exact import Exact
from project_copy import PROJECT

FOLDER = PROJECT / "tests/situations"
TRUTH = json.loads((FOLDER / "truth.json").read_text())
PROBABILITIES = np.array(TRUTH["probabilities"])
DIGITS = 2e-5  # of the truth, which is written with six digits
NINE_DIGITS = 2e-9  # likewise, of those found to nine
NATURAL, LOGS = {}, {"shape": "log", "scale": "log"}
RECIPROCAL = {name: {"family": "reciprocal"} for name in ("shape", "scale")}
MU_GAMMA = {"mu": "logit", "gamma": "logit"}


class Situation(NamedTuple):
    """A model file with its data, both below `situations`, and a prior."""

    model: str
    data: str | None = None
    prior: dict = {}  # noqa: RUF012 (nobody changes it)

    def posterior(self):
        data = str(FOLDER / f"{self.data}.csv") if self.data else None
        return posterior_of(FOLDER / f"{self.model}.py", data, self.prior)

    def mode(self, space) -> dict:
        """Return the record of the mode, or of the curvature where that is what declines."""
        laplace = laplace_of(self.posterior(), space, "tried")
        both_ok = laplace.mode["status"] == laplace.curvature["status"]
        return laplace.mode if both_ok else laplace.curvature

    def exact(self) -> Exact:
        return exact_of(self.posterior())


def weak(log_scale):
    return {
        "shape": {"family": "lognormal", "log_mean": 0, "log_sd": 1},
        "scale": {"family": "lognormal", "log_mean": log_scale, "log_sd": 2},
    }


BOX = {"nu": {"family": "uniform", "lower": 1, "upper": 10}}
GAMMA = {"nu": {"family": "gamma", "shape": 2, "rate": 0.1}}
HEAVY_SIZE = {"size": {"family": "half_cauchy", "scale": 10}}
CONCENTRATION = {"kappa": {"family": "gamma", "shape": 2, "rate": 0.5}}
EXPONENTIAL = {"alpha": {"family": "exponential", "rate": 1}}
WIDE = {"intercept": {"family": "normal", "mean": 0, "sd": 10}}
WIDE |= {"slope": WIDE["intercept"]}
SMALL = {name: {"family": "normal", "mean": 0, "sd": 5} for name in ("intercept", "group_b")}
SHAPE = {"shape": {"family": "reciprocal"}}
ONE_EVENT = "weibull_one_event/model", "weibull_one_event/data"
THREE = "weibull_intervals/model", "weibull_intervals/three"
ONE = "weibull_intervals/model", "weibull_intervals/one"
MEDIAN = "median_regression/model", "median_regression/data"
WRAPPED = "angles/wrapped"
COUNTS = "counts_underdispersed/data"
BIASED = "chance_corrected/data"
NUMBERS = "student_degrees/data"

# situation, space, reason, words of the message
DECLINED = {
    "one-event-flat": (Situation(*ONE_EVENT), NATURAL, "improper", ["proper prior"]),
    "one-event-flat-logs": (Situation(*ONE_EVENT), LOGS, "improper", ["proper prior"]),
    "one-event-reciprocal": (
        *(Situation(*ONE_EVENT, RECIPROCAL), NATURAL, "improper"),
        ["log(shape)", "proper prior"],
    ),
    "one-event-reciprocal-logs": (
        *(Situation(*ONE_EVENT, RECIPROCAL), LOGS, "improper"),
        ["log(shape)", "proper prior"],
    ),
    "intervals-flat": (
        *(Situation(*THREE), NATURAL, "improper"),
        ["there is a mode in this space", "no sampler helps", "proper prior"],
    ),
    "intervals-flat-logs": (Situation(*THREE), LOGS, "improper", ["proper prior"]),
    "one-interval-flat": (Situation(*ONE), LOGS, "improper", ["log(shape)", "proper prior"]),
    "zero-group": (
        *(Situation("counts_zero_group/model", "counts_zero_group/data"), NATURAL, "separation"),
        ["-0.71 intercept + 0.71 group_b"],
    ),
    "positive-alone": (
        Situation("prior_alone/positive", None, {"x": {"family": "gamma", "shape": 1, "rate": 1}}),
        *(NATURAL, "mode_on_boundary", ["x", "{x: log}"]),
    ),
    "degrees-box": (
        *(Situation("student_degrees/textbook", NUMBERS, BOX), NATURAL, "mode_on_boundary"),
        ["bound 10", "{nu: {logit: {lower: 1, upper: 10}}}"],
    ),
    "degrees-box-log": (
        *(Situation("student_degrees/textbook", NUMBERS, BOX), {"nu": "log"}, "mode_on_boundary"),
        ["{nu: {logit: {lower: 1, upper: 10}}}"],
    ),
    "degrees-flat": (
        *(Situation("student_degrees/textbook", NUMBERS), NATURAL, "improper"),
        ["along nu", "proper prior"],
    ),
    "degrees-flat-log": (
        *(Situation("student_degrees/textbook", NUMBERS), {"nu": "log"}, "non_smooth_mode"),
        ["loses its digits near log(nu) = 2", "gammaln", "give log(nu) a prior"],
    ),
    "dispersion-textbook": (
        *(Situation("counts_underdispersed/textbook", COUNTS, EXPONENTIAL), NATURAL),
        *("mode_on_boundary", ["alpha", "bound 0", "does not help", "loses its digits near"]),
    ),
    "dispersion-textbook-log": (
        *(Situation("counts_underdispersed/textbook", COUNTS, EXPONENTIAL), {"alpha": "log"}),
        *("non_smooth_mode", ["loses its digits near log(alpha) = ", "gammaln"]),
    ),
    "size-textbook-log": (
        *(Situation("counts_underdispersed/size_textbook", COUNTS, HEAVY_SIZE), {"size": "log"}),
        *("non_smooth_mode", ["loses its digits near log(size) = ", "gammaln"]),
    ),
    "dispersion-stable": (
        *(Situation("counts_underdispersed/stable", COUNTS, EXPONENTIAL), NATURAL),
        *("mode_on_boundary", ["alpha", "bound 0", "{alpha: log}"]),
    ),
    "chance-textbook": (
        *(Situation("chance_corrected/textbook", BIASED), MU_GAMMA, "non_smooth_mode"),
        ["loses its digits near", "logit(gamma)", "beta functions"],
    ),
    "chance-textbook-natural": (
        *(Situation("chance_corrected/textbook", BIASED), NATURAL, "mode_on_boundary"),
        ["mu", "bound 0", "does not help", "loses its digits"],
    ),
    "chance-stable-natural": (
        *(Situation("chance_corrected/stable", BIASED), NATURAL, "mode_on_boundary"),
        ["mu", "bound 0", "{mu: logit, gamma: logit}"],
    ),
    "angles-wrapped": (
        *(Situation("angles/cut_at_pi", WRAPPED), NATURAL, "mode_on_boundary"),
        ["mu is an angle", "does not fall toward both ends", "Shift the cut"],
    ),
    "angles-line": (
        *(Situation("angles/line", WRAPPED, CONCENTRATION), NATURAL, "improper"),
        ["periodic in mu", "2 pi", "the support of one turn"],
    ),
    "median": (
        *(Situation(*MEDIAN), NATURAL, "non_smooth_mode"),
        ["kink", "intercept = 2.006, slope = 1.797"],
    ),
    "median-proper": (
        *(Situation(*MEDIAN, WIDE), NATURAL, "non_smooth_mode"),
        ["kink", "intercept = 2.006, slope = 1.797"],
    ),
}


@pytest.mark.parametrize("name", DECLINED)
def test_it_is_declined_for_the_reason_that_is_true(name):
    situation, space, reason, words = DECLINED[name]
    record = situation.mode(space)
    assert (record["status"], record["reason"]) == ("declined", reason)
    assert [word for word in words if word not in record["message"]] == []
    for false in ("Try another start", "without bound as far") if reason != "improper" else ():
        assert false not in record["message"]


def test_the_kink_is_where_the_maximum_is():
    record = Situation(*MEDIAN).mode(NATURAL)
    assert record["details"]["mode"] == pytest.approx([2.0062, 1.79693], abs=1e-5)


# what declines is left by the step that its message names: situation, space, mode on its own scale
TAKEN = {
    "one-event-proper": (Situation(*ONE_EVENT, weak(10)), LOGS, None),
    "intervals-proper": (Situation(*THREE, weak(4)), NATURAL, None),
    "one-interval-proper": (Situation(*ONE, weak(4)), LOGS, None),
    "intervals-reciprocal": (Situation(*THREE, RECIPROCAL), LOGS, [0.6531, 73.39]),
    "zero-group-proper": (
        Situation("counts_zero_group/model", "counts_zero_group/data", SMALL),
        *(NATURAL, [-3.560438, 3.546152]),
    ),
    "positive-alone-log": (
        Situation("prior_alone/positive", None, {"x": {"family": "gamma", "shape": 1, "rate": 1}}),
        *({"x": "log"}, [1.0]),
    ),
    "degrees-box-logit": (
        Situation("student_degrees/textbook", NUMBERS, BOX),
        *({"nu": {"logit": {"lower": 1, "upper": 10}}}, [8.12]),
    ),
    "degrees-prior": (
        Situation("student_degrees/textbook", NUMBERS, GAMMA),
        *({"nu": "log"}, [27.25168]),
    ),
    "degrees-stable-prior": (
        Situation("student_degrees/stable", NUMBERS, GAMMA),
        *({"nu": "log"}, [27.25168]),
    ),
    "dispersion-stable-log": (
        Situation("counts_underdispersed/stable", COUNTS, EXPONENTIAL),
        *({"alpha": "log"}, [1.06471, 0.56453, 0.030572]),
    ),
    "size-stable-log": (
        Situation("counts_underdispersed/size", COUNTS, HEAVY_SIZE),
        *({"size": "log"}, None),
    ),
    "chance-stable": (Situation("chance_corrected/stable", BIASED), MU_GAMMA, [0.041273, 0.546933]),
    "angles-cut-elsewhere": (
        Situation("angles/cut_elsewhere", WRAPPED, CONCENTRATION),
        *(NATURAL, [2 * np.pi - 3.032097, 3.917721]),
    ),
    "failure-times": (
        Situation("failure_times_uncentred/model", "failure_times_uncentred/data", SHAPE),
        *({"shape": "log"}, [-210.639, -0.753614, 0.0105713, 0.846556]),
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_the_step_that_is_advised_leads_to_a_mode(name):
    situation, space, mode = TAKEN[name]
    record = situation.mode(space)
    assert record["status"] == "ok"
    if mode is not None:
        assert record["theta"] == pytest.approx(mode, rel=2e-5 if len(str(mode[0])) > 6 else 2e-3)


def test_written_stably_the_flat_degrees_are_improper_and_not_without_digits():
    """The decline says to write it differently or to give a prior; after the first, the second."""
    record = Situation("student_degrees/stable", NUMBERS).mode({"nu": "log"})
    assert record["reason"] == "improper" and "proper prior" in record["message"]


QUANTILES = {
    "weibull_intervals three": Situation(*THREE, weak(4)),
    "weibull_intervals one": Situation(*ONE, weak(4)),
    "counts_zero_group weak": TAKEN["zero-group-proper"][0],
    "prior_alone one": TAKEN["positive-alone-log"][0],
    "prior_alone half": Situation(
        "prior_alone/positive", None, {"x": {"family": "gamma", "shape": 0.5, "rate": 1}}
    ),
    "student_degrees box": Situation("student_degrees/textbook", NUMBERS, BOX),
    "student_degrees gamma": Situation("student_degrees/textbook", NUMBERS, GAMMA),
    "chance_corrected flat": Situation("chance_corrected/stable", BIASED),
    "angles around flat": Situation("angles/cut_at_pi", "angles/around"),
    "angles around gamma": Situation("angles/cut_at_pi", "angles/around", CONCENTRATION),
    "angles wrapped flat": Situation("angles/cut_elsewhere", WRAPPED),
    "angles wrapped gamma": Situation("angles/cut_elsewhere", WRAPPED, CONCENTRATION),
}


@pytest.mark.parametrize("name", QUANTILES)
def test_the_quantiles_are_right_within_their_errors(name):
    exact = QUANTILES[name].exact()
    assert exact.record["certified"], exact.record["reasons"]
    for quantity, truth in TRUTH[name].items():
        _hold(exact, quantity, truth)


def _hold(exact, quantity, truth, digits=DIGITS):
    found = exact.side.quantiles(quantity, PROBABILITIES)
    truth = np.array(truth)
    assert np.isfinite(found.value).all() and np.isfinite(found.error).all()
    assert np.all(np.abs(found.value - truth) <= found.error + digits * np.abs(truth))


def beta(a, b):
    return {"p": {"family": "beta", "a": a, "b": b}}


ALL, NONE = (("all_successes/model", f"all_successes/{name}") for name in ("all", "none"))
EXTREME = {"x": {"family": "beta", "a": 0.2, "b": 2e-5}}
UPPER_END = {
    f"{word} {name}": Situation(*case, beta(e, e))
    for name, e in (("near_haldane", 0.01), ("tenth", 0.1), ("jeffreys", 0.5))
    for word, case in (("all_successes", ALL), ("no_successes", NONE))
}
HEAVY = {
    "weibull_one_event weak": Situation(*ONE_EVENT, weak(10)),
    "weibull_ten reciprocal": Situation("weibull_ten/model", "weibull_ten/data", RECIPROCAL),
    "counts_underdispersed exponential": Situation(
        "counts_underdispersed/stable", COUNTS, EXPONENTIAL
    ),
    "counts_underdispersed size": Situation("counts_underdispersed/size", COUNTS, HEAVY_SIZE),
    "median_regression flat": Situation(*MEDIAN),
    "prior_alone beta": Situation("prior_alone/share", None, EXTREME),
}


@pytest.mark.parametrize("name", [*UPPER_END, *HEAVY])
def test_the_quantiles_beside_a_bound_and_of_heavy_tails_are_right(name):
    exact = (UPPER_END | HEAVY)[name].exact()
    for quantity, truth in TRUTH[name].items():
        _hold(exact, quantity, truth, NINE_DIGITS if name in HEAVY else DIGITS)


@pytest.mark.parametrize("e", [0.01, 0.1, 0.5])
def test_all_successes_are_the_mirror_image_of_none(e):
    """The mode of logit(p) is at log((k + e) / (n - k + e)), whichever the end."""
    found = [Situation(*case, beta(e, e)).mode({"p": "logit"}) for case in (ALL, NONE)]
    assert [record["status"] for record in found] == ["ok", "ok"]
    assert found[0]["z"] == pytest.approx([np.log((10 + e) / e)], abs=1e-5)
    assert found[1]["z"] == pytest.approx([-np.log((10 + e) / e)], abs=1e-5)


def test_the_mode_of_a_share_that_is_all_but_one():
    record = Situation("prior_alone/share", None, EXTREME).mode({"x": "logit"})
    assert record["z"] == pytest.approx([np.log(0.2 / 2e-5)], abs=1e-5)


def test_no_grid_stands_where_the_digits_end():
    """With a proper prior of heavy tails the formula makes a spike of mass at nu = 1e16, which is
    rounding: neither a mode nor a grid is made of it."""
    heavy = {"nu": {"family": "half_cauchy", "scale": 10}}
    situation = Situation("student_degrees/textbook", NUMBERS, heavy)
    mode = situation.mode({"nu": "log"})
    assert mode["status"] == "ok" or "loses its digits near" in mode["message"]
    textbook, stable = situation.exact(), situation._replace(model="student_degrees/stable").exact()
    assert textbook.record["status"] == "absent"
    assert "loses its digits near " in textbook.record["reasons"][0]
    assert stable.record["status"] == "ok"
    size = Situation("counts_underdispersed/size_textbook", COUNTS, HEAVY_SIZE)
    for each in (size, Situation("chance_corrected/textbook", BIASED)):
        assert each.exact().record["status"] == "absent"
