"""What the laws of several artifacts open of a posterior."""

from laplace_audit.reading.shelf import Shelf


def generator_of(seed: int) -> dict:
    """Return what the footer of a table of draws says of where they are from."""
    return {"seed": seed, "bit_generator": "PCG64"}


def chains_of(shelf: Shelf, model: str, prior: str) -> list[tuple[dict, dict]]:
    """Return the columns and the record of each kind of draws of chains of a posterior."""
    case, folder = (model, prior), f"{model}/{prior}/reference"
    names = ["brought"] if case in shelf.asked.brought() else []
    names += ["sampled"] if case in shelf.asked.sampled() else []
    tables = [shelf.need(f"{folder}/{name}.parquet").columns for name in names]
    records = [shelf.need(f"{folder}/{name}.json") for name in names]
    return list(zip(tables, records, strict=True))


def modes_of(shelf: Shelf, model: str, prior: str) -> list[dict]:
    """Return the record of the mode in each space of a model."""
    spaces = shelf.asked.models[model]["spaces"]
    return [shelf.need(f"{model}/{prior}/laplace/{space}/mode.json") for space in spaces]


def normal_of_space(shelf: Shelf, model: str, prior: str, space: str) -> tuple[dict, dict]:
    """Return the records of a mode and of the curvature there."""
    folder = f"{model}/{prior}/laplace/{space}"
    return shelf.need(f"{folder}/mode.json"), shelf.need(f"{folder}/curvature.json")
