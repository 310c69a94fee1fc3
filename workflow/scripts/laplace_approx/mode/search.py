"""The mode of a posterior, with the proof that it is one."""

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.evaluation import Evaluator
from laplace_approx.derivatives.scales import rough_scales
from laplace_approx.errors import Declined
from laplace_approx.mode import where_starts_lead
from laplace_approx.mode.attempts import (
    by_newton,
    by_simplex,
    by_trust_region,
    many_by_newton,
    many_by_quasi_newton,
)
from laplace_approx.mode.checks import decay
from laplace_approx.mode.checks.contract import (
    check_again,
    check_function,
    check_not_infinite,
)
from laplace_approx.mode.checks.defined import require_defined
from laplace_approx.mode.checks.supplied import check_supplied
from laplace_approx.mode.diagnosis import diagnose
from laplace_approx.mode.ends import HIGHER, Ends
from laplace_approx.mode.improper import (
    escapes,
    floor_or_declined,
    require_digits_between,
    require_no_period,
    spike_or_declined,
)
from laplace_approx.mode.reasons.growth import rises_for_ever
from laplace_approx.mode.result import Mode, Report, distinct_modes, remarks
from laplace_approx.mode.scans import suspects
from laplace_approx.mode.starts import dispersed, pulled_inside, scattered
from laplace_approx.numerics.batched import MANY
from laplace_approx.words import places

N_STARTS = 20  # dispersed ones
FEWEST = 2  # of them in many dimensions
ROUNDS = 3  # of following up what the rays find above the mode
FROM_SCANS = "from a place that scans found"
MOST_PROOFS = 8  # of ends that lie below the best mode: each costs a Hessian or two
# of the highest ascents, taken to their end where no mode is known: each costs Newton's method and
# a proof
MOST_UNFINISHED = 4
# of Newton's method from where BFGS came to rest; doubled, an ascent that has no end costs twice
LAST_STEPS = 30
MOST_BUMPS = 10  # rises on rays that are followed up


def find_mode(density: Density, start, seed: int, n_starts: int = N_STARTS, monotone=None) -> Mode:
    """Return the proven mode of a density, or raise `Declined` with the reason why there is none.

    Damped Newton from `start` (d,); trust-region and simplex methods only where that does not
    end in a proven mode; then `n_starts` dispersed starts (fewer above 50 dimensions), drawn with
    `seed`, half of them Student t about the mode, half up to 10^3 SDs away, and a quarter about the
    start. An end counts as a mode if the next Newton step is below 1e-6 posterior SDs, -hessian is
    positive definite, and the log density follows the quadratic at 0.01 SD: the optimiser's own
    word counts for nothing. Rays out to where floating point ends show whether the density is
    integrable, and whether it is higher elsewhere. `monotone` (m, d) holds linear forms whose
    increase never lowers the likelihood, for a certificate of separation.
    """
    return Search(density, start, seed, monotone).run(n_starts)


class Search:
    """The search for the mode of one density: attempts, proofs and warnings so far."""

    def __init__(self, density, start, seed, monotone):
        self.evaluator = Evaluator(density)
        self.monotone = monotone
        self.rng = np.random.default_rng(seed)
        self.start = np.array(start, dtype=float)
        self.attempts = []
        self.warnings = []
        self.n_starts = 0

    @np.errstate(all="ignore")  # what overflows far out is looked at, not warned of
    def run(self, n_starts: int = N_STARTS) -> Mode:
        """Return the mode, or raise Declined."""
        self.check_inputs()
        self.from_start()
        self.from_dispersed(n_starts)
        self.settle()
        self.look_out()
        self.look_about()
        self.ends.require_digits()
        return self.result()

    def check_inputs(self):
        evaluator = self.evaluator
        if self.start.shape != (evaluator.size,) or not np.isfinite(self.start).all():
            raise Declined(
                "model_contract_violation",
                f"the start must be {evaluator.size} finite numbers, one for each of "
                f"{', '.join(evaluator.names)}; it is {self.start.tolist()}.",
            )
        self._move_start_inside()
        self.scale = rough_scales(evaluator, self.start)
        self.ends = Ends(evaluator, self.start, self.scale, self.rng)
        spread = self.scale * self.rng.standard_normal((4, evaluator.size))
        near = pulled_inside(evaluator, self.start, self.start + spread)
        check_function(evaluator, np.concatenate([self.start[None], near]))
        near = near[: 0 if evaluator.size > MANY else 2]
        check_supplied(evaluator, np.concatenate([self.start[None], near]), self.rng, self.scale)

    def _move_start_inside(self):
        if np.isfinite(self.evaluator.log_density(self.start)):
            return
        points = scattered(self.evaluator, self.start, self.rng)
        values = self.evaluator.log_density(points)
        check_not_infinite(self.evaluator)
        best = int(np.argmax(values))
        if not np.isfinite(values[best]):
            raise Declined(
                "model_contract_violation",
                f"the log density is -inf or NaN at the start "
                f"({places.point(self.evaluator.names, self.start)}) and at {len(points)} points "
                "around it. Give a start inside the support, and check the data and the model.",
                start=self.start.tolist(),
            )
        self.warnings.append(
            f"the log density is not finite at the start "
            f"({places.point(self.evaluator.names, self.start)}); the search began at "
            f"{places.point(self.evaluator.names, points[best])}"
        )
        self.start = points[best]

    def from_start(self):
        for method in (by_newton, by_trust_region, by_simplex):
            attempt = method(self.evaluator, self.start)
            self.attempts.append(attempt)
            proof = self.ends.look_at(attempt)
            if proof.proven:
                return
            if method is by_newton:
                self._stop_if_endless(attempt, proof)

    def _stop_if_endless(self, attempt, proof):
        found = rises_for_ever(
            self.evaluator, attempt, proof, self.start, self.monotone, self.rng, sure=True
        )
        if found is not None:
            raise found

    def from_dispersed(self, n_starts):
        evaluator, best = self.evaluator, self.ends.best()
        n = n_starts
        if evaluator.size > MANY:
            n = min(n_starts, max(FEWEST, n_starts * MANY // evaluator.size))
            self.warnings.append(
                f"{n} dispersed starts instead of {n_starts}, for {evaluator.size} dimensions"
            )
        about_start = n if best is None else n // 4
        starts = dispersed(evaluator, self.start, np.diag(self.scale), about_start, self.rng)
        if best is not None:
            cholesky = best.factored.cholesky
            around = dispersed(evaluator, best.x, cholesky, n - about_start, self.rng)
            starts = np.concatenate([around, starts])
        self.n_starts = starts.shape[0]
        self._follow(starts, "from a dispersed start")

    def _follow(self, starts, method):
        """Climb from the starts (n, d), and prove what ends at a new place."""
        if starts.shape[0] == 0:
            return
        attempts = self._climbed(starts, method, self.ends.best())
        highest = sorted(range(len(attempts)), key=lambda i: -attempts[i].log_density)
        for rank, i in enumerate(highest):
            attempt = attempts[i]
            if attempt.message in where_starts_lead.SAYS:
                if not self._is_new(attempt, rank):
                    continue
                attempt = attempts[i] = self._polished(attempt)
            self._looked(attempt)
        self.attempts += attempts

    def _is_new(self, attempt, rank):
        """Whether Newton's method should go on from the end of the ascent that is so high."""
        proofs = self.ends.proven()
        if proofs:
            return where_starts_lead.is_new(attempt, proofs)
        if not np.isfinite(attempt.log_density):
            return False
        return rank < MOST_UNFINISHED

    def _polished(self, attempt):
        """Go on from where a coarse ascent ended, by Newton's method."""
        best = self.ends.best()
        frame = np.diag(self.scale) if best is None else best.factored.cholesky
        method = f"{attempt.method}, then damped Newton"
        start = attempt.end[None]
        last = many_by_newton(self.evaluator, start, method, frame, LAST_STEPS)[0]
        return last._replace(
            start=attempt.start,
            path=np.concatenate([attempt.path[:-1], last.path]),
            evaluations=attempt.evaluations + last.evaluations,
        )

    def _looked(self, attempt):
        ends, best = self.ends, self.ends.best()
        if not np.isfinite(attempt.log_density) or ends.known(attempt.end[None])[0]:
            return
        higher = best is None or attempt.log_density > best.log_density + HIGHER
        if higher or (attempt.converged and len(ends.looked_at) < MOST_PROOFS):
            ends.look_at(attempt)

    def _climbed(self, starts, method, best):
        evaluator = self.evaluator
        if evaluator.size <= MANY:
            origin = self.start, np.diag(self.scale)
            if best is not None:
                origin = best.x, best.factored.cholesky
            return where_starts_lead.where_they_lead(
                evaluator, starts, method, self.ends.proven(), origin
            )
        if best is None:
            return many_by_newton(evaluator, starts, method, np.diag(self.scale))
        frame = best.factored.cholesky
        if evaluator.has_gradient:
            return many_by_quasi_newton(evaluator, starts, method, best.x, frame)
        return many_by_newton(evaluator, starts, method, frame)

    def settle(self):
        """Decline where the highest point known is no proven mode."""
        if self.ends.settled():
            return
        self._require_defined_at_highest()
        self.ends.require_digits()
        attempt, proof = self.ends.highest()
        if all(attempt is not each for each in self.attempts[:3]):  # not yet tried by every method
            for method in (by_newton, by_trust_region, by_simplex):
                self.attempts.append(method(self.evaluator, proof.x))
                if self.ends.look_at(self.attempts[-1]).proven and self.ends.settled():
                    return
            self.ends.require_digits()
        self._require_defined_at_highest()
        attempt, proof = self.ends.highest()
        check_supplied(self.evaluator, proof.x[None], self.rng)
        attempts = sorted(self.attempts, key=lambda each: -each.log_density)
        attempts = [attempt, *attempts]
        raise diagnose(self.evaluator, attempts, proof, self.start, self.monotone, self.rng)

    def _require_defined_at_highest(self):
        places = [(proof.x, proof.log_density) for _, proof in self.ends.looked_at]
        if places:
            x, top = max(places, key=lambda place: place[1])
            require_defined(self.evaluator, x, top, np.diag(self.scale))

    def look_out(self):
        """Follow up what rays see above the mode or beyond a dip; decline what is improper."""
        require_no_period(self.evaluator, self.ends)
        for _ in range(ROUNDS):
            best = self.ends.best()
            extra = escapes(self.attempts, best)
            seen = decay.look_out(self.evaluator, best.x, best.factored, self.rng, extra)
            self.warnings += floor_or_declined(self.evaluator, seen, best)
            top = np.unravel_index(np.argmax(seen.values), seen.values.shape)
            higher = seen.values[top] > best.log_density + self.ends.margin(best)
            points = np.concatenate([seen.rays.points[top][None][: int(higher)], decay.bumps(seen)])
            self._follow(points[:MOST_BUMPS], "from a rise on a ray")
            self.settle()
            if self.ends.best() is best:
                break
        if higher:
            self.warnings.append(spike_or_declined(self.evaluator, self.ends, seen, top))
        require_digits_between(self.evaluator, self.ends, seen)

    def look_about(self):
        """Climb from what scans about the modes show that these do not explain."""
        if self.evaluator.size > MANY:
            return
        for _ in range(ROUNDS):
            known = self.ends.proven()
            for x in suspects(self.evaluator, known):
                if self.ends.known(x[None])[0]:
                    continue
                attempt = where_starts_lead.where_it_leads(
                    self.evaluator, x, FROM_SCANS, self.ends.proven()
                )
                if where_starts_lead.is_new(attempt, self.ends.proven()):
                    simplex = by_simplex(self.evaluator, attempt.end)
                    cost = attempt.evaluations + simplex.evaluations
                    attempt = simplex._replace(start=x, method=FROM_SCANS, evaluations=cost)
                    if not self.ends.known(attempt.end[None])[0]:
                        self.ends.look_at(attempt)
                self.attempts.append(attempt)
            self.settle()
            if len(self.ends.proven()) == len(known):
                return

    def result(self) -> Mode:
        proof = self.ends.best()
        attempt = next(attempt for attempt, each in self.ends.looked_at if each is proof)
        check_again(self.evaluator, proof.x, proof.log_density)
        check_not_infinite(self.evaluator)
        require_defined(self.evaluator, proof.x, proof.log_density, proof.factored.cholesky)
        scale = 1 / np.sqrt(-np.diag(proof.hessian))
        check_supplied(self.evaluator, self._check_points(proof), self.rng, scale)
        modes = distinct_modes(self.ends.proven())
        self.warnings += remarks(self.evaluator.names, proof, modes)
        spent = self.evaluator.evaluations
        ascent = self._evaluations_to(attempt, proof)
        report = Report(
            newton_decrement=proof.decrement,
            shift_sd=float(np.max(proof.shift)),
            shift_sd_each=proof.shift,
            shift_limit=proof.shift_limit,
            converged=True,
            method=attempt.method,
            n_evaluations=spent,
            evaluations_of_ascent=ascent,
            evaluations_of_search=spent - ascent,
            n_without_density=self.evaluator.n_without_density,
            n_starts=self.n_starts,
            attempts=[each.record() for each in self.attempts],
            path=np.concatenate([attempt.path, proof.x[None]]),
            warnings=self.warnings,
        )
        return Mode(proof.x, proof.log_density, proof.gradient, modes, report)

    def _evaluations_to(self, attempt, proof) -> int:
        """Return what it takes to come to the mode: the ascents from the start until one ends on
        it, or the whole search where none of them does."""
        rows = [i for i, each in enumerate(self.attempts) if each is attempt]
        if not (rows and np.array_equal(attempt.start, self.start)):
            return self.evaluator.evaluations
        return proof.evaluations + sum(each.evaluations for each in self.attempts[: rows[0] + 1])

    def _check_points(self, proof):
        if proof.x.size > MANY:  # dear, and the curvature of the mode is looked at by itself
            return proof.x[None][:0]
        spread = self.rng.standard_normal((2, proof.x.size)) @ proof.factored.cholesky.T
        return np.concatenate(
            [proof.x[None], pulled_inside(self.evaluator, proof.x, proof.x + spread)]
        )
