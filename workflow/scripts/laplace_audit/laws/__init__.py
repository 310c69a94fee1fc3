"""The laws, one module an artifact."""
