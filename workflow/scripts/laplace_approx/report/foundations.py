"""What is known about the mode, the Hessian, the grid and the distance of the whole densities."""

from typing import NamedTuple

from laplace_approx.report.case import CasePart
from laplace_approx.words.numbers import capital, count, known, listed, mass, number, pair

MOST_PAIRS = 10  # of correlations on the page: the artifact has them all


class Fact(NamedTuple):
    """A line of the page: what is known, its value, and the artifact (kind) that says so."""

    what: str
    value: str
    source: str


def mode_facts(case: CasePart) -> list[Fact]:
    """Return what is known about the mode, in lines."""
    mode = case.mode
    if mode["status"] == "declined":
        return [Fact("Declined", _declined(mode), "mode")]
    facts = [
        ("Method", mode["method"]),
        ("Mode", _named(case.parameters, mode["theta"])),
        ("Log density there", number(mode["log_density"], 6)),
        (
            "Distance from stationary",
            f"{number(mode['shift_sd'], 3)} SD by a last Newton step "
            f"(limit {number(mode['shift_limit'], 3)})",
        ),
        ("Starts", count(mode["n_starts"])),
        ("Evaluations", _evaluations(mode)),
        ("Distinct modes found", count(len(mode["modes"]))),
        *(("Warning", warning) for warning in mode["warnings"]),
    ]
    return [Fact(*fact, "mode") for fact in facts]


def _evaluations(mode: dict) -> str:
    ascent, search = mode["evaluations_of_ascent"], mode["evaluations_of_search"]
    if not search:
        return f"{count(ascent)} of the whole search, without which the mode is not found"
    return (
        f"{count(ascent)} to reach the mode, {count(search)} to search for others and to prove it"
    )


def _declined(record: dict) -> str:
    return f"{_title(_words(record['reason']))}: {record['message']}"


def curvature_facts(case: CasePart) -> list[Fact]:
    """Return what is known about the Hessian and the normal that it gives, in lines."""
    curvature = case.curvature
    if curvature["status"] == "declined":
        if case.mode["status"] == "declined":
            return [Fact("Not measured", "There is no mode to measure it at.", "curvature")]
        return [Fact("Declined", _declined(curvature), "curvature")]
    coordinates = curvature["coordinates"]
    facts = [
        ("Hessian", f"{_words(curvature['hessian_method'])}{_checked(curvature)}"),
        ("SD of the normal", _named(coordinates, curvature["sd"])),
        ("Correlation", _correlations(coordinates, curvature["correlation"])),
        ("Condition number", f"{number(curvature['condition_number'])} (scaled)"),
        ("Log evidence by the normal", number(curvature["log_evidence"], 6)),
        *(("Warning", warning) for warning in curvature["warnings"]),
    ]
    return [Fact(*fact, "curvature") for fact in facts if fact[1]]


def _checked(curvature: dict) -> str:
    if curvature.get("hessian_error") is None:
        return ""
    return f", to within {number(curvature['hessian_error'], 2)} relative to its scale"


def grid_facts(case: CasePart) -> list[Fact]:
    """Return what is known about the exact side, in lines."""
    grid = case.grid
    if grid["status"] != "ok":
        return [Fact("No exact side", "; ".join(grid["reasons"]), "grid")]
    names = case.parameters
    kind = "certified" if grid["certified"] else "not certified"
    points = " × ".join(count(each) for each in grid["points"])
    facts = [
        ("Grid", f"{case.key[3]}, {kind}; {points} points"),
        ("Bounds", listed(f"{name} {pair(grid['bounds'][name])}" for name in names)),
        ("Mass left outside", mass(grid["outside_mass"]["total"])),
        (
            "Error of the quantiles by spacing, in half the 68.3 % interval",
            _discretisation(grid, names),
        ),
        ("Off the nodes", _off_the_nodes(grid)),
        ("Exact mean", _moments(grid, "mean", names)),
        ("Exact SD", _moments(grid, "sd", names)),
        ("Exact skewness", _moments(grid, "skewness", names, 3)),
        ("Correlation", _correlations(names, grid["correlation"])),
        ("Log evidence", known(*_evidence(case), 6)),
        *(("Remark", reason) for reason in grid["reasons"]),
    ]
    return [Fact(*fact, "grid") for fact in facts if fact[1]]


def _moments(grid: dict, moment: str, names, digits: int = 4) -> str:
    """Return a moment of each parameter with the digits that its error leaves it."""
    values, errors = grid[moment], grid[f"{moment}_error"]
    return listed(f"{name} {known(values[name], errors[name], digits)}" for name in names)


def _evidence(case: CasePart) -> tuple[float | None, float | None]:
    """Return the log evidence of the grid and its error, as the verdict has them."""
    said = case.verdict["evidence"]["grid"]
    return said["value"], said["error"]


def _off_the_nodes(grid: dict) -> str:
    return grid["off_the_nodes"]["sentence"] if grid["off_the_nodes"] else ""


def _discretisation(grid: dict, names) -> str:
    of_quantiles = (grid["discretisation_error"] or {}).get("quantiles_sd") or {}
    known = [name for name in names if of_quantiles.get(name) is not None]
    return listed(f"{number(of_quantiles[n], 2)} ({n})" for n in known) if known else ""


def signal_rows(case: CasePart) -> list[dict]:
    """Return the measures of the distance between the densities: value, error, what it means."""
    return [
        {
            "name": _title(_words(name)),
            "value": number(signal["value"], 3),
            "error": number(signal["error"], 1),
            "reason": signal["reason"],
        }
        for name, signal in sorted(case.verdict["joint"].items())
        if "value" in signal
    ]


def signal_meanings(cases: list[CasePart]) -> list[dict]:
    """Return, once for all cases, what every measure means and what it cannot see."""
    found = {}
    for case in cases:
        for name, signal in case.verdict["joint"].items():
            found.setdefault(name, (signal["meaning"], signal["blind_spot"]))
    return [
        {"name": _title(_words(name)), "meaning": meaning, "blind_spot": blind_spot}
        for name, (meaning, blind_spot) in sorted(found.items())
    ]


def _named(names, values, digits: int = 4) -> str:
    pairs = zip(names, values, strict=True)
    return listed(f"{name} {number(value, digits)}" for name, value in pairs)


def _correlations(names, matrix) -> str:
    found = [
        f"{number(matrix[i][j], 3)} ({names[i]}, {names[j]})"
        for i in range(len(names))
        for j in range(i + 1, len(names))
    ]
    return listed(found) if 0 < len(found) <= MOST_PAIRS else ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _title(text: str) -> str:
    return capital(text).replace("Kl ", "KL ", 1)
