"""From a record of ArcGIS Hub to a dataset: a pure mapping of features of its search and of entries of its feeds.

Identity is the ArcGIS item and, where a dataset is one layer of it, the layer: ``<32 hexadecimal digits>_<layer>``.
Feeds have named it in an address ``/datasets/<item>_<layer>`` or ``item.html?id=<item>&sublayer=<layer>``; for some
years they had a speaking name in its place, which is then the identity.
"""

from __future__ import annotations

import re
from typing import Any

from catalog.model import Dataset
from harvester.facts.values import first, text
from harvester.spiders.arcgis_portal.record import item_dataset
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.dcat_us import record as dcat_us_record

__all__ = ["fingerprint_of", "item_and_layer", "to_dataset"]

_ITEM = re.compile(r"(?<![0-9a-f])([0-9a-f]{32})(?![0-9a-f])(?:_(\d+)\b)?", re.IGNORECASE)
_LAYER = re.compile(r"[?&](?:sublayer|layer)=(\d+)\b")
_TEMPLATE = re.compile(r"\s*(\{\{[^{}]*\}\}|(mailto:|https?://)?[^\s{}]*\{\{[^{}]*\}\}\S*)\s*")
"""A value that is nothing but a template nobody filled in, or an address with one in it."""


def to_dataset(raw: Any, portal_url: str) -> Dataset:
    """The dataset of a feature or an entry. Raises LostRecord where it has no identity."""
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the publisher to mend the record", value=raw)
    item = raw.get("properties")
    if isinstance(item, dict) and "identifier" not in raw:
        return _feature(raw, filled(item), portal_url)
    entry = filled(raw)
    identifier = first(*(item_and_layer(entry.get(key)) for key in ("identifier", "@id", "landingPage")))
    dataset = dcat_us_record.to_dataset({**entry, "identifier": identifier} if identifier else entry)
    return dataset


def _feature(raw: dict[str, Any], item: dict[str, Any], portal_url: str) -> Dataset:
    identifier = first(raw.get("id"), item.get("id"))
    if identifier is None:
        raise LostRecord("the item has no id", "ask the portal to mend the record", "/id")
    # The owner is an account: it is nobody to write to.
    landing = f"{portal_url}/datasets/{identifier}"
    return item_dataset(item, identifier=identifier, landing_page=landing, file_url=None)


def item_and_layer(value: Any) -> str | None:
    """The ArcGIS item that an address or an id names, with its layer; None where it names none."""
    said = text(value) or ""
    found = _ITEM.search(said)
    if found is None:
        return None
    layer = found[2] or (layer[1] if (layer := _LAYER.search(said)) else None)
    return f"{found[1].lower()}_{layer}" if layer else found[1].lower()


def filled(value: Any) -> Any:
    """A value without the templates that the portal has not filled in."""
    if isinstance(value, dict):
        return {key: filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one) for one in value]
    return None if isinstance(value, str) and "{{" in value and _TEMPLATE.fullmatch(value) else value


def fingerprint_of(dataset: Dataset) -> tuple[str, str] | None:
    """What stays of a dataset when its portal names it anew: when the item was made, to the millisecond, and the
    service behind it or, where there is none, its title. A day alone, or midnight, is that of many."""
    addresses = [d.access_url for d in dataset.distributions] + [s.endpoint_url for s in dataset.data_services]
    service = next((url for url in addresses if url and "/rest/services/" in url), None)
    made, name = dataset.issued, service or dataset.title
    is_instant = made is not None and re.search(r"T(?!00:00:00\.000)\d\d:\d\d:\d\d\.\d{3}Z?$", made) is not None
    return (made, name) if made and is_instant and name else None
