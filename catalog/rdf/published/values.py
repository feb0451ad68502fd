"""Turn a declared text into the RDF term by which consumers know it: typed, and as an address where that is certain.

What cannot be turned stays the declared text, as in :mod:`catalog.rdf.values`.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from catalog import vocabulary
from catalog.rdf.terms import IRI, LITERAL, XSD, RdfTerm
from catalog.rdf.values import algorithm_name, concept, day, is_iri, text
from catalog.repositories.persons import has_addresses, without_addresses

__all__ = [
    "KnownLicence", "address", "decimal_size", "digest", "instant", "known", "known_licence", "moment", "size", "typed",
    "words",
]  # fmt: skip

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_SIZE = re.compile(r"\+?([0-9]{1,18})(?:\.0*)?")
_RUN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
_ISO = re.compile(
    r"([0-9]{4})([-/.]?)([0-9]{1,2})\2([0-9]{1,2})"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?)? ?(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?"
)
_DOTTED = re.compile(r"([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4})")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_MONTHS = 12
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ADDRESS = re.compile(r"(?:https?|ftp)://[^\s/?#]+.*", re.I | re.S)
_MEDIA_TYPE = re.compile(r"(?:application|audio|font|image|message|model|multipart|text|video)/[a-z0-9][a-z0-9.+-]*")
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
_LONGEST = 100
"""Characters of a text that may be a date."""


def words(declared: str) -> RdfTerm:
    """Return a declared text as a literal, without the e-mail addresses in it."""
    return text(without_addresses(declared) or "" if has_addresses(declared) else declared)


def address(declared: str) -> RdfTerm:
    """Return a declared address as an IRI, and any other text as a literal.

    Characters that an IRI must not have, such as blanks and braces, are percent-encoded in addresses of the web and of
    FTP, as browsers do before they ask. E-mail addresses are replaced as in other texts.
    """
    declared = declared.strip()
    if has_addresses(declared):
        declared = without_addresses(declared) or ""
    if is_iri(declared) and _ESCAPE.search(declared) is None:
        return RdfTerm(IRI, declared)
    if _ADDRESS.fullmatch(declared):
        encoded = quote(_ESCAPE.sub("%25", declared), safe=_SAFE)
        host, slash, path = encoded.partition("://")[2].partition("/")
        encoded = f"{encoded.partition('://')[0]}://{host}{slash}{path.replace('[', '%5B').replace(']', '%5D')}"
        if is_iri(encoded):
            return RdfTerm(IRI, encoded)
    return text(declared)


@lru_cache(maxsize=4096)
def moment(declared: str) -> RdfTerm:
    """Return a declared date as a literal of the XML Schema datatype of its form: a date, instant, month or year.

    Beside the forms of XML Schema those are read that can mean one day only: "2026/3/9", "20260309", "2026-03-09
    10:15", "09.03.2026", and "3/29/2026", where one number is no month. Any other text becomes a plain literal.
    """
    declared = declared.strip()
    # Eight digits are a day here, and not the year of a far future.
    found = text(declared) if declared.isdigit() and len(declared) == len("20260309") else day(declared)
    if found.datatype != f"{XSD}string" or len(declared) > _LONGEST:
        return found
    made = _day_first(declared) or _year_first(declared)
    typed = day(made) if made else found
    return typed if typed.datatype != f"{XSD}string" else words(declared)


def _year_first(declared: str) -> str | None:
    match = _ISO.fullmatch(declared)
    if match is None:
        return None
    year, sign, month, number, hour, minute, second, part, zone = match.groups()
    if not sign and (len(month) < 2 or len(number) < 2):
        return None
    made = f"{year}-{month:>02}-{number:>02}"
    zone = "" if zone is None else "Z" if zone in ("Z", "UTC", "GMT") else f"{zone[:3]}:{zone[-2:]}"
    return made + zone if hour is None else f"{made}T{hour:>02}:{minute}:{second or '00'}{part or ''}{zone}"


def _day_first(declared: str) -> str | None:
    if match := _DOTTED.fullmatch(declared):
        number, month, year = match.groups()
    elif match := _SLASHED.fullmatch(declared):
        number, month, year = match.groups()
        if int(number) <= _MONTHS and int(month) <= _MONTHS and number != month:
            return None
        if int(month) > _MONTHS:
            number, month = month, number
    else:
        return None
    try:
        return date(int(year), int(month), int(number)).isoformat()
    except ValueError:
        return None


def instant(run_id: str) -> RdfTerm:
    """Return the instant at which a run began, as xsd:dateTime, made of the id of the run; the id itself as a plain
    literal if it is not made of an instant."""
    match = _RUN.match(run_id)
    if match is None:
        return text(run_id)
    year, month, number, *clock = match.groups()
    return RdfTerm(LITERAL, f"{year}-{month}-{number}T{':'.join(clock)}Z", f"{XSD}dateTime")


def size(declared: str) -> RdfTerm:
    """Return a number of bytes as xsd:nonNegativeInteger, the type of DCAT 3; any other text as a plain literal."""
    return _size(declared, "nonNegativeInteger")


def decimal_size(declared: str) -> RdfTerm:
    """Return a number of bytes as xsd:decimal, the type of DCAT 2; any other text as a plain literal."""
    return _size(declared, "decimal")


def _size(declared: str, datatype: str) -> RdfTerm:
    match = _SIZE.fullmatch(declared.strip())
    return RdfTerm(LITERAL, match[1], XSD + datatype) if match else words(declared)


def typed(value: str, datatype: str) -> RdfTerm:
    """Return a literal of a datatype. ``datatype``: its IRI. ``value``: a text that is valid for it."""
    return RdfTerm(LITERAL, value, datatype)


def digest(checksum: str, algorithm: str | None) -> tuple[str, str] | None:
    """Return a checksum as hexadecimal digits and the IRI of its algorithm; None if it is not hexadecimal or its
    algorithm is not known, neither by what is declared nor by the number of digits.

    ``algorithm``: name or address as declared, None if it is not. A prefix such as "sha256:" is taken for its name.
    """
    name, _, digits = checksum.strip().rpartition(":")
    known = algorithm_name(digits, algorithm or name or None)
    return (digits.lower(), known) if _HEX.fullmatch(digits) and known and is_iri(known) else None


@lru_cache(maxsize=8192)
def known(kind: str, declared: str) -> str | None:
    """Return the IRI of the concept that a declared text is or names; None if it is no known one.

    ``kind``: as for :func:`catalog.rdf.values.concept`. A media type that is declared as such keeps its name, known or
    not: it becomes its IRI at IANA.
    """
    found = concept(kind, declared)
    if found.kind == IRI:
        return found.value
    match = _MEDIA_TYPE.match(declared.strip().lower()) if kind == "media_type" else None
    return f"{_MEDIA_TYPES}{match[0]}" if match else None


class KnownLicence(NamedTuple):
    """What is made of a declared licence."""

    iri: str | None
    """Its IRI; None if it is not known by one."""
    is_ours: bool = False
    """Whether the IRI is not declared but recognised from the text."""
    is_none: bool = False
    """Whether the text says that no licence is given."""


@lru_cache(maxsize=4096)
def known_licence(declared: str, title: str | None) -> KnownLicence:
    """Return what a declared licence is known as.

    ``declared``: an address or text. ``title``: code or name beside its address. A declared address is the IRI,
    whatever it leads to. A text has one only if :func:`catalog.vocabulary.licence` recognises it, as the metrics do.
    """
    declared = declared.strip()
    if is_iri(declared):
        return KnownLicence(declared)
    found = vocabulary.licence(declared, title)
    if found is None:
        return KnownLicence(None)
    return KnownLicence(found.eu_uri or found.homepage, True, found.open_definition == "none")
