"""What a model of many parameters takes to hold and to evaluate, known before anything is made."""

from laplace_approx.curvature.matrices import matrix_bytes
from laplace_approx.density.model import Model
from laplace_approx.derivatives.directional import LEVELS
from laplace_approx.words.numbers import byte_size

MOST_BYTES = 4 * 2**30  # of matrices, or of draws, in one step
MOST_EVALUATIONS = 2_000_000  # of the log likelihood, for one Hessian from its values
DRAWS_HELD = 4  # copies of a table of draws while it is made: u, z, theta and the columns


def too_large(model: Model, n_draws: int) -> list[str]:
    """Return a sentence for each step of the model that is out of reach: bytes, limit, remedy."""
    d = len(model.parameters)
    columns = d + len(model.quantities) + 2
    matrices, draws = matrix_bytes(d), 8 * DRAWS_HELD * n_draws * columns
    evaluations = LEVELS * d * (d + 1)
    problems = []
    if not matrices <= MOST_BYTES:
        problems.append(
            f"the matrices of {d} parameters are {byte_size(matrices)} while the curvature is "
            f"measured; the limit is {byte_size(MOST_BYTES)}: fix or integrate out some parameters"
        )
    if not draws <= MOST_BYTES:
        problems.append(
            f"{n_draws} draws of {columns} columns are {byte_size(draws)} while they are made; the "
            f"limit is {byte_size(MOST_BYTES)}: lower n_draws, or give the rest other seeds"
        )
    if model.gradient is None and not evaluations <= MOST_EVALUATIONS:
        problems.append(
            f"the Hessian of {d} parameters from values alone takes {evaluations} evaluations; the "
            f"limit is {MOST_EVALUATIONS}: define gradient(theta, data)"
        )
    return problems
