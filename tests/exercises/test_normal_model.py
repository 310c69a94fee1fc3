"""The factored normal posterior against 40-digit quadrature, and its draws."""

import math

import numpy as np
import pytest
from scipy.integrate import dblquad

from laplace_approx.exercises.normal_model import normal_posterior

Y = [13.357, 14.928, 14.896, 15.297, 14.820, 12.067, 14.824, 13.865, 17.447]
P = [0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995]
# computed independently by 40-digit quadrature, prior 1/sigma
MU = [12.962427638717646, 13.478081171065885, 14.264112840866204, 14.611222222222223]
MU += [14.958331603578241, 15.74436327337856, 16.2600168057268]
SIGMA = [0.8898644646809964, 0.9957329420459459, 1.3043346213632618, 1.5385804625285675]
SIGMA += [1.8516492885591673, 2.8241562089136503, 3.5960338744396103]
LOG_EVIDENCE = -16.00140204132967


def test_quantiles_and_evidence():
    posterior = normal_posterior(Y)
    # 16-digit literals against double precision special functions
    np.testing.assert_allclose(posterior.mu_quantile(P), MU, rtol=1e-12)
    np.testing.assert_allclose(posterior.sigma_quantile(P), SIGMA, rtol=1e-12)
    np.testing.assert_allclose(posterior.sigma_squared_quantile(P), np.square(SIGMA), rtol=1e-12)
    assert posterior.log_evidence() == pytest.approx(LOG_EVIDENCE, abs=1e-12)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_evidence_is_the_integral_for_every_prior_power(power):
    y = np.array(Y)
    n = y.size

    def integrand(mu, sigma):
        square = np.sum((y - mu) ** 2) / sigma**2
        return math.exp(-0.5 * square - 0.5 * n * math.log(2 * math.pi)) * sigma ** -(n + power)

    # the box leaves out 1e-7 of the mass: sigma beyond 14 and mu beyond 10 sd of the mean
    total = dblquad(integrand, 0.4, 14, 0, 29, epsrel=1e-7, epsabs=0)[0]
    assert math.log(total) == pytest.approx(normal_posterior(Y, power).log_evidence(), abs=2e-6)


def test_draws_have_the_quantiles():
    draws = normal_posterior(Y).draw(np.random.default_rng(5), 40_000)
    assert draws.shape == (40_000, 2)
    posterior = normal_posterior(Y)
    for column, quantile in ((0, posterior.mu_quantile), (1, posterior.sigma_quantile)):
        share = np.mean(draws[:, column] < quantile(0.9))
        assert share == pytest.approx(0.9, abs=5 * math.sqrt(0.09 / 40_000))  # five standard errors


@pytest.mark.parametrize(("y", "power"), [([1.0], 1.0), ([1.0, 2.0], 0.0), ([2.0, 2.0, 2.0], 1.0)])
def test_an_improper_posterior_is_refused(y, power):
    with pytest.raises(ValueError, match="improper"):
        normal_posterior(y, power)
