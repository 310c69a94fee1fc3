"""NUTS against posteriors whose answer is known, and its gates."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from cases_in_memory import MODELS, laplace_of, posterior_of
from laplace_approx.chains.gates import gates
from laplace_approx.density.density import Density
from laplace_approx.exercises.nuts import answer
from laplace_approx.nuts.comparison import NutsSide
from laplace_approx.nuts.sampler import NoStart, Settings, sample, unbounded_definition
from laplace_approx.nuts.step import sampled
from laplace_files.artifacts.artifacts import plain
from project_copy import PROJECT, copy_project, snakemake

SETTINGS = Settings(chains=4, draws=1500, tune=600, seed=3)


@pytest.fixture
def nutpie():
    return pytest.importorskip("nutpie", reason="the extra package of nuts, nutpie, is not here")


def normal(gradient=True):
    """Return a correlated normal of mean (1, -2), with its gradient or without."""
    mean, covariance = np.array([1.0, -2.0]), np.array([[4.0, 1.5], [1.5, 1.0]])
    precision = np.linalg.inv(covariance)

    def log_density(z):
        away = np.asarray(z) - mean
        return -0.5 * np.einsum("...i,ij,...j->...", away, precision, away)

    def slopes(z):
        return -(np.asarray(z) - mean) @ precision

    infinite = np.full(2, np.inf)
    density = Density(
        ("x", "y"), log_density, slopes if gradient else None, None, -infinite, infinite
    )
    return density, mean, covariance


@pytest.mark.parametrize("gradient", [True, False], ids=["analytic", "differences"])
def test_it_draws_from_a_known_normal(nutpie, gradient):
    density, mean, covariance = normal(gradient)
    chains = sample(density, np.zeros(2), SETTINGS)
    assert chains.z.shape == (4, 1500, 2)
    assert not chains.diverging.any()
    flat = chains.z.reshape(-1, 2)
    # at least 1000 effective draws: four standard errors of the mean, and of a variance
    sd = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(flat.mean(axis=0) - mean) < 4 * sd / np.sqrt(1000))
    np.testing.assert_allclose(flat.var(axis=0), sd**2, rtol=4 * np.sqrt(2 / 1000))


def test_the_seed_decides_every_digit(nutpie):
    density, *_ = normal()
    settings = Settings(chains=2, draws=200, tune=200, seed=3)
    one, same = (sample(density, np.zeros(2), settings).z for _ in range(2))
    other = sample(density, np.zeros(2), settings._replace(seed=4)).z
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_jacobian_is_in(nutpie, tmp_path):
    """A Gamma(3, 1) and a Beta(2, 5), sampled in log and logit: their means are 3 and 2/7."""
    file = tmp_path / "bounded.py"
    file.write_text(
        "import numpy as np\n"
        'PARAMETERS = ("rate", "share")\n'
        'SUPPORT = {"rate": (0, None), "share": (0, 1)}\n'
        "START = (1.0, 0.5)\n"
        "def log_likelihood(theta, data):\n"
        "    rate, share = theta[..., 0], theta[..., 1]\n"
        "    return 2 * np.log(rate) - rate + np.log(share) + 4 * np.log1p(-share)\n"
    )
    posterior = posterior_of(file)
    found = sampled(posterior.model, posterior.prior, posterior.density(), SETTINGS)
    assert found.record["status"] == "ok"
    assert found.record["coordinates"] != ["rate", "share"]
    for name, mean, variance in (("rate", 3.0, 3.0), ("share", 2 / 7, 10 / 49 / 8)):
        ess = found.record["diagnostics"]["parameters"][name]["bulk_ess"]
        assert abs(found.columns[name].mean() - mean) < 4 * np.sqrt(variance / ess)


def test_a_posterior_without_a_mean_to_come_back_to_is_declined(nutpie, tmp_path):
    """A flat density has no distribution: the chains wander off and do not agree."""
    file = tmp_path / "flat.py"
    file.write_text(
        "import numpy as np\n"
        'PARAMETERS = ("x",)\n'
        "def log_likelihood(theta, data):\n"
        "    return -1e-9 * theta[..., 0] ** 2\n"
    )
    posterior = posterior_of(file)
    settings = Settings(chains=4, draws=100, tune=100, seed=3)
    found = sampled(posterior.model, posterior.prior, posterior.density(), settings)
    assert found.record["status"] == "declined"
    assert found.record["reason"] in found.record["gates"]
    assert "not to be used" in found.record["message"]
    assert all(values.size == 0 for values in found.columns.values())
    validate("nuts", {"case": {}, "core": "0" * 64, **found.record})


def test_every_gate_can_fail_and_nan_fails():
    good = {"r_hat": 1.0, "bulk_ess": 900.0, "tail_ess": 900.0}
    assert all(gate["holds"] for gate in held(good).values())
    for name, bad in (("r_hat", 1.02), ("bulk_ess", 300.0), ("tail_ess", 399.0)):
        for value in (bad, np.nan):
            failed = held(good | {name: value})
            assert not failed[name]["holds"]
            assert sum(not gate["holds"] for gate in failed.values()) == 1
    assert not held(good, divergences=1)["divergences"]["holds"]


def held(found, divergences=0):
    return gates({"parameters": {"x": found}, "divergences": divergences}, chains=4)


def test_bounds_are_taken_away_where_a_transform_does():
    lower = np.array([-np.inf, 0.0, 2.0, 0.0, -np.inf])
    upper = np.array([np.inf, np.inf, np.inf, 1.0, 3.0])
    assert unbounded_definition("abcde", lower, upper) == {
        "b": "log",
        "c": {"log": {"shift": -2.0}},
        "d": {"logit": {"lower": 0.0, "upper": 1.0}},
    }


def test_a_density_that_is_nowhere_has_no_start(nutpie):
    density = normal()[0]._replace(log_density=lambda z: np.full(np.shape(z)[:-1], -np.inf))
    with pytest.raises(NoStart, match="no point near"):
        sample(density, np.zeros(2), SETTINGS)


def test_a_condition_leaves_out_its_draws():
    model = laplace_of(posterior_of(MODELS / "bioassay.py", "bioassay.csv")).model
    beta = np.where(np.arange(800) % 4 == 0, -1.0, 1.0)
    alpha = np.random.default_rng(1).standard_normal(800)
    chain = np.repeat(np.arange(4), 200)
    side = NutsSide(model, {"chain": chain, "alpha": alpha, "beta": beta, "ld50": -alpha / beta})
    assert side.excluded("ld50") == 0.25
    value, error = side.quantiles("ld50", [0.5])
    assert abs(value[0] - np.median(-alpha[beta > 0])) < 0.01
    assert 0 < error[0] < 0.2


def test_without_cases_the_exercise_says_why():
    outcome = answer([], 0.1)
    assert outcome.record["status"] == "skipped"
    assert "configuration has none" in outcome.text
    validate("exercise-5", {**outcome.record, "core": "0" * 64})


def validate(step, record):
    schema = json.loads((PROJECT / f"workflow/schemas/{step}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(plain(record))]
    assert not errors, errors


CONFIGURATION = """\
nuts:
  cases: [{model: bioassay, prior: weak_normal, space: natural, grid: chapter}]
  draws: 500
  tune: 500
"""


@pytest.fixture(scope="module")
def exercise(tmp_path_factory):
    pytest.importorskip("nutpie", reason="the extra package of nuts, nutpie, is not here")
    folder = copy_project(tmp_path_factory.mktemp("nuts") / "project")
    (folder / "mine.yaml").write_text(CONFIGURATION)
    done = snakemake(folder, "nuts", "--cores", "1", "--configfile", "mine.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "results"


@pytest.mark.workflow
def test_exercise_5_has_its_numbers_and_pictures(exercise):
    record = json.loads((exercise / "exercises/exercise-5.json").read_text("utf-8"))
    validate("exercise-5", record)
    assert record["status"] == "ok"
    text = (exercise / "exercises/exercise-5.md").read_text("utf-8")
    assert "Where they agree" in text and "Where not" in text
    assert "nan" not in text.lower().split()
    assert (exercise / "exercises/figures-5/exercise-5.svg").is_file()
    figures = exercise / "bioassay/weak_normal/compare/natural/chapter/nuts/figures"
    assert {path.name for path in figures.glob("*.svg")} == {"intervals.svg", "overlay.svg"}
    (run,) = (exercise / "bioassay/weak_normal/nuts").glob("*.json")
    validate("nuts", json.loads(run.read_text("utf-8")))


@pytest.mark.workflow
def test_nuts_and_the_grid_agree_within_their_errors_and_the_normal_does_not(exercise):
    path = exercise / "bioassay/weak_normal/compare/natural/chapter/nuts/quantiles.parquet"
    rows = pq.read_table(path).to_pylist()
    promised = json.loads((PROJECT / "workflow/schemas/tables.json").read_text("utf-8"))
    assert set(rows[0]) == set(promised["nuts_quantiles"]["columns"])
    for row in rows:
        away = abs(row["nuts"] - row["grid"])
        assert away < 4.5 * row["nuts_mcse"] + row["grid_error"], row
    (end,) = [r for r in rows if (r["quantity"], r["probability"]) == ("beta", 0.025)]
    assert end["laplace_difference_sd"] < -0.7
    assert abs(end["laplace"] - end["nuts"]) > 5 * end["nuts_mcse"]


@pytest.mark.workflow
def test_the_default_plan_has_no_nuts(tmp_path):
    folder = copy_project(tmp_path / "project")
    done = snakemake(folder, "--dry-run", "--quiet", "rules")
    assert done.returncode == 0, done.stderr
    assert "nuts" not in done.stdout + done.stderr.replace("config", "")
