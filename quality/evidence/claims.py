"""Compare what a publisher declares about a file with what was served. Pure functions that accuse only when certain.

A claim that is rounded, vague or unreadable is no claim: None. What was not observed is UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from catalog.model import Distribution, ResourceCheck
from catalog.vocabulary import FileFormat
from quality.evidence.dates import last_day
from quality.evidence.subject import UNKNOWN, DistributionSubject, Measurement
from quality.tables.read.sniff import MEDIA_TYPES

__all__ = [
    "agrees", "algorithm", "byte_size", "checksum", "declared_bytes", "language", "modified", "served_bytes", "twin_of",
]  # fmt: skip

_SAME = (
    {"TXT", "CSV", "TSV"},
    {"JSON", "GEOJSON", "JSON_LD"},
    {"XML", "KML", "GML", "RDF_XML", "RSS", "ATOM"},
    {"NETCDF", "HDF"},
)
"""Groups of formats that are kinds of one another: to declare a CSV file as text is vague, not false. NetCDF 4 files
are HDF 5 files."""
_WRAPPERS = ("ZIP", "GZIP", "TAR")
_IN_ZIP = ("SHP", "KMZ", "GTFS")
"""Formats that are a ZIP archive with certain files in it: whoever declares ZIP is right."""
_UNSIGNED = ("RDF_TURTLE", "RDF_N_TRIPLES")
"""Text formats without a signature: bytes that look like any text may be in one of them."""
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*([kmgt]?)(i?)(b|o|bytes?|octets?)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
TOLERANCE = 0.1
"""Share by which a size may differ: a file may grow between the harvest of its record and its download."""
ENOUGH_BYTES = 1_000
"""Smaller files, and smaller differences in size, prove nothing."""


def agrees(declared: FileFormat, served: FileFormat) -> Measurement:
    """Return 1 if ``served``, the format that was recognised in the bytes of a file, fits the declared format, else 0.

    These fit: the same format, a related one such as CSV for plain text, an archive (ZIP, GZIP, TAR) where a table,
    geodata or an archive is declared, and a shapefile, KMZ or GTFS where ZIP is declared. If none of these fits, the
    result is UNKNOWN if the declared format cannot be recognised from bytes, or if Turtle or N-Triples is declared and
    the bytes look like any text.
    """
    if served.id == declared.id or any({served.id, declared.id} <= group for group in _SAME):
        return 1.0
    if declared.id == "ZIP" and served.id in _IN_ZIP:
        return 1.0
    # Many portals serve the declared format inside a zip file; the table inside is then judged as that format.
    if served.id in _WRAPPERS and declared.kind in ("table", "geo", "archive"):
        return 1.0
    if declared.id not in MEDIA_TYPES or (declared.id in _UNSIGNED and served.id in ("TXT", "CSV", "TSV")):
        return UNKNOWN
    return 0.0


def algorithm(declared: str | None) -> str | None:
    """Return hashlib's name of a declared checksum algorithm, or None if it is not recognised.

    >>> algorithm("SHA-1"), algorithm("http://spdx.org/rdf/terms#checksumAlgorithm_md5"), algorithm("CRC32")
    ('sha1', 'md5', None)
    """
    found = re.search(r"(md5|sha1|sha224|sha256|sha384|sha512)$", re.sub(r"[^a-z0-9]", "", (declared or "").lower()))
    return found.group(1) if found else None


def checksum(declared: Distribution, check: ResourceCheck | None) -> Measurement:
    """Return 1 if the downloaded file has the checksum that the record declares, else 0.

    ``check`` is the check of the file's address; None if there was none.

    None if no checksum is declared, its algorithm is not supported, it is no hexadecimal number of 32 to 128 digits, or
    the address is broken or invalid. Otherwise UNKNOWN if the checksum of the file was not computed. None also if the
    declared checksum has another length than the algorithm gives.
    """
    name = algorithm(declared.checksum_algorithm)
    value = re.sub(r"^.*[:\s]", "", (declared.checksum or "").strip()).lower()
    if name is None or not re.fullmatch(r"[0-9a-f]{32,128}", value):
        return None
    served = check.checksums.get(name) if check is not None else None
    if name == "sha256" and check is not None and not check.is_truncated:
        served = check.sha256
    if check is not None and check.outcome in ("broken", "invalid"):
        return None
    if served is None:
        return UNKNOWN
    return 1.0 if served == value else 0.0 if len(served) == len(value) else None


@lru_cache(maxsize=16384)
def declared_bytes(text: str | None) -> tuple[float, float] | None:
    """Return the smallest and the largest number of bytes that a declared size may mean, or None if it cannot be read.

    Prefixes may mean powers of 1,000 or of 1,024, and decimals may be rounded. 0 and 1 without a prefix are usual
    fillers and give None.

    >>> declared_bytes("20 KB")
    (19500.0, 20992.0)
    >>> declared_bytes("small") is None
    True
    """
    value = re.sub(r"(?<=\d)[ \u00a0\u202f',.](?=\d{3}(?:\D|$))", "", (text or "").strip())
    found = _SIZE.fullmatch(value)
    if found is None:
        return None
    number, prefix = found[1].replace(",", "."), found[2].lower()
    amount, power = float(number), _POWERS[prefix]
    if amount <= 1 and not power:
        return None
    half = 0.5 * 10 ** -len(number.partition(".")[2]) if power else 0.0
    return (amount - half) * 1000**power, (amount + half) * 1024**power


def served_bytes(check: ResourceCheck) -> int | None:
    """Return the length of a file in bytes by the check of its address, or None if it is not known.

    It is the length as downloaded if the download is complete, else the length that the server states.
    """
    if check.sha256 is not None and not check.is_truncated:
        return check.downloaded_bytes
    return check.size_bytes


def byte_size(declared: str | None, check: ResourceCheck | None) -> Measurement:
    """Return 1 if the file has the declared size, give or take a tenth and 1,000 bytes, else 0.

    ``declared`` is the size as written in the record, ``check`` the check of the file's address. None if it is missing
    or cannot be read, or if the address is broken or invalid. UNKNOWN if the size of the file was not observed.
    """
    bounds = declared_bytes(declared)
    if bounds is None or (check is not None and check.outcome in ("broken", "invalid")):
        return None
    size = served_bytes(check) if check is not None and check.outcome == "ok" else None
    if size is None:
        return UNKNOWN
    low, high = bounds[0] * (1 - TOLERANCE) - ENOUGH_BYTES, bounds[1] * (1 + TOLERANCE) + ENOUGH_BYTES
    return 1.0 if low <= size <= high else 0.0


def modified(declared: str | None, check: ResourceCheck | None, as_of: date) -> Measurement:
    """Return 1 if the declared date of change agrees with an observed change, 0 if the date cannot be true, else None.

    ``declared`` is the date as written in the record, ``check`` the check of the file's address.

    It cannot be true in two cases. First, it is a full date later than the day after ``as_of``, the day of the run.
    Second, length or bytes of the data were observed to change, two days ago or earlier, between two checks that were
    both made more than a day after the declared date.

    It agrees if it lies at most one day from the observed change. An older Last-Modified header confirms a date but
    refutes none, because files are copied.
    """
    day = last_day(declared)
    if day is None:
        return None
    # "2026" may mean any day until the end of the year.
    if day > as_of + timedelta(days=1):
        return 0.0 if re.match(r"\d{4}-\d\d-\d\d", (declared or "").strip()) else None
    changed = last_day(check.changed_at) if check is not None else None
    # A date that the portal itself declared cannot confirm what it declares.
    if check is None or changed is None or check.change_decided_by == "harvest_date":
        return None
    if check.change_decided_by in ("length", "checksum"):
        until = last_day(check.unchanged_until)
        # A record and its data may be updated together, and we may have read the record before that.
        is_settled = changed <= as_of - timedelta(days=2)
        if until is not None and day < until - timedelta(days=1) and is_settled:
            return 0.0
    return 1.0 if abs((changed - day).days) <= 1 else None


_LATIN = frozenset({
    "BOS", "CAT", "CES", "DAN", "DEU", "ENG", "EST", "EUS", "FIN", "FRA", "GLE", "GLG", "HRV", "HUN", "ISL", "ITA",
    "LAV", "LIT", "LTZ", "MLT", "NLD", "NOB", "NOR", "POL", "POR", "ROH", "RON", "SLK", "SLV", "SPA", "SQI", "SWE",
    "TUR",
})  # fmt: skip
"""Languages that are written only in Latin letters."""
_SCRIPTS = {
    "Cyrillic": frozenset(["BEL", "BUL", "KAZ", "MKD", "MON", "RUS", "SRP", "UKR"]),
    "Greek": frozenset({"ELL"}),
    "Arabic": frozenset(["ARA", "FAS"]),
    "Hebrew": frozenset({"HEB"}),
    "Han": frozenset(["JPN", "ZHO"]),
    "Hangul": frozenset({"KOR"}),
    "Thai": frozenset({"THA"}),
    "Devanagari": frozenset({"HIN"}),
}


def language(declared: Iterable[str], script: str | None) -> Measurement:
    """Return 1 if a file in the given script may be in one of the declared languages, 0 if it cannot be, else None.

    ``declared`` are codes of the EU's table of languages ("BUL"), ``script`` is a name such as "Cyrillic". 0 only if
    all declared languages are written only in Latin letters and the script is another. The script Latin gives None,
    because names and codes are written in Latin letters in any file.
    """
    languages = frozenset(declared)
    if not languages or script not in _SCRIPTS:
        return None
    if languages & _SCRIPTS[script]:
        return 1.0
    return 0.0 if languages <= _LATIN else None


def twin_of(s: DistributionSubject) -> str | None:
    """Return the titles of a distribution for another year that serves the same bytes as ``s``; None if there is none.

    A distribution is for another year if its title and that of its dataset differ from those of ``s`` only in years,
    and if both pairs of titles name years. The result consists of both titles, such as "Budget 2023 / Spending 2023".
    It is None also for tables without rows and for files of less than 1,000 bytes, which may be equal for good reason,
    and if ``s`` was not checked.
    """
    check, table = s.check, s.table
    if check is None or (check.downloaded_bytes or 0) < ENOUGH_BYTES or (table is not None and table.row_count == 0):
        return None
    own, own_years = _without_years(f"{s.dataset.title or ''} / {s.distribution.title or ''}")
    for other in s.twins:
        name = f"{other.dataset_title} / {other.title}"
        found, years = _without_years(name)
        if found == own and years != own_years and years and own_years:
            return name
    return None


def _without_years(name: str) -> tuple[str, tuple[str, ...]]:
    years = tuple(re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", name))
    return re.sub(r"(?<!\d)(?:19|20)\d\d(?!\d)", "#", name).casefold(), years
