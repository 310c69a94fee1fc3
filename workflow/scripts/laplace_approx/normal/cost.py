"""What an answer costs in evaluations: what it needs, and what is spent to prove it."""

import math
from typing import NamedTuple


class Cost(NamedTuple):
    """Evaluations of a density, a value, a gradient and a Hessian one each; NaN where not known.

    `alone` is what a method needs, with all that it starts from: whoever ran just that would spend
    it. `proof` is what was spent beyond to know that the start is the right one: the search for
    other modes, checks, proofs.
    """

    alone: float
    proof: float

    def with_further(self, evaluations: float) -> "Cost":
        """Return the cost of what builds on this and evaluates so often itself."""
        return self._replace(alone=self.alone + evaluations)


UNKNOWN = Cost(math.nan, math.nan)
NOTHING = Cost(0.0, 0.0)


def cost_of_normal(mode: dict, curvature: dict) -> Cost:
    """Return the cost of the normal at the highest mode, from the records of both steps.

    It needs the ascent to the mode and the Hessian there. Unknown where it is declined.
    """
    if curvature["status"] != "ok":
        return UNKNOWN
    proof = mode["evaluations_of_search"] + curvature["n_evaluations"]
    return Cost(float(mode["evaluations_of_ascent"]), float(proof))


def cost_of_modes(mode: dict, curvature: dict) -> Cost:
    """Return the cost of the normals at all modes that the search found.

    Of one mode it is that of its normal. Others are known only from the search, so that who draws
    about them needs the whole of it.
    """
    if curvature["status"] != "ok" or len(mode["modes"]) == 1:
        return cost_of_normal(mode, curvature)
    return Cost(float(mode["n_evaluations"]), float(curvature["n_evaluations"]))


def total(costs) -> Cost:
    """Return the cost of several things together."""
    return Cost(*map(math.fsum, zip(*costs, strict=True)))
