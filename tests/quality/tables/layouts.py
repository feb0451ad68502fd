"""Tables as offices lay them out, each with its description, and defects put into them.

Written from descriptions of layouts (guides of statistical offices on tables for print and for the web, and what
spreadsheet programs leave), not from the rules. What is wrong is known because it was put there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Laid", "laid_out"]

PLACES = [
    "Aarby", "Bredal", "Corvik", "Dunmore", "Ekeby", "Farnholt", "Grenna", "Hollins", "Ilsede", "Jurbarn", "Kelmis",
    "Lorvão", "Münster Ost", "Nové Sady", "Oderin", "Perlach", "Quintos", "Rødby", "Sankt Veit", "Tværs", "Ulster Bay",
    "Vélizy Sud", "Wolin", "Ystrad", "Zell", "Alt Rehse", "Bad Orb", "Castro Alto", "Dol Nord", "Elm Row",
]  # fmt: skip
TITLES = [
    "Table {n}. Population by municipality",
    "Tabelle {n}: Betriebe nach Gemeinden",
    "Tableau {n} - Emplois par commune",
]
NOTES = [
    "Source: office of statistics.",
    "Quelle: Statistisches Amt.",
    "1) Provisional figures.",
    "© Kantonales Amt, Bern",
]
GROUPS = [("Persons", ("Men", "Women")), ("Dwellings", ("Owned", "Rented")), ("Firms", ("Small", "Large"))]
SIGNS = ["..", "[c]", "–", "x", "(D)", ": c", "n.a.", "*"]
TOTALS = ["Total", "Insgesamt", "Ensemble", "All municipalities", "Sum"]


@dataclass
class Laid:
    """A table, and the true description of it."""

    rows: list[list[str]]
    header_line: int
    first: int
    """Place of the first row of data."""
    lead: int
    """Columns at the left that hold no figures: the last of them days, the one before it names."""
    delimiter: str = ","
    decimal: str = "."
    layout: set[str] = field(default_factory=set)
    """Rules of layout that rightly speak of it."""
    wrong: list[tuple[str, str | None, int]] = field(default_factory=list)
    """Rule, column, line."""

    def text(self) -> str:
        def cell(value: str) -> str:
            return f'"{value}"' if self.delimiter in value else value

        return "".join(self.delimiter.join(map(cell, row)) + "\n" for row in self.rows)


def laid_out(seed: int) -> Laid:
    """Return one table: a layout without a defect, or, in two of three cases, with one or two defects."""
    rng = random.Random(seed)
    table = _layout(rng)
    for _ in range(seed % 3):
        _spoil(rng, table)
    return table


def _layout(rng: random.Random) -> Laid:
    groups = rng.sample(GROUPS, rng.choice((2, 3)))
    is_grouped = rng.random() < 0.4
    names = (
        [part for _, parts in groups for part in parts] if is_grouped else [f"{g} {p}" for g, ps in groups for p in ps]
    )
    width = len(names) + 2
    above: list[list[str]] = []
    for n in range(rng.choice((0, 0, 1, 1, 2, 5))):
        above.append([rng.choice(TITLES).format(n=n + 1) if n == 0 else f"Reference date: 31 December {2010 + n}"])
    if above and rng.random() < 0.6:
        above.append([])
    header = [["Municipality", "Founded", *names]]
    if is_grouped:
        header.insert(0, ["", "", *(cell for group, parts in groups for cell in (group, *[""] * (len(parts) - 1)))])
    decimal = rng.choice((".", ","))
    body = [_row(rng, place, len(names), decimal) for place in rng.sample(PLACES, rng.choice((14, 22, 30)))]
    if rng.random() < 0.3:
        # A stub: the name of a district stands in the first of its rows.
        header = [[("District" if row is header[-1] else ""), *row] for row in header]
        body = [[(f"District {n // 5 + 1}" if n % 5 == 0 else ""), *row] for n, row in enumerate(body)]
        width += 1
    lead = width - len(names)
    if not is_grouped and rng.random() < 0.25:
        header.append([*[""] * lead, *rng.choices(("%", "km²", "1000", "EUR", "t"), k=len(names))])
    sign = rng.choice(SIGNS)
    for _ in range(rng.choice((0, 0, 3, 6))):
        rng.choice(body)[rng.randrange(lead, width)] = sign
    layout = {"preamble"} if above else set()
    rows = [*above, *header, *body]
    if rng.random() < 0.4 and not any(sign in row for row in body):
        sums = [sum(_number(row[place], decimal) for row in body) for place in range(lead, width)]
        rows.append([rng.choice(TOTALS), *[""] * (lead - 1), *(f"{value:.1f}".replace(".", decimal) for value in sums)])
        layout.add("totals_row")
    if rng.random() < 0.4:
        rows += [[], [rng.choice(NOTES)], [rng.choice(NOTES)]]
        layout.add("footer")
    delimiter = ";" if decimal == "," else rng.choice(",;\t")
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    first = len(above) + len(header)
    has_units = bool(header[-1]) and not header[-1][lead - 1]
    return Laid(
        full,
        first - has_units,
        first,
        lead,
        delimiter,
        decimal,
        layout | ({"multi_row_header"} if has_units else set()),
    )


def _row(rng: random.Random, place: str, count: int, decimal: str) -> list[str]:
    figures = [f"{rng.uniform(20, 9000):.1f}".replace(".", decimal) for _ in range(count)]
    return [place, f"{rng.randrange(1850, 1990)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}", *figures]


def _number(cell: str, decimal: str) -> float:
    return float(cell.replace(decimal, "."))


def _data(table: Laid) -> list[int]:
    """Return the indexes of rows that no defect has touched."""
    touched = {line - 1 for _, _, line in table.wrong}
    rows = range(table.first + 1, len(table.rows) - 5)
    return [
        n
        for n in rows
        if n not in touched and table.rows[n][table.lead - 1] and n + 1 not in touched and n - 1 not in touched
    ]


def _spoil(rng: random.Random, table: Laid) -> None:
    at = rng.choice(_data(table))
    kinds = {
        "type_error": lambda: _put(
            table, at, 2, rng.choice(("approx twelve hundred", "see the letter of May", "12.3.4,5"))
        ),
        "impossible_date": lambda: _put(table, at, table.lead - 1, "1987-02-30"),
        "mojibake": lambda: _put(
            table, at, table.lead - 2, rng.choice(("Sankt PÃ¶lten", "L\ufffdbeck", "Malm√∂ Norra"))
        ),
        "blank_row": lambda: table.rows.insert(at, [""] * len(table.rows[at])),
        "extra_cell": lambda: table.rows[at].append("x"),
        "missing_cell": lambda: table.rows[at].pop(),
        "spreadsheet_error": lambda: _put(table, at, table.lead + 1, "#REF!"),
        "duplicate_row": lambda: table.rows.insert(at, list(table.rows[at - 1])),
    }
    if "totals_row" in table.layout or table.lead > 2:
        # A row twice would no longer add up, and below a stub it may be meant.
        del kinds["duplicate_row"]
    rule = rng.choice(list(kinds))
    kinds[rule]()
    moved = [(name, column, line + (line > at and rule in _INSERTED)) for name, column, line in table.wrong]
    table.wrong = [*moved, (rule, None, at + 1)]


_INSERTED = {"blank_row", "duplicate_row"}


def _put(table: Laid, row: int, place: int, cell: str) -> None:
    table.rows[row][place] = cell


def all_of(count: int) -> Iterator[Laid]:
    """Return the first ``count`` tables."""
    return (laid_out(seed) for seed in range(count))
