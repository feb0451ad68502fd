"""Write a finding about a table as one sentence: where, what, why it matters, and what to do.

The reader knows spreadsheets and does not program: lines of a text are called lines, those of a workbook rows.
"""

from __future__ import annotations

from catalog.model import TableDefect
from quality.tables.judge.rules import fix_of, why_of

__all__ = ["sentence", "what_and_why", "where"]

_MOST_LINES = 10
_COUNTED = {
    **dict.fromkeys(("blank_column_name", "duplicate_column", "empty_column", "drift_columns_lost"), "columns"),
    **dict.fromkeys(("untidy_column_name", "generated_column_name", "drift_columns_renamed"), "columns"),
    **dict.fromkeys(("schema_missing_column", "schema_extra_column"), "columns"),
    **dict.fromkeys(("schema_column_order", "schema_column_name"), "columns"),
    **dict.fromkeys(("encoding_error", "nul_byte"), "characters"),
    "hidden_sheet": "sheets",
}
"""What a rule counts, if that is neither lines nor cells."""
_SINGLE = frozenset({None, "CSV", "TSV", "TXT"})
"""Formats of a single table: in the names of their columns "!" has no special meaning."""
_WORKBOOKS = frozenset({"XLSX", "XLS", "XLSM", "XLSB", "ODS"})


def what_and_why(defect: TableDefect) -> str:
    """Return one sentence that says what is wrong and, if the rule gives a reason, why that matters.

    It is shown in the column ``observed`` of a finding about a table.
    """
    why = why_of(defect.rule)
    what = (defect.message or defect.rule.replace("_", " ")).rstrip(".")
    return f"{what}, {why}." if why else f"{what}."


def where(defect: TableDefect, format_id: str | None = None, unit: str = "line") -> str:
    """Return the place of a defect as words: sheet, column, at most ten lines and the number of others; "" for the
    whole file.

    A count above 1 follows if there are no lines ("12 cells"), or if the rule counts something else than lines or
    cells, such as columns or characters; then the number of other lines is left out. ``format_id`` is the format of the
    file; None if unknown. ``unit`` is what a row is called: "line" or "row". In workbooks it is always "row".
    """
    parts = []
    is_single = format_id in _SINGLE
    part, _, column = ("", "", defect.field) if is_single else (defect.field or "").rpartition("!")
    if part:
        parts.append(f"{'sheet' if format_id in _WORKBOOKS else 'part'} '{part}'")
    if column:
        parts.append(column if column.startswith("column ") and column[7:].isdigit() else f"column '{column}'")
    word = "row" if format_id in _WORKBOOKS else unit
    lines = list(dict.fromkeys(defect.rows[:_MOST_LINES])) or ([defect.first_row] if defect.first_row else [])
    if lines:
        beyond = 0 if defect.rule in _COUNTED else max(0, defect.count - len(lines))
        named = [*map(str, lines), *([f"{beyond:,} more"] if beyond else [])]
        joined = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
        parts.append(f"{word}{'s' if len(named) > 1 else ''} {joined}")
    if defect.count > 1 and (not lines or defect.rule in _COUNTED):
        things = _COUNTED.get(defect.rule, "cells" if column else f"{word}s")
        parts.append(f"{defect.count:,} {things}")
    return ", ".join(parts)


def sentence(defect: TableDefect, format_id: str | None = None, unit: str = "line") -> str:
    """Return one sentence about a defect: where it is, what is wrong, why that matters, and how to fix it.

    ``format_id`` is the format of the file; None if unknown. ``unit`` is what a row is called: "line" or "row".
    """
    place, fix = where(defect, format_id, unit), fix_of(defect.rule)
    what = what_and_why(defect).rstrip(".")
    said = f"{_upper(place)}: {_lower(what)}" if place else f"The file: {_lower(what)}"
    return f"{said}; {_lower(fix)}" if fix else f"{said}."


def _lower(text: str) -> str:
    """Return the text with a small first letter, unless it begins with an abbreviation."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
