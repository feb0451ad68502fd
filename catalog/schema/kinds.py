"""What a table and a column are."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SEEN", "Column", "Table", "c"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its Python type, what it says, and perhaps the table it points into."""

    type: type
    description: str
    references: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what one row is, its columns, its key and the indexes its readers need."""

    description: str
    columns: dict[str, Column]
    pk: str = "id"
    indexes: tuple[tuple[str, ...], ...] = ()
    facets: tuple[str, ...] = ()
    """Columns that Datasette offers as facets."""
    label: str | None = None
    """The column that names a row where another table points to it."""


def c(kind: type, description: str, references: str | None = None) -> Column:
    """A column, shortly."""
    return Column(kind, description, references)


SEEN = {
    "first_seen_run": c(str, "Run that saw it first.", "runs"),
    "last_seen_run": c(str, "Last run that saw it.", "runs"),
}
