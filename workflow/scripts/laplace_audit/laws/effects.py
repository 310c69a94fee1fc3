"""The laws of the effects of a sweep: sums over its design, from its table of quantiles."""

import json
import math
from pathlib import Path

import numpy as np

from laplace_audit.laws.mode import relative
from laplace_audit.ledger import Page
from laplace_audit.reading.artifacts import parquet, read_table
from laplace_audit.reading.asked_sweep import Swept
from laplace_audit.reading.schemas import SCHEMA_VERSION, core_law

MEASURES = ("difference_sd", "laplace", "grid")
SUMS = 1e-10  # relative, of a mean over the scenarios


def audit_effects(page: Page, folder: Path, swept: Swept, code: dict[str, str]) -> None:
    """Hold effects.parquet against quantiles.parquet and the settings of the scenarios.

    Raises Unreadable.
    """
    table = read_table(folder / "effects.parquet")
    values = _quantiles(folder / "quantiles.parquet")
    page.same("schema version", table.metadata.get("schema_version"), SCHEMA_VERSION)
    core_law(page, table.metadata.get("core"), code.get("sweep_effects"))
    settings = written(swept)
    strangers = {key for by_key in values.values() for key in by_key} - settings.keys()
    if not page.true("scenarios are those of the configuration", not strangers, f"{strangers}"):
        return
    columns = table.columns
    keys = ("measure", "quantity", "probability", "setting")
    found = list(zip(*(columns[key] for key in keys), strict=True))
    due = {}
    for (measure, quantity, p), by_key in values.items():
        known = {key: y for key, y in by_key.items() if math.isfinite(y)}
        if len(known) > 1:
            for setting in swept.settings:
                due[measure, quantity, p, setting] = known
    same = set(found) == set(due) and len(found) == len(due)
    page.true("an effect for each measure, quantile and setting", same)
    if not same or not found:
        return
    for row, key in enumerate(found):
        _effect(page, {name: values[row] for name, values in columns.items()}, due[key], settings)
    for measure in MEASURES:
        share = columns["variance_share"][[each == measure for each in columns["measure"]]]
        page.true("the largest effect comes first", np.diff(share) <= 0)


def written(swept: Swept) -> dict[str, dict[str, str]]:
    """Return the value of each setting in each scenario as the tables write it, by key."""
    columns = {}
    for name in swept.settings:
        values = [scenario.settings[name] for scenario in swept.scenarios]
        kinds = {type(value) for value in values}
        if kinds <= {int, float} and kinds != {int}:
            values = [float(value) for value in values]
        columns[name] = [v if isinstance(v, str) else json.dumps(v) for v in values]
    keys = [scenario.key for scenario in swept.scenarios]
    rows = zip(*columns.values(), strict=True)
    return {key: dict(zip(columns, row, strict=True)) for key, row in zip(keys, rows, strict=True)}


def _quantiles(path: Path) -> dict:
    """Return the value of each scenario by (measure, quantity, probability), then by key."""
    wanted = ["scenario", "quantity", "probability", *MEASURES]
    found: dict[tuple, dict[str, float]] = {}
    with parquet(path) as file:
        there = set(file.schema_arrow.names)
        if "quantity" not in there:  # every scenario failed
            return {}
        present = [name for name in wanted if name in there]
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=present, use_threads=False)
            nothing = [None] * table.num_rows
            columns = [table[name].to_pylist() if name in there else nothing for name in wanted]
            rows = zip(*columns, strict=True)
            for key, quantity, p, *numbers in rows:
                for measure, y in zip(MEASURES, numbers, strict=True):
                    of_quantile = found.setdefault((measure, quantity, p), {})
                    of_quantile[key] = math.nan if y is None else y
    return found


def _effect(page: Page, row: dict, known: dict[str, float], settings: dict) -> None:
    """Var(E[y | x]) / Var(y), and the largest less the smallest of the means E[y | x]."""
    groups: dict[str, list[float]] = {}
    for key, y in known.items():
        groups.setdefault(settings[key][row["setting"]], []).append(y)
    y = np.array(list(known.values()))
    mean = math.fsum(y) / y.size
    means = {x: math.fsum(values) / len(values) for x, values in groups.items()}
    between = math.fsum(len(groups[x]) * (m - mean) ** 2 for x, m in means.items())
    total = math.fsum((y - mean) ** 2)
    size = max(1.0, float(np.max(np.abs(y))))
    law = "effects follow from the quantiles"
    if total > (1e-9 * size) ** 2 * y.size:  # of less, rounding makes what it likes
        page.most(law, abs(row["variance_share"] - between / total), 1e-6)
    low, high = min(means.values()), max(means.values())
    stated = [row["effect"], row["lowest_mean"], row["highest_mean"]]
    page.most(law, np.abs(np.array(stated) - [high - low, low, high]) / size, SUMS)
    ends = [means.get(row["lowest_at"], math.nan), means.get(row["highest_at"], math.nan)]
    page.most(law, relative(np.array(ends) / size, np.array([low, high]) / size), SUMS)
    page.same(law, int(row["scenarios"]), y.size)
