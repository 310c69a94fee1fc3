"""A density under watch: called in small batches, every point counted, odd values kept out."""

import math
from typing import NamedTuple

import numpy as np

from laplace_approx.density.density import Density
from laplace_approx.density.edges import wrapped
from laplace_approx.density.support import Support, total
from laplace_approx.errors import Declined
from laplace_approx.numerics.batched import MANY

MOST_POINTS = 512  # in one call: with 10^5 rows of data that is 400 MB, not 40 GB
FEW_POINTS = 128  # above 50 dimensions: they fill the processor as well
MOST_NUMBERS = 2_000_000  # in one answer of the Hessian
# coordinates of places without density that are kept: doubled, 2 MiB more, and more of those far
# from the mode
MOST_KEPT = 2**18


class Evaluator:
    """Calls a `Density` for the search of the mode and the measure of its curvature.

    `log_density`, `gradient` and `hessian` take x (..., d) and return floats (...), (..., d) and
    (..., d, d). NaN and +inf of the log density are returned as -inf. Counted are the points
    asked for (`n_evaluations` for the log density, `n_derivatives` for the rest), those inside
    the bounds that had no density (`n_without_density`), and the first point at which it was +inf
    (`infinite_at`). Where the density can tell a NaN of the model from a density of 0, the first
    points without density are kept for that (`without_density`, (n, d)). Far out a model overflows:
    the caller has NumPy's warnings silenced.
    """

    def __init__(self, density: Density):
        self.density = density
        self.names = tuple(density.names)
        self.size = len(self.names)
        self.lower = np.broadcast_to(np.asarray(density.lower, dtype=float), (self.size,))
        self.upper = np.broadcast_to(np.asarray(density.upper, dtype=float), (self.size,))
        self.support = Support(self.lower, self.upper)
        self.has_gradient = density.gradient is not None
        self.has_hessian = self.has_gradient and density.hessian is not None
        self.n_evaluations = 0
        self.n_derivatives = 0
        self.n_without_density = 0
        self.infinite_at = None
        self._kept = []
        self._last_hessian = None, None  # at the last single point: several checks look there

    @property
    def evaluations(self) -> int:
        """The points asked for so far: a value, a gradient and a Hessian count one each."""
        return self.n_evaluations + self.n_derivatives

    def log_density(self, x):
        """Return the log density at x (..., d) as (...), -inf where it is NaN or +inf."""
        x = np.asarray(x, dtype=float)
        values = self._in_batches(self.density.log_density, x, (), MOST_POINTS)
        self.n_evaluations += values.size
        if math.isfinite(total(values)):  # then every one of them is
            return values
        self._note(x, values)
        return np.where(np.isfinite(values), values, -np.inf)

    def far(self, x):
        """Return the log density as `log_density` does, counting no odd values.

        For sweeps that go on purpose to where the arithmetic or the support ends.
        """
        x = np.asarray(x, dtype=float)
        values = self._in_batches(self.density.log_density, x, (), MOST_POINTS)
        self.n_evaluations += values.size
        if math.isfinite(total(values)):
            return values
        self._keep(x, ~np.isfinite(values) & self.inside(x))
        return np.where(np.isfinite(values), values, -np.inf)

    def undefined(self, x):
        """Return whether the model gives NaN at x (..., d), inside its support, as (...)."""
        x = np.asarray(x, dtype=float)
        self.n_evaluations += x.size // self.size
        return self.density.undefined(x)

    @property
    def without_density(self):
        """The first points inside the bounds that had no density, (n, d)."""
        return np.concatenate([np.empty((0, self.size)), *self._kept])

    def gradient(self, x):
        """Return the analytic gradient at x (..., d), of the same shape; NaN off the bounds."""
        x = np.asarray(x, dtype=float)
        values = self._in_batches(self.density.gradient, x, (self.size,), MOST_POINTS)
        self.n_derivatives += values.size // self.size
        if self.support.holds(x):
            return values
        return np.where(self.inside(x)[..., None], values, np.nan)

    def hessian(self, x):
        """Return the analytic Hessian at x (..., d), made symmetric, as (..., d, d)."""
        x = np.asarray(x, dtype=float)
        tail = (self.size, self.size)
        if x.size == self.size and self._last_hessian[0] == x.tobytes():
            return self._last_hessian[1].reshape(*x.shape[:-1], *tail)
        batch = max(1, MOST_NUMBERS // self.size**2)
        values = self._in_batches(self.density.hessian, x, tail, min(batch, MOST_POINTS))
        self.n_derivatives += values.size // self.size**2
        values = 0.5 * (values + np.swapaxes(values, -1, -2))
        if x.size == self.size:
            values.flags.writeable = False
            self._last_hessian = x.tobytes(), values
        return values

    def inside(self, x):
        """Return whether x (..., d) lies strictly within the bounds, as (...)."""
        return self.support.inside(x)

    def _in_batches(self, function, x, tail, most):
        # a product of matrices is made once for all rows of two axes, and anew for each of more
        stacked = self.size > MANY and x.ndim > 2 and x.shape[0] > 1
        if not stacked and (x.ndim == 1 or x.size <= most * self.size):
            return self._called(function, x, tail)
        flat = x.reshape(-1, self.size)
        if self.size > MANY:
            most = min(most, FEW_POINTS)
        parts = [
            self._called(function, flat[i : i + most], tail) for i in range(0, flat.shape[0], most)
        ]
        return np.concatenate(parts).reshape(*x.shape[:-1], *tail)

    def _called(self, function, x, tail):
        values = np.asarray(function(x))
        expected = x.shape[:-1] + tail
        if values.shape == expected and values.dtype == float:
            return values
        if values.shape != expected or values.dtype.kind not in "fiu":
            raise Declined(
                "model_contract_violation",
                f"the density returned {values.dtype} of shape {values.shape} for points of shape "
                f"{x.shape}; it must return real numbers of shape {expected}, one for each point. "
                "Write it for theta of shape (..., d), with theta[..., 0] for the first parameter.",
                expected_shape=list(expected),
                returned_shape=list(values.shape),
                returned_type=str(values.dtype),
            )
        return values.astype(float, copy=False)

    def _note(self, x, values):
        empty = ~np.isfinite(values) & self.inside(x)
        self.n_without_density += int(np.sum(empty))
        self._keep(x, empty)
        if self.infinite_at is None and np.any(values == np.inf):
            self.infinite_at = x.reshape(-1, self.size)[np.argmax(values.ravel() == np.inf)].copy()

    def _keep(self, x, empty):
        room = MOST_KEPT // self.size - sum(map(len, self._kept))
        if self.density.undefined is not None and room > 0 and np.any(empty):
            self._kept.append(x[empty][:room])


class Counter(NamedTuple):
    """The points evaluated so far: a value, a gradient and a Hessian count one each."""

    evaluator: Evaluator

    @property
    def evaluations(self) -> int:
        return self.evaluator.evaluations


def counted(density: Density) -> tuple[Density, Counter]:
    """Return a density that computes what `density` does, in batches, and its counter.

    A gradient or a Hessian counts as one evaluation a point, as a value does: where the model
    gives none, the differences that stand in for them are counted value by value.
    """
    evaluator = Evaluator(density)
    watched = density._replace(
        log_density=evaluator.log_density,
        gradient=None if density.gradient is None else evaluator.gradient,
        hessian=None if density.hessian is None else evaluator.hessian,
    )
    return watched, Counter(evaluator)


class Tally:
    """The points at which a density and its derivatives were evaluated, or asked for a NaN, one
    each."""

    def __init__(self):
        self.evaluations = 0

    def watch(self, function):
        if function is None:
            return None

        def wrap(inner):
            def evaluate(x, *gaps):
                self.evaluations += math.prod(np.shape(x)[:-1])
                return inner(x, *gaps)

            return evaluate

        return wrapped(function, wrap)


def tallied(density: Density) -> tuple[Density, Tally]:
    """Return a density that counts its points and is called in whatever batches its user makes."""
    tally = Tally()
    watched = density._replace(
        log_density=tally.watch(density.log_density),
        gradient=tally.watch(density.gradient),
        hessian=tally.watch(density.hessian),
        undefined=tally.watch(density.undefined),
    )
    return watched, tally
