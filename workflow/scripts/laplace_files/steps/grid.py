"""The step that lays the grid."""

from laplace_approx.grid_record import GridTables, grid_tables


def grid_step(posterior, name: str, definition: dict) -> GridTables:
    """Return the record, the cells and the marginals of a grid of a posterior."""
    tables = grid_tables(posterior.model, posterior.density, definition)
    described = {
        "case": {**posterior.record["case"], "grid": name},
        "parameters": list(posterior.model.parameters),
        "definition": definition,
    }
    return tables._replace(record=described | tables.record)
