"""The tables of a sweep: which there are, and how each is written."""

from laplace_files.artifacts import SCHEMA_VERSION

RECORDS = ("posterior", "mode", "curvature", "grid", "verdict")
TABLES = ("draws", "grid_draws", "marginals", "mass", "quantiles", "remedies", "reference")
STEPS = (*RECORDS, *TABLES)
# settings that a step's own column of that name repeats: there is one column
REPEATED = ("seed", "n_draws", "tolerance", "replicate")
HOW = {"compression": "zstd", "version": "2.6", "write_page_checksum": True}


def entries(metadata: dict) -> dict[str, str]:
    """Return metadata as sorted texts, with the version of the schema."""
    said = {**metadata, "schema_version": SCHEMA_VERSION}
    return {key: str(said[key]) for key in sorted(said)}


def setting_column(setting: str, own) -> str:
    """Return the column of a setting in a table whose step has the columns `own`.

    It has the setting's name, but where a column of the step has that name and says something
    else (`grid` of the quantiles is the exact quantile): there it is NAME_setting.
    """
    return f"{setting}_setting" if setting in own and setting not in REPEATED else setting


def column_of(setting: str, columns) -> str:
    """Return the column of a setting in a stored table of a sweep that has these columns."""
    renamed = f"{setting}_setting"
    return renamed if renamed in columns else setting
