"""Personal data that nobody meant to publish: detected and counted, never kept."""
