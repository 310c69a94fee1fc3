"""The cases that the exercises look at, opened from their artifacts."""

from types import SimpleNamespace

from laplace_approx.comparison.sides import laplace_side
from laplace_approx.exercises.study import Studied
from laplace_files.artifacts.artifacts import read_tables
from laplace_files.cases.grid import open_exact
from laplace_files.cases.laplace import open_laplace

_ONE_EACH = ("posterior", "mode", "curvature", "grid", "mass", "marginals")


def open_cases(cases, inputs) -> list[Studied]:
    """Open `cases`, each (model, prior, space, grid), from lists of artifacts in the same order.

    `inputs.posterior` and its like hold one file a case; `inputs.laplace_draws` and
    `inputs.grid_draws` hold the files of all seeds of the first case, then of the second, ...
    """
    return [_open(case, i, len(cases), inputs) for i, case in enumerate(cases)]


def _open(case, i: int, n_cases: int, inputs) -> Studied:
    files = SimpleNamespace(**{name: getattr(inputs, name)[i] for name in _ONE_EACH})
    laplace = open_laplace(files)
    draws = {}
    for source in ("grid", "laplace"):
        paths = list(getattr(inputs, f"{source}_draws"))
        seeds = len(paths) // n_cases
        draws[source] = read_tables(paths[i * seeds : (i + 1) * seeds])
    return Studied(
        *case,
        laplace=laplace,
        side=laplace_side(laplace.model, laplace.space, laplace.normal),
        exact=open_exact(files, laplace.model),
        draws=draws,
        data=laplace.posterior.data,
    )
