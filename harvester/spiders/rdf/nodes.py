"""RDF as nested nodes: a description of one dataset, whatever the syntax or endpoint it came from.

A node is a dict: "@id" where it has an IRI, "@type", and under each property, by its usual prefix ("dct:title"), a list
of values: texts as {"@value", "@language", "@type"}, nodes that are described nearby as dicts, others as {"@id"}. Lists
are sorted, so that the same description is the same node, whatever its order and the names of its blank nodes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Store

__all__ = [
    "BASE", "DATASET_TYPES", "RELATIVE", "Node",
    "datasets_of", "describe", "iri_of", "own_part", "quads_of", "short",
]  # fmt: skip

Node = dict[str, Any]

_NAMESPACES = {
    "www.w3.org/ns/dcat#": "dcat",
    "purl.org/dc/terms/": "dct",
    "purl.org/dc/elements/1.1/": "dc",
    "xmlns.com/foaf/0.1/": "foaf",
    "www.w3.org/2006/vcard/ns#": "vcard",
    "www.w3.org/ns/adms#": "adms",
    "data.europa.eu/r5r/": "dcatap",
    "spdx.org/rdf/terms#": "spdx",
    "www.w3.org/2004/02/skos/core#": "skos",
    "www.w3.org/2000/01/rdf-schema#": "rdfs",
    "www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "schema.org/": "schema",
    "www.w3.org/ns/hydra/core#": "hydra",
    "www.w3.org/ns/locn#": "locn",
    "www.w3.org/2006/time#": "time",
    "www.w3.org/ns/org#": "org",
    "www.w3.org/ns/prov#": "prov",
    "dati.gov.it/onto/dcatapit#": "dcatapit",
    "vocab.deri.ie/dcat#": "dcat",
    "www.w3.org/2007/05/powder-s#": "wdrs",
    "www.opengis.net/ont/geosparql#": "geosparql",
    "www.w3.org/2003/01/geo/wgs84_pos#": "wgs84",
    "www.w3.org/ns/odrl/2/": "odrl",
    "schema.theodi.org/odrs#": "odrs",
    "creativecommons.org/ns#": "cc",
    "www.w3.org/2002/07/owl#": "owl",
    "resources.data.gov/ontology/dcat-us#": "dcat-us",
}
"""Without scheme: https is met as often as it is wrong."""
_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_STRING = "http://www.w3.org/2001/XMLSchema#string"
DATASET_TYPES = ("dcat:Dataset", "dcat:DatasetSeries", "dcatapit:Dataset")
OTHER_TYPES = ("schema:Dataset", "adms:Asset")
"""What stands for a dataset in a document without any of DCAT's."""
_OWN_RECORDS = {*DATASET_TYPES, "dcat:Catalog", "dcat:CatalogRecord"}
"""What is described on its own: it is named within other nodes, and not repeated there."""
_MEMBERS = ("http://www.w3.org/ns/dcat#seriesMember", "http://purl.org/dc/terms/hasPart")
_ROOT = "http://relative.invalid/"
BASE = f"{_ROOT}x/y/z/"
"""Documents are read with this base, so that what is relative can still be told: a format "CSV" is no address."""
RELATIVE = "relative:"
MAX_DEPTH = 4
MAX_VALUES = 200_000
"""Values of one description; what is beyond is left out, and the record is far too large by then."""


@lru_cache(maxsize=4096)
def short(iri: str) -> str:
    """An IRI with its usual prefix; as it is where it has none."""
    cut = max(iri.rfind("#"), iri.rfind("/")) + 1
    prefix = _NAMESPACES.get(iri[:cut].partition("://")[2])
    return f"{prefix}:{iri[cut:]}" if prefix and cut < len(iri) else iri


@lru_cache(maxsize=256)
def _in_full(name: str) -> list[NamedNode]:
    """All spellings of a prefixed name."""
    prefix, _, local = name.partition(":")
    spaces = [space for space, known in _NAMESPACES.items() if known == prefix]
    return [NamedNode(f"{scheme}://{space}{local}") for space in spaces for scheme in ("http", "https")]


def types_of(store: Store, node: Any) -> set[str]:
    return {
        short(q.object.value) for q in store.quads_for_pattern(node, _TYPE, None) if isinstance(q.object, NamedNode)
    }


def datasets_of(store: Store) -> list[Any]:
    """The datasets and series that a graph describes, by IRI; those it only mentions are left out."""
    found: dict[str, Any] = {}
    for name in DATASET_TYPES:
        for kind in _in_full(name):
            for quad in store.quads_for_pattern(None, _TYPE, kind):
                found[str(quad.subject)] = quad.subject
    if not found:
        # A catalogue in another vocabulary's words.
        for kind in [kind for name in OTHER_TYPES for kind in _in_full(name)]:
            for quad in store.quads_for_pattern(None, _TYPE, kind):
                found[str(quad.subject)] = quad.subject
    return [found[key] for key in sorted(found) if _is_described(store, found[key])]


def _is_described(store: Store, node: Any) -> bool:
    """Whether more is said of a node than its type and what it belongs to."""
    bare = {"rdf:type", "dct:isPartOf", "dcat:inSeries", "dcat:seriesMember", "dct:hasPart"}
    return any(short(q.predicate.value) not in bare for q in store.quads_for_pattern(node, None, None))


def subjects_of(store: Store, name: str, node: Any) -> Iterator[Any]:
    """Nodes that point to a node by a property."""
    for predicate in _in_full(name):
        for quad in store.quads_for_pattern(None, predicate, node):
            yield quad.subject


def iri_of(node: Any) -> str:
    """The IRI of a node; of a relative one the text as it stood, behind "relative:"."""
    iri = str(node.value)
    if not iri.startswith(_ROOT):
        return iri
    path = iri[len(_ROOT) :]
    for above, text in (("x/y/z/", ""), ("x/y/", "../"), ("x/", "../../")):
        if path.startswith(above):
            return RELATIVE + text + path.removeprefix(above)
    return f"{RELATIVE}/{path}"


def describe(store: Store, subject: Any, base: str) -> Node:
    """The description of a dataset, with what is described nearby: distributions, agents, contacts, and so on.

    Under "@record" stands its dcat:CatalogRecord, under "@member_of" what names it as a member, under "@services" the
    dcat:DataService nodes that serve it; under "@base", where it has relative addresses, what they are relative to.
    """
    room = [MAX_VALUES]
    node = _node(store, subject, (), room, is_root=True)
    if record := next(iter(subjects_of(store, "foaf:primaryTopic", subject)), None):
        node["@record"] = _node(store, record, (subject,), room, is_root=True)
    parents = {iri_of(s) for p in _MEMBERS for s in _owners(store, p, subject)}
    if parents:
        node["@member_of"] = sorted(parents)
    services = [
        _node(store, one, (subject,), room, is_root=True) for one in subjects_of(store, "dcat:servesDataset", subject)
    ]
    if services:
        node["@services"] = sorted(services, key=_order)
    if RELATIVE in _order(node):
        node["@base"] = base
    return node


def _owners(store: Store, predicate: str, subject: Any) -> Iterator[Any]:
    """Datasets and series that list a dataset as theirs. A catalogue that does is no parent."""
    for quad in store.quads_for_pattern(None, NamedNode(predicate), subject):
        if isinstance(quad.subject, NamedNode) and types_of(store, quad.subject) & set(DATASET_TYPES):
            yield quad.subject


def _node(store: Store, subject: Any, path: tuple[Any, ...], room: list[int], *, is_root: bool = False) -> Node:
    node: Node = {"@id": iri_of(subject)} if isinstance(subject, NamedNode) else {}
    values: dict[str, list[Any]] = {}
    for quad in store.quads_for_pattern(subject, None, None):
        room[0] -= 1
        if room[0] < 0:
            break
        name = short(quad.predicate.value)
        if name == "rdf:type":
            values.setdefault("@type", []).append(short(getattr(quad.object, "value", "")))
        else:
            values.setdefault(name, []).append(_value(store, quad.object, (*path, subject), room))
    for name in sorted(values):
        node[name] = sorted(values[name], key=_order) if len(values[name]) > 1 else values[name]
    return node


def _value(store: Store, value: Any, path: tuple[Any, ...], room: list[int]) -> Any:
    if isinstance(value, Literal):
        told = {"@value": value.value}
        if value.language:
            told["@language"] = value.language
        elif value.datatype.value != _STRING:
            told["@type"] = short(value.datatype.value)
        return told
    if value in path or len(path) > MAX_DEPTH or not isinstance(value, NamedNode | BlankNode):
        return {"@id": iri_of(value)} if isinstance(value, NamedNode) else {}
    if isinstance(value, NamedNode) and types_of(store, value) & _OWN_RECORDS:
        return {"@id": iri_of(value)}
    return _node(store, value, path, room)


def _order(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


_OWNED = ("dcat:distribution", "dcat:distributions", "adms:includedAsset", "schema:distribution", "adms:identifier")
"""Properties whose values belong to one dataset."""


def own_part(node: Any) -> Any:
    """A description without those of nodes that other datasets name too: publishers, places, licences.

    Of a node with an IRI only that is left, unless it is a distribution, or its IRI begins with the dataset's own.
    """
    if not isinstance(node, dict):
        return node
    return {key: _own_values(key, value, node.get("@id") or "") for key, value in node.items()}


def _own_values(key: str, value: Any, root: str) -> Any:
    if isinstance(value, list) and (not key.startswith("@") or key == "@services"):
        return [_own_value(key, one, root) for one in value]
    return _own_node(value, root) if key == "@record" else value


def _own_value(key: str, value: Any, root: str) -> Any:
    if not isinstance(value, dict) or "@value" in value:
        return value
    iri = value.get("@id")
    if iri and key not in _OWNED and not (root and iri.startswith(root)):
        return {"@id": iri}
    return _own_node(value, root)


def _own_node(node: Any, root: str) -> Any:
    return {key: _own_values(key, value, root) for key, value in node.items()} if isinstance(node, dict) else node


def quads_of(store: Store, name: str) -> Iterator[Any]:
    """All statements with a property, sorted by subject and object."""
    found = [quad for predicate in _in_full(name) for quad in store.quads_for_pattern(None, predicate, None)]
    yield from sorted(found, key=str)
