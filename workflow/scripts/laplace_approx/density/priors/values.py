"""Numbers as people write them: checked, and quoted back in errors and summaries."""

import math
from numbers import Real

import numpy as np

from laplace_approx.errors import InputError
from laplace_approx.words.numbers import quoted
from laplace_approx.words.numerals import SMALLEST, vanishes


def finite_number(value, key: str) -> float:
    """Return `value` as a float; raise InputError naming `key` unless it is a finite number."""
    if isinstance(value, str):
        raise InputError(f"{key}: {value!r} is text, not a number.{_yaml_hint(value)}")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(f"{key}: {value!r} is not a number.")
    if not math.isfinite(value):
        raise InputError(f"{key}: {value!r} is not finite. Write an ordinary number.")
    return float(value)


def positive_number(value, key: str) -> float:
    """Return `value` as a float; raise InputError unless it is finite and above 0."""
    number = finite_number(value, key)
    if not number > 0:
        raise InputError(f"{key}: {quoted(number)} must be above 0.")
    return number


def finite_array(value, key: str) -> np.ndarray:
    """Return a number, list or list of lists as an array; raise InputError naming the entry."""
    if not isinstance(value, list | tuple):
        return np.array(finite_number(value, key))
    rows = [finite_array(entry, f"{key}[{i}]") for i, entry in enumerate(value)]
    if not rows or any(row.shape != rows[0].shape for row in rows):
        raise InputError(f"{key}: {value!r} is empty, or its rows differ in length.")
    return np.array(rows)


def _yaml_hint(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return ""
    if vanishes(text):
        return f" It is below the range of numbers ({SMALLEST}): write 0, or a larger one."
    # YAML 1.1 reads 1e-8 as text: an exponent needs a point and a sign there
    return f" Without quotes, YAML needs a point and a signed exponent, such as {number:.1e}."
