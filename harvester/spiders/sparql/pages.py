"""A page of datasets that is asked of a SPARQL endpoint question by question, and the statements of the answers."""

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
    """A page of datasets, and what is still to be asked of them."""

    page_cursor: PageCursor
    ids: list[str]
    todo: list[tuple[str, list[str]]]
    store: Store = field(default_factory=Store)
    lost: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    is_halved: bool = False


def halves(ids: list[str], size: int) -> list[tuple[str, list[str]]]:
    """What is to be asked of some datasets, so many at a time."""
    parts = [ids[at : at + size] for at in range(0, len(ids), size)]
    return [(kind, part) for part in parts for kind in ("own", "files")]


def smaller(todo: list[tuple[str, list[str]]], size: int) -> list[tuple[str, list[str]]]:
    """The same questions about fewer datasets at a time."""
    return [(kind, ids[at : at + size]) for kind, ids in todo for at in range(0, len(ids), size)]


def fill(store: Store, rows: Sequence[dict[str, Any]], number: int) -> None:
    """Add the statements of an answer. Blank nodes are told apart by the number of the question."""

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
                # What a series is was not asked for.
                quads.append(Quad(subject, TYPE, SERIES))
        except (KeyError, ValueError, TypeError):
            # An IRI or language that is none: this one statement is left out.
            continue
        if predicate == DISTRIBUTION and "d" not in row and isinstance(value, BlankNode):
            # It comes with the distributions, under another name.
            continue
        store.extend(quads)
