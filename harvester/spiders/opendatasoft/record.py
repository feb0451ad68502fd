"""Map a dataset of Opendatasoft's catalogue to a dataset.

Metadata stand in templates (``metas.default``, ``metas.dcat``, ``metas.dcat_ap``). ``metadata_processed`` is the
record's date. ``modified`` is the data's date; the publisher states it, or lets the portal keep it up to date.
``data_processed`` says when the portal's own processing ran, and is neither.

Export files are listed if the portal says that it holds records that everyone may see. Files are given by API
addresses, because the record's ``odsfile://`` addresses work only inside the portal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from catalog.model import Dataset, Distribution
from harvester.facts import RecordFacts, Standing, dataset_fields
from harvester.facts.values import first, host_of, text
from harvester.spiders.base.losses import LostRecord

__all__ = ["modified_of", "to_dataset"]

EXPORTS = (("CSV", "csv", "text/csv"), ("JSON", "json", "application/json"))
GEO_EXPORTS = (("GeoJSON", "geojson", "application/geo+json"),)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _templates(raw: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the default template, and the two DCAT templates merged into one."""
    metas = _dict(_dict(raw).get("metas"))
    merged: dict[str, Any] = {}
    for name in ("dcat_ap", "dcat"):
        merged |= {key: value for key, value in _dict(metas.get(name)).items() if value not in (None, "", [])}
    return _dict(metas.get("default")), merged


def modified_of(raw: Any) -> str | None:
    """Return the date by which Opendatasoft sorts the record ``raw``, that of its last change, as written.

    The result is None if the record has none.
    """
    return text(_templates(raw)[0].get("modified"))


def to_dataset(raw: Any, base: str, languages: Sequence[str | None] = ()) -> Dataset:
    """Map a dataset of Opendatasoft's Explore API to a :class:`Dataset`.

    ``raw``: the record, as parsed JSON. ``base``: the portal's address. ``languages``: the portal's language codes,
    the preferred one first. Raise LostRecord if the record is no object or has no id.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the portal to fix the record", value=raw)
    identifier = text(raw.get("dataset_id"))
    if identifier is None:
        raise LostRecord("the record has no dataset_id", "ask the portal to fix the record", "/dataset_id")
    meta, dcat = _templates(raw)
    facts = RecordFacts("dataset", languages)
    metas = _dict(raw.get("metas"))
    for name in dict.fromkeys(["default", "dcat", "dcat_ap", *metas]):
        facts.read(_dict(metas.get(name)), f"metas/{name}/")
    if "created" in dcat:
        facts.add("issued", dcat["created"], "metas/dcat/created", rank=99, standing=Standing.GUESSED)
    facts.add("spatial", meta.get("territory"), "metas/default/territory")
    facts.add("spatial", meta.get("geographic_reference"), "metas/default/geographic_reference", rank=200)
    facts.add("rights", meta.get("attributions"), "metas/default/attributions", rank=50)
    made = dataset_fields(facts)
    made["landing_page"] = f"{base}/explore/dataset/{quote(identifier, safe='@')}/"
    return Dataset(
        identifier=identifier,
        record_modified=text(meta.get("metadata_processed")),
        harvested_from=_origin(meta, base),
        distributions=tuple(_distributions(raw, meta, identifier, base)),
        **made,
    )


def _origin(meta: dict[str, Any], base: str) -> str | None:
    """Return the domain of a federated dataset; None for the portal's own domain, which some portals write there."""
    address, dataset = text(meta.get("source_domain_address")), text(meta.get("source_dataset"))
    if address is None:
        is_federated = meta.get("federated") is True
        return first(meta.get("source_domain_title"), meta.get("source_domain"), "federated") if is_federated else None
    if address.lower() == host_of(base):
        return None
    return f"https://{address}/explore/dataset/{quote(dataset)}/" if dataset else address


def _distributions(raw: dict[str, Any], meta: dict[str, Any], identifier: str, base: str) -> list[Distribution]:
    folder = f"{base}/api/explore/v2.1/catalog/datasets/{quote(identifier, safe='@')}"
    made = []
    if _has_records(raw, meta):
        features = raw.get("features")
        is_geo = isinstance(features, list) and "geo" in features
        for label, ending, media_type in (*EXPORTS, *(GEO_EXPORTS if is_geo else ())):
            url = f"{folder}/exports/{ending}"
            made.append(Distribution(access_url=url, download_url=url, format=label, media_type=media_type))
    for kind in ("attachments", "alternative_exports"):
        listed = raw.get(kind)
        files = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        made += [_file(item, f"{folder}/{kind}") for item in files]
    return made


def _has_records(raw: dict[str, Any], meta: dict[str, Any]) -> bool:
    """Return whether there is a table that everyone may see; partial metadata show it only by the number of rows."""
    if raw.get("data_visible") is False:
        return False
    stated, count = raw.get("has_records"), meta.get("records_count")
    return stated is True or (stated is None and isinstance(count, int) and count > 0)


def _file(item: dict[str, Any], folder: str) -> Distribution:
    identifier, url = text(item.get("id")), text(item.get("url"))
    if url is None or not url.lower().startswith(("http://", "https://")):
        url = f"{folder}/{quote(identifier)}" if identifier else None
    return Distribution(
        identifier=identifier,
        title=text(item.get("title")),
        description=text(item.get("description")),
        access_url=url,
        download_url=url,
        media_type=text(item.get("mimetype")),
    )
