"""The CSVs that are sent, ``<name>.toml`` each: title, primary key, and the name, type and meaning of every column.

Header, formula guard, Table Schema, CSVW metadata, data package, workbook and labels are all derived from these
files. Within a major :func:`schema_version` columns are only appended. A new column needs one table in its file,
with its labels in all languages (``label``), and the value in the rows.
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
"""The file with the columns that most CSVs begin with."""
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]


class ExportColumn(Strict):
    """The definition of one column of an exported CSV file."""

    name: ColumnName
    type: Literal["string", "integer", "number", "date", "datetime"]
    description: str
    enum: tuple[str, ...] = ()
    """The values a cell may have; empty if any value is allowed."""
    words: str | None = None
    """Group of words in the language files that translates the values; used in the copies in other languages."""
    width: int | None = None
    """Width in the workbook, in characters, if the default of its type is too small."""
    label: dict[str, Text] = Field(default_factory=dict)
    """Header in other languages, by language code. A label is given either here or in the language's file, not
    in both."""


class ExportFile(Strict):
    """The definition of one exported CSV file, from which its workbook and its copies in other languages are made
    too."""

    name: str = ""
    """Name of the file, without its extension."""
    title: str
    key: tuple[ColumnName, ...]
    """Columns that together identify a row."""
    order: int
    """Position in the data package of a folder."""
    has_head: bool = True
    """Whether it begins with the columns of ``_head.toml``."""
    is_sent: bool = True
    """Whether every government's folder and data package contains it."""
    has_book: bool = True
    """Whether a workbook is written beside it."""
    column: tuple[ExportColumn, ...]


class _Head(Strict):
    schema_version: str
    column: tuple[ExportColumn, ...]


@cache
def _head() -> _Head:
    path = HERE / f"{HEAD}.toml"
    return parse(_Head, read_toml(path), str(path))


def schema_version() -> str:
    """Return the version of the columns of all exported CSV files, as "major.minor".

    A new column raises the minor version; a removed column, or one with a new meaning, raises the major version.
    """
    return _head().schema_version


@cache
def export_files() -> dict[str, ExportFile]:
    """Return the definitions of all exported CSV files by name, in the order in which data packages list them. Raise
    SpecError with file, key and remedy."""
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
