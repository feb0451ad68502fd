"""Errors that the command line catches without importing the heavy modules that raise them."""

from __future__ import annotations

__all__ = ["ArchiveError", "ShardError"]


class ArchiveError(Exception):
    """Raised if a file is not the WARC archive of a run, or holds a run that the catalogue cannot take. The message
    names the file, the problem and the next step."""


class ShardError(Exception):
    """Raised if a task or a part of a split run cannot be used. The message names the file, the problem and the next
    step."""
