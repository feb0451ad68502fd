"""The declarations of tables and columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.db.schema.forms import Form

__all__ = ["SEEN", "ColumnSpec", "TableSpec", "c"]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """A column of a table: its Python type, its description, and the table that its values refer to, or None."""

    type: type
    description: str
    references: str | None = None


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: what one row of it is, its columns by name, its primary key, and the columns of each index."""

    description: str
    columns: dict[str, ColumnSpec]
    pk: str = "id"
    indexes: tuple[tuple[str, ...], ...] = ()
    facets: tuple[str, ...] = ()
    """Columns that Datasette offers as facets."""
    label: str | None = None
    """The column that names a row when another table references it."""
    is_view: bool = False
    """Whether it is a view that spells out other tables, see ``catalog.db.schema.views``: nothing is stored under this
    name."""
    stored_in: str | None = None
    """For a view: the table to which :meth:`catalog.db.store.Catalog.upsert` writes its rows; None where other code
    does."""
    stored_where: str = "true"
    """SQL condition on the rows of that table that the view shows."""
    forms: Mapping[str, Form] = field(default_factory=dict)
    """The columns that are stored there in another form, by name."""
    made: Mapping[str, str] = field(default_factory=dict)
    """The columns that follow from others and are not stored: SQL with the others in braces, by name."""
    stored_key: tuple[str, ...] = ()
    """For a view whose key is one of these: the columns by which the stored rows differ. They get a unique index."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns by which the rows differ where they are stored: ``stored_key``, or else the primary key."""
        return self.stored_key or (self.pk,)


def c(kind: type, description: str, references: str | None = None) -> ColumnSpec:
    """Return the declaration of a table's column; the name is short to keep the tables readable.

    ``kind``: Python type of the values. ``references``: the table whose ids the values are, or None.
    """
    return ColumnSpec(kind, description, references)


SEEN = {
    "first_seen_run": c(str, "Run that saw it first.", "runs"),
    "last_seen_run": c(str, "Last run that saw it.", "runs"),
}
