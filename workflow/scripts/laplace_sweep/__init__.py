"""Sweeps: one case with some of its settings varied, run in chunks of many scenarios."""
