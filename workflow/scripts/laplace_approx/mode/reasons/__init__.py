"""Why a posterior has no mode that a normal can serve: a file for each kind of reason."""
