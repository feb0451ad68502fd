"""Values that the rest of the table shows to be slips, each with a twin that is right. All of it is invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.model import TableContext, TableDefect
from quality.tables.inspect import inspect

NAMES = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper"]


def found(tmp_path: Path, text: str, encoding: str = "utf-8") -> list[TableDefect]:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    return list(inspect(TableContext(path=path, declared_format="CSV")).defects)


def lines(defects: list[TableDefect], rule: str) -> list[tuple[str | None, tuple[int, ...]]]:
    return [(one.field, one.rows) for one in defects if one.rule == rule]


def places(zeros: set[int], east: float) -> str:
    rows = (
        f"Site {n}," + ("0,0" if n in zeros else f"{46.1 + n * 0.0137:.5f},{east + n * 0.0119:.5f}") for n in range(60)
    )
    return "site,north,east\n" + "\n".join(rows) + "\n"


def test_coordinates_of_zero_and_zero_are_a_stand_in(tmp_path: Path) -> None:
    assert lines(found(tmp_path, places({7, 31}, 7.4)), "placeholder_value") == [(None, (9, 33))]
    # Where the others lie around zero it is a place like any other.
    around = "site,a,b\n" + "\n".join(
        f"S{n}," + ("0,0" if n == 5 else f"{(n - 30) * 0.0137:.5f},{(n - 29) * 0.0119:.5f}") for n in range(60)
    )
    assert not lines(found(tmp_path, around), "placeholder_value")


def test_a_bare_zero_among_names(tmp_path: Path) -> None:
    units = [f"{NAMES[n % 10]} Works" for n in range(300)]
    text = "unit,cost\n" + "\n".join(f"{unit},{n * 3.25}" for n, unit in enumerate(units))
    assert not lines(found(tmp_path, text), "type_error")
    spoiled = text.replace("Alder Works,292.5\n", "0,292.5\n")
    assert lines(found(tmp_path, spoiled), "type_error") == [("unit", (92,))]
    # Classes of a list may be called 0.
    classes = "class,n\n" + "\n".join(f"{'0' if n % 50 == 0 else 'ABCDEF'[n % 6]},{n}" for n in range(300))
    assert not lines(found(tmp_path, classes), "type_error")


def test_codes_that_became_numbers_with_an_exponent(tmp_path: Path) -> None:
    codes = [f"{n % 9 + 1}{n % 7}{'KLMNPR'[n % 6]}{n % 5}" for n in range(80)]
    text = "code,n\n" + "\n".join(f"{'4.60E+05' if n in (20, 51) else code},{n}" for n, code in enumerate(codes))
    assert lines(found(tmp_path, text), "type_error") == [("code", (22, 53))]
    # In a measure they are how small amounts are written, beside what lies below the limit.
    cells = [f"<{n % 9 + 1}.00E-03" if n % 2 else f"{n % 9 + 1}.00E-02" for n in range(80)]
    measure = "amount,n\n" + "\n".join(f"{cell},{n}" for n, cell in enumerate(cells))
    assert not lines(found(tmp_path, measure), "type_error")


def test_quotation_marks_in_every_cell_are_one_finding(tmp_path: Path) -> None:
    rows = "".join(f'{n},"""{name} Mill""","""by the road"""\n' for n, name in enumerate(NAMES))
    defects = found(tmp_path, "id,site,note\n" + rows)
    assert [(one.rule, one.field, one.count) for one in defects if one.rule == "stray_quote"] == [
        ("stray_quote", None, 20)
    ]
    some = "".join(f'{n},"""{name}"" mill",x\n' for n, name in enumerate(NAMES))
    assert not lines(found(tmp_path, "id,site,note\n" + some), "stray_quote")


def test_zeros_that_another_column_still_has(tmp_path: Path) -> None:
    rows = [f"REG/{n * 977:07},act-{n * 977:07}.pdf" for n in range(1, 20)]
    rows[4] = "4885,act-0004885.pdf"
    assert lines(found(tmp_path, "number,act\n" + "\n".join(rows)), "leading_zeros_lost") == [("number", (6,))]
    # A number of another kind stands in no other column with zeros.
    rows[4] = "4885,act-4885.pdf"
    assert not lines(found(tmp_path, "number,act\n" + "\n".join(rows)), "leading_zeros_lost")


def test_the_one_code_of_another_form(tmp_path: Path) -> None:
    codes = [f"{4_000_000 + n * 137:08}" for n in range(40)]
    text = "docket,n\n" + "\n".join(f"{code},{n}" for n, code in enumerate(codes))
    assert not lines(found(tmp_path, text), "type_error")
    assert lines(found(tmp_path, text.replace(codes[12], "41-2203")), "type_error") == [("docket", (14,))]


def test_amounts_in_words_are_no_codes(tmp_path: Path) -> None:
    cells = [str(n * 7 % 90) for n in range(120)]
    cells[30], cells[60], cells[90] = "Two thirds", "5 and a third", "11 and a half"
    text = "item,used\n" + "\n".join(f"{NAMES[n % 10]} {n},{cell}" for n, cell in enumerate(cells))
    assert lines(found(tmp_path, text), "type_error") == [("used", (32, 62, 92))]
    houses = [str(n * 7 % 90) for n in range(120)]
    houses[30], houses[60], houses[90] = "12 a", "7 bis", "3-5"
    text = "street,house\n" + "\n".join(f"{NAMES[n % 10]} {n},{cell}" for n, cell in enumerate(houses))
    assert not lines(found(tmp_path, text), "type_error")


def test_a_header_that_stands_there_twice(tmp_path: Path) -> None:
    rows = "".join(f"{name} Ltd,Repairs,{n * 12.5 + 1}\n" for n, name in enumerate(NAMES * 3))
    head = "Payee,Kind,Amount\n\nPayee name,Kind of cost,Amount paid\n"
    defects = found(tmp_path, "Payments of May,,\n" + head + rows)
    assert lines(defects, "repeated_header") == [(None, (4,))] and lines(defects, "blank_row") == [(None, (3,))]
    assert lines(defects, "preamble") == [(None, (1,))]
    once = "Payments of May,Holm,2020\n\nPayee name,Kind of cost,Amount paid\n"
    assert not lines(found(tmp_path, once + rows), "repeated_header")


@pytest.mark.parametrize(
    "spoiled",
    [
        "quay‚Äôs end",  # UTF-8 read as Mac OS Roman
        "quay‰Ûªs end",  # and that once more
        "quayäó»s end",
        "caf√© Nord",
        "d‚partement du Nord",  # a DOS code page read as windows-1252
        "mun£cipio alto",
        "dom├®nica",  # UTF-8 read as a DOS code page
        "they donÕt",  # Mac OS Roman read as windows-1252
    ],
)
def test_letters_of_another_code_page(tmp_path: Path, spoiled: str) -> None:
    rows = "".join(f"{name} street,{n}\n" for n, name in enumerate(NAMES * 3))
    assert lines(found(tmp_path, "name,n\n" + rows + f"{spoiled},99\n"), "mojibake") == [("name", (32,))]


@pytest.mark.parametrize("right", ["Tír na nÓg", "na hÉireann", "‚so‘ und ‚so‘", "√2 m", "5 ‰", "Aland äng", "£5 each"])
def test_letters_that_are_right(tmp_path: Path, right: str) -> None:
    rows = "".join(f"{name} street,{n}\n" for n, name in enumerate(NAMES * 3))
    assert not lines(found(tmp_path, "name,n\n" + rows + f"{right},99\n"), "mojibake")


@pytest.mark.parametrize(
    ("codec", "encoding", "words"),
    [
        ("iso8859-2", "iso-8859-2", ["Žilov", "Děčany", "Příluk", "Štětov", "Jičany"]),
        ("cp1250", "windows-1250", ["Žilov", "Děčany", "Příluk", "Štětov", "Jičany"]),
        ("cp1254", "windows-1254", ["Şanlıköy", "Ağrıca", "Işıklı", "Muğlacık", "Çığır"]),
        ("cp1252", "windows-1252", ["Garður", "Þórshöfn", "Ísafjörður", "Kópavík", "Ýmir"]),
    ],
)
def test_code_pages_that_share_most_letters(tmp_path: Path, codec: str, encoding: str, words: list[str]) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(("town,n\n" + "".join(f"{words[n % 5]} {n},{n}\n" for n in range(30))).encode(codec))
    report = inspect(TableContext(path=path, declared_format="CSV"))
    assert report.encoding == encoding and not [one for one in report.defects if one.severity == "error"]


@pytest.mark.parametrize(
    "write",
    [
        lambda i: f"14{40 + i % 5}/{i % 12 + 1:02}/{i % 30 + 1:02}",  # Hijri
        lambda i: f"139{i % 10}-{i % 6 + 1:02}-{i % 31 + 1:02}",  # Solar Hijri
        lambda i: f"{i % 28 + 1:02}/{i % 12 + 1:02}/256{i % 7}",  # Buddhist
        lambda i: f"207{i % 9}/{i % 12 + 1:02}/{i % 32 + 1:02}",  # Nepali
        lambda i: f"1{i % 12:02}年{i % 12 + 1}月{i % 28 + 1}日",  # Minguo
        lambda i: f"R{i % 6 + 1}.{i % 12 + 1}.{i % 28 + 1}",  # Reiwa
        lambda i: f"202{i % 4}-W{i % 52 + 1:02}-{i % 7 + 1}",
        lambda i: f"202{i % 4}-{i * 9 % 365 + 1:03}",
        lambda i: f"{i % 4 + 1}T202{i % 4}",
        lambda i: f"20{10 + i % 10}/{11 + i % 10}",
        lambda i: f"{i % 12 + 1} PM",
        lambda i: f"{i + 1}º",
        lambda i: f"{i + 1}{'ab'[i % 2] if i % 3 == 0 else ''}",  # numbers of houses
    ],
)
def test_days_periods_and_numbers_of_things_are_no_faults(tmp_path: Path, write: object) -> None:
    assert callable(write)
    rows = "".join(f"Place {i},{write(i)},{i * 13 % 71}.5\n" for i in range(40))
    assert not found(tmp_path, "name,which,n\n" + rows)
