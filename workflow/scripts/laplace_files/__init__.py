"""Everything that touches files: configuration, data, models and artifacts."""
