"""A mode higher than the normal's, that the grid found and the search for modes had not.

The normal, its SDs and its evidence are then those of a mode, and not of the highest one.
"""

import numpy as np

from laplace_approx.words.places import point

HIGHER = 1e-6  # in log density: less is rounding, or the same mode


def higher_modes(laplace, grid: dict) -> list[str]:
    """Return one sentence where the grid's record has a mode that is higher than the normal's in
    its space; none where there is no such."""
    fit = laplace.fit()
    found = (grid["off_the_nodes"] or {}).get("new_modes") or []
    if fit is None or not found:
        return []
    with np.errstate(all="ignore"):
        z = laplace.space.unconstrain(np.array(found, dtype=float))
        inside = np.all((z > laplace.space.lower) & (z < laplace.space.upper), axis=-1)
        above = np.full(len(found), -np.inf)
        above[inside] = fit.density.log_density(z[inside]) - laplace.mode["log_density"]
    best = int(np.nanargmax(above)) if not np.isnan(above).all() else 0
    if not above[best] > HIGHER:
        return []
    return [
        "The normal stands at a mode that is not the highest: the grid found one at "
        f"{point(laplace.space.parameters, found[best])} that the search for modes had not found, "
        f"whose log density is higher by {above[best]:.3g}. Give that place as the model's START."
    ]
