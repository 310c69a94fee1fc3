"""Where many starts lead: ascents in one batch, each left once it has entered the hump of a mode
that is known already.
"""

import numpy as np

from laplace_approx.derivatives.scales import axis_scales
from laplace_approx.mode.attempts import Attempt
from laplace_approx.numerics.quasi_newton import AT_REST, DONE, RUNNING, bfgs_rows

STEP = 1e-4  # SDs, of differences; where steps are shorter a hundredth of these
LEAST = 1e-6  # SDs: shorter differences are rounding; 1e-8 of an SD is what a value of 100 resolves
HUMP = 1.0  # SDs from a mode: within, what follows its quadratic is its hump
# of the fall that the quadratic tells; halved, ascents to skewed modes take a step more
LIKE = 0.1
ROUNDING = 1e-12  # of a log density, relative
# log density below the highest mode: a hump so deep has no mass, were its volume 10^80 times as
# large; halved, 10^40 times
LOWEST = 200.0
MOST_AGAIN = 6  # ascents go on so; each costs a sweep of the axes and an ascent
ENTERED = "it entered the hump of a mode known already"
MESSAGES = {
    RUNNING: "the steps ran out",
    DONE: ENTERED,
    AT_REST: "the slope is at its least",
}
NO_GAIN = "no step by BFGS gains"
SAYS = (*MESSAGES.values(), NO_GAIN)


def where_they_lead(evaluator, starts, method, proofs, origin) -> list[Attempt]:
    """Climb from each of the starts (n, d) by BFGS, all in step; `proofs` are those of the modes
    known.

    The coordinates u are those of x = centre + frame u, where the `origin` is (centre (d,), frame
    (d, d)); the highest of the ascents that enter no hump go on in those of where they are: what is
    flat in the ones may be steep in the others. An attempt that entered a known hump, or came to
    rest, is `converged`; its end is no mode before Newton's method has been there.
    """
    attempts = _climbed(evaluator, starts, method, proofs, origin)
    least = max((proof.log_density for proof in proofs), default=-np.inf) - LOWEST
    lost = [i for i, attempt in enumerate(attempts) if attempt.message != ENTERED]
    lost = [i for i in lost if attempts[i].log_density > least]
    for i in sorted(lost, key=lambda i: -attempts[i].log_density)[:MOST_AGAIN]:
        first = attempts[i]
        before = evaluator.evaluations
        frame = np.diag(axis_scales(evaluator.far, first.end))
        (again,) = _climbed(evaluator, first.end[None], method, proofs, (first.end, frame))
        cost = first.evaluations + evaluator.evaluations - before
        path = np.concatenate([first.path, again.path[1:]])
        attempts[i] = again._replace(start=first.start, path=path, evaluations=cost)
    return attempts


def where_it_leads(evaluator, x, method, proofs) -> Attempt:
    """Climb from x (d,) likewise, in coordinates of the scale there: a thin hump is not stepped
    off."""
    before = evaluator.evaluations
    frame = np.diag(axis_scales(evaluator.far, x))
    (attempt,) = _climbed(evaluator, x[None], method, proofs, (x, frame))
    return attempt._replace(evaluations=evaluator.evaluations - before)


def _climbed(evaluator, starts, method, proofs, origin) -> list[Attempt]:
    """Climb from each of the starts (n, d) in the coordinates of the origin."""
    centre, frame = origin
    first = np.linalg.solve(frame, (starts - centre).T).T

    def place(u):
        return centre + u @ frame.T

    def gradient(u, lengths, values):
        if evaluator.has_gradient:
            return evaluator.gradient(place(u)) @ frame
        return _differences(evaluator, place, u, (lengths, values))

    found = bfgs_rows(
        lambda u: evaluator.log_density(place(u)),
        gradient,
        first,
        lambda u, values: in_a_hump(proofs, place(u), values),
        1 if evaluator.has_gradient else 2 * centre.size,
    )
    ends = place(found.x)
    return [
        Attempt(
            start=start,
            method=f"{method}, by BFGS",
            end=ends[i],
            log_density=float(found.value[i]),
            decrement=float(found.decrement[i]),
            converged=bool(found.state[i] in (DONE, AT_REST)),
            message=MESSAGES.get(int(found.state[i]), NO_GAIN),
            path=np.stack([start, ends[i]]),
            frame=None,
            evaluations=int(found.evaluations[i]),
        )
        for i, start in enumerate(starts)
    ]


def is_new(attempt: Attempt, proofs) -> bool:
    """Return whether an ascent ended where Newton's method has something to find: above all modes
    known, or at rest outside of their humps and not too deep for any mass."""
    highest = max(proof.log_density for proof in proofs)
    value, above = attempt.log_density, attempt.log_density > highest
    if not (above or (attempt.converged and value > highest - LOWEST)):
        return False
    if attempt.message == ENTERED:
        return False
    return not in_a_hump(proofs, attempt.end[None], np.array([value]))[0]


def in_a_hump(proofs, points, values):
    """Return which of the points (n, d) with these log densities (n,) lie in the hump of a mode:
    within an SD, and no lower or higher than the quadratic tells by more than a tenth of the fall.
    """
    inside = np.zeros(len(points), dtype=bool)
    for proof in proofs:
        away = np.linalg.solve(proof.factored.cholesky, (points - proof.x).T)
        fall = 0.5 * np.sum(away * away, axis=0)
        off = np.abs(proof.log_density - fall - values)
        noise = ROUNDING * (1 + abs(proof.log_density))
        inside |= (fall <= 0.5 * HUMP**2) & (off <= LIKE * fall + noise)
    return inside


def _differences(evaluator, place, u, known):
    """Return the slopes (n, d) at u (n, d), of which the lengths and values (n,) are `known`, by
    central differences; beside an edge one-sided, and 0 where that leads over it."""
    lengths, values = known
    step = np.clip(1e-2 * lengths, LEAST, STEP)
    move = step[:, None, None] * np.eye(u.shape[1])
    points = place(np.stack([u[:, None] + move, u[:, None] - move]))
    ahead, behind = evaluator.log_density(points)
    central = (ahead - behind) / (2 * step[:, None])
    inward = np.where(
        np.isfinite(ahead),
        np.maximum(ahead - values[:, None], 0.0),
        np.minimum(values[:, None] - behind, 0.0),
    )
    slopes = np.where(np.isfinite(central), central, inward / step[:, None])
    return np.where(np.isfinite(slopes), slopes, 0.0)
