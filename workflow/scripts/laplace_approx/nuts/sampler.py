"""Draws from a posterior by the No-U-Turn sampler, in coordinates without bounds.

The sampler is nutpie's (Seyboldt et al.; NUTS of Hoffman and Gelman 2014, JMLR 15). It sees the log
density of z with the Jacobian, as everything here does, and neither the mode nor its curvature: it
is a witness of its own.
"""

from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.derivatives.central import slope

JITTER = 2.0  # the starts are uniform within this of the model's start, in z
TRIES = 200  # draws of a start that has density


class Settings(NamedTuple):
    """How a posterior is sampled: chains, draws kept and draws for tuning in each, and the seed."""

    chains: int
    draws: int
    tune: int
    seed: int


class Chains(NamedTuple):
    """Draws z (chains, n, d) and which transitions diverged (chains, n)."""

    z: np.ndarray
    diverging: np.ndarray


class NoStart(Exception):
    """No point with a finite log density was found near the model's start."""


def unbounded_definition(names, lower, upper) -> dict:
    """Return the definition of a space in which no parameter has a bound.

    log(theta - lower) for a lower bound, the logit for two. A parameter with an upper bound alone
    is left as it is: the log density is -inf beyond, and transitions that meet the bound diverge.
    """
    definition = {}
    for name, low, high in zip(names, lower.tolist(), upper.tolist(), strict=True):
        if np.isfinite(low) and np.isfinite(high):
            definition[name] = {"logit": {"lower": low, "upper": high}}
        elif np.isfinite(low):
            definition[name] = {"log": {"shift": -low}} if low != 0 else "log"
    return definition


def sample(density: Density, start, settings: Settings) -> Chains:
    """Return draws from `density`, a log density of z (..., d), started near z = `start` (d,).

    The same settings give the same draws, on one processor or several. Raises NoStart.
    """
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc

    rng = np.random.default_rng([settings.seed, 5])
    starts = iter([_start(density, start, rng) for _ in range(settings.chains)])
    d = len(density.names)
    model = from_pyfunc(
        ndim=d,
        make_logp_fn=lambda: _value_and_gradient(density),
        make_expand_fn=lambda *_: lambda z: {"z": np.asarray(z, dtype=float)},
        expanded_dtypes=[np.dtype("float64")],
        expanded_shapes=[(d,)],
        expanded_names=["z"],
        make_initial_point_fn=lambda _: next(starts),
    )
    trace = nutpie.sample(
        model,
        chains=settings.chains,
        draws=settings.draws,
        tune=settings.tune,
        seed=settings.seed,
        cores=1,  # the density is Python: more would only wait for one another
        progress_bar=False,
        save_warmup=False,
    )
    diverging = np.asarray(trace.sample_stats["diverging"], dtype=bool)
    return Chains(np.asarray(trace.posterior["z"], dtype=float), diverging)


def _start(density: Density, start, rng):
    """Return a point near the start that has a density, the farther away the better."""
    start = np.asarray(start, dtype=float)
    for tried in range(TRIES):
        width = JITTER * 0.97**tried
        z = start + rng.uniform(-width, width, start.size)
        if np.isfinite(density.log_density(z)):
            return z
    raise NoStart(f"no point near {start.tolist()} (in z) has a finite log density")


def _value_and_gradient(density: Density):
    basis = np.eye(len(density.names))

    def evaluate(z):
        z = np.asarray(z, dtype=float)
        value = float(density.log_density(z))
        if not np.isfinite(value):
            return -np.inf, np.zeros_like(z)
        # differences of a hundredth of the usual step: the sampler itself finds the scale
        scale = 0.01 * (1 + np.abs(z))
        gradient = slope(density, z[None], basis, scale[None])[0]
        return value, np.where(np.isfinite(gradient), gradient, 0.0)

    return evaluate
