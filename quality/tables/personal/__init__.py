"""Detect personal data that was published by mistake: it is counted, never stored."""
