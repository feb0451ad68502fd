"""Pairs: what must not be accused, and a twin that must be found. All of it is invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.model import TableContext, TableReport
from quality.tables.inspect import inspect


def look(tmp_path: Path, text: str, encoding: str = "utf-8") -> TableReport:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return inspect(TableContext(path=path, declared_format="CSV"))


def rules(report: TableReport) -> set[str]:
    return {one.rule for one in report.defects}


def test_the_header_tells_the_delimiter(tmp_path: Path) -> None:
    rows = "".join(f"Hall {n}|Mill Street {n}; {9000 + n} Holm\n" for n in range(30))
    report = look(tmp_path, "Name|Place\n" + rows)
    assert (report.delimiter, report.columns) == ("|", ("Name", "Place"))


def test_a_list_of_codes_has_no_totals_and_its_outline_numbers_are_names(tmp_path: Path) -> None:
    codes = ["1", "1.1", "1.1.1", "1.1.2", "1.1.N1", "2", "2.1", "2.1.1", "2.2", "3", "3.1", "3.2", "4", "4.1"]
    rows = [f"Service number {n},{code},{n}" for n, code in enumerate(codes, 1)]
    table = "Label,Code,Order\n" + "\n".join([*rows, "Total,9,15"]) + "\n"
    assert rules(look(tmp_path, table)) == set()
    # The same with amounts.
    amounts = [f"{row},{17 * n % 23 + 4.5}" for n, row in enumerate(rows)]
    assert "totals_row" in rules(look(tmp_path, "Label,Code,Order,Paid\n" + "\n".join([*amounts, "Total,9,15,214"])))


def test_a_word_in_a_list_of_words_is_no_total(tmp_path: Path) -> None:
    words = ["school", "water", "budget", "bridge", "total", "road", "park", "teacher", "tax", "bond"]
    rows = [f"{word} {n},{(n * 37) % 91 + 5},{(n * 11) % 17}" for n, word in enumerate(words * 3)]
    rows[14] = "total,20,5"
    assert "totals_row" not in rules(look(tmp_path, "Phrase,Speeches,States\n" + "\n".join(rows)))
    total = sum(int(row.split(",")[1]) for row in rows[:14]) + 20
    rows[14] = f"Total,{total},200"
    assert "totals_row" in rules(look(tmp_path, "Phrase,Speeches,States\n" + "\n".join(rows)))


def test_names_that_follow_from_a_missing_header_are_not_accused(tmp_path: Path) -> None:
    table = "\n".join(f"0.{n}71,0.25,0.25,{n}.5,0.{n}3" for n in range(1, 30))
    assert rules(look(tmp_path, table)) == {"no_header"}


def test_blanks_alone_are_no_sign_to_be_explained(tmp_path: Path) -> None:
    rows = [f"{n},{'   ' if n % 9 == 0 else n * 7}" for n in range(1, 60)]
    report = look(tmp_path, "Number,Weight\n" + "\n".join(rows))
    assert "no value" not in (report.note or "") and "type_error" not in rules(report)


def test_totals_are_told_by_their_sum_and_not_by_a_name(tmp_path: Path) -> None:
    firms = ["Total Energy Ltd", "Sum Systems", "Holm Paving", "Ensemble Nord"]
    rows = [f"{firms[n % 4]},{n * 13 + 7}" for n in range(24)]
    assert "totals_row" not in rules(look(tmp_path, "Firm,Paid\n" + "\n".join(rows)))
    total = sum(n * 13 + 7 for n in range(24))
    report = look(tmp_path, "Firm,Paid\n" + "\n".join([*rows, f"All firms,{total}"]))
    assert [one.rows for one in report.defects if one.rule == "totals_row"] == [(26,)]


def test_a_last_row_without_figures_is_a_row(tmp_path: Path) -> None:
    rows = "".join(f"Place {n},{n},{n * 3}\n" for n in range(30))
    assert "footer" not in rules(look(tmp_path, "Name,A,B\n" + rows + "Notre-Dame-sur-Holm,,\n"))
    assert "footer" in rules(look(tmp_path, "Name,A,B\n" + rows + "\nSource: the office of Holm\n"))


def test_a_second_table_is_one_finding_and_nothing_else_is_said_of_it(tmp_path: Path) -> None:
    first = "".join(f"{2000 + n},{n * 7 % 50}\n" for n in range(12))
    second = "".join(f"{2000 + n},{n * 5 % 50},{n / 4}\n" for n in range(12))
    report = look(tmp_path, f"Year,Births\n{first}\nDeaths of the same years\nYear,Deaths,Rate\n{second}")
    assert rules(report) == {"several_tables"} and report.row_count == 12


def test_names_repeated_among_the_rows_are_one_finding(tmp_path: Path) -> None:
    page = "Ward,Votes,Turnout\n" + "".join(f"W{n},{n * 7},{n / 2}\n" for n in range(15))
    report = look(tmp_path, page + page)
    assert rules(report) >= {"repeated_header"} and not any(one.rule == "type_error" for one in report.defects)


def test_lines_quoted_as_wholes(tmp_path: Path) -> None:
    report = look(
        tmp_path, "".join(f'"{line}"\n' for line in ["Town;Wells;Deep"] + [f"T{n};{n};{n / 2}" for n in range(30)])
    )
    assert rules(report) == {"whole_line_quoted"} and report.columns == ("Town", "Wells", "Deep")
    one = look(tmp_path, '"Place"\n' + "".join(f'"{n} Mill Lane, Holm"\n' for n in range(30)))
    assert "whole_line_quoted" not in rules(one)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("big5", "地區,戶數\n中正區,12\n大安區,15\n信義區,19\n萬華區,20\n"),
        ("cp932", "駅名,人数\n新町,12\n本町,15\n東山,19\n"),
        ("cp850", "Ort;Straße\nKöln;Größere Straße\nMünchen;Königsweg\n"),
        ("cp1252", "Ort;Straße\nKöln;Größere Straße\nMünchen;Königsweg\n"),
        ("cp1255", "שם,עיר\nבית ספר,ירושלים\nגן ילדים,חיפה\n"),
        ("cp1253", "Όνομα,Πόλη\nΔήμος,Αθηναίων\nΣχολείο,Πατρών\n"),
        ("cp1251", "Название,Адрес\nБольница,улица Мира\nШкола,улица Садовая\n"),
        ("cp1250", "Obec;Ulice\nPříbram;Dlouhá třída\nČeský Šternberk;Žižkova\n"),
        ("cp1254", "İlçe;Nüfus\nBeyoğlu;Çankırı yolu\nKadıköy;Şişli\n"),
        ("euc_kr", "이름,주소\n서울학교,종로구\n부산학교,해운대구\n"),
    ],
)
def test_encodings_by_the_likelihood_of_the_text(tmp_path: Path, codec: str, text: str) -> None:
    report = look(tmp_path, text, codec)
    assert report.columns == tuple(text.splitlines()[0].replace(";", ",").split(","))
    assert "mojibake" not in rules(report) and "encoding_error" not in rules(report)


def test_control_characters_of_a_wrong_reading_are_mojibake(tmp_path: Path) -> None:
    rows = "".join(f"Mill\x92s Lane {n},{n}\n" for n in range(12))
    assert "mojibake" in rules(look(tmp_path, "Street,Number\n" + rows))
    assert "mojibake" not in rules(look(tmp_path, "Street,Number\n" + rows.replace("\x92", "’"), "cp1252"))


PERSONS = [("Arvel", "Bo"), ("Brin", "Cal"), ("Castor", "Dil"), ("Dorn", "Eda"), ("Elms", "Fio"), ("Fenn", "Gus")]


def persons(birth: int, extra: str = "", names: str = "Surname,First name") -> str:
    head = f"{names},Date of birth{',Died' if extra else ''}\n"
    rows = [
        f"{PERSONS[n % 6][0]}{'aeiou'[n % 5]}{n},{PERSONS[n % 6][1]}{n},{birth + n % 40}-0{n % 9 + 1}-1{n % 9}{extra}"
        for n in range(36)
    ]
    return head + "\n".join(rows) + "\n"


def test_days_of_birth_of_the_living_and_of_the_dead(tmp_path: Path) -> None:
    living = persons(1960)
    letters = str.maketrans("0123456789", "abcdefghij")
    named = "\n".join(
        ",".join([*(cell.translate(letters) for cell in line.split(",")[:2]), *line.split(",")[2:]]) if n else line
        for n, line in enumerate(living.splitlines())
    )
    assert "personal_birth" in rules(look(tmp_path, named))
    assert "personal_birth" not in rules(look(tmp_path, named.replace(",19", ",17")))


def test_mailboxes_of_persons_and_of_offices(tmp_path: Path) -> None:
    names = [
        f"{'abcdefgh'[n % 8]}{'aeiou'[n % 5]}{'lmnrst'[n % 6]}o.{'klmnp'[n % 5]}a{'rstv'[n % 4]}" for n in range(30)
    ]
    people = "id,contact\n" + "".join(f"{n},{name}@holm.example\n" for n, name in enumerate(names))
    assert "personal_email" in rules(look(tmp_path, people))
    offices = "id,contact\n" + "".join(f"{n},office@school-{n}.example\n" for n in range(30))
    assert "personal_email" not in rules(look(tmp_path, offices))
    accounts = "id,address\n" + "".join(f"{n},ftp://me:word@files.example/d/{n}\n" for n in range(30))
    assert "personal_email" not in rules(look(tmp_path, accounts))


def test_codes_of_another_form_than_all_the_others(tmp_path: Path) -> None:
    cells = [f"HO{n:04}" for n in range(100)]
    cells[40] = "31"
    report = look(tmp_path, "Code,Name\n" + "".join(f"{cell},Place {n}\n" for n, cell in enumerate(cells)))
    assert [(one.rule, one.rows) for one in report.defects] == [("type_error", (42,))]


def test_a_column_filled_late_is_not_empty(tmp_path: Path) -> None:
    rows = "".join(f"{n},{'x' if n > 2100 else ''},\n" for n in range(2200))
    found = [(one.rule, one.field) for one in look(tmp_path, "id,late,never\n" + rows).defects]
    assert ("empty_column", "late") not in found and ("empty_column", "never") in found


def test_zeros_of_programs_and_series_by_years(tmp_path: Path) -> None:
    annual = "".join(f"{1960 + n}-01-01,{n * 3}\n" for n in range(60))
    assert "epoch_date" not in rules(look(tmp_path, "year,value\n" + annual))
    days = [f"20{10 + n % 14}-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(60)]
    days[7] = days[31] = days[50] = "1970-01-01"
    assert "epoch_date" in rules(look(tmp_path, "built,value\n" + "".join(f"{d},{n}\n" for n, d in enumerate(days))))
