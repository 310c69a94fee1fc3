"""The same by the first two moments of the ability: two rounds need no more."""

import numpy as np

PARAMETERS = ("mu", "gamma")
SUPPORT = {"mu": (0, 1), "gamma": (0, 1)}
START = (0.2, 0.2)
CHANCE = 1 / 3


def transformed_data(data):
    return np.array([np.sum(data["right"] == x) for x in range(3)])


def log_likelihood(theta, counts):
    mu, gamma = theta[..., 0], theta[..., 1]
    square = mu * (mu + gamma * (1 - mu))  # E ability^2
    right = CHANCE + (1 - CHANCE) * mu
    both = CHANCE**2 + 2 * CHANCE * (1 - CHANCE) * mu + (1 - CHANCE) ** 2 * square
    shares = (1 - 2 * right + both, 2 * (right - both), both)
    return sum(n * np.log(share) for n, share in zip(counts, shares, strict=True))
