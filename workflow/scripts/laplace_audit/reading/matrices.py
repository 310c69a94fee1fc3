"""The matrices of a curvature of many parameters, from the table that lies beside its record."""

import numpy as np

BESIDE = "curvature.parquet"


def with_matrices(record: dict, columns: dict) -> dict:
    """Return the record of a curvature with the matrices that its table holds.

    The table has the lower triangles of the Hessian, the covariance and its Cholesky factor.
    Correlations and axes, which nothing keeps there, are those of the covariance and of the
    Hessian scaled to unit diagonal.
    """
    d = len(record["coordinates"])
    row, column = (np.asarray(columns[name], dtype=int) for name in ("row", "column"))
    if row.size != d * (d + 1) // 2:
        raise ValueError(f"{row.size} rows for {d} parameters")
    lower = {}
    for name in ("hessian", "covariance", "cholesky"):
        lower[name] = np.zeros((d, d))
        lower[name][row, column] = columns[name]
    hessian, covariance = (m + np.tril(m, -1).T for m in (lower["hessian"], lower["covariance"]))
    sd, scale = np.sqrt(np.diag(covariance)), 1 / np.sqrt(np.diag(-hessian))
    _, axes = np.linalg.eigh(-hessian * np.outer(scale, scale))
    top = axes[np.argmax(np.abs(axes), axis=0), np.arange(d)]
    return record | {
        "hessian": hessian,
        "covariance": covariance,
        "cholesky": lower["cholesky"],
        "correlation": covariance / np.outer(sd, sd),
        "eigenvectors": axes * np.where(top < 0, -1, 1),
    }
