"""What was found a little before, found again: the last results by key, or for the same objects."""

from collections.abc import Callable, Hashable
from functools import wraps


class Memo:
    """The last `most` results, each by its key; the oldest one goes."""

    def __init__(self, most: int):
        self.most = most
        self._found: dict[Hashable, object] = {}

    def get(self, key: Hashable, make: Callable):
        """Return what `make()` gives, or gave for the same key."""
        if key not in self._found:
            if len(self._found) >= self.most:
                del self._found[next(iter(self._found))]
            self._found[key] = make()
        return self._found[key]


def remembering(most: int) -> Callable:
    """Return a decorator: called with the same objects as one of the last `most` different calls, a
    function returns the same object as then. Equal objects are not the same."""

    def decorated(function: Callable) -> Callable:
        kept = Memo(most)

        @wraps(function)
        def remembered(*given):
            # what was given is kept with the result, so that its identity stays its own
            return kept.get(tuple(map(id, given)), lambda: (given, function(*given)))[1]

        return remembered

    return decorated
