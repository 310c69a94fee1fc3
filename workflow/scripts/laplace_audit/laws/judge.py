"""Which exact side a verdict rests on, recomputed from what the sides say of themselves."""

HEAVIER, NOTABLE = 100.0, 6e-4  # modes outside the grid, so much heavier than they are said to be,
# count from this share of the mass on


def sorts_of(reference: dict, chains) -> list[tuple[str, dict]]:
    """Return the kind and the record of each sort of draws, in the order of what they cost."""
    return [("importance", reference), *((said["kind"], said) for _, said in chains)]


def judged(grid: dict, mode: dict, draws, tolerance: float) -> tuple[str, bool]:
    """Return what is held to be exact, and whether it can be relied on: a grid, else `draws`, the
    (kind, record) of each sort in the order of its cost, that serve, the first whose errors, taken
    twice, are within the tolerance, or else the first."""
    serving = [(kind, said) for kind, said in draws if said["serves"]]
    if grid["status"] == "ok" and not _faulty(grid, mode):
        return "grid", True
    if serving:
        sure = [kind for kind, said in serving if certain(said, tolerance)]
        return (sure or [serving[0][0]])[0], True
    return ("grid" if grid["status"] == "ok" else "none"), False


def judges(grid: dict, modes: list[dict]) -> bool:
    """Return whether a grid can be the exact side, whichever of the searches for modes is asked."""
    return grid["status"] == "ok" and not any(_faulty(grid, mode) for mode in modes)


def certain(said: dict, tolerance: float) -> bool:
    """Return whether two standard errors of every quantity of draws are known and within the
    tolerance, and of chains, whether they would have shown a shift by as much."""
    if said["errors_sd"] is None:
        return False
    sizes = [None if error is None else 2 * error for error in said["errors_sd"].values()]
    if "belongs" in said:
        sizes.append(said["belongs"] and said["belongs"]["seen"]["place"])
    return all(size is not None and size <= tolerance for size in sizes)


def _faulty(grid: dict, mode: dict) -> bool:
    """Return whether modes outside a grid, or mass that is not known, make it worthless."""
    masses = {True: 0.0, False: 0.0}
    for each in mode.get("modes") or []:
        ends = [
            (value, *grid["bounds"][name])
            for value, name in zip(each["theta"], grid["parameters"], strict=True)
        ]
        beyond = any(
            (low is not None and value < low) or (high is not None and value > high)
            for value, low, high in ends
        )
        masses[beyond] += each["share"] * (HEAVIER if beyond else 1.0)
    faults = grid["outside_mass"]["total"] is None
    return bool(faults or masses[True] > NOTABLE * (masses[True] + masses[False]))
