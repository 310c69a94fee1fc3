"""The values that a model file defines, checked: each function takes one and returns it usable.

All raise `InputError` that begins with the name in the file; who calls adds the name of the file.
"""

import inspect
import keyword
import math
import unicodedata
from collections.abc import Callable
from numbers import Real

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.words.names import suggestion

# Columns of the draws and the grid besides the quantities, and the key of joint priors.
RESERVED = frozenset(("log_density", "log_approximation", "mass", "joint"))
_TAKES_ANYTHING = (
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
    inspect.Parameter.POSITIONAL_ONLY,
)


def parameters(value) -> tuple[str, ...]:
    """Return `PARAMETERS` as a tuple of distinct names."""
    if value is None:
        raise InputError('PARAMETERS is not defined; write PARAMETERS = ("alpha", "beta")')
    names = _names("PARAMETERS", value)
    if not names:
        raise InputError("PARAMETERS is empty; name at least one parameter")
    for i, name in enumerate(names):
        _check_name("PARAMETERS", name)
        if name in names[:i]:
            raise InputError(f"PARAMETERS: {name!r} is given twice; rename one")
    return names


def columns(value) -> tuple[str, ...]:
    """Return `COLUMNS` as a tuple of names of data columns."""
    return _names("COLUMNS", value)


def support(value, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return `SUPPORT` as the open bounds of every parameter, infinite where it is silent."""
    lower, upper = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    for name, pair in _map("SUPPORT", value, names, "parameter").items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            example = "SUPPORT = {'sigma': (0, None)}"
            raise InputError(f"SUPPORT: {name!r} has {pair!r:.80}, not a pair; write {example}")
        low, high = (_bound(name, end, pair) for end in pair)
        i = names.index(name)
        lower[i] = -np.inf if low is None else low
        upper[i] = np.inf if high is None else high
        if not lower[i] < upper[i]:
            raise InputError(f"SUPPORT: {name!r} has {pair!r:.80}: lower is not below upper")
    return lower, upper


def _bound(name: str, end, pair) -> float | None:
    if end is None or (_is_real(end) and not math.isnan(end)):
        return end
    raise InputError(
        f"SUPPORT: {name!r} has {pair!r:.80}; an end is a number, or None if unbounded"
    )


def start(value, names: tuple[str, ...], lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return `START` as an array inside the open support, or a default there where it is None."""
    if value is None:
        return np.array([_inside(low, high) for low, high in zip(lower, upper, strict=True)])
    point = list(value) if isinstance(value, tuple | list | np.ndarray) else None
    if point is None or len(point) != len(names):
        given = f"has {len(point)} values" if point is not None else f"is {value!r:.80}"
        raise InputError(
            f"START {given}; give {len(names)} numbers, in the order {', '.join(names)}"
        )
    for name, number, low, high in zip(names, point, lower, upper, strict=True):
        if not _is_real(number) or not math.isfinite(number):
            raise InputError(f"START: {name!r} is {number!r:.80}, not a finite number")
        if not low < number < high:
            raise InputError(
                f"START: {name!r} is {number!r:.80}, not inside its support ({low:g}, {high:g})"
            )
    return np.array(point, dtype=float)


def _inside(lower: float, upper: float) -> float:
    """Return 0 on the line, 1 inside the end of a half line, or the middle of an interval."""
    if math.isinf(lower) and math.isinf(upper):
        return 0.0
    if math.isinf(upper):
        return lower + max(1.0, 1e-3 * abs(lower))  # 1 alone is lost beside 1e16
    if math.isinf(lower):
        return upper - max(1.0, 1e-3 * abs(upper))
    return lower / 2 + upper / 2


def quantities(value, names: tuple[str, ...]) -> dict[str, Callable]:
    """Return `QUANTITIES` as a dict of functions of parameters."""
    found = _map("QUANTITIES", value, None, "")
    for name, function in found.items():
        _check_name("QUANTITIES", name)
        if name in names:
            raise InputError(f"QUANTITIES: {name!r} is a parameter already; rename the quantity")
        _check_arguments("QUANTITIES", name, function, names)
    return found


def conditions(value, names: tuple[str, ...], asked: dict[str, Callable]) -> dict[str, Callable]:
    """Return `CONDITIONS` as a dict of functions of parameters, for some of the quantities."""
    found = _map("CONDITIONS", value, tuple(asked), "quantity")
    for name, function in found.items():
        _check_arguments("CONDITIONS", name, function, names)
    return found


def texts(what: str, value, known: tuple[str, ...]) -> dict[str, str]:
    """Return `UNITS` or `LABELS` as a dict of texts, for some parameters and quantities."""
    found = _map(what, value, known, "parameter or quantity")
    for name, text in found.items():
        if not isinstance(text, str):
            raise InputError(f"{what}: {name!r} has {text!r:.80}, not text; quote it")
    return found


def monotone(value, n_parameters: int) -> np.ndarray:
    """Return the linear forms of `monotone(data)` as an array (m, d) of finite numbers."""
    try:
        rows = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError("monotone(data) does not give an array of numbers") from None
    if rows.ndim != 2 or rows.shape[1] != n_parameters:
        raise InputError(
            f"monotone(data) gives shape {rows.shape}; (m, {n_parameters}) is due: one row a "
            "linear form, one column a parameter"
        )
    if not np.all(np.isfinite(rows)):
        raise InputError("monotone(data) gives numbers that are not finite")
    return rows


def check_call(what: str, function: Callable, arguments: tuple[str, ...]) -> None:
    """Raise unless `function` can be called with these positional arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        due = f"{what}({', '.join(arguments)})"
        raise InputError(f"{what} cannot be called as {due}: {error}; define it so") from None
    except ValueError:
        return  # compiled code without a signature: it shows when it is called


def _names(what: str, value) -> tuple[str, ...]:
    if isinstance(value, str):
        raise InputError(f'{what} is the text {value!r:.80}; write {what} = ("{value:.60}",)')
    if not isinstance(value, tuple | list):
        raise InputError(f"{what} is {value!r:.80}, not a tuple of names")
    for name in value:
        if not isinstance(name, str):
            raise InputError(f"{what}: {name!r:.80} is not text; quote it")
    return tuple(value)


def _check_name(what: str, name) -> None:
    """Refuse a name that cannot be an argument of a function and a column of every artifact."""
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise InputError(
            f"{what}: {name!r:.80} is not a name: letters, digits and '_', beginning with a letter"
        )
    # Python normalises the arguments of functions so; another spelling would never be found.
    normal = unicodedata.normalize("NFKC", name)
    if name != normal:
        raise InputError(f"{what}: {name!r} is read by Python as {normal!r}; write it so")
    if name in RESERVED:
        raise InputError(f"{what}: {name!r} is a name of the workflow's own; choose another")


def _map(what: str, value, known: tuple[str, ...] | None, kind: str) -> dict:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{what} is {value!r:.80}, not a dict by name")
    for name in value:
        if known is not None and name not in known:
            hint = suggestion(name, known)
            raise InputError(f"{what}: there is no {kind} {name!r:.80}; {hint}")
    return dict(value)


def _check_arguments(what: str, name: str, function, names: tuple[str, ...]) -> None:
    example = f"{what} = {{{name!r}: lambda {names[0]}: ...}}"
    if not callable(function):
        raise InputError(f"{what}: {name!r} has {function!r:.80}, not a function; write {example}")
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        message = f"{what}: the function of {name!r} does not say its arguments; write {example}"
        raise InputError(message) from None
    for argument in arguments:
        if argument.kind in _TAKES_ANYTHING:
            message = f"takes {str(argument)!r}; name the parameters that it takes: {example}"
            raise InputError(f"{what}: the function of {name!r} {message}")
        if argument.name not in names and argument.default is inspect.Parameter.empty:
            hint = suggestion(argument.name, names)
            message = f"takes {argument.name!r}, which is not a parameter; {hint}"
            raise InputError(f"{what}: the function of {name!r} {message}")
    if not any(argument.name in names for argument in arguments):
        raise InputError(f"{what}: the function of {name!r} takes no parameter; write {example}")


def _is_real(number) -> bool:
    return isinstance(number, Real) and not isinstance(number, bool | np.bool_)
