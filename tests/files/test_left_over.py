"""What a repair removes: outputs of other configurations, and nothing else."""

import os
import shutil
from pathlib import Path

import pytest

from laplace_approx.errors import InputError
from laplace_files.artifacts.artifacts import write_json, write_text
from laplace_files.artifacts.findings import findings, left_over, to_mend
from laplace_files.artifacts.left_over import SHOWN, left_over_lines, remove_left_over
from laplace_files.artifacts.provenance import made_from, write_record
from laplace_files.artifacts.provenance_path import record_path

CASE = {"model": "m", "prior": "p"}
SWEEP, CHUNK = {"sweep": "s"}, {"sweep": "s", "chunk": "c"}
TARGET, MODE, OTHER = "results/all.json", "results/m/p/start.json", "results/m/p/other/start.json"
PARTS = [f"results/sweeps/s/chunks/c/{name}.json" for name in ("scenarios", "draws", "mass")]
TABLES = [f"results/sweeps/s/{name}.json" for name in ("draws", "mass")]
MADE = {
    MODE: ("mode", CASE, []),
    TARGET: ("summary", {}, [MODE]),
    **{part: ("sweep_chunk", CHUNK, []) for part in PARTS},
    TABLES[0]: ("sweep_table", {**SWEEP, "step": "draws"}, [PARTS[1]]),
    TABLES[1]: ("sweep_table", {**SWEEP, "step": "mass"}, [PARTS[2]]),
}
OLD = ["results/m/old/start.json", "results/m/old/figures", "results/sweeps/old/draws.json"]


def make(path, rule, wildcards, inputs=()):
    if path.endswith(".json"):
        write_json(path, {"of": path})
    else:
        for name in "ab":
            write_text(f"{path}/{name}.svg", name)
    write_record(path, made_from(rule, wildcards, inputs, {}))


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path, making in MADE.items():
        make(path, *making)
    return tmp_path / "results"


def with_old():
    make(OLD[0], "mode", {**CASE, "prior": "old"})
    make(OLD[1], "figures", {**CASE, "prior": "old"}, [OLD[0]])
    make(OLD[2], "sweep_table", {"sweep": "old", "step": "draws"})


def makes(path):
    return MADE[path][:2] if path in MADE else None


def look(needs=(), makes=makes):
    return findings([TARGET], lambda rule, wildcards: {}, makes, None, needs)


def files():
    return sorted(map(str, filter(Path.is_file, Path("results").rglob("*"))))


def test_a_repair_removes_the_old_outputs_with_their_records_and_empty_folders():
    before = files()
    with_old()
    assert left_over(look()) == sorted(OLD) and to_mend(look()) == []
    removed = remove_left_over(left_over(look()))
    assert removed == [f"{OLD[1]}/a.svg", f"{OLD[1]}/b.svg", OLD[0], OLD[2]]
    assert files() == before and look() == []
    assert not Path("results/m/old").exists() and not Path("results/.records/m/old").exists()


def test_a_file_that_somebody_put_beside_them_stays():
    with_old()
    write_text(f"{OLD[1]}/mine.txt", "mine")
    remove_left_over(left_over(look()))
    assert Path(f"{OLD[1]}/mine.txt").read_text() == "mine"
    assert [each.file for each in look()] == ["results/m/old"]
    assert left_over(look()) == [], "it has no record, so a repair leaves it where it is"


def test_an_old_output_that_was_damaged_is_not_made_anew():
    with_old()
    write_text(OLD[0], "{}")
    assert to_mend(look()) == [] and OLD[0] in left_over(look())


@pytest.mark.parametrize("gone", [[TARGET], [MODE], [TARGET, MODE], [*PARTS], [*TABLES], [*MADE]])
def test_without_its_record_nothing_that_is_needed_is_left_over(gone):
    """What the configuration needs is known without the records, too."""
    for path in gone:
        record_path(path).unlink()
    found = look(needs=[MODE, OTHER])
    assert left_over(found) == []
    assert {each.file for each in found if each.fault == "no_record"} == set(gone)


def test_an_old_chunk_on_which_a_table_rests_is_kept():
    found = look(makes=lambda path: None if path in PARTS else makes(path))
    assert left_over(found) == [PARTS[0]], "no table was made from the inventory"


DAMAGES = {
    "gone": os.unlink,
    "emptied": lambda path: Path(path).write_bytes(b""),
    "cut": lambda path: Path(path).write_bytes(Path(path).read_bytes()[:5]),
    "edited": lambda path: Path(path).write_bytes(Path(path).read_bytes().replace(b"o", b"0")),
    "no-record": lambda path: record_path(path).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("path", [*PARTS, *TABLES])
def test_a_damage_to_a_sweep_is_found_and_nothing_else(damage, path):
    assert look() == []
    DAMAGES[damage](path)
    assert to_mend(look()) == [path] and len(look()) == 1


def test_a_sweep_that_was_removed_is_not_missed():
    shutil.rmtree("results/sweeps")
    assert look() == []


def test_nothing_is_removed_outside_or_behind_a_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.json").write_text("{}")
    Path("results/link").symlink_to(outside)
    for path in (
        *("results/link/x.json", "results/link", "outside/x.json", "results/../outside/x.json"),
        *("results", "results/.records/all.json.json", str(outside / "x.json")),
    ):
        with pytest.raises(InputError, match=r"is not removed|nothing is removed through it"):
            remove_left_over([path])
    assert (outside / "x.json").exists() and Path("results/link").is_symlink()


def test_a_link_within_a_folder_is_not_followed(tmp_path):
    with_old()
    (tmp_path / "mine.txt").write_text("mine")
    os.unlink(f"{OLD[1]}/a.svg")
    Path(f"{OLD[1]}/a.svg").symlink_to(tmp_path / "mine.txt")
    remove_left_over([OLD[1]])
    assert (tmp_path / "mine.txt").read_text() == "mine" and not Path(OLD[1]).exists()


def test_what_is_to_be_removed_is_told_first():
    assert left_over_lines([], True) == []
    assert left_over_lines(["results/a"], True)[0].endswith("is to be removed:")
    assert "would be removed" in left_over_lines(["results/a"], False)[0]
    assert left_over_lines(["results/a"] * (SHOWN + 2), True)[-1] == "  ... and 2 more"
