"""A model: a log likelihood of named parameters, and the quantities that are asked of them."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from laplace_approx.density.answers import as_array
from laplace_approx.errors import Declined, InputError
from laplace_approx.words.raised import asked_to_stop, said

_NOTHING = MappingProxyType({})


class Model(NamedTuple):
    """A log likelihood with its data bound, and what is known of its `d` parameters.

    `log_likelihood` maps theta `(..., d)` to `(...)`; `gradient` maps to `(..., d)` and `hessian`
    to `(..., d, d)`, each None where the model gives none; `hessian_vector_product` maps theta and
    v, `(..., d)` each and broadcast, to H(theta) v `(..., d)`. `lower` and `upper` bound the open
    support and `start` lies inside it, `(d,)` each, on the natural scale. `quantities` are
    functions of parameters, called by keyword; `conditions` say, for some of them, where they are
    looked at. `monotone` is `(m, d)`: linear forms whose increase never lowers the likelihood.
    `units` and `labels` name the axes of parameters and quantities. `n_data` is the number of rows
    of the data, for each of which a model may hold a number a point.
    """

    name: str
    parameters: tuple[str, ...]
    log_likelihood: Callable
    gradient: Callable | None
    hessian: Callable | None
    lower: np.ndarray
    upper: np.ndarray
    start: np.ndarray
    quantities: dict[str, Callable]
    conditions: dict[str, Callable]
    monotone: np.ndarray | None
    units: Mapping[str, str] = _NOTHING
    labels: Mapping[str, str] = _NOTHING
    n_data: int = 1
    hessian_vector_product: Callable | None = None


def evaluate_quantity(model: Model, name: str, theta) -> np.ndarray:
    """Return the parameter or derived quantity `name` at theta `(..., d)`, as floats `(...)`.

    Where the quantity does not exist (a division by zero) the value is what NumPy makes of it,
    an infinity or NaN; where it is masked it is NaN, and so it is where a parameter that it names
    is none, outside the support, whatever it makes of that (a comparison takes NaN for one that
    fails).
    Raises `InputError` for an unknown name and `Declined` (model_contract_violation) when the
    model's function fails or does not give one real number a point.
    """
    theta = np.asarray(theta, dtype=float)
    if name in model.parameters:
        return theta[..., model.parameters.index(name)]
    _require_known(model, name)
    value = _call(model, f"quantity {name!r}", model.quantities[name], theta)
    if value.dtype.kind not in "fiu":
        raise _violation(model, f"quantity {name!r}", f"gave {value.dtype}, not real numbers")
    value = value.astype(float)
    value = np.ma.filled(value, np.nan) if np.ma.isMaskedArray(value) else value
    outside = _without_value(model, model.quantities[name], theta)
    return np.where(outside, np.nan, value) if np.any(outside) else value


def condition_holds(model: Model, name: str, theta) -> np.ndarray:
    """Return where the condition of `name` holds at theta `(..., d)`, as booleans `(...)`.

    All True for a parameter and for a quantity without a condition; False where a parameter that
    the condition names is NaN. Raises as `evaluate_quantity` does.
    """
    theta = np.asarray(theta, dtype=float)
    if name not in model.parameters:
        _require_known(model, name)
    if name not in model.conditions:
        return np.ones(theta.shape[:-1], dtype=bool)
    value = _call(model, f"the condition of {name!r}", model.conditions[name], theta)
    if value.dtype != bool:
        raise _violation(model, f"the condition of {name!r}", f"gave {value.dtype}, not True/False")
    if np.ma.isMaskedArray(value):
        problem = "gave masked values, neither True nor False"
        raise _violation(model, f"the condition of {name!r}", problem)
    return value & ~_without_value(model, model.conditions[name], theta)


def _without_value(model: Model, function: Callable, theta) -> np.ndarray:
    """Return where a parameter that a function names is NaN, at theta `(..., d)`."""
    named = [i for i, p in enumerate(model.parameters) if p in argument_names(function)]
    return np.any(np.isnan(theta[..., named]), axis=-1)


def _require_known(model: Model, name: str) -> None:
    if name not in model.quantities:
        known = ", ".join((*model.parameters, *model.quantities))
        raise InputError(f"model {model.name!r} has no quantity {name!r}; it has: {known}")


def _call(model: Model, what: str, function: Callable, theta: np.ndarray) -> np.ndarray:
    """Call a function of the parameters that it names, and give its value the shape of theta."""
    wanted = argument_names(function)
    # copies, since a function may write into its arguments
    arguments = {p: theta[..., i].copy() for i, p in enumerate(model.parameters) if p in wanted}
    try:
        with np.errstate(all="ignore"):  # -alpha / beta at beta = 0 is a value, not an event
            value = as_array(function(**arguments))
    except (InputError, MemoryError):  # says something of the machine or the files
        raise
    except BaseException as error:
        if asked_to_stop(error):
            raise
        raise _violation(model, what, f"raised {said(error)}") from error
    if value is None:
        raise _violation(model, what, "gave a ragged list, not an array")
    if value.shape == theta.shape[:-1]:
        return value
    try:
        return np.broadcast_to(value, theta.shape[:-1], subok=True)
    except ValueError:
        raise _violation(
            model, what, f"gave shape {value.shape} where {theta.shape[:-1]} is due"
        ) from None


@cache
def argument_names(function: Callable) -> frozenset[str]:
    """Return the names of the arguments of a function."""
    import inspect

    return frozenset(inspect.signature(function).parameters)


def _violation(model: Model, what: str, problem: str) -> Declined:
    message = (
        f"{what} of model {model.name!r} {problem}; it must work on whole arrays of parameters "
        "(NumPy functions, no `if` on a value) and give one value a point"
    )
    return Declined("model_contract_violation", message, problem=problem)
