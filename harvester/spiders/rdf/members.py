"""The members of an RDF catalogue: what ``dcat:dataset`` names, whether or not the document describes it."""

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
"""What is listed among the datasets at times, and is none."""
_BARE = {"rdf:type", "dct:isPartOf", "dcat:inSeries", "dcat:seriesMember", "dct:hasPart"}
"""Statements that describe nothing."""


def split_members(store: Store, subjects: list[Any]) -> tuple[list[Any], list[Any]]:
    """The members of the catalogues in a graph that are not among ``subjects``: (described, undescribed).

    A member that is described is a dataset whatever its type says, or if it says nothing: that is what dcat:dataset
    means (DCAT 3, 6.3). Services and catalogues that are listed so are left out.
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
