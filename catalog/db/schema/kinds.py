"""What a table and a column are."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SEEN", "ColumnSpec", "TableSpec", "c"]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column: its Python type, what it says, and perhaps the table it points into."""

    type: type
    description: str
    references: str | None = None


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: what one row is, its columns, its key and the indexes its readers need."""

    description: str
    columns: dict[str, ColumnSpec]
    pk: str = "id"
    indexes: tuple[tuple[str, ...], ...] = ()
    facets: tuple[str, ...] = ()
    """Columns that Datasette offers as facets."""
    label: str | None = None
    """The column that names a row where another table points to it."""


def c(kind: type, description: str, references: str | None = None) -> ColumnSpec:
    """A column, shortly."""
    return ColumnSpec(kind, description, references)


SEEN = {
    "first_seen_run": c(str, "Run that saw it first.", "runs"),
    "last_seen_run": c(str, "Last run that saw it.", "runs"),
}
