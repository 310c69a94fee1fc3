"""The verdict, held against posteriors whose errors were computed independently."""

import math
import re
import textwrap
from statistics import NormalDist

import numpy as np
import pytest

from cases_in_memory import MODELS, exact_of, judged, laplace_of, posterior_of
from laplace_approx.remedies.judge import Judge
from laplace_approx.verdict.classes import VERDICTS, worst
from laplace_approx.verdict.evidence import evidences
from laplace_approx.verdict.sentences import method_in_words
from laplace_audit.laws.evidence import evidence_laws
from laplace_audit.ledger import Ledger


@pytest.fixture(scope="module")
def bioassay():
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv")
    spaces = {"log_beta": laplace_of(posterior, {"beta": "log"}, "log_beta")}
    return judged(laplace_of(posterior), exact_of(posterior), spaces)


@pytest.fixture(scope="module")
def in_log_beta():
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv")
    return judged(laplace_of(posterior, {"beta": "log"}, "log_beta"), exact_of(posterior))


@pytest.fixture(scope="module")
def conjugate():
    prior = {name: {"family": "normal", "mean": 0, "sd": 10} for name in ("b0", "b1")}
    posterior = posterior_of(MODELS / "linear_known_variance.py", "anscombe1.csv", prior)
    return judged(laplace_of(posterior), exact_of(posterior))


# All true values were computed independently by 40-digit quadrature.
JOINT = {
    "total_variation": 0.23252574447980162,
    "hellinger": 0.32602209803338117,
    "kl_exact_laplace": 0.5456167141382386,
    "kl_laplace_exact": 1.407032831936916,
}
COVERAGE = {
    "alpha": {"50": 0.4766335118791133, "95": 0.9072078352372481, "99": 0.9625475728571685},
    "beta": {"50": 0.46395365194447385, "95": 0.845780398872994, "99": 0.9187218832412979},
}
ELLIPSES = {"50": 0.4426982017037865, "95": 0.8352746864812336}
ENDPOINTS = {
    "alpha": {"50": 0.4049128223396177, "95": 0.8127401686397259},
    "beta": {"50": 0.657525616269243, "95": 1.4056837559285211},
}
LD50_95 = (-0.27575043469169797, 0.10342175158745812)


def test_the_joint_measures_of_the_bioassay_are_right(bioassay):
    for name, true in JOINT.items():
        found = bioassay.verdict["joint"][name]
        assert abs(found["value"] - true) < 1e-4  # the kink of the total variation on the lattice
        # the error is a bound on what the lattice and the 1e-9 outside it cost
        assert abs(found["value"] - true) <= 2 * found["error"] + 1e-8
    for level, true in ELLIPSES.items():
        assert (
            abs(bioassay.verdict["joint"]["ellipse_coverage"]["levels"][level]["value"] - true)
            < 1e-5
        )
    assert bioassay.verdict["class"] == "poor"


def test_coverage_and_endpoint_errors_of_the_bioassay_are_right(bioassay):
    for quantity, levels in COVERAGE.items():
        for level, true in levels.items():
            found = bioassay.verdict["quantities"][quantity]["coverage"][level]
            assert abs(found["value"] - true) < 1e-6 + found["error"]
            assert found["value"] == pytest.approx(1 - found["below"] - found["above"], abs=1e-12)
    for quantity, levels in ENDPOINTS.items():
        for level, true in levels.items():
            found = bioassay.verdict["quantities"][quantity]["endpoint_error_sd"][level]
            assert abs(found["value"] - true) < 1e-6


def test_every_quantity_of_the_bioassay_has_its_own_remedy(bioassay):
    """Beta's tail needs its marginal; of the LD50, no function of one coordinate, draws serve."""
    quantities = bioassay.verdict["quantities"]
    assert {each["verdict"] for each in quantities.values()} == {"remedy"}
    assert quantities["beta"]["remedy"] == "nested_laplace"
    assert quantities["ld50"]["remedy"] in ("skew_symmetric", "importance_t4")
    low, high = quantities["ld50"]["intervals"]["95"]["exact"]
    assert abs(low - LD50_95[0]) < 1e-6 and abs(high - LD50_95[1]) < 1e-6
    assert "5.6 % of the normal" in quantities["ld50"]["sentence"]


def test_quantities_of_one_case_can_differ_in_their_verdict(in_log_beta):
    """In (alpha, log beta) the 50 % intervals of both parameters are right, that of LD50 is not."""
    found = {name: each["verdict"] for name, each in in_log_beta.verdict["quantities"].items()}
    assert found == {"alpha": "fine_for_50", "beta": "fine_for_50", "ld50": "remedy"}
    assert in_log_beta.verdict["verdict"] == "remedy"
    # true total variation 0.09136, by quadrature
    assert abs(in_log_beta.verdict["joint"]["total_variation"]["value"] - 0.0913600464) < 1e-4
    beta = in_log_beta.verdict["quantities"]["beta"]
    assert "although it holds 95.0 %" in beta["sentence"]


def test_an_infinite_divergence_is_null_with_its_reason(in_log_beta):
    divergence = in_log_beta.verdict["joint"]["kl_exact_laplace"]
    assert divergence["value"] is None
    share = float(re.search(r"no mass on about (\S+) of the posterior", divergence["reason"])[1])
    # 4.011e-6, truly; a sum over nodes, of which the row next to the edge holds half of that
    assert 2e-6 <= share <= 8e-6


def test_the_conjugate_line_is_exact_on_every_measure(conjugate):
    verdict = conjugate.verdict
    assert verdict["verdict"] == "fine" and verdict["class"] == "exact"
    for name in JOINT:
        assert verdict["joint"][name]["value"] < 1e-7  # the distance is the root of the rounding
    assert verdict["joint"]["total_variation"]["value"] < 1e-10
    for each in verdict["quantities"].values():
        assert each["remedy"] is None
        for level, found in each["coverage"].items():
            assert abs(found["value"] - float(level) / 100) < 1e-8
        assert max(e["value"] for e in each["endpoint_error_sd"].values()) < 1e-6
    k = verdict["joint"]["pareto_k"]
    assert k["value"] is None and "exact" in k["reason"] and "-inf" in k["reason"]
    assert set(verdict["replication"]["quantities"]["b0"]) == {"copies", "rate", "reason"}
    assert verdict["replication"]["quantities"]["b0"]["copies"] == 1


def test_a_grid_that_misses_the_mode_is_no_judge():
    """A box beside the posterior, in which nothing looks wrong from within."""
    posterior = posterior_of(MODELS / "linear_known_variance.py", "anscombe1.csv")
    box = {
        "b0": {"lower": 8.0, "upper": 12.0, "points": 60},
        "b1": {"lower": -1.0, "upper": 2.0, "points": 60},
    }
    found = judged(laplace_of(posterior), exact_of(posterior, box)).verdict
    # draws judge instead, and rightly: this posterior is normal
    assert found["exact"]["kind"] == "importance"
    assert {each["verdict"] for each in found["quantities"].values()} == {"fine"}
    assert all(each["rests_on"] == "importance" for each in found["quantities"].values())


def test_an_exact_side_that_is_not_exact_enough_decides_nothing():
    """Nine points a side, two of them within the posterior, and a tolerance of 1e-4."""
    prior = {name: {"family": "normal", "mean": 0, "sd": 10} for name in ("b0", "b1")}
    posterior = posterior_of(MODELS / "linear_known_variance.py", "anscombe1.csv", prior)
    coarse = {
        "b0": {"lower": -3.0, "upper": 9.0, "points": 9},
        "b1": {"lower": -0.5, "upper": 1.5, "points": 9},
    }
    found = judged(laplace_of(posterior), exact_of(posterior, coarse), tolerance=1e-4).verdict
    for each in found["quantities"].values():
        assert each["verdict"] == "sample"
        assert "known only to within" in each["sentence"] or "relied on" in each["sentence"]


def model_file(folder, text):
    path = folder / "target.py"
    path.write_text("import numpy as np\n" + textwrap.dedent(text), encoding="utf-8")
    return path


NORMAL_5 = """
    PARAMETERS = tuple("abcde")

    def log_likelihood(theta, data):
        return -0.5 * np.sum(theta**2, axis=-1)
"""
FUNNEL_5 = """
    PARAMETERS = tuple("abcde")

    def log_likelihood(theta, data):
        v = theta[..., 0]
        return -v**2 / 18 - 0.5 * np.sum(theta[..., 1:] ** 2, axis=-1) * np.exp(-v) - 2 * v
"""
TWO_MODES_5 = """
    PARAMETERS = tuple("abcde")

    def log_likelihood(theta, data):
        near = -0.5 * np.sum(theta**2, axis=-1)
        far = -0.5 * np.sum((theta - 6.0) ** 2, axis=-1)
        return np.logaddexp(near, far)
"""


def verdict_without_grid(folder, text):
    posterior = posterior_of(model_file(folder, text))
    return judged(laplace_of(posterior), exact_of(posterior)).verdict


def test_without_a_grid_importance_draws_may_judge(tmp_path):
    found = verdict_without_grid(tmp_path, NORMAL_5)
    assert found["exact"]["kind"] == "importance"
    assert {each["verdict"] for each in found["quantities"].values()} == {"fine"}
    for each in found["quantities"].values():
        assert "importance draws" in each["sentence"]
        for level in ("50", "80", "90", "95", "99"):
            held = each["coverage"][level]
            # five standard errors, with the Pareto-smoothed draws of one seed
            assert abs(held["value"] - float(level) / 100) < 5 * held["error"]
    assert found["joint"]["total_variation"]["value"] is None


def test_without_a_grid_the_draws_see_all_modes_that_the_search_found(tmp_path):
    """Two modes six SDs apart, half the mass each: about one alone k is small and sees no other."""
    found = verdict_without_grid(tmp_path, TWO_MODES_5)
    assert found["exact"]["kind"] == "importance"
    x = np.linspace(-6, 12, 100_001)
    cdf = np.array([(NormalDist().cdf(a) + NormalDist().cdf(a - 6)) / 2 for a in x.tolist()])
    for each in found["quantities"].values():
        assert each["verdict"] == "sample" or each["remedy"] == "adapted_draws"
        ends, errors = (np.array(each["intervals"]["95"][k]) for k in ("exact", "exact_error"))
        assert np.all(np.abs(ends - np.interp([0.025, 0.975], cdf, x)) < 4.5 * errors)


def test_without_a_grid_a_funnel_is_never_fine(tmp_path):
    found = verdict_without_grid(tmp_path, FUNNEL_5)
    assert "fine" not in {each["verdict"] for each in found["quantities"].values()}


def test_a_declined_case_keeps_its_exact_side(tmp_path):
    """An exponential density: no mode inside its support, and a perfectly good posterior."""
    path = model_file(
        tmp_path,
        """
        PARAMETERS = ("x",)
        SUPPORT = {"x": (0, None)}
        START = (1.0,)

        def log_likelihood(theta, data):
            return -theta[..., 0]
        """,
    )
    posterior = posterior_of(path)
    spaces = {"log_x": laplace_of(posterior, {"x": "log"}, "log_x")}
    found = judged(laplace_of(posterior), exact_of(posterior), spaces).verdict
    each = found["quantities"]["x"]
    assert found["status"] == each["verdict"] == "declined"
    assert found["reason"] == "mode_on_boundary"
    assert found["exact"]["kind"] == "grid"
    # -log(1 - p), the quantiles of the exponential, by formula
    assert np.allclose(each["intervals"]["95"]["exact"], -np.log([0.975, 0.025]), atol=1e-6)
    assert each["intervals"]["95"]["laplace"] == [None, None]
    assert each["remedy"] == "grid"
    assert found["joint"]["total_variation"]["value"] is None


def test_every_number_that_is_missing_has_a_reason(bioassay, in_log_beta, conjugate):
    for case in (bioassay, in_log_beta, conjugate):
        for name, measure in case.verdict["joint"].items():
            parts = measure["levels"].values() if name == "ellipse_coverage" else [measure]
            assert measure["meaning"] and measure["blind_spot"]
            for part in parts:
                assert part["value"] is not None or part["reason"]


def test_the_worst_verdict_is_the_last_in_the_list():
    assert worst(["fine", "remedy", "fine_for_50"]) == "remedy"
    assert [worst([verdict, "fine"]) for verdict in VERDICTS] == list(VERDICTS)


def test_methods_have_names_that_a_person_would_say():
    assert method_in_words("space:log_beta") == "the normal in the space log_beta"
    assert method_in_words("nested_laplace") == "the nested Laplace marginal"


def test_a_cost_is_told_with_all_that_the_remedy_starts_from(bioassay):
    """What starts from the normal needs the ascent too; what proves the mode nobody needs."""
    ascent, own = bioassay.laplace.mode["evaluations_of_ascent"], bioassay.tables.record["methods"]
    for said in bioassay.verdict["quantities"].values():
        cost = said["remedy_evaluations"]
        assert f"{cost:,.0f} evaluations in all".replace(",", " ") in said["sentence"]
        if said["remedy"] in own:
            assert cost == ascent + own[said["remedy"]]["log_density_evaluations"]


DRAWS = {"serves": True, "log_evidence": -3.0, "log_evidence_error": 0.01, "unseen_mass": 0.02}
DRAWS |= {"pareto_k": 0.2, "coverage": {"unsure": 0.005}, "heaviest_tail": {"pareto_k": 0.1}}
UNSEEN_TOO = 0.02 - math.log(0.97)  # twice what chains leave open goes too
SIDES = {  # what judges, and what its own evidence is known to
    "grid": (Judge("grid", None, (), ()), {"serves": False}, 0.001 - math.log(0.9)),
    "importance": (Judge("importance", None, (), ()), DRAWS, 0.02 - math.log(0.98)),
    "importance, uneven": (
        Judge("importance", None, (), ()),
        DRAWS | {"pareto_k": 0.3},
        UNSEEN_TOO,
    ),
    "importance, uneven beyond an end": (
        Judge("importance", None, (), ()),
        DRAWS | {"heaviest_tail": {"pareto_k": 0.3}},
        UNSEEN_TOO,
    ),
    "importance, not known beyond an end": (
        Judge("importance", None, (), ()),
        DRAWS | {"heaviest_tail": {"pareto_k": None}},
        UNSEEN_TOO,
    ),
    "importance, weights all equal": (
        Judge("importance", None, (), ()),
        DRAWS | {"pareto_k": None, "heaviest_tail": None},
        0.02 - math.log(0.98),
    ),
    "none": (Judge("none", None, (), ()), {"serves": False}, None),
    "half a grid": (Judge("grid", None, ("A fault.",), ()), {"serves": False}, None),
}


@pytest.mark.parametrize("side", SIDES)
def test_an_evidence_is_off_by_its_distance_from_what_judges(side):
    """Of the exact side its own error; of any other the distance; and nothing is made up."""
    judge, reference, own = SIDES[side]
    grid = {
        "status": "ok" if "grid" in side else "absent",
        "log_evidence": -3.0 if "grid" in side else None,
        "discretisation_error": {"log_evidence": 0.001},
        "outside_mass": {"total": 0.1},
    }
    methods = {"m": {"log_evidence": -2.5}, "silent": {"log_evidence": None}}
    found = evidences(judge, -3.25, grid, reference, methods)
    assert "silent" not in found and found["m"]["value"] == -2.5
    for name, off in (("laplace", 0.25), ("m", 0.5)):
        assert found[name]["error"] == (None if own is None else pytest.approx(off + own))
        assert (found[name]["reason"] is None) == (own is not None)
    exact = {"grid": "grid", "importance": "adapted_draws"}.get(side.split(",")[0])
    if exact:
        assert found[exact] == {"value": -3.0, "error": pytest.approx(own), "reason": None}
    assert found["grid"]["value"] == grid["log_evidence"]
    ledger = Ledger()
    inputs = {"grid": grid, "reference": reference, "found": {"methods": methods}}
    inputs["curvature"] = {"log_evidence": -3.25}
    evidence_laws(ledger.page("verdict.json"), found, inputs, judge.kind, not judge.faults)
    assert all(check.ok for check in ledger.checks)


def test_a_declined_case_has_a_remedy_with_all_its_evaluations():
    prior = {"alpha": {"family": "laplace", "location": 0, "scale": 0.1}}
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv", prior)
    found = judged(laplace_of(posterior), exact_of(posterior)).verdict
    assert found["status"] == "declined"
    for said in found["quantities"].values():
        if said["remedy"]:
            assert said["sentence"].endswith(" evaluations in all.")
