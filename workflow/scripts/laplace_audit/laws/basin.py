"""The laws of the basin: a lattice of starts over the grid's box, and Newton's method from each."""

import numpy as np

from laplace_audit.ledger import Page
from laplace_audit.numerics.normal import Normal
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table

POINTS = (25, 51)
REACH = 5.0  # SDs each way of the mean: the box of a certified grid
ITERATIONS, NEAR = 50, 1e-3
SMALL = 1e-4  # step of the differences of prior and Jacobian, in SDs
DISAGREE = 0.02  # share of the starts: at the border of a basin the last digit decides


def basin_laws(page: Page, table: Table, target: Target, normal: Normal | None, grid: dict) -> None:
    """Hold the starts against the grid's record, and where they end against Newton's method."""
    why = table.metadata.get("reason", "")
    page.true("starts or a reason", (table.rows > 0) == (why == ""))
    served = normal is not None and len(target.parameters) == len(POINTS)
    served = served and all(target.names.get(name) for name in ("gradient", "hessian"))
    if not table.rows or not page.true("starts or a reason", served):
        return
    box = _box(grid, target.parameters)
    axes = [np.linspace(*ends, n) for ends, n in zip(box, POINTS, strict=True)]
    due = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    theta = np.stack([table.columns[name] for name in target.parameters], axis=-1)
    if not page.true("a lattice of starts", theta.shape == due.shape):
        return
    page.most("a lattice of starts", np.abs(theta - due) / np.ptp(due, axis=0), 1e-12)
    for name in ("undamped", "damped"):
        page.true("a start finds the mode or does not", np.isin(table.columns[name], (0.0, 1.0)))
    found = newton_finds(target, normal, theta)
    off = np.mean(found != (table.columns["undamped"] == 1))
    page.most("starts from which Newton finds the mode", off, DISAGREE)
    z = normal.space.z(theta)
    with np.errstate(invalid="ignore"):
        near = np.linalg.norm(normal.whitened(np.where(np.isfinite(z), z, 1e300)), axis=1) < 0.25
    page.true("starts from which Newton finds the mode", table.columns["damped"][near] == 1)


def _box(grid: dict, parameters) -> list:
    box = []
    for name in parameters:
        low, high = grid["bounds"][name]
        if grid["kind"] == "certified":
            mean, reach = grid["mean"][name], REACH * grid["sd"][name]
            low, high = max(low, mean - reach), min(high, mean + reach)
        box.append((low, high))
    return box


@np.errstate(all="ignore")
def newton_finds(target: Target, normal: Normal, theta):
    """Return which starts (n, 2) full Newton steps in z bring to the mode within 50 steps.

    The model's own derivatives are taken through the chain rule; those of prior and Jacobian, and
    the two of the transform, are central differences.
    """
    z = normal.space.z(theta)
    step = SMALL * normal.sd
    going = np.isfinite(z).all(axis=1)
    ends = np.where(going[:, None], z, np.nan)
    for _ in range(ITERATIONS):
        rows = np.flatnonzero(np.isfinite(ends).all(axis=1))
        if not rows.size:
            break
        g, H = _derivatives(target, normal.space, ends[rows], step)
        determinant = H[:, 0, 0] * H[:, 1, 1] - H[:, 0, 1] * H[:, 1, 0]
        moved = np.stack(
            [
                H[:, 1, 1] * g[:, 0] - H[:, 0, 1] * g[:, 1],
                H[:, 0, 0] * g[:, 1] - H[:, 1, 0] * g[:, 0],
            ],
            axis=-1,
        )
        ends[rows] -= moved / determinant[:, None]
    with np.errstate(invalid="ignore"):
        away = np.linalg.norm(normal.whitened(np.nan_to_num(ends, nan=1e300)), axis=1)
    return away < NEAR


def _derivatives(target: Target, space, z, step):
    theta = space.theta(z)
    inside = np.isfinite(theta).all(axis=1)
    safe = np.where(
        inside[:, None],
        theta,
        space.theta((space.lower + space.upper) / 2)
        if np.isfinite(space.lower + space.upper).all()
        else 1.0,
    )
    g = np.array(target.names["gradient"](safe, target.given), dtype=float)
    H = np.array(target.names["hessian"](safe, target.given), dtype=float)
    slope = np.stack(
        [
            np.exp(c.log_slope(z[:, i])) * (-1 if c.falls else 1)
            for i, c in enumerate(space.coordinates)
        ],
        axis=-1,
    )
    bend = slope * _differences(
        lambda x: np.stack(
            [c.log_slope(x[:, i]) for i, c in enumerate(space.coordinates)], axis=-1
        ),
        z,
        step,
    )

    def rest(x):
        return target.prior.log_density(space.theta(x)) + space.log_jacobian(x)

    matrix = slope[:, :, None] * H * slope[:, None, :]
    slopes = g * slope
    base, eye = rest(z), np.eye(2) * step
    for i in range(2):
        up, down = rest(z + eye[i]), rest(z - eye[i])
        slopes[:, i] += (up - down) / (2 * step[i])
        matrix[:, i, i] += g[:, i] * bend[:, i] + (up - 2 * base + down) / step[i] ** 2
    both = [rest(z + s * eye[0] + t * eye[1]) * s * t for s in (1, -1) for t in (1, -1)]
    cross = sum(both) / (4 * step[0] * step[1])
    matrix[:, 0, 1] += cross
    matrix[:, 1, 0] += cross
    slopes[~inside] = np.nan
    return slopes, matrix


def _differences(function, z, step):
    return (function(z + step) - function(z - step)) / (2 * step)
