"""What draws of Markov chains must show before they are used.

The gates are those of Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021, Bayesian Analysis 16).
"""

import numpy as np

from laplace_approx.numerics.monte_carlo import bulk_ess, r_hat, tail_ess

LARGEST_R_HAT = 1.01  # Vehtari et al. (2021)
FEWEST_PER_CHAIN = 100  # effective draws, in the bulk and in the tails


def diagnostics(names, theta, diverging) -> dict:
    """Return R-hat and both effective sample sizes of each parameter of theta (chains, n, d)."""
    found = {
        name: {
            "r_hat": r_hat(theta[..., i]),
            "bulk_ess": bulk_ess(theta[..., i]),
            "tail_ess": tail_ess(theta[..., i]),
        }
        for i, name in enumerate(names)
    }
    return {"parameters": found, "divergences": int(np.sum(diverging))}


def gates(found: dict, chains: int) -> dict:
    """Return each gate: the worst value, its limit, and whether it holds; a NaN fails."""
    each = found["parameters"].values()
    fewest = float(FEWEST_PER_CHAIN * chains)
    r_hats = np.array([one["r_hat"] for one in each])
    bulk, tail = (np.array([one[key] for one in each]) for key in ("bulk_ess", "tail_ess"))
    return {
        "r_hat": _gate(np.max(r_hats), LARGEST_R_HAT, np.all(r_hats <= LARGEST_R_HAT)),
        "bulk_ess": _gate(np.min(bulk), fewest, np.all(bulk >= fewest)),
        "tail_ess": _gate(np.min(tail), fewest, np.all(tail >= fewest)),
        "divergences": _gate(found["divergences"], 0, found["divergences"] == 0),
    }


def _gate(value, limit, holds) -> dict:
    return {"value": float(value), "limit": float(limit), "holds": bool(holds)}
