"""The laws of draws that a user brings: whose they are, what they show, and whether they serve."""

import hashlib
import math
import os

import numpy as np

from laplace_audit.laws.judge import certain
from laplace_audit.laws.mode import relative
from laplace_audit.laws.reference import ENDS, apart, missed_by_chains
from laplace_audit.ledger import Page
from laplace_audit.numerics.chains import ChainDraws, bulk, mean_error, normal_scores, r_hat, tail
from laplace_audit.numerics.coordinates import Coordinate
from laplace_audit.numerics.target import Target
from laplace_audit.reading.artifacts import Table
from laplace_audit.reading.chains import read_chains

LARGEST_R_HAT, FEWEST = 1.01, 100.0
HEAVIER, NOTABLE = 100.0, 6e-4  # modes beyond the draws, as those beyond a grid
HIGHER, DUE = 0.9, 10.0  # draws about a mode, without which it is not reached
ALARMS, MATTERS, SURE, FAR = 1e-4, 0.01, 2.0, 3.0
STEP, SLOPES = 1e-3, 400_000  # of an SD; evaluations that Stein's identity is recomputed with
SAME, SHAPE, IDENTITY = 1e-12, 1e-6, 0.02


def record_laws(page: Page, record: dict, definition: dict) -> None:
    """Hold the record of draws against the configuration, the files, and itself."""
    files = record["sources"]["files"]
    due = [os.path.relpath(path).replace(os.sep, "/") for path in definition["draws"]]
    page.same("draws are as configured", [said["file"] for said in files], due)
    columns = record["sources"]["columns"]
    asked = {name: definition["names"].get(name, name) for name in columns}
    page.same("draws are as configured", columns, asked)
    for said in files:
        page.same("draws are those of the files", _sha256(said["file"]), said["sha256"])
    counted = sum(said["rows"] for said in files), sum(said["chains"] for said in files)
    page.same("draws are those of the files", counted, (record["n_draws"], record["chains"]))
    _served(page, record)


def sampled_record_laws(page: Page, record: dict, asked, grids, cheaper: list[dict]) -> None:
    """Hold the record of draws of NUTS against the configuration, and against what is cheaper:
    grids, of which is known whether each can judge, and draws by their records."""
    stated = {key: value for key, value in record["sampler"].items() if key != "library"}
    page.same("draws are as configured", stated, asked.sampler)
    sure = [said["serves"] and certain(said, asked.tolerance) for said in cheaper]
    due = not (any(sure) or all(grids))
    page.same("NUTS samples where nothing cheaper certifies", record["needed"], due)
    if record["n_draws"]:
        page.true("NUTS samples where nothing cheaper certifies", record["needed"])
        counts = [record[key] for key in ("chains", "draws")]
        page.same("draws are as configured", counts, [asked.sampler[key] for key in SAMPLED])
        _served(page, record)
    else:
        page.true("chains serve where all holds", not record["serves"] and record["reason"])


SAMPLED = ("chains", "draws")


def _sha256(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _served(page: Page, record: dict) -> None:
    """Draws serve where all that they must show is shown."""
    law, gates = "chains serve where all holds", record["gates"]
    fewest = FEWEST * record["chains"]
    limits = {"r_hat": LARGEST_R_HAT, "bulk_ess": fewest, "tail_ess": fewest, "divergences": 0.0}
    page.same(law, {name: gate["limit"] for name, gate in gates.items()}, limits)
    each = record["diagnostics"].values()
    held = {
        "r_hat": all(_number(one["r_hat"]) <= LARGEST_R_HAT for one in each),
        "bulk_ess": all(_number(one["bulk_ess"]) >= fewest for one in each),
        "tail_ess": all(_number(one["tail_ess"]) >= fewest for one in each),
        "divergences": not record["divergences"],
    }
    page.same(law, {name: gate["holds"] for name, gate in gates.items()}, held)
    if not all(held.values()):
        page.same(law, (record["serves"], record["other_posterior"]), (False, False))
    else:
        off = record["belongs"] is None or bool(_foreign(record["belongs"]))
        known = record["belongs"] is None or _known(record["belongs"])
        page.same(law, record["other_posterior"], off and known)
        unseen = record["unseen_mass"]
        page.same(law, record["serves"], not off and unseen is not None and unseen <= NOTABLE)
    page.same(law, record["serves"], record["reason"] is None)
    page.same(law, record["serves"], record["errors_sd"] is not None)


def _foreign(belongs: dict) -> list:
    """Return the terms of Stein's identity that are beyond the limit, and matter."""
    return [
        (term, name)
        for term, of in belongs["terms"].items()
        for name, said in of.items()
        if not abs(_number(said["value"]))
        <= max(belongs["limit"] * _number(said["error"]), MATTERS)
    ]


def _known(belongs: dict) -> bool:
    said = [one for of in belongs["terms"].values() for one in of.values()]
    return None not in [one[key] for one in said for key in ("value", "error")]


def _number(x) -> float:
    return math.nan if x is None else float(x)


def file_laws(page: Page, table: Table, target: Target, record: dict) -> bool:
    """Hold the draws against the files that they were read from."""
    columns, names = table.columns, record["sources"]["columns"]
    chains = [
        chain
        for said in record["sources"]["files"]
        for chain in read_chains(said["file"], [names[each] for each in target.parameters])
    ]
    law = "draws are those of the files"
    if not page.same(law, {len(chain) for chain in chains}, {record["draws"]}):
        return False
    theta = np.stack([columns[name] for name in target.parameters], axis=-1)
    page.true(law, np.array_equal(theta, np.concatenate(chains)))
    return page.true(law, columns["chain"].size == sum(map(len, chains)))


def chain_laws(page: Page, table: Table, target: Target, record: dict, modes: list[dict]) -> None:
    """Recompute what the record says of draws of chains."""
    columns = table.columns
    theta = np.stack([columns[name] for name in target.parameters], axis=-1)
    numbered = np.repeat(np.arange(record["chains"]), record["draws"])
    page.true("chains are of one length", np.array_equal(columns["chain"], numbered))
    for name in target.quantities:
        value = np.where(target.kept(name, theta), target.quantity(name, theta), np.nan)
        page.most("derived quantity of every row", relative(columns[name], value), SAME)
    _diagnostics(page, columns, target, record)
    if record["belongs"] is not None:
        theta = theta.reshape(record["chains"], -1, theta.shape[-1])
        named = {name: columns[name] for name in (*target.parameters, *target.quantities)}
        _identity(page, theta, named, target, record)
        theta = theta.reshape(-1, theta.shape[-1])
    if record["unseen_mass"] is not None:
        sizes = [_number(one["bulk_ess"]) for one in record["diagnostics"].values()]
        heights = target.log_density(theta)
        told = theta, heights, float(np.min(sizes))
        due = max((_unreached(told, target, mode) for mode in modes), default=0.0)
        page.most("modes beyond the draws", relative(record["unseen_mass"], due), 1e-9)
    for name, stated in (record["errors_sd"] or {}).items():
        side = ChainDraws(columns, name, *missed_by_chains(record))
        due = float(np.max([side.error(p) / side.scale()[0] for p in ENDS]))
        page.most("errors of the draws recomputed", apart(_number(stated), due, due), SHAPE)


def _diagnostics(page: Page, columns: dict, target: Target, record: dict) -> None:
    law, shape = "gates of the chains recomputed", (record["chains"], -1)
    finite = [
        name
        for name in target.quantities
        if np.isfinite(columns[name]).all() and np.ptp(columns[name]) > 0
    ]
    page.same(law, set(record["diagnostics"]), {*target.parameters, *finite})
    for name, said in record["diagnostics"].items():
        x = columns[name].reshape(shape)
        due = [function(x) for function in (r_hat, bulk, tail)]
        stated = [_number(said[key]) for key in ("r_hat", "bulk_ess", "tail_ess")]
        page.most(law, relative(stated, due), SHAPE)
    each = record["diagnostics"].values()
    for key, worst in (("r_hat", np.max), ("bulk_ess", np.min), ("tail_ess", np.min)):
        found = worst([_number(one[key]) for one in each])
        page.most(law, relative(_number(record["gates"][key]["value"]), found), SAME)


def _unreached(told, target: Target, mode: dict) -> float:
    """Return the share that modes without draws hold, taken a hundred times: those beyond the box
    of all draws, and those about which so few are as high as they would be there. If that is so of
    all, the mass about the draws says how many are due."""
    theta, heights, effective = told
    low, high = theta.min(axis=0), theta.max(axis=0)
    modes = mode.get("modes") or []
    shares = [_number(each["share"]) for each in modes]
    if not math.isfinite(sum(shares) + effective):
        return 1.0 if modes else 0.0
    beyond, there = [], []
    for each in modes:
        at = dict(zip(mode["parameters"], each["theta"], strict=True))
        place = np.array([at[name] for name in target.parameters])
        beyond.append(bool(np.any((place < low) | (place > high))))
        there.append(_as_high(heights, place, target))
    missed = _missed(shares, beyond, there, effective)
    if all(missed):
        spread = np.linalg.slogdet(2 * math.pi * math.e * np.atleast_2d(np.cov(theta.T)))[1]
        about = float(np.mean(heights)) + spread / 2
        logs = [_number(each.get("log_mass")) for each in modes]
        beside = [1 / (1 + math.exp(min(about - log, 700.0))) for log in logs]
        missed = _missed(beside, beyond, there, effective)
    masses = {True: 0.0, False: 0.0}
    for share, without in zip(shares, missed, strict=True):
        masses[without] += share * (HEAVIER if without else 1.0)
    return masses[True] / sum(masses.values()) if masses[True] else 0.0


def _missed(shares, beyond, there, effective: float) -> list[bool]:
    """Return of each mode whether it lies beyond the draws, or draws that are due are not there."""
    return [
        out or not (share * effective < DUE or HEAVIER * high >= share)
        for share, out, high in zip(shares, beyond, there, strict=True)
    ]


def _as_high(heights, place, target: Target) -> float:
    """Return the share of the draws as high as 90 % of a normal's about a mode are."""
    from scipy.stats import chi2

    top = float(target.log_density(place[None])[0])
    return float(np.mean(heights >= top - chi2.ppf(HIGHER, place.size) / 2))


def _identity(page: Page, theta, columns: dict, target: Target, record: dict) -> None:
    """Recompute Stein's identity: of the quantities that are most off, as many as is cheap."""
    from scipy.special import ndtri

    said, law, d = record["belongs"], "Stein's identity recomputed", theta.shape[-1]
    place = said["terms"]["place"]
    page.same(law, set(place), set(columns))
    limit = float(-ndtri(ALARMS / (2 * (2 * d + len(columns)))))
    page.most(law, abs(said["limit"] - limit), 1e-9)
    for term, of in said["terms"].items():
        due = float(np.max([(limit + SURE) * _number(one["error"]) for one in of.values()]))
        page.most(law, relative(_number(said["seen"][term]), due), 1e-9)
    coordinates = [_unbounded(*ends) for ends in zip(target.lower, target.upper, strict=True)]
    every = np.stack([c.z(theta[..., i]) for i, c in enumerate(coordinates)], axis=-1)
    z = every[:, :: said["stride"]]
    page.same(law, z.shape[0] * z.shape[1], said["points"])
    flat = every.reshape(-1, d)
    low, middle, high = np.quantile(flat, [0.5 - _ONE, 0.5, 0.5 + _ONE], axis=0)
    scale = (high - low) / 2
    unit = (flat - np.mean(flat, axis=0)) / scale
    covariance = np.atleast_2d(np.cov(unit, rowvar=False))

    def slope(v):
        h = STEP / max(1.0, float(np.max(np.abs(v))))
        ends = (_log_density(target, coordinates, z + step * scale * v) for step in (h, -h))
        return np.subtract(*ends) / (2 * h)

    _shifts(page, said, columns, (target, unit, covariance, slope))
    cheap = max(1, SLOPES // (2 * said["points"]))
    for name in sorted(place, key=lambda name: -_scores(place[name]))[:cheap]:
        if name not in target.parameters:
            along = unit.T @ _normal_scores(columns[name]) / len(unit)
            series = {"place": -slope(along)}
        else:
            i = target.parameters.index(name)
            steep = slope(covariance[i] / covariance[i, i])
            u = FAR * np.tanh((z[..., i] - middle[i]) / scale[i] / FAR)
            rise = 1 - (u / FAR) ** 2
            series = {
                "place": -steep,
                "width": -(u * steep + rise),
                "skewness": -((u**2 - 1) * steep + 2 * u * rise),
            }
        for term, x in series.items():
            _same_term(page, said["terms"][term][name], x)


def _same_term(page: Page, stated: dict, x) -> None:
    error = mean_error(x)
    value, claimed = _number(stated["value"]), _number(stated["error"])
    if error == 0:  # of a constant
        page.same("Stein's identity recomputed", (value, claimed), (0.0, 0.0))
        return
    off = [abs(value - float(np.mean(x))) / error, abs(claimed / error - 1)]
    page.most("Stein's identity recomputed", off, IDENTITY)


def _normal_scores(values):
    """Return normal scores of the values that there are over their share, and 0 for the others."""
    there = ~np.isnan(values)
    scores = np.zeros(len(values))
    if there.any():
        scores[there] = normal_scores(values[there]) / np.mean(there)
    return scores


def _shifts(page: Page, said: dict, columns: dict, told) -> None:
    """The shifts that are left open: of each term, and of what is no linear function of the
    parameters in the second order; how far all together, where that is cheap."""
    target, unit, covariance, slope = told
    far, law = _number(said["mahalanobis"]), "shifts that are left open"
    if 2 * len(covariance) * said["points"] <= SLOPES:
        white = [slope(along) for along in np.linalg.cholesky(covariance).T]
        due = math.sqrt(sum(float(np.mean(x)) ** 2 + mean_error(x) ** 2 for x in white))
        page.most(law, relative(far, due), IDENTITY)
    page.same(law, set(said["shifts"]), set(columns))
    for name, shift in said["shifts"].items():
        of = [_number(said["terms"]["place"][name][key]) for key in ("value", "error")]
        if name not in target.parameters:
            scores = _normal_scores(columns[name])
            along = unit.T @ scores / len(unit)
            linear = float(along @ np.linalg.solve(covariance, along))
            rest = max(float(np.mean(scores**2)) - linear, 0.0)
            of.append(far**2 * math.sqrt(rest / 2))
        due = math.hypot(*of)
        page.most(law, apart(_number(shift), due, due), SHAPE)


_ONE = math.erf(math.sqrt(0.5)) / 2


def _scores(said: dict) -> float:
    return abs(_number(said["value"])) / max(_number(said["error"]), 1e-300)


def _unbounded(low: float, high: float) -> Coordinate:
    """Return the coordinate without bounds of a parameter of this support."""
    if math.isfinite(low) and math.isfinite(high):
        return Coordinate("logit", low, high)
    if math.isfinite(low):
        return Coordinate("log", low)
    return Coordinate("reflected_log", 0.0, high) if math.isfinite(high) else Coordinate("identity")


def _log_density(target: Target, coordinates, z):
    theta = np.stack([c.theta(z[..., i]) for i, c in enumerate(coordinates)], axis=-1)
    slopes = sum(c.log_slope(z[..., i]) for i, c in enumerate(coordinates))
    return target.log_density(theta) + slopes
