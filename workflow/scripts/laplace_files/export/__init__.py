"""What leaves the workflow: the page, pictures, crates and files for other tools."""
