"""Ascents that only look where starts lead, at the price of gradients, in many dimensions."""

import numpy as np

from laplace_approx.attempts import Attempt, many_by_newton

NEAR = 5e-3  # SDs of the normal at the known mode, root mean square: the end of such an ascent
MOST_ITERATIONS = 500
MEMORY = 20  # pairs of steps and slopes kept


def many_by_quasi_newton(evaluator, starts, method, centre, frame) -> list[Attempt]:
    """Climb from each of the starts (n, d), to see whether it leads to the mode at `centre` (d,).

    L-BFGS (Liu and Nocedal 1989; scipy's L-BFGS-B) in the coordinates in which the normal at the
    known mode is standard, x = centre + frame u, and on the sum of the log densities of all starts,
    so that one pass over the data serves them all. An ascent that ends near u = 0 is done; one
    that ends elsewhere is followed by Newton's method, as a second mode would deserve.
    """
    if starts.shape[0] == 0:
        return []
    u = _climbed(evaluator, starts, centre, frame)
    ends = centre + u @ frame.T
    near = np.linalg.norm(u, axis=1) <= NEAR * np.sqrt(centre.size)
    values, slopes = evaluator.far(ends), evaluator.gradient(ends) @ frame
    attempts = []
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if near[i]:
            arrived = end, float(values[i]), float(np.linalg.norm(slopes[i]))
            attempts.append(_near(start, method, *arrived))
        else:
            followed = many_by_newton(evaluator, end[None], f"{method}, then damped Newton", frame)
            attempts.append(followed[0]._replace(start=start))
    return attempts


def _climbed(evaluator, starts, centre, frame):
    """Return the ends (n, d) of the ascents, in u; where they broke off, the best point seen."""
    from scipy.optimize import minimize

    shape = starts.shape
    first = np.linalg.solve(frame, (starts - centre).T).T

    def downhill(flat):
        x = centre + flat.reshape(shape) @ frame.T
        total, slopes = float(np.sum(evaluator.far(x))), evaluator.gradient(x) @ frame
        if not (np.isfinite(total) and np.isfinite(slopes).all()):
            return np.inf, np.zeros(flat.size)
        return -total, -slopes.ravel()

    found = minimize(
        downhill,
        first.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": 0.5 * NEAR, "ftol": 0.0, "maxcor": MEMORY, "maxiter": MOST_ITERATIONS},
    )
    return found.x.reshape(shape)


def _near(start, method, end, log_density, decrement) -> Attempt:
    return Attempt(
        start=start,
        method=f"{method}, by L-BFGS",
        end=end,
        log_density=log_density,
        decrement=decrement,
        converged=True,
        message="it led to the mode known already",
        path=np.stack([start, end]),
        frame=None,
    )
