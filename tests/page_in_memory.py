"""A small page: one case that is judged, one that is declined, with names that mean mischief."""

from types import SimpleNamespace

import numpy as np

from cases_in_memory import MODELS, exact_of, judged, laplace_of, posterior_of
from laplace_approx.comparison.step import quantiles_step, sides_step
from laplace_approx.figures.declined import declined
from laplace_approx.figures.style import save
from laplace_approx.remedies.judge import find_judge
from laplace_files.artifacts.artifacts import write_json, write_table, write_text
from laplace_files.export.page import FILES, RECORDS, Page

MISCHIEF = "<script>alert('1')</script>"
PROBABILITIES = [0.005, 0.025, 0.25, 0.5, 0.75, 0.975, 0.995]
LINE = {
    "model": ("linear_known_variance.py", "anscombe1.csv"),
    "prior": {
        "b0": {"family": "normal", "mean": 0, "sd": 10},
        "b1": {"family": "normal", "mean": 0, "sd": 1},
    },
    "grid": {
        "b0": {"lower": -3, "upper": 9, "points": 40},
        "b1": {"lower": -0.5, "upper": 1.5, "points": 40},
    },
}
IMPROPER = {
    "model": ("bioassay.py", "bioassay.csv"),
    "prior": {"beta": {"family": "reciprocal"}},
    "grid": {
        "alpha": {"lower": -4, "upper": 8, "points": 40},
        "beta": {"lower": -10, "upper": 40, "points": 40},
    },
}
CLAIM = {
    "id": "mode",
    "claim": f"Sentences are text: {MISCHIEF}",
    "measured": 7.7488,
    "lower": 7.74875,
    "upper": 7.74885,
    "holds": True,
    "why": "So it is.",
    "artifact": ["line/normal/natural/chapter/mode.json"],
    "reason": None,
}


def small_page(folder) -> Page:
    """Write what a page needs under `folder`/results and return the page."""
    results = folder / "results"
    cases = {
        ("line", "normal", "natural", "chapter"): LINE,
        ("bioassay", "flat_log", "natural", "chapter"): IMPROPER,
    }
    inputs = SimpleNamespace(**{name: [] for name in (*FILES, "figures", "records", "texts")})
    for key, definition in cases.items():
        _write_case(results.joinpath(*key), key, definition, inputs)
    _write_run(results, inputs)
    inputs.get = lambda name: getattr(inputs, name, [])
    return Page(results / "report.html", list(cases), inputs)


def _write_case(folder, key, definition: dict, inputs) -> None:
    case = _judged(**definition)
    names = case.verdict["quantities"]
    labels = {name: f"{name} {MISCHIEF}" for name in ("b1", "ld50")}
    posterior = case.laplace.posterior.record | {"labels": labels}
    records = {
        "posterior": posterior,
        "mode": case.laplace.mode,
        "curvature": _with_mischief(case.laplace.curvature),
        "grid": case.exact.record,
        "verdict": case.verdict,
    }
    none = {name: np.empty(0) for name in names}
    judge = find_judge(case.exact, case.reference, case.laplace.mode, 0.1)
    sides = sides_step(case.laplace, case.exact, judge, PROBABILITIES)
    quantiles = quantiles_step(case.laplace, sides, none, none, PROBABILITIES)
    basin = {"undamped": np.array([1.0, 0.0]), "damped": np.array([1.0, 1.0])}
    tables = {"quantiles": quantiles, "remedies": case.tables.remedies, "basin": basin}
    for name in RECORDS:
        getattr(inputs, name).append(str(folder / f"{name}.json"))
        write_json(folder / f"{name}.json", records[name])
    for name, columns in tables.items():
        getattr(inputs, name).append(str(folder / f"{name}.parquet"))
        write_table(folder / f"{name}.parquet", columns, {})
    _draw(folder / "figures", case, key)
    inputs.figures.append(str(folder / "figures"))


def _judged(model, prior: dict, grid: dict):
    posterior = posterior_of(MODELS / model[0], model[1], prior)
    return judged(laplace_of(posterior), exact_of(posterior, grid))


def _with_mischief(curvature: dict) -> dict:
    message = curvature["message"]
    return curvature | {"message": message and f"{message} {MISCHIEF}"}


def _draw(folder, case, key) -> None:
    """Write a picture under each name that the case would have; what it shows matters not."""
    names = ["declined"] if case.laplace.normal is None else list(_DRAWN)
    folder.mkdir()
    for name in names:
        save(declined("improper", f"{name} {MISCHIEF}", case="/".join(key)), folder / f"{name}.svg")


_DRAWN = (
    *("contours", "overlay", "marginals", "coverage", "quantile_quantile", "remedy_ladder_b1"),
    *("tails", "newton_basin", "replication", "newton_path", "laplace_draws"),
    "unheard_of",
)


def _write_run(results, inputs) -> None:
    for name in ("summary", "claims", "core"):
        setattr(inputs, name, str(results / f"{name}.json"))
    write_json(inputs.summary, {})
    write_json(inputs.core, {})
    write_json(inputs.claims, [CLAIM, CLAIM | {"id": "absent", "holds": None, "measured": None}])
    inputs.exercise_figures = str(results / "exercises/figures")
    record, text = results / "exercises/exercise-1.json", results / "exercises/exercise-1.md"
    write_json(record, {"exercise": 1, "title": f"LD50 {MISCHIEF}", "status": "ok"})
    table = "| LD50 | 2.5 % |\n| --- | ---: |\n| exact, `beta > 0` | -0.276 |"
    write_text(text, f"# Exercise 1: LD50\n\n{MISCHIEF} and `{MISCHIEF}`.\n\n{table}\n\n- a\n- b\n")
    inputs.records.append(str(record))
    inputs.texts.append(str(text))
