"""The tables that the foreign keys of a declared schema refer to, read from the other files of the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from quality.tables.declared.validation import DeclaredSchema, ReferencedTable
from quality.tables.read.delimited_text import first_rows, open_text

__all__ = ["MOST_DECLARED_ROWS", "referenced_tables"]

MOST_DECLARED_ROWS = 20_000
"""Rows that are held against a declared schema: frictionless takes 1.5 microseconds a cell, and they are in memory."""


def referenced_tables(schema: DeclaredSchema, siblings: Mapping[str, Path]) -> dict[str, ReferencedTable]:
    """The tables that foreign keys refer to, where they are text and at hand."""
    found = {}
    wanted = {str(key["reference"]["resource"]) for key in schema.foreign_keys}
    for name in wanted & set(schema.resources):
        path = siblings.get(PurePosixPath(schema.resources[name]).name)
        opened = open_text(path) if path is not None and path.is_file() else None
        if path is not None and opened is not None:
            found[name] = ReferencedTable(*first_rows(path, opened, MOST_DECLARED_ROWS))
    return found
