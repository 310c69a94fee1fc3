"""The ends of ascents that were looked at: which are modes, which is highest, and what is lost."""

import numpy as np

from laplace_approx.mode.checks import digits
from laplace_approx.mode.proof import Proof, prove
from laplace_approx.mode.reasons.boundary import boundary_maximum

SAME_MODE = 1e-2  # SDs between two ends of ascents that are one mode
HIGHER = 1e-6  # log density by which a point must exceed a mode to disprove it


class Ends:
    """The proofs of ends of ascents from `start` (d,), for a density of the `scale` (d,) there.

    `looked_at` has (attempt, proof) of every distinct end; `lost` the proofs of ends where the log
    density has no digits left.
    """

    def __init__(self, evaluator, start, scale, rng):
        self.evaluator, self.start, self.scale, self.rng = evaluator, start, scale, rng
        self.looked_at = []
        self.lost = []

    def look_at(self, attempt) -> Proof:
        """Return the proof at the end of an attempt, and keep it if it says something new."""
        proof = prove(self.evaluator, attempt.end, self.rng, attempt.frame)
        if (not proof.proven or self.proven()) and self.is_lost(proof.x):
            self.lost.append(proof)
        elif not (proof.proven and self.known(proof.x[None])[0]):
            self.looked_at.append((attempt, proof))
        return proof

    def known(self, points):
        """Return which of the points (n, d) lie at a proven mode."""
        known = np.zeros(len(points), dtype=bool)
        for proof in self.proven() if len(points) else ():
            known |= _distances(proof, points) < SAME_MODE
        return known

    def proven(self) -> list[Proof]:
        """Return the proofs of the distinct modes, in the order in which they were found."""
        return [proof for _, proof in self.looked_at if proof.proven]

    def best(self) -> Proof | None:
        """Return the proof of the highest mode, None before there is one."""
        return max(self.proven(), key=_height, default=None)

    def settled(self):
        """Whether no point that was looked at lies above the best proven mode."""
        best = self.best()
        return best is not None and not (
            _height(self.highest()[1]) > best.log_density + self.margin(best)
        )

    def highest(self):
        """Return the (attempt, proof) of the highest point that was looked at."""
        return max(self.looked_at, key=lambda pair: _height(pair[1]))

    def margin(self, proof) -> float:
        """Return by how much of log density a point must exceed a mode to disprove it."""
        return max(HIGHER, 1e3 * proof.noise)

    def require_digits(self):
        """Decline where the highest point of all is one at which no digits are left."""
        if not self.lost:
            return
        top = max(self.lost, key=_height)
        clean = max((_height(proof) for _, proof in self.looked_at), default=-np.inf)
        if top.log_density > clean:
            edge = boundary_maximum(self.evaluator, top.x, self.scale)
            raise self.without_digits(top.x) if edge is None else edge

    def is_lost(self, x) -> bool:
        """Return whether the log density has no digits left at x (d,)."""
        best = self.best()
        return digits.is_lost(self.evaluator, x, self.scale, self.start if best is None else best.x)

    def without_digits(self, x):
        """Return the `Declined` for a log density that has no digits left at x (d,)."""
        best = self.best()
        clean = self.start if best is None else best.x
        lost = digits.followed(self.evaluator, clean, x, self.scale)
        return digits.declined(self.evaluator, lost, None if best is None else best.log_density)


def _height(proof):
    return proof.log_density


def _distances(proof, points):
    """Return the distances (n,) of points (n, d) in SDs of the normal at the proof."""
    cholesky = proof.factored.cholesky
    scale = proof.factored.sd
    u = np.linalg.solve(cholesky / scale[:, None], ((points - proof.x) / scale).T)
    return np.sqrt(np.sum(u * u, axis=0) / proof.x.size)
