"""Quantiles of a posterior by many Hamiltonian chains at once, with errors from between them.

The chains are independent of each other after the warm-up, which sets one step for all: the SD
of their own shares over the root of their number is the error of a share, whatever they do within.
What it cannot show, that they have not come away from where they began, their two halves do.
"""

import math
from typing import NamedTuple

import numpy as np

MIDDLE = (0.15865525393, 0.84134474607)  # of a normal, one SD either way
CHAINS, WARM_UP, KEPT = 256, 300, 300
WIDE = 0.5  # SDs of the normal at the mode, from which chains start: wider, some begin nowhere
SHORT = 0.1  # of the chains take a step so much shorter: from a steep place no other gets away
LENGTH = (0.8, 2.2)  # of a trajectory in SDs, about pi / 2: where an even one forgets its start
ACCEPTED = 0.85  # of moves: what the step is adapted to
FIRST_STEP, MOST_STEPS = 0.5, 40


class Truth(NamedTuple):
    """Quantiles (d, p) with their standard errors, those of two halves of the chains' time, half
    the central 68.3 % intervals (d,), and their errors."""

    value: np.ndarray
    error: np.ndarray
    halves: tuple
    scale: np.ndarray
    scale_error: np.ndarray


def truth_of(posterior, probabilities, rng, sizes=(CHAINS, WARM_UP, KEPT)) -> Truth:
    """Return the true quantiles of all parameters, and what they are known to."""
    z = chains(posterior, rng, *sizes)  # (kept, chains, d)
    p = np.asarray(probabilities, dtype=float)
    every = [quantiles(z[..., i], p) for i in range(z.shape[-1])]
    middle = len(z) // 2
    halves = tuple(
        np.array([quantiles(part[..., i], p) for i in range(z.shape[-1])])
        for part in (z[:middle], z[middle:])
    )
    ends = np.array([quantiles(z[..., i], MIDDLE) for i in range(z.shape[-1])])
    value, error = np.moveaxis(np.array(every), 1, 0)
    scale = 0.5 * (ends[:, 0, 1] - ends[:, 0, 0])
    # two ends of one sample: their errors go together, and at the most add
    return Truth(value, error, halves, scale, 0.5 * np.sum(ends[:, 1], axis=-1))


def quantiles(x, p):
    """Return the quantiles (p,) of x (kept, chains) and their standard errors, (2, p).

    The error of the share below a quantile is that of the mean of the chains' own shares; the
    quantile moves by as much as between the levels that far below and above.
    """
    p = np.asarray(p, dtype=float)
    found = np.quantile(x, p)
    shares = np.mean(x[..., None] <= found, axis=0)  # (chains, p)
    s = np.std(shares, axis=0, ddof=1) / math.sqrt(len(shares))
    low, high = (np.quantile(x, np.clip(each, 0, 1)) for each in (p - s, p + s))
    return np.array([found, 0.5 * (high - low)])


def peak(posterior, z=None):
    """Return the mode (d,) and the Hessian there (d, d), by Newton's method with halved steps."""
    d = len(posterior.names)
    z = np.zeros(d) if z is None else z
    for _ in range(200):
        slope, hessian = posterior.gradient(z), hessian_at(posterior, z)
        values, vectors = np.linalg.eigh(-hessian)
        step = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), 1e-6))
        if slope @ step < 1e-16:
            break
        size, here = 1.0, posterior.log_density(z)
        while not posterior.log_density(z + size * step) >= here and size > 1e-10:
            size /= 2
        z = z + size * step
    return z, hessian_at(posterior, z)


def hessian_at(posterior, z, step: float = 1e-4):
    """Return the Hessian (d, d) at z by central differences of the gradient."""
    moves = step * np.eye(z.size)
    found = (posterior.gradient(z + moves) - posterior.gradient(z - moves)) / (2 * step)
    return 0.5 * (found + found.T)


def chains(posterior, rng, count: int, warm_up: int, kept: int):
    """Return states (kept, count, d) of Hamiltonian chains.

    They are preconditioned by the Hessian at the mode in the first half of the warm-up, and from
    then on by the covariance of all states in the second half of that. Trajectories are of random
    length, the same for all chains at a time, and end in a Metropolis step (Neal 2011, Handbook of
    Markov Chain Monte Carlo, chapter 5).
    """
    mode, hessian = peak(posterior)
    values, vectors = np.linalg.eigh(-hessian)
    root = vectors / np.sqrt(np.maximum(values, 1e-6))  # of the covariance, (d, d)
    z = mode + WIDE * rng.standard_normal((count, mode.size)) @ root.T
    first, log_step = _run(posterior, (z, root), math.log(FIRST_STEP), (warm_up // 2, 0), rng)
    root = np.linalg.cholesky(np.cov(first[len(first) // 2 :].reshape(-1, mode.size).T))
    turns = warm_up - warm_up // 2, kept
    return _run(posterior, (first[-1], root), log_step, turns, rng)[0][turns[0] :]


def _run(posterior, begun, log_step: float, turns, rng):
    """Return states (turns, count, d) of chains from z with a root of a covariance, and the step's
    log, which is adapted in the first of the two numbers of turns."""
    z, root = begun
    centre = np.mean(z, axis=0)

    def at(u):
        with np.errstate(all="ignore"):
            value, slope = posterior.value_and_slope(centre + u @ root.T)
        return np.where(np.isnan(value), -np.inf, value), slope @ root

    u = np.linalg.solve(root, (z - centre).T).T
    value, slope = at(u)
    states = []
    for turn in range(sum(turns)):
        step = math.exp(log_step) * rng.uniform(0.9, 1.1)
        steps = min(MOST_STEPS, max(1, round(rng.uniform(*LENGTH) / step)))
        step = step * np.where(rng.random((len(u), 1)) < SHORT, SHORT, 1.0)
        u, value, slope, rate = _moved(at, (u, value, slope), step, steps, rng)
        if turn < turns[0]:
            log_step += (rate - ACCEPTED) * 2 / math.sqrt(turn + 1)
            log_step = min(log_step, math.log(LENGTH[0]))
        states.append(centre + u @ root.T)
    return np.array(states), log_step


def _moved(at, state, step, steps: int, rng):
    """Return (u, value, slope) after a trajectory of all chains, and the rate of acceptance."""
    u, value, slope = state
    momentum = rng.standard_normal(u.shape)
    energy = value - 0.5 * np.sum(momentum**2, axis=-1)
    to, there, ahead = u, value, slope
    with np.errstate(all="ignore"):
        momentum = momentum + 0.5 * step * ahead
        for i in range(steps):
            to = to + step * momentum
            there, ahead = at(to)
            momentum = momentum + (0.5 if i == steps - 1 else 1.0) * step * ahead
        gained = there - 0.5 * np.sum(momentum**2, axis=-1) - energy
    gained = np.where(np.isnan(gained), -np.inf, gained)
    taken = np.log(rng.random(gained.size)) < gained
    pairs = ((to, u), (there, value), (ahead, slope))
    u, value, slope = (
        np.where(taken.reshape(-1, *[1] * (new.ndim - 1)), new, old) for new, old in pairs
    )
    return u, value, slope, float(np.mean(np.exp(np.minimum(gained, 0))))
