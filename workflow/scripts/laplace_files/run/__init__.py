"""A run of the workflow: its jobs, its lock, its code, and what it says at the end."""
