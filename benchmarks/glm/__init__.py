"""Posteriors of generalised linear models from seeds, and their truth by long chains.

Nothing here shares code with the core.
"""
