"""Errors that the command line catches without importing the heavy modules that raise them."""

from __future__ import annotations

__all__ = ["ArchiveError"]


class ArchiveError(Exception):
    """A file that is not the archive of a night, or does not fit the catalogue. Says what, where and the next step."""
