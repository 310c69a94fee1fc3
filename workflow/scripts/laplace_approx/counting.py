"""A density called in small batches that counts the points at which it was asked for."""

from typing import NamedTuple

from laplace_approx.density import Density
from laplace_approx.evaluation import Evaluator


class Counter(NamedTuple):
    """The points evaluated so far: a value, a gradient and a Hessian count one each."""

    evaluator: Evaluator

    @property
    def evaluations(self) -> int:
        return self.evaluator.n_evaluations + self.evaluator.n_derivatives


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
