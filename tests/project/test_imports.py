"""What a job imports before it begins: a run is a hundred short jobs, and each waits for that.

What takes long to import is asked for by the function that needs it, so that only the jobs whose
work comes to it wait for it.
"""

import os
import subprocess
import sys

import pytest

from project_copy import PROJECT

SCRIPTS = PROJECT / "workflow" / "scripts"
# a tenth of a second to a second each, where NumPy takes a twentieth
DEAR = ("scipy.stats", "scipy.optimize", "scipy.spatial", "scipy.sparse", "arviz_stats", "pandas")
PICTURES = ("exercise_5", "exercises", "external_verdict", "figures", "nuts_comparison")
PICTURES += ("sweep_figures",)
THERE = """
import importlib, sys
for name in {names!r}:
    importlib.import_module(name)
print(*[name for name in {dear!r} if name in sys.modules])
"""


def imported_by(text):
    """The modules of this project that the imports at the top of a text name."""
    lines = [line for line in text.splitlines() if line.startswith("from laplace_")]
    return [line.split()[1] for line in lines]


def dear_ones(names, dear):
    code = THERE.format(names=names, dear=dear)
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda file: file.stem)
def test_a_script_imports_nothing_dear_before_it_begins(script):
    names = imported_by(script.read_text(encoding="utf-8"))
    assert names or script.stem == "help"  # which prints what it is given
    dear = DEAR if script.stem in PICTURES else (*DEAR, "matplotlib")
    assert dear_ones(names, dear) == []


def test_the_snakefile_imports_nothing_dear():
    files = [PROJECT / "Snakefile", *PROJECT.glob("workflow/rules/*.smk")]
    names = [name for file in files for name in imported_by(file.read_text(encoding="utf-8"))]
    assert len(names) > len(files) / 2
    dear = (*DEAR, "scipy.special", "scipy.linalg", "matplotlib")
    assert dear_ones(names, dear) == []
