"""Kill -9 of everything, a full disk, a vanished folder, two runs at once: nothing is lost.

`benchmarks/kill.py` does the same to the default run at thirty moments.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from killing import kill_again_and_again, start_over
from project_copy import content, copy_project, planned_rules, snakemake

TINY = """
cases:
  - {model: linear_known_variance, prior: normal, space: natural, grid: small}
n_draws: 50
remedies: none
models:
  linear_known_variance:
    grids: {small: {b0: {lower: -1, upper: 7, points: 20}, b1: {lower: -1, upper: 2, points: 20}}}
"""
OVERLAY = ("--configfile", "tiny.yaml", "--cores", "2")
POSTERIOR = "results/linear_known_variance/normal"
CASE = f"{POSTERIOR}/compare/natural/small"
# what a run makes up to here takes seconds, and has JSON, tables, several outputs, seeds
TARGETS = (f"{CASE}/quantiles.parquet", f"{CASE}/basin.parquet")
MODE = f"{POSTERIOR}/laplace/natural/mode.json"

pytestmark = pytest.mark.workflow


def fresh(folder):
    copy_project(folder)
    (folder / "tiny.yaml").write_text(TINY)
    return folder


def run(folder, *targets):
    return snakemake(folder, *OVERLAY, "--", *(targets or TARGETS))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = fresh(tmp_path_factory.mktemp("undisturbed") / "project")
    done = run(folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def finished_copy(undisturbed, tmp_path):
    """A copy of what the undisturbed run has made, with Snakemake's own memory of it."""
    return shutil.copytree(undisturbed, tmp_path / "project", symlinks=True)


@pytest.mark.parametrize("seed", [1])
def test_killed_again_and_again_it_finishes_with_the_same_bytes(undisturbed, tmp_path, seed):
    folder = fresh(tmp_path / "project")
    arguments = [*OVERLAY, "--", *TARGETS]

    def whole_and_fresh(folder):
        assert content(folder) == content(undisturbed)
        start_over(folder)

    kills = kill_again_and_again(folder, arguments, 3, seed, longest=12, ended=whole_and_fresh)
    assert len(list(kills)) == 3
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert content(folder) == content(undisturbed)


def test_a_full_disk_stops_the_run_and_the_next_one_finishes(undisturbed, tmp_path):
    folder = fresh(tmp_path / "project")
    (folder / "results").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder / "results")]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small file system can be mounted by root alone")
    try:
        done = run(folder)
        assert done.returncode != 0
        assert "No space left on device" in done.stdout + done.stderr
        for path in (folder / "results").rglob("*"):
            below = path.relative_to(folder / "results")
            if path.is_file() and not path.name.startswith("."):
                whole = (undisturbed / "results" / below).read_bytes()
                assert path.read_bytes() == whole, "no truncated artifact has a name"
        # room is made: the same file system grows, and the same command finishes
        grow = ["mount", "-o", "remount,size=64m", str(folder / "results")]
        subprocess.run(grow, check=True)
        done = run(folder)
        assert done.returncode == 0, done.stderr
        assert content(folder) == content(undisturbed)
    finally:
        subprocess.run(["umount", "--lazy", str(folder / "results")], check=True)


def test_results_that_vanish_are_made_again(undisturbed, finished_copy):
    shutil.rmtree(finished_copy / "results")
    assert run(finished_copy).returncode == 0
    assert content(finished_copy) == content(undisturbed)


def test_of_two_runs_at_once_one_works_and_one_says_why_not(finished_copy):
    """The targets have nothing in common: Snakemake's own locks would let both go on."""
    slow = finished_copy / "slow.py"
    slow.write_text(
        "import time\nPARAMETERS = ('p',)\n"
        "def log_likelihood(theta, data):\n"
        "    if (theta != 0).any():\n        time.sleep(60)\n"
        "    return -0.5 * theta[..., 0] ** 2\n"
    )
    overlay = finished_copy / "slow.yaml"
    overlay.write_text(
        "cases:\n  - {model: slow, prior: flat, space: natural, grid: certified}\n"
        "models: {slow: {file: slow.py}}\n"
    )
    log = finished_copy / "logs/slow/flat/laplace/natural/mode.log"
    target = "results/slow/flat/laplace/natural/mode.json"
    command = [sys.executable, "-m", "snakemake", "--configfile", "slow.yaml", "--", target]
    first = subprocess.Popen(
        command,
        cwd=finished_copy,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 120
        while not log.exists() and time.monotonic() < until:
            time.sleep(0.1)
        second = run(finished_copy, "--force", MODE)
        assert second.returncode != 0
        said = second.stdout + second.stderr
        assert f"another run (process {first.pid}) is at work here" in said
        assert "Traceback" not in said
        looking = snakemake(finished_copy, *OVERLAY, "--dry-run", "--", *TARGETS)
        assert looking.returncode == 0, "looking is no run"
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert run(finished_copy).returncode == 0


def flip_keeping_times(path):
    times, raw = os.stat(path), bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_an_edit_that_keeps_the_time_is_mended_by_the_plain_command(undisturbed, finished_copy):
    flip_keeping_times(finished_copy / MODE)
    done = run(finished_copy)
    assert done.returncode == 0, done.stderr
    assert "mode.json has other content" in done.stderr
    assert content(finished_copy) == content(undisturbed)


def test_repair_makes_exactly_what_is_wrong(finished_copy):
    """Of the whole request: what was never made is not there either, so it is asked for first."""
    assert snakemake(finished_copy, *OVERLAY).returncode == 0
    before = content(finished_copy)
    flip_keeping_times(finished_copy / MODE)
    (finished_copy / CASE / "basin.parquet").unlink()
    (finished_copy / f"{POSTERIOR}/grid/small/draws-seed99.parquet").write_bytes(b"")
    planned = planned_rules(finished_copy, *OVERLAY, "--", "repair")
    # the basin rests on the mode, by way of the curvature
    assert planned == {"mode": 1, "curvature": 1, "basin": 1, "grid_draws": 1, "repair": 1}
    assert snakemake(finished_copy, *OVERLAY, "--", "repair").returncode == 0
    assert content(finished_copy) == before
    assert planned_rules(finished_copy, *OVERLAY) == {}, "and nothing follows from it"


def test_a_copy_without_snakemakes_memory_is_known_by_its_records(finished_copy):
    shutil.rmtree(finished_copy / ".snakemake")
    assert planned_rules(finished_copy, *OVERLAY, "--", *TARGETS) == {}
    overlay = finished_copy / "tiny.yaml"
    overlay.write_text(TINY.replace("n_draws: 50", "n_draws: 60"))
    planned = planned_rules(finished_copy, *OVERLAY, "--", *TARGETS)
    assert planned == {"draws": 1, "grid_draws": 1, "quantiles": 1}


def test_what_was_only_touched_is_not_taken_for_made(finished_copy):
    overlay = finished_copy / "tiny.yaml"
    overlay.write_text(TINY.replace("n_draws: 50", "n_draws: 60"))
    assert snakemake(finished_copy, *OVERLAY, "--touch", "--", *TARGETS).returncode == 0
    planned = planned_rules(finished_copy, *OVERLAY, "--", *TARGETS)
    assert planned == {"draws": 1, "grid_draws": 1, "quantiles": 1}
