"""Clean tables as offices publish them, and ways to spoil one: each knows the one rule that it breaks."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import openpyxl

__all__ = ["SPOILERS", "Sheet", "clean_tables", "spoiled_tables", "workbook_of"]

STREETS = {
    "en": ("High Street", "Station Road", "Mill Lane", "Church Close", "Queens Avenue"),
    "de": ("Bahnhofstraße", "Mühlenweg", "Königsallee", "Gänsemarkt", "Schloßplatz"),
    "fr": ("rue de la Forêt", "avenue de la République", "allée des Chênes", "place de l'Église", "quai François"),
    "pl": ("ulica Świętokrzyska", "aleja Różana", "plac Wolności", "ulica Łąkowa", "ulica Żeromskiego"),
}


@dataclass(frozen=True)
class Sheet:
    """A table before it is written; every cell is text."""

    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    encoding: str = "utf-8"
    line_end: str = "\r\n"
    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    raw: Callable[[bytes], bytes] = lambda data: data

    def to_bytes(self) -> bytes:
        lines = [*self.above, *map(self.line, [self.header, *self.rows]), *self.below]
        return self.raw("".join(line + self.line_end for line in lines).encode(self.encoding, "replace"))

    def line(self, cells: list[str]) -> str:
        return self.delimiter.join(self.quoted(cell) for cell in cells)

    def quoted(self, cell: str) -> str:
        needs = self.delimiter in cell or '"' in cell or "\n" in cell
        return '"' + cell.replace('"', '""') + '"' if needs else cell


def clean_tables(count: int) -> Iterator[Sheet]:
    """Return tables of spending, as programs of several countries write them."""
    for seed in range(count):
        rng = random.Random(seed)
        language = rng.choice(("en", "de", "fr", "pl"))
        is_continental = language != "en"
        day_format = rng.choice(("%Y-%m-%d", "%d.%m.%Y" if is_continental else "%m/%d/%Y", "%d/%m/%Y"))
        rows = []
        for n in range(rng.choice((30, 60, 250))):
            amount = f"{rng.uniform(10, 90_000):.2f}"
            day = dt.date(2023, 1, 1) + dt.timedelta(days=rng.randrange(700))
            rows.append(
                [
                    str(1000 + 3 * n),
                    f"{rng.choice(STREETS[language])} {rng.randrange(1, 90)}",
                    f"{rng.randrange(10_000, 99_999)}",
                    amount.replace(".", ",") if is_continental else amount,
                    day.strftime(day_format),
                    rng.choice(("open", "closed", "pending", "")),
                    str(rng.randrange(1, 400)),
                    f"{rng.random():.4f}".replace(".", "," if is_continental else "."),
                ]
            )
        yield Sheet(
            ["id", "street", "area", "amount", "paid_on", "state", "days", "share"],
            rows,
            delimiter=rng.choice((";", "\t") if is_continental else (",", "\t")),
            encoding=rng.choice(("utf-8", "utf-8-sig", "utf-16", "cp1250" if language == "pl" else "cp1252")),
            line_end=rng.choice(("\n", "\r\n")),
        )


Spoiler = Callable[[Sheet, random.Random], Sheet]
SPOILERS: dict[str, Spoiler] = {}


def breaks(rule: str) -> Callable[[Spoiler], Spoiler]:
    def remember(spoiler: Spoiler) -> Spoiler:
        SPOILERS[rule] = spoiler
        return spoiler

    return remember


def at(sheet: Sheet, rng: random.Random) -> int:
    """Return the index of a row somewhere within the table."""
    return rng.randrange(3, len(sheet.rows) - 3)


def with_rows(sheet: Sheet, change: Callable[[list[list[str]]], None]) -> Sheet:
    rows = [list(row) for row in sheet.rows]
    change(rows)
    return replace(sheet, rows=rows)


def with_cells(sheet: Sheet, rng: random.Random, column: int, values: list[str]) -> Sheet:
    """Replace some cells of a column by ``values``, each in another row."""
    places = rng.sample(range(len(sheet.rows)), len(values))

    def change(rows: list[list[str]]) -> None:
        for place, value in zip(places, values, strict=True):
            rows[place][column] = value

    return with_rows(sheet, change)


def with_column(sheet: Sheet, name: str, values: Callable[[int], str]) -> Sheet:
    rows = [[*row, values(n)] for n, row in enumerate(sheet.rows)]
    return replace(sheet, header=[*sheet.header, name], rows=rows)


@breaks("missing_cell")
def missing_cell(sheet: Sheet, rng: random.Random) -> Sheet:
    place = at(sheet, rng)
    return with_rows(sheet, lambda rows: rows.__setitem__(place, rows[place][: rng.randrange(3, 7)]))


@breaks("extra_cell")
def extra_cell(sheet: Sheet, rng: random.Random) -> Sheet:
    place = at(sheet, rng)
    return with_rows(sheet, lambda rows: rows[place].append("more"))


@breaks("blank_row")
def blank_row(sheet: Sheet, rng: random.Random) -> Sheet:
    blank = rng.choice(([""], [""] * 8, [" "] * 8))
    return with_rows(sheet, lambda rows: rows.insert(at(sheet, rng), blank))


@breaks("duplicate_row")
def duplicate_row(sheet: Sheet, rng: random.Random) -> Sheet:
    return with_rows(sheet, lambda rows: rows.insert(at(sheet, rng), list(rows[0])))


@breaks("blank_column_name")
def blank_column_name(sheet: Sheet, rng: random.Random) -> Sheet:
    return replace(sheet, header=[*sheet.header[:5], rng.choice(("", "  ")), *sheet.header[6:]])


@breaks("duplicate_column")
def duplicate_column(sheet: Sheet, rng: random.Random) -> Sheet:
    return replace(sheet, header=[*sheet.header[:7], sheet.header[rng.randrange(7)]])


@breaks("no_header")
def no_header(sheet: Sheet, rng: random.Random) -> Sheet:
    return replace(sheet, header=sheet.rows[0], rows=sheet.rows[1:])


@breaks("preamble")
def preamble(sheet: Sheet, rng: random.Random) -> Sheet:
    titles = (["Spending of the city"], ["Spending 2023", ""], ["Office of X", "Version 2"])
    return replace(sheet, above=rng.choice(titles))


@breaks("footer")
def footer(sheet: Sheet, rng: random.Random) -> Sheet:
    notes = [
        "Source: city council",
        "* provisional",
        "Note: amounts include taxes",
        "Stand: 1.1.2024",
        "© the city 2024",
    ]
    return replace(sheet, below=["", rng.choice(notes)] if rng.random() < 0.5 else rng.sample(notes, 2))


@breaks("totals_row")
def totals_row(sheet: Sheet, rng: random.Random) -> Sheet:
    name = rng.choice(("Total", "TOTAL", "Summe", "Grand total", "Totaal", "Razem", "Total général"))
    amount = "123456,50" if sheet.delimiter == ";" else "123456.50"
    return with_rows(sheet, lambda rows: rows.append([name, "", "", amount, "", "", "4711", ""]))


@breaks("several_tables")
def several_tables(sheet: Sheet, rng: random.Random) -> Sheet:
    header = ["code", "place", "zone", "sum", "begun", "phase", "weeks", "part"]
    second = [[str(5000 + n), *row[1:]] for n, row in enumerate(sheet.rows[:8])]
    return with_rows(sheet, lambda rows: rows.extend([[""] * 8, header, *second]))


@breaks("type_error")
def type_error(sheet: Sheet, rng: random.Random) -> Sheet:
    return with_cells(sheet, rng, rng.choice((3, 4, 6, 7)), ["unclear"])


@breaks("impossible_date")
def impossible_date(sheet: Sheet, rng: random.Random) -> Sheet:
    day = sheet.rows[0][4]
    wrong = day[:4] + "-02-30" if "-" in day else day.replace(day[:2], "31", 1)[:3] + f"31{day[5:]}"
    return with_cells(sheet, rng, 4, [wrong])


@breaks("mixed_dates")
def mixed_dates(sheet: Sheet, rng: random.Random) -> Sheet:
    days = [f"{rng.randrange(13, 29)}/0{rng.randrange(1, 9)}/2024" for _ in range(len(sheet.rows) // 3)]
    iso = with_rows(sheet, lambda rows: [row.__setitem__(4, "2024-01-15") for row in rows] and None)
    return with_cells(iso, rng, 4, days)


@breaks("mixed_numbers")
def mixed_numbers(sheet: Sheet, rng: random.Random) -> Sheet:
    count = len(sheet.rows) // 4
    other = [f"{rng.randrange(1000)}{'.' if ',' in sheet.rows[0][3] else ','}{rng.randrange(10)}" for _ in range(count)]
    return with_cells(sheet, rng, 3, other)


@breaks("number_with_unit")
def number_with_unit(sheet: Sheet, rng: random.Random) -> Sheet:
    unit = rng.choice(("kg", "km", "m²", "Jahre", "t", "hours"))
    return with_column(sheet, "length", lambda n: f"{rng.randrange(1, 900)} {unit}")


@breaks("leading_zeros_lost")
def leading_zeros_lost(sheet: Sheet, rng: random.Random) -> Sheet:
    name = rng.choice(("postcode", "PLZ", "code postal", "zip code", "code_insee", "Postleitzahl"))
    return with_column(sheet, name, lambda n: str(1000 + 13 * n if n < len(sheet.rows) // 4 else 20_000 + 37 * n))


@breaks("epoch_date")
def epoch_date(sheet: Sheet, rng: random.Random) -> Sheet:
    values = rng.choice((["1900-01-01"], ["1970-01-01"], ["1904-01-01"])) * (3 + len(sheet.rows) // 10)
    iso = with_rows(
        sheet, lambda rows: [row.__setitem__(4, f"2024-0{1 + n % 9}-15") for n, row in enumerate(rows)] and None
    )
    return with_cells(iso, rng, 4, values)


@breaks("placeholder_value")
def placeholder_value(sheet: Sheet, rng: random.Random) -> Sheet:
    column, value = rng.choice(((6, "9999"), (6, "-1"), (6, "99999"), (1, "xxx"), (1, "tbd"), (1, "to be confirmed")))
    return with_cells(sheet, rng, column, [value] * (3 + len(sheet.rows) // 20))


@breaks("spreadsheet_error")
def spreadsheet_error(sheet: Sheet, rng: random.Random) -> Sheet:
    return with_cells(sheet, rng, rng.choice((1, 5)), [rng.choice(("#REF!", "#DIV/0!", "#VALUE!", "#NAME?"))] * 2)


@breaks("formula")
def formula(sheet: Sheet, rng: random.Random) -> Sheet:
    return with_cells(sheet, rng, 1, ["=HYPERLINK(A1)", "=SUM(B1:B7)"])


@breaks("padded_cell")
def padded_cell(sheet: Sheet, rng: random.Random) -> Sheet:
    return with_cells(sheet, rng, 5, [" open", "closed ", "open  "])


@breaks("encoding_error")
def encoding_error(sheet: Sheet, rng: random.Random) -> Sheet:
    names = with_rows(sheet, lambda rows: [row.__setitem__(1, "rue de la Forêt, Köln") for row in rows] and None)
    return replace(names, encoding="utf-8", raw=lambda data: data.replace("Forêt".encode(), b"For\xeat", 1))


@breaks("nul_byte")
def nul_byte(sheet: Sheet, rng: random.Random) -> Sheet:
    return replace(sheet, encoding="utf-8", raw=lambda data: data.replace(b"open", b"op\x00en", 2))


@breaks("mojibake")
def mojibake(sheet: Sheet, rng: random.Random) -> Sheet:
    word = rng.choice(("Forêt", "Müller", "Señor", "Ærø", "d’Été", "Zürich")).encode().decode("cp1252", "replace")
    return replace(with_cells(sheet, rng, 1, [word] * 3), encoding="utf-8")


@breaks("unclosed_quote")
def unclosed_quote(sheet: Sheet, rng: random.Random) -> Sheet:
    marked = with_rows(sheet, lambda rows: rows[-2].__setitem__(5, "QQ"))
    return replace(marked, encoding="utf-8", raw=lambda data: data.replace(b"QQ", b'"open'))


@breaks("stray_quote")
def stray_quote(sheet: Sheet, rng: random.Random) -> Sheet:
    marked = with_cells(sheet, rng, 1, ["QQ"])
    return replace(marked, encoding="utf-8", raw=lambda data: data.replace(b"QQ", b'"a" street'))


@breaks("mixed_line_ends")
def mixed_line_ends(sheet: Sheet, rng: random.Random) -> Sheet:
    return replace(sheet, encoding="utf-8", line_end="\n", raw=lambda data: data.replace(b"\n", b"\r\n", 7))


@breaks("personal_email")
def personal_email(sheet: Sheet, rng: random.Random) -> Sheet:
    # A mailbox a person, all at one host: a number for each would be a series that a spreadsheet counted on.
    return with_column(sheet, "contact", lambda n: f"{_surname(n)}.{_surname(n + 7)}@town.example")


def _surname(n: int) -> str:
    parts = ("abcdefgh", "aeiou", "lmnrst", "aeo", "klmnprstv")
    return "".join(part[(n + place * (n // 3)) % len(part)] for place, part in enumerate(parts))


@breaks("personal_phone")
def personal_phone(sheet: Sheet, rng: random.Random) -> Sheet:
    # Of persons: those of offices are meant to be public.
    named = with_column(sheet, "surname", lambda n: _surname(n).title())
    named = with_column(named, "first_name", lambda n: _surname(n + 11).title())
    return with_column(named, "phone", lambda n: f"+44 20 {rng.randrange(10**7, 10**8)}")


@breaks("personal_iban")
def personal_iban(sheet: Sheet, rng: random.Random) -> Sheet:
    def iban(n: int) -> str:
        account = f"{rng.randrange(10**17, 10**18)}"
        return f"DE{98 - int(account + '131400') % 97:02}{account}"

    return with_column(sheet, "account", iban)


@breaks("personal_id")
def personal_id(sheet: Sheet, rng: random.Random) -> Sheet:
    def pesel(n: int) -> str:
        digits = f"{rng.randrange(40, 99)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}{rng.randrange(10_000):04}"
        check = sum(int(d) * w for d, w in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True))
        return digits + str((10 - check) % 10)

    return with_column(sheet, "pesel", pesel)


@breaks("personal_birth")
def personal_birth(sheet: Sheet, rng: random.Random) -> Sheet:
    parts = ("ABCDEFGH", "aeiou", "lmnrst", "aeo", "klmnprstv")
    named = with_column(sheet, "surname", lambda n: "".join(part[n % len(part)] for part in parts))
    return with_column(named, "date_of_birth", lambda n: f"19{rng.randrange(40, 99)}-0{rng.randrange(1, 9)}-1{n % 9}")


@breaks("empty_column")
def empty_column(sheet: Sheet, rng: random.Random) -> Sheet:
    return with_column(sheet, "remark", lambda n: "")


@breaks("duplicate_column_content")
def duplicate_column_content(sheet: Sheet, rng: random.Random) -> Sheet:
    return with_column(sheet, "amount_again", lambda n: sheet.rows[n][3])


@breaks("generated_column_name")
def generated_column_name(sheet: Sheet, rng: random.Random) -> Sheet:
    return replace(sheet, header=[rng.choice(("Unnamed: 0", "Column1", "V1", "...1")), *sheet.header[1:]])


@breaks("rounded_long_number")
def rounded_long_number(sheet: Sheet, rng: random.Random) -> Sheet:
    return with_column(sheet, "ean", lambda n: f"{rng.randrange(1, 9)}.{rng.randrange(10_000, 99_999)}E+12")


@breaks("no_rows")
def no_rows(sheet: Sheet, rng: random.Random) -> Sheet:
    return replace(sheet, rows=[])


def spoiled_tables(per_rule: int) -> Iterator[tuple[str, Sheet]]:
    """Return for each rule the tables that break it and no other rule."""
    for number, (rule, spoil) in enumerate(SPOILERS.items()):
        for index, sheet in enumerate(clean_tables(per_rule)):
            yield rule, spoil(sheet, random.Random(1000 * number + index))


def workbook_of(sheet: Sheet, *, as_text: int = 0, merged: str | None = None, hidden: bool = False) -> bytes:
    """The table as XLSX, numbers as numbers; ``as_text`` cells of the amounts stay text."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(sheet.header)
    for number, row in enumerate(sheet.rows):
        amount: object = float(row[3].replace(",", ".")) if number >= as_text else row[3].replace(",", ".")
        page.append([int(row[0]), row[1], int(row[2]), amount, *row[4:6], int(row[6]), float(row[7].replace(",", "."))])
    if merged:
        page.merge_cells(merged)
    if hidden:
        other = book.create_sheet("old")
        other.sheet_state = "hidden"
        other.append(["id", "amount"])
        other.append([1, 2])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
