"""Laws of Woodruff's error of a quantile, on samples whose distribution is known."""

import numpy as np
import pytest
from scipy import stats

from laplace_approx.numerics.woodruff import mid_weights, with_errors

LAWS = {"normal": stats.norm(), "exponential": stats.expon(scale=3.0), "Cauchy": stats.cauchy()}
P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])


@pytest.mark.parametrize("name", LAWS)
def test_it_is_the_error_of_the_distribution_function_over_the_density(name):
    """As long as that error is small: it is half the rise of the quantiles over twice as much."""
    law, s = LAWS[name], 1e-6
    found, error = with_errors(law.ppf, lambda x, p: np.full(x.shape, s), P)
    assert np.array_equal(found, law.ppf(P))
    # a third derivative of the quantiles, times s^2 / 6, is less than 1e-5 of the first here
    assert error == pytest.approx(s / law.pdf(found), rel=1e-5)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_quantile_is_within_twice_its_error_nineteen_times_in_twenty(name, weighted):
    law, rng, n, times = LAWS[name], np.random.default_rng(7), 2000, 400
    within = np.zeros(P.size)
    for _ in range(times):
        values = np.sort(law.rvs(n, random_state=rng))
        weights = rng.choice([0.5, 1.5], n) if weighted else np.ones(n)
        weights = weights / weights.sum()
        middle = mid_weights(weights)

        def errors(x, p, values=values, weights=weights):
            off = (values <= x[:, None]) - p[:, None]
            return np.sqrt(np.sum((weights * off) ** 2, axis=1))

        found, error = with_errors(lambda p, m=middle, v=values: np.interp(p, m, v), errors, P)
        within += np.abs(found - law.ppf(P)) <= 2 * error
    # 0.954 is due; four standard errors of a share of 400 are 0.042, and 50 draws beyond an end
    # make its error itself uncertain by a seventh, which moves the share by 0.01 at the most
    assert within / times == pytest.approx(0.954, abs=0.052)


def test_the_ends_of_a_sample_bound_its_quantiles():
    values = np.array([1.0, 2.0, 4.0])
    middle = mid_weights(np.full(3, 1 / 3))
    found, error = with_errors(
        lambda p: np.interp(p, middle, values), lambda x, p: np.full(x.shape, 5.0), [0.01, 0.99]
    )
    assert found.tolist() == [1.0, 4.0] and error.tolist() == [1.5, 1.5]


def test_what_is_no_number_has_no_error():
    _, error = with_errors(
        lambda p: np.interp(p, [0.0, 1.0], [0.0, 1.0]), lambda x, p: p * np.nan, P
    )
    assert np.isnan(error).all()


def test_mid_weights_of_equal_draws_are_those_of_hazen():
    n = 7
    assert mid_weights(np.full(n, 1 / n)) == pytest.approx((np.arange(n) + 0.5) / n, abs=1e-15)
