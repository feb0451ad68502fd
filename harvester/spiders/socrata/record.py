"""From a Socrata record to a dataset: a pure mapping, for the discovery API and for ``/api/views``.

``updatedAt`` is the later of a change of the data and one of the description: the *record's* date. That of the data is
``data_updated_at`` (``rowsUpdatedAt``). Custom fields come as ``Group-Name_Field-Name``; those of the group "Common
Core" are Project Open Data's. Rows can be had as files of a documented address
(dev.socrata.com, "Data formats"): it is given as Socrata's own ``data.json`` gives it.
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


def to_dataset(raw: Any, base: str, languages: Sequence[str | None] = ()) -> Dataset:
    """The dataset of one record; ``base`` is the address of the portal, for records that tell no own one.

    Raises LostRecord where the record is no object or has no id.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to mend the record", value=raw)
    found, identifier = _resource(raw), id_of(raw)
    if identifier is None:
        raise LostRecord("the record has no id", "ask the portal to mend the record", "/resource/id")
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
    """Socrata's own fields, and the custom ones by whatever names a site has given them."""
    facts = RecordFacts("dataset", languages)
    listed = sorted_in.get("domain_metadata")
    for number, item in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(item, dict) and item.get("key"):
            pair = [(str(item["key"]), item.get("value"))]
            facts.read(pair, f"classification/domain_metadata/{number}/", is_grouped=True)
    for name, group in _dict(meta.get("custom_fields")).items():
        facts.read(_dict(group), f"metadata/custom_fields/{name}/", is_grouped=True)
    # What a custom field calls category, tags or title is not that of the dataset.
    facts.drop("themes", "keywords", "title", "description")
    facts.add("title", found.get("name"), "name")
    facts.add("description", found.get("description"), "description")
    whole = _dict(raw.get("license"))
    for rank, (value, path) in enumerate(
        ((whole.get("termsLink"), "license/termsLink"), (meta.get("license"), "metadata/license"),
         (whole.get("name"), "license/name"), (raw.get("licenseId"), "licenseId"))
    ):  # fmt: skip
        facts.add("licence", value, path, rank=50 + rank)
    # The owner is an account, often a person's: neither publisher nor contact.
    link = first(found.get("attribution_link"), found.get("attributionLink"))
    if text(found.get("attribution")):
        facts.add("publisher", {"name": found["attribution"], "url": link}, "attribution", rank=1)
    facts.add("contact_email", found.get("contact_email"), "contact_email", rank=50)
    issued = _date(found, "publication_date", "publicationDate", "createdAt")
    facts.add("issued", issued, "publication_date", rank=99, standing=Standing.GUESSED)
    changed = _date(found, "data_updated_at", "rowsUpdatedAt")
    if changed is not None:
        # What the portal saw goes before what somebody typed once.
        facts.drop("modified")
        facts.add("modified", changed, "data_updated_at")
    return facts


def _date(found: dict[str, Any], *keys: str) -> str | None:
    """A date as it stands; epoch seconds of ``/api/views`` in ISO 8601."""
    for key in keys:
        value = found.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**11:
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if (said := text(value)) is not None:
            return said
    return None


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
