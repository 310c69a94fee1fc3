"""A posterior sampled by NUTS, as a record and columns of draws; a failed gate is declined."""

from typing import NamedTuple

import numpy as np

from laplace_approx.chains.gates import diagnostics, gates
from laplace_approx.density.density import density_in, point_inside
from laplace_approx.density.posterior import joint_support
from laplace_approx.density.space import build_space
from laplace_approx.normal.draws import draw_columns, no_draws
from laplace_approx.nuts.sampler import NoStart, Settings, sample, unbounded_definition

LIBRARY = "nutpie"
_FAULTS = {
    "r_hat": "R-hat is {value:.3f}, above {limit:g}: the chains do not agree",
    "bulk_ess": "the bulk effective sample size is {value:.0f}, below {limit:.0f}",
    "tail_ess": "the effective sample size of the tails is {value:.0f}, below {limit:.0f}",
    "divergences": "{value:.0f} transitions diverged",
}


class Sampled(NamedTuple):
    """The record of a run, and its draws (without a row where it is declined)."""

    record: dict
    columns: dict


def sampled(model, prior, density, settings: Settings) -> Sampled:
    """Sample the posterior in coordinates without bounds, and hold the draws against the gates.

    `density` is that of the parameters. What fails is declined: status, reason (the first gate
    that fails, or `no_start`) and a message that names them all.
    """
    lower, upper = joint_support(model, prior)
    definition = unbounded_definition(model.parameters, lower, upper)
    space = build_space(definition, model.parameters, lower, upper)
    record = {
        "sampler": {"library": LIBRARY, **settings._asdict()},
        "space_definition": definition,
        "coordinates": list(space.names),
    }
    empty = {"chain": np.empty(0, dtype=np.int64), **no_draws(model)}
    start = space.unconstrain(point_inside(model.start, lower, upper))
    try:
        chains = sample(density_in(density, space), start, settings)
    except NoStart as error:
        return Sampled({**record, **_declined("no_start", str(error)), **_NOTHING}, empty)
    theta = space.constrain(chains.z)
    found = diagnostics(model.parameters, theta, chains.diverging)
    held = gates(found, settings.chains)
    record |= {"diagnostics": found, "gates": held}
    failed = {name: gate for name, gate in held.items() if not gate["holds"]}
    if failed:
        message = "; ".join(_FAULTS[name].format(**gate) for name, gate in failed.items())
        return Sampled({**record, **_declined(next(iter(failed)), message)}, empty)
    flat = theta.reshape(-1, theta.shape[-1])
    chain = np.repeat(np.arange(settings.chains), settings.draws)
    columns = draw_columns(model, density, flat, np.full(len(flat), np.nan))
    record |= {"status": "ok", "reason": None, "message": None}
    return Sampled(record, {"chain": chain, **columns})


_NOTHING = {"diagnostics": None, "gates": None}


def _declined(reason: str, message: str) -> dict:
    advice = "Give it more draws and tuning, another space or prior, and look at the posterior."
    return {
        "status": "declined",
        "reason": reason,
        "message": f"The NUTS draws are not to be used: {message}. {advice}",
    }
