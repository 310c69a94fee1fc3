"""One run at a time, and nothing of a dead one in the way of the next."""

import os
import signal
import subprocess
import sys

import pytest

from laplace_approx.errors import InputError
from laplace_files.run.lock import clear_after_dead_runs, is_free, runs_jobs, take
from project_copy import PROJECT

HOLDER = """
import sys, time
from laplace_files.run.lock import take
take(["results"])
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def holder():
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "workflow/scripts")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_is_refused_in_a_sentence_that_names_the_first(holder):
    assert not is_free("results")
    with pytest.raises(InputError, match=f"another run .process {holder.pid}. is at work here"):
        take([".snakemake", "results"])
    assert is_free(".snakemake"), "who is refused keeps nothing"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_dies_with_its_owner(holder, how):
    holder.send_signal(how)
    holder.wait()
    assert is_free("results")
    for descriptor in take(["results"]):
        os.close(descriptor)


def test_a_link_to_a_folder_is_locked_as_the_folder(holder, workplace):
    (workplace / "other").mkdir()
    os.symlink(workplace / "results", workplace / "other/results")
    os.chdir(workplace / "other")
    with pytest.raises(InputError, match="results: another run"):
        take(["results"])


def test_what_a_dead_run_left_is_cleared_and_nothing_else(workplace):
    kept = ["results/m/mode.json", "results/.records/m/mode.json.json", ".snakemake/metadata/x"]
    left = [
        "results/m/.mode.json.ab12.part",
        "results/.records/m/.mode.json.json.x.part",
        "results/m/.figures.ab12.part/a.svg",
        ".snakemake/locks/0.output.lock",
    ]
    for name in (*kept, *left):
        path = workplace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    clear_after_dead_runs("results")
    assert [name for name in kept if (workplace / name).exists()] == kept
    assert [name for name in left if (workplace / name).exists()] == []
    assert not (workplace / "results/m/.figures.ab12.part").exists()


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ([], True),
        (["--cores", "2", "results/x/mode.json"], True),
        (["repair"], True),
        (["-c4", "--configfile", "n.yaml"], True),
        (["-call"], True),
        (["-Fcall"], True),
        (["-jall", "-C", "n=1"], True),
        (["-kn"], False),
        (["-n"], False),
        (["-np"], False),
        (["--dry-run", "--cores", "1"], False),
        (["--dag=dot"], False),
        (["--lint"], False),
        (["--unlock"], False),
        (["--touch"], True),
    ],
)
def test_a_call_that_only_looks_is_no_run(arguments, runs):
    assert runs_jobs(arguments) == runs
