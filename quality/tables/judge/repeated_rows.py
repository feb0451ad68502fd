"""Recognise rows that are repeated for a good reason: totals, headings within a table, and rows below
another heading.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["unexplained_repeats"]

_FEW = 2
"""Least number of headings that divide a table."""


def unexplained_repeats(
    lines: Sequence[int], rows: Sequence[tuple[int, Sequence[str]]], totals: Collection[int]
) -> list[int]:
    """Return the lines of those repeated rows that are a fault.

    - ``lines``: the lines of all repeated rows.
    - ``rows``: the rows of the table with their lines.
    - ``totals``: the lines with totals, which may be repeated.

    Rows with a single filled cell are headings within the table, which may be repeated too. So may a row below another
    heading than before, if there are two headings or more: "Men, 12, 30" below one town is not the same as "Men, 12,
    30" below the next. Lines beyond the last of ``rows`` are returned unexamined.
    """
    wanted = set(lines) - set(totals)
    seen: dict[tuple[str, ...], int] = {}
    headings = 0
    kept = []
    for line, cells in rows:
        key = tuple(cell.strip() for cell in cells)
        filled = sum(map(bool, key))
        if filled == 1 and len(key) > _FEW:
            headings += 1
            continue
        if line in wanted:
            is_parted = headings - seen.get(key, headings) > 0 and headings >= _FEW
            if filled > 1 and not is_parted:
                kept.append(line)
        seen[key] = headings
    last = rows[-1][0] if rows else 0
    return [*kept, *sorted(line for line in wanted if line > last)]
