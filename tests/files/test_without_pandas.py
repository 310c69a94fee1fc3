"""Tables are written and read without pandas, even where an extra has brought it."""

import subprocess
import sys

from project_copy import PROJECT

TRIED = """
import sys
import numpy as np
sys.path[:0] = [{stand_in!r}, {scripts!r}]
from laplace_files.artifacts.artifacts import read_table, write_table
write_table("table.parquet", {{"number": np.arange(3.0), "text": ["a", None, "b"]}}, {{}})
columns, _ = read_table("table.parquet")
assert columns["text"] == ["a", None, "b"]
assert "pandas" not in sys.modules
import pandas
"""


def test_a_pandas_that_is_installed_is_left_alone_and_can_still_be_imported(tmp_path):
    (tmp_path / "pandas.py").write_text('__version__ = "3.0"\nprint("imported")\n')
    code = TRIED.format(stand_in=str(tmp_path), scripts=str(PROJECT / "workflow/scripts"))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "imported\n"
