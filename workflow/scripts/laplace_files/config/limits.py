"""What a configuration may ask for at the most, and the bounds of grids."""

import math

from laplace_approx.words.numbers import byte_size
from laplace_files.config.lists import KINDS, listed
from laplace_files.config.schema import shown

MAX_CELLS = 50_000_000
MAX_DRAW_FILES = 10_000
BYTES = 8  # of a number


def check_number_of_files(config: dict) -> list[str]:
    """Refuse more files of draws than a folder serves."""
    cases = sum(
        math.prod(len(listed(block[kind])) for kind in ("model", *KINDS))
        for block in config["cases"]
    )
    seeds = sum(len(listed(values)) for values in config["seeds"].values())
    if cases * seeds <= MAX_DRAW_FILES:
        return []
    count = f"{cases} cases with {seeds} seeds are {cases * seeds} files of draws"
    return [f"cases: {count}; at most {MAX_DRAW_FILES}: take fewer names or fewer seeds"]


def check_grids(config: dict) -> list[str]:
    """Refuse bounds that are none, and boxes of more cells than can be held."""
    problems = []
    for model, definition in config["models"].items():
        for grid, axes in definition["grids"].items():
            where = f"models.{model}.grids.{grid}"
            problems.extend(_bad_bounds(where, axes))
            problems.extend(_too_many_cells(where, axes))
    return problems


def _bad_bounds(where: str, axes: dict) -> list[str]:
    problems = []
    for name, axis in axes.items():
        lower, upper = float(axis["lower"]), float(axis["upper"])
        step = (upper - lower) / max(axis["points"] - 1, 1)
        if not lower < upper:
            problem = f"lower {shown(axis['lower'])} is not below upper {shown(axis['upper'])}"
        elif not step < math.inf:
            problem = "upper - lower is beyond the range of numbers"
        elif not step > 4 * math.ulp(max(abs(lower), abs(upper))):
            problem = f"{axis['points']} points from {lower} to {upper} are closer than numbers are"
        else:
            continue
        problems.append(f"{where}.{name}: {problem}")
    return problems


def _too_many_cells(where: str, axes: dict) -> list[str]:
    points = [axis["points"] for axis in axes.values()]
    cells = math.prod(points)
    if cells <= MAX_CELLS:
        return []
    # One row a cell: the parameters, the log density and the mass.
    size = byte_size(cells * BYTES * (len(points) + 2))
    product_text = " x ".join(map(str, points))
    return [
        f"{where}: {product_text} = {cells} cells, {size} to hold; at most {MAX_CELLS} cells: "
        "take fewer points"
    ]
