"""Read the tables that the foreign keys of a declared schema refer to, from the other files of the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from quality.tables.declared.validation import DeclaredSchema, ReferencedTable
from quality.tables.limits import UnreadableError
from quality.tables.read.delimited_text import first_rows, open_text

__all__ = ["MOST_DECLARED_ROWS", "referenced_tables"]

MOST_DECLARED_ROWS = 20_000
"""Most rows that are compared with a declared schema: they are in memory, and frictionless needs 1.5 µs for a cell."""


def referenced_tables(schema: DeclaredSchema, siblings: Mapping[str, Path]) -> dict[str, ReferencedTable]:
    """Read the tables to which the foreign keys of a schema refer. Return them by their names in the schema.

    ``siblings`` are the other downloaded files of the dataset, by file name. Tables that are not among them, are not
    delimited text or cannot be read are left out. At most the first 20,000 rows of each are read.
    """
    found = {}
    wanted = {str(key["reference"]["resource"]) for key in schema.foreign_keys}
    for name in wanted & set(schema.resources):
        path = siblings.get(PurePosixPath(schema.resources[name]).name)
        if path is None or not path.is_file():
            continue
        # A file that cannot be read says nothing about the table that refers to it.
        with suppress(UnreadableError):
            if opened := open_text(path):
                found[name] = ReferencedTable(*first_rows(path, opened, MOST_DECLARED_ROWS))
    return found
