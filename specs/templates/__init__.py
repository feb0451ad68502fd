"""Tables to fill in by hand."""
