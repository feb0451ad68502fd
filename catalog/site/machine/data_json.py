"""The catalogue as ``data.json`` (DCAT-US Schema v1.1, Project Open Data): what records declare, in its forms.

Nothing is added that a record does not say: a field that the schema requires and the record lacks stays away. Words
become the code that the schema asks for only where they name it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog import vocabulary
from catalog.rdf.names import ResourceNames
from catalog.rdf.published import Publication, PublishedDataset, published_datasets
from catalog.rdf.published.reading import PublishedFile, PublishedPublisher
from catalog.rdf.published.values import known, known_licence, moment
from catalog.vocabulary.terms import language_code

__all__ = ["CONTEXT", "SCHEMA", "catalogue_head", "data_json_datasets", "shared_identifiers"]

SCHEMA = "https://project-open-data.cio.gov/v1.1/schema"
CONTEXT = f"{SCHEMA}/catalog.jsonld"
_LEVELS = {"PUBLIC": "public", "RESTRICTED": "restricted public", "NON_PUBLIC": "non-public"}
"""Access levels by the code of the EU's access right."""
_INTERVALS = {
    "ANNUAL": "R/P1Y", "ANNUAL_2": "R/P6M", "ANNUAL_3": "R/P4M", "BIENNIAL": "R/P2Y", "TRIENNIAL": "R/P3Y",
    "QUADRENNIAL": "R/P4Y", "QUINQUENNIAL": "R/P5Y", "DECENNIAL": "R/P10Y", "QUARTERLY": "R/P3M", "MONTHLY": "R/P1M",
    "MONTHLY_2": "R/P0.5M", "MONTHLY_3": "R/P0.33M", "BIMONTHLY": "R/P2M", "WEEKLY": "R/P1W", "WEEKLY_2": "R/P3.5D",
    "WEEKLY_3": "R/P0.33W", "BIWEEKLY": "R/P2W", "DAILY": "R/P1D", "DAILY_2": "R/PT12H", "HOURLY": "R/PT1H",
    "UPDATE_CONT": "R/PT1S", "CONT": "R/PT1S", "IRREG": "irregular",
}  # fmt: skip
"""Intervals of ISO 8601 by the code of the EU's frequency, as the schema's field guide lists them."""
_INTERVAL = re.compile(r"R/P[0-9.YMWDTHS]+|irregular")
_IANA = "https://www.iana.org/assignments/media-types/"


def catalogue_head(address: str) -> dict[str, Any]:
    """Return the fields of the document beside its datasets. ``address``: absolute address of the document."""
    return {
        "@context": CONTEXT,
        "@id": address,
        "@type": "dcat:Catalog",
        "conformsTo": SCHEMA,
        "describedBy": f"{SCHEMA}/catalog.json",
    }


def data_json_datasets(
    conn: sqlite3.Connection, ids: Sequence[str], publication: Publication, shared: frozenset[str]
) -> Iterator[dict[str, Any]]:
    """Yield present datasets as the schema has them, sorted by id. ``conn``: connection to the public file.

    ``shared``: identifiers that several datasets have, see :func:`shared_identifiers`: these datasets have our IRI as
    identifier, because the schema wants one that is unique in the document.
    """
    for one in published_datasets(conn, ids):
        yield _dataset(one, publication.names, shared)


def shared_identifiers(conn: sqlite3.Connection) -> frozenset[str]:
    """Return the identifiers that more than one present dataset has. They are read once for each public file.

    ``conn``: connection to that file, which never changes.
    """
    (_, _, path), *_ = conn.execute("pragma database_list").fetchall()
    told = Path(path).stat()
    return _shared(path, told.st_ino, told.st_mtime_ns)


@lru_cache(maxsize=4)
def _shared(path: str, inode: int, changed: int) -> frozenset[str]:
    conn = sqlite3.connect(f"{Path(path).absolute().as_uri()}?immutable=1", uri=True)
    try:
        sql = "select identifier from present_datasets group by 1 having count(*) > 1"
        return frozenset(row[0] for row in conn.execute(sql) if row[0])
    finally:
        conn.close()


def _dataset(one: PublishedDataset, names: ResourceNames, shared: frozenset[str]) -> dict[str, Any]:
    is_named = one.identifier and one.identifier not in shared
    start, end = (_date(text) for text in (one.temporal_start, one.temporal_end))
    spatial, conforms = _texts(one.spatial), _texts(one.conforms_to)
    licence = known_licence(one.licence, one.licence_title) if one.licence else None
    found = {
        "@type": "dcat:Dataset",
        "identifier": one.identifier if is_named else names.dataset(one.id),
        "title": one.title,
        "description": one.description,
        "keyword": _texts(one.keywords),
        "theme": _texts(one.themes),
        "issued": _date(one.issued),
        "modified": _date(one.modified),
        "publisher": _publisher(one.publisher),
        "contactPoint": _contact(one),
        "accessLevel": _level(one.access_rights),
        "accrualPeriodicity": _interval(one.frequency),
        "bureauCode": _texts(one.bureau_codes),
        "programCode": _texts(one.program_codes),
        "license": licence.iri or one.licence if licence else None,
        "rights": one.rights or one.access_rights,
        "spatial": spatial[0] if spatial else None,
        "temporal": f"{start}/{end}" if start and end else None,
        "language": [language_code(text) or text for text in _texts(one.language)],
        "landingPage": one.landing_page,
        "references": [*_texts(one.documentation), *_texts(one.relations)],
        "conformsTo": conforms[0] if conforms else None,
        "describedBy": one.described_by,
        "isPartOf": one.is_part_of,
        "distribution": [_distribution(file) for _, file in one.files],
    }
    return _stated(found)


def _distribution(file: PublishedFile) -> dict[str, Any]:
    conforms = _texts(file.conforms_to)
    is_file = bool(file.download_url and file.download_url.strip())
    return _stated(
        {
            "@type": "dcat:Distribution",
            "title": file.title,
            "description": file.description,
            "downloadURL": file.download_url if is_file else None,
            "accessURL": file.access_url if file.access_url != file.download_url or not is_file else None,
            "mediaType": _media_type(file, is_needed=is_file),
            "format": file.format,
            "conformsTo": conforms[0] if conforms else None,
        }
    )


def _media_type(file: PublishedFile, *, is_needed: bool) -> str | None:
    """Return the media type of a file as declared or, if the schema needs one, as the declared format names it."""
    declared = (file.media_type or "").strip()
    if declared or not is_needed:
        iri = known("media_type", declared) if declared else None
        return iri.removeprefix(_IANA) if iri and iri.startswith(_IANA) else declared or None
    found = vocabulary.file_format(file.format) if file.format and file.format.strip() else None
    return found.media_types[0] if found and found.media_types else None


def _publisher(publisher: PublishedPublisher | None) -> dict[str, Any] | None:
    """Return a publisher within the bodies above it."""
    if publisher is None or not publisher.name.strip():
        return None
    above = [name for name in (publisher.parent, *publisher.ancestors) if name and name.strip()]
    found: dict[str, Any] | None = None
    for name in reversed(list(dict.fromkeys([publisher.name, *above]))):
        found = _stated({"@type": "org:Organization", "name": name, "subOrganizationOf": found})
    return found


def _contact(one: PublishedDataset) -> dict[str, Any] | None:
    """Return what is public of the contact point; the public file holds nothing else."""
    email = f"mailto:{one.contact_email}" if one.contact_email else None
    if not (one.contact_name or email):
        return None
    return _stated({"@type": "vcard:Contact", "fn": one.contact_name, "hasEmail": email})


def _level(declared: str | None) -> str | None:
    if not declared:
        return None
    if declared.strip().lower() in _LEVELS.values():
        return declared.strip().lower()
    return _LEVELS.get((known("access_right", declared) or "").rpartition("/")[2])


def _interval(declared: str | None) -> str | None:
    if not declared or not (declared := declared.strip()) or _INTERVAL.fullmatch(declared):
        return declared
    return _INTERVALS.get((known("frequency", declared) or "").rpartition("/")[2], declared)


def _date(declared: str | None) -> str | None:
    return moment(declared).value if declared and declared.strip() else None


def _texts(cell: str | None) -> list[str]:
    found: Iterable[Any] = json.loads(cell) if cell else ()
    return [one for one in found if isinstance(one, str) and one.strip()]


def _stated(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value and (not isinstance(value, str) or value.strip())}
