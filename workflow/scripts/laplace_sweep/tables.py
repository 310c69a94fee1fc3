"""The tables of a sweep: which there are, and how each is written."""

from laplace_files.artifacts import SCHEMA_VERSION

RECORDS = ("posterior", "mode", "curvature", "grid", "verdict")
TABLES = ("draws", "grid_draws", "marginals", "mass", "quantiles", "remedies", "reference")
STEPS = (*RECORDS, *TABLES)
HOW = {"compression": "zstd", "version": "2.6", "write_page_checksum": True}


def entries(metadata: dict) -> dict[str, str]:
    """Return metadata as sorted texts, with the version of the schema."""
    said = {**metadata, "schema_version": SCHEMA_VERSION}
    return {key: str(said[key]) for key in sorted(said)}
