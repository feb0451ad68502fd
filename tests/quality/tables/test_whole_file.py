"""The pass over a whole file finds what frictionless finds, row by row, and parts records as Python does."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from frictionless import Dialect, Schema
from frictionless.resources import TableResource
from hypothesis import given
from hypothesis import strategies as st

from quality.tables.read.delimited_text import MISSING_BYTES, first_rows, open_text, scan_text
from quality.tables.read.text_table import TextTable
from quality.tables.scan import Scanner, widths
from quality.tables.scan.column_kinds import MISSING, ColumnKind
from quality.tables.scan.profile import profile_of

SHARED = Path(__file__).parents[4] / "shared"
RULES = ("missing_cell", "extra_cell", "blank_row", "type_error")


def frictionless_errors(table: TextTable, kinds: Sequence[ColumnKind]) -> Iterator[tuple[str, int]]:
    """Return rule and line of each error that frictionless finds in rows given in memory."""
    fields = [{**kind.descriptor, "name": name} for kind, name in zip(kinds, table.names, strict=True)]
    schema = Schema.from_descriptor({"missingValues": sorted(MISSING), "fields": fields})
    rows = [[cell.strip() for cell in row] for row in table.rows]
    resource = TableResource(data=[table.names, *rows], dialect=Dialect(header_rows=[1]), schema=schema)
    for row in resource.validate(limit_errors=100_000).flatten(["type", "rowNumber"]):
        kind, number = row
        rule = "type_error" if kind in ("type-error", "constraint-error") else kind.replace("-", "_")
        if number is not None:
            yield rule, table.lines[number - 2]


def differences(path: Path) -> dict[str, set[int]]:
    """Return the lines that frictionless reports for a rule and our scan does not, given the same rows and types."""
    opened = open_text(path)
    assert opened is not None
    scan, around = scan_text(path, opened, places=1_000_000)
    table, is_whole = first_rows(path, opened, 1_000_000)
    assert is_whole
    if around.note_rows:
        keep = len(table.rows) - around.note_rows
        table = TextTable(table.header, table.header_line, table.rows[:keep], table.lines[:keep])
    profile = profile_of(table.names, scan)
    ours = {
        "missing_cell": set(scan["short_rows"][1]),
        "extra_cell": set(scan["long_rows"][1]),
        "blank_row": set(scan["blank_rows"][1]),
        "type_error": {line for column in profile.columns for line in column.bad()[1]}
        | {line for c in profile.columns for line in c.scanned["classes"].get("no_such_date", (0, []))[1]},
    }
    kinds = [column.kind for column in profile.columns]
    theirs: dict[str, set[int]] = {rule: set() for rule in RULES}
    for rule, line in frictionless_errors(table, kinds):
        if rule in theirs:
            theirs[rule].add(line)
    if len(table.header) == 1:
        # In a single column an empty line is an empty cell.
        theirs["blank_row"] = theirs["missing_cell"] = set()
    # frictionless calls a row blank that holds nothing but signs for "no value".
    theirs["blank_row"] -= {
        line for line, row in zip(table.lines, table.rows, strict=True) if any(cell.strip() for cell in row)
    }
    # Signs for no value and flags are no errors, whatever type the column is of.
    for place, column in enumerate(profile.columns):
        signs = {text for text, _ in column.judged.signs}
        rows = zip(table.lines, table.rows, strict=True)
        theirs["type_error"] -= {line for line, row in rows if place < len(row) and row[place].strip() in signs}
    return {rule: lines - ours[rule] for rule, lines in theirs.items() if lines - ours[rule]}


@pytest.mark.skipif(not (SHARED / "tables").is_dir(), reason="the collection of real files is not on this machine")
@pytest.mark.slow
def test_finds_what_frictionless_finds_in_real_files() -> None:
    paths = [path for path in sorted((SHARED / "tables").glob("*.csv")) if path.stat().st_size < 600_000]
    assert len(paths) > 40
    assert {path.name: found for path in paths if (found := differences(path))} == {}


DIRT = """x,y|say "so"|two
lines|1,5|2024-02-30|31/12/2024|n/k|é|12 kg|€ 5|\t| ||NA"""


@pytest.mark.parametrize("seed", range(40))
def test_finds_what_frictionless_finds_in_generated_files(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    makers = (
        lambda n: str(n),
        lambda n: f"{rng.uniform(-5, 5):.2f}",
        lambda n: f"{rng.randrange(1, 29):02}.{rng.randrange(1, 13):02}.2024",
        lambda n: f"2024-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
        lambda n: f"{rng.randrange(10_000)},{rng.randrange(10)}",
        lambda n: f"{rng.randrange(1, 13)}/{rng.randrange(1, 29)}/2024",
        lambda n: rng.choice(("red", "green", "two words", "a;b")),
        lambda n: f"1,{rng.randrange(100, 999)},{rng.randrange(100, 999)}",
    )
    chosen = [rng.choice(makers) for _ in range(rng.randrange(2, 9))]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=rng.choice(",;\t"), lineterminator=rng.choice(("\n", "\r\n")))
    writer.writerow([f"column_{chr(97 + n)}" for n in range(len(chosen))])
    for n in range(200):
        row = [make(n) for make in chosen]
        if rng.random() < 0.02:
            row[rng.randrange(len(row))] = rng.choice(DIRT.split("|"))
        if rng.random() < 0.02:
            row = row[: rng.randrange(len(row))] if rng.random() < 0.5 else [*row, "more", ""]
        writer.writerow(row)
        if rng.random() < 0.01:
            out.write("\n")
    path = tmp_path / "table.csv"
    path.write_bytes(out.getvalue().encode())
    assert differences(path) == {}


def records(text: str, delimiter: str = ",") -> list[int]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [len(row) if any(cell.strip(" \t\r\n\x0b\x0c") for cell in row) else 0 for row in rows]


ALPHABET = st.text(st.sampled_from("a1,;\"\n\r \t'é"), max_size=60)


@given(ALPHABET)
def test_parts_records_as_python_does(text: str) -> None:
    assert widths(text.encode(), b",", b'"', None, 1000) == records(text)


@given(ALPHABET, st.integers(1, 7))
def test_blocks_do_not_matter(text: str, size: int) -> None:
    data = text.encode()

    def scan(step: int) -> object:
        scanner = Scanner(b",", b'"', None, 3, 1, 50, MISSING_BYTES)
        for start in range(0, len(data), step):
            scanner.feed(data[start : start + step])
        return scanner.finish()

    # nan is not itself: as text they can be compared.
    assert repr(scan(size)) == repr(scan(1000))


def test_lines_and_counts_are_those_of_the_file() -> None:
    scanner = Scanner(b";", b'"', None, 3, 1, 50, MISSING_BYTES)
    scanner.feed(b'a;b;c\n1;"x\r\ny";2\n\n1;2\n1;2;3;4\n1;"x\r\ny";2\n "q";"a"b;c\n9;"open')
    found = scanner.finish()
    assert found["rows"] == 7
    assert (found["blank_rows"], found["short_rows"], found["long_rows"]) == ((1, [4]), (2, [5, 10]), (1, [6]))
    assert (found["duplicate_rows"], found["stray_quotes"], found["open_quotes"]) == ((1, [7]), (1, [9]), (1, [10]))


def test_a_line_without_end_is_dropped_and_the_rest_is_read() -> None:
    scanner = Scanner(b",", b'"', None, 2, 1, 50, MISSING_BYTES, 1000)
    scanner.feed(b'a,b\n1,2\n3,"never closed\n')
    for number in range(500):
        scanner.feed(b"%d,x\n" % number)
    found = scanner.finish()
    assert found["open_quotes"] == (1, [3])
    # What stood in the 1,000 bytes beyond the quote is read again, as rows.
    assert found["rows"] == 501


def test_distinct_values_of_long_columns_are_estimated() -> None:
    scanner = Scanner(b",", b'"', None, 3, 1, 5, MISSING_BYTES)
    scanner.feed(b"id,kind,code\n")
    for start in range(0, 200_000, 1000):
        scanner.feed(b"".join(b"%d,%d,%d\n" % (n, n % 7, n % 50_000) for n in range(start, start + 1000)))
    identifier, kind, code = scanner.finish()["columns"]
    assert identifier["is_rising"] and not identifier["is_exact"]
    assert abs(identifier["distinct"] - 200_000) < 8_000
    assert (kind["distinct"], kind["is_exact"]) == (7, True)
    assert abs(code["distinct"] - 50_000) < 2_500
    assert (identifier["low"], identifier["high"]) == ((0.0, 0.0), (199_999.0, 199_999.0))
    assert kind["frequent"][0][1] in (28_571, 28_572)
    assert identifier["quartiles"] is not None
    assert [round(value / 50_000) for value in identifier["quartiles"][0]] == [1, 2, 3]


def test_rows_that_cannot_all_be_read_are_not_said_to_be_all(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("id,note\n1,a\n2,b\n3," + "x" * 200_000 + "\n4,d\n", "utf-8")
    opened = open_text(path)
    assert opened is not None
    before = csv.field_size_limit(100_000)
    try:
        table, is_whole = first_rows(path, opened, 100)
    finally:
        csv.field_size_limit(before)
    assert not is_whole and [row[0] for row in table.rows] == ["1", "2"]
