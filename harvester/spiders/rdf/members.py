"""Find the members of an RDF catalogue: what ``dcat:dataset`` names, whether or not the document describes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode

from harvester.spiders.rdf.nodes import short, types_of

if TYPE_CHECKING:
    from pyoxigraph import Store

__all__ = ["split_members"]

_DATASET = tuple(NamedNode(f"{scheme}://www.w3.org/ns/dcat#dataset") for scheme in ("http", "https"))
_OTHERS = {"dcat:DataService", "dcat:Catalog", "dcat:CatalogRecord", "dcat:Distribution"}
"""Types that some catalogues list among their datasets, and that are no datasets."""
_BARE = {"rdf:type", "dct:isPartOf", "dcat:inSeries", "dcat:seriesMember", "dct:hasPart"}
"""Properties that do not count as a description."""


def split_members(store: Store, subjects: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the nodes that a catalogue lists under ``dcat:dataset``, without those in ``subjects``.

    ``store`` is the graph; ``subjects`` are the nodes already known to be datasets. The result is a pair of lists,
    (described, undescribed). A node is described if the graph says more about it than its type and what it is a part
    of. The type does not matter, because ``dcat:dataset`` says that the node is a dataset (DCAT 3, 6.3). Only data
    services, catalogues, catalogue records and distributions are left out. Undescribed nodes are returned only if they
    have an IRI.
    """
    known = {str(one) for one in subjects}
    described, bare = [], []
    for key, node in sorted({str(one): one for one in _members(store)}.items()):
        if key in known:
            continue
        if not any(short(q.predicate.value) not in _BARE for q in store.quads_for_pattern(node, None, None)):
            bare.append(node)
        elif not types_of(store, node) & _OTHERS:
            described.append(node)
    return described, [one for one in bare if isinstance(one, NamedNode)]


def _members(store: Store) -> Iterator[Any]:
    for predicate in _DATASET:
        for quad in store.quads_for_pattern(None, predicate, None):
            if hasattr(quad.object, "value") and not hasattr(quad.object, "datatype"):
                yield quad.object
