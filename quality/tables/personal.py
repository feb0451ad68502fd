"""Personal data that nobody meant to publish: what is found is counted, and never kept.

Identity numbers are told by their check digits (python-stdnum), and only where a whole column has them. Numbers that
hold no date of birth, and have one check digit, come about by chance: those are told by the name of the column as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any

from catalog.model import TableDefect
from quality.tables.defects import defect
from quality.tables.profile import Column

__all__ = ["find_personal"]

_SHARE = 0.95
_MIN_DIFFERENT = 10
_WITH_BIRTH_DATE = (
    *("pl.pesel", "fr.nir", "se.personnummer", "dk.cpr", "fi.hetu", "ro.cnp", "bg.egn", "cz.rc", "ee.ik", "lt.asmens"),
    *("no.fodselsnummer", "it.codicefiscale", "mx.curp", "cn.ric", "be.nn", "za.idnr", "es.dni", "es.nie"),
)
_BY_CHECK_DIGIT = ("nl.bsn", "br.cpf", "tr.tckimlik", "de.idnr", "hr.oib", "us.ssn", "ch.ssn", "gr.amka", "ie.pps")
_ID_NAMES = re.compile(
    r"\b(bsn|burgerservicenummer|cpf|tc ?kimlik|kimlik|steuer ?id|idnr|identifikationsnummer|oib|ssn|ahv|avs|amka|"
    r"social security|pps|national id|personal id|id ?card|citizen|person(al)? (number|code)|dni|nie|cnp|pesel)\b"
)
_PHONE_NAMES = re.compile(
    r"\b(tel|tele?fono?n?|telephone|phone|fone|mobile?|handy|gsm|puhelin|telefonnummer|telefoon|telefon|téléphone)\b"
)
_BIRTH_NAMES = re.compile(
    r"\b(birth ?(date|day)|date of birth|dob|born|geburts(datum|tag)|geboren|geboortedatum|(date (de )?)?naissance|"
    r"(fecha )?(de )?nacimiento|nascita|data (de )?nascimento|nascimento|data urodzenia|datum narozeni|sunniaeg|"
    r"fodselsdato|fodelsedatum|syntymaaika|szuletesi (datum|ido)|data nasterii)\b"
)
_PERSON_NAMES = re.compile(
    r"\b(surname|(last|family|first|given|full) ?name|forename|nachname|familienname|vorname|achternaam|voornaam|"
    r"nom de famille|prenoms?|apellidos?|nombres?|cognome|sobrenome|apelido|imie|nazwisko|prijmeni|jmeno|eesnimi|"
    r"perekonnanimi|etternavn|fornavn|efternamn|sukunimi|etunimi|vezeteknev|nume|prenume|name|nom|naam)\b"
)


def _folded(name: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", bare).strip()


def find_personal(columns: Sequence[Column], first_line: int) -> list[TableDefect]:
    """What looks personal, column by column."""
    found = []
    for column in columns:
        for odd, rule in (("email", "personal_email"), ("iban", "personal_iban")):
            count, lines = column.odd(odd)
            if count:
                found.append(defect(rule, count, lines, column.name))
        count, lines = column.odd("phone")
        if not count and _PHONE_NAMES.search(_folded(column.name)) and _are_phone_numbers(column):
            count, lines = column.filled, [first_line]
        if count:
            found.append(defect("personal_phone", count, lines, column.name))
        if _are_identity_numbers(column):
            found.append(defect("personal_id", column.filled, [first_line], column.name))
    births = [c for c in columns if _BIRTH_NAMES.search(_folded(c.name)) and c.kind.kind == "date" and _spans_lives(c)]
    persons = [c for c in columns if _PERSON_NAMES.search(_folded(c.name)) and _are_names(c)]
    if persons:
        found += [defect("personal_birth", column.filled, [first_line], column.name) for column in births]
    return found


def _are_phone_numbers(column: Column) -> bool:
    values = column.scanned["sample"]
    digits = [sum(c.isdigit() for c in value) for value in values]
    pairs = zip(digits, values, strict=True)
    fitting = sum(6 <= n <= 15 and re.fullmatch(r"[\d\s()+./-]+", value) is not None for n, value in pairs)
    return len(values) >= 3 and fitting >= 0.8 * len(values)


def _are_names(column: Column) -> bool:
    """Words that hardly come twice: names of persons, not of a handful of offices."""
    few = column.scanned["distinct"] < max(5.0, 0.3 * column.filled)
    return column.kind.kind == "text" and column.count("text") > 0.8 * max(column.filled, 1) and not few


def _spans_lives(column: Column) -> bool:
    days = column.scanned["first_day"][column.kind.way], column.scanned["last_day"][column.kind.way]
    return 18000101 < days[0] < 20101231 and column.scanned["distinct"] >= 5


@cache
def _checker(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def _are_identity_numbers(column: Column) -> bool:
    values = [re.sub(r"[\s.]", "", value) for value in column.scanned["sample"]]
    different = list(dict.fromkeys(values))[:200]
    lengths = {len(value) for value in different}
    if len(different) < _MIN_DIFFERENT or not lengths <= set(range(8, 20)) or len(lengths) > 4:
        return False
    if not all(re.fullmatch(r"[A-Z0-9+-]+", value) for value in different):
        return False
    named = bool(_ID_NAMES.search(_folded(column.name)))
    for name in (*_WITH_BIRTH_DATE, *(_BY_CHECK_DIGIT if named else ())):
        checker = _checker(name)
        misses = 0
        for value in different:
            misses += not checker.is_valid(value)
            if misses > (1 - _SHARE) * len(different):
                break
        else:
            return True
    return False
