"""Whose data a table holds: persons who live and may not want it, or those of whom everybody may know."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from stdnum import ean
from stdnum.br import cpf
from stdnum.pl import pesel

from catalog.model import TableContext
from quality.tables.inspect import inspect
from quality.tables.personal.detect import _SHAPES, _is_valid

RNG = random.Random(11)
GIVEN = ("Aino", "Björk", "Cosima", "Dario", "Elin", "Fiona", "Gustav", "Hedda", "Ivo", "Jonna")
GIVEN += ("Kaspar", "Liv", "Milo", "Nils", "Oda", "Pia", "Rune", "Siri", "Tomas")
FAMILY = ("Asp", "Berg", "Cederholm", "Dahl", "Ek", "Falk", "Gran", "Holm", "Idman", "Järvi")
FAMILY += ("Kask", "Lund", "Moen", "Norling", "Oja", "Palm", "Ross", "Sand", "Tamm")
PERSONS = [(given, FAMILY[(7 * n) % len(FAMILY)]) for n, given in enumerate(GIVEN)]
COUNT = len(PERSONS)


def days(first: int, last: int) -> list[str]:
    span = (last - first) * 365
    return [(date(first, 1, 1) + timedelta(days=RNG.randrange(span))).isoformat() for _ in range(COUNT)]


def digits(length: int) -> list[str]:
    return [str(RNG.randrange(10 ** (length - 1), 10**length)) for _ in range(COUNT)]


def table(**columns: Sequence[object]) -> str:
    names = [name.replace("_", " ") for name in columns]
    rows = zip(*columns.values(), strict=True)
    return "".join(",".join(map(str, row)) + "\n" for row in [names, *rows])


WHOLE = [f"{given} {family}" for given, family in PERSONS]
FIRST, LAST = [given for given, _ in PERSONS], [family for _, family in PERSONS]
NUMBERS = list(range(COUNT))


def nhs(body: str) -> str:
    check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(body)) % 11
    return body + str({11: 0}.get(check, check))


def pesels() -> list[str]:
    bodies = [f"{day[2:4]}{day[5:7]}{day[8:]}{serial}" for day, serial in zip(days(1950, 1999), digits(4), strict=True)]
    return [body + pesel.calc_check_digit(body) for body in bodies]


def ibans(count: int) -> list[str]:
    made = []
    for _ in range(count):
        account = f"{RNG.randrange(10**17, 10**18)}"
        made.append(f"DE{98 - int(account + '131400') % 97:02}{account}")
    return made


OF_EVERYBODY = {
    "painters": table(first_name=FIRST, surname=LAST, born=days(1820, 1890), died=days(1900, 1960), works=NUMBERS),
    "members of a parliament of long ago": table(given_name=FIRST, surname=LAST, date_of_birth=days(1790, 1890)),
    "deputies": table(name=WHOLE, date_of_birth=days(1950, 1990), party=["A", "B"] * 9 + ["A"], ward=NUMBERS),
    "judges": table(name=WHOLE, court=LAST, appointed=days(2010, 2020), date_of_birth=days(1950, 1980)),
    "champions": table(name=WHOLE, date_of_birth=days(1970, 2000), sport=["judo"] * COUNT, medals=NUMBERS),
    "horses": table(name=WHOLE, sire=[f"{one} King" for one in LAST], dam=FIRST, date_of_birth=days(2005, 2020)),
    "dogs": table(name=WHOLE, breed=["Poodle", "Spitz"] * 9 + ["Spitz"], date_of_birth=days(2010, 2024)),
    "ships": table(ship=[f"MS {one}" for one in LAST], mmsi=digits(9), imo=digits(7), built=days(1980, 2010)),
    "mailboxes of offices": table(
        office=LAST, email=[f"info@{one.lower()}.example" for one in FIRST], phone=[f"+46 8 {n}" for n in digits(6)]
    ),
    "credentials in addresses": table(
        set=NUMBERS, url=[f"ftp://{a.lower()}.{b.lower()}:pass@ftp.example.org/x.csv" for a, b in PERSONS]
    ),
    "mobile stations": table(operator=LAST, mobile=digits(7), mobile_stations=digits(6)),
    "an account of an office": table(office=LAST, iban=[*ibans(1), *[""] * (COUNT - 1)]),
    "references with a day": table(case=[f"0{1 + n % 9}0{1 + n % 8}24{1000 + n}" for n in NUMBERS], amount=digits(4)),
    "goods": table(article=[body + ean.calc_check_digit(body) for body in (f"756{n}" for n in digits(9))], n=NUMBERS),
    "letters and digits": table(case=[f"AB{n}C" for n in digits(6)], n=NUMBERS),
}
OF_PERSONS = {
    "personal_birth": table(given_name=FIRST, surname=LAST, date_of_birth=days(1950, 2005), ward=NUMBERS),
    "personal_email": table(name=WHOLE, mail=[f"{a.lower()}.{b.lower()}@mail.example" for a, b in PERSONS]),
    "personal_phone": table(first_name=FIRST, last_name=LAST, phone=[f"079 {n[:3]} {n[3:]}" for n in digits(7)]),
    "personal_iban": table(payee=WHOLE, account=ibans(COUNT)),
    "personal_id": table(pesel=pesels(), grade=NUMBERS),
    "personal_id by check digit and name": table(CPF=[f + cpf._calc_check_digits(f) for f in digits(9)], n=NUMBERS),
    "personal_id of patients": table(
        patient=[one for one in map(nhs, (f"4{n}" for n in digits(8) + digits(8))) if len(one) == 10][:12], n=range(12)
    ),
    "personal_id by form and name": table(National_Insurance_No=[f"AB{n}C" for n in digits(6)], n=NUMBERS),
}


def personal(path: Path, text: str) -> set[str]:
    path.write_text(text, encoding="utf-8")
    report = inspect(TableContext(path=path, declared_format="CSV", today=date(2026, 11, 30)))
    return {one.rule for one in report.defects if one.rule.startswith("personal_")}


@pytest.mark.parametrize("whose", OF_EVERYBODY)
def test_nobody_is_betrayed_by(whose: str, tmp_path: Path) -> None:
    assert personal(tmp_path / "x.csv", OF_EVERYBODY[whose]) == set()


@pytest.mark.parametrize("whose", OF_PERSONS)
def test_persons_are_betrayed_by(whose: str, tmp_path: Path) -> None:
    assert whose.split()[0] in personal(tmp_path / "x.csv", OF_PERSONS[whose])


@pytest.mark.parametrize(("shape", "names"), sorted(_SHAPES.items()))
def test_no_valid_number_has_another_shape(shape: str, names: tuple[str, ...]) -> None:
    chance = random.Random(shape)
    numbers = list(_VALID)
    for _ in range(1500):
        month, day = chance.randrange(1, 13), chance.randrange(1, 29)
        born = f"{chance.randrange(100):02}{month:02}{day:02}"
        rest = "".join(chance.choice("0123456789") for _ in range(chance.choice((3, 4, 5, 6, 7, 9, 12))))
        number = born + chance.choice(("", "", "-", "+", "A")) + rest
        numbers += [number, number[:-1] + chance.choice("ABCDEFGHJKLMNPRSTUVWXYZ")]
    for name in names:
        valid = [one for one in numbers if _is_valid(name, one)]
        assert valid and all(re.fullmatch(shape, one.replace("-", "").replace("+", "")) for one in valid), name


_VALID = (
    *("7103192745", "54362315-K", "X-2482300W", "7523169263", "943-476-5870", "880320-0016", "131052-308T"),
    *("44051401359", "36805280109", "33309240064", "15108695088", "850730-03328", "1630615123457", "7503305044089"),
    *("971013-9019902", "0101006500006", "295109912611193", "RCCMNL83S18D969H", "BOXW310820HNERXN09"),
    "360426199101010071",
)
"""One number for each module: the examples of its documentation."""
