"""From a Socrata record to a dataset: a pure mapping, for the discovery API and for ``/api/views``.

``updatedAt`` is the later of a change of the data and one of the description: the *record's* date. That of the data is
``data_updated_at`` (``rowsUpdatedAt``). Custom fields come as ``Group-Name_Field-Name``; those of the group "Common
Core" are Project Open Data's. Rows can be had as files of a documented address
(dev.socrata.com, "Data formats"): it is given as Socrata's own ``data.json`` gives it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.spiders.losses import LostRecord
from harvester.spiders.values import email, first, host_of, text, texts

__all__ = ["domain_of", "id_of", "is_dataset", "to_dataset"]

FREQUENCY = ("update-frequency", "estimated-update-frequency", "publishing-frequency", "posting-frequency", "frequency")
"""Custom fields that tell how often data is brought up to date, the plainest first."""
PUBLISHER = ("publisher", "publishing-department", "department", "agency")
"""Custom fields that name the office behind the data, where it is attributed to none."""
EXPORTS = (("CSV", "csv", "text/csv"), ("JSON", "json", "application/json"))
GEO_EXPORTS = (("GeoJSON", "GeoJSON", "application/vnd.geo+json"), ("Shapefile", "Shapefile", "application/zip"))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _resource(raw: Any) -> dict[str, Any]:
    """The part that describes the asset: the record itself in ``/api/views``."""
    record = _dict(raw)
    return _dict(record.get("resource")) if "resource" in record else record


def id_of(raw: Any) -> str | None:
    """The four-by-four id."""
    return text(_resource(raw).get("id"))


def domain_of(raw: Any) -> str | None:
    """The site that a record of the discovery API belongs to."""
    return text(_dict(_dict(raw).get("metadata")).get("domain")) if "resource" in _dict(raw) else None


def is_dataset(raw: Any) -> bool:
    """False for what is stated to be a chart, a map, a story, a file, a link; what states nothing is taken for one."""
    found = _resource(raw)
    stated = first(found.get("type"), found.get("assetType"))
    if stated is not None:
        return stated.lower() in ("dataset", "datasets", "federated_dataset")
    kind, display = text(found.get("viewType")), text(found.get("displayType"))
    return kind in (None, "tabular") and display in (None, "table", "fatrow", "page")


def to_dataset(raw: Any, base: str) -> Dataset:
    """The dataset of one record; ``base`` is the address of the portal, for records that tell no own one.

    Raises LostRecord where the record is no object or has no id.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to mend the record", value=raw)
    found, identifier = _resource(raw), id_of(raw)
    if identifier is None:
        raise LostRecord("the record has no id", "ask the portal to mend the record", "/resource/id")
    sorted_in, meta = _dict(raw.get("classification")), _dict(raw.get("metadata"))
    own = _custom(sorted_in, meta)
    page = first(raw.get("permalink"), raw.get("link"))
    if page is not None and host_of(page):
        base = f"{urlsplit(page).scheme}://{urlsplit(page).netloc}"
    licence, licence_title = _licence(raw, meta, own)
    start, _, end = (own.get("temporal-applicability") or "").partition("/")
    return Dataset(
        identifier=identifier,
        title=text(found.get("name")),
        description=text(found.get("description")),
        keywords=texts(sorted_in.get("domain_tags")) or texts(found.get("tags")),
        themes=texts(sorted_in.get("domain_category")) or texts(found.get("category")),
        publisher=_publisher(found, own),
        contact=_contact(raw, found, own),
        licence=licence,
        licence_title=licence_title,
        access_rights=own.get("public-access-level"),
        issued=first(own.get("issued"), _date(found, "publication_date", "publicationDate", "createdAt")),
        modified=_date(found, "data_updated_at", "rowsUpdatedAt"),
        record_modified=_date(found, "updatedAt", "viewLastModified"),
        frequency=first(*(own.get(name) for name in FREQUENCY)),
        temporal_start=text(start),
        temporal_end=text(end),
        spatial=texts(own.get("geographic-coverage")) or texts(own.get("geographic-region-name")),
        language=texts(own.get("language")),
        landing_page=page or f"{base}/d/{identifier}",
        documentation=texts(own.get("references")),
        described_by=own.get("described-by"),
        other_identifiers=texts(own.get("unique-identifier")),
        distributions=(*_exports(found, identifier, base), *_attachments(meta, identifier, base)),
        data_services=_services(found, identifier, base),
    )


def _custom(sorted_in: dict[str, Any], meta: dict[str, Any]) -> dict[str, str]:
    """Custom fields by their names alone, in lower case with hyphens; the first of a name counts."""
    pairs: list[tuple[Any, Any]] = []
    listed = sorted_in.get("domain_metadata")
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict):
            pairs.append((str(item.get("key")).rpartition("_")[2], item.get("value")))
    for group in _dict(meta.get("custom_fields")).values():
        pairs += _dict(group).items()
    own: dict[str, str] = {}
    for key, value in pairs:
        if (said := text(value)) is not None:
            own.setdefault(str(key).strip().lower().replace(" ", "-"), said)
    return own


def _date(found: dict[str, Any], *keys: str) -> str | None:
    """A date as it stands; epoch seconds of ``/api/views`` in ISO 8601."""
    for key in keys:
        value = found.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**11:
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if (said := text(value)) is not None:
            return said
    return None


def _licence(raw: dict[str, Any], meta: dict[str, Any], own: dict[str, str]) -> tuple[str | None, str | None]:
    """An address and a name, where both are declared."""
    whole = _dict(raw.get("license"))
    declared = (own.get("license"), text(whole.get("termsLink")), text(meta.get("license")), text(whole.get("name")))
    said = [*dict.fromkeys(one for one in (*declared, text(raw.get("licenseId"))) if one is not None), None, None]
    return said[0], said[1]


def _publisher(found: dict[str, Any], own: dict[str, str]) -> Publisher | None:
    """Who the data is attributed to. The owner is an account, often a person's: no publisher."""
    name = first(found.get("attribution"), *(own.get(one) for one in PUBLISHER))
    link = first(found.get("attribution_link"), found.get("attributionLink"))
    return Publisher(name=name, url=link) if name else None


def _contact(raw: dict[str, Any], found: dict[str, Any], own: dict[str, str]) -> Contact | None:
    owner = _dict(raw.get("owner"))
    contact = Contact(
        name=first(own.get("contact-name"), owner.get("display_name"), owner.get("displayName")),
        email=email(first(found.get("contact_email"), own.get("contact-email"))),
    )
    return contact if contact != Contact() else None


def _exports(found: dict[str, Any], identifier: str, base: str) -> tuple[Distribution, ...]:
    """The files in which the portal gives the rows of a table, or the shapes of a layer."""
    made: list[Distribution] = []
    if first(found.get("lens_view_type"), found.get("viewType")) == "geo":
        for label, form, media_type in GEO_EXPORTS:
            query = urlencode({"method": "export", "format": form})
            url = f"{base}/api/geospatial/{quote(identifier)}?{query}"
            made.append(Distribution(access_url=url, download_url=url, format=label, media_type=media_type))
        return tuple(made)
    for label, ending, media_type in EXPORTS:
        url = f"{base}/api/views/{quote(identifier)}/rows.{ending}?accessType=DOWNLOAD"
        made.append(Distribution(access_url=url, download_url=url, format=label, media_type=media_type))
    return tuple(made)


def _attachments(meta: dict[str, Any], identifier: str, base: str) -> tuple[Distribution, ...]:
    """Files laid beside a view. What has no id cannot be had."""
    made = []
    listed = meta.get("attachments")
    for item in listed if isinstance(listed, list) else []:
        asset = first(_dict(item).get("assetId"), _dict(item).get("blobId"))
        if asset is None:
            continue
        name = text(item.get("filename"))
        query = urlencode({"download": "true", **({"filename": name} if name else {})})
        url = f"{base}/api/views/{quote(identifier)}/files/{quote(asset)}?{query}"
        title = first(item.get("name"), name)
        made.append(Distribution(identifier=asset, title=title, access_url=url, download_url=url))
    return tuple(made)


def _services(found: dict[str, Any], identifier: str, base: str) -> tuple[DataService, ...]:
    """Socrata's Open Data API, which every table has."""
    if first(found.get("lens_view_type"), found.get("viewType")) == "geo":
        return ()
    host = host_of(base) or ""
    page = (
        f"https://dev.socrata.com/foundry/{host}/{identifier}" if host.count(".") and not host[-1].isdigit() else None
    )
    endpoint = f"{base}/resource/{quote(identifier)}.json"
    return (DataService(title=text(found.get("name")), endpoint_url=endpoint, documentation=page),)
