"""Check whether governments do what they promised: measures over a scope, progress, timing, and the stage ``track``."""
