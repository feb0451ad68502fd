"""Derive findings from measurements: what fails, where, how to fix it, and the points that a fix brings."""
