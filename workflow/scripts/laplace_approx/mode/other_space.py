"""The same posterior in coordinates without bounds: is it proper, and does such a space help?

Whether a posterior is proper does not depend on the coordinates, but straight rays in some see it
and in others do not: where scale^-shape stays as it is, both parameters of a Weibull run away on a
line that is bent on their own scale. And advice is held against what comes of it.
"""

import numpy as np

from laplace_approx.density.density import Density, density_in
from laplace_approx.density.evaluation import Evaluator
from laplace_approx.density.space import Space, build_space
from laplace_approx.density.unbounded import space_in_words, unbounding_space
from laplace_approx.errors import Declined
from laplace_approx.mode.checks.turn import cut_hump
from laplace_approx.mode.reasons.boundary import NO_WAY_OUT, WAY_OUT
from laplace_approx.mode.remembered import Searched, remembered_search
from laplace_approx.words import places

MOST_DIMENSIONS = 3  # in more the second search would cost more than it tells
SEED = 0  # of the starts of the second search: its answer is a mode or none


def require_proper(density: Density, space: Space, start) -> int:
    """Decline what has a mode in `space` and is improper all the same.

    Return at how many points the density was evaluated for that.
    """
    if len(density.names) > MOST_DIMENSIONS or not _has_bound(space):
        return 0
    _, searched = _unbounded(density, start)
    found = searched.found
    if isinstance(found, Declined) and found.reason == "improper":
        raise Declined(
            "improper",
            f"there is a mode in this space, and yet no posterior: without bounds, {found.message}",
            **found.details,
        )
    return searched.evaluations


def with_next_step(declined: Declined, density: Density, space: Space, start) -> Declined:
    """Return what is declined in a space with bounds, with a way out that was tried.

    Where the maximum is on a bound, the space without bounds either has a mode, and is named as a
    configuration writes it, or is declined for a reason that then counts instead of the advice.
    """
    bounded = declined.reason in ("mode_on_boundary", "not_converged") and _has_bound(space)
    if not bounded or len(density.names) > MOST_DIMENSIONS:
        return declined
    definition, searched = _unbounded(density, start)
    found, words = searched.found, space_in_words(definition)
    if isinstance(found, Declined):
        if found.reason == "improper":
            return found
        lost = found.details.get("digits_lost")  # then a slope on the way to the bound is none
        advice = NO_WAY_OUT if lost and NO_WAY_OUT in declined.message else WAY_OUT
        if declined.reason == "not_converged" or advice not in declined.message:
            return declined
        kept = declined.message.split(f" {advice}")[0]
        text = f"{kept} A space without bounds ({words}) does not help: there {found.message}"
        return Declined(declined.reason, text, **declined.details)
    inside = _build(definition, density)
    at = places.point(density.names, inside.constrain(found.x))
    text = f"{declined.message} The space {words} is such a one; its mode is at {at}."
    if NO_WAY_OUT in declined.message:  # what was found counts, and not what a line shows
        kept = declined.message.split(f" {NO_WAY_OUT}")[0]
        text = f"{kept} {WAY_OUT} without bounds ({words}); its mode is at {at}."
    return Declined(declined.reason, text, **declined.details, space=definition)


def require_whole_hump(density: Density, theta) -> int:
    """Decline a mode at theta (d,) whose hump is cut through by the ends of an angle's support.

    Return at how many points the density was evaluated for that.
    """
    rng = np.random.default_rng(SEED)
    evaluator = Evaluator(density)
    cut = cut_hump(evaluator, np.asarray(theta, dtype=float), rng)
    if cut is None:
        return evaluator.evaluations
    name, low = density.names[cut.index], cut.lowest
    raise Declined(
        "mode_on_boundary",
        f"{name} is an angle, and its circle is cut through the hump of the mode "
        f"({places.point(density.names, theta)}): the density does not fall toward both ends of "
        f"its support, {density.lower[cut.index]:.6g} and {density.upper[cut.index]:.6g}, where "
        f"its log is {cut.above:.4g} above its lowest, and the hump goes on at the other end. No "
        "normal describes the two pieces. Shift the cut to where the density is lowest: a SUPPORT "
        f"of ({low:.4g}, {low + cut.turn:.4g}) for {name}, and a START within it.",
        parameter=name,
        period=cut.turn,
        support=[low, low + cut.turn],
        mode=[float(value) for value in theta],
    )


def _has_bound(space: Space) -> bool:
    return bool(np.isfinite(space.lower).any() or np.isfinite(space.upper).any())


def _unbounded(density: Density, start) -> tuple[dict, Searched]:
    definition = unbounding_space(density.names, density.lower, density.upper)
    space = _build(definition, density)
    begin = space.unconstrain(np.asarray(start, dtype=float))
    begin = np.where(np.isfinite(begin), begin, 0.0)
    return definition, remembered_search(density_in(density, space), begin, SEED)


def _build(definition: dict, density: Density) -> Space:
    return build_space(definition, density.names, density.lower, density.upper)
