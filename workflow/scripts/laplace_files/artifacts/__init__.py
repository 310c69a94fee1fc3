"""Artifacts on disk: written whole, held to their schemas, known by their content."""
