"""The CSVs that are sent, ``<name>.toml`` each: title, primary key, and the name, type and meaning of every column.

Header, formula guard, Table Schema, CSVW metadata, data package, workbook and labels are all derived from these
files. Within a major :func:`schema_version` columns are only appended. A new column needs one table in its file,
with its labels in all languages (``label``), and the value in the rows.

There are two forms, :data:`SCHEMAS`. In form 1 every row names its run, so every file changes in every run. In form 2
the data package names the run once, and what a rule or a dataset repeats in every row is left to the copies that
people read. A column is in both forms unless ``schemas`` says otherwise.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from specs.errors import SpecError, Strict, parse, read_toml

__all__ = ["REPLY_COLUMNS", "SCHEMAS", "ExportColumn", "ExportFile", "Schema", "export_files", "schema_version"]

HERE = Path(__file__).parent
HEAD = "_head"
"""The file with the columns that most CSVs begin with."""
Schema = Literal[1, 2]
SCHEMAS: tuple[Schema, ...] = (1, 2)
"""Major versions of the columns that can be written; the last one is the default."""
REPLY_COLUMNS = ("response", "response_note", "responder", "responded_on", "name_is_public")
"""Columns that the recipient of findings or causes fills in, in the order of the workbooks."""
ColumnName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Told = Literal[
    "evidence", "fix", "flags", "key", "peers", "question", "rationale", "sentence", "source", "withheld",
]  # fmt: skip


class ExportColumn(Strict):
    """The definition of one column of an exported CSV file."""

    name: ColumnName
    type: Literal["string", "integer", "number", "date", "datetime"]
    description: str
    enum: tuple[str, ...] = ()
    """The values a cell may have; empty if any value is allowed."""
    words: str | None = None
    """Group of words in the language files that translates the values; used in the copies in other languages."""
    told: Told | None = None
    """What kind of text of ours it holds, if that has no fixed values. It decides how the text is put into another
    language, see :func:`catalog.exports.wording.translator`; None leaves the text as it is."""
    width: int | None = None
    """Width in the workbook, in characters, if the default of its type is too small."""
    schemas: tuple[Schema, ...] = SCHEMAS
    """Major versions of the columns that have it."""
    for_people: bool = False
    """In form 2 it is only in the workbook and in the copies in a language, because a program finds it elsewhere: by
    rule in ``rules.csv``, or by dataset in the catalogue."""
    label: dict[str, Text] = Field(default_factory=dict)
    """Header in other languages, by language code. A label is given either here or in the language's file, not
    in both."""


class ExportFile(Strict):
    """The definition of one exported CSV file. Its workbook and its copies in other languages follow from it too."""

    name: str = ""
    """Name of the file, without its extension."""
    title: str
    key: tuple[ColumnName, ...]
    """Columns that together identify a row."""
    order: int
    """Position in the data package of a folder."""
    has_head: bool = True
    """Whether it begins with the columns of ``_head.toml``, which only form 1 has."""
    schemas: tuple[Schema, ...] = SCHEMAS
    """Major versions of the columns in which it is written."""
    is_sent: bool = True
    """Whether every government's folder and data package contains it."""
    has_book: bool = True
    """Whether a workbook is written beside it."""
    column: tuple[ExportColumn, ...]

    @property
    def for_programs(self) -> tuple[ExportColumn, ...]:
        """Return the columns of the plain CSV, which programs read: all but those that only copies for people have."""
        return tuple(one for one in self.column if not one.for_people)


class _Head(Strict):
    schema_version: dict[str, str]
    column: tuple[ExportColumn, ...]


@cache
def _head() -> _Head:
    path = HERE / f"{HEAD}.toml"
    return parse(_Head, read_toml(path), str(path))


def schema_version(schema: Schema = SCHEMAS[-1]) -> str:
    """Return the version of the columns of all exported CSV files, as "major.minor".

    ``schema``: the major version for which it is wanted. A new column raises the minor version; a removed column, or
    one with a new meaning, raises the major version.
    """
    return _head().schema_version[str(schema)]


@cache
def export_files(schema: Schema = SCHEMAS[-1]) -> dict[str, ExportFile]:
    """Return the definitions of all CSV files by name, in the order in which data packages list them.

    ``schema``: major version of the columns; what that version does not have (files, columns, parts of keys) is left
    out. Raise SpecError if the file with the definitions is invalid; the message names the file, the key and what to
    do.
    """
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
        if schema not in one.schemas:
            continue
        chosen = tuple(_in_form(column, schema) for column in columns if schema in column.schemas)
        left = {column.name for column in chosen}
        key = tuple(name for name in one.key if name in left)
        found.append(one.model_copy(update={"name": path.stem, "column": chosen, "key": key}))
    return {one.name: one for one in sorted(found, key=lambda one: one.order)}


def _in_form(column: ExportColumn, schema: Schema) -> ExportColumn:
    return column.model_copy(update={"for_people": False}) if schema == 1 and column.for_people else column
