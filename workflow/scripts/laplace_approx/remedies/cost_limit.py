"""What a remedy may cost: no more than what is known to serve, or it could not be the cheapest."""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.edges import wrapped

# Evaluations where the exact side bounds none: there is no such side, so that no remedy is ever
# named, or nobody knows what its draws cost. About what those of the reference may by default. By
# values alone the nodes of nested Laplace take 49 thousand at the least with seven parameters, and
# 74 thousand with eight: so it is refused beforehand from eight on; from seven if this were halved,
# and from ten if it were doubled.
UNBOUNDED = 2**16
UNJUDGED = "nothing can tell whether it serves"
NOT_COUNTED = "it is not known what the draws that judge it cost"


class CostLimit(NamedTuple):
    """What a remedy may cost, with what it starts from, which `spent` so much.

    `alternative` is what costs `evaluations` and serves, in words; "" where nothing is known to,
    `because` of what is said there.
    """

    evaluations: float = math.inf
    spent: float = 0.0
    alternative: str = ""
    because: str = UNJUDGED

    @property
    def left(self) -> float:
        """The evaluations that the remedy itself may take."""
        return self.evaluations - self.spent

    def refusal(self, evaluations: float, how: str = "at least") -> str | None:
        """Return why a remedy that takes "at least" or "about" so many evaluations itself is not
        begun or ended, or None where the limit suffices."""
        if evaluations <= self.left:
            return None
        would = f"it would cost {how} {_number(self.spent + evaluations)} evaluations in all"
        if not self.alternative:
            limit = f"the limit is {_number(self.evaluations)} where {self.because}"
            return f"{would}, and {limit}"
        costs = f"{self.alternative} costs {_number(self.evaluations)}"
        return f"{would}, and {costs}: it cannot be the cheapest that serves"


def _number(count: float) -> str:
    return f"{count:,.0f}".replace(",", " ")


NO_LIMIT = CostLimit()


class TooDear(Exception):
    """The next evaluations would go beyond the limit, as the message says; `evaluations` were
    made."""

    def __init__(self, message: str, evaluations: int):
        super().__init__(message)
        self.evaluations = evaluations


def guarded(density: Density, counter, limit: CostLimit) -> Density:
    """Return a density that raises TooDear before it would evaluate more than is left."""
    if limit.left == math.inf:
        return density

    def wrap(inner):
        def evaluate(x, *gaps):
            reason = limit.refusal(counter.evaluations + math.prod(np.shape(x)[:-1]))
            if reason is not None:
                raise TooDear(reason, counter.evaluations)
            return inner(x, *gaps)

        return evaluate

    parts = {part: getattr(density, part) for part in ("log_density", "gradient", "hessian")}
    return density._replace(
        **{part: None if of is None else wrapped(of, wrap) for part, of in parts.items()}
    )


def within_limit(remedy: Callable) -> Callable:
    """Return a remedy that refuses, with what it had spent, where its limit does not suffice."""

    @functools.wraps(remedy)
    def asked(question, *options, **named):
        try:
            return remedy(question, *options, **named)
        except TooDear as spent:
            return question.refused(remedy.__name__, str(spent), spent.evaluations)

    return asked
