"""The exact side: lattices under the posterior, bounds, spacing, marginals and quantiles."""
