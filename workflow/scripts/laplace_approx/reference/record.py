"""A mixture as plain JSON values."""

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
