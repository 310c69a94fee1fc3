"""The laws of a verdict: errors, coverage, class and remedy follow from what they rest on."""

import math

import numpy as np

from laplace_audit.laws.evidence import evidence_laws
from laplace_audit.laws.mode import relative
from laplace_audit.laws.quantiles import REGION, Sides, excluded_limit
from laplace_audit.ledger import Page
from laplace_audit.numerics.chains import ChainDraws

LEVELS = {"50": 0.5, "80": 0.8, "90": 0.9, "95": 0.95, "99": 0.99}
JUDGED = ("50", "95")
ORDER = ("fine", "fine_for_50", "remedy", "sample", "declined")
CLASSES = ((1e-8, "exact"), (0.05, "good"), (0.15, "fair"), (0.30, "poor"), (math.inf, "bad"))
HEAVIER, NOTABLE = 100.0, 6e-4  # modes outside the grid, so much heavier than they are said to be,
# count from this share of the mass on
SAME = 1e-12
HIGHER = 1e-6  # in log density, from which a mode is higher than another
CHAINS = ("brought_draws", "nuts")
PAIRS, ENDS = 1e-3, (0.025, 0.25, 0.75, 0.975)  # of sides that are right are said to disagree


class Rows:
    """A table of remedies by (method, quantity, probability)."""

    def __init__(self, columns: dict):
        self.columns = columns
        keys = zip(columns["method"], columns["quantity"], columns["probability"], strict=True)
        self.at = {(m, q, round(float(p), 9)): row for row, (m, q, p) in enumerate(keys)}
        self.methods = list(dict.fromkeys(columns["method"]))

    def get(self, column: str, method: str, quantity: str, p: float):
        return self.columns[column][self.at[method, quantity, round(p, 9)]]

    def ends(self, column: str, method: str, quantity: str, level: str):
        tail = (1 - LEVELS[level]) / 2
        return np.array(
            [self.get(column, method, quantity, p) for p in (tail, 1 - tail)], dtype=float
        )

    def error(self, method: str, quantity: str, level: str) -> tuple[float, float]:
        """Return (larger error of the ends, its own uncertainty), both in exact SDs."""
        scale = self.ends("scale_sd", method, quantity, level)
        by_draws = np.any(self.ends("scale_error", method, quantity, level) > 0)
        times = 2.0 if by_draws else 1.0  # two standard errors
        own = times * self.ends("exact_error", method, quantity, level) / scale
        if method not in ("grid", "adapted_draws", *CHAINS):
            own = own + self.ends("numerical_error", method, quantity, level) / scale
        off = np.abs(self.ends("error_sd", method, quantity, level))
        doubt = times * self.ends("scale_error", method, quantity, level) / scale
        own = own + np.where(doubt == 0, 0.0, off) * doubt
        return float(np.max(off)), float(np.max(own))


def verdict_laws(page: Page, record: dict, inputs: dict, sides: Sides, tolerance: float) -> None:
    """Hold a verdict against its inputs: `mode`, `curvature`, `grid`, `found` (the record of the
    remedies), `columns` (their table), `reference`, and `chains`, the (columns, record) of each."""
    page.same("tolerance is as configured", record["tolerance"], tolerance)
    rows = Rows(inputs["columns"])
    page.same(
        "a verdict for each quantity", sorted(record["quantities"]), sorted(sides.target.everything)
    )
    for key in ("status", "reason", "message"):
        page.same("status is that of the normal", record[key], inputs["curvature"][key])
    draws = sorts_of(inputs["reference"], inputs["chains"])
    kind, reliable = judged(inputs["grid"], inputs["mode"], draws, tolerance)
    reliable = reliable and not any(
        said["agrees"] is False or said["other_posterior"] for said in record["exact"]["chains"]
    )
    page.same("what the verdict rests on", record["exact"]["kind"], kind)
    page.same("what the verdict rests on", bool(record["exact"]["faults"]), not reliable)
    if kind != "grid":
        sides = sides._replace(exact=None)  # there may be a grid on which nothing rests
    for name, said in record["quantities"].items():
        decision_laws(page, said, name, rows, record["status"], kind, reliable, tolerance)
        coverage_laws(page, said, name, rows, sides)
    for said, each in zip(record["exact"]["chains"], inputs["chains"], strict=True):
        agreement_laws(page, said, each, rows, kind)
    worst_law(page, record["verdict"], record["quantities"])
    lower = mode_is_lower(sides, inputs["mode"], inputs["grid"])
    unreached_laws(page, record, sides, lower)
    _copies(page, record, inputs)
    evidence_laws(page, record["evidence"], inputs, kind, reliable)
    _chains(page, record, inputs["found"], kind)


def _chains(page: Page, record: dict, found: dict, kind: str) -> None:
    """Chains speak where nothing else can, and claim no more than they show."""
    law = "chains speak where nothing judges"
    due = kind == "none" and record["status"] == "ok" and found["signals"] is not None
    page.same(law, found["drift"] is not None, due)
    told = (found["drift"] or {}).get("quantities", {})
    for name, said in record["quantities"].items():
        page.same(law, said["drift"], told.get(name))
        for level in (said["drift"] or {}).values():
            page.true(law, 0 <= level["at_least"] <= abs(level["shift"]))


def worst_law(page: Page, verdict: str, quantities: dict) -> None:
    """Hold the verdict on a case against those on its quantities."""
    worst = max((said["verdict"] for said in quantities.values()), key=ORDER.index)
    page.same("verdict is the worst of its quantities", verdict, worst)


def decision_laws(page, said, name, rows, status, kind, reliable, tolerance) -> None:  # noqa: PLR0913
    """Hold the verdict on one quantity against the rows of the remedies.

    Many arguments: all that a verdict is told of its case.
    """
    page.same("what the verdict rests on", said["rests_on"], kind)
    _endpoints(page, said, name, rows)
    _decision(page, said, name, rows, status, reliable, tolerance)


def sorts_of(reference: dict, chains) -> list[tuple[str, dict]]:
    """Return the kind and the record of each sort of draws, in the order of what they cost."""
    return [("importance", reference), *((said["kind"], said) for _, said in chains)]


def agreement_laws(page: Page, said: dict, chains: tuple, rows: Rows, kind: str) -> None:
    """Hold what a verdict says of draws of chains: the ends of the side that judges against their
    shares, each with its error."""
    law, (columns, record) = "exact sides agree within their errors", chains
    for key in ("kind", "serves", "reason", "other_posterior"):
        page.same("copies are what was copied", said[key], record[key])
    found = _all_apart(columns, record, rows, kind)
    page.same(law, said["compared"], len(found))
    if not found:
        page.same(law, (said["agrees"], said["farthest"]), (None, None))
        return
    limit = _most_apart(len(found))
    page.most(law, abs(said["limit"] - limit), 1e-9)
    apart, name, p = max(found)
    page.most(law, relative(said["farthest"]["apart"], apart), 1e-6)
    page.same(law, said["agrees"], apart <= limit)
    if abs(apart - sorted(found)[-2 if len(found) > 1 else -1][0]) > 1e-6 * apart:
        page.same(law, (said["farthest"]["quantity"], said["farthest"]["probability"]), (name, p))


def disputed(chains, rows: Rows, kind: str) -> bool:
    """Return whether draws of chains speak against what judges: they, the (columns, record) of
    each, are of another posterior, or further from it than the errors of both."""
    if any(record["other_posterior"] for _, record in chains):
        return True
    apart = [_all_apart(columns, record, rows, kind) for columns, record in chains]
    return any(max(found)[0] > _most_apart(len(found)) for found in apart if found)


def _most_apart(ends: int) -> float:
    """Return by how many errors one of so many ends may be off by chance."""
    from scipy.special import ndtri

    return float(-ndtri(PAIRS / (2 * ends)))


def _all_apart(columns, record, rows: Rows, kind: str) -> list:
    """Return every end of draws that do not judge, as `_ends_apart` has them."""
    if not record["serves"] or record["kind"] == kind:
        return []
    names = [name for name in columns if name != "chain"]
    return [end for name in names for end in _ends_apart(columns, record, rows, name, kind)]


def _ends_apart(columns, record, rows: Rows, name: str, kind: str):
    """Yield by how many errors of both the share below each end is off, with its place."""
    side = ChainDraws(columns, name, record["unseen_mass"])
    for p in ENDS:
        a, e = (float(rows.get(key, "laplace", name, p)) for key in ("exact", "exact_error"))
        if not np.isfinite([a, e, side.at(p), side.error(p)]).all():
            continue
        (low, _), (share, s), (high, _) = (side.share(x) for x in (a - e, a, a + e))
        nearest = min(max(p, side.share(np.nextafter(a, -np.inf))[0]), share)
        if 0 < share < 1:
            s *= max(1.0, math.sqrt(p * (1 - p) / (share * (1 - share))))
        if kind == "grid":
            off = max(low - p, p - high, 0.0) if nearest != p else 0.0
        else:
            off, s = abs(nearest - p), math.hypot(s, (high - low) / 2)
        yield (0.0 if off == 0 else min(off / s, 1e300) if s > 0 else 1e300), name, p


def judged(grid: dict, mode: dict, draws, tolerance: float) -> tuple[str, bool]:
    """Return what is held to be exact, and whether it can be relied on: a grid, else `draws`, the
    (kind, record) of each sort in the order of its cost, that serve, the first whose errors, taken
    twice, are within the tolerance, or else the first."""
    serving = [(kind, said) for kind, said in draws if said["serves"]]
    if grid["status"] == "ok" and not _faulty(grid, mode):
        return "grid", True
    if serving:
        sure = [kind for kind, said in serving if certain(said, tolerance)]
        return (sure or [serving[0][0]])[0], True
    return ("grid" if grid["status"] == "ok" else "none"), False


def judges(grid: dict, modes: list[dict]) -> bool:
    """Return whether a grid can be the exact side, whichever of the searches for modes is asked."""
    return grid["status"] == "ok" and not any(_faulty(grid, mode) for mode in modes)


def certain(said: dict, tolerance: float) -> bool:
    """Return whether two standard errors of every quantity of draws are known and within the
    tolerance, and of chains, whether they would have shown a shift by as much."""
    if said["errors_sd"] is None:
        return False
    sizes = [None if error is None else 2 * error for error in said["errors_sd"].values()]
    if "belongs" in said:
        sizes.append(said["belongs"] and said["belongs"]["seen"]["place"])
    return all(size is not None and size <= tolerance for size in sizes)


def _faulty(grid: dict, mode: dict) -> bool:
    """Return whether modes outside a grid, or mass that is not known, make it worthless."""
    masses = {True: 0.0, False: 0.0}
    for each in mode.get("modes") or []:
        ends = [
            (value, *grid["bounds"][name])
            for value, name in zip(each["theta"], grid["parameters"], strict=True)
        ]
        beyond = any(
            (low is not None and value < low) or (high is not None and value > high)
            for value, low, high in ends
        )
        masses[beyond] += each["share"] * (HEAVIER if beyond else 1.0)
    faults = grid["outside_mass"]["total"] is None
    return bool(faults or masses[True] > NOTABLE * (masses[True] + masses[False]))


def _endpoints(page: Page, said: dict, name: str, rows: Rows) -> None:
    for level in JUDGED:
        off, own = rows.error("laplace", name, level)
        stored = said["endpoint_error_sd"][level]
        page.most("endpoint errors follow", relative(_number(stored["value"]), _finite(off)), SAME)
        page.most("endpoint errors follow", relative(_number(stored["error"]), _finite(own)), SAME)
        for side, column in (
            ("laplace", "value"),
            ("exact", "exact"),
            ("exact_error", "exact_error"),
        ):
            ends = [_number(x) for x in said["intervals"][level][side]]
            page.most(
                "intervals follow",
                relative(ends, _finite(rows.ends(column, "laplace", name, level))),
                SAME,
            )
    due = rows.get("scale_sd", "laplace", name, 0.5)
    page.most("intervals follow", relative(_number(said["scale_sd"]), _finite(due)), SAME)


def _finite(values):
    """Return numbers as a record holds them: NaN, which is null there, for what is not finite."""
    values = np.asarray(values, dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _number(x) -> float:
    return math.nan if x is None else float(x)


def _decision(page, said, name, rows, status, reliable, tolerance) -> None:  # noqa: PLR0913
    """The verdict and the remedy from the errors, each with its uncertainty, and the tolerance.

    Many arguments: those of `decision_laws`.
    """

    def meets(method, levels=JUDGED):
        trusted = bool(rows.get("trusted", method, name, 0.5))
        return (
            reliable
            and trusted
            and all(sum(rows.error(method, name, level)) <= tolerance for level in levels)
        )

    good = [method for method in rows.methods if method != "laplace" and meets(method)]
    cost = {m: float(rows.get("evaluations_alone", m, name, 0.5)) for m in good}
    # what is not known costs more than all that is
    cheapest = min(good, key=lambda m: np.nan_to_num(cost[m], nan=np.inf), default=None)
    if status == "declined":
        due = "declined"
    elif meets("laplace"):
        due, cheapest = "fine", None
    elif meets("laplace", ("50",)):
        due = "fine_for_50"
    else:
        due = "remedy" if cheapest else "sample"
    page.same("verdict follows from the errors", said["verdict"], due)
    page.same("remedy is the cheapest that meets the tolerance", said["remedy"], cheapest)
    if cheapest and said["remedy"] == cheapest:
        stored = said["remedy_evaluations"]
        page.most(
            "remedy is the cheapest that meets the tolerance", relative(stored, cost[cheapest]), 0.0
        )
        for level in JUDGED:
            off, own = rows.error(cheapest, name, level)
            stored = said["remedy_error_sd"][level]
            found = [_number(stored["value"]), _number(stored["error"])]
            page.most(
                "remedy is the cheapest that meets the tolerance",
                relative(found, _finite([off, own])),
                SAME,
            )


def coverage_laws(page: Page, said: dict, name: str, rows: Rows, sides: Sides) -> None:
    """What the interval [a, b] of the normal holds of the exact posterior, a and b included."""
    for level, share in said["coverage"].items():
        parts = [share[key] for key in ("value", "below", "above")]
        if None in parts:
            page.true("coverage adds up", share["reason"] is not None)
            continue
        page.most("coverage adds up", abs(sum(parts) - 1), 1e-12)
        if not (sides.normal and sides.exact):
            continue
        ends = rows.ends("value", "laplace", name, level)
        parameter = name in sides.target.parameters
        cdf = np.array(sides.exact.cdf(name, ends))
        if parameter:
            cdf = np.where(np.isnan(ends), [0.0, 1.0], cdf)
        due = [cdf[0], 1 - cdf[1]]
        if not parameter:  # the lower end is a part of the interval: an atom there is not below it
            before = sides.exact.cdf(name, np.nextafter(ends[:1], -np.inf))[0]
            due[0] = min((cdf[0], before), key=lambda each: abs(each - share["below"]))
        along_lines = REGION + 2 * min(_number(share["error"]), 0.01)
        limit = 1e-9 if name in sides.exact.marginals else along_lines
        page.most("coverage recomputed", relative([share["below"], share["above"]], due), limit)
    stored = said["excluded"]
    for side, key in ((sides.normal, "laplace"), (sides.exact, "exact")):
        if side:
            off = relative(_number(stored[key]), side.excluded(name))
            page.most("excluded mass", off, excluded_limit(name, side))


def mode_is_lower(sides: Sides, mode: dict, grid: dict) -> bool:
    """Return whether the grid found a mode that is higher than the normal's in its space."""
    found = (grid["off_the_nodes"] or {}).get("new_modes") or []
    if not (sides.normal and found):
        return False
    space = sides.normal.normal.space
    with np.errstate(all="ignore"):
        above = sides.target.log_density_in(space)(space.z(np.array(found, dtype=float)))
    return bool(np.any(above > mode["log_density"] + HIGHER))


def unreached_laws(page: Page, record: dict, sides: Sides, lower: bool) -> None:
    """What the space leaves out of the support, with the exact mass there; and a warning of that,
    and of a mode that is `lower` than another."""
    law, due = "what the space leaves out", {}
    if sides.normal:
        space = sides.normal.normal.space
        for name, c, (low, high) in zip(
            sides.target.parameters, space.coordinates, space.support, strict=True
        ):
            ends = [c.domain[0] if c.domain[0] > low else None]
            ends += [c.domain[1] if c.domain[1] < high else None]
            if ends != [None, None]:
                due[name] = ends
    found = record["unreached"]
    page.same(law, {name: [each["below"], each["above"]] for name, each in found.items()}, due)
    page.same(law, len(record["warnings"]), bool(due) + lower)
    named = [any(name in said for said in record["warnings"]) for name in due]
    page.true(law, named, "a parameter that the warning does not name")
    if not sides.exact:
        return
    for name, (below, above) in due.items():
        mass = 0.0 if below is None else float(sides.exact.cdf(name, np.array([below]))[0])
        mass += 0.0 if above is None else 1 - float(sides.exact.cdf(name, np.array([above]))[0])
        limit = 1e-9 if name in sides.exact.marginals else REGION
        page.most(law, relative(_number(found.get(name, {}).get("mass")), mass), limit)
        error = _number(found.get(name, {}).get("error"))
        page.true("errors are not negative", math.isnan(error) or error >= 0)


def _copies(page: Page, record: dict, inputs: dict) -> None:
    """What a verdict repeats of its inputs is what they say."""
    grid, found = inputs["grid"], inputs["found"]
    page.same("copies are what was copied", record["exact"]["reference"], found["reference"])
    for key, value in record["exact"]["grid"].items():
        page.same("copies are what was copied", value, grid[key])
    page.same("copies are what was copied", record["replication"], found["replication"])
    moments = {name: said["moments"] for name, said in found["methods"].items()}
    page.same("copies are what was copied", record["moments"], moments)
    for name, signal in (found["signals"] or {}).items():
        if name != "reflection_bound" or grid["status"] != "ok":
            page.same("copies are what was copied", record["joint"].get(name), signal)


def class_of(total_variation: float | None) -> str | None:
    """Return the word for a total variation."""
    if total_variation is None:
        return None
    return next(word for most, word in CLASSES if total_variation <= most)
