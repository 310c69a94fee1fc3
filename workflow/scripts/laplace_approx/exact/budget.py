"""What a certified grid may cost: evaluations of the density, and, as an emergency end, time.

Evaluations are counted times the rows of data, and decide how many nodes are tried: so the same
posterior gives the same numbers on every machine. Time decides no number: when it is up there is
no grid.
"""

import time
from collections.abc import Callable

from laplace_approx.density.edges import wrapped
from laplace_approx.density.evaluation import Tally

# times rows of data; doubled, a posterior that no lattice resolves takes twice as long to be left
# to the draws
EVALUATIONS = 3e9
SECONDS = 900.0  # of processor time; doubled, a quarter of an hour more of the same


class OutOfBudget(Exception):
    """The budget is spent; the message says how far it got and what to do."""


class Budget:
    """How much is left of a budget, for a density of so many rows of data."""

    def __init__(self, evaluations: float = EVALUATIONS, seconds: float = SECONDS, rows: int = 1):
        self.evaluations, self.seconds, self.rows = evaluations, seconds, max(rows, 1)
        self.tally, self.stage = Tally(), "the search for the mode"
        self.looking = Tally()  # those of all evaluations that look for what the nodes do not say
        self._began = time.process_time()

    @property
    def left(self) -> int:
        """Return at how many points more the density may be evaluated."""
        return max(int(self.evaluations / self.rows) - self.tally.evaluations, 0)

    def cells(self, most: int, parts: int) -> int:
        """Return the cells that a lattice may have at the most, `most` or fewer: where this much
        of the budget is left for each of so many parts, and doublings take twice the last one."""
        return min(most, self.left // (2 * parts))

    def watch(self, log_density: Callable) -> Callable:
        """Return a log density that counts its points and ends when the budget is spent."""

        def insisting(function):
            def evaluate(*arguments):
                self._insist()
                return function(*arguments)

            return evaluate

        return wrapped(self.tally.watch(log_density), insisting)

    def _insist(self) -> None:
        spent = self.tally.evaluations * self.rows > self.evaluations
        if not spent and time.process_time() - self._began <= self.seconds:
            return
        limit = (
            f"`exact.evaluations` is {self.evaluations:.3g} evaluations times rows of data"
            if spent
            else f"`exact.seconds` is {self.seconds:g} seconds of processor time"
        )
        raise OutOfBudget(
            f"the budget of the exact side is spent: {limit}, and {self.stage} is as far as it got "
            f"({self.tally.evaluations} evaluations with {self.rows} rows of data). Raise the "
            "limit, write the log likelihood with sums of the data that are made once, or give the "
            "grid bounds and points of its own."
        )
