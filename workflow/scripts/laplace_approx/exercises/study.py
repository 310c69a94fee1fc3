"""The cases that the exercises look at, opened, and what an answer consists of."""

from typing import Any, NamedTuple

BIOASSAY, WINDSHIELD = "bioassay", "windshieldy1"
_SPACES = {BIOASSAY: ("natural", "log_beta"), WINDSHIELD: ("log_sigma", "natural", "sigma_squared")}
_BEST_GRID = "certified"


class Skipped(Exception):
    """An exercise that the configured cases do not allow, with the reason in one sentence."""


class ExerciseAnswer(NamedTuple):
    """The numbers of an exercise (plain values), their discussion in Markdown, and a picture."""

    numbers: dict
    text: str
    figure: Any


class Studied(NamedTuple):
    """A case opened: names, posterior and normal, both sides, the draws of both, and its data.

    `laplace` has `posterior`, `mode`, `curvature`, `space` and `normal` (None where declined);
    `side` is its side of the comparison. `exact` has `record`, `cells` and `side`. `draws` maps
    "grid" and "laplace" to columns, `data` holds the columns that the model is bound to.
    """

    model: str
    prior: str
    space: str
    grid: str
    laplace: Any
    side: Any
    exact: Any
    draws: dict[str, dict]
    data: dict

    @property
    def name(self) -> str:
        return f"{self.model}/{self.prior}/{self.space}/{self.grid}"

    @property
    def record(self) -> dict:
        """The frozen posterior as it is on disk."""
        return self.laplace.posterior.record


def cases_of_exercises(cases) -> list:
    """Return those of `cases` (each with model, prior, space and grid) that an exercise looks at.

    One for each model, prior and space: that on the certified grid, or else the first.
    """
    chosen = {}
    for case in cases:
        if case.space in _SPACES.get(case.model, ()):
            key = case[:3]
            if key not in chosen or (case.grid == _BEST_GRID != chosen[key].grid):
                chosen[key] = case
    return list(chosen.values())


class Study:
    """The opened cases, found by name; asking for one that is not there ends the exercise."""

    def __init__(self, studied):
        self.studied = list(studied)

    def priors(self, model: str, space: str) -> list[str]:
        """Return the priors under which a model was fitted in a space."""
        return [each.prior for each in self.studied if (each.model, each.space) == (model, space)]

    def definition(self, model: str, prior: str) -> dict:
        """Return the definition of a prior, as it was frozen with the posterior."""
        records = (
            each.record for each in self.studied if (each.model, each.prior) == (model, prior)
        )
        return next(records)["prior"]["definition"]

    def usable(self, model: str, prior: str, space: str, parameters: tuple[str, ...]) -> Studied:
        """Return a case with both sides, whose parameters are those; raises Skipped."""
        name = f"{model}/{prior}/{space}"
        for case in self.studied:
            if (case.model, case.prior, case.space) == (model, prior, space):
                return _checked(case, name, parameters)
        raise Skipped(f"It looks at {name}, which is not among the cases of this configuration.")


def _checked(case: Studied, name: str, parameters: tuple[str, ...]) -> Studied:
    if case.laplace.normal is None:
        curvature = case.laplace.curvature
        raise Skipped(f"It looks at {name}, which is declined ({curvature['reason']}).")
    if case.exact.cells is None:
        reasons = "; ".join(case.exact.record["reasons"])
        raise Skipped(f"It looks at {name}, which has no exact side: {reasons}")
    if tuple(case.laplace.model.parameters) != parameters:
        raise Skipped(
            f"It is about the parameters {' and '.join(parameters)}, and {name} has "
            f"{', '.join(case.laplace.model.parameters)}."
        )
    return case
