"""Pairs of layouts that other hands make: what must not be accused, and a twin that must be found. All is invented."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import openpyxl

from catalog.model import TableContext, TableReport
from quality.tables.inspect import inspect
from quality.tables.read.sniff import sniff


def look(tmp_path: Path, lines: list[str]) -> TableReport:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return inspect(TableContext(path=path, declared_format="CSV"))


def rules(report: TableReport) -> set[str]:
    return {one.rule for one in report.defects}


def test_comments_alone_are_no_triples() -> None:
    table = [*(f"#FIELD {n}:,about {n}" for n in range(8)), "Depth,Force", *(f"{n},{n * 3}" for n in range(30))]
    assert _format("\n".join(table)) == "CSV"
    assert _format("\n".join(["# made by hand"] * 8 + ["<urn:a> <urn:b> <urn:c> ."] * 3)) == "RDF_N_TRIPLES"


def _format(text: str) -> str | None:
    return sniff(text.encode(), len(text)).format


def test_a_row_of_values_is_no_header_although_only_one_of_them_is_a_decimal(tmp_path: Path) -> None:
    tones = [f"1,{n},t{n}.wav,{'ma' if n % 3 else 'di'},a,1,{n % 4 + 1},{n * 7 % 5}.{n}461" for n in range(1, 60)]
    assert rules(look(tmp_path, tones)) == {"no_header"}
    # A name that is a number by chance, above distinct names that no row has.
    named = ["Set,Take,File,Sound,Vowel,Day,Turn,2.0", *tones]
    assert "no_header" not in rules(look(tmp_path, named))


def test_what_stands_where_names_should_be_is_no_untidy_name(tmp_path: Path) -> None:
    grid = [", ".join(f"{n * m % 37}.5" for m in range(1, 7)) for n in range(1, 30)]
    assert rules(look(tmp_path, grid)) == {"no_header", "padded_cell"}
    assert "untidy_column_name" in rules(look(tmp_path, ["A, B, C, D, E, F", *grid]))


def test_columns_of_one_name_that_differ_are_equal_only_by_chance(tmp_path: Path) -> None:
    rows = [",".join("01"[(n * m) % 5 > 1] for m in (1, 2, 3, 6, 8)) for n in range(12)]
    assert "duplicate_column_content" not in rules(look(tmp_path, ["x,x,x,x,x", *rows]))
    twice = [f"{n % 3},{n % 3},{n * 7}" for n in range(12)]
    assert "duplicate_column_content" in rules(look(tmp_path, ["Zone,Zone,Area", *twice]))


def test_an_open_end_is_no_zero_date(tmp_path: Path) -> None:
    days = [(date(2001, 1, 1) + timedelta(days=n * 97)).isoformat() for n in range(60)]
    ended = ["9999-12-31" if n % 8 else day for n, day in enumerate(days)]
    zero = ["1900-01-01" if n % 8 == 0 else day for n, day in enumerate(days)]
    for cells, is_found in ((ended, False), (zero, True)):
        table = ["Place,Valid until", *(f"P{n},{cell}" for n, cell in enumerate(cells))]
        assert ("epoch_date" in rules(look(tmp_path, table))) is is_found


def test_a_short_row_like_others_of_the_table_is_no_note(tmp_path: Path) -> None:
    trip = "Ada Holm,{n} May,Rome,A talk,no,none,{n}40"
    table = ["Name,Day,Place,Purpose,Plane,Others,Cost", *(trip.format(n=n) for n in range(1, 7))]
    table.insert(3, "Bo Lund,Nil return,,,,,")
    nil = ["Cy Dale with a long name and the title of an office,NIL return,,,,,", "Di Moor,nil return,,,,,"]
    report = look(tmp_path, table + nil)
    assert "footer" not in rules(report) and report.row_count == 9
    notes = ["Source of the figures and of the days:,the office of Holm,,,,,", "Made on,a Monday,,,,,"]
    assert "footer" in rules(look(tmp_path, table + notes))


def test_classes_in_their_order_are_labels_and_no_amounts_with_a_unit(tmp_path: Path) -> None:
    ages = [f"{n}歳,{n * 37 % 91 + 5},{n * 53 % 89}" for n in range(40)]
    table = ["区分,男,女", "総数,1780,1660", *ages, "40歳以上,300,280"]
    assert "number_with_unit" not in rules(look(tmp_path, table))
    mixed = [f"{n * 37 % 41}歳,{n * 37 % 91 + 5},{n * 53 % 89}" for n in range(40)]
    assert "number_with_unit" in rules(look(tmp_path, ["区分,男,女", *mixed]))


def test_a_heading_in_a_column_of_numbers_is_no_wrong_value(tmp_path: Path) -> None:
    def part(first: int) -> list[str]:
        return [f"{2000 + n},{first + n * 31},{n * 17 + 3},{n * 7}" for n in range(14)]

    table = ["Year,Students,Admitted,Left", *part(900), ",Institutes,,", *part(300), ",Schools,,", *part(500)]
    assert "type_error" not in rules(look(tmp_path, table))
    table[17] = "2001,nobody,20,9"
    found = [one for one in look(tmp_path, table).defects if one.rule == "type_error"]
    assert [(one.count, one.rows) for one in found] == [(1, (18,))]


def test_a_title_with_commas_is_above_the_names(tmp_path: Path) -> None:
    table = ['cm,"%T"', *(f"{4000 - n}.00,{98 - n % 7}.5" for n in range(40))]
    report = look(tmp_path, ["Made as a new set,Sample 2 by Ada Holm, Monday 5 May", *table])
    assert rules(report) == {"preamble"} and report.columns == ("cm", "%T")
    # Names for three columns, of which the rows have two.
    assert "missing_cell" in rules(look(tmp_path, ["Wave,Share,Remark", *table[1:]]))


def test_a_comma_after_the_names_alone_is_one_fault(tmp_path: Path) -> None:
    rows = [f"{n},{n * 7 % 5},{n * 3}" for n in range(30)]
    assert rules(look(tmp_path, ["Run,Hits,Ends,", *rows])) == {"blank_column_name"}
    assert {"blank_column_name", "missing_cell"} <= rules(
        look(tmp_path, ["Run,Hits,Ends,", *rows[:20], *_longer(rows)])
    )


def _longer(rows: list[str]) -> list[str]:
    return [f"{row},9" for row in rows[20:]]


def test_the_names_of_axes_are_names(tmp_path: Path) -> None:
    points = [f"{n}.5,{n * 7 % 9}.25,{n * 3}.5,{n * 5 % 11}.75" for n in range(20)]
    report = look(tmp_path, ["Holm,,Dale,", "X,Y,X,Y", *points])
    assert report.columns == ("Holm X", "Holm Y", "Dale X", "Dale Y") and not report.defects
    # The same letter everywhere is the sign of an office for "no value".
    hidden = look(tmp_path, ["Holm,Dale,Moor", "x,x,x", *(f"{n},{n * 7 % 9},{n * 3}" for n in range(20))])
    assert hidden.columns == ("Holm", "Dale", "Moor")


def test_no_break_blanks_around_a_number_are_no_part_of_it(tmp_path: Path) -> None:
    cells = [f"{n * 37 % 91 + 5}\u00a0" if n % 3 else f"\u00a0{n * 37 % 91 + 5},5" for n in range(30)]
    text = ["Good;Year;Made", *(f"Good {n};{1990 + n};{cell}" for n, cell in enumerate(cells))]
    assert not look(tmp_path, text).defects
    wrong = look(tmp_path, [*text[:20], "Good 19;2009;unknown\u00a0to us", *text[21:]])
    assert [(one.rule, one.rows) for one in wrong.defects] == [("type_error", (21,))]
    book = openpyxl.Workbook()
    for row in (["Good", "2017", "2018"], *([f"Good {n}", n * 3.5, cell] for n, cell in enumerate(cells))):
        book.active.append(row)
    book.save(tmp_path / "table.xlsx")
    found = inspect(TableContext(path=tmp_path / "table.xlsx")).defects
    assert [(one.rule, one.field, one.count) for one in found] == [("number_as_text", "2018", 30)]
