"""RDF documents on disk, read into a store statement by statement: what is malformed is lost alone, and said.

Turtle, N-Triples and RDF/XML are streamed; JSON-LD has to be held whole. Contexts of JSON-LD are never fetched: one
that is only named is replaced by the terms that catalogues use (``specs/vocabularies/dcat_context.json``).
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from harvester.spiders.rdf_nodes import BASE, iri_of
from specs.vocabularies import dcat_context

__all__ = ["Graph", "is_bomb", "load", "syntax_of"]

IN_MEMORY = 20_000_000
"""Bytes of a document whose triples are held in memory; those of a longer one lie on disk."""
MAX_JSON_LD = 200_000_000
"""Bytes of a JSON-LD document, which is parsed whole."""
MAX_FAULTS = 1_000
BATCH = 20_000
_BY_TYPE = {
    "text/turtle": RdfFormat.TURTLE,
    "application/x-turtle": RdfFormat.TURTLE,
    "text/n3": RdfFormat.N3,
    "text/rdf+n3": RdfFormat.N3,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/ld+json": RdfFormat.JSON_LD,
}
_LANGUAGE = re.compile(rb'(?<!\\)("@[A-Za-z]{2,8})_([A-Za-z0-9]{2,8})(?=[\s;,.\])])')
"""Language tags with an underscore, which many portals write and no parser reads."""
_ENTITY = re.compile(rb"""<!ENTITY\s+(?:%\s+)?[\w.-]+\s+("[^"]*"|'[^']*')""")
_MAX_SUBSET = 65_536
"""Bytes in which a document type must have ended."""
_MAX_ENTITY = 1_000
"""Bytes for which an entity may stand."""
_ROOT_END = re.compile(rb"</([\w.-]+:)?RDF\s*>\s*(<!--.*?-->\s*)*$", re.DOTALL)


@dataclass(slots=True)
class Fault:
    """A statement that cannot be read: what is wrong, where, and the node that was being described, if one was."""

    message: str
    near: str | None


@dataclass(slots=True)
class Graph:
    """A document as read."""

    store: Store
    faults: list[Fault] = field(default_factory=list)
    is_cut: bool = False
    """The document ends in the middle, or is no RDF from some point on."""
    notes: list[str] = field(default_factory=list)
    triples: int = 0


def syntax_of(head: bytes, content_type: str) -> RdfFormat | None:
    """The syntax of a document, by its first bytes, else by its media type; None where it is no RDF."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = start[:2_000].lower()
    if b"<rdf:rdf" in lower or (b"rdf-syntax-ns#" in lower and lower[:1] == b"<" and b"<?xml" in lower[:100]):
        return RdfFormat.RDF_XML
    if lower.startswith(b"<") and (lower.startswith(b"<!doctype html") or b"<html" in lower):
        return None
    if lower[:1] in (b"{", b"["):
        # Turtle may begin with a blank node in brackets; JSON-LD has an "@".
        return RdfFormat.JSON_LD if b'"' in lower[:200] or lower[:1] == b"{" else RdfFormat.TURTLE
    declared = _BY_TYPE.get(content_type.partition(";")[0].strip().lower())
    if declared is not None and declared not in (RdfFormat.JSON_LD, RdfFormat.RDF_XML):
        return declared
    if re.match(rb"(?s)(#[^\n]*\n\s*)*(@prefix|@base|prefix|base)\s", lower):
        return RdfFormat.TURTLE
    if re.match(rb"(?s)(#[^\n]*\n\s*)*(<[^>\s]+>|_:\w+)\s+<[^>]+>\s+\S", start[:2_000]):
        return RdfFormat.N_TRIPLES
    return None


def load(path: Path, syntax: RdfFormat, scratch: Path) -> Graph:
    """Read a document. Its triples lie in ``scratch`` where it is long; the folder is made anew."""
    size = path.stat().st_size
    shutil.rmtree(scratch, ignore_errors=True)
    graph = Graph(Store() if size <= IN_MEMORY else Store(str(scratch)))
    with path.open("rb") as file:
        source: BinaryIO = file
        if syntax == RdfFormat.RDF_XML:
            if is_bomb(file.read(_MAX_SUBSET + 1)):
                graph.faults.append(Fault("its document type unfolds to more than it holds: it is not read", None))
                graph.is_cut = True
                return graph
            # The parser takes the end of the file for the end of all elements.
            file.seek(max(0, size - 4_000))
            tail = file.read().rstrip(b"\x00 \t\r\n")
            graph.is_cut = not _ROOT_END.search(tail) and not (size < 4_000 and tail.endswith(b"/>"))
            file.seek(0)
        if syntax == RdfFormat.JSON_LD:
            if size > MAX_JSON_LD:
                graph.faults.append(Fault(f"JSON-LD of {size:,} bytes; {MAX_JSON_LD:,} are read", None))
                graph.is_cut = True
                return graph
            source = io.BytesIO(_with_context(file.read(), graph))
        elif syntax != RdfFormat.RDF_XML:
            source = io.BufferedReader(_Mended(file), 1 << 16)  # type: ignore[type-var,assignment,unused-ignore]
        quads = _quads(source, syntax, graph, path)
        while batch := list(islice(quads, BATCH)):
            graph.store.bulk_extend(batch)
            graph.triples += len(batch)
    return graph


def is_bomb(head: bytes) -> bool:
    """Whether an XML document declares entities that stand for more than a namespace: within one another, or long."""
    at = head.find(b"<!DOCTYPE")
    if at < 0:
        return False
    opened, end = head.find(b"[", at), head.find(b">", at)
    if opened < 0 or 0 <= end < opened:
        return False
    closed = head.find(b"]", opened)
    subset = head[opened : closed if closed >= 0 else None]
    values = [one[1:-1] for one in _ENTITY.findall(subset)]
    is_nested = any(re.search(rb"&(?!#)", one) or b"%" in one or len(one) > _MAX_ENTITY for one in values)
    return closed < 0 or is_nested or subset.count(b"<!ENTITY") > len(values) + 50


def _quads(source: BinaryIO, syntax: RdfFormat, graph: Graph, path: Path) -> Iterator[Quad]:
    """The statements of a document, all in the default graph; past those that are malformed."""
    near: str | None = None
    parser = parse(source, format=syntax, base_iri=BASE, lenient=True)
    ends = 0
    while True:
        try:
            quad = next(parser)
        except StopIteration:
            return
        except (SyntaxError, ValueError) as error:
            message = str(error).removeprefix("Parser error ")
            is_end = bool(re.search(r"(?i)unexpected end|end of (file|input)|not closed", message))
            ends += is_end
            # Two in a row are said of the same end.
            if not (is_end and ends > 1):
                told = near if syntax == RdfFormat.RDF_XML or is_end else _subject_at(path, error, near)
                graph.faults.append(Fault(message, told))
            graph.is_cut = graph.is_cut or is_end
            if len(graph.faults) >= MAX_FAULTS or ends > 3:
                graph.is_cut = True
                return
            continue
        if isinstance(quad.subject, NamedNode):
            near = iri_of(quad.subject)
        yield Quad(quad.subject, quad.predicate, quad.object)


def _subject_at(path: Path, error: Exception, near: str | None) -> str | None:
    """The subject of the statement that holds an error: the last one read, another, or None where it has no IRI.

    The parser says the line alone; a statement begins behind the last line that ends with a full stop.
    """
    number = getattr(error, "lineno", None)
    if not isinstance(number, int):
        return near
    with path.open("rb") as file:
        before = deque(islice(file, number), maxlen=200)
    statement: list[bytes] = [before.pop()] if before else []
    while before and not before[-1].split(b"#")[0].rstrip().endswith(b"."):
        statement.insert(0, before.pop())
    text = b"".join(statement).decode("utf-8", "replace")
    subject = re.match(r"\s*<([^>]*)>\s", text)
    if subject:
        iri = subject[1]
        # What is relative cannot be told from here.
        return iri if "://" in iri else near
    named = re.match(r"\s*[\w.-]*:([\w.-]+)\s", text)
    return near if named is None or (near or "").endswith(named[1]) else None


class _Mended(io.RawIOBase):
    """A text of triples with the language tags that can be mended, line by line."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.left = file, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.left:
            # A line without end is read in pieces.
            line = self.file.readline(1 << 20)
            if not line:
                return 0
            self.left = _LANGUAGE.sub(rb"\1-\2", line)
        piece, self.left = self.left[: len(buffer)], self.left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def _with_context(body: bytes, graph: Graph) -> bytes:
    """A JSON-LD document whose contexts are all at hand."""
    try:
        document = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return body
    named: set[str] = set()
    _replace_contexts(document, named, 0)
    graph.notes += [
        f"the JSON-LD context {name} is not fetched: usual terms are read instead" for name in sorted(named)
    ]
    return json.dumps(document).encode() if named else body


def _replace_contexts(value: Any, named: set[str], depth: int) -> None:
    if depth > 20:
        return
    if isinstance(value, list):
        for one in value:
            _replace_contexts(one, named, depth + 1)
    if not isinstance(value, dict):
        return
    context = value.get("@context")
    parts = context if isinstance(context, list) else [context]
    if any(isinstance(one, str) for one in parts):
        named.update(one for one in parts if isinstance(one, str))
        value["@context"] = [dcat_context() if isinstance(one, str) else one for one in parts if one is not None]
    for key, one in value.items():
        if key != "@context":
            _replace_contexts(one, named, depth + 1)
