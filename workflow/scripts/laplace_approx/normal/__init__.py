"""The normal N(mean, cholesky cholesky') at the mode, and what hangs on it."""
