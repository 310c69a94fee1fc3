"""A job keeps to its limits, its end is told in words, and one that ends well is recorded."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from fake_job import PROGRAM, run_job
from laplace_approx.errors import InputError
from laplace_files.run.child import LOG_BYTES, Limits, limits_of
from laplace_files.run.job import check_made
from project_copy import PROJECT

ARTIFACT = "results/m/p/thing.json"
RECORD = "results/.records/m/p/thing.json.json"
WRITE = "from laplace_files.artifacts.artifacts import write_json\n"
WRITE += f"write_json({ARTIFACT!r}, {{'a': 1}})\n"


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGTERM"])
def test_a_signal_is_named(tmp_path, name):
    status, said = run_job(tmp_path, f"import os, signal\nos.kill(os.getpid(), signal.{name})")
    assert status == 128 + getattr(signal, name)
    assert f"Error: the job mode of m was ended by {name}." in said


def test_a_status_is_handed_on(tmp_path):
    assert run_job(tmp_path, "raise SystemExit(7)") == (7, "")


# Python's own loop, a sleep, and a loop of compiled code that no signal handler of Python enters
ENDLESS = {
    "loop": "while True: pass",
    "sleep": "import time; time.sleep(10**6)",
    "compiled": "sum(iter(int, 1))",
    "deaf": "import signal, time\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\n"
    "time.sleep(10**6)",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_returns_is_stopped_at_its_time(tmp_path, name):
    status, said = run_job(tmp_path, ENDLESS[name], resources={"runtime": 1 / 60})
    assert status != 0
    assert "did not end within its time limit of 0.0166667 min" in said
    assert "runtime=MINUTES" in said


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory that way")
def test_who_asks_for_all_memory_is_refused(tmp_path):
    text = "import numpy as np; np.ones(10**9)"
    status, said = run_job(tmp_path, text, resources={"mem_mb": 200})
    assert status == 1
    assert said.startswith("Error: more memory was asked for than the job may have")
    status, said = run_job(
        tmp_path, "import numpy as np; np.ones(10**6)", resources={"mem_mb": 200}
    )
    assert (status, said) == (0, ""), "what it needs it gets"


def test_a_flood_of_output_is_cut_and_the_job_goes_on(tmp_path):
    text = f"import os\nfor _ in range(40): os.write(1, b'x' * 10**6)\n{WRITE}"
    status, said = run_job(tmp_path, text, outputs=[ARTIFACT])
    assert status == 0
    assert said.count("x") == LOG_BYTES
    assert said.endswith("The log ends here: a job may print 16 MiB.\n")
    assert (tmp_path / RECORD).exists()


def test_a_process_that_a_job_leaves_behind_does_not_hold_it_up(tmp_path):
    text = "import subprocess; subprocess.Popen(['sleep', '5']); print('done')"
    status, said = run_job(tmp_path, text, resources={"runtime": 1})
    assert (status, said) == (0, "done\n")


def test_a_job_whose_run_is_dead_is_stopped(tmp_path):
    """The run is a process that starts the job and is killed before the job ends."""
    text = "import time; print('begun', flush=True); time.sleep(5); open('ended', 'w')"
    program = PROGRAM % ([], [], {}) + text
    run = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[1]]);"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "workflow/scripts")}
    command = [sys.executable, "-c", f"{run} time.sleep(60)", program]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment)
    log = tmp_path / "logs/job.log"
    assert within(30, lambda: log.exists() and "begun" in log.read_text())
    process.kill()
    process.wait()
    assert within(30, lambda: "the run that it belongs to is dead" in log.read_text())
    assert not (tmp_path / "ended").exists()


def within(seconds, condition):
    until = time.monotonic() + seconds
    while time.monotonic() < until and not condition():
        time.sleep(0.05)
    return condition()


def test_who_ends_well_leaves_a_record_of_bytes_and_origin(tmp_path):
    (tmp_path / "data.csv").write_text("x\n1\n")
    run_job(tmp_path, WRITE, inputs=["data.csv"], outputs=[ARTIFACT])
    record = json.loads((tmp_path / RECORD).read_text())
    # printf 'x\n1\n' | sha256sum
    sha256 = "daff832f802000e645771a60983c76c963f6ee602a6230e45237bd360e91cc1a"
    assert record["inputs"] == {"data.csv": sha256}
    assert record["files"][""]["size"] == (tmp_path / ARTIFACT).stat().st_size
    assert (record["rule"], record["wildcards"]) == ("mode", {"model": "m"})
    assert record["params"] == {"code": "c", "n": 1}


def test_who_fails_leaves_no_record(tmp_path):
    status, _ = run_job(tmp_path, WRITE + "raise SystemExit(1)", outputs=[ARTIFACT])
    assert status == 1
    assert not (tmp_path / RECORD).exists()


def test_a_record_that_cannot_be_written_fails_the_job(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results/.records").write_text("in the way")
    status, said = run_job(tmp_path, WRITE, outputs=[ARTIFACT])
    assert status == 1
    assert "the record of the artifacts could not be written" in said


def test_limits_are_those_of_snakemake_and_none_where_there_are_none():
    assert limits_of({"runtime": 60, "mem_mb": 500}) == Limits(60, 500)
    assert limits_of({"mem_mb": "<TBD>"}) == Limits(None, None)


def test_a_job_that_ended_well_without_its_artifact_says_why(tmp_path):
    made = tmp_path / "made.json"
    made.write_text("{}")
    check_made([str(made)])
    with pytest.raises(InputError, match=r"absent\.json was not made, though the process ended"):
        check_made([str(made), str(tmp_path / "absent.json")])
