"""Linear algebra of many small matrices at once, in element by element arithmetic.

A library routine is called for each matrix by itself, which takes far longer than the few products
of a 2 x 2 system. Here a step is done for all matrices together. The arithmetic of one does not
depend on the others, nor on how many there are, so neither does its result, to the last bit.
"""

import numpy as np

SMALL = 8  # dimensions up to which this is done; above, LAPACK on one matrix after the other


def dot(a, b):
    """Return the sums of a b over the last axis, term by term from the first; a and b broadcast."""
    d = a.shape[-1]
    if d > SMALL:
        return np.sum(np.ascontiguousarray(a * b), axis=-1)
    total = a[..., 0] * b[..., 0]
    for i in range(1, d):
        total += a[..., i] * b[..., i]
    return total


def solved_by_cholesky(matrix, right):
    """Return x (d, k) with matrix x = right, and where the matrices are positive definite, (k,).

    The k symmetric matrices are (d, d, k), of which the lower triangle is read; right is (d, k).
    With matrix = L L', L z = right and L' x = z (Golub and Van Loan 2013, Matrix Computations,
    section 4.2). Where a matrix is not positive definite, x is not to be used, and the caller has
    NumPy's warnings of it silenced.
    """
    d = len(matrix)
    if d > SMALL:
        x, definite = _by_lapack(np.moveaxis(matrix, -1, 0), right.T)
        return np.ascontiguousarray(x.T), definite
    lower = [[None] * d for _ in range(d)]
    definite = np.ones(matrix.shape[-1], dtype=bool)
    for j in range(d):
        pivot = matrix[j, j].copy()
        for m in range(j):
            pivot -= lower[j][m] * lower[j][m]
        definite &= pivot > 0
        lower[j][j] = np.sqrt(pivot)
        for i in range(j + 1, d):
            below = matrix[i, j].copy()
            for m in range(j):
                below -= lower[i][m] * lower[j][m]
            lower[i][j] = below / lower[j][j]
    return _substituted(lower, right), definite


def _substituted(lower, right):
    """Return x (d, k) with L L' x = right (d, k)."""
    d, x = len(lower), right.copy()
    for i in range(d):
        for m in range(i):
            x[i] -= lower[i][m] * x[m]
        x[i] /= lower[i][i]
    for i in reversed(range(d)):
        for m in range(i + 1, d):
            x[i] -= lower[m][i] * x[m]
        x[i] /= lower[i][i]
    return x


def _by_lapack(matrix, right):
    """The same for matrices (k, d, d) and right (k, d), x (k, d)."""
    k = len(matrix)
    try:
        return _solved(matrix, right, np.linalg.cholesky(matrix)), np.ones(k, dtype=bool)
    except np.linalg.LinAlgError:
        if k == 1:
            return np.full(right.shape, np.nan), np.zeros(1, dtype=bool)
    halves = np.array_split(np.arange(k), 2)
    parts = [_by_lapack(matrix[half], right[half]) for half in halves]
    return tuple(np.concatenate(pair) for pair in zip(*parts, strict=True))


def _solved(matrix, right, cholesky):
    """Return matrix^-1 right (k, d), by the factor where a second one would cost more than an
    import."""
    if right.shape[1] <= MANY:
        return np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
    from scipy.linalg import cho_solve

    pairs = zip(cholesky, right, strict=True)
    return np.stack([cho_solve((lower, True), g, check_finite=False) for lower, g in pairs])


MANY = 50  # dimensions


LARGEST = 2**24  # bytes: of the arrays that are kept, and at most twice as much is held back


def keep_small_arrays() -> None:
    """Free one large array that was never touched, and so never took any memory."""
    np.empty(LARGEST, dtype=np.uint8)
