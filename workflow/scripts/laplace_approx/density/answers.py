"""What a model's function answers, as plain floats: a mask is kept as NaN, memory is not shared."""

import numpy as np


def as_floats(value):
    """Return an array of floats of its own memory, or None for what are no real numbers.

    Where an array is masked there is no value: NaN. None is given for what is complex, boolean,
    text, an object, structured, ragged or no array at all. It is a copy, since a model may answer
    every call in the same memory.
    """
    if type(value) is np.ndarray and value.dtype == float:  # as nearly all models do
        return value.copy(order="K")
    array = as_array(value)
    if array is None or array.dtype.kind not in "fiu":
        return None
    with np.errstate(over="ignore"):  # a longdouble beyond the floats is infinite
        floats = array.astype(float)
    return np.ma.filled(floats, np.nan) if np.ma.isMaskedArray(floats) else floats


def as_array(value):
    """Return the plain array of `value`, or one with its mask where an element is masked.

    None is given for what is ragged.
    """
    listed = isinstance(value, list | tuple) and any(map(np.ma.isMaskedArray, value))
    try:
        array = np.ma.array(value) if listed else value
        return array if np.ma.is_masked(array) else np.asarray(array)
    except ValueError:
        return None
