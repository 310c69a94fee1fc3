"""Model files and data files: read, tried in a child, and opened."""
