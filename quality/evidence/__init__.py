"""The evidence behind metrics: the subject of a measurement, and readings of its texts, dates and claims."""
