"""Searches for the mode that several steps of one process make: each is made once.

A search is a function of its arguments alone, so it gives what it would give if it were repeated.
The steps of a case are processes of their own; those of a sweep's scenarios share one.
"""

from collections import OrderedDict
from typing import NamedTuple

from laplace_approx.density import Density
from laplace_approx.errors import Declined
from laplace_approx.mode import Mode, Search

MOST = 4  # searches that are remembered
_RECENT: OrderedDict[tuple, "Searched"] = OrderedDict()


class Searched(NamedTuple):
    """What a search for the mode came to: a mode, or the reason why there is none; and at how many
    points it evaluated the density and its derivatives."""

    found: Mode | Declined
    evaluations: int

    @property
    def mode(self) -> Mode:
        """Return the mode; raises Declined where there is none."""
        if isinstance(self.found, Declined):
            raise self.found.with_traceback(None)
        return self.found


def search(density: Density, start, seed: int, monotone=None) -> Searched:
    """Return what `find_mode` gives for the same arguments, or gave a little before."""
    arrays = (density.lower, density.upper, start, monotone)
    functions = (density.log_density, density.gradient, density.hessian)
    numbers = (None if x is None else x.tobytes() for x in arrays)
    key = (*density.names, *functions, *numbers, seed)
    if key not in _RECENT:
        if len(_RECENT) >= MOST:
            _RECENT.popitem(last=False)
        _RECENT[key] = _searched(Search(density, start, seed, monotone))
    return _RECENT[key]


def _searched(search: Search) -> Searched:
    try:
        found = search.run()
    except Declined as declined:
        found = declined
    evaluator = search.evaluator
    return Searched(found, evaluator.n_evaluations + evaluator.n_derivatives)
