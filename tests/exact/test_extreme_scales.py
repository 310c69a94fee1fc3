"""Priors of absurd sizes: each case ends in numbers, or in a sentence that says why not."""

import numpy as np
import pytest

from cases_in_memory import MODELS, exact_of, judged, laplace_of, posterior_of
from laplace_approx.density.priors import build_prior
from laplace_approx.errors import InputError

BOX = {
    "alpha": {"lower": -4, "upper": 8, "points": 100},
    "beta": {"lower": -10, "upper": 40, "points": 100},
}
PRIORS = {
    **{
        f"alpha-sd-{sd:g}": {"alpha": {"family": "normal", "mean": 0, "sd": sd}}
        for sd in (1e-300, 1e-160, 1e-140, 1e-100, 1e-30, 1e-3, 1e160, 1e300)
    },
    **{
        f"alpha-{mean:g}-sd-{sd:g}": {"alpha": {"family": "normal", "mean": mean, "sd": sd}}
        for mean, sd in ((1, 1e-14), (1, 1e-30), (1e10, 1e-10), (1e300, 1), (1e300, 1e300))
    },
    "beta-sd": {"beta": {"family": "normal", "mean": 0, "sd": 1e-300}},
    "half-normal": {"beta": {"family": "half_normal", "scale": 1e-160}},
    "far-from-every-start": {"beta": {"family": "inverse_gamma", "shape": 2, "scale": 1e60}},
    "cauchy": {"alpha": {"family": "cauchy", "location": 0, "scale": 1e-300}},
}


@pytest.mark.parametrize("definition", [{}, BOX], ids=["certified", "box"])
@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_a_case_ends_in_numbers_or_in_a_reason(prior, definition):
    posterior = posterior_of(MODELS / "bioassay.py", "bioassay.csv", prior)
    laplace, exact = laplace_of(posterior), exact_of(posterior, definition)
    record = exact.record
    assert record["certified"] or record["reasons"]
    if record["status"] == "ok" and not definition:
        assert all(sd is None or sd > 0 for sd in record["sd"].values())
    if record["certified"]:
        assert abs(record["log_evidence"]) < np.inf
    extent = "none" if definition else "all"  # the remedies are told nothing of the bounds
    for quantity in judged(laplace, exact, extent=extent).verdict["quantities"].values():
        assert quantity["sentence"].endswith(".")


def test_a_width_that_no_lattice_shows_is_told_by_its_parameter():
    prior = {"alpha": {"family": "normal", "mean": 0, "sd": 1e-300}}
    record = exact_of(posterior_of(MODELS / "bioassay.py", "bioassay.csv", prior)).record
    assert record["status"] == "empty" and not record["certified"]
    assert any("too narrow" in reason and "alpha" in reason for reason in record["reasons"])


@pytest.mark.parametrize(
    "settings",
    [
        {"family": "gamma", "shape": 1e308, "rate": 1},
        {"family": "lognormal", "log_mean": 0, "log_sd": 1e-300},
        {"family": "lognormal", "log_mean": 0, "log_sd": 1e160},
        {"family": "scaled_inverse_chi_squared", "df": 3, "scale": 1e-300},
    ],
)
def test_a_density_beyond_the_range_of_numbers_is_refused_by_its_key(settings):
    with pytest.raises(InputError, match=r"prior\.beta: .*floating-point"):
        build_prior({"beta": settings}, ("alpha", "beta"))
