"""Tables are read by the thread that asks for them.

A thread of Arrow's that is still at work when a process ends aborts it ("terminate called without
an active exception"), now and then, after all was done (apache/arrow#34314): so none is started.
"""

import ast
import subprocess
import sys

import pytest

from project_copy import PROJECT

SCRIPTS = PROJECT / "workflow" / "scripts"
READERS = {"read_row_group", "read_row_groups", "iter_batches"}
COUNTED = """
import os, sys

sys.path.insert(0, {scripts!r})
from laplace_files.artifacts.artifacts import read_table, write_table
import pyarrow, pyarrow.parquet

write_table({path!r}, {{"x": [float(x) for x in range(100_000)]}}, {{}})
before = len(os.listdir("/proc/self/task"))
columns, _ = read_table({path!r})
assert columns["x"][-1] == 99_999
print(len(os.listdir("/proc/self/task")) - before)
"""


def reads(tree):
    """Yield the calls that read a table: of a method of that name, or with `columns`."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        given = {each.arg for each in node.keywords}
        if node.func.attr in READERS or (node.func.attr == "read" and given):
            yield node, given
        if ast.unparse(node.func) in ("pq.read_table", "parquet.read_table"):
            yield node, set()  # it starts a thread whatever it is told


def test_every_reading_of_a_table_says_so():
    found = 0
    for path in SCRIPTS.rglob("*.py"):
        for node, given in reads(ast.parse(path.read_text(encoding="utf-8"))):
            assert "use_threads" in given, f"{path.relative_to(SCRIPTS)}, line {node.lineno}"
            found += 1
    assert found >= 8


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_no_thread_is_started_by_reading(tmp_path):
    program = COUNTED.format(scripts=str(SCRIPTS), path=str(tmp_path / "table.parquet"))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "0"
