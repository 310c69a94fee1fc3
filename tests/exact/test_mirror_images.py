"""The two ends of a support are treated alike: the mirror image of a posterior has the mirror image
of its quantiles, and what lies nearer to an end than numbers go is known from the prior."""

import numpy as np
import pytest
from scipy import special, stats

from laplace_approx.comparison.sides import ExactSide
from laplace_approx.density.model import Model
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.known_modes import known_modes

P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])
FLAT = {}


def binomial(hits):
    return lambda p: special.xlogy(hits, p) + special.xlog1py(10 - hits, -p)


def exact(log_likelihood, support, prior):
    """Return the exact side, the mode in unconstrained coordinates, and the grid."""
    lower, upper = (np.array([end]) for end in support)
    finite = np.isfinite([*support])
    start = 0.5 if finite.all() else support[0] + 1.0 if finite[0] else support[1] - 1.0
    model = Model(
        "m",
        ("x",),
        lambda theta: log_likelihood(theta[..., 0]),
        *(None, None, lower, upper, np.array([start]), {}, {}, None),
    )
    density = natural_density(model, build_prior({"x": prior} if prior else {}, ("x",)))
    known = known_modes(density, model.start)
    grid = certified_grid(density, model.start, known=known)
    return ExactSide(model, grid.record(), grid.lattice, grid.marginals), known.modes[0, 0], grid


def shifted(log_density, shift, sign):
    return lambda x: log_density(sign * (x - shift))


def of_gamma(shape):
    return lambda x: (shape - 1) * np.log(x) - x


def of_inverse_gamma(shape):
    return lambda x: -(shape + 1) * np.log(x) - 1 / x


PAIRS = {
    **{
        f"binomial-{hits}-beta-{a}": (
            (binomial(hits), (0.0, 1.0), {"family": "beta", "a": a, "b": a}),
            (binomial(10 - hits), (0.0, 1.0), {"family": "beta", "a": a, "b": a}),
            1.0,
        )
        for hits in (0, 3)
        for a in (0.1, 0.5)
    },
    **{
        f"{name}-at-{shift}": (
            (shifted(law, shift, 1), (shift, np.inf), FLAT),
            (shifted(law, -shift, -1), (-np.inf, -shift), FLAT),
            0.0,
        )
        for name, law in (("gamma-3", of_gamma(3)), ("inverse-gamma-0.7", of_inverse_gamma(0.7)))
        for shift in (0.0, 2.0)
    },
}


@pytest.mark.parametrize(("one", "other", "total"), PAIRS.values(), ids=PAIRS)
def test_mirror_images_have_mirrored_quantiles(one, other, total):
    (left, mode, first), (right, mirrored, second) = exact(*one), exact(*other)
    a, b = left.quantiles("x", P), right.quantiles("x", 1 - P)
    digits = 4 * np.spacing(np.maximum(np.abs(b.value), 1.0))
    assert np.all(np.abs(total - a.value - b.value) <= a.error + b.error + digits)
    if total:  # both modes are those of the logit
        assert mode == pytest.approx(-mirrored, abs=1e-4)
    assert first.certified == second.certified
    assert np.isnan(first.sd[0]) == np.isnan(second.sd[0])
    if not np.isnan(first.sd[0]):
        assert first.sd[0] == pytest.approx(second.sd[0], rel=1e-9)


@pytest.mark.parametrize("a", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("hits", [0, 10])
def test_all_or_none_of_ten_under_a_prior_that_piles_up_at_the_ends(hits, a):
    side, mode, grid = exact(binomial(hits), (0.0, 1.0), {"family": "beta", "a": a, "b": a})
    law = stats.beta(hits + a, 10 - hits + a)
    assert mode == pytest.approx(np.log((hits + a) / (10 - hits + a)), abs=1e-4)
    assert grid.outside_mass["total"] < 1e-8
    found = side.quantiles("x", P)
    assert np.all(np.abs(found.value - law.ppf(P)) <= 2 * found.error + 1e-15)
    assert np.all(found.error < 1e-6)
    assert grid.mean[0] == pytest.approx(law.mean(), abs=1e-10)
    assert grid.sd[0] == pytest.approx(law.std(), abs=1e-10)


def test_a_prior_on_the_logit_is_known_beyond_the_last_number_below_one():
    prior = {"family": "normal", "mean": 20, "sd": 10, "on": {"logit": {"lower": 0, "upper": 1}}}
    side, _, grid = exact(lambda p: np.zeros(p.shape), (0.0, 1.0), prior)
    assert grid.certified and abs(grid.log_evidence) < 1e-12
    found, truth = side.quantiles("x", P), special.expit(stats.norm(20, 10).ppf(P))
    assert np.all(np.abs(found.value - truth) <= 2 * found.error + 1e-15)


def test_what_only_the_model_knows_is_lost_next_to_an_end_and_said():
    # the model is given numbers: of beta(3, 0.05), 16 % lies above the last one below one
    law = stats.beta(3, 0.05)
    side, _, grid = exact(lambda p: 2 * np.log(p) - 0.95 * np.log1p(-p), (0.0, 1.0), FLAT)
    assert not grid.certified
    lost = grid.outside_mass["x"]["upper"]
    assert lost == pytest.approx(law.sf(np.nextafter(1.0, 0.0)), rel=0.5)
    found = side.quantiles("x", P)
    assert np.all(~(np.abs(found.value - law.ppf(P)) > 2 * found.error))
