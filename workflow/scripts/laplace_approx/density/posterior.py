"""The posterior as a log density: of the parameters, and in any space.

A model's functions are somebody else's code: what they return is checked at every call, and what
breaks the contract (theta of shape (..., d) gives values of shape (...)) is declined with the
shapes, the line and the fix.
"""

import sysconfig
import traceback
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from laplace_approx.density.answers import as_floats
from laplace_approx.density.batches import in_company
from laplace_approx.density.density import Density, as_it_is, point_inside, summed, without_nan
from laplace_approx.density.edges import EdgeExact, within
from laplace_approx.density.priors import Prior
from laplace_approx.density.support import Support
from laplace_approx.errors import Declined, InputError
from laplace_approx.remember import remembering
from laplace_approx.words.raised import asked_to_stop, said

_FIX = (
    "Take the parameters from the last axis (alpha = theta[..., 0]), give the data an axis of its "
    "own (alpha[..., None] * x) and sum over that one (axis=-1)."
)
# two ways to add the same terms may differ by rounding, never by this much
_SAME = 1e-5
_AGREED = WeakKeyDictionary()
MOST_NUMBERS = 2**18  # points times rows of data given to a model at once: arrays of 2 MiB
FEWEST_POINTS = 16  # given at once however many the data, so that batches stay batches
MOST_VECTORS = 256  # in one call: with 10^5 rows of data a model holds 200 MB for them


def joint_support(model, prior: Prior):
    """Return the open bounds (lower, upper), (d,) each, that model and prior both allow.

    Raises InputError if they have no value of a parameter in common.
    """
    lower, upper = np.maximum(model.lower, prior.lower), np.minimum(model.upper, prior.upper)
    for name, low, high in zip(model.parameters, lower, upper, strict=True):
        if not low < high:
            raise InputError(
                f"prior.{name}: the support of the prior and of the model have nothing in common "
                f"(together {low:g} < {name} < {high:g}). Change the prior."
            )
    return lower, upper


@remembering(2)
@np.errstate(all="ignore")  # what a model does outside its comfort is a value, not an event
def natural_density(model, prior: Prior) -> Density:
    """Return the log posterior of `model` (log likelihood + log prior) in its own parameters.

    It is unnormalised, -inf outside the common support and where the model gives NaN (`undefined`
    tells these places from a density of 0); the model is never called outside. Gradient and Hessian
    exist if the model gives them (NaN outside); the Hessian of a model that gives its products with
    vectors is put together from d of them.
    Raises InputError if prior and model have no value of a parameter in common, and
    Declined("model_contract_violation") where the model's functions do not keep the contract:
    here for one point and a small batch, and at every later call. Of many points and many data the
    model is given so many at a time that an array of all their pairs stays small.
    """
    lower, upper = joint_support(model, prior)
    support, of_prior = Support(lower, upper), prior.interior
    anchor = point_inside(model.start, lower, upper)
    likelihood = _checked(model.log_likelihood, "log_likelihood", model, ())
    _check_batches(likelihood, model, anchor, lower, upper)

    def masked(function, name, prior_function, outside, tail=(), tidy=as_it_is):
        held = in_company(function, name, model, tail)
        function = _a_few_at_a_time(held, model, tail)

        def evaluate(theta):
            theta = np.asarray(theta, dtype=float)
            with np.errstate(all="ignore"):
                if support.holds(theta):
                    return tidy(summed(function(theta), prior_function(theta)))
                inside = support.inside(theta)
                if not np.any(inside):
                    return np.full((*theta.shape[:-1], *tail), outside)
                safe = np.where(inside[..., None], theta, anchor)
                value = tidy(summed(function(safe), prior_function(safe)))
            return np.where(inside[(..., *(None for _ in tail))], value, outside)

        return evaluate

    d = len(model.parameters)
    log_density = masked(
        likelihood, "log_likelihood", of_prior.log_density, -np.inf, tidy=without_nan
    )
    few = _a_few_at_a_time(likelihood, model, ())
    undefined = _undefined(few, support, anchor)
    if of_prior.near is not None:
        near = _near_the_ends(few, of_prior.near, anchor, lower, upper)
        log_density = EdgeExact(log_density, near)
    gradient = hessian = None
    hessian_method = "analytic"
    if model.gradient is not None:
        slopes = _checked(model.gradient, "gradient", model, (d,))
        gradient = masked(slopes, "gradient", of_prior.gradient, np.nan, (d,))
    if model.hessian is not None:
        matrix = _checked(model.hessian, "hessian", model, (d, d))
        hessian = masked(matrix, "hessian", of_prior.hessian, np.nan, (d, d))
    elif model.hessian_vector_product is not None:
        hessian_method = "hessian_vector_products"
        name = "hessian_vector_product"
        hessian = masked(_products(model), name, of_prior.hessian, np.nan, (d, d))
    names = tuple(model.parameters)
    return Density(names, log_density, gradient, hessian, lower, upper, hessian_method, undefined)


def _undefined(likelihood, support, anchor):
    """Return theta (..., d) -> whether it is inside the support, and the likelihood NaN there."""

    def evaluate(theta):
        theta = np.asarray(theta, dtype=float)
        inside = support.inside(theta)
        with np.errstate(all="ignore"):
            value = likelihood(np.where(inside[..., None], theta, anchor))
        return inside & np.isnan(value)

    return evaluate


def _near_the_ends(likelihood, prior, anchor, lower, upper):
    """Return the log posterior of theta and the logarithms of its distances to the ends.

    The prior is taken from the distances, and the likelihood at the number nearest to theta that is
    inside: it is all that a model can be asked. Outside is where a distance is not above 0.
    """

    def near(theta, below, above):
        known = (below > -np.inf) & (above > -np.inf) & np.isfinite(theta)
        inside = np.all(known, axis=-1)
        if not np.any(inside):
            return np.full(inside.shape, -np.inf)
        kept = inside[..., None]
        safe = within(np.where(kept, theta, anchor), lower, upper)
        gaps = (np.where(kept, gap, 0.0) for gap in (below, above))
        with np.errstate(all="ignore"):
            value = likelihood(safe) + prior(safe, *gaps, lower, upper)
        return np.where(inside, without_nan(value), -np.inf)

    return near


def _products(model):
    """Return theta (..., d) -> H (..., d, d): row i is H e_i, a block of unit vectors at a time."""
    d = len(model.parameters)
    unit = np.eye(d)

    def block(rows):
        def product(theta):
            return model.hessian_vector_product(theta[..., None, :], rows.copy())

        return _checked(product, "hessian_vector_product", model, rows.shape)

    blocks = [block(unit[i : i + MOST_VECTORS]) for i in range(0, d, MOST_VECTORS)]
    return lambda theta: np.concatenate([each(theta) for each in blocks], axis=-2)


def _checked(function, name, model, tail):
    """Return `function` with its answers checked: real floats of shape (..., *tail)."""

    def evaluate(theta):
        value = _call(function, name, model, theta)
        expected = (*theta.shape[:-1], *tail)
        if value.shape != expected:
            raise Declined(
                "model_contract_violation",
                f"{name} of model {model.name!r} must return shape {expected} for theta of shape "
                f"{theta.shape}, and returned {value.shape}."
                f"{_scalar_only(function, theta, tail)}",
                function=name,
                theta_shape=list(theta.shape),
                expected_shape=list(expected),
                returned_shape=list(value.shape),
            )
        return value

    return evaluate


def _a_few_at_a_time(function, model, tail):
    """Return `function`, called for no more points at once than `MOST_NUMBERS` allows."""
    most = max(FEWEST_POINTS, MOST_NUMBERS // max(1, model.n_data))
    d = len(model.parameters)

    def evaluate(theta):
        if theta.size <= most * d:
            return function(theta)
        flat = theta.reshape(-1, d)
        parts = [function(flat[i : i + most]) for i in range(0, len(flat), most)]
        return np.concatenate(parts).reshape(theta.shape[:-1] + tail)

    return evaluate


def _call(function, name, model, theta):
    try:
        # a copy, since a model may write into its argument; in the order that it has in memory
        value = function(theta.copy(order="K"))
        array = as_floats(value)
    except (Declined, InputError, MemoryError):
        raise
    except BaseException as error:
        if asked_to_stop(error):
            raise
        place = _place(error)
        hint = "" if theta.ndim == 1 else _scalar_only(function, theta, None)
        raise Declined(
            "model_contract_violation",
            f"{name} of model {model.name!r} raised {said(error)} ({place}) for "
            f"theta of shape {theta.shape}. Return -inf where the density is 0."
            f"{hint}",
            function=name,
            theta_shape=list(theta.shape),
            exception=type(error).__name__,
            place=place,
        ) from error
    if array is None:
        kind = f"{getattr(value, 'dtype', None) or type(value).__name__!s:.80}"
        raise Declined(
            "model_contract_violation",
            f"{name} of model {model.name!r} returned {kind}, not real numbers, for theta of "
            f"shape {theta.shape}. Return an array of floats.",
            function=name,
            theta_shape=list(theta.shape),
            returned=kind,
        )
    return array


def _scalar_only(function, theta, tail) -> str:
    """Return the fix if `function` serves one theta (d,) and not a batch of them, else ''."""
    if theta.ndim == 1:
        return ""
    first = theta.reshape(-1, theta.shape[-1])[0]
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(function(first.copy()))
    except BaseException as error:
        if asked_to_stop(error):
            raise
        return ""
    if tail is not None and value.shape != tail:
        return ""
    return f" It works for one theta of shape {first.shape} but not for a batch of them. {_FIX}"


def _check_batches(likelihood, model, anchor, lower, upper):
    """Decline a log likelihood that gives a theta another value inside a batch than alone."""
    d = anchor.size
    # as many points as parameters, since theta[0] for theta[..., 0] keeps the shape only there
    steps = np.linspace(0.0, 1.0, d if 2 <= d <= 5 else 2)[:, None]
    room = np.minimum(0.1 * np.maximum(1, np.abs(anchor)), (upper - anchor) / 2)
    batch = anchor + steps * room * np.linspace(0.5, 1.0, d)
    if batch.tobytes() in _agreed(model.log_likelihood):
        return
    together = likelihood(batch)
    alone = np.array([likelihood(theta) for theta in batch])
    same = np.isclose(together, alone, rtol=_SAME, atol=_SAME, equal_nan=True)
    if np.all(same):
        likelihood(batch[:, None, :])
        _agreed(model.log_likelihood).add(batch.tobytes())
        return
    again = np.array([likelihood(theta) for theta in batch])
    if not np.array_equal(alone, again, equal_nan=True):
        return  # not a function of theta at all: that has a reason of its own
    worst = int(np.argmin(same))
    raise Declined(
        "model_contract_violation",
        f"log_likelihood of model {model.name!r} gives {alone[worst]:.6g} for one theta and "
        f"{together[worst]:.6g} for the same theta inside a batch of shape {batch.shape}. {_FIX}",
        function="log_likelihood",
        theta=batch[worst].tolist(),
    )


def _agreed(function) -> set:
    """Return the batches for which this very function was found to give what it gives alone: each
    step of a chain opens the same model again."""
    try:
        return _AGREED.setdefault(function, set())
    except TypeError:  # what cannot be referred to weakly is not remembered
        return set()


def _place(error) -> str:
    """Return 'line N of FILE: code' for the innermost frame that is not in a library."""
    libraries = tuple({sysconfig.get_path(key) for key in ("stdlib", "purelib", "platlib")})
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith((*libraries, "<"))]
    frame = (own or frames)[-1]
    return f"line {frame.lineno} of {Path(frame.filename).name}: {frame.line or '':.120}"
