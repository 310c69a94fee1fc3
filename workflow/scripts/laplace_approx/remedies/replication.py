"""More data instead of a better approximation: how much more until the normal is good enough."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.words.numbers import or_none

MOST_COPIES = 4096  # 2^12, the last doubling that is tried


class Replication(NamedTuple):
    """How many times the data must be repeated until the error is within the tolerance.

    `copies` is the smallest number tried at which the error is at most the tolerance, None where
    `reason` says why there is none. `tried` maps each number of copies to the error found there,
    None where that was not a number. `rate` is the slope of log error against log copies over the
    last two doublings: about -1/2 where the asymptotic theory has set in (Bernstein-von Mises),
    None where fewer were tried.
    """

    copies: int | None
    tried: dict[int, float | None]
    rate: float | None
    reason: str | None


def replicated(log_likelihood: Density, log_prior: Density | None, copies: int) -> Density:
    """Return the posterior with the data repeated: copies times the log likelihood, plus the prior.

    Both are densities of the same coordinates (the log Jacobian of a space belongs with the prior).
    Derivatives are analytic where both have them. None for the prior is a flat one.
    """
    if log_prior is None:
        return Density(
            log_likelihood.names,
            _combined(log_likelihood.log_density, None, copies),
            _combined(log_likelihood.gradient, None, copies),
            _combined(log_likelihood.hessian, None, copies),
            log_likelihood.lower,
            log_likelihood.upper,
        )
    pairs = {
        part: (getattr(log_likelihood, part), getattr(log_prior, part))
        for part in ("gradient", "hessian")
    }
    derivatives = {
        part: None if None in pair else _combined(*pair, copies) for part, pair in pairs.items()
    }
    return Density(
        log_likelihood.names,
        _combined(log_likelihood.log_density, log_prior.log_density, copies),
        derivatives["gradient"],
        derivatives["hessian"],
        np.maximum(log_likelihood.lower, log_prior.lower),
        np.minimum(log_likelihood.upper, log_prior.upper),
    )


def _combined(function, other, copies):
    """Return x -> copies f(x) + g(x), -inf where that is not a number; None stays None."""
    if function is None:
        return None
    if other is None:
        return lambda x: copies * function(x)

    def combined(x):
        with np.errstate(invalid="ignore"):
            return copies * function(x) + other(x)

    return combined


def replication(
    error_at: Callable,
    tolerance: float,
    most: int = MOST_COPIES,
    resolution: float = 0.0,
    last_first: bool = False,
) -> Replication:
    """Find the fewest copies of the data at which the Laplace error is within the tolerance.

    `error_at(copies)` returns the error of the normal approximation of the posterior with the data
    repeated, against its exact side (both are the caller's: the largest endpoint error in exact
    standard deviations, say). Copies are doubled until the error is small enough, then bisected to
    within `resolution` times their number; the error is taken to fall between the last two
    doublings, and everything tried is returned. An error that is not a number is not within the
    tolerance. `last_first` tries the last doubling before all others, and them only where it is
    good: that spares them where the error hardly falls, as that of several modes.
    """
    tried: dict[int, float | None] = {}

    def good(copies):
        error = float(error_at(copies))
        tried[copies] = or_none(error)
        return error <= tolerance

    last = 2 ** int(math.log2(most))
    if last_first and not good(last):
        return Replication(None, tried, None, _too_large(tried, last, tolerance))
    high = 1
    while not good(high):
        if 2 * high > most:
            return Replication(None, tried, _rate(tried), _too_large(tried, high, tolerance))
        high *= 2
    rate, low = _rate({n: error for n, error in tried.items() if n <= high}), high // 2
    while high - low > max(1.0, resolution * high):
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return Replication(high, dict(sorted(tried.items())), rate, None)


def _too_large(tried, copies: int, tolerance: float) -> str:
    error = "not known" if tried[copies] is None else tried[copies]
    return (
        f"the error is {error} with the data repeated {copies} times; the tolerance is {tolerance}"
    )


def _rate(tried):
    """Return the slope of log error over the last two doublings, where both errors are positive."""
    copies = sorted(tried)[-3:]
    if len(copies) < 3 or not (tried[copies[0]] and tried[copies[-1]]):
        return None
    return float(np.log(tried[copies[-1]] / tried[copies[0]]) / np.log(copies[-1] / copies[0]))
