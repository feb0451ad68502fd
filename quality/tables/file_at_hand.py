"""The file that is being inspected: a download, or a member unpacked from an archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.model import TableContext
from quality.tables.read.declared_format import charset_of, declared_formats

__all__ = ["FileAtHand"]


@dataclass(frozen=True, slots=True)
class FileAtHand:
    """A file to inspect, a download or a file unpacked from an archive, with what is known about it in advance."""

    path: Path
    context: TableContext
    is_cut: bool
    """True if the bytes on disk are only the beginning of the file. A file unpacked from a complete archive may be cut
    too, at the limit for unpacked bytes."""
    is_member: bool = False
    """True if the file was unpacked from an archive."""

    @property
    def size_bytes(self) -> int:
        """Return the size of the file on disk, in bytes."""
        return self.path.stat().st_size

    @property
    def promised(self) -> frozenset[str]:
        """Return what the record declares as format and media type of this file: ids of formats, and any other words in
        capitals. Empty if it declares neither.
        """
        return declared_formats(self.context.declared_format, self.context.declared_media_type)

    @property
    def charset(self) -> str | None:
        """Return the charset that the server names in its Content-Type header, or None."""
        return charset_of(self.context.content_type)
