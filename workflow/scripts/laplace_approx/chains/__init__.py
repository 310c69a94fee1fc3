"""Draws of Markov chains: their gates, their errors, and the exact side that they make."""
