"""Time the seven steps of a bioassay case through Snakemake beside one Python process.

Posterior, mode, curvature, draws, grid, grid draws and quantiles, from nothing and without
pictures, against a process that runs the same scripts and writes the same bytes. Then what each
script spends on imports, as `python -X importtime` counts it. Run it as

    .venv/bin/python benchmarks/chain.py [repetitions] [grid ...]
"""

import ast
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from default_run import BENCHMARKS, main
from processes import least, run

QUANTILES = "results/bioassay/flat/compare/natural/{grid}/quantiles.parquet"
GRIDS = (
    "chapter",
    "certified",
)  # 100 by 100 points that are given; bounds and points that are found
STEPS = ("posterior", "mode", "curvature", "draws", "grid", "grid_draws", "quantiles")
SCRIPTS = BENCHMARKS.parent / "workflow" / "scripts"
# libraries, and what Snakemake itself has every job import
LIBRARIES = ("numpy", "scipy", "pyarrow", "yaml", "jsonschema", "snakemake")


def imports_of_steps(repetitions: int) -> None:
    """Print what importing its modules costs each step, in processor time and by library."""
    print(f"{'imports of':12}  processor s  milliseconds, by library")
    for step in STEPS:
        code = import_statements(SCRIPTS / f"{step}.py")
        with tempfile.TemporaryDirectory() as name:
            command = [
                sys.executable,
                "-c",
                f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n{code}",
            ]
            cost = least([run(command, Path(name)) for _ in range(repetitions)])
        print(f"{step:12} {cost.processor:12.3f}  {by_library(code)}")


def import_statements(script: Path) -> str:
    """Return the import statements at the top of a script."""
    body = ast.parse(script.read_bytes()).body
    return "\n".join(
        ast.unparse(line) for line in body if isinstance(line, ast.Import | ast.ImportFrom)
    )


def by_library(code: str) -> str:
    """Return the time of each library that the code imports, from `-X importtime`."""
    command = [sys.executable, "-X", "importtime", "-c", code]
    report = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True).stderr
    times: dict[str, int] = {}
    for own, module in re.findall(r"import time: +(\d+) \| +\d+ \| +(\S+)", report):
        name = module.partition(".")[0]
        name = name if name in LIBRARIES else "project" if name.startswith("laplace_") else "Python"
        times[name] = times.get(name, 0) + int(own)
    ordered = sorted(times.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {microseconds / 1000:.0f}" for name, microseconds in ordered)


if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:] else 3
    for grid in sys.argv[2:] or GRIDS:
        print(f"the grid {grid}:")
        main(count, [QUANTILES.format(grid=grid)])
    imports_of_steps(count)
