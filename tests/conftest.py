"""Settings of the tests as a whole."""

import os

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
    """A copy of the project in which the default configuration has been run."""
    folder = copy_project(tmp_path_factory.mktemp("finished") / "project")
    done = snakemake(folder, "--cores", "2")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
