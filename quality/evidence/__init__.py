"""What metrics rest on: the subject of a measurement, and readings of its texts, dates and claims."""
