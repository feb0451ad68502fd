"""Map a Socrata record to a dataset, for the discovery API and for ``/api/views``; no request is made.

``updatedAt`` is the later change of data and description, so it is the *record's* date. The data's date is
``data_updated_at`` (``rowsUpdatedAt``). Custom fields are named ``Group-Name_Field-Name``; those of the group "Common
Core" are Project Open Data's. The rows can be downloaded from documented addresses (dev.socrata.com, "Data formats");
they are written as in Socrata's own ``data.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from catalog.model import DataService, Dataset, Distribution
from harvester.facts import RecordFacts, Standing, dataset_fields
from harvester.facts.values import first, host_of, text, texts
from harvester.spiders.base.losses import LostRecord

__all__ = ["domain_of", "id_of", "is_dataset", "to_dataset"]

EXPORTS = (("CSV", "csv", "text/csv"), ("JSON", "json", "application/json"))
GEO_EXPORTS = (("GeoJSON", "GeoJSON", "application/vnd.geo+json"), ("Shapefile", "Shapefile", "application/zip"))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _resource(raw: Any) -> dict[str, Any]:
    """Return the part that describes the asset; in ``/api/views`` this is the record itself."""
    record = _dict(raw)
    return _dict(record.get("resource")) if "resource" in record else record


def id_of(raw: Any) -> str | None:
    """Return the id of the Socrata record ``raw``, such as "abcd-1234"; None if it has none."""
    return text(_resource(raw).get("id"))


def domain_of(raw: Any) -> str | None:
    """Return the domain of the site to which ``raw``, a record of the discovery API, belongs; None if the record does
    not state it.

    Records of ``/api/views`` never state it.
    """
    return text(_dict(_dict(raw).get("metadata")).get("domain")) if "resource" in _dict(raw) else None


def is_dataset(raw: Any) -> bool:
    """Return whether the Socrata record ``raw`` is a dataset, and not a chart, map, story, file or link.

    A record that does not say what it is counts as a dataset.
    """
    found = _resource(raw)
    stated = first(found.get("type"), found.get("assetType"))
    if stated is not None:
        return stated.lower() in ("dataset", "datasets", "federated_dataset")
    kind, display = text(found.get("viewType")), text(found.get("displayType"))
    return kind in (None, "tabular") and display in (None, "table", "fatrow", "page")


def to_dataset(raw: Any, base: str, languages: Sequence[str | None] = ()) -> Dataset:
    """Map a Socrata record to a :class:`Dataset`.

    ``raw``: the record of the discovery API or ``/api/views``, as parsed JSON. ``base``: the portal's address, used
    if the record states none of its own. ``languages``: the portal's language codes, the preferred one first. Raise
    LostRecord if the record is no object or has no id.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    found, identifier = _resource(raw), id_of(raw)
    if identifier is None:
        raise LostRecord("the record has no id", "ask the portal to fix the record", "/resource/id")
    sorted_in, meta = _dict(raw.get("classification")), _dict(raw.get("metadata"))
    page = first(raw.get("permalink"), raw.get("link"))
    if page is not None and host_of(page):
        base = f"{urlsplit(page).scheme}://{urlsplit(page).netloc}"
    facts = _facts(raw, found, sorted_in, meta, languages)
    made = dataset_fields(facts)
    made["keywords"] = texts(sorted_in.get("domain_tags")) or texts(found.get("tags")) or made["keywords"]
    made["themes"] = texts(sorted_in.get("domain_category")) or texts(found.get("category")) or made.get("themes", ())
    made["landing_page"] = page or f"{base}/d/{identifier}"
    references = facts.all_texts("references")
    made["documentation"] = tuple(dict.fromkeys([*made.get("documentation", ()), *references]))
    made["relations"] = tuple(one for one in made["relations"] if one not in references)
    return Dataset(
        identifier=identifier,
        record_modified=_date(found, "updatedAt", "viewLastModified"),
        distributions=(*_exports(found, identifier, base), *_attachments(meta, identifier, base)),
        data_services=_services(found, identifier, base),
        **made,
    )


def _facts(
    raw: dict[str, Any],
    found: dict[str, Any],
    sorted_in: dict[str, Any],
    meta: dict[str, Any],
    languages: Sequence[str | None],
) -> RecordFacts:
    """Collect the facts in Socrata's own fields and in the custom fields, which each site names freely."""
    facts = RecordFacts("dataset", languages)
    listed = sorted_in.get("domain_metadata")
    for number, item in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(item, dict) and item.get("key"):
            pair = [(str(item["key"]), item.get("value"))]
            facts.read(pair, f"classification/domain_metadata/{number}/", is_grouped=True)
    for name, group in _dict(meta.get("custom_fields")).items():
        facts.read(_dict(group), f"metadata/custom_fields/{name}/", is_grouped=True)
    # In custom fields, "category", "tags" or "title" may mean something else than the dataset's own.
    facts.drop("themes", "keywords", "title", "description")
    facts.add("title", found.get("name"), "name")
    facts.add("description", found.get("description"), "description")
    whole = _dict(raw.get("license"))
    for rank, (value, path) in enumerate(
        ((whole.get("termsLink"), "license/termsLink"), (meta.get("license"), "metadata/license"),
         (whole.get("name"), "license/name"), (raw.get("licenseId"), "licenseId"))
    ):  # fmt: skip
        facts.add("licence", value, path, rank=50 + rank)
    # The owner is an account, often a person's; it is neither publisher nor contact.
    link = first(found.get("attribution_link"), found.get("attributionLink"))
    if text(found.get("attribution")):
        facts.add("publisher", {"name": found["attribution"], "url": link}, "attribution", rank=1)
    facts.add("contact_email", found.get("contact_email"), "contact_email", rank=50)
    issued = _date(found, "publication_date", "publicationDate", "createdAt")
    facts.add("issued", issued, "publication_date", rank=99, standing=Standing.GUESSED)
    changed = _date(found, "data_updated_at", "rowsUpdatedAt")
    if changed is not None:
        # The date that the portal observed is better than one that somebody typed once.
        facts.drop("modified")
        facts.add("modified", changed, "data_updated_at")
    return facts


def _date(found: dict[str, Any], *keys: str) -> str | None:
    """Return a date as written; epoch seconds of ``/api/views`` become ISO 8601."""
    for key in keys:
        value = found.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**11:
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if (said := text(value)) is not None:
            return said
    return None


def _exports(found: dict[str, Any], identifier: str, base: str) -> tuple[Distribution, ...]:
    """Return the files in which the portal offers the rows of a table or the shapes of a layer."""
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
    """Return the files attached to a view; a file without id cannot be downloaded and is left out."""
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
    """Return the Socrata Open Data API of the asset, which every table has."""
    if first(found.get("lens_view_type"), found.get("viewType")) == "geo":
        return ()
    host = host_of(base) or ""
    page = (
        f"https://dev.socrata.com/foundry/{host}/{identifier}" if host.count(".") and not host[-1].isdigit() else None
    )
    endpoint = f"{base}/resource/{quote(identifier)}.json"
    return (DataService(title=text(found.get("name")), endpoint_url=endpoint, documentation=page),)
