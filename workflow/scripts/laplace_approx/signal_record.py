"""The signals that need no exact answer, as a record."""

import math

import numpy as np

from laplace_approx.contained import contained
from laplace_approx.fit import Fit
from laplace_approx.matrices import draws_within
from laplace_approx.signals import all_signals
from laplace_approx.third_derivatives import ThirdDerivatives, third_derivatives

N_DRAWS = 16_000
FOLD = 4  # arrays of draws and their reflections, at once


def signal_records(fit: Fit, seed: int) -> dict:
    """Return every signal of `signals.all_signals` as a record, by name."""
    third = contained(
        lambda: third_derivatives(fit.density, fit.normal),
        lambda reason: ThirdDerivatives(None, None, "none", reason),
    )
    rng = np.random.default_rng([seed, 2])
    n_draws = draws_within(N_DRAWS, FOLD * fit.normal.mean.size)
    found = all_signals(fit.density, fit.normal, third, rng, len(fit.modes), n_draws)
    return {name: signal_as_record(each) for name, each in found.items()}


def signal_as_record(signal) -> dict:
    """Return a signal as a record; a value that is not finite becomes None, with the reason."""
    record = signal._asdict()
    record.pop("name")
    value = record["value"]
    if value is not None and not math.isfinite(value):
        record["value"] = None
        record["reason"] = f"{record['reason'] or 'not finite'} (the value is {value})"
    return record
