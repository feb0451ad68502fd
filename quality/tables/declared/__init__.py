"""Compare tables with the schema that their publisher declares."""
