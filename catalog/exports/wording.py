"""Put the rows of the files that are sent into the words of a language, for the copies that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from specs.exports import ExportColumn, export_files
from specs.languages import Language

__all__ = ["KIND_OF", "header", "translator"]

KIND_OF = {
    column.name: column.words for file in export_files().values() for column in file.column if column.words is not None
}
"""Columns whose values have words, and the kind in the language file."""


def header(language: Language, fields: Sequence[ExportColumn]) -> list[str]:
    """Return the titles of the columns ``fields`` in a language, in the same order."""
    return [language.column(field.name) for field in fields]


def translator(language: Language) -> Callable[[ExportColumn, Mapping[str, Any]], Any]:
    """Return a function of (column, row) that gives the value of that column for a reader of ``language``.

    Values from a fixed list, such as a state, and the sentence on how to fix a finding are given in the language. Texts
    written by publishers stay unchanged, and numbers keep a decimal point.
    """

    def cell(field: ExportColumn, row: Mapping[str, Any]) -> Any:
        value = row.get(field.name)
        if field.name == "how_to_fix":
            return language.fix(row["rule_id"], row.get("field"), value)
        return language.value(field.words, value) if field.words and value is not None else value

    return cell
