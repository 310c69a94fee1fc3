"""The laws of a grid: its nodes, densities and masses, and the numbers that follow from them."""

import math

import numpy as np

from laplace_audit.laws.costs import COUNTS, grid_cost_laws
from laplace_audit.laws.mode import SUM, relative
from laplace_audit.ledger import Page
from laplace_audit.numerics.lattice import Lattice
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table

EVERY = 2**15  # nodes up to which the density is recomputed at every one
SAMPLE = 2**12  # nodes that are recomputed beyond
MASS = 1e-11  # relative, of a node's mass: rounding of a log density and of a sum
EXPONENT = 1e3  # of a distance from an end of the support, at the most
OPEN_END = 0.02  # of a log density: how well a limit at the end of the support is known
MOMENT = 1e-5  # of a certified grid, in SDs: its moments come from lattices of their own
NEGLIGIBLE = 1e-8  # mass on an edge, or beyond, of a grid that is called certified
UNRESOLVED = 0.01  # of a probability: a lattice that is off by more serves no certified grid
MISSED = 1e-6  # of the mass, by what is seen off the nodes of a certified grid
ROUGH = 1e-5  # of the density there, in the mean
UNKNOWN = (
    *("bounds", "points", "log_evidence", "mean", "sd", "skewness", "correlation", "lattice"),
    *("n_evaluations", *COUNTS),
)


def grid_laws(page: Page, record: dict, definition: dict, target: Target) -> Lattice | None:
    """Hold the record of a grid against its definition, and its parts against each other."""
    page.same("grid is as configured", record["definition"], definition)
    page.same("parameters", record["parameters"], list(target.parameters))
    page.true(
        "a grid that is not certified says why", record["certified"] == (not record["reasons"])
    )
    if record["status"] != "ok":
        unknown = UNKNOWN if record["status"] == "absent" else ("log_evidence",)
        page.true("no grid, no numbers", [record[key] is None for key in unknown])
        return None
    grid_cost_laws(page, record)
    lattice = Lattice(record["lattice"])
    page.same("lattice has the points", record["points"], list(lattice.points))
    page.most("lattice has the points", relative(record["lattice"]["spacing"], lattice.step), SUM)
    ends = np.array(lattice.support), np.array([target.lower, target.upper])
    page.true("support of the grid", np.array_equal(*ends))
    page.same("kind of the grid", record["kind"], "named" if definition else "certified")
    if definition:
        _named(page, record, definition, lattice)
    _edges(page, record)
    _moment_errors(page, record)
    _withheld(page, record)
    _off_the_nodes(page, record)
    return lattice


def _withheld(page: Page, record: dict) -> None:
    """What is not stated is said to be withheld, by the name of its parameter."""
    due = [
        name
        for name in record["parameters"]
        if any(record[moment][name] is None for moment in ("mean", "sd", "skewness"))
    ]
    said = [name for name in due if any(f"of {name}:" in each for each in record["withheld"])]
    page.same("moments withheld are named", (said, len(record["withheld"])), (due, len(due)))


def _named(page: Page, record: dict, definition: dict, lattice: Lattice) -> None:
    axes = [definition[name] for name in lattice.parameters]
    due = [[float(a["lower"]), float(a["upper"])] for a in axes]
    page.same("bounds are as configured", [record["bounds"][p] for p in lattice.parameters], due)
    page.same("bounds are as configured", record["points"], [a["points"] for a in axes])
    box = np.array_equal(lattice.shear, np.eye(len(axes))) and not np.any(lattice.origin)
    page.true(
        "bounds are as configured",
        [
            box,
            *(
                a == b
                for a, b in zip(
                    zip(lattice.lower, lattice.upper, strict=True), map(tuple, due), strict=True
                )
            ),
        ],
    )


def _edges(page: Page, record: dict) -> None:
    edges = [x for ends in record["edge_mass"].values() for x in ends.values()]
    outside = {k: v for k, v in record["outside_mass"].items() if k != "total"}
    parts = [x for ends in outside.values() for x in ends.values()]
    total = record["outside_mass"]["total"]
    page.true(
        "masses lie between 0 and 1", [0 <= x <= 1 for x in (*edges, *parts) if x is not None]
    )
    if total is not None and None not in parts:
        page.most("mass outside adds up", abs(total - sum(parts)), 1e-15 + 1e-12 * abs(total))
    else:
        page.true("mass outside adds up", total is None and None in parts)
    if record["certified"] and record["lattice_error"] is not None:
        off = [record["lattice_error"][key] for key in ("log_evidence", "probability")]
        off = [math.nan if x is None else x for x in off]
        page.most("certified grid misses nothing", off, UNRESOLVED)
    if record["certified"]:
        limit = NEGLIGIBLE * len(parts)
        page.most("certified grid misses nothing", total if total is not None else math.nan, limit)
        error = record["discretisation_error"]
        costs = [error["log_evidence"], *error["quantiles_sd"].values()]
        page.most(
            "certified grid misses nothing", [math.nan if x is None else x for x in costs], 1e-6
        )


def _moment_errors(page: Page, record: dict) -> None:
    for moment in ("mean", "sd", "skewness", "correlation"):
        values, errors = (_flat(record[key]) for key in (moment, f"{moment}_error"))
        page.true(
            "errors of the moments",
            [e is None or (x is not None and e >= 0) for x, e in zip(values, errors, strict=True)],
        )


def _flat(values) -> list:
    return list(values.values()) if isinstance(values, dict) else [x for row in values for x in row]


def _off_the_nodes(page: Page, record: dict) -> None:
    """Hold what was seen off the nodes, and the verdict on it, against each other."""
    seen = record["off_the_nodes"]
    if seen is not None and seen["places"] is None:  # as a sweep keeps it
        seen = None
    page.same("who looked off the nodes", seen is not None, record["kind"] == "certified")
    if seen is None:
        return
    widths = [seen["seen_width"][name] for name in record["parameters"]]
    page.true("who looked off the nodes", [seen["places"] > 0, *(x > 0 for x in widths)])
    if record["certified"]:
        off = [seen["missed"], seen["invented"]]
        page.most("certified grid misses nothing", off, MISSED)
        page.most("certified grid misses nothing", seen["roughness"], ROUGH)


def cell_laws(page: Page, table: Table, lattice: Lattice, target: Target, record: dict) -> None:
    """Hold every cell against its place, its density and its mass."""
    if not page.true("count of cells", table.rows == lattice.size, f"{table.rows} rows"):
        return
    theta = np.stack([table.columns[name] for name in lattice.parameters], axis=-1)
    scale = np.abs(lattice.theta) + np.ptp(lattice.theta, axis=0) / np.array(lattice.points)
    page.most("nodes follow from the lattice", _apart(theta, lattice.theta) / scale, 1e-12)
    log_density, mass = table.columns["log_density"], table.columns["mass"]
    _densities(page, log_density, theta, lattice, target)
    page.most("mass sums to one", abs(math.fsum(mass) - 1), 1e-12)
    page.true("masses lie between 0 and 1", (mass >= 0) & (mass <= 1))
    due = log_density + lattice.log_volume
    due = np.exp(due - np.max(due))
    due /= math.fsum(due)
    page.most("mass is proportional to the density", np.abs(mass - due) / (due + 1e-290), MASS)


def number_laws(page: Page, record: dict, table: Table, lattice: Lattice) -> None:
    """Hold the numbers of a grid's record against its cells."""
    theta = np.stack([table.columns[name] for name in lattice.parameters], axis=-1)
    log_density, mass = table.columns["log_density"], table.columns["mass"]
    _moments(page, theta, mass, lattice, record)
    _evidence(page, log_density, lattice, record)
    if record["kind"] == "named":
        _edge_layers(page, mass, lattice, record)


def _apart(found, due):
    with np.errstate(invalid="ignore"):
        return np.where(found == due, 0.0, np.abs(found - due))


def _densities(page, log_density, theta, lattice, target) -> None:
    n = lattice.size
    rows = np.arange(n)
    if n > EVERY:
        corners = np.ravel_multi_index(
            np.array(np.meshgrid(*([0, p - 1] for p in lattice.points))).reshape(
                len(lattice.points), -1
            ),
            lattice.points,
        )
        heavy = np.argsort(-log_density)[: SAMPLE // 4]
        chosen = np.random.default_rng(n).choice(n, SAMPLE, replace=False)
        rows = np.unique([*corners, *heavy, *chosen])
    share = _rounding(theta[rows], lattice)
    rows, share = rows[share < 1], share[share < 1]
    inside = np.all((theta[rows] > target.lower) & (theta[rows] < target.upper), axis=1)
    due = target.log_density(theta[rows])
    due = np.where(due == np.inf, -np.inf, due)  # at a point, which holds no mass
    found = log_density[rows]
    off = relative(found[inside], due[inside]) / (1 + EXPONENT * share[inside] / SUM)
    page.most("log density at the nodes", off, SUM)
    _open_ends(page, found[~inside], theta[rows][~inside], lattice, target)


def _rounding(theta, lattice):
    """Return what part of the distance of each node (n,) from an end of the support its last digit
    is, 1 where it is rounded to an end; 0 for a parameter that is not transformed."""
    share = np.zeros(len(theta))
    for k, coordinate in enumerate(lattice.coordinates):
        for end in (lattice.support[0][k], lattice.support[1][k]):
            if coordinate.kind == "identity" or not math.isfinite(end):
                continue
            gap = np.abs(theta[:, k] - end)
            with np.errstate(divide="ignore", invalid="ignore"):
                part = np.where(gap > 0, np.spacing(abs(end)) / gap, 1.0)
            share = np.maximum(share, part)
    return np.minimum(share, 1.0)


def _open_ends(page, found, theta, lattice, target) -> None:
    """A node outside the support has no density, unless it is on the end of an open support: there
    it takes the limit of the density, if there is one."""
    if not found.size:
        return
    inward = np.where(theta <= target.lower, 1e-6, np.where(theta >= target.upper, -1e-6, 0.0))
    edge = np.all((theta >= target.lower) & (theta <= target.upper), axis=1)
    near = target.log_density(theta + inward * lattice.step)
    held = found == -np.inf
    with np.errstate(invalid="ignore"):
        held |= edge & (np.abs(found - near) < OPEN_END)
    page.true("no density outside the support", held)


def _moments(page, theta, mass, lattice, record) -> None:
    """Mean, SD, skewness and correlation as sums over all cells."""
    held = mass > 0
    x, m = theta[held], mass[held]
    mean = m @ x
    away = x - mean
    covariance = away.T @ (away * m[:, None])
    sd = np.sqrt(np.diag(covariance))
    certified = record["kind"] == "certified"
    limit = MOMENT if certified else 1e-9
    named = {
        "mean": mean,
        "sd": sd,
        "skewness": (m @ away**3) / sd**3,
    }
    for key, due in named.items():
        found = _known(record[key], lattice.parameters)
        unit = 1.0 if key == "skewness" else sd
        known = ~np.isnan(found)
        # a far tail weighs more in the third moment: there a certified grid is on its own lattice
        most = limit * (100 if key == "skewness" and certified else 1)
        page.most("moments follow from the mass", (np.abs(found - due) / unit)[known], most)
    correlation = np.array(record["correlation"], dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        due = covariance / np.outer(sd, sd)
    known = ~np.isnan(correlation)
    page.most("correlation follows from the mass", np.abs(correlation - due)[known], 1e-9)


def _known(values: dict, names):
    return np.array([np.nan if values[n] is None else values[n] for n in names], dtype=float)


def _evidence(page, log_density, lattice, record) -> None:
    """log of the sum of weights times density: the trapezoid rule over the whole lattice."""
    terms = log_density + lattice.log_volume + np.log(lattice.trapezoid)
    top = np.max(terms)
    due = top + math.log(math.fsum(np.exp(terms - top)))
    found = record["log_evidence"]
    limit = 1e-11 * max(1.0, abs(due))
    if record["kind"] == "certified":
        limit = 1e-6 + (record["discretisation_error"]["log_evidence"] or 0.0)
        limit += record["lattice_error"]["log_evidence"] or 0.0
    page.most("log evidence of the grid", abs(found - due) if found is not None else 0.0, limit)


def _edge_layers(page, mass, lattice, record) -> None:
    cube = mass.reshape(lattice.points)
    for k, name in enumerate(lattice.parameters):
        layers = cube.sum(axis=tuple(j for j in range(cube.ndim) if j != k))
        stored = record["edge_mass"][name]
        page.most("edge mass", abs(stored["lower"] - layers[0]), 1e-13)
        page.most("edge mass", abs(stored["upper"] - layers[-1]), 1e-13)
