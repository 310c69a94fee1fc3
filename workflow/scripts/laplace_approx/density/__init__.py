"""The log density of a posterior: model, prior, support, the space of its coordinates."""
