"""The normal approximation at the mode and the exact posterior: pure numerical functions."""
