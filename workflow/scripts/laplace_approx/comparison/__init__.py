"""The two sides held against each other: quantiles, coverage, distances, signals."""
