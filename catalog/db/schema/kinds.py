"""The declarations of tables and columns."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SEEN", "ColumnSpec", "TableSpec", "c"]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column: its Python type, its description, and the table it references, if any."""

    type: type
    description: str
    references: str | None = None


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: what one row is, its columns, its key, and the indexes that its readers need."""

    description: str
    columns: dict[str, ColumnSpec]
    pk: str = "id"
    indexes: tuple[tuple[str, ...], ...] = ()
    facets: tuple[str, ...] = ()
    """Columns that Datasette offers as facets."""
    label: str | None = None
    """The column that names a row when another table references it."""


def c(kind: type, description: str, references: str | None = None) -> ColumnSpec:
    """Return a column; a short name for readable declarations."""
    return ColumnSpec(kind, description, references)


SEEN = {
    "first_seen_run": c(str, "Run that saw it first.", "runs"),
    "last_seen_run": c(str, "Last run that saw it.", "runs"),
}
