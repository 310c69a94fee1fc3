"""Draws of chains that may be of another posterior by as much as they would not show."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from chains_of import autoregressive
from laplace_approx.chains.belongs import belonging
from laplace_approx.chains.side import CHAIN, ChainSide, chain_side
from laplace_approx.chains.step import _belongs_record
from laplace_approx.density.density import Density
from laplace_approx.reference.coordinates import Unbounded
from laplace_audit.numerics import chains as audited

NAMES, CHAINS, DRAWS = ("a", "b"), 4, 2000
P = np.array([0.025, 0.5, 0.975])
LOOKED_AT = 200  # of 8000 draws: they tell the shift to .09 SD, and let .4 be
REPETITIONS = 40


def of_two_normals(rho: float = 0.0):
    ends, precision = np.full(2, np.inf), np.linalg.inv([[1, rho], [rho, 1]])

    def log_density(x):
        return -0.5 * np.einsum("...i,ij,...j", x, precision, x)

    return Unbounded(Density(NAMES, log_density, lambda x: -x @ precision, None, -ends, ends))


# Derived quantities by name: of a and b, and of normal scores the true quantile where it is known.
DERIVED = {
    "difference": lambda a, b: a - b,
    "skewed": lambda a, b: np.exp(a),
    "square": lambda a, b: a**2,
    "conditional": lambda a, b: np.where(b > 0, a, np.nan),
}


def true_ends(name: str, rho: float):
    if name == "a":
        return norm.ppf(P)
    a, e = norm.ppf(np.random.default_rng(1).permuted(np.tile(MIDDLES, (2, 1)), axis=1))
    return np.nanquantile(DERIVED[name](a, rho * a + np.sqrt(1 - rho**2) * e), P)


MIDDLES = (np.arange(10**6) + 0.5) / 10**6


def scores(shift, looked_at: int, name: str = "a", rho: float = 0.0, draws: int = DRAWS):
    """Return z of the ends with the open shift counted and without, of draws that pass."""
    found, true = [], true_ends(name, rho)
    factor = np.linalg.cholesky([[1, rho], [rho, 1]])
    for seed in range(REPETITIONS):
        theta = autoregressive(np.random.default_rng(seed), CHAINS, draws, 2) @ factor.T + shift
        columns = dict(zip(NAMES, theta.reshape(-1, 2).T, strict=True))
        derived = {name: DERIVED[name](*columns.values())} if name in DERIVED else {}
        said = belonging(of_two_normals(rho), theta, looked_at, derived)
        if said.worst is not None:
            continue  # seen, and refused
        columns |= derived | {CHAIN: np.repeat(np.arange(float(CHAINS)), draws)}
        record = {"belongs": _belongs_record(said), "unseen_mass": 0.0}
        value, error = chain_side(columns, record).quantiles(name, P)
        plain = ChainSide(columns).quantiles(name, P).error
        found.append(((value - true) / error, (value - true) / plain))
    return found


def rms(z) -> float:
    return float(np.sqrt(np.mean(np.square(z))))


# shift of a and b, draws looked at (one gradient each), quantity, correlation, draws of a chain
OPEN = {
    "few looked at": ((0.2, 0), LOOKED_AT, "a", 0.0, DRAWS),
    "less than a tolerance": ((0.06, 0), 2000, "a", 0.0, 6000),
    "along the narrow way": ((0.004, -0.004), LOOKED_AT, "difference", 0.999, DRAWS),
    "a long tail": ((0.2, 0), LOOKED_AT, "skewed", 0.0, DRAWS),
    "a condition": ((0.15, 0.15), LOOKED_AT, "conditional", 0.9, DRAWS),
}


@pytest.mark.parametrize("what", OPEN)
def test_a_shift_that_was_not_seen_is_in_the_errors(what):
    found = scores(np.array(OPEN[what][0]), *OPEN[what][1:])
    counted, plain = zip(*found, strict=True)
    assert len(found) >= REPETITIONS / 2  # most of such draws pass
    assert rms(plain) > 2  # their own errors are false
    assert rms(counted) < 1.3  # of 20 repetitions or more, whose ends move together


def test_what_is_not_linear_moves_in_the_second_order():
    counted, plain = zip(*scores(np.array([0.25, 0]), 100, "square"), strict=True)
    assert rms(plain) > 1.5 and rms(counted) < 1.2


@pytest.mark.parametrize("name", ["a", *DERIVED])
def test_draws_that_are_right_keep_most_of_what_they_know(name):
    """Of draws that are all looked at, the shift is known as well as the middle is: errors grow by
    up to sqrt(3) there, by less at other ends."""
    found = scores(np.zeros(2), 10**6, name, 0.5)
    counted, plain = zip(*found, strict=True)
    assert len(found) == REPETITIONS
    grown = np.array(plain) / np.array(counted)
    assert np.all(grown >= 1) and np.median(grown) < 1.7 and np.median(grown[:, [0, 2]]) < 1.4


def test_a_shift_that_only_a_difference_shows_is_seen():
    """a and b shifted by .02 SD, which neither shows: nearly half an SD of a - b."""
    assert scores(np.array([0.02, -0.02]), 10**6, "difference", 0.999) == []


def test_a_quantity_whose_shift_is_not_known_has_no_error():
    theta = autoregressive(np.random.default_rng(1), CHAINS, DRAWS, 2).reshape(-1, 2)
    columns = {"a": theta[:, 0], "b": theta[:, 1], "sum": theta.sum(axis=1)}
    columns |= {CHAIN: np.repeat(np.arange(float(CHAINS)), DRAWS)}
    side = ChainSide(columns, 0.0, {"a": 0.3, "b": math.nan})
    for name in ("b", "sum"):
        assert np.isnan(side.quantiles(name, P).error).all()
        assert np.isnan(side.cdf(name, P).error).all()
    plain, shifted = ChainSide(columns).quantiles("a", P), side.quantiles("a", P)
    moved = np.sqrt(shifted.error**2 - plain.error**2)
    # of a normal a shift in normal scores is one in SDs; quantiles of 8000 draws bend by a tenth
    np.testing.assert_allclose(moved, 0.3 * side.scale("a"), rtol=0.15)


def test_the_audit_has_the_same_errors_with_a_shift():
    theta = autoregressive(np.random.default_rng(2), CHAINS, 800, 1).reshape(-1)
    columns = {"a": np.exp(theta), CHAIN: np.repeat(np.arange(float(CHAINS)), 800)}
    for shift in (0.02, 0.3):
        side = ChainSide(columns, 1e-4, {"a": shift})
        own = audited.ChainDraws(columns, "a", 1e-4, {"a": shift})
        found, at = side.quantiles("a", P).error, np.array([0.1, 1.0, 30.0, 1e3])
        np.testing.assert_allclose(found, [own.error(p) for p in P], rtol=1e-9)
        found = np.array(side.cdf("a", at))
        np.testing.assert_allclose(found.T, [own.share(x) for x in at], rtol=1e-9)
