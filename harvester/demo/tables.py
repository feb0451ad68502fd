"""The tables behind the demo's files: the kinds that governments publish most, invented from a seed.

Callers give the headers, because every portal has its own language. A seed gives the same rows on every machine
(``random.Random`` seeded with text).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from harvester.demo.files import Cell, DemoTable

__all__ = [
    "budget",
    "contracts",
    "counts",
    "doubled",
    "elections",
    "measurements",
    "mistyped",
    "places",
    "ragged",
    "spending",
]

MINISTRIES = ("Finance", "Health", "Education", "Transport", "Environment", "Justice", "Culture", "Agriculture")
DISTRICTS = ("Aldermoor", "Brindle Bay", "Côte-Verte", "Dunhaven", "Eastmark", "Fjordby", "Grünau", "São Telmo")
FIRMS = ("Halden & Sons", "Orme Works", "Pellworth Ltd", "Quay Systems", "Ríos y Vega", "Tammer AG", "Ylva Bygg")


def _day(number: int) -> str:
    return (date(2025, 1, 1) + timedelta(days=number)).isoformat()


def budget(
    seed: str, columns: Sequence[str], programmes: int = 40, ministries: Sequence[str] = MINISTRIES
) -> DemoTable:
    """Return an invented budget with five columns: year, ministry, programme code, approved and executed amount.

    ``seed`` determines the values. ``columns`` are the names of the columns, in this order. Each of ``ministries`` has
    ``programmes`` rows.
    """
    rng = Random(seed)
    rows: list[list[Cell]] = []
    for number, ministry in enumerate(ministries, 1):
        for programme in range(1, programmes + 1):
            approved = round(rng.uniform(2e4, 9e6), 2)
            executed = round(approved * rng.uniform(0.5, 1), 2)
            rows.append([2025, ministry, f"P{number}{programme:03d}", approved, executed])
    return DemoTable(columns, rows)


def spending(seed: str, columns: Sequence[str], rows: int = 600) -> DemoTable:
    """Return an invented list of ``rows`` payments with five columns: date, ministry, supplier, amount, reference.

    ``seed`` determines the values. ``columns`` are the names of the columns, in this order.
    """
    rng = Random(seed)
    return DemoTable(
        columns,
        [
            [
                _day(n * 365 // rows),
                rng.choice(MINISTRIES),
                rng.choice(FIRMS),
                round(rng.uniform(90, 250_000), 2),
                f"PAY-{100_000 + n}",
            ]
            for n in range(rows)
        ],
    )


def contracts(seed: str, columns: Sequence[str], rows: int = 500) -> DemoTable:
    """Return an invented list of ``rows`` contracts with six columns: id, buyer, supplier, award date, value, currency.

    ``seed`` determines the values. ``columns`` are the names of the columns, in this order.
    """
    rng = Random(seed)
    return DemoTable(
        columns,
        [
            [
                f"ocds-demo-{n:05d}",
                rng.choice(MINISTRIES),
                rng.choice(FIRMS),
                _day(n * 365 // rows),
                round(rng.uniform(5_000, 4_000_000), 2),
                "XTS",
            ]
            for n in range(rows)
        ],
    )


def measurements(seed: str, columns: Sequence[str], rows: int = 1500, stations: int = 6) -> DemoTable:
    """Return invented measurements with four columns: station, date, first and second value.

    Each of ``stations`` stations has one row a day, until there are ``rows`` rows.

    ``seed`` determines the values. ``columns`` are the names of the columns, in this order.
    """
    rng = Random(seed)
    return DemoTable(
        columns,
        [
            [
                f"ST{n % stations + 1:02d}",
                _day(n // stations),
                round(rng.gammavariate(4, 5), 2),
                round(rng.gammavariate(3, 4), 2),
            ]
            for n in range(rows)
        ],
    )


def places(seed: str, columns: Sequence[str], rows: int = 300, kind: str = "Stop") -> DemoTable:
    """Return an invented list of ``rows`` places with five columns: id, name, district, longitude, latitude.

    ``seed`` determines the values. ``columns`` are the names of the columns, in this order. ``kind`` begins each name.
    """
    rng = Random(seed)
    return DemoTable(
        columns,
        [
            [
                f"{kind[:2].upper()}{n:04d}",
                f"{kind} {rng.choice(DISTRICTS)} {n}",
                rng.choice(DISTRICTS),
                round(rng.uniform(-31.9, -29.1), 5),
                round(rng.uniform(40.2, 42.4), 5),
            ]
            for n in range(1, rows + 1)
        ],
    )


def counts(seed: str, columns: Sequence[str], groups: Sequence[str], years: range = range(2005, 2026)) -> DemoTable:
    """Return invented statistics with four columns: district, year, group, count. Each district has one row for each of
    ``years`` and each of ``groups``.

    ``seed`` determines the values. ``columns`` are the names of the columns, in this order.
    """
    rng = Random(seed)
    return DemoTable(
        columns,
        [
            [district, year, group, rng.randint(40, 9_000)]
            for district in DISTRICTS
            for year in years
            for group in groups
        ],
    )


def elections(seed: str, columns: Sequence[str], parties: Sequence[str], stations: int = 60) -> DemoTable:
    """Return invented election results with four columns: polling station, district, party, votes.

    ``seed`` determines the values. ``columns`` are the names of the columns, in this order. ``stations`` is the number
    of polling stations, divided equally among the districts; a remainder is dropped. Each station has one row for each
    of ``parties``.
    """
    rng = Random(seed)
    return DemoTable(
        columns,
        [
            [f"{district[:3].upper()}-{n:03d}", district, party, rng.randint(0, 800)]
            for district in DISTRICTS
            for n in range(1, stations // len(DISTRICTS) + 1)
            for party in parties
        ],
    )


def ragged(table: DemoTable, every: int = 40) -> DemoTable:
    """Return a copy of ``table`` with a defect: some rows have one cell too many, others one too few.

    Of ``2 * every`` consecutive rows, one is of the first kind and one of the second.
    """
    rows = [
        [*row, "see note"] if n % (2 * every) == every else row[:-1] if n % (2 * every) == 2 * every - 1 else row
        for n, row in enumerate(table.rows)
    ]
    return DemoTable(table.columns, rows)


def mistyped(table: DemoTable, column: int, every: int = 25) -> DemoTable:
    """Return a copy of ``table`` with a defect: in every ``every``-th row, the column at index ``column`` holds a word
    instead of a number."""
    words = ("n/a", "unknown", "approx. 12", "-")
    rows = [
        [*row[:column], words[n // every % len(words)], *row[column + 1 :]] if n % every == 7 else row
        for n, row in enumerate(table.rows)
    ]
    return DemoTable(table.columns, rows)


def doubled(table: DemoTable, column: int, every: int = 30) -> DemoTable:
    """Return a copy of ``table`` with two defects: the column at index ``column`` occurs twice under one name, and
    every ``every``-th row is repeated."""
    rows: list[Sequence[Cell]] = []
    for n, row in enumerate(table.rows):
        wide = [*row, row[column]]
        rows += [wide, wide] if n % every == 11 else [wide]
    return DemoTable([*table.columns, table.columns[column]], rows)
