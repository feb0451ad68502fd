"""Create the tables, columns and indexes that :mod:`catalog.db.schema` declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.db.schema import METRIC_TABLES, TABLES, ColumnSpec, metric_columns
from catalog.db.schema.views import VIEWS
from catalog.db.sqlite import Database

__all__ = ["add_metric_columns", "add_missing", "create_table", "drop_indexes", "drop_views"]


def _sqlite_type(column: ColumnSpec) -> Any:
    return str if column.type in (list, dict) else int if column.type is bool else column.type


def create_table(db: Database, name: str) -> None:
    """Create the table ``name`` as ``catalog.db.schema`` declares it, with its key, references and indexes."""
    table = TABLES[name]
    db.table(name).create(
        {column: _sqlite_type(spec) for column, spec in table.columns.items()},
        pk=table.pk,
        foreign_keys=[
            (column, spec.references, TABLES[spec.references].pk)
            for column, spec in table.columns.items()
            # A view has no key that a table could refer to.
            if spec.references and not TABLES[spec.references].is_view
        ],
    )
    for columns in table.indexes:
        db.table(name).create_index(columns)


def add_missing(db: Database) -> None:
    """Add the tables, columns and indexes that ``catalog.db.schema`` declares and a catalogue does not have yet.

    Nothing is removed.
    """
    there = set(db.table_names())
    for name, table in TABLES.items():
        if table.is_view:
            continue
        if name not in there:
            create_table(db, name)
            continue
        columns = db.table(name).columns_dict
        for column, spec in table.columns.items():
            if column not in columns:
                db.table(name).add_column(column, _sqlite_type(spec))
        for index in table.indexes:
            db.table(name).create_index(index, if_not_exists=True)
    # All tables behind views are there now.
    for view in TABLES.values():
        if view.stored_key:
            by = ", ".join(view.stored_key)
            db.execute(f"create unique index if not exists {view.stored_in}_by_key on {view.stored_in} ({by})")


def drop_views(db: Database) -> None:
    """Drop the views that ``catalog.db.schema.views`` declares, so that the tables they read can be renamed."""
    for name in set(db.view_names()) & VIEWS.keys():
        db.execute(f"drop view [{name}]")


def drop_indexes(db: Database, table: str, but: Sequence[str] = ()) -> None:
    """Drop the indexes that were created on the table ``table``; its key stays, and so does an index of exactly the
    columns ``but``."""
    for index in db.table(table).indexes:
        if index.origin == "c" and index.columns != list(but):
            db.execute(f"drop index [{index.name}]")


def add_metric_columns(db: Database) -> None:
    """Add to ``dataset_quality`` and ``distribution_kinds`` every column of a metric or scoring system that they do not
    have yet."""
    for name, subject in METRIC_TABLES.items():
        table = db.table(name)
        there = table.columns_dict
        for column in metric_columns(subject):
            if column not in there:
                table.add_column(column, float)
