"""What the audit reads from disk, as arrays and records."""
