"""Which setting of a sweep moves which quantile, and how much: main effects, ranked."""

import numpy as np

MEASURES = ("difference_sd", "laplace", "grid")


def effects_table(rows: dict, settings: dict[str, list]) -> dict:
    """Return the main effects as tidy columns, the largest share of the variance first.

    `rows` are the columns of a sweep's quantiles, `quantity`, `probability` and each measure, and
    `settings` the value of each setting in the same rows. For a measure y of one quantile and a
    setting x with values x_1 ... x_m, with E the mean over the scenarios that have a value, all
    equally likely:
      variance_share = Var(E[y | x]) / Var(y), the first-order sensitivity index (Sobol 1993;
      Saltelli et al. 2008, Global Sensitivity Analysis, section 1.2.13), 0 where y does not vary;
      effect = max_i E[y | x_i] - min_i E[y | x_i], in the unit of y, reached from `lowest_at` to
      `highest_at`.
    Exact sums over the design, no estimates: in a product design of which every scenario has a
    value the shares of all settings add up to at most one, and what is left are interactions.
    Under `zip` settings move together, and so do their effects.
    """
    found = []
    for quantity, probability, mask in _quantiles(rows):
        for measure in MEASURES:
            y = np.asarray(rows[measure], dtype=float)[mask]
            for setting, values in settings.items():
                x = [values[i] for i in np.flatnonzero(mask)]
                effect = _effect(x, y)
                if effect is not None:
                    found.append((measure, quantity, probability, setting, *effect))
    order = {measure: i for i, measure in enumerate(MEASURES)}
    found.sort(key=lambda row: (order[row[0]], -row[4], -row[5], row[1], row[2], row[3]))
    return {name: [row[i] for row in found] for i, name in enumerate(COLUMNS)}


COLUMNS = (
    *("measure", "quantity", "probability", "setting", "variance_share", "effect"),
    *("lowest_at", "highest_at", "lowest_mean", "highest_mean", "scenarios"),
)


def _quantiles(rows):
    if "quantity" not in rows:  # every scenario failed
        return
    quantity = np.array(rows["quantity"], dtype=object)
    probability = np.asarray(rows["probability"], dtype=float)
    for name in dict.fromkeys(rows["quantity"]):
        for p in np.unique(probability[quantity == name]):
            yield name, float(p), (quantity == name) & (probability == p)


def _effect(x: list, y):
    """Return (share, effect, lowest at, highest at, its means, number) or None without values."""
    known = np.isfinite(y)
    if known.sum() < 2:
        return None
    levels = list(dict.fromkeys(value for value, k in zip(x, known, strict=True) if k))
    place = {value: i for i, value in enumerate(levels)}
    index = np.array([place[value] for value, k in zip(x, known, strict=True) if k])
    y = y[known]
    n = np.bincount(index)
    means = np.bincount(index, weights=y) / n
    total = np.sum((y - y.mean()) ** 2)
    between = np.sum(n * (means - y.mean()) ** 2)
    # rounding leaves a trace of variance where there is none
    noise = (1e-12 * max(1.0, float(np.max(np.abs(y))))) ** 2 * y.size
    share = float(min(1.0, between / total)) if total > noise else 0.0
    low, high = int(np.argmin(means)), int(np.argmax(means))
    effect = float(means[high] - means[low])
    ends = (str(levels[low]), str(levels[high]), float(means[low]), float(means[high]))
    return (share, effect, *ends, int(y.size))
