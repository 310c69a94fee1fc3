"""A space that restricts the support: the verdict says what the normal cannot reach."""

import numpy as np
import pytest
from scipy.stats import norm

from cases_in_memory import MODELS, exact_of, judged, laplace_of, posterior_of
from known_posteriors import BIOASSAY
from laplace_approx.comparison.sides import NoSide
from laplace_approx.remedies.judge import Judge
from laplace_approx.verdict.left_out import unreached, warnings_of

PARTS = {  # by space: what is left out
    "nothing": ({"beta": {"log": {"shift": -1e6}}}, {"beta": (-1e6, None)}),
    "below": ({"alpha": "log"}, {"alpha": (0.0, None)}),
    "both-ends": ({"beta": {"logit": {"lower": 0, "upper": 30}}}, {"beta": (0.0, 30.0)}),
    "two": (
        {"alpha": {"log": {"shift": -1}}, "beta": "log"},
        {"alpha": (-1.0, None), "beta": (0.0, None)},
    ),
}


@pytest.fixture(scope="module")
def bioassay():
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv")
    return posterior, exact_of(posterior)


def verdict(bioassay, definition):
    posterior, exact = bioassay
    return judged(laplace_of(posterior, definition), exact, extent="none").verdict


@pytest.mark.parametrize(("definition", "parts"), PARTS.values(), ids=PARTS)
def test_the_mass_that_is_left_out_is_that_of_the_exact_marginal(bioassay, definition, parts):
    found = verdict(bioassay, definition)
    assert {
        name: (each["below"], each["above"]) for name, each in found["unreached"].items()
    } == parts
    (warning,) = found["warnings"]
    side = bioassay[1].side
    for name, (below, above) in parts.items():
        mass = 0.0 if below is None else side.cdf(name, below).value
        mass = mass + (0.0 if above is None else 1 - side.cdf(name, above).value)
        assert found["unreached"][name]["mass"] == pytest.approx(float(mass), abs=1e-15)
        assert f"{name} < {below:g}" in warning


def test_the_share_in_the_sentence_is_that_of_a_plain_sum(bioassay):
    """The sum is over a wide box with far more cells than it needs, half-way between its nodes."""
    alpha, beta = np.arange(-5.99, 14, 0.02), np.arange(-4.95, 90, 0.1)
    theta = np.stack(np.meshgrid(alpha, beta, indexing="ij"), axis=-1)
    density = np.exp(BIOASSAY.log_density(theta))
    share = density[alpha < 0].sum() / density.sum()
    found = verdict(bioassay, {"alpha": "log"})
    assert found["unreached"]["alpha"]["mass"] == pytest.approx(share, abs=1e-5)
    assert f"alpha < 0 ({100 * share:.2g} % of the posterior)" in found["warnings"][0]


def test_a_space_that_keeps_all_of_the_support_needs_no_word(bioassay):
    found = verdict(bioassay, {})
    assert found["unreached"] == {} and found["warnings"] == []


def test_without_an_exact_side_the_mass_is_not_known(bioassay):
    found = unreached(
        laplace_of(bioassay[0], {"alpha": "log"}).space, Judge("none", NoSide(), (), ())
    )
    assert found == {"alpha": {"below": 0.0, "above": None, "mass": None, "error": None}}
    assert "alpha < 0 (how much of the posterior that is, is not known)" in warnings_of(found)[0]


BOX = """
import numpy as np

PARAMETERS = ("a", "b", "c", "d")
SUPPORT = dict.fromkeys(PARAMETERS, (0, 1))
QUANTITIES = {"total": lambda a, b, c, d: a + b + c + d}


def log_likelihood(theta, data):
    return -0.5 * np.sum(((theta - 0.3) / 0.35) ** 2, axis=-1)
"""


def test_the_normal_beyond_a_support_is_told_of_a_derived_quantity_in_any_dimension(tmp_path):
    """Of each parameter Phi(-0.3 / 0.35) + 1 - Phi(0.7 / 0.35) lies outside: so much at the least
    has no total, whatever else does not."""
    (tmp_path / "box.py").write_text(BOX, encoding="utf-8")
    posterior = posterior_of(tmp_path / "box.py")
    record = judged(laplace_of(posterior), exact_of(posterior), extent="none").verdict
    share = norm.cdf(-0.3 / 0.35) + norm.sf(0.7 / 0.35)
    said = record["quantities"]["total"]
    assert said["excluded"]["laplace"] is None
    assert f"at least {100 * share:.2g} % of the normal does not" in said["sentence"]
