"""Map an ArcGIS Hub record to a dataset, for features of its search and entries of its feeds; no request is made.

The identity is the ArcGIS item, plus the layer if a dataset is one layer of it: ``<32 hexadecimal digits>_<layer>``.
Feeds give it in an address ``/datasets/<item>_<layer>`` or ``item.html?id=<item>&sublayer=<layer>``. For some years
they had a readable name instead, which is the identity then.
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
"""Match a value that is only an unfilled template, or an address with one in it."""


def to_dataset(raw: Any, portal_url: str) -> Dataset:
    """Map ``raw``, a feature of the Hub's search or an entry of its DCAT-US feed (parsed JSON), to a :class:`Dataset`.

    ``portal_url``: the portal's address, from which the landing page of a feature is made. Raise LostRecord if ``raw``
    is no object or has no identifier.
    """
    if not isinstance(raw, dict):
        raise LostRecord("the record is not an object", "ask the publisher to fix the record", value=raw)
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
        raise LostRecord("the item has no id", "ask the portal to fix the record", "/id")
    # The owner is a user account, not somebody to write to.
    landing = f"{portal_url}/datasets/{identifier}"
    return item_dataset(item, identifier=identifier, landing_page=landing, file_url=None)


def item_and_layer(value: Any) -> str | None:
    """Return the id of the ArcGIS item that ``value``, an address or identifier, contains, in lower case.

    If ``value`` also states a layer, "_" and the number of the layer follow the id. The result is None if ``value``
    contains no item id (32 hexadecimal digits).
    """
    said = text(value) or ""
    found = _ITEM.search(said)
    if found is None:
        return None
    layer = found[2] or (layer[1] if (layer := _LAYER.search(said)) else None)
    return f"{found[1].lower()}_{layer}" if layer else found[1].lower()


def filled(value: Any) -> Any:
    """Return a copy of the JSON value ``value`` in which None replaces each text that is an unfilled template.

    Such a text is a template such as "{{description}}" and nothing else, or an address that contains one. Texts are
    replaced at any depth.
    """
    if isinstance(value, dict):
        return {key: filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one) for one in value]
    return None if isinstance(value, str) and "{{" in value and _TEMPLATE.fullmatch(value) else value


def fingerprint_of(dataset: Dataset) -> tuple[str, str] | None:
    """Return a key that identifies ``dataset`` even if the Hub changes the dataset's identifier; None if there is none.

    It is the pair of the creation time (``issued``) and the address of the dataset's first ArcGIS service, or the title
    if it has no service. The result is None if the dataset has neither. It is also None if the creation time is
    missing, has no milliseconds or is midnight, because many datasets share such times.
    """
    addresses = [d.access_url for d in dataset.distributions] + [s.endpoint_url for s in dataset.data_services]
    service = next((url for url in addresses if url and "/rest/services/" in url), None)
    made, name = dataset.issued, service or dataset.title
    is_instant = made is not None and re.search(r"T(?!00:00:00\.000)\d\d:\d\d:\d\d\.\d{3}Z?$", made) is not None
    return (made, name) if made and is_instant and name else None
