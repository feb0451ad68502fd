"""What a publisher declares of a file, against what was served. Small, pure, and slow to accuse.

A claim that is rounded, vague or in a form that cannot be told is no claim: None. What was not seen is UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

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
"""Formats that are kinds of one another: to call a CSV file text is vague, not false. NetCDF 4 is HDF 5."""
_WRAPPERS = ("ZIP", "GZIP", "TAR")
_UNSIGNED = ("RDF_TURTLE", "RDF_N_TRIPLES")
"""Text without a beginning of its own: bytes that look like any text may be it."""
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*([kmgt]?)(i?)(b|o|bytes?|octets?)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
TOLERANCE = 0.1
"""Share by which a size may differ: files grow between a record's harvest and the look at the file."""
ENOUGH_BYTES = 1_000
"""Smaller files, and smaller differences, say nothing."""


def agrees(declared: FileFormat, served: FileFormat) -> Measurement:
    """Whether bytes recognised as one format are what another promises.

    UNKNOWN where the declared one could not have been recognised by its bytes.
    """
    if served.id == declared.id or any({served.id, declared.id} <= group for group in _SAME):
        return 1.0
    # A zip of the declared format is what many portals serve; the table inside is judged as such.
    if served.id in _WRAPPERS and declared.kind in ("table", "geo", "archive"):
        return 1.0
    if declared.id not in MEDIA_TYPES or (declared.id in _UNSIGNED and served.id in ("TXT", "CSV", "TSV")):
        return UNKNOWN
    return 0.0


def algorithm(declared: str | None) -> str | None:
    """hashlib's name of a declared algorithm: "SHA-1", "http://spdx.org/rdf/terms#checksumAlgorithm_md5"; or None."""
    found = re.search(r"(md5|sha1|sha224|sha256|sha384|sha512)$", re.sub(r"[^a-z0-9]", "", (declared or "").lower()))
    return found.group(1) if found else None


def checksum(declared: Distribution, check: ResourceCheck | None) -> Measurement:
    """Whether the file has the declared checksum. Not asked where the algorithm is not said or not known here."""
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


def declared_bytes(text: str | None) -> tuple[float, float] | None:
    """The least and the most bytes that a declared size means: "20 KB" is 19,500 (k = 1,000) to 20,992 (k = 1,024).

    None where it cannot be told, and for fillers: nothing, 0, 1.
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
    """How long the file is: as downloaded whole, or else as the server says."""
    if check.sha256 is not None and not check.is_truncated:
        return check.downloaded_bytes
    return check.size_bytes


def byte_size(declared: str | None, check: ResourceCheck | None) -> Measurement:
    """Whether the file is as long as declared, give or take a tenth."""
    bounds = declared_bytes(declared)
    if bounds is None or (check is not None and check.outcome in ("broken", "invalid")):
        return None
    size = served_bytes(check) if check is not None and check.outcome == "ok" else None
    if size is None:
        return UNKNOWN
    low, high = bounds[0] * (1 - TOLERANCE) - ENOUGH_BYTES, bounds[1] * (1 + TOLERANCE) + ENOUGH_BYTES
    return 1.0 if low <= size <= high else 0.0


def modified(declared: str | None, check: ResourceCheck | None, as_of: date) -> Measurement:
    """Whether the declared date of change can be.

    It fails where it lies in the future, or where the data were seen to change after it: between two checks that both
    came later, a day of tolerance counted in. What the server alone says of an older date (Last-Modified) confirms a
    date, and refutes none: files are copied.
    """
    day = last_day(declared)
    if day is None:
        return None
    # "2026" means a day up to the end of the year.
    if day > as_of + timedelta(days=1):
        return 0.0 if re.match(r"\d{4}-\d\d-\d\d", (declared or "").strip()) else None
    changed = last_day(check.changed_at) if check is not None else None
    if check is None or changed is None:
        return None
    if check.change_decided_by in ("length", "checksum"):
        until = last_day(check.unchanged_until)
        # A record that is mended with its data was perhaps read before both were.
        is_settled = changed <= as_of - timedelta(days=2)
        if until is not None and day < until - timedelta(days=1) and is_settled:
            return 0.0
    return 1.0 if abs((changed - day).days) <= 1 else None


_LATIN = frozenset({
    "BOS", "CAT", "CES", "DAN", "DEU", "ENG", "EST", "EUS", "FIN", "FRA", "GLE", "GLG", "HRV", "HUN", "ISL", "ITA",
    "LAV", "LIT", "LTZ", "MLT", "NLD", "NOB", "NOR", "POL", "POR", "ROH", "RON", "SLK", "SLV", "SPA", "SQI", "SWE",
    "TUR",
})  # fmt: skip
"""Languages that are written in Latin letters alone."""
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
    """Whether a file in this script can be in the declared languages (codes of the EU's table).

    Only a script other than Latin tells: names and codes stand in Latin letters in any file.
    """
    languages = frozenset(declared)
    if not languages or script not in _SCRIPTS:
        return None
    if languages & _SCRIPTS[script]:
        return 1.0
    return 0.0 if languages <= _LATIN else None


def twin_of(s: DistributionSubject) -> str | None:
    """The name of another distribution that serves the same bytes and is plainly meant to differ; None without one.

    Plainly: its title and its dataset's are the same as here, but for the years in them. Tables without a row, and
    files of a few bytes, may well be alike.
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
