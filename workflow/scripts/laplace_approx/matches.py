"""Where keys stand in a list of keys, all the places of many at once."""

import numpy as np


def matches(listed, wanted):
    """Return (pair, place): for each of the `wanted` keys (N,) every place at which it is `listed`.

    The listed keys, whole numbers, are in order; `pair` (0 to N - 1) is too.
    """
    first = np.searchsorted(listed, wanted, "left")
    count = np.searchsorted(listed, wanted, "right") - first
    pair = np.repeat(np.arange(wanted.size), count)
    return pair, np.arange(pair.size) + np.repeat(first - np.cumsum(count) + count, count)
