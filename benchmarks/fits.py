"""The mode and the SDs of the bioassay's normal approximation, as each package's user gets them.

    python fits.py NAME [repetitions]

prints, as JSON, the `mode` and the `sd` of (alpha, beta), and `warm`: the least of the seconds that
`repetitions` further calls took in the same process. Each function below is a whole program of a
user's: imports, model, fit. The data are the bioassay's, the prior alpha ~ N(0, 4^2) and
beta ~ N(10, 10^2), or flat where the name says so.
"""

import json
import sys
from pathlib import Path
from time import perf_counter

DOSE, ANIMALS, DEATHS = (-0.86, -0.30, -0.05, 0.73), (5, 5, 5, 5), (0, 1, 3, 5)
NORMAL = {
    "alpha": {"family": "normal", "mean": 0, "sd": 4},
    "beta": {"family": "normal", "mean": 10, "sd": 10},
}


def ours(prior=NORMAL):
    """This project's core, called as a library: every start, check and decline included."""
    import numpy as np

    sys.path.insert(0, str(Path("workflow/scripts").resolve()))
    from laplace_approx.curvature.step import curvature_record
    from laplace_approx.density.posterior import joint_support, natural_density
    from laplace_approx.density.priors import build_prior
    from laplace_approx.density.space import build_space
    from laplace_approx.mode.step import mode_record
    from laplace_files.models.data import read_data
    from laplace_files.models.modelfile import load_model

    model_file = "workflow/scripts/laplace_approx/models/bioassay.py"
    model = load_model(model_file, read_data("data/bioassay.csv"))
    bound = build_prior(prior, model.parameters)
    density = natural_density(model, bound)
    space = build_space({}, model.parameters, *joint_support(model, bound))
    mode = mode_record(model, density, space)
    curvature = curvature_record(density, space, mode["z"])
    return mode["theta"], np.sqrt(np.diag(curvature["covariance"]))


def ours_flat():
    """The same with a flat prior."""
    return ours({})


def numpyro_model():
    """The bioassay in NumPyro."""
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist

    alpha = numpyro.sample("alpha", dist.Normal(0, 4))
    beta = numpyro.sample("beta", dist.Normal(10, 10))
    logits = alpha + beta * jnp.array(DOSE)
    counts = dist.Binomial(total_count=jnp.array(ANIMALS), logits=logits)
    numpyro.sample("y", counts, obs=jnp.array(DEATHS))


def numpyro_adam():
    """AutoLaplaceApproximation after 1000 steps of Adam(0.01), in the default single precision."""
    from numpyro.optim import Adam

    return _numpyro_laplace(
        Adam(0.01), lambda svi, key: svi.run(key, 1000, progress_bar=False).params
    )


def numpyro_minimize():
    """AutoLaplaceApproximation with NumPyro's own BFGS, as its documentation advises, in double."""
    import numpyro
    from numpyro.optim import Minimize

    numpyro.enable_x64()
    return _numpyro_laplace(
        Minimize(), lambda svi, key: svi.get_params(svi.update(svi.init(key))[0])
    )


def _numpyro_laplace(optimizer, fitted):
    import jax
    import numpy as np
    from numpyro.infer import SVI, Trace_ELBO
    from numpyro.infer.autoguide import AutoLaplaceApproximation

    guide = AutoLaplaceApproximation(numpyro_model)
    svi = SVI(numpyro_model, guide, optimizer, loss=Trace_ELBO())
    normal = guide.get_posterior(fitted(svi, jax.random.key(0)))
    return normal.loc, np.sqrt(np.diag(normal.covariance_matrix))


def pymc_extras_default():
    """fit_laplace with its defaults: BFGS, and the covariance that BFGS has gathered by the way."""
    return _fit_laplace()


def pymc_extras_hessian():
    """fit_laplace with the Hessian asked for, which is what the mode and covariance need."""
    return _fit_laplace(optimize_method="trust-exact", use_hess=True)


def _fit_laplace(**options):
    import numpy as np
    import pymc as pm
    import pymc_extras as pmx

    with pm.Model():
        alpha = pm.Normal("alpha", 0, 4)
        beta = pm.Normal("beta", 10, 10)
        pm.Binomial("y", n=ANIMALS, logit_p=alpha + beta * np.array(DOSE), observed=DEATHS)
        found = pmx.fit_laplace(random_seed=0, progressbar=False, **options).fit
    names = ["alpha", "beta"]
    covariance = found["covariance_matrix"].sel(rows=names, columns=names)
    return found["mean_vector"].sel(rows=names).values, np.sqrt(np.diag(covariance.values))


def statsmodels_flat():
    """A binomial GLM: with a flat prior the mode is its estimate, the SDs its standard errors."""
    import numpy as np
    import statsmodels.api as sm

    alive = [n - y for n, y in zip(ANIMALS, DEATHS, strict=True)]
    responses, design = np.column_stack([DEATHS, alive]), sm.add_constant(np.array(DOSE))
    fit = sm.GLM(responses, design, family=sm.families.Binomial()).fit()
    return fit.params, fit.bse


FITS = (
    ours, ours_flat, numpyro_adam, numpyro_minimize,
    pymc_extras_default, pymc_extras_hessian, statsmodels_flat,
)  # fmt: skip


def main(name: str, repetitions: int) -> None:
    """Fit once, and time further calls; what a package prints goes to standard error."""
    fit = {function.__name__: function for function in FITS}[name]
    mode, sd = fit()
    seconds = []
    for _ in range(repetitions):
        start = perf_counter()
        fit()
        seconds.append(perf_counter() - start)
    found = {"mode": [float(x) for x in mode], "sd": [float(x) for x in sd]}
    print(json.dumps({**found, "warm": min(seconds, default=None)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else 0)
