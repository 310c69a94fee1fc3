"""The laws of the comparison: the quantiles of both sides and of the draws, and what differs."""

import math
from typing import NamedTuple

import numpy as np

from laplace_audit.laws.mode import relative
from laplace_audit.ledger import Page
from laplace_audit.numerics.sides import ONE_SD, GridSide, NormalSide
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import parquet

CLOSED = 1e-12  # relative to the scale: closed forms
INVERTED = 1e-9  # of a CDF: two ways to invert the same table
REGION = 3e-4  # of a CDF: lines of a lattice, with cubics between its nodes
ERROR = 1e-3  # relative, of an error: a difference of nearly equal numbers is a part of it
SCALE = 2e-3  # relative, of a derived quantity's scale, which rests on two quantiles


class Sides(NamedTuple):
    """Both sides of a case, each None where there is none."""

    target: Target
    normal: NormalSide | None
    exact: GridSide | None


def quantile_laws(page: Page, columns: dict, sides: Sides, draws: dict, probabilities) -> None:
    """Hold the table of quantiles, given by columns, against both sides and the draws.

    `draws` maps "laplace" and "grid" to columns of draws, all seeds one after another.
    """
    target = sides.target
    names = [name for name in target.everything for _ in probabilities]
    page.true("a row for each quantity and probability", columns["quantity"] == names)
    due = np.tile(np.array(probabilities, dtype=float), len(target.everything))
    if not page.true(
        "a row for each quantity and probability", _equal(columns["probability"], due)
    ):
        return
    for name in target.everything:
        rows = np.array([each == name for each in columns["quantity"]])
        block = {
            key: value[rows] for key, value in columns.items() if isinstance(value, np.ndarray)
        }
        block_laws(page, block, name, sides)
        for source, of_source in draws.items():
            _of_draws(page, block, name, source, of_source, target)


def _equal(a, b) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.all(np.asarray(a) == b))


def block_laws(page: Page, block: dict, name: str, sides: Sides) -> None:
    """Hold the rows of one quantity, one a probability, against both sides."""
    p, normal, exact = block["probability"], block["laplace"], block["grid"]
    for values in (normal, exact, block["laplace_draws"], block["grid_draws"]):
        page.true("quantiles increase", _rises(values[np.argsort(p)]))
    arithmetic_laws(page, block)
    scale = block["scale_sd"]
    normal_law(page, name, p, normal, block["laplace_error"], sides, block["laplace_excluded"])
    exact_law(page, name, p, exact, block["grid_error"], scale, sides)
    exact_side = sides.exact
    due = exact_side.excluded(name) if exact_side else math.nan
    limit = excluded_limit(name, exact_side) if exact_side else 0.0
    page.most("excluded mass", relative(block["grid_excluded"], due), limit)


def arithmetic_laws(page: Page, rows: dict) -> None:
    """Hold rows of any quantities, given by columns, each against itself."""
    scale = rows["scale_sd"]
    with np.errstate(invalid="ignore", divide="ignore"):
        off = _off(rows["difference"], rows["laplace"] - rows["grid"], scale)
        page.most("difference follows", off, CLOSED)
        due = rows["difference"] / scale
        page.most("difference follows", relative(rows["difference_sd"], due), CLOSED)
    for side in ("laplace", "grid"):
        page.true("errors are not negative", ~(rows[f"{side}_error"] < 0))


def _rises(values) -> bool:
    known = values[~np.isnan(values)]
    return bool(np.all(np.diff(known) >= 0))


def _off(found, due, scale):
    return relative(found / scale, due / scale)


def normal_law(page: Page, name: str, p, value, error, sides: Sides, excluded=None) -> None:  # noqa: PLR0913
    """Quantiles of the normal: closed forms of a parameter, a measured region of the rest.

    Many arguments: the columns of a table that the law reads.
    """
    side, target = sides.normal, sides.target
    if side is None:
        page.true("nothing is known of what is not there", np.isnan(value))
        return
    if name in target.parameters:
        due = side.quantiles(name, p)
        spread = side.quantiles(name, ONE_SD)
        scale = (spread[1] - spread[0]) / 2
        scale = scale if scale > 0 else 1.0
        with np.errstate(invalid="ignore"):
            page.most("quantiles of the normal", _off(value, due, scale), CLOSED)
    else:
        _region_law(page, "quantiles of the normal", side.region(name), p, value, error)
    if excluded is not None:
        due = side.excluded(name)
        page.most("excluded mass", relative(excluded, due), excluded_limit(name, side))


def excluded_limit(name: str, side) -> float:
    """Return how far the excluded mass of a quantity may be from the one that is due."""
    known = name in side.target.parameters
    return CLOSED if known else CLOSED + side.excluded_error(name, REGION)


def _region_law(page: Page, law: str, region, p, value, error) -> None:
    """Hold P(quantity <= value | condition) against p, give or take twice the stated error.

    At an atom p lies between the CDF before it and there. A value may be missing only where next to
    none of the mass has one: a lattice can miss that.
    """
    if region is None:
        return
    if 1 - region.excluded <= REGION:
        known = ~np.isnan(value)
        p, value, error = p[known], value[known], error[known]
    error = np.where(np.isfinite(error), error, 0.0)  # what is not known excuses nothing
    off = np.abs(region.cdf(value) - p)
    for k in np.flatnonzero(off > REGION):
        below = np.nextafter(value[k] - 2 * error[k], -np.inf)
        low, high = region.cdf([below, value[k] + 2 * error[k]])
        off[k] = max(low - p[k], p[k] - high, 0.0)
    page.most(law, off, REGION)


def exact_law(page: Page, name: str, p, value, error, scale, sides: Sides) -> None:  # noqa: PLR0913
    """Exact quantiles: those of the stored marginal, or of the grid's own region.

    Many arguments: the columns of a table that the law reads.
    """
    side = sides.exact
    if side is None:
        page.true("nothing is known of what is not there", np.isnan(value))
        return
    if name in side.marginals:
        marginal = side.marginals[name]
        page.most("quantiles of the grid", np.abs(marginal.cdf_at(value) - p), INVERTED)
        due = side.error(name, value, p)
        page.most("error of the grid's quantiles", _part(error, due), ERROR)
        page.most("scale of a quantity", relative(scale / side.scale(name), 1.0), 1e-9)
        return
    _region_law(page, "quantiles of the grid", side.region(name), p, value, error)
    rests_on = [np.argmin(np.abs(np.asarray(p) - end)) for end in ONE_SD]  # nearly the same ends
    own = np.asarray(error)[rests_on] / np.asarray(scale)[rests_on]
    limit = SCALE + np.sum(own[np.isfinite(own)])
    page.most("scale of a quantity", _part(scale, side.scale(name)), limit)


def _part(found, due):
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.abs(found - due) / np.maximum(np.abs(due), 1e-300)
    return np.where((found == due) | (np.isnan(found) & np.isnan(due)), 0.0, part)


def _of_draws(page: Page, block: dict, name: str, source: str, draws: dict, target: Target) -> None:
    """Quantiles of draws with their Monte Carlo errors, from the draws themselves."""
    theta = np.stack([draws[p] for p in target.parameters], axis=-1)
    kept = target.kept(name, theta) & ~np.isnan(draws[name])
    share = 1 - np.mean(kept) if kept.size else math.nan
    page.most(
        "excluded share of the draws", relative(block[f"{source}_draws_excluded"], share), 1e-12
    )
    value, error = quantiles_of_draws(draws[name][kept], block["probability"])
    for key, due in ((f"{source}_draws", value), (f"{source}_draws_mcse", error)):
        page.most("quantiles of the draws", relative(block[key], due), 1e-11)


def quantiles_of_draws(x, p):
    """Return the median-unbiased quantiles of draws (Hyndman and Fan's definition 8), and half the
    distance of the order statistics one SD of Beta(np + 1, n(1 - p) + 1) below and above."""
    from scipy.special import ndtr
    from scipy.stats import beta

    n, p = x.size, np.asarray(p, dtype=float)
    nothing = np.full(p.shape, math.nan)
    if n == 0:
        return nothing, nothing
    x = np.sort(x)
    value = np.quantile(x, p, method="median_unbiased")
    below, above = (beta.ppf(q, n * p + 1, n * (1 - p) + 1) for q in (ndtr(-1.0), ndtr(1.0)))
    low = np.clip(np.floor(n * below).astype(int) - 1, 0, n - 1)
    high = np.clip(np.ceil(n * above).astype(int) - 1, 0, n - 1)
    return value, (x[high] - x[low]) / 2 if n > 1 else nothing


RISING = ("laplace", "grid", "laplace_draws", "grid_draws")
NUMBERS = (
    *("probability", *RISING, "scale_sd"),
    *("difference", "difference_sd", "laplace_error", "grid_error"),
)


def shape_laws(page: Page, path) -> None:
    """Hold every row against itself and against the row before it, where both are of one quantity.

    A table lacks a column for which no scenario has a value. Raises Unreadable.
    """
    with parquet(path) as file:
        there = set(file.schema_arrow.names)
        wanted = [name for name in ("scenario", "quantity", *NUMBERS) if name in there]
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=wanted, use_threads=False)
            if table.num_rows:
                _hold(page, table, there)


def _hold(page: Page, table, there: set[str]) -> None:
    nothing = np.full(table.num_rows, np.nan)
    rows = {
        name: np.asarray(table[name].to_numpy()) if name in there else nothing for name in NUMBERS
    }
    next_of_one = _same(table["scenario"]) & _same(table["quantity"])
    page.true("quantiles increase", np.diff(rows["probability"])[next_of_one] > 0)
    for name in RISING:
        rise = np.diff(rows[name])[next_of_one]
        page.true("quantiles increase", ~(rise < 0))
    arithmetic_laws(page, rows)


def _same(column) -> np.ndarray:
    """Return whether each row has the value of the row before it, from the second row on."""
    codes = column.combine_chunks().dictionary_encode().indices
    return np.diff(codes.to_numpy(zero_copy_only=False)) == 0
