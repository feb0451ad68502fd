"""Detect personal data that was published by mistake: it is counted, never stored.

Identity numbers are recognised by their check digits (python-stdnum), and only if a whole column has them. Numbers with
one check digit and no date of birth occur by chance; for them the name of the column must agree.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import import_module
from typing import Any

from catalog.model import TableDefect
from quality.tables.judge.defects import defect
from quality.tables.scan.parse_cells import days
from quality.tables.scan.profile import ColumnProfile

__all__ = ["find_personal"]

_SHARE = 0.95
_MIN_DIFFERENT = 10
_BETWEEN = re.compile(r"[\s.]")
_CHARACTERS = re.compile(r"[A-Z0-9+-]+")
_MOST_DIFFERENT = 200
_SHAPES: Mapping[str, tuple[str, ...]] = {
    r"\d{9}|\d{10}": ("cz.rc", "sk.rc"),
    r"[A-Z\d]\d{7}[A-Z]": ("es.dni", "es.nie"),
    r"\d{10}": ("bg.egn", "gb.nhs"),
    r"\d{10}|\d{12}": ("se.personnummer",),
    r"\d{6}[A-Z]?\d{3}[A-Z\d]": ("fi.hetu",),
    r"\d{11}": ("pl.pesel", "ee.ik", "lt.asmens", "no.fodselsnummer", "be.nn"),
    r"\d{13}": ("ro.cnp", "za.idnr", "kr.rrn", "si.emso"),
    r"\d{5}[\dAB]{2}\d{8}": ("fr.nir",),
    r"\d{11}|[A-Z\d]{16}": ("it.codicefiscale",),
    r"[A-Z\d]{18}": ("mx.curp", "cn.ric"),
}
"""Modules of python-stdnum for numbers with a date of birth, by what each of these numbers looks like without signs."""
_BY_CHECK_DIGIT = (
    *("nl.bsn", "br.cpf", "tr.tckimlik", "de.idnr", "hr.oib", "us.ssn", "ch.ssn", "gr.amka", "ie.pps"),
    *("in_.aadhaar", "ca.sin", "th.pin", "do.cedula", "ec.ci", "il.idnr", "at.vnr"),
    # These have no check digit: a date with a serial number looks the same.
    *("dk.cpr", "id.nik"),
)
_ID_NAMES = re.compile(
    r"\b(bsn|burgerservicenummer|cpf|tc ?kimlik|kimlik|steuer ?id|idnr|identifikationsnummer|oib|ssn|ahv|avs|amka|"
    r"social security|pps|national id|personal id|id ?card|citizen|person(al)? (number|code)|dni|nie|cnp|pesel|"
    r"aadhaar|cpr( ?(nr|nummer|number))?|personnummer|nik|ktp|"
    r"social insurance|sin|cedula( de identidad)?|teudat zehut|svnr|sozialversicherungs ?(nummer|nr)|nss)\b"
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


_INSURANCE_NAMES = re.compile(r"\b(ni (number|no|nr)|nino|national insurance( (number|no))?|ni)\b")
_INSURANCE = re.compile(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]?")
"""National insurance number of the United Kingdom: HMRC, National Insurance Manual, NIM39110."""


def _folded(name: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", bare).strip()


def find_personal(columns: Sequence[ColumnProfile], first_line: int, today: date | None = None) -> list[TableDefect]:
    """Return a defect for each column that seems to contain data of private persons.

    These data are e-mail addresses, bank accounts, phone numbers, identity numbers and dates of birth. Data of offices,
    ships, painters or animals are not reported. ``columns`` are the columns of one table, ``first_line`` is the line of
    its first row of data. ``today`` is the day of the run, which decides whether dates of birth are those of living
    people; None means the year 2026.
    """
    names = [_folded(column.name) for column in columns]
    found = []
    identified = [column for column in columns if _are_identity_numbers(column)]
    births = [c for c, name in zip(columns, names, strict=True) if _BIRTH_NAMES.search(name) and _are_births(c, today)]
    is_past = any(_DEATH_NAMES.search(name) for name in names)
    is_past |= any(_ANIMAL_NAMES.search(name) for name in names)
    are_persons = _are_persons(columns, names, identified, births) and not is_past
    for column, name in zip(columns, names, strict=True):
        count, lines = column.odd("email")
        if count and _are_mailboxes_of_persons(column):
            found.append(defect("personal_email", count, lines, column.name))
        count, lines = column.odd("iban")
        # The account to which a public body asks people to pay is no secret.
        if count and (are_persons or _are_accounts(column)):
            found.append(defect("personal_iban", count, lines, column.name))
        is_named = _MOBILE_NAMES.search(name) or (are_persons and _PHONE_NAMES.search(name))
        is_phone = bool(is_named) and _are_phone_numbers(column)
        if is_phone or (are_persons and column.odd("phone")[0]):
            count, lines = column.odd("phone")
            found.append(defect("personal_phone", max(count, column.filled), lines or [first_line], column.name))
    found += [defect("personal_id", column.filled, [first_line], column.name) for column in identified]
    if are_persons and not any(_OFFICE_NAMES.search(name) for name in names):
        found += [defect("personal_birth", column.filled, [first_line], column.name) for column in births]
    return found


_MOBILE_NAMES = re.compile(
    r"\b(mobile?s?|mob|mobil(nummer|telefon|tel)?|handy(nummer)?|gsm|cell( ?phone)?|celular|movil|portable|telefonino|"
    r"kannykka|private? (phone|tel\w*)|home (phone|tel\w*)|komorka|mobilni)\b"
)
_DEATH_NAMES = re.compile(
    r"\b(death|died|deceased|deces|mort|gestorben|todes(datum|tag)|sterbe(datum|tag)|verstorben|fallecimiento|defuncion|"
    r"morte|obito|overleden|overlijden|smierci|umrti|dod(sdato)?|dead)\b"
)
_ANIMAL_NAMES = re.compile(
    r"\b(breed|sire|dam|species|pedigree|animal( name)?|microchip|stud ?book|(hunde|tier)?rasse|tierart|hund|espece|"
    r"especies?|raza|razza|raca|hunderace|diersoort|studbook)\b"
)
"""Columns about living things that are no persons."""
_OFFICE_NAMES = re.compile(
    r"\b(party|partei|parti|partido|partito|partij|mandat\w*|mandato|constituency|wahlkreis|circonscription|"
    r"office held|office|judge|justice|court|elected( on)?|appointed( on)?|took office|term (start|end)|in office|"
    r"richter(in)?|gericht|juge|tribunal|juez|elu|elegido|gewahlt|medals?|caps|goals|olympi\w*|world rank\w*|"
    r"deputy|senator|minister|councillor|mayor|fraktion|legislatur\w*|legislature)\b"
)
_GIVEN_NAMES = re.compile(
    r"\b(first ?name|fore ?name|given ?name|vorname|voornaam|prenoms?|nombres?|nome proprio|imie|jmeno|eesnimi|fornavn|"
    r"fornamn|etunimi|keresztnev|prenume)\b"
)
_FAMILY_NAMES = re.compile(
    r"\b(surname|last ?name|family ?name|nachname|familienname|achternaam|nom( de famille)?|"
    r"apellidos?|cognome|sobrenome|"
    r"apelido|nazwisko|prijmeni|perekonnanimi|etternavn|efternamn|sukunimi|vezeteknev|nume)\b"
)
_SURNAMES = re.compile(
    r"\b(surname|last ?name|family ?name|nachname|familienname|achternaam|nom de famille|apellidos|cognome|sobrenome|"
    r"nazwisko|prijmeni|perekonnanimi|etternavn|efternamn|sukunimi|vezeteknev)\b"
)
_TWO_WORDS = re.compile(r"[^\W\d_a-z][^\W\d_]+(?:[-' ][^\W\d_]+\.?){1,3}")
_MANY_ACCOUNTS = 5
_LIFETIME = 110
"""Years: nobody who was born earlier is alive."""
_OFFICES = re.compile(
    r"(?i)^(info|kontakt|contact|office|mail|post|admin|sekretariat|secretar\w*|hello|service|support|help\w*|enquir\w*|"
    r"press|hr|rastine|urad|podatelna|gemeinde|stadt|mairie|commune|school|skola|direct\w*|reception|webmaster)"
)


def _are_persons(
    columns: Sequence[ColumnProfile],
    names: Sequence[str],
    identified: Sequence[ColumnProfile],
    births: Sequence[ColumnProfile],
) -> bool:
    """Return whether rows are persons: by given and family name, or two of a name, a date of birth, an
    identity number.
    """
    pairs = list(zip(columns, names, strict=True))
    given = any(_GIVEN_NAMES.search(name) and _are_names(column) for column, name in pairs)
    family = any(_FAMILY_NAMES.search(name) and _are_names(column) for column, name in pairs)
    whole = any(_PERSON_NAMES.search(name) and _are_whole_names(column) for column, name in pairs)
    surnames = any(_SURNAMES.search(name) and _are_names(column) for column, name in pairs)
    named = whole or (given and family) or (surnames and bool(births))
    return named + bool(identified) + bool(births) >= 2 or (given and family)


def _are_accounts(column: ColumnProfile) -> bool:
    """Return whether a column has many different account numbers; offices have few."""
    return len({cell.replace(" ", "") for cell in column.scanned["sample"]}) >= _MANY_ACCOUNTS


def _are_whole_names(column: ColumnProfile) -> bool:
    cells = column.scanned["sample"]
    return _are_names(column) and sum(bool(_TWO_WORDS.fullmatch(cell)) for cell in cells) > 0.7 * len(cells)


def _are_mailboxes_of_persons(column: ColumnProfile) -> bool:
    """Return whether e-mail addresses are those of persons: many at few hosts, not numbered or named after offices.

    Schools, in contrast, each have a host of their own, and an office has one address for all.
    """
    found = {m for cell in column.scanned["sample"] for m in re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", cell.lower())}
    locals_of = [mail.partition("@")[0] for mail in found]
    hosts = {mail.partition("@")[2] for mail in found}
    if len(found) < 5:
        return False
    stems = {re.sub(r"[\d._-]+", "", local) for local in locals_of}
    offices = sum(bool(_OFFICES.match(local)) for local in locals_of)
    two = sum(bool(re.fullmatch(r"[^\W\d_]+[._-][^\W\d_]+\d?", local)) for local in locals_of)
    if len(stems) < 0.5 * len(found) or offices > 0.3 * len(found):
        return False
    return len(hosts) <= len(found) / 3 or two > 0.5 * len(found)


def _are_births(column: ColumnProfile, today: date | None) -> bool:
    """Return whether dates are dates of birth of people who may be alive."""
    if column.kind.kind != "date" or column.scanned["distinct"] < 5:
        return False
    year = (today or date(2026, 1, 1)).year
    found = [day.year for day in days(column.scanned["sample"]) if day is not None]
    living = sum(year - _LIFETIME < born <= year for born in found)
    return living > 0.5 * len(found) and bool(found)


def _are_phone_numbers(column: ColumnProfile) -> bool:
    """Return whether cells are telephone numbers: six to fifteen digits with a plus, a leading zero, or separators."""
    values = column.scanned["sample"]
    digits = [sum(c.isdigit() for c in value) for value in values]
    pairs = list(zip(digits, values, strict=True))
    fitting = sum(6 <= n <= 15 and re.fullmatch(r"[\d\s()+./-]+", value) is not None for n, value in pairs)
    dialled = sum(value[0] in "+0(" or any(sign in value for sign in " -/") for value in values)
    return len(values) >= 3 and fitting >= 0.8 * len(values) and dialled >= 0.8 * len(values)


def _are_names(column: ColumnProfile) -> bool:
    """Return whether a column has words that are hardly ever repeated: names of persons, not of a few offices."""
    few = column.scanned["distinct"] < max(5.0, 0.3 * column.filled)
    return column.kind.kind == "text" and column.count("text") > 0.8 * max(column.filled, 1) and not few


@cache
def _checker(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def _is_valid(name: str, number: str) -> bool:
    try:
        return bool(_checker(name).is_valid(number))
    except (LookupError, ValueError):
        return False  # python-stdnum 2.2 fails at some numbers of 18 characters (cn.ric)


def _are_identity_numbers(column: ColumnProfile) -> bool:
    first = [_BETWEEN.sub("", value) for value in column.scanned["sample"][:_MIN_DIFFERENT]]
    if not all(8 <= len(value) < 20 and _CHARACTERS.fullmatch(value) for value in first):
        return False
    different = _different(column.scanned["sample"])
    lengths = {len(value) for value in different}
    if len(different) < _MIN_DIFFERENT or not lengths <= set(range(8, 20)) or len(lengths) > 4:
        return False
    if not all(map(_CHARACTERS.fullmatch, different)):
        return False
    folded = _folded(column.name)
    if _INSURANCE_NAMES.search(folded):
        fitting = sum(bool(_INSURANCE.fullmatch(value)) for value in different)
        return fitting >= _SHARE * len(different)
    named = bool(_ID_NAMES.search(folded))
    if "isbn" in folded or "issn" in folded:
        return False
    bare = [value.replace("-", "").replace("+", "") for value in different]
    shaped = {shape: _nearly_all(map(re.compile(shape).fullmatch, bare), len(bare)) for shape in _SHAPES}
    names = [name for shape, some in _SHAPES.items() if shaped[shape] for name in some]
    return any(
        _nearly_all((_is_valid(name, value) for value in different), len(different))
        for name in (*names, *(_BY_CHECK_DIGIT if named else ()))
    )


def _different(sample: Sequence[str]) -> list[str]:
    """Return the first values that differ, without spaces and points."""
    found: dict[str, None] = {}
    for value in sample:
        found[_BETWEEN.sub("", value)] = None
        if len(found) == _MOST_DIFFERENT:
            break
    return list(found)


def _nearly_all(are_right: Iterable[object], count: int) -> bool:
    """Return whether at most one in twenty of ``count`` values is wrong; it looks no further once there are more."""
    most, misses = (1 - _SHARE) * count, 0
    for is_right in are_right:
        misses += not is_right
        if misses > most:
            return False
    return True
