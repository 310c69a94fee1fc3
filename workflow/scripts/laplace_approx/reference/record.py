"""A mixture as plain JSON values, and read back from them."""

import numpy as np

from laplace_approx.reference.student import StudentMixture


def mixture_record(mixture: StudentMixture) -> dict:
    """Return weights, means, df and the lower triangles of the factors, row by row."""
    rows, columns = np.tril_indices(mixture.size)
    return {
        "weights": mixture.weights.tolist(),
        "means": mixture.means.tolist(),
        "factors": mixture.factors[:, rows, columns].tolist(),
        "df": mixture.df.tolist(),
    }


def mixture_from(record: dict) -> StudentMixture:
    """Return the mixture that `mixture_record` described."""
    means = np.array(record["means"])
    count, d = means.shape
    factors = np.zeros((count, d, d))
    rows, columns = np.tril_indices(d)
    factors[:, rows, columns] = record["factors"]
    return StudentMixture(np.array(record["weights"]), means, factors, np.array(record["df"]))
