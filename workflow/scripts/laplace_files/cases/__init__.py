"""What the steps left of a case, opened together from its artifacts."""
