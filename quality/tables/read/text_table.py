"""The first rows of a table as text, and the kinds of its columns."""

from __future__ import annotations

from dataclasses import dataclass

from quality.tables.scan.column_kinds import ColumnKind, kind_by_values

__all__ = ["TextTable", "column_kinds"]

_MAX_NAME = 200
"""Longest name of a column; a longer one is a paragraph in the place of the header."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """The first rows of a table as text. ``rows[i]`` starts on line ``lines[i]`` of the file (from 1)."""

    header: list[str]
    header_line: int
    rows: list[list[str]]
    lines: list[int]
    is_nameless: bool = False
    """True if the cells of the header are not names. Then columns are called "column 1", "column 2" and so on."""

    @property
    def names(self) -> list[str]:
        """Return one name for each column, at most 200 characters of its label. Blank names become "column 3", as do
        all if the header is no row of names; repeated names get a number, so that all differ."""
        seen: set[str] = set()
        names = []
        for number, label in enumerate(self.header, start=1):
            name = (not self.is_nameless and _label(label)) or f"column {number}"
            while name in seen:
                name = f"{name} ({number})"
            seen.add(name)
            names.append(name)
        return names


def _label(cell: str) -> str:
    return " ".join(cell.split())[:_MAX_NAME]


def column_kinds(table: TextTable) -> list[ColumnKind]:
    """Return for each column of a table what kind of values it contains, judged by its cells."""
    columns: list[list[str]] = [[] for _ in table.header]
    for row in table.rows:
        for column, cell in zip(columns, row, strict=False):
            if stripped := cell.strip():
                column.append(stripped)
    return [kind_by_values(column) for column in columns]
