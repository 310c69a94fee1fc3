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
    """Skip what starts a SLURM, unless its marker asks for it; share tests out by their runs."""
    if getattr(config.option, "loadgroup", False):  # what xdist tells its processes
        _group(items)
    if "slurm" not in config.option.markexpr:
        not_asked_for = pytest.mark.skip(reason="starts a real SLURM; run it with -m slurm")
        for item in items:
            if item.get_closest_marker("slurm"):
                item.add_marker(not_asked_for)


def _group(items) -> None:
    """Let one process have all tests of a module, and one all that look at the finished run.

    What runs the Snakefile comes first: the last tests should be short ones.
    """
    for item in items:
        shared = "finished" in item.fixturenames
        name = "finished" if shared else item.module.__name__
        item.add_marker(pytest.mark.xdist_group(name))
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A copy of the project in which the default configuration has been run."""
    folder = copy_project(tmp_path_factory.mktemp("finished") / "project")
    done = snakemake(folder, "--cores", "2")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
