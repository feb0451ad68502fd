"""DCAT and DCAT-AP as RDF: Turtle, N-Triples, RDF/XML or JSON-LD.

Quirks handled: hydra paging in both of its vocabularies (``next`` and ``nextPage``), as IRI or text, to another host
or scheme; a page past the end without datasets; contexts that must not be fetched; datasets that are only mentioned;
distributions described on a later page; statements that are malformed, which are lost alone.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit, urlunsplit

from pyoxigraph import Literal, NamedNode
from scrapy import Request
from scrapy.http import Response

from catalog.canonical import json_text
from catalog.model import Dataset
from harvester.spiders.about import About
from harvester.spiders.dcat_rdf_record import to_dataset
from harvester.spiders.feed import FeedSpider
from harvester.spiders.json_stream import Broken, Element, StreamEnd
from harvester.spiders.rdf_files import Graph, load, syntax_of
from harvester.spiders.rdf_nodes import RELATIVE, Node, datasets_of, describe, iri_of, quads_of

__all__ = ["Spider"]

PLACES = ("", "/catalog.ttl", "/catalog.rdf", "/catalog.xml", "/catalog.jsonld", "/catalog.n3", "/feeds/dcat")
"""Where catalogues lie, below the portal's address."""
NEXT = ("hydra:next", "hydra:nextPage")
PARTS = ("dcat:distribution", "dcat:distributions")


class Spider(FeedSpider):
    """All datasets of an RDF catalogue."""

    type = "dcat-rdf"
    about = About(
        software="DCAT 2 and 3, DCAT-AP and its national profiles: Turtle, N-Triples, RDF/XML, JSON-LD",
        paging="hydra links (`next`, `nextPage`); documents are read from disk statement by statement",
        incremental="not offered",
        deletion="absent from all pages",
        limits="JSON-LD up to 200 MB; contexts are not fetched",
        loses="what the portal's software does not express in DCAT",
        rank=70,
    )
    element = "statement"
    broken = "a statement cannot be read"
    headers: ClassVar[dict[str, str]] = {
        "Accept": "text/turtle, application/n-triples;q=0.9, application/rdf+xml;q=0.8, application/ld+json;q=0.7, "
        "*/*;q=0.1"
    }

    choice = 0
    """Which of the places is tried."""

    @property
    def places(self) -> tuple[str, ...]:
        """Addresses to try, the portal's own first."""
        url = self.portal.url
        is_document = "?" in url or re.search(r"(?i)\.(ttl|rdf|xml|jsonld|json|nt|n3)$", url)
        return (url,) if is_document else tuple(url.rstrip("/") + place for place in PLACES)

    @property
    def feed(self) -> str:
        return self.places[self.choice]

    def instead(self, number: int) -> Request | None:
        if self.choice + 1 >= len(self.places):
            return None
        self.choice += 1
        return self.get_feed(1)

    def begin_feed(self) -> Any:
        place = self.cursor or {}
        self.waiting: dict[str, Node] = place.get("waiting", {})
        """Datasets some of whose distributions have not been described yet."""
        return super().begin_feed()

    def at_page(self) -> dict[str, Any]:
        return {"waiting": json.loads(json_text(self.waiting))}

    def before_page(self, number: int, more: bool | str) -> dict[str, Any]:
        return {**super().before_page(number, more), "waiting": self.waiting}

    # Reading

    def elements(self, path: Path, response: Response) -> Iterator[Any]:
        with path.open("rb") as file:
            head = file.read(4_000)
        syntax = syntax_of(head, (response.headers.get("Content-Type") or b"").decode("latin-1"))
        if syntax is None:
            what = "an HTML or XML page came where RDF was expected" if b"<" in head[:200] else "the answer is no RDF"
            yield StreamEnd(what if head.strip() else "the answer is empty", {})
            return
        scratch = path.with_suffix(".graph")
        try:
            graph = load(path, syntax, scratch)
            self.tally.notes += [note for note in graph.notes if note not in self.tally.notes]
            yield from self.described(graph, response.url)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def described(self, graph: Graph, url: str) -> Iterator[Any]:
        """The datasets of a document; what is malformed in it; and its end."""
        subjects = datasets_of(graph.store)
        head = self.head(graph, url)
        damaged = {fault.near: fault.message for fault in graph.faults if fault.near}
        named: set[str] = set()
        index, self.stands_alone = 0, not self.waiting
        for iri, node in chain(self.completed(graph, url), _nodes(graph, subjects, url)):
            if hit := damaged and _ids(node) & damaged.keys():
                # What is left of it would be judged as if it were all.
                named |= hit
                yield Broken(index, damaged[min(hit)], "", iri)
            elif iri and head.get("next") and _undescribed(node):
                self.waiting[iri] = node
                self.stands_alone = False
            else:
                yield Element(index, node, iri)
            index += 1
        others: list[tuple[str | None, str]] = [(n, message) for n, message in damaged.items() if n not in named]
        others += [(None, fault.message) for fault in graph.faults if fault.near is None]
        for near, message in others:
            yield Broken(index, message, "", near)
            index += 1
        if not head.get("next"):
            for iri in sorted(self.waiting):
                yield Element(index, self.waiting[iri], iri)
                index += 1
            self.waiting = {}
        why_cut = head.get("fault") or ("the document breaks off" if graph.is_cut else None)
        if not graph.triples and not graph.faults:
            why_cut = "the document holds no RDF statement"
        yield StreamEnd(why_cut, head)

    def completed(self, graph: Graph, url: str) -> list[tuple[str, Node]]:
        """Datasets of earlier pages whose distributions this one describes."""
        whole = []
        for iri, node in list(self.waiting.items()):
            for name in PARTS:
                node[name] = [
                    describe(graph.store, NamedNode(one["@id"]), url) if set(one) == {"@id"} else one
                    for one in node.get(name, ())
                ]
            if not _undescribed(node):
                whole.append((iri, self.waiting.pop(iri)))
        return whole

    def head(self, graph: Graph, url: str) -> dict[str, Any]:
        """The next page and the total, as hydra tells them."""
        found: dict[str, Any] = {}
        for name in NEXT:
            for quad in quads_of(graph.store, name):
                is_iri = isinstance(quad.object, NamedNode)
                value = iri_of(quad.object) if is_iri else getattr(quad.object, "value", "")
                if value := value.removeprefix(RELATIVE).strip():
                    try:
                        found["next"] = _own_host(urljoin(url, value), url)
                    except ValueError:
                        found["fault"] = f"the next link is no address: {value[:200]}"
        for quad in quads_of(graph.store, "hydra:totalItems"):
            if isinstance(quad.object, Literal) and re.fullmatch(r"[0-9]{1,12}", quad.object.value):
                found["total"] = int(quad.object.value)
        return found

    def more(self, end: StreamEnd, on_page: int) -> bool | str:
        self.tally.advertise(end.head.get("total"))
        return end.head.get("next") or False

    def to_dataset(self, raw: Any) -> Dataset:
        return to_dataset(raw)


def _nodes(graph: Graph, subjects: list[Any], url: str) -> Iterator[tuple[str | None, Node]]:
    """The descriptions of datasets, with their IRIs; those without one last, in an order that is always the same."""
    for subject in subjects:
        if isinstance(subject, NamedNode):
            yield iri_of(subject), describe(graph.store, subject, url)
    blank = [describe(graph.store, one, url) for one in subjects if not isinstance(one, NamedNode)]
    for node in sorted(blank, key=json_text):
        yield None, node


def _own_host(link: str, url: str) -> str:
    """A next link on the host and scheme that the page came from: many name one that only they can reach."""
    own, other = urlsplit(url), urlsplit(link)
    return urlunsplit((own.scheme, own.netloc, other.path, other.query, ""))


def _undescribed(node: Node) -> bool:
    """Whether it has distributions of which there is nothing but the IRI."""
    return any(set(one) == {"@id"} for name in PARTS for one in node.get(name, ()))


def _ids(node: Any) -> set[str]:
    """All IRIs of a description."""
    if isinstance(node, dict):
        own = {node["@id"]} if "@id" in node else set()
        return own.union(*(_ids(value) for value in node.values()))
    return set().union(*(_ids(one) for one in node)) if isinstance(node, list) else set()
