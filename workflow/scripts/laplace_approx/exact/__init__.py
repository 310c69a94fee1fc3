"""The exact side: lattices under the posterior, bounds, spacing, marginals and quantiles.

The comment of a constant says what doubling or halving it costs, measured by
`benchmarks/constants.py` on the posteriors that it names, where reading does not tell; "nothing
changes" is said of these. Quantiles move in half the central 68.3 % interval.
"""
