"""Public lists of portals, as portal files.

Read: the export of commondataio/dataportals-registry (JSON Lines, plain or zstd), the CSV of dataportals.org, lists of
CKAN, Socrata and Dataverse sites in JSON or GeoJSON, and any CSV with a column of addresses. A list that does not say
what kind of portal stands there gives entries without a type: ``winnow detect`` finds it out.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from specs.errors import SpecError, parse
from specs.portals import PortalSpec, PortalType
from specs.vocabularies.countries import alpha3

__all__ = ["Entry", "key_of", "portals_of", "read_registry"]

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
"""Where the portal's address is that of an endpoint: its kind in the registry."""
_PLAIN = ("dcat-rdf", "dcat-us", "csw", "ogc-records", "stac", "oai-pmh", "sparql")
"""Types that any software may offer, the best first."""
_NAMED = ("dcat-us", "dcat-us-3")
"""Types whose address may be that of a data.json; others lie where it lies."""
_NEEDS = ("csw", "stac", "oai-pmh", "ogc-records")
"""Types that cannot be read from the address of the site alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One portal of a list. ``type`` None: the list does not say, or says what nothing reads."""

    title: str
    url: str
    type: str | None
    software: str | None = None
    government: str | None = None
    country: str | None = None
    contact_email: str | None = None
    status: str | None = None
    """Why it is not to be harvested, as the list says: inactive, ..."""


def read_registry(path: Path, portal_type: str | None = None) -> Iterator[Entry]:
    """The entries of a list; ``portal_type`` is that of lists of one kind of portal.

    Raises SpecError where the file cannot be read, or holds no list of portals.
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
    if path.suffix == ".zst":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        with zstd.open(path, "rt", encoding="utf-8") as file:
            yield from (_common(json.loads(line), portal_type) for line in file if line.strip())
    else:
        with path.open(encoding="utf-8") as file:
            yield from (_common(json.loads(line), portal_type) for line in file if line.strip())


def _common(row: Mapping[str, Any], portal_type: str | None) -> Entry:
    """An entry of the dataportals registry: its software, and the endpoint that fits it."""
    owner = row.get("owner") or {}
    endpoints = [one for one in row.get("endpoints") or () if isinstance(one, dict) and one.get("url")]
    software = str((row.get("software") or {}).get("id") or "")
    kind = portal_type or _SOFTWARE.get(software)
    url = str(row.get("link") or "")

    def endpoint(wanted: str) -> str | None:
        for name in _ENDPOINTS.get(wanted, ()):
            if found := next((one["url"] for one in endpoints if one.get("type") == name), None):
                return str(found)
        return None

    if kind is None:
        kind = next((one for one in _PLAIN if endpoint(one)), None)
    if kind is not None:
        url = endpoint(kind) or url
        if kind in _NEEDS and not endpoint(kind):
            kind = None
    places = [one.get("location") or {} for one in row.get("coverage") or () if isinstance(one, dict)]
    place = (owner.get("location") or {}).get("country") or next((p.get("country") for p in places), None) or {}
    return Entry(
        title=str(row.get("name") or url),
        url=_without_query(url, kind),
        type=kind,
        software=software or None,
        government=owner.get("name"),
        country=alpha3(place.get("id")),
        status=None if row.get("status") in ("active", None) else str(row["status"]),
    )


def _without_query(url: str, kind: str | None) -> str:
    return url.partition("?")[0] if kind in ("csw", "oai-pmh", "arcgis-server") else url


def _document(document: Any, path: Path, portal_type: str | None) -> Iterator[Entry]:
    """A list of objects, or one under a key of the document; in GeoJSON their properties."""
    rows = document
    if isinstance(document, dict):
        rows = next((document[key] for key in ("portals", "installations", "features", "result", "instances", "sites")
                     if isinstance(document.get(key), list)), None)  # fmt: skip
        if rows is None and document and all(isinstance(one, dict) for one in document.values()):
            rows = list(document.values())
    if not isinstance(rows, list):
        raise SpecError(f"{path}: holds no list of portals")
    for row in rows:
        if isinstance(row, dict):
            own = row["properties"] if isinstance(row.get("properties"), dict) else row
            if isinstance(own.get("link"), str) and "software" in own and "endpoints" in own:
                yield _common(own, portal_type)
            else:
                yield _plain(own, portal_type or _kind_of_list(path, own))


def _kind_of_list(path: Path, row: Mapping[str, Any]) -> str | None:
    """The type of all portals of a list, by its own fields or its name."""
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
    if not any(str(name).strip().lower() in _URL for name in rows.fieldnames or ()):
        raise SpecError(f"{path}: has no column named url")
    for row in rows:
        plain = {str(key).strip().lower(): value for key, value in row.items() if isinstance(value, str)}
        yield _plain(plain, portal_type or _kind_of_list(path, plain))


_URL = ("api_url", "url-api", "url", "link", "homepage", "site", "hostname", "description")
_TITLE = ("title", "name", "portalname", "portal_name", "título", "titulo")
_KIND = ("api_type", "generator", "solução", "software", "type", "plataforma")
_OWNER = ("publisher", "organisation", "organization", "provider", "owner")


def _plain(row: Mapping[str, Any], portal_type: str | None) -> Entry:
    """An entry of a list with usual names. A field "description" that is a host name alone is an address."""

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
    if kind in ("csw", "stac", "oai-pmh", "ogc-records"):
        kind = None  # The address of the site alone does not do.
    status = str(row.get("status") or "").lower()
    api = first(("api_endpoint",), r"^https?://\S+$")
    if kind == "ckan" and api and "/api" in api and urlsplit(api).netloc == urlsplit(url).netloc:
        # Lists have mistakes: the API of another site is not taken.
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
    )


def key_of(url: str) -> str:
    """What two addresses of one portal have in common: host without www, and path, without scheme and API parts."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    path = re.sub(r"(?i)/(data\.json|api(/.*)?|home|dataset|search)?/?$", "", parts.path)
    return f"{host}{':' + str(parts.port) if parts.port not in (None, 80, 443) else ''}{path.rstrip('/')}".lower()


def portals_of(entries: Iterable[Entry], known: Iterable[PortalSpec]) -> Iterator[PortalSpec | tuple[Entry, str]]:
    """Portal files for the entries; or an entry with the reason why it is none.

    An address that is known already, from another entry or from ``known``, is no second portal.
    """
    known = list(known)
    keys = {key_of(spec.url) for spec in known}
    ids = {spec.id for spec in known}
    for entry in entries:
        try:
            key = key_of(entry.url)
        except ValueError:
            key = ""
        if not key:
            yield entry, "it has no address"
        elif key in keys:
            yield entry, "it is known already"
        elif entry.status is not None:
            yield entry, f"the list calls it {entry.status}"
        elif entry.type is None or entry.type not in get_args(PortalType):
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
