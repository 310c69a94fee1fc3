"""The step that finds the mode."""

from laplace_approx.mode_record import mode_record
from laplace_approx.outcome import attempt


def mode_step(posterior, name: str, definition: dict) -> dict:
    """Return the record of the mode of a posterior in a space."""
    space = posterior.space(definition)
    found = attempt("mode", lambda: mode_record(posterior.model, posterior.density(), space))
    described = {
        "case": {**posterior.record["case"], "space": name},
        "parameters": list(posterior.model.parameters),
        "space": name,
        "space_definition": definition,
        "coordinates": list(space.names),
        "density": space.text,
        "restricts": list(space.restricts),
    }
    return {**described, **found}
