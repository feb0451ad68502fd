"""What a bounded child does with an RDF document: it writes the descriptions of its datasets to a file, line by line.

The process that harvests never parses RDF of a portal itself. Its side is :mod:`~harvester.spiders.rdf.child`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from pyoxigraph import Literal, NamedNode, RdfFormat, Store, parse

from catalog.model.canonical import json_text
from harvester.spiders.base.next_links import is_page
from harvester.spiders.rdf.files import IN_MEMORY, ParsedGraph, load
from harvester.spiders.rdf.members import split_members
from harvester.spiders.rdf.nodes import RELATIVE, Node, datasets_of, describe, iri_of, quads_of

__all__ = ["MAX_OUT", "count", "read"]

PAGED = ("hydra:totalItems", "hydra:itemsPerPage", "hydra:first", "hydra:firstPage", "hydra:last", "hydra:lastPage")
NEXT = ("hydra:next", "hydra:nextPage")
MAX_OUT = 4 << 30
"""Bytes of all descriptions of a document."""


def read(
    document: Path,
    *,
    syntax: str,
    url: str,
    folder: str,
    awaited: list[str],
    mended: dict[str, str] | None = None,
    in_memory: int = IN_MEMORY,
) -> dict[str, Any]:
    """Read a document into ``folder``: "datasets.jsonl", each line the IRI and the node of one; blank ones last.

    ``awaited``: IRIs of which a description is asked for. Where records were refused, nothing is described: their
    texts are files of the folder, by number, and are read elsewhere; ``mended`` then tells what became of them.
    """
    form = RdfFormat.from_media_type(syntax)
    assert form is not None
    place = Path(folder)
    place.mkdir(exist_ok=True)
    known = {int(key): value for key, value in (mended or {}).items()} or None
    graph = load(document, form, place / "store", known, in_memory)
    if mended is None and (left := {n: one for n, one in enumerate(graph.refused) if not one.fault}):
        for number, piece in left.items():
            (place / f"{number}.piece").write_bytes(piece.text)
        return {"refused": sorted(left)}
    subjects = datasets_of(graph.store)
    untyped, bare = split_members(graph.store, subjects)
    with (place / "datasets.jsonl").open("wb") as out:
        for iri, node in _nodes(graph, subjects + untyped, url):
            out.write(json_text([iri, node]).encode("utf-8", "surrogatepass") + b"\n")
            if out.tell() > MAX_OUT:
                graph.is_cut = True
                break
    found = {
        "head": _matched(document, form) | _head(graph.store, url),
        "faults": [[fault.message, fault.near] for fault in graph.faults],
        "lenient": [[one.message, one.near] for one in graph.lenient],
        "is_cut": graph.is_cut,
        "notes": graph.notes,
        "triples": graph.triples,
        "described": {one: describe(graph.store, NamedNode(one), url) for one in awaited},
        "listed_only": [_whole(iri_of(one), url) for one in bare],
    }
    graph.store = Store()
    shutil.rmtree(place / "store", ignore_errors=True)
    return found


def _nodes(graph: ParsedGraph, subjects: list[Any], url: str) -> Iterator[tuple[str | None, Node]]:
    """The descriptions of datasets, with their IRIs; those without one last, in an order that is always the same."""
    for subject in subjects:
        if isinstance(subject, NamedNode):
            yield iri_of(subject), describe(graph.store, subject, url)
    blank = [describe(graph.store, one, url) for one in subjects if not isinstance(one, NamedNode)]
    for node in sorted(blank, key=json_text):
        yield None, node


def _head(store: Store, url: str) -> dict[str, Any]:
    """The next page and the total, as hydra tells them."""
    found: dict[str, Any] = {}
    links = []
    for name in NEXT:
        for quad in quads_of(store, name):
            is_iri = isinstance(quad.object, NamedNode)
            value = iri_of(quad.object) if is_iri else getattr(quad.object, "value", "")
            if value := value.removeprefix(RELATIVE).strip():
                try:
                    links.append(_own_host(urljoin(url, value), url))
                except ValueError:
                    found["fault"] = f"the next link is no address: {value[:200]}"
    if links:
        # Of several representations that which was read.
        own = urlsplit(url).path
        found["next"] = min(links, key=lambda one: (is_page({"href": one}), urlsplit(one).path != own))
    found["is_paged"] = bool(links) or any(next(quads_of(store, name), None) for name in PAGED)
    for quad in quads_of(store, "hydra:totalItems"):
        if isinstance(quad.object, Literal) and re.fullmatch(r"[0-9]{1,12}", quad.object.value):
            found["total"] = int(quad.object.value)
    return found


def _matched(document: Path, form: RdfFormat) -> dict[str, Any]:
    """The total of a catalogue service whose answer holds RDF."""
    if form != RdfFormat.RDF_XML:
        return {}
    with document.open("rb") as file:
        found = re.search(rb"""\snumberOfRecordsMatched\s*=\s*["']([0-9]{1,12})["']""", file.read(65_536))
    return {"total": int(found[1])} if found else {}


def _own_host(link: str, url: str) -> str:
    """A next link on the host and scheme that the page came from: many name one that only they can reach."""
    own, other = urlsplit(url), urlsplit(link)
    return urlunsplit((own.scheme, own.netloc, other.path, other.query, ""))


def _whole(iri: str, base: str) -> str:
    """An IRI, one that is relative joined to the address of its document."""
    try:
        return urljoin(base, iri.removeprefix(RELATIVE)) if iri.startswith(RELATIVE) else iri
    except ValueError:
        return iri


def count(document: bytes, *, syntax: str, url: str) -> dict[str, Any]:
    """What the beginning of a document tells: "total" as hydra says it, "named" datasets, whether there are pages."""
    form = RdfFormat.from_media_type(syntax)
    assert form is not None
    kinds = {"http://www.w3.org/ns/dcat#Dataset", "https://www.w3.org/ns/dcat#Dataset"}
    named: set[str] = set()
    total, is_page = None, False
    try:
        for quad in parse(document, format=form, base_iri=url, lenient=True):
            if quad.predicate.value.endswith("hydra/core#totalItems"):
                total = getattr(quad.object, "value", None)
            is_page = is_page or quad.predicate.value.endswith(("hydra/core#next", "hydra/core#nextPage"))
            if getattr(quad.object, "value", "") in kinds:
                named.add(str(quad.subject))
    except (SyntaxError, ValueError):
        # Cut off, or malformed somewhere: what came before still tells of hydra.
        is_page = True
    return {"total": total, "named": len(named), "is_page": is_page}
