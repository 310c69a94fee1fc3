"""All that a certified grid states of one parameter, held against laws in closed form."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from scipy import special, stats

from laplace_approx.comparison.sides import ExactSide
from laplace_approx.density.density import Density
from laplace_approx.density.model import Model
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.marginal import half_interval

P = np.array([0.005, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.995])
TWICE = 2.0  # a stated error may be exceeded so many times
DIGITS = 1e-12  # of a scale: what SciPy's own quantiles are good for
LINE, HALF, UNIT = (-np.inf, np.inf), (0.0, np.inf), (0.0, 1.0)
JUMPS, LEVELS = np.array([0.31, 0.37, 0.52, 0.77]), np.array([0.0, 2.1, 0.4, 3.0, 1.1])


class Case(NamedTuple):
    """A log density on a support, its law, and the highest moment of it that exists."""

    log_density: Callable
    support: tuple[float, float]
    law: object
    moments: int
    log_evidence: float


def student(df):
    constant = special.gammaln(df / 2) + 0.5 * math.log(df * math.pi)
    evidence = constant - special.gammaln((df + 1) / 2)
    moments = min(3, math.ceil(df) - 1)
    return Case(
        lambda x: -(df + 1) / 2 * np.log1p(x * x / df), LINE, stats.t(df), moments, evidence
    )


def inverse_gamma(shape):
    law, moments = stats.invgamma(shape), min(3, math.ceil(shape) - 1)
    return Case(
        lambda x: -(shape + 1) * np.log(x) - 1 / x, HALF, law, moments, special.gammaln(shape)
    )


def f_ratio(m, n):
    return Case(
        lambda x: (m / 2 - 1) * np.log(x) - (m + n) / 2 * np.log1p(m * x / n),
        HALF,
        stats.f(m, n),
        min(3, math.ceil(n / 2) - 1),
        special.betaln(m / 2, n / 2) - m / 2 * math.log(m / n),
    )


def log_normal(sd):
    evidence = math.log(sd) + 0.5 * math.log(2 * math.pi)
    return Case(
        lambda x: -np.log(x) - 0.5 * (np.log(x) / sd) ** 2, HALF, stats.lognorm(sd), 3, evidence
    )


def beta(a, b):
    return Case(
        lambda x: (a - 1) * np.log(x) + (b - 1) * np.log1p(-x),
        UNIT,
        stats.beta(a, b),
        3,
        special.betaln(a, b),
    )


def steps():
    """A density that jumps four times, as that of a point of change does."""
    edges = np.concatenate([[0.0], JUMPS, [1.0]])
    mass = np.exp(LEVELS) * np.diff(edges)
    law = stats.rv_histogram((mass / mass.sum(), edges), density=False)
    return Case(lambda x: LEVELS[np.searchsorted(JUMPS, x)], UNIT, law, 3, math.log(mass.sum()))


CASES = {
    **{f"t-{df}": student(df) for df in (1, 1.5, 2, 3, 4, 5, 12)},
    **{f"inverse-gamma-{a}": inverse_gamma(a) for a in (0.5, 0.7, 1, 1.5, 2, 3.5, 5)},
    "half-cauchy": Case(
        lambda x: -np.log1p(x * x), HALF, stats.halfcauchy(), 0, math.log(math.pi / 2)
    ),
    **{f"f-{m}-{n}": f_ratio(m, n) for m, n in ((3, 1), (5, 3), (9, 20))},
    **{f"lognormal-{sd}": log_normal(sd) for sd in (0.3, 1.0, 2.0)},
    **{f"beta-{a}-{b}": beta(a, b) for a, b in ((0.2, 0.2), (0.05, 3), (3, 0.05), (1, 1), (4, 2))},
    "steps": steps(),
    "cut": Case(
        lambda x: np.where(x < 1, -0.5 * x * x, -np.inf),
        LINE,
        stats.truncnorm(-np.inf, 1),
        3,
        0.5 * math.log(2 * math.pi) + stats.norm.logcdf(1.0),
    ),
}


def skewness_of(law):
    if isinstance(law, stats.rv_histogram):  # SciPy gives no skewness of these
        mean, spread = law.mean(), law.std()
        return (law.moment(3) - 3 * mean * spread**2 - mean**3) / spread**3
    return float(law.stats("s"))


def grid_of(case: Case):
    lower, upper = np.array([case.support[0]]), np.array([case.support[1]])

    def log_density(x):
        with np.errstate(all="ignore"):
            value = case.log_density(x[..., 0])
        inside = (x > lower) & (x < upper)
        return np.where(inside[..., 0] & ~np.isnan(value), value, -np.inf)

    density = Density(("x",), log_density, None, None, lower, upper)
    grid = certified_grid(density, np.array([1.0 if case.support[1] == np.inf else 0.4]))
    model = Model("law", ("x",), None, None, None, lower, upper, np.array([1.0]), {}, {}, None)
    return grid, ExactSide(model, grid.record(), grid.lattice, grid.marginals)


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def known(request):
    return request.param, *grid_of(request.param)


def test_a_quantile_is_off_by_no_more_than_its_error(known):
    case, _, side = known
    found, truth = side.quantiles("x", P), case.law.ppf(P)
    rounding = DIGITS * (np.abs(truth) + half_interval(side.marginals["x"]))
    stated = np.isfinite(found.error)
    off = np.abs(found.value - truth)
    assert np.all(off[stated] <= (TWICE * found.error + rounding)[stated])


def test_a_cdf_is_off_by_no_more_than_its_error(known):
    case, _, side = known
    x = case.law.ppf(np.linspace(0.003, 0.997, 41))
    found = side.cdf("x", x)
    assert np.all(np.abs(found.value - case.law.cdf(x)) <= TWICE * found.error + DIGITS)
    assert np.all((found.error >= 0) & (found.error <= 1))


def test_a_moment_is_stated_where_it_exists_and_within_its_error(known):
    case, grid, _ = known
    truth = [case.law.mean(), case.law.std(), skewness_of(case.law)]
    for order, (name, true) in enumerate(zip(("mean", "sd", "skewness"), truth, strict=True), 1):
        stated, error = getattr(grid, name)[0], getattr(grid, f"{name}_error")[0]
        assert np.isfinite(stated) == (order <= case.moments), name
        if np.isfinite(error):
            assert abs(stated - true) <= TWICE * error + 1e-10 * max(1.0, abs(true)), name


def test_the_evidence_is_within_its_errors(known):
    case, grid, _ = known
    error = grid.discretisation_error["log_evidence"] + grid.outside_mass["total"]
    assert abs(grid.log_evidence - case.log_evidence) <= TWICE * error + 1e-11


def test_every_posterior_has_a_scale(known):
    case, grid, side = known
    low, high = case.law.ppf(stats.norm.cdf([-1.0, 1.0]))
    unit = (high - low) / 2
    spread = TWICE * np.sum(side.quantiles("x", stats.norm.cdf([-1.0, 1.0])).error)
    assert abs(half_interval(side.marginals["x"]) - unit) <= spread + 1e-9 * unit
    scale = side.scale("x")
    if np.isfinite(scale):  # else it is not known to a thousandth, and nothing is judged
        trues = [unit, case.law.std()] if case.moments > 1 else [unit]
        assert min(abs(scale - true) / true for true in trues) < 2e-3
    else:
        assert not grid.certified


def test_nothing_that_is_stated_is_negative_or_absurd(known):
    _, grid, _ = known
    record = grid.record()
    masses = [*record["edge_mass"]["x"].values(), *record["outside_mass"]["x"].values()]
    assert all(0 <= x <= 1 for x in masses)
    errors = [record[f"{name}_error"]["x"] for name in ("mean", "sd", "skewness")]
    errors += [*record["discretisation_error"]["quantiles_sd"].values()]
    errors += [record["discretisation_error"]["log_evidence"]]
    assert all(x is None or 0 <= x < np.inf for x in errors)


@pytest.mark.parametrize("name", ["beta-0.2-0.2", "beta-3-0.05", "steps"])
def test_what_cannot_be_resolved_is_not_certified(name):
    assert not grid_of(CASES[name])[0].certified


def test_a_mean_and_a_variance_have_the_moments_of_their_degrees_of_freedom():
    """mu | v ~ N(0, v / 2), v ~ Inv-gamma(nu / 2, 1): mu is a t with nu degrees of freedom."""
    for nu in (3.0, 5.0):

        def log_density(x, nu=nu):
            mu, v = x[..., 0], x[..., 1]
            with np.errstate(all="ignore"):
                value = -(nu / 2 + 1.5) * np.log(v) - (1 + mu * mu) / v
            return np.where((v > 0) & ~np.isnan(value), value, -np.inf)

        ends = np.array([-np.inf, 0.0]), np.array([np.inf, np.inf])
        grid = certified_grid(Density(("mu", "v"), log_density, None, None, *ends), [0.0, 1.0])
        laws = stats.t(nu, scale=math.sqrt(1 / nu)), stats.invgamma(nu / 2)
        for i, (law, highest) in enumerate(zip(laws, (nu, nu / 2), strict=True)):
            assert np.isfinite(grid.mean[i]) == (highest > 1)
            assert highest > 2 or np.isnan(grid.sd[i])
            if np.isfinite(grid.sd[i]):
                off = abs(grid.sd[i] - law.std())
                assert off <= TWICE * grid.sd_error[i] + 1e-10
