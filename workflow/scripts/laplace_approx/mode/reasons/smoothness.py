"""A log density with a kink, a jump of its curvature, or steps, at its maximum."""

import numpy as np

from laplace_approx.derivatives.noise import EPS
from laplace_approx.derivatives.scales import rough_scales
from laplace_approx.errors import Declined
from laplace_approx.mode.checks import digits, stairs
from laplace_approx.words import places

# of the axis scales: a kink is one over three decades; each costs two points a direction; at twice
# or half the length, what was tried of tests/mode comes out the same
KINK_STEPS = np.array([1e-2, 1e-3, 1e-4, 1e-5])
# axes looked along: in more dimensions some go unseen, but for what the random directions see
MOST_AXES = 32
# random directions in which a kink is looked for, beside the axes: each costs 8 points, and sees
# every kink that is not along it
CROSSWISE = 8
# of a fall as the step falls to a tenth: a kink falls to 0.1, a cusp of a square root to 0.3, and
# a step of the log density stays at 1
DROP = 0.7
# of a coordinate, or of one: on a step and not on its edge; steps of twice that width are the
# narrowest found
BESIDE = 1e-3


def kink(evaluator, x, rng):
    """Return the `Declined` for second differences, on an axis or across, that grow like 1/h as h
    falls; None where they do not.

    A step of the log density makes them grow like 1/h^2, and its noise as well: no kinks.
    """
    value = float(evaluator.log_density(x))
    scale = rough_scales(evaluator, x)
    across = rng.standard_normal((CROSSWISE if x.size > 1 else 0, x.size))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    directions = np.concatenate([np.eye(x.size)[:MOST_AXES], across]) * scale
    move = KINK_STEPS[:, None] * directions[:, None, :]
    forward, backward = evaluator.far(np.stack([x + move, x - move])) - value
    noise = max(
        100 * EPS * max(1.0, abs(value)),
        30 * float(digits.scatter_at(evaluator, x[None], scale)[0]),
    )
    with np.errstate(invalid="ignore"):
        fall = -(forward + backward)
        bend = fall / KINK_STEPS**2
        down = np.all((fall > noise) & (np.maximum(forward, backward) <= noise), axis=1)
        growing = np.all(bend[:, 1:] > 1.4 * bend[:, :-1], axis=1)
        growing &= np.all(fall[:, 1:] < DROP * fall[:, :-1], axis=1)
    kinked = np.flatnonzero(down & growing)
    if kinked.size == 0:
        return None
    i = kinked[0]
    length = np.linalg.norm(directions[i])
    return _declined_kink(
        evaluator, x, move[i, 0], bend[i].tolist(), (KINK_STEPS * length).tolist()
    )


def _declined_kink(evaluator, x, direction, curvatures, steps):
    along = places.direction(evaluator.names, direction)
    return Declined(
        "non_smooth_mode",
        f"the log density has a kink at its maximum ({places.point(evaluator.names, x)}), along "
        f"{along}: its second difference grows from {curvatures[0]:.3g} to {curvatures[-1]:.3g} as "
        f"the step falls from {steps[0]:.1g} to {steps[-1]:.1g}: it has no curvature there. "
        "Use a smooth prior or likelihood, or describe this posterior by quantiles.",
        mode=x.tolist(),
        direction=np.asarray(direction).tolist(),
        steps=steps,
        second_differences=curvatures,
    )


def not_smooth(evaluator, proof):
    """Return the `Declined` for the misfit of a proof: a curvature that jumps or does not last."""
    misfit = proof.misfit
    along = places.direction(evaluator.names, misfit.direction)
    if misfit.kind == "jump":
        text = (
            f"the curvature of the log density jumps at the mode along {along}: on the two "
            f"sides it differs by {100 * misfit.ratio:.0f} %"
        )
    else:
        text = (
            f"the curvature at the mode does not last: {misfit.step:.2g} standard deviations "
            f"away, along {along}, the log density has fallen only {misfit.ratio:.2g} times as "
            "far as the curvature says, as at a kink or a spike"
        )
    return Declined(
        "non_smooth_mode",
        f"{text} ({places.point(evaluator.names, proof.x)}). No normal describes it; use a smooth "
        "prior or likelihood, or describe this posterior by quantiles.",
        mode=proof.x.tolist(),
        direction=misfit.direction.tolist(),
        step_sd=misfit.step,
        ratio=misfit.ratio,
    )


def step_beside(evaluator, proof, scale):
    """Return the `Declined` of a search that ended on the very edge of a step, or None."""
    value = float(evaluator.far(proof.x))
    for direction in np.diag(np.maximum(1.0, np.abs(proof.x)))[:MOST_AXES]:
        for beside in (proof.x + BESIDE * direction, proof.x - BESIDE * direction):
            if float(evaluator.far(beside)) < value - EPS * max(1.0, abs(value)):
                continue
            stair = stairs.stair(evaluator, beside, direction)
            if stair is not None:
                return in_steps(evaluator, proof, direction, stair, scale)
    return None


def in_steps(evaluator, proof, direction, stair, scale):
    """Return the `Declined` for a `Stair` along a direction (d,)."""
    along = places.direction(evaluator.names, direction, scale)
    low, high = (places.point(evaluator.names, end) for end in stair.ends)
    return Declined(
        "non_smooth_mode",
        f"the log density goes in steps along {along}: at its maximum it is the same from {low} to "
        f"{high}, where it jumps by {stair.jump:.4g}, as at a change point or a rounded parameter. "
        "It has no curvature there, and no normal describes it. Sum the likelihood over the steps, "
        "one for each place of the change, or describe this posterior by a grid of them.",
        mode=proof.x.tolist(),
        direction=np.asarray(direction).tolist(),
        ends=[end.tolist() for end in stair.ends],
        jump=stair.jump,
    )
