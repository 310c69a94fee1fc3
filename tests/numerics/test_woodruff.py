"""Laws of Woodruff's error of a quantile, on samples whose distribution is known."""

import numpy as np
import pytest
from scipy import stats

from laplace_approx.numerics.woodruff import mid_weights, quantile_error, with_errors

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


@pytest.mark.parametrize("p", [0.025, 0.5, 0.9])
def test_its_own_error_is_that_of_a_count_over_two_standard_errors_either_way(p):
    """The slope is a spacing of m order statistics, m = 4 s n, whose relative SD is 1 / sqrt(m)."""
    n, times, rng = 2000, 600, np.random.default_rng(11)
    s = np.sqrt(p * (1 - p) / n)
    middle = mid_weights(np.full(n, 1 / n))
    errors = []
    for _ in range(times):
        values = np.sort(rng.random(n))
        found = quantile_error(lambda at, v=values: np.interp(at, middle, v), np.array([p]), s)
        errors.append(float(found[0]))
    # four standard errors of an SD from 600 are 12 %; over one standard error it is 41 % larger
    assert np.std(errors) / s == pytest.approx(1 / np.sqrt(4 * s * n), rel=0.12)
    # the mean of 600 is known to 0.3 to 0.8 % of it: four of the largest are 3 %
    assert np.mean(errors) == pytest.approx(s, rel=0.03)


@pytest.mark.parametrize("room", [0.5, 1.0, 1.5])
def test_no_level_leaves_the_sample_as_long_as_one_standard_error_has_room(room):
    s = np.array([0.02 / room])
    seen = []

    def quantile(p):
        seen.append(float(p[0]))
        return p

    error = quantile_error(quantile, np.array([0.02]), s)
    assert seen[0] == pytest.approx(0.0, abs=1e-15)  # rounding alone
    assert error == pytest.approx(s if room >= 1 else (0.02 + s) / 2, rel=1e-12)


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
