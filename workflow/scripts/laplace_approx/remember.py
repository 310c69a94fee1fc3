"""Functions that remember what they gave a little before, for the very same objects."""

from collections import deque
from collections.abc import Callable
from functools import wraps


def recent(most: int) -> Callable:
    """Return a decorator: called with the same objects as one of the last `most` different calls, a
    function returns the same object as then. Equal objects are not the same."""

    def decorated(function: Callable) -> Callable:
        kept = deque(maxlen=most)

        @wraps(function)
        def remembered(*given):
            for before, result in kept:
                if all(x is y for x, y in zip(given, before, strict=True)):
                    return result
            result = function(*given)
            kept.append((given, result))
            return result

        return remembered

    return decorated
