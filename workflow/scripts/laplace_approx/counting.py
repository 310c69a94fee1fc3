"""Densities that count the points at which they were asked for."""

import math
from typing import NamedTuple

import numpy as np

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


class Tally:
    """The points at which a density and its derivatives were evaluated, one each."""

    def __init__(self):
        self.evaluations = 0

    def watch(self, function):
        if function is None:
            return None

        def evaluate(x):
            self.evaluations += math.prod(np.shape(x)[:-1])
            return function(x)

        return evaluate


def tallied(density: Density) -> tuple[Density, Tally]:
    """Return a density that counts its points and is called in whatever batches its user makes."""
    tally = Tally()
    watched = density._replace(
        log_density=tally.watch(density.log_density),
        gradient=tally.watch(density.gradient),
        hessian=tally.watch(density.hessian),
    )
    return watched, tally
