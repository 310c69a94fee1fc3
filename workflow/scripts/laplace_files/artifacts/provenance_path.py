"""Where the record of an artifact lies.

Each output of a job has a record, `results/.records/{path of the output}.json`, which holds the
size and the SHA-256 of its bytes, and what they were made from.
"""

from pathlib import Path

RESULTS = Path("results")
RECORDS = RESULTS / ".records"


def record_path(path) -> Path | None:
    """Return where the record of an output lies; None for what is not below results/."""
    path = Path(path)
    if path.parts[:1] != RESULTS.parts or len(path.parts) < 2:
        return None
    below = path.relative_to(RESULTS)
    return RECORDS / below.with_name(below.name + ".json")


def artifact_of(record) -> str:
    """Return the path of the output that a record, by its own path, is of."""
    below = Path(record).relative_to(RECORDS)
    return str(RESULTS / below.with_name(below.name.removesuffix(".json")))
