"""Read RDF documents from disk into a store, statement by statement; a malformed statement is lost alone and reported.

Turtle, N-Triples and RDF/XML are streamed; long JSON-LD is read node by node. The strict parser reads first. What it
refuses is cut into documents of one record each for another parser (:mod:`~harvester.spiders.rdf.lenient`). All this
runs in a child process with limited memory and time: this module itself has no protection against hostile documents.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from harvester.spiders.rdf.context import with_context
from harvester.spiders.rdf.lenient import LEFT_OUT
from harvester.spiders.rdf.nodes import BASE, iri_of
from harvester.spiders.rdf.pieces import MAX_PIECE, Piece, json_pieces, root_of, statements_at, xml_pieces

__all__ = ["REFUSED", "RdfFault", "ParsedGraph", "load", "syntax_of"]

IN_MEMORY = 6_500_000
"""Size in bytes up to which a document's triples are held in memory (about a kilobyte each); above it, on disk."""
MAX_JSON_LD = 200_000_000
"""Maximum size of a JSON-LD document in bytes."""
WHOLE_JSON_LD = 10_000_000
"""Size in bytes up to which JSON-LD is parsed whole; above it, node by node."""
MAX_FAULTS = 1_000
REFUSED = "!refused"
"""Marks a record that the lenient parser refuses as well."""
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
"""Match language tags with an underscore, which many portals write and no parser accepts."""
_IS_RDF_XML = re.compile(
    rb"""<(?:[\w.-]+:)?rdf\s|\sxmlns(?::[\w.-]+)?\s*=\s*["']https?://www\.w3\.org/(?:1999/02/22-rdf-syntax-ns|ns/dcat)#"""
)
"""Match the root element of RDF, or the namespaces of a single node without it."""


@dataclass(slots=True)
class RdfFault:
    """A statement or record that the parser refused.

    ``message`` is the reason. ``near`` is the IRI of the node described there, or None if it is unknown. ``line``
    counts from 1, or is None.
    """

    message: str
    near: str | None
    line: int | None = None


@dataclass(slots=True)
class ParsedGraph:
    """The triples of one document in ``store``, with everything that the parser refused (``faults``).

    ``notes`` are sentences for the notes of the harvest. ``triples`` is the number of statements read.
    """

    store: Store
    faults: list[RdfFault] = field(default_factory=list)
    is_cut: bool = False
    """True if the document ends in the middle, or was not read to its end because of too many faults or its length."""
    notes: list[str] = field(default_factory=list)
    triples: int = 0
    lenient: list[RdfFault] = field(default_factory=list)
    """Records that the strict parser refused and the lenient parser has read; the message is that of the strict parser.
    """
    refused: list[Piece] = field(default_factory=list)
    """Records that the strict parser refused, as documents of one record each for the lenient parser, in a fixed order.
    """


def syntax_of(head: bytes, content_type: str) -> RdfFormat | None:
    """Return the RDF syntax of a document; None if it is not RDF, for example an HTML page.

    ``head`` are the first bytes of the document, ``content_type`` is its Content-Type header. RDF/XML and JSON-LD are
    recognised by the bytes alone. For any other document the header decides if it names another syntax of RDF, else the
    bytes do.
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = start.lower()
    if lower.startswith(b"<") and (lower.startswith(b"<!doctype html") or (root_of(lower) or b"") == b"html"):
        return None
    if lower.startswith(b"<") and _IS_RDF_XML.search(lower):
        return RdfFormat.RDF_XML
    if lower.startswith(b"<") and b"<html" in lower:
        return None
    if lower[:1] in (b"{", b"["):
        # Turtle may also begin with a bracket (a blank node); JSON-LD has quotation marks or a brace near the start.
        return RdfFormat.JSON_LD if b'"' in lower[:200] or lower[:1] == b"{" else RdfFormat.TURTLE
    declared = _BY_TYPE.get(content_type.partition(";")[0].strip().lower())
    if declared is not None and declared not in (RdfFormat.JSON_LD, RdfFormat.RDF_XML):
        return declared
    if re.match(rb"(?s)(#[^\n]*\n\s*)*(@prefix|@base|prefix|base)\s", lower):
        return RdfFormat.TURTLE
    if re.match(rb"(?s)(#[^\n]*\n\s*)*(<[^>\s]+>|_:\w+)\s+<[^>]+>\s+\S", start[:2_000]):
        return RdfFormat.N_TRIPLES
    return None


def load(
    path: Path,
    syntax: RdfFormat,
    scratch: Path,
    fixed: Mapping[int, str] | None = None,
    in_memory: int = IN_MEMORY,
) -> ParsedGraph:
    """Parse the RDF document ``path`` and return its triples; a malformed record does not prevent the reading of the
    others.

    ``syntax`` is the RDF syntax of the document. If it is longer than ``in_memory`` bytes, its triples are stored on
    disk in the folder ``scratch``, which is emptied first.

    ``fixed`` is None in the first reading. In a second reading it holds the results of the lenient parser for the
    records refused in the first one. It maps the index of a record in ``refused`` to the path of a file with N-Triples,
    or to "!" and the reason why the record cannot be read.
    """
    size = path.stat().st_size
    graph = ParsedGraph(_store(size, scratch, in_memory))
    # The JSON-LD parser needs twelve times the size of a document in memory.
    is_long = syntax == RdfFormat.JSON_LD and size > WHOLE_JSON_LD
    if not is_long and (fixed is None or syntax not in (RdfFormat.RDF_XML, RdfFormat.JSON_LD)):
        _read(path, syntax, graph)
    if syntax == RdfFormat.RDF_XML:
        graph.is_cut = _is_cut(path, size)
    is_cut_xml = syntax == RdfFormat.RDF_XML and graph.is_cut
    if not graph.faults and fixed is None and not is_cut_xml and not is_long:
        return graph
    if syntax in (RdfFormat.RDF_XML, RdfFormat.JSON_LD):
        # The parsers of these syntaxes stop at a fault, or leave out what belongs to it.
        found = list(_piecewise(path, syntax, size, partial(_store, size, scratch, in_memory), graph))
    else:
        found = list(_statements(path, syntax, graph))
    _fix(found, graph, fixed)
    return graph


def _store(size: int, scratch: Path, in_memory: int) -> Store:
    shutil.rmtree(scratch, ignore_errors=True)
    return Store() if size <= in_memory else Store(str(scratch))


def _is_cut(path: Path, size: int) -> bool:
    """Return whether an XML document's root element has no end, which the parser does not report."""
    with path.open("rb") as file:
        head = file.read(262_144)
        file.seek(max(0, size - 16_000))
        tail = re.sub(rb"(<!--(?:(?!-->).)*-->|<\?(?:(?!\?>).)*\?>|[\x00\s])+\Z", b"", file.read(), flags=re.DOTALL)
    root = root_of(head)
    if root is None:
        return True
    is_one_tag = size < 262_144 and tail.endswith(b"/>") and head.count(b"<" + root) == 1
    return not re.search(rb"</" + re.escape(root) + rb"\s*>\Z", tail) and not is_one_tag


def _add(graph: ParsedGraph, quads: Iterator[Quad]) -> None:
    while batch := list(islice(quads, BATCH)):
        graph.store.bulk_extend(batch)
        graph.triples += len(batch)


def _read(path: Path, syntax: RdfFormat, graph: ParsedGraph) -> None:
    """Read the whole document with the strict parser."""
    with path.open("rb") as file:
        source: BinaryIO = file
        if syntax == RdfFormat.JSON_LD:
            body, named = with_context(file.read())
            graph.notes += [
                f"the JSON-LD context {name} is not fetched: usual terms are read instead" for name in named
            ]
            source = io.BytesIO(body)
        elif syntax != RdfFormat.RDF_XML:
            source = io.BufferedReader(_FixedTags(file), 1 << 16)  # type: ignore[type-var,assignment,unused-ignore]
        _add(graph, _quads(source, syntax, graph))


def _quads(source: BinaryIO, syntax: RdfFormat, graph: ParsedGraph) -> Iterator[Quad]:
    """Yield the statements of a document, all in the default graph, skipping malformed ones."""
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
            # The parser reports the same end of file twice.
            if not (is_end and ends > 1):
                line = getattr(error, "lineno", None)
                graph.faults.append(RdfFault(message, near, line if isinstance(line, int) and not is_end else None))
            graph.is_cut = graph.is_cut or is_end
            if len(graph.faults) >= MAX_FAULTS or ends > 3:
                graph.is_cut = True
                return
            if syntax in (RdfFormat.RDF_XML, RdfFormat.JSON_LD):
                # It is read piece by piece instead.
                return
            continue
        if isinstance(quad.subject, NamedNode):
            near = iri_of(quad.subject)
        yield Quad(quad.subject, quad.predicate, quad.object)


def _piecewise(
    path: Path, syntax: RdfFormat, size: int, new_store: Callable[[], Store], graph: ParsedGraph
) -> Iterator[Piece]:
    """Load all records that the strict parser accepts one by one; yield those that it refuses."""
    was_cut = graph.is_cut and syntax == RdfFormat.RDF_XML
    faults, graph.faults, graph.triples, graph.is_cut = graph.faults, [], 0, was_cut
    graph.store = Store()
    graph.store = new_store()
    if size > MAX_JSON_LD and syntax == RdfFormat.JSON_LD:
        graph.faults.append(RdfFault(f"JSON-LD of {size:,} bytes; {MAX_JSON_LD:,} are read", None))
        graph.is_cut = True
        return
    read = 0
    batch: list[Quad] = []
    for piece in (xml_pieces if syntax == RdfFormat.RDF_XML else json_pieces)(path):
        read += 1
        try:
            if piece.fault:
                raise ValueError(piece.fault)
            quads = list(parse(piece.text, format=syntax, base_iri=BASE, lenient=True))
        except (SyntaxError, ValueError) as error:
            fault = piece.fault
            if len(piece.text) > MAX_PIECE:
                fault = f"{error}; the record has {len(piece.text):,} bytes, too many to be read alone"
            yield piece._replace(fault=fault, refusal=str(error).removeprefix("Parser error "))
            if len(graph.faults) + len(graph.refused) > MAX_FAULTS:
                graph.is_cut = True
                break
            continue
        batch += [Quad(one.subject, one.predicate, one.object) for one in quads]
        if len(batch) >= BATCH:
            _add(graph, iter(batch))
            batch = []
    _add(graph, iter(batch))
    if not read:
        graph.faults, graph.is_cut = faults, True


def _statements(path: Path, syntax: RdfFormat, graph: ParsedGraph) -> Iterator[Piece]:
    """Yield the statements that the Turtle parser refused before it went on."""
    at: dict[int, RdfFault] = {}
    for fault in graph.faults:
        if fault.line is not None:
            at[fault.line] = fault
    graph.faults = [fault for fault in graph.faults if fault.line is None]
    for piece, lines in statements_at(path, sorted(at), syntax):
        fault = at[next(line for line in sorted(at) if line in lines)]
        # A relative or prefixed name can only be resolved with what was read before.
        told = piece.about if "://" in (piece.about or "") else _named(piece, fault.near)
        yield piece._replace(about=told, fault=piece.fault and fault.message, refusal=fault.message)


def _named(piece: Piece, near: str | None) -> str | None:
    """Return the subject of a statement: the last one read, or None if unknown."""
    if piece.about:
        return near
    lines = [line for line in piece.text.split(b"\n") if not re.match(rb"(?i)\s*@?(prefix|base)\s", line)]
    found = re.match(rb"\s*[\w.-]*:([\w.-]+)\s", b"\n".join(lines))
    return near if not found or (near or "").endswith(found[1].decode("utf-8", "replace")) else None


def _fix(found: list[Piece], graph: ParsedGraph, fixed: Mapping[int, str] | None) -> None:
    """Add what the other parser could read from the refused records."""
    graph.refused = found
    for number, piece in enumerate(found):
        said = f"!{piece.fault}" if piece.fault else (fixed or {}).get(number)
        if said is None:
            continue
        if said.startswith("!"):
            # If both parsers refuse a record, the strict one's message is clearer.
            message = piece.fault or (piece.refusal if said == REFUSED else said[1:])
            graph.faults.append(RdfFault(message, iri_of(_absolute(piece.about)) if piece.about else None))
            continue
        near = iri_of(_absolute(piece.about)) if piece.about else None
        with Path(said).open("rb") as file:
            graph.lenient.append(RdfFault(piece.refusal + _left_out(file), near))
            quads = parse(file, format=RdfFormat.N_TRIPLES, lenient=True)
            _add(graph, (Quad(one.subject, one.predicate, one.object) for one in quads))


def _left_out(file: BinaryIO) -> str:
    """Return a message about statements that the lenient parser could not write; rewinds the file afterwards."""
    first = file.readline()
    file.seek(0)
    if not first.startswith(LEFT_OUT):
        return ""
    return f"; {int(first.removeprefix(LEFT_OUT))} of its statements hold no valid IRI and were left out"


def _absolute(text: str) -> NamedNode:
    try:
        return NamedNode(urljoin(BASE, text))
    except ValueError:
        return NamedNode(BASE)


class _FixedTags(io.RawIOBase):
    """A text of triples whose language tags are corrected while it is read, line by line."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.left = file, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.left:
            # A line without an end is read in pieces.
            line = self.file.readline(1 << 20)
            if not line:
                return 0
            self.left = _LANGUAGE.sub(rb"\1-\2", line)
        piece, self.left = self.left[: len(buffer)], self.left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)
