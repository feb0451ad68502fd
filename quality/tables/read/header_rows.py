"""Find the header of a table, which may have several lines, and join the names of its columns.

First the types of the columns are learned from the lower part of the given rows; then every line above is compared with
them. A row of data agrees with its columns, a header has words where they contain numbers or dates, a title fills one
cell, and a line with a key and a value stands apart. The classification of lines follows Pytheas (Christodoulakis and
others, VLDB 2020) and Strudel (Jiang and others, EDBT 2021), with those features that need no training.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quality.tables.read.body_sample import BodySample, group_of, is_year
from quality.tables.read.header_cells import is_one_of
from quality.tables.scan.units import is_unit

__all__ = ["HeaderRows", "find_header_rows"]

_MOST_ROWS = 400
"""Number of rows that are read; a table does not begin later."""
_MOST_HEADER = 12
_FEW_NAMES = 3
_LOOK_AHEAD = 12
_MOST_HELD = 40
"""Number of rows, evenly spaced, that are compared with their columns."""


@dataclass(frozen=True, slots=True)
class HeaderRows:
    """The header of a table, as found among its first rows. Positions are indices of these rows, from 0."""

    lines: tuple[int, ...]
    """Rows of names from top to bottom; the last one is the header line."""
    names: tuple[str, ...]
    """One name for each column, joined over the rows of the header; blank for a column without a name."""
    extra: tuple[int, ...] = ()
    """Rows of units, labels or hashtags between the names and the data."""
    kind: str = ""
    """What the extra rows are: "units", "labels", "hxl" or ""."""
    confidence: float = 1.0
    """0..1: how far the rows below agree with their columns, and the names cover the columns."""
    nameless: tuple[int, ...] = ()
    """Positions of columns that have no name in any row of the header."""
    again: tuple[int, ...] = ()
    """Rows above the header that name the same columns, with only blank rows in between: the header is repeated."""

    @property
    def last(self) -> int:
        """Return the index of the last row before the data."""
        return max((*self.lines, *self.extra))


def _is_hxl(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    tags = sum(cell.startswith("#") and cell[1:2].isalpha() for cell in filled)
    return tags >= 2 and tags >= 0.6 * len(filled)


_ADDRESS = re.compile(r"(?i)(https?|ftp)://\S+|[\w.+-]+@[\w-]+(\.[\w-]+)+")


def _holds_address(cells: Sequence[str], body: BodySample) -> bool:
    filled = [cell for cell in cells if cell]
    return len(filled) > 2 and len(filled) >= 0.5 * body.usual and any(map(_ADDRESS.fullmatch, filled))


def _first_data(body: BodySample) -> int | None:
    """Return the first row of data, or None."""
    rows = body.rows
    first = next(
        (n for n, cells in enumerate(rows) if body.filled[n] and body.is_data(cells) and not _is_units(cells)), None
    )
    if first is None:
        return None
    # No column is named by a URL or an e-mail address: a filled row that contains one is data.
    first = next((n for n, cells in enumerate(rows[:first]) if _holds_address(cells, body)), first)
    # Rows of metadata (a month, a number of observations) agree in some columns, and a row of names follows them.
    for later in range(min(first + _LOOK_AHEAD, len(rows) - 1) - 1, first, -1):
        if body.is_wordy(rows[later]) and body.filled[later] > body.usual / 2:
            between = rows[first:later]
            if all(body.agreement(cells)[1] for cells in between if any(cells)):
                return later + 1
    return first


def find_header_rows(rows: Sequence[Sequence[str]], usual_header: int | None) -> HeaderRows | None:
    """Find the header of a table, which may consist of several rows.

    ``rows`` are the first rows of the table, of which at most 400 are read. ``usual_header`` is the index of the header
    that ``find_header`` returns, which considers only how many cells each row fills; None if it found none. The result
    is None if all rows are blank, or if there is no ``usual_header`` and the kinds of the cells show no header either.
    """
    stripped = [[cell.strip() for cell in cells] for cells in rows[:_MOST_ROWS]]
    if not any(any(cells) for cells in stripped):
        return None
    body = BodySample(stripped)
    plain = _plain(rows, stripped, usual_header)
    if not body.typed or len(stripped) < 2:
        return plain
    first = _first_data(body)
    # No column is named by a URL: a row with one among other cells is data, whatever its columns contain.
    addressed = next(
        (n for n, cells in enumerate(stripped) if _has_address(cells) and body.filled[n] > body.usual / 2), None
    )
    if addressed is not None and addressed > 0 and (first is None or addressed < first):
        first = addressed
    if first is None:
        return plain if plain is None or len(stripped) < 4 else _unsure(plain)
    if first == 0:
        return plain
    block = _block(body, first)
    if not block:
        return plain
    while len(block) > 1 and _is_row_of(stripped[block[-1]], stripped[block[-1] + 1 :], body):
        # A word where other rows have a number does not make the row a header.
        first = block.pop()
    if (parted := _parted_from(body, block[0], _names(rows, stripped, block)[1])) is not None:
        block.insert(0, parted)
    lines, extra, kind = _roles(stripped, block)
    names, nameless = _names(rows, stripped, lines)
    covered = sum(place < len(names) and bool(names[place].strip()) for place in body.typed) / len(body.typed)
    below = [cells for n, cells in enumerate(stripped[first:], first) if body.filled[n] > body.usual * 0.4]
    below = below[:: -(-len(below) // _MOST_HELD) or 1]
    agreeing = sum(body.is_data(cells) for cells in below) / max(1, len(below))
    confidence = round(min(1.0, 0.25 + covered) * min(1.0, 0.3 + agreeing), 2)
    again = _named_before(body, lines[0], names)
    return HeaderRows(tuple(lines), names, tuple(extra), kind, confidence, nameless, again)


def _is_row_of(cells: Sequence[str], below: Sequence[Sequence[str]], body: BodySample) -> bool:
    """Return whether the words of a row also occur in the rows below, or look like the values there."""
    told = [(place, cell) for place, cell in enumerate(cells[:200]) if cell and place not in body.typed]
    columns = [[row[place] for row in below[:_LOOKED_BELOW] if len(row) > place] for place, _ in told]
    alike = sum(
        is_one_of(cell, values) or (len(set(values)) > 2 and cell in values)
        for (_, cell), values in zip(told, columns, strict=True)
    )
    return bool(told) and 2 * alike > len(told)


_LOOKED_BELOW = 60
_MOST_BETWEEN = 2
"""Most blank rows between a header and its repetition."""


def _parted_from(body: BodySample, first: int, nameless: Sequence[int]) -> int | None:
    """Return a row of names above a blank row that names columns which the header leaves nameless; None without one."""
    at = first - 1
    while at >= 0 and not body.filled[at] and first - at <= _MOST_BETWEEN:
        at -= 1
    if at < 0 or at == first - 1 or body.filled[at] < _FEW_NAMES:
        return None
    wanted = [place for place in nameless if any(place < len(cells) and cells[place] for cells in body.body[:50])]
    cells = body.rows[at]
    named = sum(place < len(cells) and group_of(cells[place]) in ("text", "code") for place in wanted)
    alone = sum(group_of(cell) in ("number", "date") for cell in cells)
    return at if len(wanted) > 1 and named >= 0.6 * len(wanted) and not alone else None


def _named_before(body: BodySample, first: int, names: Sequence[str]) -> tuple[int, ...]:
    """Return the row above ``first`` (with only blank rows between) whose words are those of the
    header, if there is one.
    """
    at = first - 1
    while at >= 0 and not body.filled[at] and first - at <= _MOST_BETWEEN:
        at -= 1
    if at < 0 or at == first - 1 or body.filled[at] < _FEW_NAMES:
        return ()
    pairs = [(cell, names[place]) for place, cell in enumerate(body.rows[at]) if cell and place < len(names)]
    same = sum(bool(_words(cell) & _words(name)) for cell, name in pairs)
    named = sum(bool(name.strip()) for name in names)
    return (at,) if len(pairs) == named and same >= 0.6 * named and group_of(body.rows[at][0]) != "number" else ()


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _has_address(cells: Sequence[str]) -> bool:
    return any(_ADDRESS.match(cell) for cell in cells if "@" in cell or ":" in cell)


def _unsure(plain: HeaderRows) -> HeaderRows:
    return HeaderRows(plain.lines, plain.names, plain.extra, plain.kind, 0.3, plain.nameless)


def _plain(
    rows: Sequence[Sequence[str]], stripped: Sequence[Sequence[str]], usual_header: int | None
) -> HeaderRows | None:
    """Return a header with one line of names, for tables whose columns do not show more."""
    if usual_header is None or usual_header >= len(stripped):
        return None
    below = stripped[usual_header + 1] if usual_header + 1 < len(stripped) else []
    extra = (usual_header + 1,) if _is_hxl(below) else ()
    names = tuple(rows[usual_header])
    nameless = tuple(place for place, cell in enumerate(stripped[usual_header]) if not cell)
    return HeaderRows((usual_header,), names, extra, "hxl" if extra else "", 1.0, nameless)


def _block(body: BodySample, first: int) -> list[int]:
    """Return the rows directly above the data that belong to the header, without titles."""
    rows, at = body.rows, first - 1
    # In many tables blank lines, section headings and rows without figures are between names and data.
    while at >= 0 and not _is_units(rows[at]) and (not _names_columns(rows[at], body) or _is_beside(rows[at], body)):
        at -= 1
    if at < 0:
        at = first - 1
        while at >= 0 and (not body.filled[at] or _is_section(rows[at], body)):
            at -= 1
    block: list[int] = []
    while at >= 0 and body.filled[at] and len(block) < _MOST_HEADER:
        if block and (_is_beside(rows[at], body) or _is_wider(rows[at], rows[block[0]], body)):
            break
        if block and not _names_columns(rows[at], body) and body.agreement(rows[at])[2] > 1:
            # Among the names of a time series are its first month and its number of observations.
            above = rows[max(0, at - _MOST_HEADER) : at]
            if not any(body.is_wordy(cells) for cells in above):
                break
        block.insert(0, at)
        at -= 1
    if block and body.usual > 2 and _is_title(rows[block[-1]], body):
        return []
    return block


def _is_wider(cells: Sequence[str], below: Sequence[str], body: BodySample) -> bool:
    """Return whether a row reaches beyond the table although the row ``below`` names all columns: a title with
    delimiters in its sentence.
    """
    width = max(map(len, body.body))
    return width > 1 and len(below) == width and all(below) and any(cells[width:]) and not any(cells[width + 1 :])


def _is_units(cells: Sequence[str]) -> bool:
    """Return whether a row contains only units ("1000" may be one), and not only numbers."""
    filled = [cell for cell in cells if cell]
    return len(filled) > 1 and all(map(is_unit, filled)) and any(group_of(cell) == "text" for cell in filled)


def _is_beside(cells: Sequence[str], body: BodySample) -> bool:
    return _is_title(cells, body) or _is_key_value(cells, body)


def _is_section(cells: Sequence[str], body: BodySample) -> bool:
    filled = [place for place, cell in enumerate(cells) if cell]
    return len(filled) == 1 and filled[0] <= 1 and body.usual > 2


def _names_columns(cells: Sequence[str], body: BodySample) -> bool:
    """Return whether a row has words, or consecutive years, where the columns contain numbers or dates."""
    yes, words, _ = body.agreement(cells)
    return words > yes


def _is_title(cells: Sequence[str], body: BodySample) -> bool:
    """Return whether a row is a title: one cell at the left, or a sentence."""
    filled = [place for place, cell in enumerate(cells) if cell]
    if len(filled) == 1 and body.usual >= 2:
        return filled[0] == 0 or len(cells[filled[0]]) > 60
    return len(filled) <= 2 and max(len(cells[place]) for place in filled) > 80


def _is_key_value(cells: Sequence[str], body: BodySample) -> bool:
    """Return whether a row is a key with a value, such as "Units:" and "Percentage", or a note with a date."""
    filled = [cell for cell in cells if cell]
    if len(filled) > max(3, 0.6 * body.usual) or group_of(filled[0]) not in ("text", "code"):
        return False
    return filled[0].endswith(":") or any(group_of(cell) in ("date", "number") for cell in filled if not is_year(cell))


def _roles(rows: Sequence[Sequence[str]], block: Sequence[int]) -> tuple[list[int], list[int], str]:
    """Return which rows of the block contain names, which only units, labels or hashtags, and of what
    kind the latter are.
    """
    lines = list(block)
    if len(lines) > 1 and _is_hxl(rows[lines[-1]]):
        return lines[:-1], lines[-1:], "hxl"
    if len(lines) > 1:
        cells = [cell for cell in rows[lines[-1]] if cell]
        above = rows[lines[-2]]
        named = sum(bool(cell) for cell in above)
        if cells and sum(map(is_unit, cells)) >= 0.6 * len(cells) and named >= len(cells) and _differ(above):
            return lines[:-1], lines[-1:], "units"
    if len(lines) == 2 and _are_codes(rows[lines[0]]) and not _are_codes(rows[lines[1]]) and _differ(rows[lines[1]]):
        return lines[:1], lines[1:], "labels"
    return lines, [], ""


def _differ(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return len(set(filled)) == len(filled) and len(filled) >= 0.8 * len(cells)


def _are_codes(cells: Sequence[str]) -> bool:
    """Return whether all cells are names for programs: single words in one case, with digits, dots or underscores."""
    filled = [cell for cell in cells if cell]
    return _differ(cells) and all(re.fullmatch(r"[a-z][a-z0-9_.]*|[A-Z][A-Z0-9_.]*", cell) for cell in filled)


def _names(
    rows: Sequence[Sequence[str]], stripped: Sequence[Sequence[str]], lines: Sequence[int]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the labels, joined over the lines, and the columns that no line names."""
    width = max(len(rows[line]) for line in lines)
    padded = [[*stripped[line], *[""] * (width - len(stripped[line]))] for line in lines]
    nameless = tuple(place for place in range(width) if not any(cells[place] for cells in padded))
    if len(lines) == 1:
        return tuple(rows[lines[0]]), nameless
    for upper in padded[:-1]:
        # A name that spans several columns is in the first of them.
        held = ""
        for place, cell in enumerate(upper):
            held = cell or held
            if not cell and held and place not in nameless:
                upper[place] = held if padded[-1][place] else ""
    names = []
    for place in range(width):
        parts = list(dict.fromkeys(" ".join(cells[place].split()) for cells in padded if cells[place]))
        names.append(" ".join(parts))
    return tuple(names), nameless
