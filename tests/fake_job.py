"""A job for tests: what a script gets as `snakemake`, and a program that runs as a script does."""

import os
import subprocess
import sys

from project_copy import PROJECT

PROGRAM = """
from types import SimpleNamespace
from laplace_files.run import job
job.start(SimpleNamespace(
    rule="mode", wildcards={"model": "m"}, input=%r, output=%r, params={"code": "c", "n": 1},
    resources=%r, log=["logs/job.log"],
))
"""


def run_job(folder, text, *, inputs=(), outputs=(), resources=None):
    """Run `text` in `folder` as a script of a rule; return its exit status and its log."""
    program = PROGRAM % (list(inputs), list(outputs), resources or {}) + text
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "workflow/scripts")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout == done.stderr == "", "all of it is in the log"
    return done.returncode, (folder / "logs/job.log").read_text(errors="replace")
