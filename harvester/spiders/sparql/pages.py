"""Hold a page of datasets that is read from a SPARQL endpoint query by query, and the statements received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Store

from harvester.spiders.base.paging import PageCursor

__all__ = ["DatasetPage", "fill", "halves", "smaller"]

DISTRIBUTION = NamedNode("http://www.w3.org/ns/dcat#distribution")
MEMBER = NamedNode("http://www.w3.org/ns/dcat#seriesMember")
SERIES = NamedNode("http://www.w3.org/ns/dcat#DatasetSeries")
TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_STRING = "http://www.w3.org/2001/XMLSchema#string"


@dataclass(slots=True)
class DatasetPage:
    """A page of datasets that is read by several SPARQL queries, and what these have returned so far.

    ``page_cursor``: the position of the page in the listing. ``ids``: the IRIs of its datasets. ``todo``: the queries
    still to be sent, as pairs of kind ("own" for datasets, "files" for distributions) and IRIs. ``store``: the
    statements received. ``lost``: for each dataset that cannot be read, the reason. ``asked``: the number of queries
    sent. ``is_halved``: whether a query had to be split.
    """

    page_cursor: PageCursor
    ids: list[str]
    todo: list[tuple[str, list[str]]]
    store: Store = field(default_factory=Store)
    lost: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    is_halved: bool = False


def halves(ids: list[str], size: int) -> list[tuple[str, list[str]]]:
    """Return the queries that read the datasets with the IRIs ``ids``, each for at most ``size`` datasets.

    A query is a pair of kind ("own" for statements about datasets, "files" for those about distributions) and IRIs.
    """
    parts = [ids[at : at + size] for at in range(0, len(ids), size)]
    return [(kind, part) for part in parts for kind in ("own", "files")]


def smaller(todo: list[tuple[str, list[str]]], size: int) -> list[tuple[str, list[str]]]:
    """Split the queries in ``todo``, pairs of kind and IRIs, so that each is for at most ``size`` datasets."""
    return [(kind, ids[at : at + size]) for kind, ids in todo for at in range(0, len(ids), size)]


def fill(store: Store, rows: Sequence[dict[str, Any]], number: int) -> None:
    """Add the RDF statements in ``rows``, the result of a query, to ``store``; invalid ones are left out.

    The rows have the variables s, p and o, and for distributions also d, the dataset. ``number`` is that of the query.
    It becomes part of the names of blank nodes, because two results may use one name for different nodes. A
    distribution that is a blank node is taken only from rows with d.
    """

    def term(value: dict[str, Any]) -> Any:
        if value["type"] == "uri":
            return NamedNode(value["value"])
        if value["type"] == "bnode":
            return BlankNode(f"q{number}x{value['value'].encode().hex()}")
        datatype = value.get("datatype")
        if language := value.get("xml:lang"):
            return Literal(value["value"], language=language)
        return (
            Literal(value["value"], datatype=NamedNode(datatype))
            if datatype and datatype != _STRING
            else Literal(value["value"])
        )

    for row in rows:
        try:
            subject, predicate, value = term(row["s"]), term(row["p"]), term(row["o"])
            quads = [Quad(subject, predicate, value)]
            if "d" in row:
                quads.append(Quad(term(row["d"]), DISTRIBUTION, subject))
            elif predicate == MEMBER:
                # The query did not request the type of series.
                quads.append(Quad(subject, TYPE, SERIES))
        except (KeyError, ValueError, TypeError):
            # One statement with an invalid IRI or language is left out.
            continue
        if predicate == DISTRIBUTION and "d" not in row and isinstance(value, BlankNode):
            # The node comes again with the distributions, under another name.
            continue
        store.extend(quads)
