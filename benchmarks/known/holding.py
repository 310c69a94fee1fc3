"""Every stated number held against the truth: what is off, by how many of its own errors."""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

from known.joint import LEVELS, joint
from known.laws import NONE, Closed
from known.quantities import of_normal
from known.truth import Known, Peak, peak

TWICE = 2.0  # a stated error may be exceeded so many times
DRAWS = 5.0  # and the standard error of draws so many
DRAWN = ("importance_normal", "importance_t4", "skew_symmetric", "skew_modal")  # by draws
LARGE = 1e-4  # in SDs, probability, total variation or nats
RELATIVE = 1e-12
JUDGED = (0.5, 0.95)
SAME_SCALE = 1e-3
ATOM = 1e-9  # of probability, between neighbouring numbers


class Held(NamedTuple):
    """A stated value with its error beside its truth, known to `accuracy`, both in `unit`s."""

    what: str
    of: str
    value: float
    error: float
    truth: float
    accuracy: float
    unit: float
    times: float = TWICE

    @property
    def off(self) -> float:
        """Return the true error in units; infinite for what is stated and does not exist."""
        if not math.isfinite(self.truth) or not self.unit > 0:
            return math.inf if self.value != self.truth else 0.0
        return abs(self.value - self.truth) / self.unit

    @property
    def ratio(self) -> float:
        """Return the true error in stated errors."""
        if not self.off:
            return 0.0
        return self.off * self.unit / self.error if 0 < self.error < math.inf else math.inf

    @property
    def lie(self) -> bool:
        """Return whether the true error exceeds the stated one more often than it may."""
        if not self.off or math.isinf(self.off):
            return self.off > self.error
        rounding = RELATIVE * max(abs(self.truth), abs(self.value), self.unit)
        return not self.off * self.unit <= self.times * self.error + self.accuracy + rounding

    @property
    def large(self) -> bool:
        return self.lie and self.off > LARGE


class Findings(NamedTuple):
    """What was held, what was stated without an error, wrong verdicts and what is not judged."""

    held: list[Held]
    without_error: list[str]
    wrong: list[str]
    unjudged: list[str]


@np.errstate(all="ignore")
def hold(known: Known, said) -> Findings:
    """Hold all that the chain says of a posterior against what is known of it."""
    found = Findings([], [], [], [])
    top, units = peak(known), {name: law.half_interval() for name, law in known.laws.items()}
    fitted = said.curvature["status"] == "ok"
    if fitted:
        _hold_fit(known, said, None if _lower(said) else top, found)
    _hold_grid(known, said.grid, units, found)
    normal = _normal_laws(known, said) if fitted else {}
    _hold_quantiles(known, said.quantiles, normal, units, found)
    if fitted:
        _hold_coverage(known, said.verdict, normal, found)
        _hold_joint(known, said, found)
    _hold_moments(known, said.methods, found)
    for name in known.laws:
        _hold_verdict(known, name, said, normal, found)
    return found


def _put(found: Findings, what, of, value, error, truth, accuracy, unit, times=TWICE) -> None:
    """Keep a stated value; one that is not there states nothing."""
    if value is None or not math.isfinite(value) or math.isnan(truth):
        return
    if error is None or math.isnan(error):
        found.without_error.append(f"{what} of {of}")
        return
    if error < 0:
        found.wrong.append(f"{what} of {of} has the error {error:.3g}")
    found.held.append(
        Held(what, of, *(float(x) for x in (value, error, truth, accuracy, unit)), times)
    )


def _lower(said) -> bool:
    """Return whether the verdict says that the normal stands at a mode that is not the highest."""
    return any("not the highest" in warning for warning in said.verdict["warnings"])


def _hold_fit(known: Known, said, top: Peak | None, found: Findings) -> None:
    mode, curvature = said.mode, said.curvature
    if top is None:
        if "mode" in known.excused:
            _put(found, "mode", "all", 0.0, mode["shift_sd"], NONE, 0.0, 1.0)
        return
    covariance = top.covariance
    sd = np.sqrt(np.diag(covariance))
    theta, shifts = np.array(mode["z"]), mode["shift_sd_each"]
    for i, name in enumerate(known.parameters):
        rounding = 4 * np.finfo(float).eps * abs(top.mode[i]) / sd[i]
        off = (theta[i] - top.mode[i]) / sd[i]
        _put(found, "mode", name, off, shifts[i], 0.0, top.mode_error + rounding, 1.0)
        error = curvature["hessian_error"]
        _put(found, "sd", name, curvature["sd"][i] / sd[i], error, 1.0, top.hessian_error, 1.0)
    root = np.linalg.cholesky(covariance)
    away = root.T @ np.array(curvature["hessian"]) @ root + np.eye(sd.size)
    off, error = float(np.max(np.abs(away))), curvature["hessian_error"]
    _put(found, "hessian", "all", off, error, 0.0, 3 * top.hessian_error, 1.0)
    accuracy = sd.size * top.hessian_error + top.mode_error**2 + 1e-12 * abs(top.log_density)
    error = 0.5 * sd.size * error + 1e-14 * abs(top.log_density)
    value = curvature["log_evidence"]
    _put(found, "laplace_evidence", "all", value, error, top.log_evidence, accuracy, 1.0)


def _hold_grid(known: Known, grid: dict, units: dict, found: Findings) -> None:
    if grid["status"] != "ok":
        return
    errors, outside = grid["discretisation_error"], grid["outside_mass"]
    error = _sum(errors["log_evidence"], outside["total"])
    accuracy = known.evidence_error + 1e-13 * abs(known.log_evidence)
    value = grid["log_evidence"]
    _put(found, "evidence", "all", value, error, known.log_evidence, accuracy, 1.0)
    for name in known.parameters:
        law, unit = known.laws[name], units[name]
        close = {"mean": law.error * unit, "sd": law.error * unit, "skewness": 1e-8}
        for moment, scale in (("mean", unit), ("sd", unit), ("skewness", 1.0)):
            what = "sd_of_grid" if moment == "sd" else moment
            stated, error = grid[moment][name], grid[f"{moment}_error"][name]
            truth = getattr(law, moment)
            _put(found, what, name, stated, error, truth, close[moment], scale)
        _hold_outside(known, grid, name, found)
    if known.correlation is not None and known.dimension > 1:
        for i, j in zip(*np.triu_indices(known.dimension, 1), strict=True):
            stated, error = grid["correlation"][i][j], grid["correlation_error"][i][j]
            of = f"{known.parameters[i]}, {known.parameters[j]}"
            _put(found, "correlation", of, stated, error, known.correlation[i, j], 1e-8, 1.0)


def _sum(*parts) -> float | None:
    return None if any(part is None for part in parts) else sum(parts)


def _hold_outside(known: Known, grid: dict, name: str, found: Findings) -> None:
    """Hold the mass beyond each side, which is stated as a bound: it may be twice as large."""
    law = known.laws[name]
    for side, end, beyond in zip(
        ("lower", "upper"), grid["bounds"][name], (law.cdf, law.sf), strict=True
    ):
        stated, edge = grid["outside_mass"][name][side], grid["edge_mass"][name][side]
        for what, mass in (("outside", stated), ("edge", edge)):
            if mass is not None and not 0 <= mass <= 1:
                found.wrong.append(f"{what} mass {mass:.3g} at the {side} end of {name}")
        if end is not None and stated is not None:
            mass = float(beyond(end))
            accuracy = 1e-12 + 1e-6 * mass + (law.error if law.error > 1e-11 else 0.0)
            _put(found, f"outside_{side}", name, 0.0, stated, mass, accuracy, 1.0)


def _normal_laws(known: Known, said) -> dict:
    """Return the law of every quantity under the normal as it is stated.

    That of a derived quantity is given that the normal is within the support.
    """
    mean, covariance = np.array(said.mode["z"]), np.array(said.curvature["covariance"])
    laws = {
        name: Closed(stats.norm(mean[i], math.sqrt(covariance[i, i])))
        for i, name in enumerate(known.parameters)
    }
    order = [known.parameters.index(name) for name in ("x", "y") if name in known.parameters]
    for name, quantity in known.quantities.items():
        within = covariance[np.ix_(order, order)], known.lower[order], known.upper[order]
        laws[name] = of_normal(quantity, mean[order], *within)
    return laws


def _hold_quantiles(known: Known, table: dict, normal: dict, units: dict, found: Findings) -> None:
    for name, law in known.laws.items():
        columns = table[name]
        p, unit = columns["probability"], units[name]
        _rows(found, "quantile", name, p, columns["grid"], columns["grid_error"], law, unit)
        if name in normal:
            values, errors = columns["laplace"], columns["laplace_error"]
            scale = normal[name].half_interval()
            _rows(found, "laplace_quantile", name, p, values, errors, normal[name], scale)
    scales = {name: columns["scale_sd"][0] for name, columns in table.items()}
    for name, scale in scales.items():
        law, unit = known.laws[name], units[name]
        true = [each for each in (law.sd, unit or _wider(law)) if math.isfinite(each)]
        if math.isfinite(scale) and min(abs(scale - each) / (each or 1) for each in true) > (
            SAME_SCALE
        ):
            found.held.append(Held("scale", name, float(scale), 0.0, unit, 0.0, unit or 1.0))


def _wider(law) -> float:
    """Return half of the first nominal central interval that has a width, 0 where none has."""
    ends = ([(1 - level) / 2, (1 + level) / 2] for level in LEVELS)
    widths = [float(np.ptp(law.quantile(np.array(p)))) / 2 for p in ends]
    return next((half for half in widths if half > 0), 0.0)


def _rows(found, what, name, p, values, errors, law, unit) -> None:
    truth = law.quantile(p)
    for each, value, error, true in zip(p, values, errors, truth, strict=True):
        accuracy = law.error * unit + _slack(law, true, unit)
        of = f"{name} at {each:g}"
        _put(found, what, of, value, error, float(true), accuracy, unit if unit > 0 else 1.0)


def _slack(law, true: float, unit: float) -> float:
    """Return what a quantile by a search is off at most: nothing where it is in closed form."""
    return 1e-12 * unit + 1e-12 * abs(true)


def _hold_coverage(known: Known, verdict: dict, normal: dict, found: Findings) -> None:
    """Hold what the normal's nominal intervals [a, b], which include a and b, leave out."""
    for name, law in known.laws.items():
        for level in LEVELS:
            stated = verdict["quantities"][name]["coverage"][f"{100 * level:g}"]
            tail = (1 - level) / 2
            ends = normal[name].quantile(np.array([tail, 1 - tail]))
            for side, end in (("below", ends[0]), ("above", ends[1])):
                if stated[side] is None:
                    continue
                before, until = _about(law, normal[name], float(end))
                choices = before if side == "below" else tuple(1 - b for b in until)
                truth = float(np.clip(stated[side], min(choices), max(choices)))
                of = f"{name} {side} {100 * level:g}"
                put = (found, "coverage", of, stated[side], stated["error"], truth)
                _put(*put, law.error + 1e-11, 1.0)


def _about(law, normal, end: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return bounds of P(quantity < end) and of P(quantity <= end), `end` a quantile of the normal:
    an atom of it is known exactly, another end as far as its law is."""
    below = np.nextafter(end, -np.inf)
    if normal.cdf(end) - normal.cdf(below) > ATOM:
        return (float(law.cdf(below)),) * 2, (float(law.cdf(end)),) * 2
    gap = 1e-11 * max(abs(end), normal.half_interval()) + normal.error * normal.half_interval()
    both = float(law.cdf(end - gap)), float(law.cdf(end + gap))
    return both, both


def _hold_joint(known: Known, said, found: Findings) -> None:
    stated = said.verdict["joint"]
    values = {
        name: stated[name]
        for name in ("total_variation", "hellinger", "kl_exact_laplace", "kl_laplace_exact")
    }
    values["reflection_bound"] = stated.get("reflection_bound", {"value": None})
    levels = stated["ellipse_coverage"]["levels"]
    values |= {f"ellipse_{level}": levels[f"{100 * level:g}"] for level in LEVELS}
    if all(each["value"] is None for each in values.values()):
        return
    truths = joint(known, said.mode["z"], said.curvature["covariance"])
    for name, each in values.items():
        if name in truths:
            truth, accuracy = truths[name]
            times = DRAWS if each.get("details", {}).get("method") == "draws" else TWICE
            put = (found, name, "all", each["value"], each.get("error"))
            _put(*put, truth, accuracy, 1.0, times)


def _hold_moments(known: Known, methods: dict, found: Findings) -> None:
    """Hold the moments by remedies; the errors of draws are standard errors."""
    for method, record in methods.items():
        times = DRAWS if method in DRAWN else TWICE
        for name in known.parameters:
            said, law = record["moments"][name], known.laws[name]
            unit = law.half_interval()
            for what, truth in (("mean", law.mean), ("sd", law.sd)):
                value, error = said[what], said[f"{what}_error"]
                of = f"{name} by {method}"
                _put(found, f"remedy_{what}", of, value, error, truth, 1e-9 * unit, unit, times)


def _hold_verdict(known: Known, name: str, said, normal: dict, found: Findings) -> None:
    record = said.verdict["quantities"][name]
    tolerance = said.verdict["tolerance"]
    reason = _unjudged(known, record, said)
    if reason:
        found.unjudged.append(f"{name}: {reason}")
    if name not in normal:
        return
    law, scale = known.laws[name], record["scale_sd"]
    unit, true, remedy = law.half_interval(), {}, {}
    for level in JUDGED:
        tail = (1 - level) / 2
        p = np.array([tail, 1 - tail])
        exact, key = law.quantile(p), f"{100 * level:g}"
        true[level] = float(np.max(np.abs(normal[name].quantile(p) - exact)))
        accuracy = (law.error * unit + 1e-11 * unit) / scale if scale and scale > 0 else math.nan
        stated = record["endpoint_error_sd"][key]
        if scale and scale > 0:
            put = (found, "endpoint", f"{name} {key}", stated["value"], stated["error"])
            _put(*put, true[level] / scale, accuracy, max(1.0, unit / scale))
        if record["remedy"]:
            values = _values(said.remedies, record["remedy"], name, p)
            remedy[level] = float(np.max(np.abs(values - exact)))
            stated = record["remedy_error_sd"][key]
            put = (found, "remedy_error", f"{name} {key} by {record['remedy']}")
            off = remedy[level] / scale
            _put(*put, stated["value"], stated["error"], off, accuracy, max(1.0, unit / scale))
    _hold_class(name, record, tolerance, true, remedy, (law.sd, unit), found)


def _values(table: dict, method: str, name: str, p):
    rows = [
        i
        for i, each in enumerate(table["quantity"])
        if each == name and table["method"][i] == method
    ]
    at = table["probability"][rows]
    return np.array([table["value"][rows][np.argmin(np.abs(at - each))] for each in p])


def _hold_class(name, record, tolerance, true, remedy, scales, found: Findings) -> None:
    """Say where a verdict is sure and wrong, in each unit that exists: SD or half-interval."""
    units = [each for each in scales if math.isfinite(each) and each > 0]
    if not units:
        return
    limit, verdict = tolerance * (1 + 1e-6), record["verdict"]

    def beyond(off: dict, levels=JUDGED) -> bool:
        return all(max(off[level] for level in levels) / unit > limit for unit in units)

    worst = max(true.values()) / units[-1]
    if (verdict == "fine" and beyond(true)) or (verdict == "fine_for_50" and beyond(true, (0.5,))):
        found.wrong.append(f"{name} is {verdict}, off by {worst:.3g}")
    if remedy and beyond(remedy):
        off = max(remedy.values()) / units[-1]
        found.wrong.append(f"{name} has the remedy {record['remedy']}, off by {off:.3g}")
    stated = [record["endpoint_error_sd"][f"{100 * level:g}"] for level in JUDGED]
    sure = any(
        each["value"] is not None
        and each["error"] is not None
        and each["value"] - 2 * each["error"] > limit
        for each in stated
    )
    if sure and verdict != "fine" and all(max(true.values()) / u < tolerance for u in units):
        found.wrong.append(f"{name} is {verdict}, off by {worst:.3g} only")


def _unjudged(known: Known, record: dict, said) -> str | None:
    """Return why a quantity is not judged though it could be."""
    if record["rests_on"] == "none":
        if "grid" in known.excused:
            return None
        reasons = said.grid["reasons"] or ["no reason"]
        return f"no exact side: {reasons[0]}"
    if record["verdict"] == "declined":
        step = said.curvature if said.curvature["reason"] else said.mode
        return (
            None if known.excused & {"mode", "highest"} else f"{step['reason']}: {step['message']}"
        )
    stated = [record["endpoint_error_sd"][f"{100 * level:g}"] for level in JUDGED]
    tolerance = said.verdict["tolerance"]
    vague = any(
        each["value"] is not None and (each["error"] is None or not each["error"] <= tolerance)
        for each in stated
    )
    if record["verdict"] == "sample" and vague:
        return f"its error is too large: {stated[-1]['error']}"
    return None
