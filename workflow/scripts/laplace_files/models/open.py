"""A model of the configuration, opened: bound to its data, its quantities tried."""

import numpy as np

from laplace_approx.density.model import condition_holds, evaluate_quantity
from laplace_approx.errors import Declined, InputError
from laplace_files.models.data import read_replicated
from laplace_files.models.modelfile import load_model


def open_model(definition: dict):
    """Return the model of a `models:` entry of the configuration, bound to its data."""
    return open_model_and_data(definition)[0]


def open_model_and_data(definition: dict) -> tuple:
    """Return the model of a `models:` entry, bound to its data, and the columns of these."""
    data = read_replicated(definition.get("data"), definition.get("replicate", 1))
    try:
        model = load_model(definition["file"], data)
        _try_quantities(definition["file"], model)
        return model, data
    except InputError as error:
        raise InputError(f"{error}{beside(definition)}") from error


def beside(definition: dict) -> str:
    """Return the end of a message about a model that names its data, "" where it has none."""
    return f" (its data: {definition['data']})" if definition.get("data") else ""


def _try_quantities(file: str, model) -> None:
    """Evaluate every derived quantity and its condition on a batch of two points."""
    batch = np.stack([model.start, model.start])
    for name in model.quantities:
        try:
            evaluate_quantity(model, name, batch)
            condition_holds(model, name, batch)
        except Declined as declined:
            raise InputError(f"{file}: {declined.message}") from declined
