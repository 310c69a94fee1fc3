"""Whether the log likelihood has a value wherever the draws have the mass."""

from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import tallied
from laplace_approx.density.undefined import (
    MOST,
    MOST_ASKED,
    border_next_to,
    level_of,
    refusal,
)
from laplace_approx.errors import Declined
from laplace_approx.reference.coordinates import Unbounded
from laplace_approx.reference.frozen_draws import FrozenDraws
from laplace_approx.reference.student import StudentMixture

# of the mass, outside of the region that may not touch a NaN: draws know their tails no better, and
# as much moves an end of a 95 % interval by 0.002 SD; doubled, by 0.004
BEYOND = 1e-4
WAYS = 4  # to each NaN, from draws of the posterior; halved, a bent ridge is met half as often
SEED = 0  # of these draws: any other shows the same


class LookForNan(NamedTuple):
    """The refusal of draws, or None where there is none to make, and the evaluations that it took
    to tell."""

    declined: Declined | None
    evaluations: int


def undefined_among(density: Density, proposal: StudentMixture, drawn: FrozenDraws) -> LookForNan:
    """Return the refusal of draws of which some are NaN in the region that holds the mass, or next
    to it; each place that is asked for a value, or for a NaN, is an evaluation.

    From draws of the posterior the ways to those that are NaN are halved; the log density of z
    before the NaN is held against the lowest in the region of highest density with all but `BEYOND`
    of the weight (`undefined.level_of`). The log density of the draws is known from their ratios.
    """
    watched, tally = tallied(density)
    return LookForNan(_refusal(Unbounded(watched), proposal, drawn), tally.evaluations)


def _refusal(coordinates: Unbounded, proposal, drawn: FrozenDraws) -> Declined | None:
    undefined = coordinates.density.undefined
    empty = np.flatnonzero(drawn.log_ratio == -np.inf)
    held = np.flatnonzero(drawn.log_ratio > -np.inf)
    if undefined is None or not empty.size or not held.size:
        return None
    asked = empty[:: -(-empty.size // MOST_ASKED)]
    holes = asked[undefined(coordinates.constrain(drawn.z[asked]))]
    if not holes.size:
        return None
    weights = np.ones(drawn.log_ratio.size) if drawn.weights is None else drawn.weights
    weights = weights[held] / np.sum(weights[held])
    rng = np.random.default_rng(SEED)
    ends = np.repeat(holes[:: -(-holes.size // MOST)], WAYS)
    starts = held[rng.choice(held.size, ends.size, p=weights)]
    log_density = drawn.log_ratio[held] + proposal.log_density(drawn.z[held])
    border = border_next_to(
        coordinates.log_density,
        lambda z: undefined(coordinates.constrain(z)),
        drawn.z[starts],
        drawn.z[ends],
        level_of(log_density, weights, BEYOND),
    )
    if border is None:
        return None
    share = holes.size / asked.size * empty.size / drawn.log_ratio.size
    theta = border._replace(x=coordinates.constrain(border.x))
    seen = f"Of {drawn.log_ratio.size} draws of the proposal {share:.1%} are NaN"
    names = coordinates.density.names
    return refusal(names, theta, float(np.max(log_density)), seen)
