"""The certified grid against closed forms, and what it must refuse to certify."""

import json
import math

import numpy as np
import pytest
from scipy import special

from known_posteriors import BIOASSAY, BIOASSAY_LOG_EVIDENCE, unbounded
from laplace_approx.density.density import Density
from laplace_approx.density.transforms import Identity
from laplace_approx.exact import certified
from laplace_approx.exact.axis import LEAST_POINTS, Axis
from laplace_approx.exact.certified import certified_grid
from laplace_approx.exact.derived.quantiles import DerivedQuantity
from laplace_approx.exact.distrust import why_distrusted
from laplace_approx.exact.frame import Frame
from laplace_approx.exact.grid import jittered_draws, lattice_from
from laplace_approx.exact.known_modes import Known
from laplace_approx.exact.lattice import evaluate
from laplace_approx.exact.marginal import cdf_from_marginal, quantile_from_marginal
from laplace_approx.exact.shared import stages_of

P = np.array([0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995])
SD_OF_A_QUANTILE = 1e-7  # of the posterior; what is promised is 1e-6

# The bioassay posterior under a flat prior, computed independently by 40-digit quadrature.
BIOASSAY_TRUTH = {
    "alpha": {
        "mean": 1.3147068322105544,
        "sd": 1.1020759664022814,
        "skewness": 0.5410877214032448,
        "quantiles": [
            *(-1.1049919370904364, -0.585765571513611, 0.5482974270919482, 1.222853679975913),
            *(1.9801875862835236, 3.739652348971649, 4.7831905655846425),
        ],
    },
    "beta": {
        "mean": 11.635556086854125,
        "sd": 5.773095825849631,
        "skewness": 1.0527775790435676,
        "quantiles": [
            *(2.322574224561751, 3.4491278621099175, 7.363404883355622, 10.657926726851),
            *(14.831407411000418, 25.41441337434789, 32.03920099424282),
        ],
    },
}
BIOASSAY_CORRELATION = 0.6509842648036358
BIOASSAY_LD50 = [-0.35596739184205206, -0.27575043469169797, -0.16238092835113443]
BIOASSAY_LD50 += [-0.11173031572762505, -0.059745319819843185]
BIOASSAY_LD50 += [0.10342175158745812, 0.23828674165298608]

WINDSHIELD = np.array(
    [13.357, 14.928, 14.896, 15.297, 14.82, 12.067, 14.824, 13.865, 17.447]
)  # BDA3 exercise 3.9's first run; prior 1 / sigma, (2 pi)^(-n/2) included
WINDSHIELD_LOG_EVIDENCE = -16.00140204132967
WINDSHIELD_SIGMA = {
    "mean": 1.6330523239418606,
    "sd": 0.4802888365633196,
    "skewness": 1.74155158345145,
    "quantiles": [
        *(0.8898644646809964, 0.9957329420459459, 1.3043346213632618, 1.5385804625285675),
        *(1.8516492885591673, 2.8241562089136503, 3.5960338744396103),
    ],
}


def density(names, value, lower=None, upper=None):
    """Return a density that is -inf outside its open support and where it is NaN."""
    d = len(names)
    lower = np.full(d, -np.inf) if lower is None else np.array(lower, dtype=float)
    upper = np.full(d, np.inf) if upper is None else np.array(upper, dtype=float)

    def inside(x):
        with np.errstate(all="ignore"):
            found = value(x)
            kept = np.all((x > lower) & (x < upper), axis=-1) & ~np.isnan(found)
        return np.where(kept, found, -np.inf)

    return Density(tuple(names), inside, None, None, lower, upper)


def windshield(x):
    mu, sigma = x[..., 0], x[..., 1]
    n, centre = WINDSHIELD.size, WINDSHIELD.mean()
    square = np.sum((WINDSHIELD - centre) ** 2) + n * (mu - centre) ** 2
    return -n / 2 * math.log(2 * math.pi) - (n + 1) * np.log(sigma) - square / (2 * sigma**2)


def normal(mean, covariance, offset=0.0):
    mean, factor = np.array(mean, dtype=float), np.linalg.cholesky(covariance)

    def value(x):
        u = np.linalg.solve(factor, (x - mean).reshape(-1, mean.size).T).T.reshape(x.shape)
        return offset - 0.5 * np.sum(u * u, axis=-1)

    return unbounded([f"x{i}" for i in range(mean.size)], value)


def quantile_errors(grid, name, truth, sd, p=P):
    return np.abs(quantile_from_marginal(grid.marginals[name], p) - truth) / sd


@pytest.fixture(scope="module")
def bioassay():
    return certified_grid(BIOASSAY, np.zeros(2))


def test_bioassay(bioassay):
    grid = bioassay
    assert grid.certified and grid.reasons == ()
    assert grid.log_evidence == pytest.approx(BIOASSAY_LOG_EVIDENCE, abs=1e-10)
    for i, (name, truth) in enumerate(BIOASSAY_TRUTH.items()):
        assert grid.mean[i] == pytest.approx(truth["mean"], abs=1e-9)
        assert grid.sd[i] == pytest.approx(truth["sd"], abs=1e-9)
        assert grid.skewness[i] == pytest.approx(truth["skewness"], abs=1e-8)
        errors = quantile_errors(grid, name, truth["quantiles"], truth["sd"])
        assert np.all(errors < 1e-8)
        assert np.all(errors < grid.discretisation_error["quantiles_sd"][name] + 1e-9)
        cdf = cdf_from_marginal(grid.marginals[name], truth["quantiles"])
        assert cdf == pytest.approx(P, abs=1e-9)
    assert grid.correlation[0, 1] == pytest.approx(BIOASSAY_CORRELATION, abs=1e-9)
    assert grid.outside_mass["total"] < 1e-8
    assert grid.lattice.log_density.size < 100_000


def test_the_order_of_the_parameters_changes_nothing(bioassay):
    swapped = unbounded(("beta", "alpha"), lambda x: BIOASSAY.log_density(x[..., ::-1]))
    grid = certified_grid(swapped, np.zeros(2))
    assert grid.mean[::-1] == pytest.approx(bioassay.mean, abs=1e-9)
    assert grid.sd[::-1] == pytest.approx(bioassay.sd, abs=1e-9)
    assert grid.correlation[0, 1] == pytest.approx(bioassay.correlation[0, 1], abs=1e-9)


def test_ld50_of_the_exact_posterior(bioassay):
    derived = DerivedQuantity(
        bioassay.lattice,
        lambda x: -x[..., 0] / x[..., 1],
        lambda x: x[..., 1] > 0,
        bioassay.outside_mass["total"],
    )
    found = derived.quantiles(P)
    # in units of 0.08, half the central 68 %: LD50 has no SD
    assert np.abs(found.value - BIOASSAY_LD50) / 0.08 == pytest.approx(np.zeros(7), abs=1e-3)
    assert np.all(np.abs(found.value - BIOASSAY_LD50) < found.error)
    # a sum over nodes, between which beta changes its sign: half a node's mass there is 2e-7
    assert derived.excluded_mass == pytest.approx(4.01098e-6, abs=2e-7)


def test_a_grid_is_rebuilt_from_its_record_and_log_densities(bioassay):
    record = json.loads(json.dumps(bioassay.record(), allow_nan=False))
    columns = bioassay.columns()
    lattice = lattice_from(record, columns["log_density"])
    assert np.array_equal(lattice.nodes(), bioassay.lattice.nodes())
    assert lattice.mass() == pytest.approx(bioassay.mass)
    assert columns["mass"] @ columns["beta"] == pytest.approx(bioassay.mean[1], abs=1e-7)
    evidence = np.sum(lattice.weights() * np.exp(lattice.log_density))
    assert math.log(evidence) == pytest.approx(BIOASSAY_LOG_EVIDENCE, abs=1e-9)


def test_two_runs_agree_to_the_last_bit(bioassay):
    again = certified_grid(BIOASSAY, np.zeros(2))
    assert json.dumps(again.record()) == json.dumps(bioassay.record())
    assert np.array_equal(again.marginals["beta"].cdf, bioassay.marginals["beta"].cdf)


def test_jittered_draws_of_a_sheared_lattice(bioassay):
    n = 20_000
    draws = jittered_draws(bioassay, np.random.default_rng(2), n)
    # five Monte Carlo standard errors; half a cell each way adds 0.1 % to an SD
    assert draws.mean(axis=0) == pytest.approx(bioassay.mean, abs=5 * 5.8 / math.sqrt(n))
    assert draws.std(axis=0) / bioassay.sd == pytest.approx([1, 1], abs=0.04)
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(BIOASSAY_CORRELATION, abs=0.02)


def test_a_normal_sample_with_unknown_scale():
    grid = certified_grid(density(("mu", "sigma"), windshield, [-np.inf, 0]), [14, 1])
    assert grid.certified, grid.reasons
    assert grid.log_evidence == pytest.approx(WINDSHIELD_LOG_EVIDENCE, abs=1e-10)
    sigma = WINDSHIELD_SIGMA
    assert grid.mean[1] == pytest.approx(sigma["mean"], abs=1e-9)
    assert grid.sd[1] == pytest.approx(sigma["sd"], abs=1e-9)
    assert grid.skewness[1] == pytest.approx(sigma["skewness"], abs=1e-6)
    assert np.all(quantile_errors(grid, "sigma", sigma["quantiles"], sigma["sd"]) < 1e-8)
    # mu is Student t with 8 degrees of freedom: excess kurtosis and all
    scale = WINDSHIELD.std(ddof=1) / 3
    truth = WINDSHIELD.mean() + scale * special.stdtrit(8, P)
    assert np.all(quantile_errors(grid, "mu", truth, grid.sd[0]) < SD_OF_A_QUANTILE)
    assert grid.sd[0] == pytest.approx(scale * math.sqrt(8 / 6), abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "covariance"),
    [
        ([3.0], [[4.0]]),
        ([1.0, 2.0], [[1.0, 0.999999], [0.999999, 1.0]]),
        ([1.0, 2.0], [[1.0, -0.999], [-0.999, 1.0]]),
        ([1e-8, -3e8], [[1e-16, 0.5], [0.5, 1e16]]),
        ([1.0, 2.0, 3.0], [[1.0, 0.9, 0.5], [0.9, 1.0, 0.7], [0.5, 0.7, 1.0]]),
    ],
)
def test_exact_on_a_normal_of_any_correlation_and_scale(mean, covariance):
    sd = np.sqrt(np.diag(covariance))
    grid = certified_grid(normal(mean, covariance), np.zeros(len(mean)))
    assert grid.certified, grid.reasons
    truth = 0.5 * (len(mean) * math.log(2 * math.pi) + np.linalg.slogdet(covariance)[1])
    # a condition number of 1e6 takes its digits from the log determinant, ours or numpy's
    assert grid.log_evidence == pytest.approx(truth, abs=1e-9)
    assert (grid.mean - mean) / sd == pytest.approx(np.zeros(len(mean)), abs=1e-8)
    assert grid.sd / sd == pytest.approx(np.ones(len(mean)), abs=1e-8)
    assert grid.correlation == pytest.approx(covariance / np.outer(sd, sd), abs=1e-8)
    for i in range(len(mean)):
        truth = mean[i] + sd[i] * special.ndtri(P)
        assert np.all(quantile_errors(grid, f"x{i}", truth, sd[i]) < SD_OF_A_QUANTILE)


@pytest.mark.parametrize("offset", [-1e6, 1e6])
def test_an_offset_moves_only_the_log_evidence(offset):
    grid = certified_grid(normal([1, 2], [[1, 0.5], [0.5, 1]], offset), [0, 0])
    assert grid.certified, grid.reasons
    truth = math.log(2 * math.pi) + 0.5 * math.log(0.75)
    assert grid.log_evidence - offset == pytest.approx(truth, abs=1e-8)  # 1e6 is known to 1e-10
    assert grid.sd == pytest.approx([1, 1], abs=1e-8)


CONJUGATE = {
    "gamma(5, 2)": (
        density(("x",), lambda x: 4 * np.log(x[..., 0]) - 2 * x[..., 0], [0]),
        1.0,
        math.log(24) - 5 * math.log(2),
        lambda p: special.gammaincinv(5, p) / 2,
        math.sqrt(5) / 2,
    ),
    "gamma(1/2, 1), infinite at its end": (
        density(("x",), lambda x: -0.5 * np.log(x[..., 0]) - x[..., 0], [0]),
        1.0,
        0.5 * math.log(math.pi),
        lambda p: special.gammaincinv(0.5, p),
        math.sqrt(0.5),
    ),
    "exponential, highest at its end": (
        density(("x",), lambda x: -x[..., 0], [0]),
        1.0,
        0.0,
        lambda p: -np.log1p(-p),
        1.0,
    ),
    "beta(9, 3)": (
        density(("x",), lambda x: 8 * np.log(x[..., 0]) + 2 * np.log1p(-x[..., 0]), [0], [1]),
        0.5,
        special.betaln(9, 3),
        lambda p: special.betaincinv(9, 3, p),
        math.sqrt(27 / 144 / 13),
    ),
    "a gamma below 5, turned round": (
        density(("x",), lambda x: 4 * np.log(5 - x[..., 0]) - 2 * (5 - x[..., 0]), None, [5]),
        1.0,
        math.log(24) - 5 * math.log(2),
        lambda p: 5 - special.gammaincinv(5, 1 - p) / 2,
        math.sqrt(5) / 2,
    ),
    "Student t with 4 degrees of freedom": (
        density(("x",), lambda x: -2.5 * np.log1p(x[..., 0] ** 2 / 4)),
        0.0,
        special.betaln(0.5, 2) + math.log(2),
        lambda p: special.stdtrit(4, p),
        math.sqrt(2),
    ),
    "uniform": (density(("x",), lambda x: 0 * x[..., 0], [2], [3]), 2.5, 0.0, lambda p: 2 + p, 0.3),
    "Laplace, with a kink": (
        density(("x",), lambda x: -np.abs(x[..., 0])),
        0.3,
        math.log(2),
        lambda p: np.where(p < 0.5, np.log(2 * p), -np.log(2 * (1 - p))),
        math.sqrt(2),
    ),
}


@pytest.mark.parametrize("name", CONJUGATE)
def test_conjugate(name):
    posterior, start, log_evidence, quantile, sd = CONJUGATE[name]
    grid = certified_grid(posterior, [start])
    assert grid.certified, grid.reasons
    assert grid.log_evidence == pytest.approx(log_evidence, abs=1e-8)
    assert np.all(quantile_errors(grid, "x", quantile(P), sd) < 1e-6)


def test_where_digits_end_the_loss_is_told():
    # beta(1/2, 1/2) has 6.7e-9 of its mass above the last number below one
    posterior = density(
        ("x",), lambda x: -0.5 * np.log(x[..., 0]) - 0.5 * np.log1p(-x[..., 0]), [0], [1]
    )
    grid = certified_grid(posterior, [0.5])
    assert grid.log_evidence == pytest.approx(math.log(math.pi), abs=1e-8)
    assert 1e-10 < grid.outside_mass["total"] < 1e-8
    assert np.all(quantile_errors(grid, "x", np.sin(math.pi * P / 2) ** 2, 0.35) < 1e-6)


def test_no_mode_is_lost_in_one_dimension():
    mixture = density(
        ("x",),
        lambda x: np.logaddexp(
            math.log(0.3) - 0.5 * x[..., 0] ** 2, math.log(0.7) - 0.5 * (x[..., 0] - 30) ** 2
        ),
    )
    grid = certified_grid(mixture, [0.0])
    assert grid.certified, grid.reasons
    assert grid.log_evidence == pytest.approx(0.5 * math.log(2 * math.pi), abs=1e-9)
    assert grid.mean[0] == pytest.approx(21, abs=1e-8)
    # the 10 % point is the 1/3 point of the nearer normal, 30 SDs from the other
    truth = special.ndtri(1 / 3)
    assert quantile_from_marginal(grid.marginals["x"], 0.1) == pytest.approx(truth, abs=1e-7)


def test_no_mode_is_lost_in_two_dimensions():
    far = np.array([12.0, -10.0])
    mixture = density(
        ("x", "y"),
        lambda x: np.logaddexp(
            math.log(0.3) - 0.5 * np.sum(x**2, axis=-1),
            math.log(0.7) - 0.5 * np.sum((x - far) ** 2, axis=-1),
        ),
    )
    grid = certified_grid(mixture, [0.0, 0.0])
    assert grid.certified, grid.reasons
    assert grid.log_evidence == pytest.approx(math.log(2 * math.pi), abs=1e-9)
    assert grid.mean == pytest.approx(0.7 * far, abs=1e-8)
    assert grid.sd == pytest.approx(np.sqrt(1 + 0.21 * far**2), abs=1e-8)


def test_a_banana():
    banana = density(
        ("x", "y"), lambda x: -0.5 * x[..., 0] ** 2 - 12.5 * (x[..., 1] - x[..., 0] ** 2) ** 2
    )
    grid = certified_grid(banana, [0.0, 0.0])
    assert grid.certified, grid.reasons
    assert grid.log_evidence == pytest.approx(math.log(2 * math.pi * 0.2), abs=1e-8)
    # y is x^2 plus an independent normal with SD 0.2
    assert grid.mean == pytest.approx([0, 1], abs=1e-7)
    assert grid.sd == pytest.approx([1, math.sqrt(2.04)], abs=1e-7)
    assert np.all(quantile_errors(grid, "x", special.ndtri(P), 1) < 1e-6)


def test_a_funnel():
    funnel = density(
        ("v", "x"),
        lambda x: (
            -(x[..., 0] ** 2) / 18 - x[..., 0] / 2 - 0.5 * x[..., 1] ** 2 * np.exp(-x[..., 0])
        ),
    )
    grid = certified_grid(funnel, [0.0, 0.0])
    assert grid.certified, grid.reasons
    assert grid.log_evidence == pytest.approx(math.log(2 * math.pi * 3), abs=1e-8)
    assert np.all(quantile_errors(grid, "v", 3 * special.ndtri(P), 3) < 1e-6)
    # Var x = E e^v = e^4.5
    assert grid.sd[1] == pytest.approx(math.exp(2.25), abs=1e-6)


def test_a_tail_without_moments_keeps_its_quantiles():
    grid = certified_grid(density(("x",), lambda x: -np.log1p(x[..., 0] ** 2)), [0.0])
    assert grid.certified, grid.reasons
    (said,) = grid.withheld()
    assert said.startswith("too heavy a tail of x: there is no mean or SD or skewness")
    assert grid.record()["sd"] == {"x": None} and grid.record()["mean"] == {"x": None}
    assert grid.log_evidence == pytest.approx(math.log(math.pi), abs=1e-8)
    truth = np.tan(math.pi * (P - 0.5))
    assert np.all(quantile_errors(grid, "x", truth, 1 + truth**2) < 1e-6)


def bioassay_in_log_beta(x):
    return BIOASSAY.log_density(np.stack([x[..., 0], np.exp(x[..., 1])], axis=-1))


def scale_with_flat_log(x):
    # two groups' effects integrated out: as tau falls to 0 nothing changes any more
    variance = 1 + x[..., 0] ** 2
    return -np.log(variance) - 4 / variance - np.log(x[..., 0])


IMPROPER = {
    "the chapter's log beta without its Jacobian": (
        density(("alpha", "phi"), bioassay_in_log_beta),
        [0.0, 1.0],
    ),
    "one parameter that nothing informs": (
        density(("x", "y"), lambda x: -0.5 * x[..., 0] ** 2),
        [0.0, 0.0],
    ),
    "a prior 1 / tau on a hierarchical scale": (density(("tau",), scale_with_flat_log, [0]), [1.0]),
    "a constant floor": (density(("x",), lambda x: np.logaddexp(-(x[..., 0] ** 2), -30.0)), [0.0]),
}


@pytest.mark.parametrize("name", IMPROPER)
def test_improper_is_refused(name):
    posterior, start = IMPROPER[name]
    grid = certified_grid(posterior, start)
    assert not grid.certified
    assert any(reason.startswith("improper") for reason in grid.reasons)
    record = json.loads(json.dumps(grid.record(), allow_nan=False))
    assert record["log_evidence"] is None and set(record["sd"].values()) == {None}
    assert grid.marginals == {} and grid.lattice.log_density.size < 2**15


def test_a_cut_that_the_support_does_not_declare_is_not_certified():
    cut = density(("x",), lambda x: np.where(x[..., 0] > 0, -x[..., 0], -np.inf))
    grid = certified_grid(cut, [0.5])
    assert not grid.certified and grid.reasons
    assert grid.log_evidence == pytest.approx(0, abs=1e-3)


def test_a_short_axis_keeps_its_nodes():
    """All mass within little of the alignment's scale: steps that are small are not too many."""
    axes = (Axis(-8.0, 8.0, 129), Axis(-10.0, -9.9253, 27, 0.26))
    support = np.array([[-np.inf] * 2, [np.inf] * 2])
    frame = Frame(("x", "y"), (Identity(),) * 2, np.zeros(2), np.eye(2), axes, support)
    *_, main = stages_of(evaluate(frame, lambda x: -0.5 * x[..., 0] ** 2))
    assert main.frame.shape == main.log_density.shape
    assert min(main.frame.shape) >= LEAST_POINTS
    assert main.frame.axes[0].step == 0.125


def test_rounding_error_is_no_density():
    """A difference of huge numbers, which is 0 in truth: below y = 1e-10 its rounding is all."""

    def value(x):
        huge = 1e13 / x[..., 1]
        return -0.5 * x[..., 0] ** 2 - x[..., 1] + 10 * (huge * 1.1 - huge * 0.1 - huge)

    known = Known(np.array([[0.0, 0.0]]), 0, 0)
    grid = certified_grid(density("xy", value, [-np.inf, 0], [np.inf, np.inf]), (0, 1), 0, known)
    assert grid.log_evidence is None and not grid.marginals
    (reason,) = grid.reasons
    # the rounding either shows as such, or as a density that does not decay where numbers end
    shown = "rounding error: at x = " in reason and "differences of huge numbers" in reason
    assert shown or "has not decayed where floating-point numbers end" in reason


def test_lattices_that_contradict_each_other_are_not_believed(monkeypatch):
    seen, assembled = [], certified.assembled
    monkeypatch.setattr(certified, "assembled", lambda own: assembled(seen.extend(own) or own))
    certified_grid(BIOASSAY, (0.0, 0.0))
    assert why_distrusted(seen, BIOASSAY.log_density) is None
    for apart in (1.0, math.nan):
        numbers = seen[0].numbers
        numbers = numbers._replace(log_evidence=numbers.log_evidence + apart)
        text = why_distrusted([seen[0]._replace(numbers=numbers), seen[1]], BIOASSAY.log_density)
        assert "contradict each other" in text and "on that of alpha" in text


def test_more_than_three_parameters_are_refused():
    with pytest.raises(ValueError, match="one to three parameters"):
        certified_grid(normal(np.zeros(4), np.eye(4)), np.zeros(4))


@pytest.mark.parametrize(
    ("lower", "upper"), [([0, -np.inf], [np.inf, 5]), ([0, 2], [1, np.inf]), ([-1, -1], [1, 3])]
)
def test_bounded_coordinates_survive_the_record(lower, upper):
    def value(x):
        return -0.5 * np.sum((x - 1.5) ** 2, axis=-1) + 0.5 * x[..., 0] * x[..., 1]

    start = np.where(np.isfinite(lower), np.array(lower) + 0.5, np.array(upper) - 0.5)
    grid = certified_grid(density(("x", "y"), value, lower, upper), start)
    assert grid.certified, grid.reasons
    record = json.loads(json.dumps(grid.record(), allow_nan=False))
    lattice = lattice_from(record, grid.columns()["log_density"])
    nodes = lattice.nodes()
    assert np.array_equal(nodes, grid.lattice.nodes())
    assert np.all((nodes >= lower) & (nodes <= upper))
    inner = grid.mass > 1e-8  # farther out a transform runs out of digits
    u = lattice.frame.locate(nodes[inner])
    assert lattice.frame.place(u) == pytest.approx(nodes[inner], rel=1e-9, abs=1e-9)
    # the same integral by Gauss and Legendre, on a box beyond which nothing is left
    t, w = np.polynomial.legendre.leggauss(200)
    ends = np.clip([lower, upper], -12, 14)
    x, y = (a + (b - a) * (t + 1) / 2 for a, b in ends.T)
    inside = np.exp(value(np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)))
    total = w @ inside @ w * np.prod(ends[1] - ends[0]) / 4
    assert grid.log_evidence == pytest.approx(math.log(total), abs=1e-9)
