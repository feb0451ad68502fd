"""Read an RDF document in the child process, and write the descriptions of its datasets to a file, line by line.

The harvesting process never parses a portal's RDF itself; its side is :mod:`~harvester.spiders.rdf.child`.
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
"""Maximum number of bytes for all descriptions of a document."""


def read(
    document: Path,
    *,
    syntax: str,
    url: str,
    folder: str,
    awaited: list[str],
    fixed: dict[str, str] | None = None,
    in_memory: int = IN_MEMORY,
) -> dict[str, Any]:
    """Parse the RDF ``document`` and write its datasets to "datasets.jsonl" in ``folder``, one line for each.

    A line holds the IRI and the description of a dataset; datasets without an IRI come last. ``syntax`` is the media
    type, and ``url`` the address of the document. ``awaited`` are IRIs of further nodes to describe. Documents of up to
    ``in_memory`` bytes are parsed in memory. The result holds the fields of
    :class:`~harvester.spiders.rdf.child.RdfSummary`.

    If the strict parser refuses some records, nothing is described. Their texts are written to numbered files in the
    folder, and the result is only ``{"refused": numbers}``. The caller lets the lenient parser read these files, and
    calls again with its results in ``fixed``; see :func:`~harvester.spiders.rdf.files.load`.
    """
    form = RdfFormat.from_media_type(syntax)
    assert form is not None
    place = Path(folder)
    place.mkdir(exist_ok=True)
    known = {int(key): value for key, value in (fixed or {}).items()} or None
    graph = load(document, form, place / "store", known, in_memory)
    if fixed is None and (left := {n: one for n, one in enumerate(graph.refused) if not one.fault}):
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
    """Yield the descriptions of datasets with their IRIs; those without one come last, in a fixed order."""
    for subject in subjects:
        if isinstance(subject, NamedNode):
            yield iri_of(subject), describe(graph.store, subject, url)
    blank = [describe(graph.store, one, url) for one in subjects if not isinstance(one, NamedNode)]
    for node in sorted(blank, key=json_text):
        yield None, node


def _head(store: Store, url: str) -> dict[str, Any]:
    """Return the next page and the total as stated by hydra."""
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
        # Of several representations, take the one that was read.
        own = urlsplit(url).path
        found["next"] = min(links, key=lambda one: (is_page({"href": one}), urlsplit(one).path != own))
    found["is_paged"] = bool(links) or any(next(quads_of(store, name), None) for name in PAGED)
    for quad in quads_of(store, "hydra:totalItems"):
        if isinstance(quad.object, Literal) and re.fullmatch(r"[0-9]{1,12}", quad.object.value):
            found["total"] = int(quad.object.value)
    return found


def _matched(document: Path, form: RdfFormat) -> dict[str, Any]:
    """Return the total stated by a catalogue service whose response holds RDF."""
    if form != RdfFormat.RDF_XML:
        return {}
    with document.open("rb") as file:
        found = re.search(rb"""\snumberOfRecordsMatched\s*=\s*["']([0-9]{1,12})["']""", file.read(65_536))
    return {"total": int(found[1])} if found else {}


def _own_host(link: str, url: str) -> str:
    """Return a next link on the host and scheme of its page; many portals name one that only they can reach."""
    own, other = urlsplit(url), urlsplit(link)
    return urlunsplit((own.scheme, own.netloc, other.path, other.query, ""))


def _whole(iri: str, base: str) -> str:
    """Return an IRI; a relative one is joined to its document's address."""
    try:
        return urljoin(base, iri.removeprefix(RELATIVE)) if iri.startswith(RELATIVE) else iri
    except ValueError:
        return iri


def count(document: bytes, *, syntax: str, url: str) -> dict[str, Any]:
    """Return what the beginning of an RDF document shows about its catalogue, as a dict with three keys.

    ``document`` are the first bytes, ``syntax`` the media type, ``url`` the address. "total" is the number of datasets
    stated by hydra, as text, or None. "named" is the number of datasets found. "is_page" is True if the document names
    a next page, or if it is truncated or malformed, because a next page may then be named later.
    """
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
        # Truncated or malformed: what came before may still state hydra paging.
        is_page = True
    return {"total": total, "named": len(named), "is_page": is_page}
