"""A normal on a heavy tail is judged in a unit that exists, and nothing stated is absurd."""

import json

import numpy as np
import pytest
from scipy import stats

from cases_in_memory import exact_of, judged, laplace_of, posterior_of

MODEL = """
import numpy as np

PARAMETERS = ("x",)
SUPPORT = {{"x": ({lower}, {upper})}}
START = ({start},)


def log_likelihood(theta, data):
    x = {of} * theta[..., 0]
    return {log_density}
"""
INVERSE_GAMMA, CAUCHY = "-1.7 * np.log(x) - 1 / x", "-np.log1p(x * x)"
CASES = {
    "inverse-gamma": (INVERSE_GAMMA, 1, ("0", "None"), 1.0, stats.invgamma(0.7)),
    "its-mirror-image": (INVERSE_GAMMA, -1, ("None", "0"), -1.0, stats.invgamma(0.7)),
    "cauchy": (CAUCHY, 1, ("None", "None"), 0.1, stats.cauchy()),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request, tmp_path):
    log_density, sign, (lower, upper), start, law = request.param
    settings = {"lower": lower, "upper": upper, "start": start, "of": sign}
    file = tmp_path / "model.py"
    file.write_text(MODEL.format(log_density=log_density, **settings))
    posterior = posterior_of(file)
    found = judged(laplace_of(posterior), exact_of(posterior), extent="none").verdict
    return found, law, sign


def test_the_scale_is_half_the_central_interval_and_the_error_is_in_it(case):
    verdict, law, sign = case
    quantity = verdict["quantities"]["x"]
    low, high = law.ppf(stats.norm.cdf([-1.0, 1.0]))
    scale = quantity["scale_sd"]
    assert scale == pytest.approx((high - low) / 2, rel=1e-6)
    for level, tail in (("50", 0.25), ("95", 0.025)):
        ends = np.sort(sign * law.ppf([tail, 1 - tail]))
        found = np.array(quantity["intervals"][level]["laplace"], dtype=float)
        off = np.max(np.abs(found - ends)) / scale
        stated = quantity["endpoint_error_sd"][level]
        if stated["value"] is not None:  # an end of the normal may lie beyond the support
            assert abs(stated["value"] - off) <= 2 * stated["error"] + 1e-9
    assert quantity["verdict"] in ("remedy", "sample")


def test_no_probability_is_off_by_more_than_one(case):
    verdict, _, _ = case
    for share in verdict["quantities"]["x"]["coverage"].values():
        assert share["error"] is None or 0 <= share["error"] <= 1
        assert share["value"] is None or 0 <= share["value"] <= 1
    assert "e+1" not in json.dumps(verdict["quantities"])
