"""The profile for SLURM submits the chunks of a sweep, and the bytes are those of a local run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import slurm_on_this_machine as slurm
from project_copy import PROJECT, copy_project

PROGRAM = Path(slurm.__file__)


@pytest.mark.slurm
def test_a_sweep_through_slurm_gives_the_bytes_of_a_local_run():
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode == slurm.SKIPPED:
        pytest.skip(done.stdout.strip().removeprefix("Skipped: "))
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_missing_is_said_in_one_sentence(tmp_path):
    without = {"PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], env=without, capture_output=True, text=True, check=False
    )
    if shutil.which("slurmctld", path="/usr/sbin:/sbin"):
        assert "sbatch" in done.stdout  # the daemons are looked for where the system keeps them
    assert done.returncode == slurm.SKIPPED, done.stderr
    assert re.fullmatch(r"Skipped: .+\n", done.stdout)


@pytest.mark.parametrize(
    ("slurm_jobs", "same"),
    [
        ({"1 rule_sweep_chunk": "COMPLETED"}, True),
        ({"1 rule_sweep_chunk": "FAILED"}, False),
        ({}, False),  # nothing was submitted: the local run was compared with itself
    ],
)
def test_jobs_must_have_been_submitted_and_completed(slurm_jobs, same):
    files = {"verdict.parquet": "00"}
    assert slurm.verdict(files, files, slurm_jobs) == (0 if same else 1)


@pytest.mark.parametrize("other", [{}, {"a": "1", "b": "2"}, {"a": "2"}])
def test_a_file_that_is_missing_added_or_other_is_a_difference(other):
    assert slurm.verdict({"a": "1"}, other, {"1": "COMPLETED"}) == 1


def test_no_artifacts_are_not_the_same_artifacts():
    assert slurm.verdict({}, {}, {"1": "COMPLETED"}) == 1


def test_daemons_listen_on_the_loopback_interface_and_write_in_their_folder(tmp_path):
    slurm.write_configuration(tmp_path)
    lines = (tmp_path / "slurm.conf").read_text("utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    assert settings["SlurmctldHost"].endswith("(127.0.0.1)")
    assert "NodeAddr=127.0.0.1" in settings["NodeName"]
    assert settings["CommunicationParameters"] == "NoInAddrAny,NoCtldInAddrAny"
    paths = [value for value in settings.values() if value.startswith("/")]
    assert len(paths) == 6
    assert all(path.startswith(f"{tmp_path}/") for path in paths)
    assert (tmp_path / "munge.key").stat().st_mode & 0o077 == 0


REMOTE_RULES = """
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

with SnakemakeApi(OutputSettings()) as api:
    overlay = ConfigSettings(configfiles=[Path("overlay.yaml")])
    workflow = api.workflow(ResourceSettings(cores=1), overlay, snakefile=Path("Snakefile"))
    workflow.dag().printrulegraph()
    planned = workflow._workflow
    names = [rule.name for rule in planned.rules if rule.name not in planned._localrules]
    print("submitted:", *names)
"""


@pytest.mark.workflow
def test_only_the_chunks_of_sweeps_are_submitted(tmp_path):
    folder = copy_project(tmp_path / "project")
    shutil.copy(PROJECT / slurm.OVERLAY, folder / "overlay.yaml")
    command = [sys.executable, "-c", REMOTE_RULES]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "submitted: sweep_chunk"
