"""Settings of the tests as a whole."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from project_copy import copy_project, snakemake

# Examples are judged by what they show, never by the clock of a busy machine. They are the same
# in every run, so that a failure is of the change at hand; with CONFIG_EXAMPLES in the environment
# they are others each time.
settings.register_profile(
    "unhurried", deadline=None, derandomize="CONFIG_EXAMPLES" not in os.environ
)
settings.load_profile("unhurried")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Skip what starts a SLURM, unless its marker asks for it."""
    if hasattr(config, "workerinput"):  # one of several processes
        _long_ones_first(items)
    if "slurm" not in config.option.markexpr:
        not_asked_for = pytest.mark.skip(reason="starts a real SLURM; run it with -m slurm")
        for item in items:
            if item.get_closest_marker("slurm"):
                item.add_marker(not_asked_for)


def _long_ones_first(items) -> None:
    """Put the modules that run the Snakefile first: the last ones should be short."""
    long = {item.module for item in items if item.get_closest_marker("workflow")}
    items.sort(key=lambda item: item.module not in long)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A copy of the project in which the default configuration has been run, for all processes.

    Nobody changes it: a test that runs something in it makes a copy of its own.
    """

    def run(folder):
        done = snakemake(copy_project(folder), "--cores", "2")
        assert done.returncode == 0, done.stderr[-3000:]

    return made_once(folder_of_all(tmp_path_factory) / "finished", run)


def folder_of_all(tmp_path_factory) -> Path:
    """Return the folder of this run of the tests, the same one in each of its processes."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(folder: Path, make) -> Path:
    """Return a folder in which the first process that wants it has made a project, whole.

    The others wait for the lock; where making it failed, the next one tries again.
    """
    folder.mkdir(exist_ok=True)
    project, done = folder / "project", folder / "done"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(project, ignore_errors=True)
            make(project)
            done.touch()
    return project
