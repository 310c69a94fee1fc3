"""The configuration: read strictly, completed, checked before anything runs."""
