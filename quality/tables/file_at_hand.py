"""The bytes that are looked into at the moment: a downloaded file, or a member of the archive that it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog.model import TableContext
from quality.tables.read.declared_format import charset_of, declared_formats

__all__ = ["FileAtHand"]


@dataclass(frozen=True, slots=True)
class FileAtHand:
    """Where the bytes lie, with what is known of them beforehand."""

    path: Path
    context: TableContext
    is_cut: bool
    """Whether the bytes are only the beginning of the file. So may be those that are unpacked from a whole download."""
    is_member: bool = False
    """Whether they were unpacked from an archive."""

    @property
    def size_bytes(self) -> int:
        """Size of what is at hand."""
        return self.path.stat().st_size

    @property
    def promised(self) -> frozenset[str]:
        """Ids of the formats that the portal declares; empty where it declares none."""
        return declared_formats(self.context.declared_format, self.context.declared_media_type)

    @property
    def charset(self) -> str | None:
        """As the server names it."""
        return charset_of(self.context.content_type)
