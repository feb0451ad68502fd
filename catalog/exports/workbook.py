"""The Excel copy of a CSV: a real workbook whose cells are texts, numbers and days, never formulas or links.

It is made for the hand: the columns to fill in come first, ids of programs are last and hidden, texts are wrapped, and
what a reader needs prints on A4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from specs.exports import REPLY_COLUMNS, ExportColumn
from specs.languages import Language, language

__all__ = ["FIRST", "ROWS_MAX", "WorkbookWriter", "book_order"]

ROWS_MAX = 20_000
"""Maximum of rows in a workbook, since few machines open more. The CSV has all rows, and the workbook says so."""
_HELD = 2_000
"""Rows up to which a workbook is made in memory; a longer one goes through files."""
_WIDTHS = {"integer": 10, "number": 12, "date": 12, "datetime": 22}
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""A workbook stores when it was made; a fixed time makes the same content give the same bytes."""
FIRST = (
    *REPLY_COLUMNS, "state", "rule_title", "root_title", "dataset_title", "resource_url",
    "observed", "how_to_fix", "gain_points", "examples",
)  # fmt: skip
"""Columns that come first, and that are printed, in a workbook that can be answered."""
_HIDDEN_ENDS = ("_id", "_ids", "_run")
_HIDDEN = frozenset({"schema_version", "methodology_version", "evidence_record", "guide_url"})
_PRINTED_WIDTHS = {
    "response": 16, "response_note": 24, "responder": 16, "responded_on": 13, "name_is_public": 19, "state": 13,
    "rule_title": 28, "root_title": 22, "dataset_title": 24, "resource_url": 26, "observed": 24, "how_to_fix": 32,
    "gain_points": 9, "examples": 26,
}  # fmt: skip
"""Widths, in characters, of the columns that are printed: together they are readable on A4."""
_WIDEST = 60
"""The greatest width of another column; longer texts are wrapped."""
_LINE_POINTS, _LINES_MAX = 15, 8
"""Height of a line, and lines up to which a row grows with its texts."""
_ABOUT_WIDTHS = (30, 100)
"""Widths of the columns of titles and of explanations on the sheet that explains the columns."""


def _is_hidden(field: ExportColumn) -> bool:
    return field.name.endswith(_HIDDEN_ENDS) or field.name in _HIDDEN


def book_order(fields: Sequence[ExportColumn]) -> list[int]:
    """Return the order of the columns ``fields`` in a workbook, as their indices.

    If there are columns to fill in, they and what one needs to fill them in come first (:data:`FIRST`). Columns that
    only programs need come last.
    """
    names = [field.name for field in fields]
    rank = {name: at for at, name in enumerate(FIRST)} if "response" in names else {}
    return sorted(range(len(fields)), key=lambda at: (_is_hidden(fields[at]), rank.get(names[at], len(FIRST)), at))


class WorkbookWriter:
    """Writes one Excel workbook row by row: a sheet with a frozen header, and a sheet that explains the columns.

    Call :meth:`open`, then :meth:`write` for each row, then :meth:`close`. ``fields``: the columns, in the order of the
    cells that :meth:`write` gets; the workbook has them in the order of :func:`book_order`. ``words``: language of the
    titles and explanations; None means English.
    """

    def __init__(self, path: Path, fields: Sequence[ExportColumn], words: Language | None = None) -> None:
        self.path, self.fields = path, fields
        self.words = words or language("en")
        self._part = path.with_name(f"{path.name}.part")
        self._order = book_order(fields)
        self._kinds = [fields[at].type for at in self._order]
        self._widths = [self._width(fields[at]) for at in self._order]
        shown = [(number, at) for number, at in enumerate(self._order) if not _is_hidden(fields[at])]
        # A word that does not fit is wrapped as a whole, so lines are shorter than the column is wide.
        wrapped = [(n, at) for n, at in shown if fields[at].type == "string"]
        if any(field.name == "response" for field in fields):
            # What is not printed may be cut: one long address far to the right would make every row high.
            wrapped = [(n, at) for n, at in wrapped if fields[at].name in FIRST]
        self._wrapped = [(at, self._widths[n] * 8 // 10) for n, at in wrapped]

    def open(self) -> None:
        """Begin a new workbook. It has a temporary name until :meth:`close` moves it to its place."""
        self._rows = 0
        self._held: list[Sequence[str]] = []
        self._book: Any = None

    def write(self, cells: Sequence[str]) -> None:
        """Add a row, given as the texts of its cells in the CSV.

        Rows after the first 20,000 are left out; the sheet that explains the columns then says how many rows there are.
        """
        self._rows += 1
        if self._rows > ROWS_MAX:
            return
        if self._book is None:
            self._held.append(cells)
            if len(self._held) > _HELD:
                self._begin(is_long=True)
        else:
            self._put(self._rows, cells)

    def close(self, *, is_kept: bool) -> None:
        """Finish the workbook.

        ``is_kept``: True moves it to its place; False deletes it, because writing the rows has failed.
        """
        if self._book is None:
            self._begin(is_long=False)
        shown = min(self._rows, ROWS_MAX)
        self._sheet.autofilter(0, 0, shown, len(self.fields) - 1)
        self._offer_replies(shown)
        self._set_up_print(shown)
        self._describe(shown)
        self._book.close()
        if is_kept:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)

    def _begin(self, *, is_long: bool) -> None:
        from xlsxwriter import Workbook as Book

        never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._book = Book(str(self._part), {"constant_memory": is_long, "in_memory": not is_long, **never})
        self._book.set_properties({"created": _CREATED, "author": "Winnow"})
        self._sheet: Any = self._book.add_worksheet(self.path.stem[:31])
        above = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        head = self._book.add_format({**above, "bg_color": "#E8EEF2"})
        to_fill = self._book.add_format({**above, "bg_color": "#FFF2CC"})
        self._text = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._plain = self._book.add_format({"valign": "top"})
        # 14 is the short day of the reader's own settings (ECMA-376, part 1, 18.8.30).
        self._day = self._book.add_format({"num_format": 14, "valign": "top"})
        for number, at in enumerate(self._order):
            field = self.fields[at]
            title = self.words.column(field.name)
            width = self._widths[number]
            self._sheet.set_column(number, number, width, None, {"hidden": True} if _is_hidden(field) else {})
            self._sheet.write_string(0, number, title, to_fill if field.name in REPLY_COLUMNS else head)
        self._sheet.set_row(0, 4 * _LINE_POINTS)
        self._sheet.freeze_panes(1, 0)
        for number, cells in enumerate(self._held, 1):
            self._put(number, cells)
        self._held = []

    def _width(self, field: ExportColumn) -> int:
        if "response" in (one.name for one in self.fields) and field.name in _PRINTED_WIDTHS:
            return _PRINTED_WIDTHS[field.name]
        width = field.width or _WIDTHS.get(field.type, 18)
        return min(max(width, min(len(self.words.column(field.name)) + 2, 20)), _WIDEST)

    def _put(self, row: int, cells: Sequence[str]) -> None:
        # LibreOffice does not fit the height of a row to wrapped texts by itself.
        lines = 1
        for at, signs in self._wrapped:
            if (length := len(cells[at])) > signs:
                lines = max(lines, -(-length // signs))
        if lines > 1:
            self._sheet.set_row(row, _LINE_POINTS * min(lines, _LINES_MAX))
        for number, at in enumerate(self._order):
            cell = cells[at]
            if not cell:
                continue
            match self._kinds[number]:
                case "integer" | "number":
                    self._sheet.write_number(row, number, float(cell), self._plain)
                case "date" if (day := _day(cell)) is not None:
                    self._sheet.write_datetime(row, number, day, self._day)
                case _:
                    self._sheet.write_string(row, number, cell, self._text)

    def _offer_replies(self, shown: int) -> None:
        """Offer the words of a reply in a list; others can be written too, because one of them needs a day."""
        for number, at in enumerate(self._order):
            if self.fields[at].name == "response":
                replies = self.words.values["response"]
                message = self.words.phrase("book_choose", word=replies["will_fix_by"])
                self._sheet.data_validation(
                    1, number, max(shown, 1), number,
                    {"validate": "list", "source": list(replies.values()), "show_error": False,
                     "input_title": self._title(number), "input_message": message},
                )  # fmt: skip

    def _title(self, number: int) -> str:
        return self.words.column(self.fields[self._order[number]].name)[:32]

    def _set_up_print(self, shown: int) -> None:
        """Print on A4, landscape, as wide as the paper, with the header on every page."""
        sheet = self._sheet
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        # Lines, so that replies can be written on paper.
        sheet.hide_gridlines(0)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        note = self.words.phrase("draft_note") if self.words.is_draft else ""
        sheet.set_footer(f"&L{note}&R{self.words.phrase('book_page')} &P / &N")
        names = [self.fields[at].name for at in self._order]
        if "response" in names:
            sheet.print_area(0, 0, max(shown, 1), sum(name in FIRST for name in names) - 1)

    def _describe(self, shown: int) -> None:
        about = self._book.add_worksheet(self.words.phrase("book_about"))
        about.set_landscape()
        about.set_paper(9)
        about.fit_to_pages(1, 0)
        # The lines above the explanations run over the columns beside them: these are not wrapped.
        about.set_column(0, 1, _ABOUT_WIDTHS[0])
        about.set_column(2, 2, _ABOUT_WIDTHS[1], self._text)
        key = "book_all" if shown == self._rows else "book_cut"
        about.write_string(0, 0, self.words.phrase(key, count=self._rows, rows=self._rows, shown=shown))
        if self.words.is_draft:
            about.write_string(1, 0, self.words.phrase("draft_note"))
        start = 2
        if any(field.name == "response" for field in self.fields):
            about.write_string(start, 0, self.words.phrase("answer_heading"), self._book.add_format({"bold": True}))
            replies = self.words.values["response"]
            for row, (name, label) in enumerate(replies.items(), start + 1):
                about.write_string(row, 0, label)
                about.write_string(row, 1, self.words.phrase(f"answer_{name}"))
            start += len(replies) + 1
            about.write_string(start, 1, self.words.phrase("answer_fixed"))
            start += 2
        about.write_string(start, 1, self.words.phrase("book_name"))
        for number, at in enumerate(self._order, start + 1):
            field = self.fields[at]
            title = self.words.column(field.name)
            text = self.words.description(field.name, field.description)
            about.write_string(number, 0, title, self._text)
            about.write_string(number, 1, field.name, self._text)
            about.write_string(number, 2, text)
            lines = max(_lines(one, width) for one, width in zip((title, text), _ABOUT_WIDTHS, strict=True))
            if lines > 1:
                about.set_row(number, _LINE_POINTS * lines)


def _lines(text: str, width: int) -> int:
    """Return how many lines a text takes in a column of ``width`` characters."""
    return -(-len(text) // (width * 95 // 100))


def _day(cell: str) -> date | None:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        return None
