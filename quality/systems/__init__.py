"""Weigh measurements: the Winnow score, third-party scoring systems, and the scores of publishers and governments."""
