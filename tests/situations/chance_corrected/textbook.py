"""Right answers in two rounds, guessing right by 1/3: ability above chance is beta distributed
with mean mu and dispersion gamma. By ratios of beta functions."""

from math import comb

import numpy as np
from scipy.special import betaln

PARAMETERS = ("mu", "gamma")
SUPPORT = {"mu": (0, 1), "gamma": (0, 1)}
START = (0.2, 0.2)
CHANCE, ROUNDS = 1 / 3, 2


def transformed_data(data):
    return np.array([np.sum(data["right"] == x) for x in range(ROUNDS + 1)])


def log_likelihood(theta, counts):
    mu, gamma = theta[..., 0], theta[..., 1]
    spread = 1 / gamma - 1
    a, b = mu * spread, (1 - mu) * spread
    total = 0.0
    for x in range(ROUNDS + 1):
        ways = [
            np.log(comb(x, i))
            + (x - i) * np.log(CHANCE / (1 - CHANCE))
            + betaln(a + i, b + ROUNDS - x)
            for i in range(x + 1)
        ]
        log_share = np.log(comb(ROUNDS, x)) + ROUNDS * np.log(1 - CHANCE) - betaln(a, b)
        total = total + counts[x] * (log_share + np.logaddexp.reduce(ways, axis=0))
    return total
