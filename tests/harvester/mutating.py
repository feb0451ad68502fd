"""Responses of a portal with one loss: a record that is removed, sent twice, or broken; a page that is broken."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from lxml import etree

__all__ = ["MUTATIONS", "PAGE_MUTATIONS", "mutated"]

PAGE_MUTATIONS = ("server error", "half", "html", "gone", "page twice")
MUTATIONS = ("remove", "double", "break", *PAGE_MUTATIONS)
_XML_LISTS = ("SearchResults", "ListRecords", "RDF")


def mutated(mutation: str, body: bytes, rng: random.Random, other: bytes | None = None) -> tuple[int, bytes] | None:
    """Return (status, body) of a response with a loss, or None if the loss cannot be made in it. ``other``: the page
    before."""
    if mutation == "gone":
        return 404, b"not here"
    if mutation == "page twice":
        return (200, other) if other and other != body else None
    if mutation == "server error":
        return 500, b"{}"
    if mutation == "half":
        return (200, body[: len(body) // 2]) if len(body) > 400 else None
    if mutation == "html":
        return 200, b"<!doctype html><html><head><title>Maintenance</title></head><body>Back soon</body></html>"
    if body.lstrip()[:1] in (b"{", b"["):
        return _json(mutation, body, rng)
    return _xml(mutation, body, rng)


def _json(mutation: str, body: bytes, rng: random.Random) -> tuple[int, bytes] | None:
    document = json.loads(body)
    lists: list[list[Any]] = []
    _lists(document, 0, lists)
    records = max(lists, key=len, default=[])
    if len(records) < 2:
        return None
    _change(mutation, records, {"title": "Nobody"}, rng)
    return 200, json.dumps(document, ensure_ascii=False).encode()


def _lists(value: Any, depth: int, found: list[list[Any]]) -> None:
    """Return the lists of objects near the root of a document; a page's records are the longest of them."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        found.append(value)
    elif isinstance(value, dict) and depth < 2:
        for inner in value.values():
            _lists(inner, depth + 1, found)


def _change(mutation: str, records: Any, broken: Any, rng: random.Random) -> None:
    place = rng.randrange(1, len(records))
    if mutation == "remove":
        del records[place]
    elif mutation == "double":
        # As paging without an order does it: one comes twice, and another does not.
        records[place] = copy.deepcopy(records[place - 1])
    else:
        records[place] = broken


def _xml(mutation: str, body: bytes, rng: random.Random) -> tuple[int, bytes] | None:
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except etree.XMLSyntaxError:
        return None
    holder = next((one for one in root.iter(etree.Element) if etree.QName(one).localname in _XML_LISTS), None)
    if holder is None or etree.QName(holder).localname == "RDF":
        # Statements about one dataset stand all over a graph.
        return None
    records = [one for one in holder if etree.QName(one).localname != "resumptionToken"]
    if len(records) < 2:
        return None
    chosen = list(records)
    _change(mutation, chosen, etree.Element("nobody"), rng)
    for one in records:
        holder.remove(one)
    for number, one in enumerate(chosen):
        holder.insert(number, one)
    return 200, etree.tostring(root)
