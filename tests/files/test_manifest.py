"""Whatever is wrong with an artifact is found by its name; what is right is never called wrong.

The results here are small and made up: a mode that rests on a posterior, a curvature that rests on
both, a folder of pictures, a summary.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from laplace_approx.errors import InputError
from laplace_audit.run import write_if_other
from laplace_files.artifacts.artifacts import (
    read_json,
    write_json,
    write_table,
    write_text,
)
from laplace_files.artifacts.findings import (
    MANIFEST,
    OWN,
    REPAIR,
    checksum_lines,
    findings,
    left_over,
    manifest,
    needed,
    read_disk,
    to_mend,
)
from laplace_files.artifacts.provenance import made_from, write_record
from laplace_files.artifacts.provenance_path import artifact_of, record_path

POSTERIOR = "results/m/p/origin.json"
MODE = "results/m/p/laplace/s/start.json"
TABLE = "results/m/p/laplace/s/cells.parquet"
FIGURES = "results/m/p/figures"
SUMMARY = "results/all.json"
CASE = {"model": "m", "prior": "p"}
CHAIN = {
    POSTERIOR: ("posterior", CASE, ["data.csv"]),
    MODE: ("mode", {**CASE, "space": "s"}, [POSTERIOR]),
    TABLE: ("draws", {**CASE, "space": "s"}, [POSTERIOR, MODE]),
    FIGURES: ("figures", CASE, [TABLE]),
    SUMMARY: ("summary", {}, [TABLE, FIGURES]),
}
PARAMS = {rule: {"code": f"code of {rule}", "n": [1, 2.5]} for rule, _, _ in CHAIN.values()}
TARGETS = [SUMMARY, FIGURES]


def current(rule, wildcards):
    return PARAMS.get(rule)


def make(path):
    rule, wildcards, inputs = CHAIN[path]
    making = made_from(rule, wildcards, inputs, PARAMS[rule])
    if path == FIGURES:
        os.makedirs(path, exist_ok=True)
        for name in ("a.svg", "b.svg"):
            write_text(f"{path}/{name}", f"picture {name}")
    elif path == TABLE:
        write_table(path, {"x": [0.5, 1.5]}, {"model": "m"})
    else:
        write_json(path, {"of": path})
    write_record(path, making)


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("x\n1\n")
    for path in CHAIN:
        make(path)
    return tmp_path / "results"


def found(now=current, targets=TARGETS):
    return {finding.file: finding.fault for finding in findings(targets, now)}


def rewrite(path, change):
    """Change the bytes of a file and keep its times."""
    times = os.stat(path)
    with open(path, "r+b") as file:
        raw = change(file.read())
        file.seek(0)
        file.truncate()
        file.write(raw)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_clean_results_have_no_findings():
    assert found() == {}
    assert found(targets=[]).keys() == CHAIN.keys() - {SUMMARY}, "nothing asks for the case"


def test_a_flipped_bit_is_found_wherever_it_is():
    for path in (TABLE, MODE):
        whole = Path(path).read_bytes()
        for i in range(len(whole)):
            rewrite(path, lambda raw, i=i: raw[:i] + bytes([raw[i] ^ 1 << i % 8]) + raw[i + 1 :])
            assert found() == {path: "edited"}
            rewrite(path, lambda raw, whole=whole: whole)
    assert found() == {}


def test_every_truncation_is_found():
    whole = Path(TABLE).read_bytes()
    for length in range(len(whole)):
        rewrite(TABLE, lambda raw, n=length, whole=whole: whole[:n])
        assert found() == {TABLE: "truncated"}


def longer(raw):
    return raw + b"\n"


DAMAGES = {
    "longer": (lambda: rewrite(MODE, longer), {MODE: "edited"}),
    "intermediate-gone": (lambda: os.unlink(MODE), {MODE: "missing"}),
    "final-gone": (lambda: os.unlink(SUMMARY), {SUMMARY: "missing"}),
    "final-emptied": (lambda: rewrite(SUMMARY, lambda raw: b""), {SUMMARY: "truncated"}),
    "picture-gone": (lambda: os.unlink(f"{FIGURES}/a.svg"), {FIGURES: "missing"}),
    "folder-gone": (lambda: shutil.rmtree(FIGURES), {FIGURES: "missing"}),
    "picture-more": (lambda: write_text(f"{FIGURES}/c.svg", "c"), {FIGURES: "edited"}),
    "picture-edited": (lambda: rewrite(f"{FIGURES}/b.svg", longer), {FIGURES: "edited"}),
    "record-gone": (lambda: os.unlink(record_path(MODE)), {MODE: "no_record"}),
    "record-half": (lambda: rewrite(record_path(MODE), lambda raw: raw[:50]), {MODE: "no_record"}),
    "record-empty": (lambda: record_path(MODE).write_text("{}"), {MODE: "no_record"}),
    "both-gone": (lambda: (os.unlink(MODE), os.unlink(record_path(MODE))), {MODE: "not_made"}),
    "swapped": (lambda: (os.replace(MODE, "x"), shutil.copy(POSTERIOR, MODE)), {MODE: "truncated"}),
    "stranger": (lambda: write_text("results/notes.txt", "mine"), {"results/notes.txt": "orphan"}),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_found_and_nothing_else(name):
    damage, expected = DAMAGES[name]
    damage()
    assert found() == expected


def test_what_a_dead_writer_left_is_no_artifact():
    (record_path(MODE).parents[1] / ".x.json.abc.part").write_text("half")
    Path("results/m/.y.json.abc.part").write_text("half")
    assert found() == {}


def test_a_report_on_the_results_is_none_of_them():
    write_text("results/audit.json", '{"findings": 3}')
    assert found() == {}


def test_a_report_on_a_sweep_that_is_gone_is_left_over():
    write_text("results/sweeps/s/audit.json", '{"findings": 3}')
    assert found() == {"results/sweeps/s/audit.json": "orphan"}


def test_other_code_or_settings_are_found_with_all_that_rests_on_them():
    def later(rule, wildcards):
        return {**PARAMS[rule], "code": "new"} if rule == "mode" else PARAMS[rule]

    assert found(later) == {
        MODE: "stale",
        TABLE: "stale_input",
        FIGURES: "stale_input",
        SUMMARY: "stale_input",
    }
    (stale,) = (finding for finding in findings(TARGETS, later) if finding.fault == "stale")
    assert "other code or library versions" in stale.message


def test_an_input_that_was_made_anew_otherwise_is_found_in_what_rests_on_it():
    write_json(MODE, {"of": "another"})
    write_record(MODE, made_from(*CHAIN[MODE][:2], CHAIN[MODE][2], PARAMS["mode"]))
    assert found() == {TABLE: "stale", FIGURES: "stale_input", SUMMARY: "stale_input"}


def test_data_that_changed_are_found():
    rewrite("data.csv", lambda raw: raw.replace(b"1", b"2"))
    assert found()[POSTERIOR] == "stale"


def test_times_do_not_matter():
    for path in (POSTERIOR, MODE, TABLE, "data.csv"):
        os.utime(path, (0, 0))
    assert found() == {}


def test_a_removed_case_is_an_orphan_and_is_not_mended():
    extra("results/m/old/x.json", "mode", {**CASE, "prior": "old"})
    orphans = findings(TARGETS, current)
    assert [(each.file, each.fault) for each in orphans] == [("results/m/old/x.json", "orphan")]
    assert to_mend(orphans) == []
    assert left_over(orphans) == ["results/m/old/x.json"] and orphans[0].remake == REPAIR


def extra(path, rule, wildcards):
    write_text(path, "{}")
    write_record(path, made_from(rule, wildcards, [], PARAMS.get(rule, {})))


def test_what_a_person_asked_for_is_no_orphan_as_long_as_its_case_is_there():
    def now(rule, wildcards):
        return {} if rule in ("nuts", "sweep") else current(rule, wildcards)

    extra("results/m/p/nuts.json", "nuts", CASE)
    extra("results/sweeps/a/x.json", "sweep", {"sweep": "a"})
    assert found(now) == {}
    extra("results/m/q/nuts.json", "nuts", {**CASE, "prior": "q"})
    assert found(now) == {"results/m/q/nuts.json": "orphan"}
    gone = findings(TARGETS, current)
    assert {each.file for each in gone if each.fault == "orphan"} == {
        *("results/m/p/nuts.json", "results/m/q/nuts.json", "results/sweeps/a/x.json")
    }


def test_mending_what_is_found_leaves_nothing_to_find():
    before = {path: digest_of(path) for path in (POSTERIOR, MODE, TABLE, SUMMARY)}
    rewrite(MODE, longer)
    os.unlink(SUMMARY)
    shutil.rmtree(FIGURES)
    for path in sorted(to_mend(findings(TARGETS, current)), key=list(CHAIN).index):
        make(path)
    assert found() == {}
    assert before == {path: digest_of(path) for path in before}


def digest_of(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_the_manifest_lists_what_the_targets_rest_on_and_sha256sum_agrees(results):
    listed = manifest(TARGETS)
    assert [record["artifact"] for record in listed["artifacts"]] == sorted(CHAIN)
    (results / "manifest-sha256.txt").write_text(checksum_lines(listed))
    command = ["sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"]
    assert subprocess.run(command, cwd=results, check=False).returncode == 0
    rewrite(MODE, longer)
    assert subprocess.run(command, cwd=results, capture_output=True, check=False).returncode == 1


def test_a_manifest_of_part_of_the_targets_is_of_what_they_rest_on():
    assert [each["artifact"] for each in manifest([MODE])["artifacts"]] == sorted([POSTERIOR, MODE])
    os.unlink(record_path(POSTERIOR))
    with pytest.raises(InputError, match=r"origin.json has no record.*snakemake repair"):
        manifest([MODE])


def test_a_manifest_that_lists_other_artifacts_is_found():
    targets = [*TARGETS, *OWN]
    write_json("results/x.json", {})
    os.unlink("results/x.json")
    with open(MANIFEST, "w") as file:
        json.dump({**manifest(TARGETS), "steps": {}}, file)
    write_text(OWN[1], checksum_lines(manifest(TARGETS)))
    PARAMS["manifest"] = {"code": "m"}
    for path in OWN:
        write_record(path, made_from("manifest", {}, TARGETS, PARAMS["manifest"]))
    assert found(targets=targets) == {}
    raw = record_path(MODE).read_bytes()
    record_path(MODE).write_text("{}")
    assert found(targets=targets) == {MODE: "no_record"}, "and nothing of what follows"
    record_path(MODE).write_bytes(raw)
    # the mode is made anew by other code, with the same bytes: nothing that rests on it is stale
    write_record(MODE, made_from("mode", CHAIN[MODE][1], [POSTERIOR], {"code": "newer"}))

    def now(rule, wildcards):
        return {"code": "newer"} if rule == "mode" else PARAMS[rule]

    assert found(now, targets) == {MANIFEST: "stale"}


def test_what_rests_on_what_is_read_from_the_records():
    assert needed([MODE], read_disk().records) == {MODE, POSTERIOR}
    assert needed(["data.csv"], {}) == set(), "what is no result is no output"


def test_records_and_artifacts_find_each_other():
    assert artifact_of(record_path(TABLE)) == TABLE
    assert record_path("elsewhere/x.json") is None
    assert record_path("/abs/results/x.json") is None


def test_a_consumer_refuses_what_is_not_what_was_written():
    rewrite(MODE, lambda raw: raw.replace(b"start", b"START"))
    with pytest.raises(InputError, match=f"not what was written.*snakemake --force {MODE}"):
        read_json(MODE)
    os.unlink(record_path(MODE))
    assert read_json(MODE), "without a record there is nothing to hold it against"


def test_two_makings_have_the_same_records():
    before = {path: record_path(path).read_bytes() for path in CHAIN}
    shutil.rmtree("results")
    for path in CHAIN:
        make(path)
    assert before == {path: record_path(path).read_bytes() for path in CHAIN}


def audit_of(laws):
    """Return the record of an audit of so many laws, none of them held against anything yet."""
    counts = {"files": 0, "laws": laws, "checks": 0, "failed": 0}
    return {"ok": True, "counts": counts, "checks": [], "core": "0" * 64}


def page_of(report):
    """Make a page that rests on a report, as the page of all cases does on the audit."""
    write_json(report, audit_of(1))
    write_record(report, made_from("laws", {}, [SUMMARY], {}))
    write_text("results/page.html", "page")
    write_record("results/page.html", made_from("page", {}, [SUMMARY, report], {}))


def test_a_page_that_shows_an_older_audit_is_no_fault():
    page_of("results/audit.json")
    targets = [*TARGETS, "results/page.html"]
    assert found(targets=targets) == {}
    write_if_other("results/audit.json", audit_of(2))
    assert found(targets=targets) == {}


def test_what_an_audit_wrote_over_can_be_read_by_the_page():
    page_of("results/audit.json")
    write_if_other("results/audit.json", audit_of(2))
    assert read_json("results/audit.json") == audit_of(2)


def test_a_manifest_lists_nothing_of_what_was_asked_for_before():
    listed = [record["artifact"] for record in manifest(TARGETS)["artifacts"]]
    write_json("results/old.json", {})
    write_record("results/old.json", made_from("mode", CASE, [], {}))
    for own in OWN:
        write_text(own, "{}")
        write_record(own, made_from("manifest", {}, [SUMMARY, "results/old.json"], {}))
    again = [record["artifact"] for record in manifest([*TARGETS, *OWN])["artifacts"]]
    assert again == listed
