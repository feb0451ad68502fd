"""Measurements weighed: the Winnow score, the systems of others, and the figures of publishers and governments."""
