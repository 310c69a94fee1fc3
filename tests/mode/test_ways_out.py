"""What is advised about a maximum on a bound was tried, or can work."""

import math

import numpy as np
import pytest

from laplace_approx.density.density import Density, density_in
from laplace_approx.density.evaluation import Evaluator
from laplace_approx.density.space import build_space
from laplace_approx.errors import Declined
from laplace_approx.mode.checks.boundary import log_helps
from laplace_approx.mode.other_space import with_next_step
from laplace_approx.mode.reasons.boundary import NO_WAY_OUT, WAY_OUT
from laplace_approx.mode.remembered import Searched
from laplace_approx.mode.search import find_mode


def positive(log_density, d):
    """Return a density of a scale s > 0 and d - 1 effects, -inf where s is not positive."""

    def inside(x):
        with np.errstate(all="ignore"):
            return np.where(x[..., 0] > 0, log_density(x), -math.inf)

    names = ("s", *(f"t{j}" for j in range(1, d)))
    lower = np.array([0.0] + [-math.inf] * (d - 1))
    return Density(names, inside, None, None, lower, np.full(d, math.inf))


def hierarchy(effects, centred=True):
    """Effects t_j ~ N(0, s), seen as y_j ~ N(t_j, 1), s half Cauchy; or t_j = s e_j."""
    y = np.linspace(-1.5, 1.5, effects)

    def log_density(x):
        s, t = x[..., 0], x[..., 1:]
        prior = -np.log1p((s / 2) ** 2)
        if centred:
            spread = -0.5 * np.sum((t / s[..., None]) ** 2, axis=-1) - effects * np.log(s)
            return prior + spread - 0.5 * np.sum((y - t) ** 2, axis=-1)
        seen = -0.5 * np.sum((y - s[..., None] * t) ** 2, axis=-1)
        return prior + seen - 0.5 * np.sum(t**2, axis=-1)

    return positive(log_density, effects + 1)


def refused(density, start):
    with pytest.raises(Declined) as caught:
        find_mode(density, np.asarray(start, dtype=float), seed=0)
    return caught.value


@pytest.mark.parametrize("effects", [3])
def test_no_logarithm_is_advised_for_a_centred_hierarchy_and_what_is_advised_works(effects):
    start = np.ones(effects + 1)
    declined = refused(hierarchy(effects), start)
    assert declined.reason == "mode_on_boundary"
    assert NO_WAY_OUT in declined.message and WAY_OUT not in declined.message
    assert "non-centred" in declined.message
    space = {"s": "log"}
    for centred in (True, False):  # the logarithm has no mode, until the effects are written anew
        density = hierarchy(effects, centred)
        coordinates = build_space(space, density.names, density.lower, density.upper)
        try:
            find_mode(density_in(density, coordinates), np.zeros(effects + 1), seed=0)
            found = True
        except Declined:
            found = False
        assert found is not centred


def test_a_logarithm_is_advised_where_it_has_a_mode():
    """An exponential scale, highest at 0, beside five normal parameters."""
    density = positive(lambda x: -x[..., 0] - 0.5 * np.sum(x[..., 1:] ** 2, axis=-1), 6)
    declined = refused(density, np.ones(6))
    assert declined.reason == "mode_on_boundary"
    assert WAY_OUT in declined.message and NO_WAY_OUT not in declined.message
    coordinates = build_space({"s": "log"}, density.names, density.lower, density.upper)
    mode = find_mode(density_in(density, coordinates), np.zeros(6), seed=0)
    np.testing.assert_allclose(mode.x, 0, atol=1e-5)


@pytest.mark.parametrize(
    ("power", "helps"), [(-3.0, False), (-1.0, False), (-0.9, True), (0.0, True), (2.0, True)]
)
@pytest.mark.parametrize("bound", [0.0, 2.0])
def test_a_power_of_the_distance_tells_whether_its_logarithm_has_a_mode(power, helps, bound):
    """With p ~ distance^a the density of the logarithm goes like distance^(a + 1)."""

    def log_density(x):
        return power * np.log(x[..., 0] - bound) - x[..., 0]

    density = Density(("s",), log_density, None, None, np.array([bound]), np.array([math.inf]))
    near = np.array([bound + 2.0**-30])
    assert log_helps(Evaluator(density), near, 0, bound, np.ones(1)) is helps


@pytest.mark.parametrize(
    ("details", "told"), [({"digits_lost": True}, True), ({"border": [1]}, False)]
)
def test_lost_digits_are_told_by_the_word_for_them(monkeypatch, details, told):
    """A slope toward a bound counts for nothing where digits are lost, and only there."""
    found = Declined("non_smooth_mode", "it scatters.", **details)
    monkeypatch.setattr(
        "laplace_approx.mode.other_space.remembered_search", lambda *asked: Searched(found, 1)
    )
    density = positive(lambda x: -x[..., 0], 1)
    space = build_space({}, density.names, density.lower, density.upper)
    declined = Declined("mode_on_boundary", f"s is on its bound. {NO_WAY_OUT}: nothing.")
    said = with_next_step(declined, density, space, np.ones(1)).message
    assert ("A space without bounds" in said) is told
