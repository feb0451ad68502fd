"""Judge what was harvested: pure functions over catalogue rows and local files. Opens no socket and writes no SQL."""
