"""Represent RDF as nested nodes: the description of one dataset, whatever syntax or endpoint it came from.

A node is a dict. "@id" is its IRI, if it has one, and "@type" its types. Under each property, by its usual prefix
("dct:title"), stands a list of values: texts as {"@value", "@language", "@type"}, described nodes as dicts, other nodes
as {"@id"}. Lists are sorted, so the same description gives the same node, whatever its order and the names of its blank
nodes.
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
    "data.resources.gov/ontology/dcat-us#": "dcat-us",
    # As some write it, after the host of the standard's pages.
    "resources.data.gov/ontology/dcat-us#": "dcat-us",
}
"""Namespaces without scheme, because portals often write https where http is right."""
_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_STRING = "http://www.w3.org/2001/XMLSchema#string"
DATASET_TYPES = ("dcat:Dataset", "dcat:DatasetSeries", "dcatapit:Dataset")
OTHER_TYPES = ("schema:Dataset", "adms:Asset")
"""Types that mean a dataset in a document without any type of DCAT."""
_OWN_RECORDS = {*DATASET_TYPES, "dcat:Catalog", "dcat:CatalogRecord"}
"""Types of nodes that are described on their own; inside other nodes they are only named."""
_MEMBERS = ("http://www.w3.org/ns/dcat#seriesMember", "http://purl.org/dc/terms/hasPart")
_ROOT = "http://relative.invalid/"
BASE = f"{_ROOT}x/y/z/"
"""Base address for reading, so that relative texts can be recognised later: a format "CSV" is no address."""
RELATIVE = "relative:"
MAX_DEPTH = 4
MAX_VALUES = 200_000
"""Maximum number of values in one description; the rest is left out, and the record exceeds its limit anyway."""


@lru_cache(maxsize=4096)
def short(iri: str) -> str:
    """Return ``iri`` as a prefixed name such as "dcat:Dataset"; an IRI in an unknown namespace stays unchanged."""
    cut = max(iri.rfind("#"), iri.rfind("/")) + 1
    prefix = _NAMESPACES.get(iri[:cut].partition("://")[2])
    return f"{prefix}:{iri[cut:]}" if prefix and cut < len(iri) else iri


@lru_cache(maxsize=256)
def _in_full(name: str) -> list[NamedNode]:
    """Return all spellings of a prefixed name as full IRIs."""
    prefix, _, local = name.partition(":")
    spaces = [space for space, known in _NAMESPACES.items() if known == prefix]
    return [NamedNode(f"{scheme}://{space}{local}") for space in spaces for scheme in ("http", "https")]


def types_of(store: Store, node: Any) -> set[str]:
    """Return the types of ``node`` in the graph ``store`` (``rdf:type``) as prefixed names such as "dcat:Dataset".

    Types that are no IRI are left out.
    """
    return {
        short(q.object.value) for q in store.quads_for_pattern(node, _TYPE, None) if isinstance(q.object, NamedNode)
    }


def datasets_of(store: Store) -> list[Any]:
    """Return the nodes of all datasets and dataset series that the graph ``store`` describes, sorted by IRI.

    A node counts as described if it has more properties than its type and what it belongs to. If no node has a dataset
    type of DCAT, nodes of the types ``schema:Dataset`` and ``adms:Asset`` are taken instead.
    """
    found: dict[str, Any] = {}
    for name in DATASET_TYPES:
        for kind in _in_full(name):
            for quad in store.quads_for_pattern(None, _TYPE, kind):
                found[str(quad.subject)] = quad.subject
    if not found:
        # The catalogue uses another vocabulary.
        for kind in [kind for name in OTHER_TYPES for kind in _in_full(name)]:
            for quad in store.quads_for_pattern(None, _TYPE, kind):
                found[str(quad.subject)] = quad.subject
    return [found[key] for key in sorted(found) if _is_described(store, found[key])]


def _is_described(store: Store, node: Any) -> bool:
    """Return whether a node has more than its type and what it belongs to."""
    bare = {"rdf:type", "dct:isPartOf", "dcat:inSeries", "dcat:seriesMember", "dct:hasPart"}
    return any(short(q.predicate.value) not in bare for q in store.quads_for_pattern(node, None, None))


def subjects_of(store: Store, name: str, node: Any) -> Iterator[Any]:
    """Yield the subject of every triple in the graph ``store`` whose predicate is ``name`` and whose object is
    ``node``.

    ``name`` is a prefixed name such as "foaf:primaryTopic".
    """
    for predicate in _in_full(name):
        for quad in store.quads_for_pattern(None, predicate, node):
            yield quad.subject


def iri_of(node: Any) -> str:
    """Return the IRI of ``node``; return a relative IRI as "relative:" followed by its text in the document.

    Relative IRIs are recognised by :data:`BASE`, the artificial base address under which every document is parsed.
    """
    iri = str(node.value)
    if not iri.startswith(_ROOT):
        return iri
    path = iri[len(_ROOT) :]
    for above, text in (("x/y/z/", ""), ("x/y/", "../"), ("x/", "../../")):
        if path.startswith(above):
            return RELATIVE + text + path.removeprefix(above)
    return f"{RELATIVE}/{path}"


def describe(store: Store, subject: Any, base: str) -> Node:
    """Return the description of the dataset ``subject`` as a nested dict, with the nodes it refers to.

    Such nodes are distributions, agents, contacts and so on. Three keys hold nodes that refer to the dataset: "@record"
    its ``dcat:CatalogRecord`` (one, if there are several), "@member_of" the IRIs of datasets and series that list it as
    their part, "@services" the ``dcat:DataService`` nodes that serve it. A key is absent if there is no such node.

    Of a node that is nested too deeply, contains itself, or is a dataset, catalogue or catalogue record, only the IRI
    is included. Values beyond the first MAX_VALUES are left out. ``store`` is the graph. ``base`` is the address to
    which relative IRIs belong; it is stored under "@base" if the description has any.
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
    """Yield the datasets and series that list a dataset; catalogues are not among them."""
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
"""Properties whose values belong to one dataset only."""


def own_part(node: Any) -> Any:
    """Return the description ``node`` of a dataset without what other datasets share, for a hash of its content.

    Publishers, places and licences are shared: of such a nested node only the IRI stays. The contents of a nested node
    stay, and are treated in the same way, if it is a distribution or an ADMS identifier, has no IRI, or has an IRI that
    begins with that of the dataset. A value that is no dict is returned unchanged.
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
    """Yield all triples (as quads) of the graph ``store`` whose predicate is ``name``, sorted by their text.

    ``name`` is a prefixed name such as "hydra:next".
    """
    found = [quad for predicate in _in_full(name) for quad in store.quads_for_pattern(None, predicate, None)]
    yield from sorted(found, key=str)
