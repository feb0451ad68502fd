"""The judgement: pure functions over catalogue rows and local files. Opens no socket, writes no SQL."""
