"""Errors that reach the command line from modules too heavy to import for them."""

from __future__ import annotations

__all__ = ["ArchiveError"]


class ArchiveError(Exception):
    """A file that is no archive of a night, or does not fit the catalogue. Says what, where and the next step."""
