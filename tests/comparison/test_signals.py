"""Signals that need no exact answer: their truths, their blind spots, and the laws they obey."""

import json
import math

import numpy as np
import pytest

from known_posteriors import (
    BIOASSAY,
    BIOASSAY_NORMAL,
    KINDS,
    gaussian,
    unbounded,
    whitened_nodes,
)
from laplace_approx.comparison.distances import Nodes, total_variation
from laplace_approx.comparison.signals import (
    all_signals,
    effective_sample_size,
    number_of_modes,
    outside_support,
    pareto_k,
    probe,
    reflection_bound,
    reflection_bound_on_lattice,
    skewness,
)
from laplace_approx.normal.normal import Normal
from laplace_approx.normal.third_derivatives import third_derivatives

REFLECTION_TRUTH = 0.2216  # computed independently by 40-digit quadrature, to four digits


@pytest.fixture(scope="module")
def bioassay():
    return probe(BIOASSAY, BIOASSAY_NORMAL, np.random.default_rng(1), 16_000)


def reflected_lattice(density, normal, reach, points):
    z, log_weights = whitened_nodes(normal, reach, points)
    return density.log_density(z), density.log_density(2 * normal.mean - z), log_weights


def test_pareto_k_of_the_bioassay(bioassay):
    found = pareto_k(bioassay)
    # Over 200 repetitions of 4000 draws k has the median .62 and the 5 to 95 % range .48 to .81.
    assert 0.45 < found.value < 0.85
    assert 0.02 < found.error < 0.2
    spread = found.details["by_size"]["1000"]
    assert spread["blocks"] == 16
    # At 1000 draws the 5 to 95 % range is .37 to .89: 16 blocks show a good part of it.
    assert 0.2 < spread["q05"] < 0.6 < spread["q95"] + 0.1 < 1.2


def test_effective_sample_size_of_the_bioassay(bioassay):
    found = effective_sample_size(bioassay)
    # At 1000 draws the median is .47 and at 4000 .32: it falls with the draws since k > 0.5.
    spread = found.details["by_size"]
    assert 0.3 < spread["1000"]["median"] < 0.6
    assert 0.02 < found.value < spread["1000"]["q95"]


def test_reflection_bound_of_the_bioassay(bioassay):
    found = reflection_bound(bioassay)
    assert found.details["pareto_k"] > 0.7 and found.error is None
    assert abs(found.value - REFLECTION_TRUTH) < 0.02  # 4 / sqrt(16000) of its range, one half
    fine = reflected_lattice(BIOASSAY, BIOASSAY_NORMAL, 24, 1001)
    coarse = reflected_lattice(BIOASSAY, BIOASSAY_NORMAL, 24, 501)
    exact = reflection_bound_on_lattice(fine, coarse)
    assert exact.value == pytest.approx(REFLECTION_TRUTH, abs=5e-5)
    assert exact.error < 1e-4


@pytest.mark.parametrize("seed", range(4))
def test_the_reflection_bound_is_a_bound(seed):
    """No symmetric density is nearer: not the normal, nor one of another scale."""
    rng = np.random.default_rng(seed)
    slant, scale = rng.uniform(-3, 3), rng.uniform(0.7, 1.5)

    def skewed(z):
        return -0.5 * z[..., 0] ** 2 - np.logaddexp(0, -slant * z[..., 0])

    normal = Normal(np.array([0.3 * slant]), np.array([[scale]]))
    density = unbounded(["x"], skewed)
    parts = reflected_lattice(density, normal, 25, 5001)
    found = reflection_bound_on_lattice(parts, parts)
    lattice = Nodes(parts[0], normal.log_density(whitened_nodes(normal, 25, 5001)[0]), parts[2])
    assert found.value <= total_variation(lattice) + 1e-6  # quadrature of a kink at step .01
    assert 0 <= found.value <= 0.5


def exponential_and_its_image(step, first, m, shares):
    """Return exp(-x) on x > 0 and its image about m at nodes, with the shares that go with nodes of
    one density everywhere (halves) or with those that lie twice as close above m."""
    x = np.arange(first * step, 45.0, step)
    x = np.concatenate([x[x < m], x[x > m]])
    log_image = np.where(x < 2 * m, x - 2 * m, -np.inf)
    share = {"halves": 0.5, "by side": np.where(x > m, 0.9, 0.1)}[shares]
    return -x, log_image, np.full(x.size, math.log(step)), share


@pytest.mark.parametrize("m", [0.2, 1.0, 2.5])
@pytest.mark.parametrize("step", [0.1, 0.013])
@pytest.mark.parametrize("first", [0.5, 0.1, 0.9])
def test_the_error_of_a_reflection_bound_counts_the_edge_of_the_image(m, step, first):
    """Half of TV: 1 - 2 exp(-m) + 2 exp(-2 m) is the integral of (p - p')+."""
    truth = 0.5 * (1 - 2 * math.exp(-m) + 2 * math.exp(-2 * m))
    parts = exponential_and_its_image(step, first, m, "halves")
    thin = exponential_and_its_image(2 * step, first, m, "halves")
    found = reflection_bound_on_lattice(parts, thin)
    # where the nodes begin beside the edge of p is no matter of the image: a step's mass, halved
    assert abs(found.value - truth) <= found.error + abs(first - 0.5) * step


@pytest.mark.parametrize("width", [1.0, 0.1, 0.03, 0.01])
def test_an_image_that_the_nodes_do_not_resolve_is_in_the_error(width):
    """p holds a hump at +3 of which the image at -3 has few nodes: the shares give these the rest.
    Half of TV of (N(0, 1) + N(3, width)) / 2 and its image is nearly 1/4: the hump is alone."""
    z = np.arange(-12.0, 12.0, 0.11)

    def log_p(x):
        hump = -0.5 * ((x - 3) / width) ** 2 - math.log(width)
        return np.logaddexp(-0.5 * x**2, hump)

    parts = log_p(z), log_p(-z), np.full(z.size, math.log(0.11)), np.full(z.size, 0.5 + 1e-9)
    found = reflection_bound_on_lattice(parts, tuple(part[::2] for part in parts))
    fine = np.arange(-12.0, 12.0, width / 20)
    p, image = np.exp(log_p(fine)), np.exp(log_p(-fine))
    truth = 0.25 * np.sum(np.abs(p - image)) / np.sum(p)
    assert abs(found.value - truth) <= found.error + 1e-6  # the truth's own kinks


def test_weights_of_too_heavy_a_tail_give_a_bound_without_an_error():
    density = unbounded(["x"], lambda z: -0.8 * np.log1p((z[..., 0] - 0.2) ** 2))
    draws = probe(density, Normal(np.zeros(1), 0.5 * np.eye(1)), np.random.default_rng(3), 16_000)
    found = reflection_bound(draws)
    assert found.details["pareto_k"] > 0.7
    assert found.error is None and "no error" in found.reason


@pytest.mark.parametrize("d", [1, 2, 7])
def test_a_normal_gives_no_signal(d):
    density, normal = gaussian(d, seed=d, offset=1e4)
    third = third_derivatives(density, normal)
    found = all_signals(density, normal, third, np.random.default_rng(2), n_modes=1)
    assert found["pareto_k"].value == -np.inf and "exact" in found["pareto_k"].reason
    assert found["effective_sample_size"].value == pytest.approx(1)
    # Weights and differences are rounding of a log density of 1e4.
    assert found["reflection_bound"].value < 1e-9
    assert abs(found["skewness"].value) <= found["skewness"].error + 1e-12
    assert found["outside_support"].value == 0
    assert found["number_of_modes"].value == 1


@pytest.mark.parametrize("kind", KINDS)
def test_third_derivatives_and_skewness(kind):
    third = third_derivatives(KINDS[kind], BIOASSAY_NORMAL)
    assert third.method == kind
    truth = np.array(
        [0.610353, 0.370591, 0.432973, 0.994228]
    )  # T000, T001, T011, T111, in closed form
    found = third.tensor[[0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1]]
    assert np.abs(found - truth).max() <= third.error + 1e-6
    assert third.error < 5e-3
    assert third.tensor == pytest.approx(third.tensor.transpose(2, 0, 1))
    signal = skewness(third, BIOASSAY_NORMAL, BIOASSAY.names)
    assert signal.value == pytest.approx(1.414793, abs=signal.error + 1e-6)
    assert signal.value == signal.details["coordinates"]["beta"]
    # The second-order mean of beta is 11.8918, against the exact 11.6356 and a mode of 7.7488.
    shift = signal.details["mean_shift_sd"]["beta"] * 4.8727677
    assert 7.748817 + shift == pytest.approx(11.8918, abs=0.02)


def cubic(d, seed):
    """A log density with known third derivatives: a normal plus a cubic form, and some quartic."""
    rng = np.random.default_rng(seed)
    form = rng.standard_normal((d, d, d))
    form = sum(
        form.transpose(p)
        for p in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    )
    base, normal = gaussian(d, seed)

    def value(z):
        u = normal.standardise(z)
        return base.log_density(z) + np.einsum("ijk,...i,...j,...k->...", form, u, u, u) / 6

    return unbounded(base.names, value), normal, form


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_third_derivatives_from_values_in_many_dimensions(d):
    density, normal, form = cubic(d, seed=d)
    found = third_derivatives(density, normal)
    assert np.abs(found.tensor - form).max() <= found.error + 1e-9
    assert found.error < 1e-6


def test_third_derivatives_next_to_a_bound():
    """The stencil of .03 to .17 SD leaves the support on one side: shorter steps are taken."""
    normal = Normal(np.array([1.0]), np.array([[1.0]]))

    def value(z):
        x = z[..., 0]
        return np.where(x > 0.95, -0.5 * (x - 1) ** 2 + (x - 1) ** 3, -np.inf)

    density = unbounded(["x"], value)._replace(lower=np.array([0.95]))
    found = third_derivatives(density, normal)
    assert found.tensor[0, 0, 0] == pytest.approx(6, abs=found.error + 1e-6)
    nowhere = third_derivatives(
        density._replace(log_density=lambda z: np.full(z.shape[:-1], np.nan)), normal
    )
    assert nowhere.tensor is None and "finite" in nowhere.reason
    assert skewness(nowhere, normal, ["x"]).value is None


def test_outside_the_support():
    density, normal = gaussian(2, seed=3)
    sd = np.linalg.norm(normal.cholesky, axis=1)

    def half(z):
        return np.where(z[..., 0] > normal.mean[0] - sd[0], density.log_density(z), -np.inf)

    bounded = density._replace(log_density=half, lower=np.array([normal.mean[0] - sd[0], -np.inf]))
    draws = probe(bounded, normal, np.random.default_rng(4), 4000)
    found = outside_support(draws, bounded, normal)
    assert found.details["method"] == "exact" and found.error == 0
    assert found.value == pytest.approx(0.5 * math.erfc(1 / math.sqrt(2)), abs=1e-15)
    # The same support without stated bounds: by the draws alone.
    hidden = bounded._replace(lower=density.lower)
    unseen = outside_support(draws, hidden, normal)
    assert unseen.details["method"] == "draws"
    assert abs(unseen.value - found.value) < 4 * unseen.error


def test_signals_where_nothing_is_inside():
    density, normal = gaussian(1)
    empty = density._replace(log_density=lambda z: np.full(z.shape[:-1], -np.inf))
    draws = probe(empty, normal, np.random.default_rng(5), 1000)
    for signal in (pareto_k(draws), effective_sample_size(draws), reflection_bound(draws)):
        assert signal.value is None and signal.reason


def test_symmetric_heavy_tails_are_the_reflection_blind_spot():
    density = unbounded(["x"], lambda z: -2.5 * np.log1p(z[..., 0] ** 2 / 4))
    normal = Normal(np.zeros(1), np.array([[math.sqrt(4 / 5)]]))
    draws = probe(density, normal, np.random.default_rng(6), 16_000)
    assert reflection_bound(draws).value == 0
    assert pareto_k(draws).value > 0.5


def test_every_signal_explains_itself_and_is_plain():
    third = third_derivatives(BIOASSAY, BIOASSAY_NORMAL)
    found = all_signals(BIOASSAY, BIOASSAY_NORMAL, third, np.random.default_rng(7), 1, n_draws=2000)
    for name, signal in found.items():
        assert signal.name == name
        assert signal.meaning.endswith(".") and signal.blind_spot.endswith(".")
        json.dumps(signal.details, allow_nan=False)
    assert number_of_modes(3).value == 3


def test_the_seed_decides_everything():
    first, second = (
        all_signals(
            BIOASSAY,
            BIOASSAY_NORMAL,
            third_derivatives(BIOASSAY, BIOASSAY_NORMAL),
            np.random.default_rng(8),
            1,
            n_draws=2000,
        )
        for _ in range(2)
    )
    assert first == second


def test_a_reason_calls_no_pareto_k_large_that_is_not_known():
    """Of weights that are 0 but for a few draws there are too few in the tail to have a k."""
    draws = probe(BIOASSAY, BIOASSAY_NORMAL, np.random.default_rng(1), 16)
    empty = np.full(16, -np.inf)
    empty[:2] = draws.log_density[:2]
    found = reflection_bound(draws._replace(log_density=empty, log_reflected=empty))
    assert found.error is None and found.details["pareto_k"] is None
    assert "not known" in found.reason and "above" not in found.reason
