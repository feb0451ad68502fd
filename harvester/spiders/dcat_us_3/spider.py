"""Read DCAT-US 3: one JSON document, as ``data.json`` or as a Hub's ``/api/feed/dcat-us/3.0``.

Two further forms are accepted: flattened JSON-LD (a ``@graph`` of nodes that refer to each other), and a document that
is a single dataset. Datasets stand under ``dataset``, in nested catalogues, as members of a series, and inside the
services that serve them. Catalogue records and services elsewhere in the document say more about a dataset. The
document is therefore read twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrapy.http import Response

from catalog.model import Dataset
from harvester.spiders.base.feed import FeedSpider
from harvester.spiders.base.json_stream import Element, StreamEnd, UnreadableElement, records
from harvester.spiders.base.json_text import check_values
from harvester.spiders.base.jsonld_nodes import Nodes, types_of
from harvester.spiders.base.portal_type_info import PortalTypeInfo
from harvester.spiders.dcat_us_3.record import identifier_of, plain_keys, reference, to_dataset

__all__ = ["Spider"]

MAX_DEPTH = 8
"""Maximum depth of nested catalogues or datasets."""
_KINDS = ("dataset", "datasetSeries", "service", "catalog", "record")
_GRAPH = "@graph"
_TYPES = {
    "Catalog": "catalog",
    "CatalogRecord": "record",
    "DatasetSeries": "datasetSeries",
    "Dataset": "dataset",
    "DataService": "service",
}
"""Node types of a flattened document; if a node has two types, the first one here counts."""
MAX_WHOLE = 32 << 20
"""Maximum size in bytes of a document that is a single dataset."""


class Spider(FeedSpider):
    """Spider for all datasets of a DCAT-US 3 document (JSON or JSON-LD)."""

    type = "dcat-us-3"
    has_sets = True
    about = PortalTypeInfo(
        software="DCAT-US 3: `data.json`, or a Hub's `/api/feed/dcat-us/3.0`",
        paging="one document, read record by record from disk",
        incremental="not offered",
        deletion="absent from a whole document",
        limits="nested catalogues eight deep",
        loses="organisations' ids where publishers are plain names",
        rank=60,
    )

    broken = "the record cannot be read"

    @property
    def feed(self) -> str:
        url = self.portal.url
        is_document = url.endswith((".json", ".jsonld")) or "?" in url or "/api/feed/" in url
        return url if is_document else f"{url}/data.json"

    def elements(self, path: Path, response: Response) -> Iterator[Any]:
        known = _Elsewhere()
        count, end = 0, StreamEnd(None, {})
        for element in records(path, *_KINDS, _GRAPH):
            if isinstance(element, StreamEnd):
                end = element
                continue
            count += 1
            if isinstance(element, Element):
                kind = (element.pointer or "/").split("/")[1]
                if kind == _GRAPH and (kind := _kind_of(element.value)) not in ("dataset", "datasetSeries"):
                    # Datasets are read in the second pass; all other nodes may be referred to by them.
                    known.nodes.add(element.value)
                known.note(element.value, kind, 0)
        if not count and _kind_of(end.head) in ("dataset", "datasetSeries") and (whole := _whole(path)) is not None:
            for n, (place, raw) in enumerate(_datasets(whole, _kind_of(whole), "/", known, 0)):
                yield replace(raw, index=n) if isinstance(raw, UnreadableElement) else Element(n, raw, place)
            yield StreamEnd(None, {})
            return
        index = 0
        for element in records(path, "dataset", "datasetSeries", "service", "catalog", _GRAPH):
            if isinstance(element, StreamEnd):
                yield element
            elif isinstance(element, UnreadableElement):
                yield UnreadableElement(index, element.message, element.text, element.pointer)
                index += 1
            else:
                kind = (element.pointer or "/dataset/0").split("/")[1]
                pointer = element.pointer or f"/{element.index}"
                value = element.value
                if kind == _GRAPH:
                    kind = _kind_of(value)
                    if not kind:
                        continue
                    value = known.listed(value) if kind == "catalog" else known.nodes.resolve(value)
                for place, raw in _datasets(value, kind, pointer, known, 0):
                    yield (
                        replace(raw, index=index) if isinstance(raw, UnreadableElement) else Element(index, raw, place)
                    )
                    index += 1

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw, self.languages)


class _Elsewhere:
    """What a document says about its datasets in other places, and which datasets it lists."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.services: dict[str, list[dict[str, Any]]] = {}
        self.nodes = Nodes()
        """The nodes of a flattened document that are not datasets."""
        self.seen: set[str] = set()
        """Identities of datasets listed anywhere in the document, or found outside its lists."""

    def listed(self, catalog: dict[str, Any]) -> dict[str, Any]:
        """Return ``catalog``, a catalogue from the ``@graph``, without the members that are mere references to
        something described elsewhere in the same document.

        Members are its datasets, dataset series, services and catalogues. A mere reference is an IRI, or an object that
        has nothing but one. Without this step, a referenced dataset would be read twice. Namespace prefixes are removed
        from the catalogue's keys.
        """
        found = plain_keys(catalog)
        for kind in ("dataset", "datasetSeries", "service", "catalog"):
            if kind in found:
                found[kind] = [one for one in _list(found[kind]) if not self._is_described(one)]
        return found

    def _is_described(self, value: Any) -> bool:
        name = reference(value)
        is_reference = not isinstance(value, dict) or len(value) == 1
        return is_reference and (name in self.seen or name in self.nodes.by_iri)

    def note(self, value: Any, kind: str, depth: int) -> None:
        """Remember what ``value``, a JSON-LD object of the kind ``kind`` (one of _KINDS), says about datasets.

        Of a dataset or series, the identifiers are remembered. A catalogue record is remembered under the dataset that
        it is about, and a service under the datasets that it serves. Everything listed in a catalogue is noted in the
        same way, down to MAX_DEPTH; ``depth`` is the depth of ``value``. Other kinds are ignored.
        """
        if not isinstance(value, dict):
            return
        value = plain_keys(value)
        if kind in ("dataset", "datasetSeries"):
            self.seen |= {one for one in (reference(value), identifier_of(value)) if one}
        elif kind == "record" and (topic := reference(value.get("primaryTopic"))):
            self.records[topic] = {k: v for k, v in value.items() if k != "primaryTopic"}
        elif kind == "service":
            own = {k: v for k, v in value.items() if k != "servesDataset"}
            for served in _list(value.get("servesDataset")):
                if name := reference(served):
                    self.services.setdefault(name, []).append(own)
        elif kind == "catalog" and depth < MAX_DEPTH:
            for inner in _KINDS:
                for one in _list(value.get(inner)):
                    self.note(one, inner, depth + 1)


def _kind_of(node: Any) -> str:
    """Return the kind of a node in a flattened document; "" for nodes that only belong to others."""
    types = types_of(node)
    return next((kind for name, kind in _TYPES.items() if name in types), "")


def _whole(path: Path) -> dict[str, Any] | None:
    """Return a document that is one object, parsed whole; None if that is not possible."""
    if path.stat().st_size > MAX_WHOLE:
        return None
    try:
        text = path.read_text("utf-8-sig", errors="replace")
        check_values(text)
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _datasets(
    value: Any, kind: str, pointer: str, known: _Elsewhere, depth: int, parent: str | None = None
) -> Iterator[tuple[str, Any]]:
    """Yield the datasets and series in a part of the document, with what is said about them elsewhere."""
    if not isinstance(value, dict):
        if kind == "dataset":
            yield pointer, value
        return
    node = plain_keys(value)
    if kind == "catalog":
        if depth >= MAX_DEPTH and any(node.get(inner) for inner in _KINDS):
            yield pointer, _too_deep(node, pointer)
        elif depth < MAX_DEPTH:
            for inner in ("dataset", "datasetSeries", "service", "catalog"):
                for n, one in enumerate(_list(node.get(inner))):
                    yield from _datasets(one, inner, f"{pointer}/{inner}/{n}", known, depth + 1)
        return
    if kind == "service":
        for n, one in enumerate(_list(node.get("servesDataset"))):
            yield from _hidden(one, f"{pointer}/servesDataset/{n}", known, depth, None)
        return
    raw = {k: v for k, v in node.items() if k not in ("seriesMember", "inSeries")}
    own = reference(value)
    known.seen |= {one for one in (own, identifier_of(node)) if one}
    series = [one for one in _list(node.get("inSeries")) if reference(one)]
    raw["inSeries"] = reference(series[0]) if series else parent
    if kind == "datasetSeries" or "DatasetSeries" in str(node.get("@type", "")):
        raw["@series"] = True
    names = {own, identifier_of(node)} - {None}
    if record := next((known.records[name] for name in names if name in known.records), None):
        raw["@record"] = record
    if services := [one for name in sorted(map(str, names)) for one in known.services.get(name, ())]:
        raw["@services"] = services
    yield pointer, raw
    for n, one in enumerate(_list(node.get("seriesMember"))):
        yield from _hidden(one, f"{pointer}/seriesMember/{n}", known, depth, own or identifier_of(node))
    for n, one in enumerate(series):
        yield from _hidden(one, f"{pointer}/inSeries/{n}", known, depth, None, "datasetSeries")


def _hidden(
    value: Any, pointer: str, known: _Elsewhere, depth: int, parent: str | None, kind: str = "dataset"
) -> Iterator[tuple[str, Any]]:
    """Yield a dataset found inside another part, if it is more than a reference and not listed elsewhere."""
    if isinstance(value, dict):
        node = plain_keys(value)
        is_told = any(node.get(name) for name in ("title", "titleMap", "description", "distribution"))
        if not is_told or {reference(value), identifier_of(node)} & known.seen:
            return
        if depth >= MAX_DEPTH:
            yield pointer, _too_deep(node, pointer)
        else:
            yield from _datasets(value, kind, pointer, known, depth + 1, parent)


def _too_deep(node: dict[str, Any], pointer: str) -> UnreadableElement:
    """Return the error element for a part that is nested too deeply to be read."""
    return UnreadableElement(
        0, f"it stands over {MAX_DEPTH} levels deep: it was not read", str(node.get("title") or ""), pointer
    )
