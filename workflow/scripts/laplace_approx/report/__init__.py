"""What the page says of a run: records and tables of artifacts, turned into words and rows."""
