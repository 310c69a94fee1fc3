"""Where the matrices of a curvature are kept: in its record, or as a table where they are large."""

import numpy as np

MOST_IN_RECORD = 50  # dimensions: 2500 numbers a matrix are still read by people; doubled, 10,000
KEPT = ("hessian", "covariance", "cholesky")
DERIVED = ("correlation", "eigenvectors")  # follow from those, and are not kept in a table
BYTES = 8  # of a double
# in one array of draws: 128 MiB; halved, half as many draws where these are fewer than asked for
MOST_NUMBERS = 2**24
# in a table of draws that is not asked for by a number of draws: 32 MiB; halved, quantiles of
# reference draws in many dimensions are 1.4 times as uncertain
MOST_ON_DISK = 2**22
# d x d matrices, while the curvature is measured: for the record, no result depends on it
HELD_AT_ONCE = 16


def matrix_bytes(d: int) -> int:
    """Return the bytes of the d x d matrices that the step of the curvature holds at once."""
    return HELD_AT_ONCE * BYTES * d * d


def draws_within(wanted: int, d: int, most: int = MOST_NUMBERS) -> int:
    """Return how many of the draws wanted in d dimensions are within the limit: 128 MiB held."""
    return max(1, min(wanted, most // d))


def split(record: dict, d: int) -> tuple[dict, dict]:
    """Return the record of a curvature in d dimensions without its matrices, and their table.

    Up to 50 dimensions the record keeps them all and the table has no rows. Above, the table has a
    row for each entry of the lower triangle, with its `row` and `column` (from 0, in the order of
    the coordinates), the Hessian, the covariance and its lower Cholesky factor. A record without
    matrices (declined) gives no rows.
    """
    if record.get("cholesky") is None:
        return record, _table({}, 0)
    held = {"matrix_bytes": matrix_bytes(d)}
    if d <= MOST_IN_RECORD:
        return record | held | {"matrices_in": "curvature.json"}, _table({}, 0)
    rest = {key: value for key, value in record.items() if key not in (*KEPT, *DERIVED)}
    return rest | held | {"matrices_in": "curvature.parquet"}, _table(record, d)


def _table(matrices: dict, d: int) -> dict:
    row, column = np.tril_indices(d)
    empty = np.zeros((d, d))
    entries = {name: np.asarray(matrices.get(name, empty))[row, column] for name in KEPT}
    return {"row": row, "column": column, **entries}


def lower_triangle(columns: dict, name: str, d: int):
    """Return the lower triangle (d, d) of a matrix from its table; the rest is zero."""
    matrix = np.zeros((d, d))
    matrix[columns["row"], columns["column"]] = columns[name]
    return matrix
