"""Compare tables with what is expected of their kind, by Great Expectations."""
