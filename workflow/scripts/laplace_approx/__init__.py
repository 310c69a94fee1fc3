"""The normal approximation at the mode, held against the exact posterior: pure numerical functions."""
