"""Models of other tools: the same posterior as the bioassay's own model with the same prior."""

import math

import numpy as np
import pytest

from cases_in_memory import MODELS, laplace_of, posterior_of
from laplace_adapters import stan
from laplace_adapters.parameters import Block, constants
from laplace_files.models.data import read_data
from laplace_files.models.modelfile import load_model, model_files
from project_copy import PROJECT

PRIOR = {
    "alpha": {"family": "normal", "mean": 0, "sd": 4},
    "beta": {"family": "normal", "mean": 10, "sd": 10},
}
DATA = PROJECT / "data/bioassay.csv"
READ = f"data = read_data({str(DATA)!r})\n"

PYMC = f"""
import pymc as pm
from laplace_adapters.pymc import wrap
from laplace_files.models.data import read_data
{READ}
with pm.Model() as model:
    beta = pm.Normal("beta", 10, 10)
    alpha = pm.Normal("alpha", 0, 4)
    logit = alpha + beta * data["dose"]
    pm.Binomial("y", n=data["animals"], logit_p=logit, observed=data["deaths"])
globals().update(wrap(model))
"""

NUMPYRO = f"""
import numpyro
import numpyro.distributions as dist
from laplace_adapters.numpyro import wrap
from laplace_files.models.data import read_data
{READ}
def model(dose, animals, deaths):
    alpha = numpyro.sample("alpha", dist.Normal(0, 4))
    beta = numpyro.sample("beta", dist.Normal(10, 10))
    logits = alpha + beta * dose
    numpyro.sample("y", dist.Binomial(animals.astype(int), logits=logits), obs=deaths)
globals().update(wrap(model, **data))
"""

BOUNDED = {
    "pymc": """
import pymc as pm
from laplace_adapters.pymc import wrap
with pm.Model() as model:
    pm.Gamma("rate", alpha=3, beta=1)
    pm.Beta("share", alpha=2, beta=5)
    pm.Uniform("places", -1.0, 3.0, shape=2)
globals().update(wrap(model))
""",
    "numpyro": """
import numpyro
import numpyro.distributions as dist
from laplace_adapters.numpyro import wrap
def model():
    numpyro.sample("rate", dist.Gamma(3.0, 1.0))
    numpyro.sample("share", dist.Beta(2.0, 5.0))
    numpyro.sample("places", dist.Uniform(-1.0, 3.0).expand([2]).to_event(1))
globals().update(wrap(model))
""",
}
JOINT = {
    "pymc": """
import pymc as pm
from laplace_adapters.pymc import wrap
with pm.Model() as model:
    pm.Dirichlet("shares", [1, 1, 1])
globals().update(wrap(model))
""",
    "numpyro": """
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from laplace_adapters.numpyro import wrap
def model():
    numpyro.sample("shares", dist.Dirichlet(jnp.ones(3)))
globals().update(wrap(model))
""",
}
TOOLS = ["pymc", "numpyro"]


def tool_file(folder, tool, text):
    pytest.importorskip(tool, reason=f"the extra package {tool} is not here")
    path = folder / f"with_{tool}.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize("tool", TOOLS)
def test_the_same_posterior_has_the_same_mode_and_curvature(tmp_path, tool):
    file = tool_file(tmp_path, tool, {"pymc": PYMC, "numpyro": NUMPYRO}[tool])
    theirs = laplace_of(posterior_of(file))
    ours = laplace_of(posterior_of(MODELS / "bioassay.py", "bioassay.csv", PRIOR))
    assert set(theirs.model.parameters) == {"alpha", "beta"}
    order = [theirs.model.parameters.index(name) for name in ("alpha", "beta")]
    sd = np.array(ours.curvature["sd"])
    mode = np.array(theirs.mode["theta"])[order]
    np.testing.assert_allclose((mode - ours.mode["theta"]) / sd, 0, atol=1e-6)
    np.testing.assert_allclose(np.array(theirs.curvature["sd"])[order], sd, rtol=1e-6)
    assert theirs.curvature["status"] == "ok"


@pytest.mark.parametrize("tool", TOOLS)
def test_the_log_density_differs_by_the_constant_that_was_left_out(tmp_path, tool):
    """The bioassay's own model leaves out its binomial coefficients: log 50."""
    file = tool_file(tmp_path, tool, {"pymc": PYMC, "numpyro": NUMPYRO}[tool])
    theirs = posterior_of(file)
    ours = posterior_of(MODELS / "bioassay.py", "bioassay.csv", PRIOR)
    theta = np.random.default_rng(1).normal([0, 10], [2, 6], (3, 7, 2))
    order = [("alpha", "beta").index(name) for name in theirs.model.parameters]
    density, own = theirs.density(), ours.density()
    difference = density.log_density(theta[..., order]) - own.log_density(theta)
    assert difference.shape == (3, 7)
    np.testing.assert_allclose(difference, math.log(50), atol=1e-9)
    slopes = density.gradient(theta[..., order])
    np.testing.assert_allclose(slopes, own.gradient(theta)[..., order], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("tool", TOOLS)
def test_bounds_are_the_model_s_own_and_no_jacobian_is_in(tmp_path, tool):
    """Gamma(3, 1), Beta(2, 5) and two Uniform(-1, 3), each with its normalised density."""
    model = load_model(tool_file(tmp_path, tool, BOUNDED[tool]), {})
    assert model.parameters == ("rate", "share", "places_0", "places_1")
    np.testing.assert_array_equal(model.lower, [0, 0, -1, -1])
    np.testing.assert_array_equal(model.upper, [np.inf, 1, 3, 3])
    assert np.all((model.start > model.lower) & (model.start < model.upper))
    theta = np.array([[0.5, 0.2, 0.0, 2.0], [4.0, 0.7, -0.5, 2.9]])
    rate, share = theta[:, 0], theta[:, 1]
    true = 2 * np.log(rate) - rate - np.log(2) + np.log(30 * share * (1 - share) ** 4)
    away = model.log_likelihood(theta) - (true - 2 * np.log(4))
    # PyTensor keeps a constant such as log 4 in 32 bits: it changes nothing that depends on theta
    np.testing.assert_allclose(away, 0, atol=1e-7)
    np.testing.assert_allclose(np.ptp(away), 0, atol=1e-13)
    slopes = np.zeros_like(theta)
    slopes[:, 0] = 2 / rate - 1
    slopes[:, 1] = 1 / share - 4 / (1 - share)
    np.testing.assert_allclose(model.gradient(theta), slopes, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_joint_constraint_is_refused_by_name(tmp_path, tool):
    from laplace_approx.errors import InputError

    file = tool_file(tmp_path, tool, JOINT[tool])
    with pytest.raises(InputError, match=r"shares is constrained by"):
        load_model(file, {})


def test_an_adapter_is_part_of_the_model_that_imports_it(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from laplace_adapters.stan import wrap\n")
    names = {path.name for path in model_files(file)}
    assert names == {"mine.py", "__init__.py", "stan.py", "parameters.py"}
    other = tmp_path / "other.py"
    other.write_text("import numpy\n")
    assert model_files(other) == [other]


def test_an_array_has_a_name_for_each_element():
    found = constants([Block("a", (2, 2), 0, np.inf, 1), Block("b", (), -np.inf, np.inf, 0)])
    assert found["PARAMETERS"] == ("a_0_0", "a_0_1", "a_1_0", "a_1_1", "b")
    assert found["SUPPORT"] == {name: (0.0, None) for name in found["PARAMETERS"][:4]}
    assert found["START"] == (1.0, 1.0, 1.0, 1.0, 0.0)


class LikeStan:
    """A `bridgestan.StanModel` of four parameters, one of each transform; density exp(-sum)."""

    def param_names(self):
        return ["x", "s.1", "u", "p"]

    def param_unc_num(self):
        return 4

    def param_constrain(self, z):
        return np.array([3 + 2 * z[0], 1 + np.exp(z[1]), 5 - np.exp(z[2]), 4 / (1 + np.exp(-z[3]))])

    def param_unconstrain(self, theta):
        if not (theta[1] > 1 and theta[2] < 5 and 0 < theta[3] < 4):
            raise RuntimeError("outside")
        logit = np.log(theta[3]) - np.log(4 - theta[3])
        return np.array([(theta[0] - 3) / 2, np.log(theta[1] - 1), np.log(5 - theta[2]), logit])

    def log_density(self, z, propto, jacobian):
        assert not propto and not jacobian
        return -float(np.sum(self.param_constrain(z) ** 2))

    def log_density_gradient(self, z, propto, jacobian):
        """The chain rule by hand: d theta / d z of each transform."""
        theta, p = self.param_constrain(z), 1 / (1 + np.exp(-z[3]))
        steps = np.array([2, np.exp(z[1]), -np.exp(z[2]), 4 * p * (1 - p)])
        return self.log_density(z, propto, jacobian), -2 * theta * steps


def test_the_transforms_of_a_stan_program_are_found_and_undone():
    found = stan.wrap(LikeStan())
    assert found["PARAMETERS"] == ("x", "s_1", "u", "p")
    support = {"s_1": (1, None), "u": (None, 5), "p": (0, 4)}
    assert found["SUPPORT"].keys() == support.keys()
    for name, ends in support.items():
        for end, true in zip(found["SUPPORT"][name], ends, strict=True):
            assert end is None if true is None else end == pytest.approx(true, abs=1e-12)
    theta = np.array([[[0.3, 2.0, 4.0, 1.0], [-1.0, 7.0, -3.0, 3.5]]])
    np.testing.assert_allclose(found["log_likelihood"](theta, {}), -np.sum(theta**2, axis=-1))
    np.testing.assert_allclose(found["gradient"](theta, {}), -2 * theta, rtol=1e-12)
    outside = found["log_likelihood"](np.array([0.0, 0.0, 0.0, 1.0]), {})
    assert np.isnan(outside)


def test_a_simplex_of_stan_is_refused():
    model = LikeStan()
    model.param_unc_num = lambda: 3
    with pytest.raises(TypeError, match="simplex"):
        stan.wrap(model)


STAN = """
data { int<lower=0> N; vector[N] x; array[N] int n; array[N] int y; }
parameters { real alpha; real beta; }
model { alpha ~ normal(0, 4); beta ~ normal(10, 10); y ~ binomial_logit(n, alpha + beta * x); }
"""


def test_a_stan_program_is_the_same_posterior(tmp_path):
    bridgestan = pytest.importorskip(
        "bridgestan", reason="the extra package bridgestan is not here"
    )
    import json
    import os

    if not os.environ.get("BRIDGESTAN"):
        pytest.skip("the source of BridgeStan is not here (BRIDGESTAN names its folder)")
    columns = read_data(DATA)
    text = json.dumps(
        {
            "N": 4,
            "x": columns["dose"].tolist(),
            "n": columns["animals"].astype(int).tolist(),
            "y": columns["deaths"].astype(int).tolist(),
        }
    )
    file = tmp_path / "bioassay.stan"
    file.write_text(STAN)
    found = stan.wrap(bridgestan.StanModel(str(file), data=text))
    ours = posterior_of(MODELS / "bioassay.py", "bioassay.csv", PRIOR).density()
    theta = np.random.default_rng(1).normal([0, 10], [2, 6], (5, 2))
    difference = found["log_likelihood"](theta, {}) - ours.log_density(theta)
    np.testing.assert_allclose(difference, math.log(50), atol=1e-9)
    np.testing.assert_allclose(found["gradient"](theta, {}), ours.gradient(theta), rtol=1e-8)
