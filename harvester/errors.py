"""Errors that the command line catches without importing the heavy modules that raise them."""

from __future__ import annotations

__all__ = ["ArchiveError", "BackupError", "MailboxError", "PackageError", "ShardError", "TimestampError"]


class ArchiveError(Exception):
    """Raised if a file is not the WARC archive of a run, or if its run cannot be replayed, for example because the
    catalogue holds a later run. The message names the file, the problem and the next step."""


class BackupError(Exception):
    """Raised if a data folder cannot be backed up, or a backup cannot be restored. The message names the file, the
    problem and the next step; nothing was changed."""


class PackageError(Exception):
    """Raised if the Parquet package of another catalogue cannot be taken in: a file is missing, was changed, or holds
    what no catalogue writes. The message names the file and the reason; nothing was taken in."""


class ShardError(Exception):
    """Raised if a run whose addresses are checked on several machines cannot be split, worked on or merged.

    Examples: a task (the folder with the addresses for one machine) or a part (the folder with what that machine found)
    is incomplete, was changed, or is of another version of the program; or the Dask scheduler does not respond. The
    message names the file or address, the problem and the next step.
    """


class TimestampError(Exception):
    """Raised if there is no time stamp for a manifest: the authority cannot be reached, refuses, or is not trusted, or
    what it sent is something else. The message says which of them, and the next step; nothing was stored."""


class MailboxError(Exception):
    """Raised if replies cannot be fetched from a mailbox. The message names the server, the problem and the next
    step."""
