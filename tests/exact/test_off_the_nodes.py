"""What lies between the nodes of a certified grid, or beyond them: seen, acted on, or said."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from laplace_approx.density.density import Density
from laplace_approx.errors import Declined
from laplace_approx.exact.axis import Axis
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.frame import frame_from
from laplace_approx.exact.known_modes import Known
from laplace_approx.exact.marginal import quantile_from_marginal
from laplace_approx.exact.off_the_nodes import FINE, LIMIT
from laplace_audit.numerics.lattice import Warp

CLEAN = 1e-3  # of what is allowed: smooth posteriors stay far below an alarm
P = np.array([0.025, 0.25, 0.5, 0.75, 0.975])


def posterior(value, d, lower=-math.inf, upper=math.inf) -> Density:
    names = tuple("abc"[:d])
    return Density(names, value, None, None, np.full(d, lower), np.full(d, upper))


def mixture(*humps) -> Density:
    """Return a mixture of round normals (weight, mean (d,), SD)."""
    d = len(humps[0][1])

    def value(x):
        parts = [
            math.log(weight)
            - 0.5 * np.sum(((x - np.array(mean)) / sd) ** 2, axis=-1)
            - d * math.log(sd * math.sqrt(2 * math.pi))
            for weight, mean, sd in humps
        ]
        return logsumexp(np.stack(parts), axis=0)

    return posterior(value, d)


def squares(x):
    return np.sum(x**2, axis=-1)


def standard(x):
    return -0.5 * squares(x)


def ripple(x):
    return standard(x) + np.log1p(0.5 * np.cos(100 * x[..., 0]))


def hole(centre, width):
    def value(x):
        away = squares(x - np.array(centre)) / width**2
        return standard(x) + np.log1p(-0.999 * np.exp(-0.5 * away))

    return posterior(value, len(centre))


def step(x):
    return standard(x) + np.where(np.abs(x[..., 0] - 0.3) < 1e-3, math.log(50.0), 0.0)


SMOOTH = {
    "normal": posterior(standard, 1),
    "gamma": posterior(lambda x: 0.5 * np.log(x[..., 0]) - x[..., 0], 1, lower=0),
    "t": posterior(lambda x: -3 * np.log1p(x[..., 0] ** 2 / 5), 1),
    "logistic": posterior(lambda x: x[..., 0] - 2 * np.logaddexp(0, x[..., 0]), 1),
    "gumbel": posterior(lambda x: x[..., 0] - np.exp(x[..., 0]), 1),
    "two humps": mixture((0.5, (0.0,), 1.0), (0.5, (5.0,), 0.7)),
    "correlated": posterior(lambda x: standard(x) + 0.9 * x[..., 0] * x[..., 1], 2),
    "heavy": posterior(lambda x: -4.5 * np.log1p(squares(x) / 7), 2),
    "bent": posterior(lambda x: standard(x[..., :1]) - 0.5 * (x[..., 1] - x[..., 0] ** 2) ** 2, 2),
    "two humps in a plane": mixture((0.5, (0.0, 0.0), 1.0), (0.5, (4.0, 3.0), 0.6)),
    "skew": posterior(lambda x: np.sum(2 * x - np.exp(x), axis=-1), 3),
    "heavy in space": posterior(lambda x: -6 * np.log1p(squares(x) / 9), 3),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_smooth_posterior_raises_no_alarm(name):
    density = SMOOTH[name]
    grid = certified_grid(density, np.full(len(density.names), 0.5))
    assert grid.certified, grid.reasons
    seen = grid.off_the_nodes
    assert max(seen["missed"], seen["invented"]) <= CLEAN * LIMIT
    assert seen["roughness"] <= 0.1 * FINE
    assert seen["new_modes"] == []
    assert all(0 < width < 0.5 for width in seen["seen_width"].values())
    said = float(seen["sentence"].split("whose SD is ")[1].split()[0])
    assert said >= max(seen["seen_width"].values())


HUMPS = {
    "thin beside": ((0.5, (0.0,), 1.0), (0.5, (6.13,), 1e-3)),
    "thin inside": ((0.5, (0.0,), 1.0), (0.5, (2.13,), 3e-4)),
    "far": ((0.999, (0.0,), 1.0), (0.001, (1000.0,), 0.2)),
    "far and thin": ((0.999, (0.0,), 1.0), (0.001, (30.0,), 0.02)),
    "three": ((0.6, (0.0,), 1.0), (0.3, (4.0,), 0.01), (0.1, (-3.0,), 0.001)),
    "in a plane": ((0.7, (0.0, 0.0), 1.0), (0.3, (1.3, -0.7), 0.05)),
    "beside in a plane": ((0.9, (0.0, 0.0), 1.0), (0.1, (4.0, -3.0), 0.05)),
}


@pytest.mark.parametrize("name", HUMPS)
def test_humps_of_very_different_width_are_all_integrated(name):
    humps = HUMPS[name]
    weight = np.array([hump[0] for hump in humps])
    mean = np.array([hump[1] for hump in humps])
    sd = np.array([hump[2] for hump in humps])
    grid = certified_grid(mixture(*humps), np.zeros(mean.shape[1]))
    assert grid.certified, grid.reasons
    assert abs(grid.log_evidence) < 1e-9
    np.testing.assert_allclose(grid.mean, weight @ mean, atol=1e-6)
    variance = weight @ (mean**2 + sd[:, None] ** 2) - (weight @ mean) ** 2
    np.testing.assert_allclose(grid.sd, np.sqrt(variance), rtol=1e-6)
    for k, table in enumerate(grid.marginals.values()):
        found = quantile_from_marginal(table, P)
        below = weight @ stats.norm.cdf((found - mean[:, k, None]) / sd[:, None])
        np.testing.assert_allclose(below, P, atol=1e-6)


# what the search for modes may have missed, a dozen SDs and more from all that it found
MISSED = {
    "far in a plane": ((0.66, (0.0, 0.0), 1.0), (0.34, (21.0, -24.0), 1.0)),
    "far and wide": ((0.9, (1.0, 0.0), 0.1), (0.1, (-30.0, 12.0), 4.0)),
    "far and thin": ((0.99, (0.0, 0.0), 1.0), (0.01, (-12.0, 3.0), 0.2)),
    "two afar": ((0.5, (0.0, 0.0), 1.0), (0.3, (15.0, 9.0), 0.7), (0.2, (-4.0, -18.0), 2.0)),
    "very far": ((0.7, (0.0, 0.0), 1.0), (0.3, (300.0, -100.0), 5.0)),
    "far in space": ((0.7, (0.0, 0.0, 0.0), 1.0), (0.3, (11.0, -9.0, 8.0), 0.8)),
    "a spike": ((0.99, (0.0, 0.0), 1.0), (0.01, (2.5, -1.5), 0.02)),
}


@pytest.mark.parametrize("name", MISSED)
def test_a_mode_that_the_search_missed_is_integrated(name):
    humps = MISSED[name]
    weight, mean, sd = (np.array(part) for part in zip(*humps, strict=True))
    grid = certified_grid(mixture(*humps), mean[0], known=Known(mean[:1], 0, 0))
    assert grid.certified, grid.reasons
    # the errors that are stated are bounds; the rounding of e^30 is in neither
    assert abs(grid.log_evidence) < 2 * grid.discretisation_error["log_evidence"] + 1e-12
    assert np.all(np.abs(grid.mean - weight @ mean) < 2 * grid.mean_error + 1e-12)
    variance = weight @ (mean**2 + sd[:, None] ** 2) - (weight @ mean) ** 2
    assert np.all(np.abs(grid.sd - np.sqrt(variance)) < 2 * grid.sd_error + 1e-12)


@pytest.mark.parametrize(
    ("density", "log_evidence"),
    [
        (posterior(ripple, 1), 0.5 * math.log(2 * math.pi)),
        (
            hole((0.51,), 1e-3),
            math.log(
                math.sqrt(2 * math.pi)
                - 0.999 * 1e-3 * math.sqrt(2 * math.pi) * math.exp(-0.5 * 0.51**2)
            ),
        ),
        (
            hole((0.5, 0.51), 0.01),
            math.log(2 * math.pi) + math.log1p(-0.999 * 1e-4 * math.exp(-0.5 * (0.5**2 + 0.51**2))),
        ),
    ],
    ids=["ripple", "hole on a line", "hole in a plane"],
)
def test_ripples_and_holes_between_the_nodes_move_them_together(density, log_evidence):
    grid = certified_grid(density, np.zeros(len(density.names)))
    assert grid.certified, grid.reasons
    assert abs(grid.log_evidence - log_evidence) < 1e-6


def cut_and_added(*parts):
    """Return a standard normal with round normals (height, centre, SD) taken from it or added, as
    shares of its density there, and the log of its integral."""
    d = len(parts[0][1])

    def value(x):
        off = sum(
            height * np.exp(-0.5 * squares(x - np.array(centre)) / sd**2)
            for height, centre, sd in parts
        )
        return standard(x) + np.log1p(off)

    whole = 1.0  # a normal times a normal: SD s / sqrt(1 + s^2), and the height at the centre
    for height, centre, sd in parts:
        square = float(np.sum(np.square(centre)))
        whole += height * (sd / math.hypot(1, sd)) ** d * math.exp(-0.5 * square / (1 + sd**2))
    return posterior(value, d), d / 2 * math.log(2 * math.pi) + math.log(whole)


FEATURES = {
    "shallow hole": cut_and_added((-0.5, (0.5, 0.51), 0.03)),
    "hole on a slope": cut_and_added((-0.7, (1.9, -1.1), 0.05)),
    "shoulder": cut_and_added((0.8, (1.5, 1.2), 0.04)),
    "hole and hump": cut_and_added((-0.9, (0.31, -0.8), 0.04), (3.0, (-1.2, 0.7), 0.03)),
    "hole in space": cut_and_added((-0.9, (0.5, -0.4, 0.3), 0.25)),
}


@pytest.mark.parametrize("name", FEATURES)
def test_humps_and_holes_that_are_no_modes_are_integrated(name):
    density, log_evidence = FEATURES[name]
    grid = certified_grid(density, np.zeros(len(density.names)))
    assert grid.certified, grid.reasons
    assert abs(grid.log_evidence - log_evidence) < 1e-7
    cells = grid.lattice.log_density.size
    assert cells < 2**20  # close together at the feature, and not everywhere


def test_quantiles_of_a_ripple_are_right():
    (table,) = certified_grid(posterior(ripple, 1), [0.0]).marginals.values()
    found = quantile_from_marginal(table, P)
    x = np.linspace(-10, 10, 2_000_001)
    p = np.exp(ripple(x[:, None]))
    cdf = np.cumsum(p) - p / 2
    np.testing.assert_allclose(found, np.interp(P, cdf / np.sum(p), x), atol=2e-6)


def test_what_cannot_be_settled_is_said():
    def comb(x):
        return standard(x) + np.log1p(0.5 * np.cos(3e5 * x[..., 0]))

    known = Known(np.zeros((1, 1)), 0, 0)
    grid = certified_grid(posterior(comb, 1), [0.0], known=known)
    assert not grid.certified
    assert any("the nodes" in reason and "density is" in reason for reason in grid.reasons), (
        grid.reasons
    )


def test_a_jump_is_not_certified_or_right():
    try:
        grid = certified_grid(posterior(step, 1), [0.0])
    except Declined as declined:  # a jump there and back looks like lost digits
        assert "near a = 0.299" in declined.message
        return
    inside = stats.norm.cdf(0.301) - stats.norm.cdf(0.299)
    truth = 0.5 * math.log(2 * math.pi) + math.log1p(49 * inside)
    assert not grid.certified or abs(grid.log_evidence - truth) < 1e-5


@pytest.mark.parametrize(
    "centres", [((0.0, 1.0), (6.13, 1e-3)), ((-3.0, 1e-6), (0.0, 1.0), (1e5, 0.2)), ((2.0, 0.5),)]
)
def test_an_axis_of_several_humps_goes_there_and_back(centres):
    axis = Axis(-40.0, 60.0, 4001, 0.0, centres)
    u = axis.nodes()
    w = axis.stretched(u)
    assert np.all(np.diff(w) >= 0)
    slope = axis.slope(u)
    digits = np.spacing(np.abs(w)) / slope + 1e-13 * (1 + np.abs(u))
    assert np.all(np.abs(axis.inverse(w) - u) <= 8 * digits)
    own = Warp(0.0, [list(pair) for pair in centres])
    np.testing.assert_allclose(own.w(u), w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(own.log_slope(u), np.log(slope), rtol=1e-7, atol=1e-6)


def test_an_axis_of_several_humps_survives_the_record():
    grid = certified_grid(mixture(*HUMPS["thin beside"]), [0.0])
    frame = grid.lattice.frame
    assert frame.axes[0].centres
    assert frame_from(frame.record()).axes == frame.axes


def test_the_look_depends_on_no_seed():
    density = mixture(*HUMPS["in a plane"])
    one, other = (certified_grid(density, np.zeros(2), seed=seed) for seed in (1, 2))
    for key in ("places", "missed", "invented", "roughness", "seen_width"):
        assert one.off_the_nodes[key] == pytest.approx(
            other.off_the_nodes[key], rel=1e-6, abs=1e-12
        )
