"""Derivatives of a function of x from its values or gradients, each with an error; no model."""
