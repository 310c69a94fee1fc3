"""The tables of a sweep: records as rows, blocks in order, effects as sums over the design."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from laplace_approx.errors import InputError
from laplace_approx.figures.sweep import error_lines
from laplace_approx.words.units import LONG
from laplace_files.artifacts.artifacts import write_json
from laplace_sweep.effects import effects_table
from laplace_sweep.figures import _line, _map, sweep_figures
from laplace_sweep.gather import chunk_files, gather, settings_columns
from laplace_sweep.plan import INVENTORY
from laplace_sweep.tables import HOW, column_name, column_of, records_table
from project_copy import PROJECT

SCHEMA = {
    "properties": {
        "status": {"enum": ["ok", "declined"]},
        "sd": {"type": ["object", "null"], "additionalProperties": {"type": ["number", "null"]}},
        "points": {"type": ["array", "null"], "items": {"type": "integer"}},
        "matrix": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
        "attempts": {"type": "array", "items": {"type": "object", "properties": {}}},
        "joint": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"value": {"type": "number"}}},
        },
        "certified": {"type": "boolean"},
    }
}


def test_records_become_rows_of_typed_columns():
    full = {
        "status": "ok",
        "sd": {"a": 1, "b": None},
        "points": [3, 4],
        "matrix": [[1, 2.5], [3, 4]],
        "attempts": [{"x": 1}],
        "joint": {"total_variation": {"value": 0.5, "meaning": "as always"}},
        "certified": True,
    }
    empty = {"status": "declined", "sd": None}
    table = records_table([full, empty], SCHEMA, ["k1", "k2"])
    assert table.to_pylist() == [
        {
            "scenario": "k1",
            "status": "ok",
            "sd.a": 1.0,
            "sd.b": None,
            "points": [3, 4],
            "matrix": [[1.0, 2.5], [3.0, 4.0]],
            "attempts": '[{"x": 1}]',
            "total_variation": 0.5,
            "certified": True,
        },
        {"scenario": "k2", "status": "declined"}
        | dict.fromkeys(
            ("sd.a", "sd.b", "points", "matrix", "attempts", "total_variation", "certified")
        ),
    ]
    assert table.schema.field("points").type == pa.list_(pa.int64())
    assert table.schema.field("sd.a").type == pa.float64()


def test_columns_have_the_same_types_whatever_the_rows_hold():
    values = {"status": "ok", "sd": {"a": 1.5, "b": 2.0}, "points": [1]}
    nothing = {"status": "declined", "sd": {"a": None, "b": None}, "points": None}
    types = [records_table([record], SCHEMA, ["k"]).schema for record in (values, nothing)]
    assert types[0] == types[1]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("joint", "total_variation", "value"), "total_variation"),
        (("joint", "total_variation", "error"), "total_variation.error"),
        (("coverage", "95", "value"), "coverage.95"),
        (("value",), "value"),
    ],
)
def test_columns_are_named_by_their_path(path, name):
    assert column_name(path) == name


# ------------------------------------------------------------------ gathering


def chunked(folder, keys, cuts):
    """Write a table of three rows a key, cut into chunks at the given places."""
    paths = []
    for number, own in enumerate(np.split(np.array(keys), cuts)):
        chunk = folder / str(number)
        chunk.mkdir(parents=True)
        table = pa.table(
            {
                "scenario": np.repeat(own, 3).tolist(),
                "row": list(range(3)) * own.size,
                "value": [hash_of(key, row) for key in own for row in range(3)],
            }
        )
        pq.write_table(table, chunk / "step.parquet", **HOW)
        write_json(chunk / INVENTORY, {"scenarios": own.tolist()})
        paths.append(str(chunk / "step.parquet"))
    return paths


def hash_of(key, row):
    return float(int(key, 16) * 10 + row)


@pytest.fixture
def keys():
    return [f"{number:016x}" for number in np.random.default_rng(0).permutation(50)]


@pytest.mark.parametrize("slab", [7, 2000])
def test_a_table_is_the_same_bytes_however_it_was_cut(tmp_path, monkeypatch, keys, slab):
    monkeypatch.setattr("laplace_sweep.gather.SLAB", slab)
    scenarios = [(key, (i // 5, "abcde"[i % 5])) for i, key in enumerate(keys)]
    written = set()
    shuffled = list(np.random.default_rng(1).permutation(keys))
    for number, (order, cuts) in enumerate([(keys, []), (keys, [10, 30]), (shuffled, [5, 6, 40])]):
        paths = chunked(tmp_path / str(number), order, cuts)
        output = tmp_path / f"{number}.parquet"
        gather(chunk_files(paths, keys), scenarios, ["i", "letter"], output, {"sweep": "s"})
        written.add(output.read_bytes())
    assert len(written) == 1
    rows = pq.read_table(output).to_pylist()
    assert [row["scenario"] for row in rows] == [key for key in keys for _ in range(3)]
    assert [row["row"] for row in rows] == [0, 1, 2] * 50
    assert all(row["value"] == hash_of(row["scenario"], row["row"]) for row in rows)
    assert [(row["i"], row["letter"]) for row in rows[::3]] == [each for _, each in scenarios]


def test_a_setting_and_a_column_of_the_same_name_are_both_kept(tmp_path, keys):
    scenarios = [(key, ("abc"[i % 3], i)) for i, key in enumerate(keys)]
    output = tmp_path / "both.parquet"
    paths = chunk_files(chunked(tmp_path / "all", keys, [10]), keys)
    gather(paths, scenarios, ["value", "seed"], output, {})
    table = pq.read_table(output)
    assert table.column_names == ["scenario", "value_setting", "seed", "row", "value"]
    assert [column_of(name, table.column_names) for name in ("value", "seed")] == [
        "value_setting",
        "seed",
    ]
    for row in table.to_pylist():
        assert row["value"] == hash_of(row["scenario"], row["row"])
        assert row["value_setting"] == "abc"[row["seed"] % 3]


def test_rows_of_scenarios_that_are_no_longer_wanted_are_left_out(tmp_path, keys):
    paths = chunked(tmp_path / "all", keys, [10])
    wanted = [(key, (i,)) for i, key in enumerate(keys) if i % 2]
    output = tmp_path / "half.parquet"
    gather(chunk_files(paths, [key for key, _ in wanted]), wanted, ["i"], output, {})
    assert pq.read_table(output)["i"].to_pylist() == [i for i in range(50) if i % 2 for _ in "abc"]


def test_a_scenario_in_no_chunk_is_an_error_and_not_a_shorter_table(tmp_path, keys):
    paths = chunked(tmp_path, keys[:-1], [])
    with pytest.raises(InputError, match=keys[-1]):
        chunk_files(paths, keys)


def test_a_damaged_chunk_is_named(tmp_path, keys):
    paths = chunked(tmp_path, keys, [25])
    content = bytearray((tmp_path / "1/step.parquet").read_bytes())
    content[60] ^= 1
    (tmp_path / "1/step.parquet").write_bytes(content)
    with pytest.raises(InputError, match=r"1/step\.parquet"):
        gather(chunk_files(paths, keys), [(k, ()) for k in keys], [], tmp_path / "x.parquet", {})
    assert not (tmp_path / "x.parquet").exists()


def test_settings_are_numbers_or_text():
    table = settings_columns(
        [("k1", (1, 2, "a", [1, 2])), ("k2", (3, 0.5, "b", {"power": 3}))], list("wxyz")
    )
    assert [str(field.type) for field in table.schema] == ["int64", "double", "string", "string"]
    assert json.loads(table["z"][1].as_py()) == {"power": 3}


# ------------------------------------------------------------------ effects


def design(f, a=(1, 2, 4), b=(0, 10)):
    """Return the rows of a product design with y = f(a, b) for every measure."""
    pairs = [(x, y) for x in a for y in b]
    values = [f(x, y) for x, y in pairs]
    return {
        "quantity": ["q"] * len(pairs),
        "probability": [0.5] * len(pairs),
        "a": [x for x, _ in pairs],
        "b": [y for _, y in pairs],
        **dict.fromkeys(("difference_sd", "laplace", "grid"), values),
    }


def effects_of(rows):
    table = effects_table(rows, {name: rows[name] for name in "ab"})
    keys = zip(table["measure"], table["setting"], strict=True)
    return dict(zip(keys, zip(table["variance_share"], table["effect"], strict=True), strict=True))


def test_shares_of_an_additive_response_add_up_to_one():
    found = effects_of(design(lambda a, b: 3 * a + 0.1 * b))
    a, b = found["laplace", "a"], found["laplace", "b"]
    variance = {"a": 9 * np.var([1, 2, 4]), "b": 0.01 * np.var([0, 10])}
    total = sum(variance.values())
    assert a == pytest.approx((variance["a"] / total, 9.0), rel=1e-12)
    assert b == pytest.approx((variance["b"] / total, 1.0), rel=1e-12)


def test_a_pure_interaction_has_no_main_effect():
    rows = design(lambda a, b: (a - 2) * (b - 5), a=(1, 3))
    for share, effect in effects_of(rows).values():
        assert share == pytest.approx(0, abs=1e-15)
        assert effect == pytest.approx(0, abs=1e-12)


def test_what_does_not_vary_has_no_share():
    assert set(effects_of(design(lambda a, b: 0.1)).values()) == {(0.0, 0.0)}


def test_the_largest_share_comes_first_and_missing_values_do_not_count():
    rows = design(lambda a, b: 3 * a + 0.1 * b)
    rows["grid"] = [np.nan, *rows["grid"][1:]]
    table = effects_table(rows, {name: rows[name] for name in "ba"})
    own = [i for i, measure in enumerate(table["measure"]) if measure == "difference_sd"]
    assert [table["setting"][i] for i in own] == ["a", "b"]
    assert table["scenarios"][table["measure"].index("grid")] == 5
    assert (table["lowest_at"][own[0]], table["highest_at"][own[0]]) == ("1", "4")


def test_no_values_at_all_make_an_empty_table():
    rows = design(lambda a, b: np.nan)
    assert effects_table(rows, {name: rows[name] for name in "ab"})["measure"] == []


def test_the_schemas_of_records_give_every_number_a_type():
    """A number in a record of the chain must be a number in the table of a sweep."""
    for step in ("mode", "curvature", "grid"):
        schema = json.loads((PROJECT / f"workflow/schemas/{step}.schema.json").read_text())
        for name, node in schema["properties"].items():
            if name.startswith(("hessian_error", "covariance", "sd", "log_", "mean", "z", "theta")):
                assert _is_typed(node), (step, name)


def _is_typed(node):
    if node.get("enum") or node.get("type") in ("string", "integer", "number"):
        return True
    inner = node.get("items") or node.get("additionalProperties")
    return _is_typed(inner) if isinstance(inner, dict) else "number" in node.get("type", ())


# ------------------------------------------------------------------ pictures


def verdicts():
    """Return the columns of a sweep of two settings and two seeds, one value missing."""
    rows = [(sd, space, seed) for sd in (1.0, 30.0) for space in ("id", "log") for seed in (0, 1)]
    error = [sd * (2 if space == "id" else 1) + seed for sd, space, seed in rows]
    return {
        "quantity": ["q"] * len(rows),
        "tolerance": [0.1] * len(rows),
        "scale_is": ["sd"] * len(rows),
        "sd": [row[0] for row in rows],
        "space": [row[1] for row in rows],
        "seed": [row[2] for row in rows],
        "endpoint_error_sd.50": error,
        "endpoint_error_sd.95": [*error[:-1], None],
    }


def test_lines_show_the_mean_and_the_range_over_the_other_settings():
    values, mean, least, largest = _line(verdicts(), "q", "sd")["50"]
    assert values == [1.0, 30.0]
    assert mean.tolist() == [2.0, 45.5]
    assert (least.tolist(), largest.tolist()) == ([1.0, 30.0], [3.0, 61.0])


def test_maps_show_means_of_what_has_a_value():
    xs, ys, error = _map(verdicts(), "q", ["sd", "space"])
    assert (xs, ys) == ([1.0, 30.0], ["id", "log"])
    assert error.tolist() == [[2.5, 1.5], [60.5, 30.0]]


@pytest.mark.parametrize("kinds", [["sd"], ["half_interval"], ["sd", "half_interval"]])
def test_the_pictures_of_a_sweep_name_the_units_that_occur(kinds):
    rows = verdicts()
    rows["scale_is"] = [kinds[i % len(kinds)] for i in range(len(rows["quantity"]))]
    nothing = {key: [] for key in ("measure", "setting", "variance_share")}
    (figure,) = sweep_figures(rows, nothing, ["sd", "space"], "s").values()
    label = "".join(axes.get_ylabel() for axes in figure.axes)
    assert [kind for kind, text in LONG.items() if text in label] == kinds


def test_a_sweep_has_a_map_only_of_settings_that_move_something():
    rows = verdicts()
    rows |= {"probability": [0.5] * 8}
    rows |= dict.fromkeys(("difference_sd", "laplace", "grid"), rows["endpoint_error_sd.50"])
    moving = effects_table(rows, {name: rows[name] for name in ("sd", "space")})
    assert set(sweep_figures(verdicts(), moving, ["sd", "space"], "s")) == {
        *("effects", "error_lines", "error_maps")
    }
    still = effects_table(rows, {"sd": rows["sd"], "none": ["x"] * 8})
    drawn = sweep_figures(verdicts() | {"none": ["x"] * 8}, still, ["sd", "none"], "s")
    assert set(drawn) == {"effects", "error_lines"}


def drawn_lines(setting):
    rows = verdicts()
    lines = {"q": _line(rows, "q", setting)}
    figure = error_lines(lines, setting, tolerance=0.1, sweep="mine")
    (panel,) = (axes for axes in figure.axes if axes.get_xlabel())
    return figure, panel, [line for line in panel.lines if len(line.get_xdata()) == 2]


def test_between_names_there_is_no_line_and_each_has_its_range():
    _, panel, lines = drawn_lines("space")
    marked = [line for line in lines if line.get_marker() not in ("None", None)]
    assert len(marked) == 2 and all(line.get_linestyle() == "None" for line in marked)
    bars = [path.vertices[:, 1] for each in panel.collections for path in each.get_paths()]
    assert [2.0, 61.0] in [sorted(bar) for bar in bars]  # the 50 % interval, space "id"
    assert len(bars) == 4


def test_between_numbers_there_is():
    _, _, lines = drawn_lines("sd")
    assert sum(line.get_linestyle() != "None" for line in lines if line.get_marker() != "None") == 2


@pytest.mark.parametrize("setting", ["sd", "space"])
def test_a_picture_of_a_sweep_names_the_sweep_and_no_case(setting):
    figure, *_ = drawn_lines(setting)
    small_print = figure.get_supxlabel()
    assert "Sweep mine." in small_print and "Case" not in small_print


def test_the_pictures_of_a_sweep_say_where_settings_move_together():
    rows = verdicts()
    effects = effects_table(
        {
            "quantity": rows["quantity"],
            "probability": [0.5] * 8,
            **dict.fromkeys(("difference_sd", "laplace", "grid"), rows["endpoint_error_sd.50"]),
        },
        {name: rows[name] for name in ("sd", "space")},
    )
    for together in (False, True):
        for figure in sweep_figures(rows, effects, ["sd", "space"], "s", together).values():
            said = " ".join(" ".join(text.get_text() for text in figure.texts).split())
            assert ("move together" in said) is together
