"""Many dimensions: modes, Hessians, draws and artifacts with 10, 100 and 1000 parameters."""

import json
import runpy

import numpy as np
import pyarrow.parquet as pq
import pytest

from laplace_approx.comparison.signals import all_signals
from laplace_approx.curvature.matrices import (
    KEPT,
    draws_within,
    lower_triangle,
    matrix_bytes,
    split,
)
from laplace_approx.curvature.measure import measure_curvature
from laplace_approx.curvature.step import curvature_record
from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import Evaluator
from laplace_approx.density.model import Model
from laplace_approx.density.posterior import natural_density
from laplace_approx.density.priors import build_prior
from laplace_approx.density.space import build_space
from laplace_approx.derivatives.central import difference_hessian
from laplace_approx.errors import InputError
from laplace_approx.mode.attempts import many_by_quasi_newton
from laplace_approx.mode.search import find_mode
from laplace_approx.mode.step import mode_record
from laplace_approx.normal.draws import laplace_draws
from laplace_approx.normal.normal import Normal
from laplace_approx.normal.third_derivatives import third_derivatives
from laplace_files.cases.laplace import _cholesky
from laplace_files.config.against_model import check_against_model
from laplace_files.config.checks import check_config
from laplace_files.config.size import MOST_BYTES, too_large
from laplace_files.models.data import read_data
from laplace_files.models.modelfile import load_model
from project_copy import PROJECT, copy_project, snakemake

_program = runpy.run_path(str(PROJECT / "benchmarks/logistic_data.py"))
simulate, write = _program["simulate"], _program["write"]

SD = 2.5
PRIOR = {"joint": {"family": "multivariate_normal", "mean": 0.0, "sd": SD, "correlation": 0.0}}
FILE = PROJECT / "workflow/scripts/laplace_approx/models/logistic_regression.py"


class Logistic:
    """A logistic regression with d coefficients written out here, by the book."""

    def __init__(self, d):
        x, self.y = simulate(d, 1)
        self.design = np.column_stack([np.ones(self.y.size), x])

    def probabilities(self, theta):
        return 1 / (1 + np.exp(-(theta @ self.design.T)))

    def log_likelihood(self, theta):
        eta = theta @ self.design.T
        return eta @ self.y - np.logaddexp(0, eta).sum(axis=-1)

    def gradient(self, theta):
        return (self.y - self.probabilities(theta)) @ self.design

    def hessian(self, theta):
        p = self.probabilities(theta)
        weighted = (p * (1 - p))[..., None] * self.design
        return -(np.swapaxes(weighted, -1, -2) @ self.design)

    def hessian_vector_product(self, theta, v):
        p = self.probabilities(theta)
        return -(p * (1 - p) * (v @ self.design.T)) @ self.design

    def model(self, *derivatives) -> Model:
        d = self.design.shape[1]
        given = {name: getattr(self, name) for name in derivatives}
        return Model(
            name="logistic",
            parameters=tuple(f"b{j}" for j in range(d)),
            log_likelihood=self.log_likelihood,
            gradient=given.get("gradient"),
            hessian=given.get("hessian"),
            lower=np.full(d, -np.inf),
            upper=np.full(d, np.inf),
            start=np.zeros(d),
            quantities={},
            conditions={},
            monotone=None,
            hessian_vector_product=given.get("hessian_vector_product"),
        )

    def density(self, *derivatives) -> Density:
        model = self.model(*derivatives)
        return natural_density(model, build_prior(PRIOR, model.parameters))


def gaussian(d, seed=3):
    """Return a normal density with correlations, its mean and its covariance."""
    rng = np.random.default_rng(seed)
    root = np.eye(d) + rng.standard_normal((d, d)) / np.sqrt(d)
    precision = root @ root.T
    mean = rng.standard_normal(d)

    def log_density(x):
        return -0.5 * np.einsum("...i,...i->...", (x - mean) @ precision, x - mean)

    density = Density(
        tuple(f"x{i}" for i in range(d)),
        log_density,
        lambda x: -(x - mean) @ precision,
        lambda x: np.broadcast_to(-precision, (*x.shape[:-1], d, d)),
        np.full(d, -np.inf),
        np.full(d, np.inf),
    )
    return density, mean, precision


@pytest.mark.parametrize("d", [2, 10, 100])
def test_at_the_mode_the_score_balances_the_prior(d):
    """X'(y - p) = theta / sd^2, which is what it is to be the mode."""
    logistic = Logistic(d)
    model = logistic.model("gradient", "hessian")
    mode = find_mode(logistic.density("gradient", "hessian"), model.start, 0)
    p = 1 / (1 + np.exp(-logistic.design @ mode.x))
    score = logistic.design.T @ (logistic.y - p)
    size = np.abs(logistic.design).T @ np.abs(logistic.y - p)
    np.testing.assert_array_less(np.abs(score - mode.x / SD**2), 1e-12 * size)


@pytest.mark.parametrize("d", [10, 100])
def test_the_covariance_times_the_precision_is_the_unit_matrix(d):
    """The precision is X' diag(p (1 - p)) X + I / sd^2."""
    logistic = Logistic(d)
    density = logistic.density("gradient", "hessian")
    curvature = measure_curvature(density, find_mode(density, np.zeros(d), 0).x)
    p = logistic.probabilities(find_mode(density, np.zeros(d), 0).x)
    precision = (logistic.design.T * (p * (1 - p))) @ logistic.design + np.eye(d) / SD**2
    bound = 100 * d * np.finfo(float).eps * curvature.condition_number
    np.testing.assert_allclose(curvature.covariance @ precision, np.eye(d), atol=bound)
    product = curvature.cholesky @ curvature.cholesky.T
    np.testing.assert_allclose(product @ precision, np.eye(d), atol=bound)
    assert curvature.hessian_method == "analytic"


def test_a_gaussian_in_a_thousand_dimensions_is_exact():
    density, mean, precision = gaussian(1000)
    mode = find_mode(density, np.zeros(1000), 0)
    curvature = measure_curvature(density, mode.x)
    cholesky = np.linalg.cholesky(precision)
    sd = np.sqrt(np.sum(np.linalg.inv(cholesky) ** 2, axis=0))
    condition = np.linalg.cond(precision)
    bound = 1000 * np.finfo(float).eps * condition
    assert bound < 1e-5
    np.testing.assert_array_less(np.abs(mode.x - mean) / sd, bound)
    np.testing.assert_allclose(curvature.sd, sd, rtol=bound)
    log_determinant = -2 * np.sum(np.log(np.diag(cholesky)))
    assert curvature.log_determinant == pytest.approx(log_determinant, rel=bound)
    assert curvature.condition_number_raw == pytest.approx(condition, rel=bound)
    normal = Normal(mode.x, curvature.cholesky)
    signals = all_signals(
        *(density, normal, third_derivatives(density, normal), np.random.default_rng(1), 1),
        n_draws=1000,
    )
    assert signals["pareto_k"].value == -np.inf  # every weight is the same
    assert signals["reflection_bound"].value < 1e-9
    assert signals["skewness"].value is None
    assert "limit" in signals["skewness"].reason


@pytest.mark.parametrize("d", [10, 60, 100])
def test_analytic_products_and_gradients_give_one_hessian(d):
    logistic = Logistic(d)
    found = {}
    for way in ("hessian", "hessian_vector_product", None):
        density = logistic.density("gradient", *filter(None, [way]))
        found[way] = measure_curvature(density, find_mode(density, np.zeros(d), 0).x)
    analytic = found["hessian"]
    size = np.sqrt(np.outer(*[np.abs(np.diag(analytic.hessian))] * 2))
    products, differences = found["hessian_vector_product"], found[None]
    assert products.hessian_method == "hessian_vector_products"
    assert differences.hessian_method == "gradient_differences"
    assert np.max(np.abs(products.hessian - analytic.hessian) / size) < 1e-13
    off = np.max(np.abs(differences.sd / analytic.sd - 1))
    assert off < 1e-10
    assert off <= differences.hessian_error < 1e-4


def test_the_hessian_of_products_has_the_prior_and_the_shape_of_a_batch():
    logistic = Logistic(10)
    theta = np.random.default_rng(0).standard_normal((3, 2, 10))
    products = logistic.density("gradient", "hessian_vector_product")
    np.testing.assert_allclose(
        products.hessian(theta), logistic.density("gradient", "hessian").hessian(theta), rtol=1e-12
    )


def test_a_wrong_product_is_found():
    logistic = Logistic(60)
    right = logistic.hessian_vector_product
    logistic.hessian_vector_product = lambda theta, v: 1.01 * right(theta, v)
    density = logistic.density("gradient", "hessian_vector_product")
    with pytest.raises(Exception, match="Hessian of the model") as caught:
        find_mode(density, np.zeros(60), 0)
    assert caught.value.reason == "gradient_check_failed"


def test_a_product_of_the_wrong_shape_is_declined():
    logistic = Logistic(10)
    logistic.hessian_vector_product = lambda theta, v: theta
    density = logistic.density("gradient", "hessian_vector_product")
    with pytest.raises(Exception, match="hessian_vector_product of model") as caught:
        density.hessian(np.zeros(10))
    assert caught.value.reason == "model_contract_violation"


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_hessian_costs_two_gradients_a_coordinate_in_any_units(scale):
    density, mean, precision = gaussian(20)
    calls = 0

    def gradient(x):
        nonlocal calls
        calls += x.size // 20
        return density.gradient(x / scale) / scale

    hessian, _ = difference_hessian(gradient, scale * mean)
    np.testing.assert_allclose(hessian * scale**2, -precision, atol=1e-6 * np.max(precision))
    assert calls in (1 + 40, 1 + 80)  # twice where the first steps were of no use


def test_no_hessian_is_asked_for_but_those_of_the_newton_steps():
    """Nor any difference of one: the checks, starts and rays use values and gradients."""
    logistic = Logistic(60)
    asked, hessian = [], logistic.hessian

    def watched(theta):
        asked.append(np.atleast_2d(theta).shape[0])
        return hessian(theta)

    logistic.hessian = watched
    density = logistic.density("gradient", "hessian")
    mode = find_mode(density, np.zeros(60), 0)
    steps = len(mode.report.path) - 2
    assert sum(asked) == steps + 1
    asked.clear()
    measure_curvature(density, mode.x)
    assert sum(asked) == 1


def test_a_second_mode_is_still_found_in_many_dimensions():
    """Two normals of equal mass, far apart along one direction: an ascent that ends elsewhere."""
    d, apart = 60, 12.0
    centre = np.zeros(d)
    centre[0] = apart

    def parts(x):
        return -0.5 * np.stack([np.sum(x**2, -1), np.sum((x - centre) ** 2, -1)], -1)

    def share(x):
        q = parts(x)
        return np.exp(q[..., 1] - np.logaddexp(q[..., 0], q[..., 1]))[..., None]

    def hessian(x):
        w = share(x)[..., None]
        return -np.eye(d) + w * (1 - w) * np.outer(centre, centre)

    density = Density(
        tuple(f"x{i}" for i in range(d)),
        lambda x: np.logaddexp(*np.moveaxis(parts(x), -1, 0)),
        lambda x: -x + share(x) * centre,
        hessian,
        np.full(d, -np.inf),
        np.full(d, np.inf),
    )
    evaluator = Evaluator(density)
    starts = np.stack([0.1 * np.ones(d), centre + 0.1])
    near, far = many_by_quasi_newton(evaluator, starts, "L-BFGS", np.zeros(d), np.eye(d))
    assert np.linalg.norm(near.end) < 0.1
    np.testing.assert_allclose(far.end, centre, atol=1e-10)
    assert far.converged


def test_the_draws_have_the_covariance():
    """E[(z - m)(z - m)'] = L L': whitened by the truth, they have the covariance of N(0, I)."""
    d, n = 100, 20_000
    _, mean, precision = gaussian(d)
    cholesky = np.linalg.cholesky(np.linalg.inv(precision))
    names = tuple(f"x{i}" for i in range(d))
    space = build_space({}, names, np.full(d, -np.inf), np.full(d, np.inf))
    z, theta = laplace_draws(Normal(mean, cholesky), space, np.random.default_rng(5), n)
    np.testing.assert_array_equal(z, theta)
    white = (theta - mean) @ np.linalg.cholesky(precision)
    sample = white.T @ white / n
    # entries have SDs of 1/sqrt(n), sqrt(2/n) on the diagonal: 6 of them for 5000 entries
    assert np.max(np.abs(sample - np.eye(d))) < 6 * np.sqrt(2 / n)


@pytest.mark.parametrize("d", [3, 50, 51, 80])
def test_matrices_are_in_the_record_or_in_the_table_whole(d):
    density, mean, _ = gaussian(d)
    names = tuple(density.names)
    space = build_space({}, names, np.full(d, -np.inf), np.full(d, np.inf))
    full = curvature_record(density, space, mean)
    record, columns = split({**full, "status": "ok", "coordinates": names}, d)
    assert record["matrix_bytes"] == matrix_bytes(d)
    if d <= 50:
        assert record["matrices_in"] == "curvature.json"
        assert columns["row"].size == 0
        np.testing.assert_array_equal(_cholesky(record, None), full["cholesky"])
        return
    assert record["matrices_in"] == "curvature.parquet"
    assert not {*KEPT, "correlation", "eigenvectors"} & set(record)
    for name in KEPT:
        np.testing.assert_array_equal(lower_triangle(columns, name, d), np.tril(full[name]))


def test_a_declined_curvature_has_an_empty_table():
    record = {"status": "declined", "coordinates": ["a"]}
    assert split(record, 1)[0] == record
    assert all(values.size == 0 for values in split(record, 1)[1].values())


def test_what_cannot_be_held_is_refused_with_the_bytes():
    small, large = (Logistic(2).model("gradient") for _ in range(2))
    assert too_large(small, 1500) == []
    names = tuple(f"b{j}" for j in range(10_000))
    large = large._replace(parameters=names)
    (matrices,) = too_large(large, 1)
    assert str(matrix_bytes(10_000)) in matrices
    assert str(MOST_BYTES) in matrices
    (draws,) = too_large(small._replace(parameters=names[:1000]), 1_000_000)
    assert str(8 * 4 * 1_000_000 * 1002) in draws
    (values,) = too_large(small._replace(parameters=names[:1000], gradient=None), 1500)
    assert "define gradient" in values


def test_the_configuration_is_refused_before_anything_runs():
    d = 10_000
    model = Logistic(2).model("gradient")
    model = model._replace(
        parameters=tuple(f"b{j}" for j in range(d)),
        lower=np.full(d, -np.inf),
        upper=np.full(d, np.inf),
    )
    config = {
        "cases": [{"model": "m", "prior": "flat", "space": "natural", "grid": "certified"}],
        "models": {"m": {"file": "m.py"}},
    }
    with pytest.raises(InputError, match=r"models\.m: the matrices of 10000 parameters are"):
        check_against_model(check_config(config, ""), "m", model)


def test_draws_within_a_limit():
    assert draws_within(16_000, 2) == 16_000
    assert draws_within(16_000, 10_000) * 10_000 <= 2**24
    assert draws_within(5, 10**9) == 1


def test_a_thousand_columns_are_read_and_transformed_once(tmp_path):
    write(1000, 2, tmp_path)
    x, y = simulate(1000, 2)
    data = read_data(tmp_path / "data.csv")
    assert len(data) == 1000
    np.testing.assert_array_equal(data["y"], y)
    np.testing.assert_allclose(data["x999"], x[:, -1], atol=5.1e-7)
    model = load_model(FILE, data)
    assert model.parameters[-1] == "x999"
    theta = np.full(1000, 0.1)
    eta = theta[0] + np.column_stack([data[f"x{j}"] for j in range(1, 1000)]) @ theta[1:]
    expected = eta @ y - np.logaddexp(0, eta).sum()
    assert model.log_likelihood(theta) == pytest.approx(expected, rel=1e-12)


def test_unused_products_are_mentioned():
    logistic = Logistic(2)
    model = logistic.model("gradient", "hessian", "hessian_vector_product")
    density = natural_density(model, build_prior(PRIOR, model.parameters))
    space = build_space({}, model.parameters, model.lower, model.upper)
    assert any("not used" in said for said in mode_record(model, density, space)["warnings"])


@pytest.mark.workflow
def test_a_hundred_parameters_go_through_the_real_chain(tmp_path):
    """Posterior to figures, without a grid; what it leaves on disk is bounded by what it holds.

    The draws hold 1500 x 102 numbers, the curvature 3 x 5050 and 2 x 5050 indices, the reference
    at most 2^22: 8 bytes each. Records are text, 25 bytes a number at most, with at most 200
    numbers a quantity; the proposal has seven components at most, 5250 numbers each.
    """
    folder = copy_project(tmp_path / "project")
    config = write(100, 1, folder / "mine").relative_to(folder)
    text = (folder / config).read_text().replace(f"{folder}/", "")
    text += (
        "reference: {evaluations: 8000, at_most: 8000}\n"  # the walk counts here, not its errors
    )
    (folder / config).write_text(text)
    case = "results/logistic100/normal"
    targets = ["results/summary.parquet", f"{case}/compare/natural/certified/figures"]
    done = snakemake(folder, *targets, "--configfile", str(config), OPENBLAS_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr

    laplace = folder / case / "laplace/natural"
    compare = folder / case / "compare/natural/certified"
    curvature = json.loads((laplace / "curvature.json").read_text())
    mode = json.loads((laplace / "mode.json").read_text())
    verdict = json.loads((compare / "verdict.json").read_text())
    assert curvature["matrices_in"] == "curvature.parquet"
    columns = pq.read_table(laplace / "curvature.parquet").to_pydict()
    cholesky = lower_triangle({k: np.array(v) for k, v in columns.items()}, "cholesky", 100)
    np.testing.assert_allclose(np.sqrt(np.sum(cholesky**2, axis=1)), curvature["sd"], rtol=1e-12)
    data = read_data(folder / "mine/data.csv")
    design = np.column_stack([np.ones(1000), *(data[f"x{j}"] for j in range(1, 100))])
    p = 1 / (1 + np.exp(-design @ np.array(mode["theta"])))
    precision = (design.T * (p * (1 - p))) @ design + np.eye(100) / SD**2
    np.testing.assert_allclose(cholesky @ cholesky.T @ precision, np.eye(100), atol=1e-10)

    assert len(verdict["quantities"]) == 100
    assert verdict["joint"]["pareto_k"]["value"] is not None
    assert verdict["joint"]["reflection_bound"]["value"] is not None
    assert pq.read_table(folder / "results/summary.parquet").num_rows == 100
    assert len(list((compare / "figures").glob("remedy_ladder_*.svg"))) <= 6

    sizes = {
        laplace / "draws-seed42.parquet": 8 * 1500 * 102,
        laplace / "curvature.parquet": 8 * 5 * 5050,
        folder / case / "reference/reference.parquet": 8 * 2**22,
        folder / case / "reference/reference.json": 25 * 6 * 5250,
        laplace / "curvature.json": 25 * 200 * 100,
        laplace / "mode.json": 25 * 200 * 100,
        compare / "remedies.json": 25 * 200 * 100,
        compare / "verdict.json": 25 * 200 * 100,
    }
    for path, most in sizes.items():
        assert path.stat().st_size < 1.1 * most + 50_000, path
    drawn = sum(path.stat().st_size for path in (compare / "figures").iterdir())
    assert drawn < 25 * 200_000  # 20 pictures of a quarter of a megabyte
