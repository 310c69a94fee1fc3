"""Derived quantities on a lattice: the borders of the region below a level, and the mass inside."""
