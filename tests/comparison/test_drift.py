"""Chains that start as the normal say what it has wrong, and say nothing where it is right."""

import numpy as np
import pytest
from scipy import stats

from cases_in_memory import laplace_of, posterior_of
from laplace_approx.comparison.drift import drift_record, run_chains
from laplace_approx.comparison.intervals import JUDGED_ENDS as ENDS
from laplace_approx.comparison.sides import laplace_side

D = 6
HEAD = f"""import numpy as np
PARAMETERS = tuple("abcdef")
START = [1.0] * 6
D = {D}
"""


def each(law):
    """Return the law of every parameter, all alike."""
    return [law] * D


# name: (rest of the model file, the law of each parameter)
KNOWN = {
    "normal": ("def log_likelihood(t, data): return -.5 * np.sum(t**2, -1)", each(stats.norm())),
    "narrow": (
        "def log_likelihood(t, data): return -.5 * np.sum((t / 10.0 ** np.arange(D)) ** 2, -1)",
        [stats.norm(0, 10.0**i) for i in range(D)],
    ),
    "gamma": (
        "SUPPORT = {name: (0, None) for name in PARAMETERS}\n"
        "def log_likelihood(t, data): return np.sum(7 * np.log(t) - t, -1)",
        each(stats.gamma(8)),
    ),
    "student": (
        "def log_likelihood(t, data): return -3 * np.sum(np.log1p(t**2 / 5), -1)",
        each(stats.t(5)),
    ),
    "gumbel": (
        "def log_likelihood(t, data): return np.sum(-t - np.exp(-t), -1)",
        each(stats.gumbel_r()),
    ),
    "logistic": (
        "def log_likelihood(t, data): return np.sum(-t - 2 * np.log1p(np.exp(-t)), -1)",
        each(stats.logistic()),
    ),
    "far": (  # the other half of the mass lies where no chain comes
        "def log_likelihood(t, data):\n"
        "    return np.sum(np.logaddexp(-.5 * t**2, -.5 * (t - 60)**2), -1)",
        each(stats.norm()),
    ),
}
WRONG = ("gamma", "student", "gumbel", "logistic")  # by more than 0.25 of a half-interval
SKEWED = ("gamma", "gumbel")


def fit_of(tmp_path, body):
    file = tmp_path / "model.py"
    file.write_text(HEAD + body, encoding="utf-8")
    return laplace_of(posterior_of(file)).fit()


def drifted(fit, seed=1):
    side = laplace_side(fit.model, fit.space, fit.normal)
    return drift_record(fit, {name: side.quantiles(name, ENDS) for name in fit.names}, seed)


def truly_off(fit, laws):
    """Return by how many half-intervals each end is off, (d, 4)."""
    side = laplace_side(fit.model, fit.space, fit.normal)
    ends = np.array([side.quantiles(name, ENDS).value for name in fit.names])
    half = np.array([(law.ppf(0.841345) - law.ppf(0.158655)) / 2 for law in laws])
    return (ends - np.array([law.ppf(ENDS) for law in laws])) / half[:, None]


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_said_is_never_more_than_the_truth(name, tmp_path):
    body, laws = KNOWN[name]
    fit = fit_of(tmp_path, body)
    off = np.abs(truly_off(fit, laws))
    for seed in range(3):
        record = drifted(fit, seed)
        assert record["reason"] is None and record["evaluations"] == 1024 * 81
        for i, said in enumerate(record["quantities"].values()):
            assert said["50"]["at_least"] <= off[i, :2].max()
            assert said["95"]["at_least"] <= off[i, 2:].max()


@pytest.mark.parametrize("name", WRONG)
def test_an_end_that_is_far_off_is_found(name, tmp_path):
    body, laws = KNOWN[name]
    fit = fit_of(tmp_path, body)
    off = truly_off(fit, laws)[0, 2:]
    worst = off[np.argmax(np.abs(off))]
    assert abs(worst) > 0.25
    for said in drifted(fit)["quantities"].values():
        assert said["95"]["at_least"] > 0.25 * abs(worst)
        if name in SKEWED:
            assert np.sign(said["95"]["shift"]) == np.sign(worst)


def test_the_kernel_leaves_the_posterior_as_it_is(tmp_path):
    """Of a normal every step has the same law: 4.5 standard errors hold over 12 ends."""
    fit = fit_of(tmp_path, KNOWN["narrow"][0])
    trail = run_chains(fit, np.random.default_rng(3), 4096)
    ends = 10.0 ** np.arange(D) * stats.norm.ppf([0.1, 0.5, 0.9])[:, None]
    shares = np.mean(trail.late[-1] <= ends[:, None, :], axis=1)
    expected = np.array([0.1, 0.5, 0.9])[:, None]
    assert np.all(np.abs(shares - expected) < 4.5 * np.sqrt(expected * (1 - expected) / 4096))


def test_chains_that_stick_say_nothing(tmp_path):
    fit = fit_of(tmp_path, KNOWN["normal"][0])
    calls = []

    def only_at_first(theta):
        calls.append(len(theta))
        return np.full(theta.shape[:-1], 0.0 if sum(calls) <= 1024 else -np.inf)

    record = drifted(fit._replace(natural=fit.natural._replace(log_density=only_at_first)))
    assert record["reason"] == "100 % of the chains never moved; at most 5 % may not"
    assert set(record["quantities"].values()) == {None}


def test_what_has_no_density_is_left(tmp_path):
    """Half of the normal lies where the half-normal has no density: chains leave it at once."""
    body = (
        "SUPPORT = {name: (-1.5, None) for name in PARAMETERS}\n"
        "def log_likelihood(t, data): return -.5 * np.sum(t**2, -1)"
    )
    fit = fit_of(tmp_path, body)
    law = stats.truncnorm(-1.5, np.inf)
    off = np.abs(truly_off(fit, each(law)))
    for i, said in enumerate(drifted(fit)["quantities"].values()):
        assert said["50"]["at_least"] <= off[i, :2].max()
