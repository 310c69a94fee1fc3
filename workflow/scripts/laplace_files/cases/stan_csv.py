"""What the comments of a CSV file say that CmdStan wrote: its method, its warm-up, its thinning."""

import io
import re

from laplace_approx.errors import InputError
from laplace_files.cases.draw_table import MAX_BYTES
from laplace_files.models.data import read_text

_SETTING = re.compile(r"#\s*(\w+) = (\S+)")
ADAPTED = "# Adaptation terminated"  # stands after the rows of warm-up, if these were saved
SAMPLING = ("sample", "hmc", "sampling")


def stan_header(path) -> dict:
    """Return how many rows at the begin of a file are of `warmup`, and one in how many draws was
    kept (`thin`; None where the file does not say).

    Raises InputError for draws of another method, which are not draws from the posterior.
    """
    settings, rows, warmup = {}, -1, 0
    for line in io.StringIO(read_text(path, MAX_BYTES), newline=None):
        if not line.startswith("#"):
            rows += 1 if line.strip() else 0
            continue
        if line.startswith(ADAPTED):
            warmup = max(rows, 0)
        if found := _SETTING.match(line):
            settings.setdefault(*found.groups())
    method = settings.get("method")
    if method is not None and method not in SAMPLING:
        raise InputError(
            f"{path}: was written by CmdStan's method {method!r}; only those of `sample` are draws "
            "from the posterior. A normal's draws are judged under `external`"
        )
    thin = settings.get("thin", "")
    return {"warmup": warmup, "thin": int(thin) if thin.isdigit() else None}
