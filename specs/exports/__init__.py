"""The CSVs that are sent, ``<name>.toml`` each: title, primary key, and of every column name, type and meaning.

Header, formula guard, Table Schema, CSVW metadata, data package, workbook and labels all come from here. Columns are
append-only within a major :func:`schema_version`. One more column is one table in its file, with its labels in all
languages (``label``), and the value in the rows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from specs.errors import SpecError, Strict, parse, read_toml

__all__ = ["ExportColumn", "ExportFile", "export_files", "schema_version"]

HERE = Path(__file__).parent
HEAD = "_head"
"""File with the columns that most files begin with."""
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]


class ExportColumn(Strict):
    """A column of a CSV."""

    name: ColumnName
    type: Literal["string", "integer", "number", "date", "datetime"]
    description: str
    enum: tuple[str, ...] = ()
    """The values a cell may have; empty for any."""
    words: str | None = None
    """Kind of the values in a language file, where they have words: the twins in other languages use them."""
    width: int | None = None
    """Width in the workbook, in characters, where that of its type would be too small."""
    label: dict[str, Text] = Field(default_factory=dict)
    """Header in the languages, by code. A language says it here or in its own file, not in both."""


class ExportFile(Strict):
    """A CSV: ``<name>.csv`` with its twins."""

    name: str = ""
    """Name of the file, without its ending."""
    title: str
    key: tuple[ColumnName, ...]
    """Columns that together name a row."""
    order: int
    """Place in the data package of a folder."""
    has_head: bool = True
    """Whether it begins with the columns of ``_head.toml``."""
    is_sent: bool = True
    """Whether it lies in the folder of every government, and in its data package."""
    has_book: bool = True
    """Whether a workbook lies beside it."""
    column: tuple[ExportColumn, ...]


class _Head(Strict):
    schema_version: str
    column: tuple[ExportColumn, ...]


@cache
def _head() -> _Head:
    path = HERE / f"{HEAD}.toml"
    return parse(_Head, read_toml(path), str(path))


def schema_version() -> str:
    """Version of the columns: a new column is a new minor version, one that is dropped or means something else a major
    one."""
    return _head().schema_version


@cache
def export_files() -> dict[str, ExportFile]:
    """All CSVs by name, in the order of the data package. Raises SpecError with file, key and remedy."""
    found = []
    for path in sorted(HERE.glob("*.toml")):
        if path.stem == HEAD:
            continue
        one = parse(ExportFile, read_toml(path), str(path))
        columns = (*_head().column, *one.column) if one.has_head else one.column
        names = [column.name for column in columns]
        if twice := [name for name in names if names.count(name) > 1]:
            raise SpecError(f"{path}: column {twice[0]}: twice; remove one of them")
        if unknown := [name for name in one.key if name not in names]:
            raise SpecError(f"{path}: key: there is no column {unknown[0]}; add it, or take it out of the key")
        found.append(one.model_copy(update={"name": path.stem, "column": columns}))
    return {one.name: one for one in sorted(found, key=lambda one: one.order)}
