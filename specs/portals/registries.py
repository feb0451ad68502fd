"""Turn public lists of portals into portal files.

Read are the export of commondataio/dataportals-registry (JSON Lines, plain or zstd), the CSV of dataportals.org,
lists of CKAN, Socrata and Dataverse sites in JSON or GeoJSON, and any CSV with a column of addresses. If a list does
not state the portal type, its entries have none, and ``winnow detect`` finds it out.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from specs.errors import SpecError, parse
from specs.portals import PortalSpec
from specs.portals.types import portal_types
from specs.vocabularies.countries import alpha3

__all__ = ["MAX_CELL", "Entry", "key_of", "portals_of", "read_registry"]

MAX_CELL = 131_072
"""Characters of a cell; a longer cell is a quotation mark that was never closed."""
_SOFTWARE: dict[str, str] = {
    "ckan": "ckan", "dkan": "dkan", "socrata": "socrata", "opendatasoft": "opendatasoft", "arcgishub": "arcgis-hub",
    "arcgisserver": "arcgis-server", "arcgisportal": "arcgis-portal", "geonetwork": "csw", "geonode": "geonode",
    "dataverse": "dataverse", "udata": "udata", "stacserver": "stac", "pycsw": "csw", "wis20box": "ogc-records",
    "dspace": "oai-pmh", "weko3": "oai-pmh", "nada": "oai-pmh", "arcgisopendata": "arcgis-hub", "i14y": "i14y",
}  # fmt: skip
"""Software of the registries, and the portal type that reads it."""
_ENDPOINTS: dict[str, tuple[str, ...]] = {
    "csw": ("csw202",),
    "stac": ("stacserverapi",),
    "oai-pmh": ("oaipmh20", "oaipmh"),
    "ogc-records": ("ogcrecordsapi",),
    "arcgis-server": ("arcgis:rest:services",),
    "dcat-rdf": ("dcat:ttl", "dcat:xml", "dcat:jsonld", "dcatap201"),
    "dcat-us": ("dcatus11",),
    "sparql": ("sparql",),
}
"""Registry kinds whose endpoint is the portal's address."""
_PLAIN = ("dcat-rdf", "dcat-us", "csw", "ogc-records", "stac", "oai-pmh", "sparql")
"""Types that any software may offer, the best first."""
_NAMED = ("dcat-us", "dcat-us-3")
"""Types whose address may be that of a data.json; other types derive it."""
_NEEDS = ("csw", "stac", "oai-pmh", "ogc-records")
"""Types that cannot be read with the address of the site alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One portal in a public list of portals. ``type`` is the portal type; None if the list does not state it, or if no
    installed type can harvest the portal's software."""

    title: str
    url: str
    type: str | None
    software: str | None = None
    government: str | None = None
    country: str | None = None
    contact_email: str | None = None
    status: str | None = None
    """Why the list says not to harvest it: inactive, ..."""
    lacks_endpoint: str | None = None
    """The portal type, if the list names it but not the address of the interface that this type needs; ``type`` is then
    None."""
    fault: str | None = None
    """Why the record cannot be read. ``title`` then says where it stands in the list, and the other fields are
    empty."""


def read_registry(path: Path, portal_type: str | None = None) -> Iterator[Entry]:
    """Yield the portals in the public list ``path``. ``portal_type`` is the type of all of them; None means that each
    entry tells it, if the list does.

    Entries of the types csw, stac, oai-pmh and ogc-records have no type, but the type in ``lacks_endpoint``, if the
    list gives only the address of the site, not that of the interface. In a list without endpoints, ``portal_type``
    states that its addresses are those of interfaces. A record that cannot be read gives an entry with a ``fault``.
    Raise SpecError if the file cannot be read, or is no list of portals.
    """
    try:
        if path.suffix in (".jsonl", ".ndjson") or path.name.endswith((".jsonl.zst", ".ndjson.zst")):
            yield from _lines(path, portal_type)
        elif path.suffix in (".json", ".geojson"):
            yield from _document(json.loads(path.read_text("utf-8-sig")), path, portal_type)
        elif path.suffix in (".csv", ".tsv"):
            yield from _table(path.read_text("utf-8-sig", errors="replace"), path, portal_type)
        else:
            raise SpecError(f"{path}: name a .csv, .json, .geojson, .jsonl or .jsonl.zst file")
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError(f"{path}: not a list of portals that can be read: {error}") from error


def _lines(path: Path, portal_type: str | None) -> Iterator[Entry]:
    # These end the reading of a file that is cut off or damaged; the entries before stay valid.
    ends: tuple[type[Exception], ...] = (EOFError, ValueError)
    opened: Any
    if path.suffix == ".zst":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        opened, ends = zstd.open(path, "rb"), (*ends, zstd.ZstdError)
    else:
        opened = path.open("rb")
    number = 0
    with opened as file:
        try:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _entry(f"line {number}", partial(_parsed, line, portal_type))
        except ends as error:
            yield _unread(f"the file breaks off after line {number}", error)


def _parsed(line: bytes, portal_type: str | None) -> Entry:
    return _common(json.loads(line), portal_type)


def _entry(where: str, read: Callable[[], Entry]) -> Entry:
    """Return the entry of a record, or an entry with a fault if the record cannot be read: it must not end the list."""
    try:
        return read()
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        return _unread(where, error)


def _unread(where: str, error: Exception | str) -> Entry:
    told = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return Entry(title=where, url="", type=None, fault=f"{where}: {told}"[:300])


def _part(value: Any, key: str) -> Mapping[str, Any]:
    """Return an object of a record; if it is a plain text, an object whose name is that text."""
    return value if isinstance(value, dict) else {key: value} if isinstance(value, str) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _common(row: Any, portal_type: str | None) -> Entry:
    """Return an entry of the dataportals registry: its software, and the matching endpoint."""
    if not isinstance(row, dict):
        raise ValueError("the record is no object")
    owner = _part(row.get("owner"), "name")
    endpoints = [one for one in _list(row.get("endpoints")) if one.get("url")]
    software = str(_part(row.get("software"), "id").get("id") or "")
    kind = portal_type or _SOFTWARE.get(software.lower())
    url = str(row.get("link") or "")

    def endpoint(wanted: str) -> str | None:
        for name in _ENDPOINTS.get(wanted, ()):
            if found := next((one["url"] for one in endpoints if one.get("type") == name), None):
                return str(found)
        return None

    if kind is None:
        kind = next((one for one in _PLAIN if endpoint(one)), None)
    lacking = None
    if kind is not None:
        url = endpoint(kind) or url
        if kind in _NEEDS and not endpoint(kind):
            kind, lacking = None, kind
    places = [_part(one.get("location"), "name") for one in _list(row.get("coverage"))]
    place = _part(owner.get("location"), "name").get("country") or next((p.get("country") for p in places), None)
    name = owner.get("name")
    return Entry(
        title=str(row.get("name") or url),
        url=_without_query(url, kind),
        type=kind,
        software=software or None,
        government=name if isinstance(name, str) else None,
        country=alpha3(_part(place, "id").get("id")),
        status=None if row.get("status") in ("active", None) else str(row["status"]),
        lacks_endpoint=lacking,
    )


def _without_query(url: str, kind: str | None) -> str:
    return url.partition("?")[0] if kind in ("csw", "oai-pmh", "arcgis-server") else url


def _document(document: Any, path: Path, portal_type: str | None) -> Iterator[Entry]:
    """Yield the objects of a list, or of a list under a key of the document; for GeoJSON, their properties."""
    rows = document
    if isinstance(document, dict):
        rows = next((document[key] for key in ("portals", "installations", "features", "result", "instances", "sites")
                     if isinstance(document.get(key), list)), None)  # fmt: skip
        if rows is None and document and all(isinstance(one, dict) for one in document.values()):
            rows = list(document.values())
    if not isinstance(rows, list):
        raise SpecError(f"{path}: holds no list of portals")
    for number, row in enumerate(rows, 1):
        if isinstance(row, dict):
            own = row["properties"] if isinstance(row.get("properties"), dict) else row
            if isinstance(own.get("link"), str) and "software" in own and "endpoints" in own:
                yield _entry(f"record {number}", partial(_common, own, portal_type))
            else:
                yield _entry(f"record {number}", partial(_plain, own, portal_type or _kind_of_list(path, own)))
        else:
            yield _unread(f"record {number}", "the record is no object")


def _kind_of_list(path: Path, row: Mapping[str, Any]) -> str | None:
    """Return the type of all portals of a list, judged by its own fields or its name."""
    if "dv_hub_id" in row or "harvesting_sets" in row:
        return "dataverse"
    name = path.name.lower()
    return next((kind for word, kind in (("ckan", "ckan"), ("socrata", "socrata"), ("dataverse", "dataverse"),
                                         ("arcgis-hub", "arcgis-hub"), ("arcgishub", "arcgis-hub")) if word in name),
                None)  # fmt: skip


def _table(text: str, path: Path, portal_type: str | None) -> Iterator[Entry]:
    first = text.partition("\n")[0]
    delimiter = "\t" if path.suffix == ".tsv" else ";" if first.count(";") > first.count(",") else ","
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = rows.fieldnames or ()
    except csv.Error as error:
        raise SpecError(f"{path}: not a list of portals that can be read: {error}") from error
    if not any(str(name).strip().lower() in _URL for name in names):
        raise SpecError(f"{path}: has no column named url")
    last = rows.line_num
    try:
        for row in rows:
            if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in row.values()):
                # The csv module's limit applies to the whole process, and other libraries raise it.
                raise csv.Error(f"a cell has more than {MAX_CELL:,} characters")
            plain = {str(key).strip().lower(): value for key, value in row.items() if isinstance(value, str)}
            kind = portal_type or _kind_of_list(path, plain)
            last = rows.line_num
            yield _entry(f"line {last}", partial(_plain, plain, kind))
    except csv.Error as error:
        # The start of the next row is unknown: text inside a cell could be taken for a row.
        yield _unread(f"the table cannot be read on after line {last}", error)


_URL = ("api_url", "url-api", "url", "link", "homepage", "site", "hostname", "description")
_TITLE = ("title", "name", "portalname", "portal_name", "título", "titulo")
_KIND = ("api_type", "generator", "solução", "software", "type", "plataforma")
_OWNER = ("publisher", "organisation", "organization", "provider", "owner")


def _plain(row: Mapping[str, Any], portal_type: str | None) -> Entry:
    """Return an entry of a list with common field names. A field "description" that is only a host name is an
    address."""

    def first(names: Iterable[str], test: str = r".") -> str | None:
        for name in names:
            value = row.get(name)
            if isinstance(value, str) and re.search(test, value.strip()):
                return value.strip()
        return None

    url = first(_URL, r"^(https?://\S+|[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?)$") or ""
    if url and "://" not in url:
        url = f"https://{url}"
    software = first(_KIND)
    kind = portal_type
    for word, found in _SOFTWARE.items():
        if kind is None and software and word in re.sub(r"[^a-z0-9]", "", software.lower()):
            kind = found
    lacking = None
    if kind in _NEEDS and kind != portal_type:
        # The site's address alone is not enough.
        kind, lacking = None, kind
    status = str(row.get("status") or "").lower()
    api = first(("api_endpoint",), r"^https?://\S+$")
    if kind == "ckan" and api and "/api" in api and urlsplit(api).netloc == urlsplit(url).netloc:
        # Lists contain mistakes: an API on another site is ignored.
        url = api.split("/api")[0]
    return Entry(
        title=first(_TITLE) or url,
        url=url,
        type=kind,
        software=software,
        status=status if status in ("inactive", "closed", "dead", "deprecated", "deleted") else None,
        government=first(_OWNER),
        country=alpha3(first(("country", "country_code", "location"))),
        contact_email=first(("contact_email",), r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
        lacks_endpoint=lacking,
    )


def key_of(url: str) -> str:
    """Return a key that is equal for different addresses of one portal, to recognise duplicates in a list.

    It consists of the host, a port other than 80 and 443, and the path, in lower case, and of the query. Left out are
    the scheme, "www.", the paths of APIs, and those of the portal's own pages (home, dataset, search) with their query.
    Whether ``url`` is an address is not checked: "" gives "". Raise ValueError if it cannot be taken apart, as with a
    port that is no number.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    path = re.sub(r"(?i)/(data\.json|api(/.*)?|home|dataset|search)?/?$", "", parts.path)
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    # The query of a search page is what somebody searched for; another address's query may identify the portal.
    is_page = re.search(r"(?i)/(home|dataset|search)/?$", parts.path)
    query = f"?{parts.query}" if parts.query and not is_page else ""
    return f"{host}{port}{path.rstrip('/')}".lower() + query


def portals_of(entries: Iterable[Entry], known: Iterable[PortalSpec]) -> Iterator[PortalSpec | tuple[Entry, str]]:
    """Yield a PortalSpec for each entry of a public list; or, if none can be made, a pair of the entry and the reason.

    None can be made of an entry that cannot be read, that has no address or a ``status``, whose type is not known or
    not installed, or needs an endpoint that the list does not give, or whose values a portal file may not have.
    ``known`` are the portals that exist already. An address that is among them, or that came in an earlier entry
    (:func:`key_of`), gives no second portal. Ids are made from the addresses, with a number at the end if the id is
    taken.
    """
    known = list(known)
    keys = {key_of(spec.url) for spec in known}
    ids = {spec.id for spec in known}
    for entry in entries:
        try:
            key = key_of(entry.url)
        except ValueError:
            key = ""
        if entry.fault is not None:
            yield entry, f"it cannot be read: {entry.fault}"
        elif not key:
            yield entry, "it has no address"
        elif key in keys:
            yield entry, "it is known already"
        elif entry.status is not None:
            yield entry, f"the list calls it {entry.status}"
        elif entry.lacks_endpoint is not None:
            yield entry, f"the list does not give the address of its {entry.lacks_endpoint} interface"
        elif entry.type is None or entry.type not in portal_types():
            yield entry, f"nothing reads {entry.software}" if entry.software else "its type is not told"
        else:
            name = re.sub(r"[^a-z0-9]+", "-", key).strip("-")[:60].strip("-") or "portal"
            number = next(n for n in range(1, 10_000) if (f"{name}-{n}" if n > 1 else name) not in ids)
            data = {
                "id": f"{name}-{number}" if number > 1 else name,
                "type": entry.type,
                "title": entry.title.strip() or entry.url,
                "url": entry.url if entry.type in _NAMED else re.sub(r"/data\.json$", "", entry.url),
                "government": entry.government,
                "country": entry.country,
                "contact_email": entry.contact_email,
            }
            try:
                spec = parse(PortalSpec, {k: v for k, v in data.items() if v}, entry.url)
            except SpecError as error:
                yield entry, str(error).replace("\n", "; ")
                continue
            keys.add(key)
            ids.add(spec.id)
            yield spec
