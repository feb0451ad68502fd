"""Find codes that are written differently from all others in their column: 31 among GT0101, GT0102 and so on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from string import ascii_letters, digits

from catalog.model import TableDefect
from quality.tables.judge.defects import defect
from quality.tables.read.text_table import TextTable
from quality.tables.scan.profile import TableProfile

__all__ = ["code_outliers"]

_MIN_ROWS = 60
_FEW_ROWS = 25
"""If all codes have the same form to the letter, this many are enough to recognise an odd one."""
_SHARE = 0.985
_MOST_ODD = 3
"""Most different odd codes; if there are more, they are codes of another kind."""
_LONGEST = 24
_DIGIT, _DIGITS, _LETTER, _LETTERS = (re.compile(one) for one in (r"\d", r"\d+", r"[^\W\d_]", r"[^\W\d_]+"))


def code_outliers(table: TextTable, profile: TableProfile) -> Iterator[TableDefect]:
    """Yield a defect for each text column in which a few codes have another form than all others: 31 among GT0101,
    GT0102.

    ``table`` has the rows that are compared, ``profile`` is that of all rows. Only cells with a digit are compared. A
    few are at most three different codes and about 1.5 % of the cells, or a single cell in tables of fewer than 60
    codes. Nothing is yielded for tables of fewer than 25 rows, for columns of words, and if the usual code or an odd
    one contains a space.
    """
    if len(table.rows) < _FEW_ROWS:
        return
    columns = list(zip_longest(*table.rows, fillvalue=""))
    for place, column in enumerate(profile.columns):
        if column.kind.kind != "text" or column.scanned["longest"] > _LONGEST or column.scanned["distinct"] < 5:
            continue
        if column.count("text") > 0.15 * column.filled:
            continue  # words, not codes
        every = columns[place] if place < len(columns) else ("",) * len(table.rows)
        shapes: Counter[str] = Counter()
        different = Counter(every)
        for shape, times in zip(_shapes([cell.strip() for cell in different]), different.values(), strict=True):
            if "9" in shape:  # which stands for digits
                shapes[shape] += times
        if shapes.total() < max(_FEW_ROWS, 0.9 * min(column.filled, len(table.rows))):
            continue
        usual, count = shapes.most_common(1)[0]
        is_long = shapes.total() >= _MIN_ROWS
        if is_long and (len(shapes) == 1 or " " in usual or count < _SHARE * shapes.total()):
            continue
        cells = [(line, cell.strip()) for line, cell in zip(table.lines, every, strict=True) if _DIGIT.search(cell)]
        if not is_long:
            if line := _odd_one(cells):
                yield defect("type_error", 1, [line], column.name, message=_MESSAGE)
            continue
        # Two codes in one cell are checked separately.
        few = {cell for _, cell in cells if not all(_shape(part) == usual for part in _parts(cell, usual))}
        odd = [(line, cell) for line, cell in cells if cell in few]
        if odd and len({cell for _, cell in odd}) <= _MOST_ODD and not any(" " in cell for _, cell in odd):
            yield defect("type_error", len(odd), [line for line, _ in odd], column.name, message=_MESSAGE)


_MESSAGE = "Some codes are written differently from all the others in the column."


def _odd_one(cells: Sequence[tuple[int, str]]) -> int | None:
    """Return the line of the single code that does not have the form of all others, character by character."""
    forms = Counter(_form(cell) for _, cell in cells)
    (usual, count), *others = forms.most_common()
    if count != len(cells) - 1 or len(usual) < _SHORTEST or " " in usual:
        return None
    line, odd = next((line, cell) for line, cell in cells if _form(cell) != usual)
    return line if _shape(odd) != _shape(usual) and " " not in odd and odd[-1].isalnum() else None


_SHORTEST = 5


def _form(cell: str) -> str:
    return _DIGIT.sub("9", _LETTER.sub("A", cell))


def _parts(cell: str, usual: str) -> list[str]:
    return re.split(r"[/;,+&|]", cell) if not re.search(r"[/;,+&|]", usual) else [cell]


def _shapes(cells: Sequence[str]) -> list[str]:
    """Return the shapes of many codes, made of one text: a line end is neither letter nor digit."""
    text = "\n".join(cells)
    return _shape(text).split("\n") if text.count("\n") == len(cells) - 1 else list(map(_shape, cells))


def _shape(cell: str) -> str:
    """Return a code with runs of letters as one letter and runs of digits as one digit: GT0101 becomes A9."""
    if cell.isascii():
        # The same, many times faster.
        shape = cell.translate(_ASCII)
        for run, one in (("AA", "A"), ("99", "9")):
            while run in shape:
                shape = shape.replace(run, one)
        return shape
    return _DIGITS.sub("9", _LETTERS.sub("A", cell))


_ASCII = str.maketrans(ascii_letters + digits, "A" * len(ascii_letters) + "9" * len(digits))
