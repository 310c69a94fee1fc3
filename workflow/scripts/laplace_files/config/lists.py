"""One name or number where the configuration may give several: as lists of one."""

KINDS = ("prior", "space", "grid")


def listed(value) -> list:
    """Return a list as it is, and anything else as a list of it alone."""
    return value if isinstance(value, list) else [value]


def with_lists(config: dict) -> dict:
    """Return a completed configuration in which whatever may be several is a list."""
    seeds = {kind: listed(values) for kind, values in config["seeds"].items()}
    probabilities = listed(config["probabilities"])
    nuts = config["nuts"]
    nuts = nuts | {"cases": _with_listed_names(nuts["cases"]), "seeds": listed(nuts["seeds"])}
    cases = _with_listed_names(config["cases"])
    models = {name: _with_listed_draws(model) for name, model in config["models"].items()}
    several = {"cases": cases, "seeds": seeds, "probabilities": probabilities}
    return config | several | {"nuts": nuts, "models": models}


def _with_listed_draws(model: dict) -> dict:
    reference = {prior: _chains(entry) for prior, entry in model["reference"].items()}
    return model | {"reference": reference}


def _chains(entry) -> dict:
    """Return an entry of `reference` with all its keys: `nuts` alone is the sampler alone."""
    if entry == "nuts":
        return {"draws": [], "names": {}, "nuts": True}
    return entry | {"draws": listed(entry.get("draws", []))}


def _with_listed_names(blocks: list) -> list:
    return [{kind: listed(names) for kind, names in block.items()} for block in blocks]
