"""Cut an RDF document that the strict parser refuses into documents of one record each.

RDF/XML is cut at its tags without an XML parser, because a malformed record must not affect the next one. JSON-LD is
cut into the nodes of its lists, Turtle into statements.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pyoxigraph import RdfFormat

from harvester.spiders.base.json_stream import Element, StreamEnd, UnreadableElement, records
from harvester.spiders.rdf.context import with_context

__all__ = ["MAX_PIECE", "Piece", "json_pieces", "root_of", "statements_at", "xml_pieces"]

MAX_PIECE = 1_000_000
"""Maximum size in bytes of a record that is read alone."""
MAX_DEPTH = 200
# All quantifiers are possessive: a tag without an end is given up at once, not retried with every split of its blanks.
_TAG = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|"
    rb"<(?P<close>/?)(?P<name>[A-Za-z_][\w.:-]*+)(?P<rest>(?:[^<>\"']++|\"[^\"]{0,65535}+\"|'[^']{0,65535}+')*+)>",
    re.DOTALL,
)
_PROLOG = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*+(?P<declaration><\?xml\s.*?\?>)?(?:\s++|<!--.*?-->|<\?.*?\?>)*+"
    rb"(?P<doctype><!DOCTYPE[^\[>]*+(?:\[.*?\]\s*+)?>)?(?:\s++|<!--.*?-->|<\?.*?\?>)*+"
    rb"<(?P<root>[A-Za-z_][\w.:-]*+)",
    re.DOTALL,
)
_ABOUT = re.compile(rb"""\s(?:[\w.-]+:)?(?:about|ID)\s*=\s*("[^"]*"|'[^']*')""")
_SCOPED = re.compile(rb"""\s((?:xmlns(?::[\w.-]+)?|xml:lang|xml:base)\s*=\s*(?:"[^"]*"|'[^']*'))""")
_HOLDERS = (b"dataset", b"record", b"service", b"catalog")
"""Properties of a catalogue that hold records."""
_NODES = (b"Dataset", b"DatasetSeries", b"CatalogRecord", b"Catalog", b"Distribution", b"DataService")
_RDF = b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'


class Piece(NamedTuple):
    """A record cut out of a long RDF document, as a small document of its own."""

    text: bytes
    about: str | None
    """IRI of the record as written, if it has one."""
    fault: str | None = None
    """Why it cannot be read at all; None if it may be readable."""
    refusal: str = ""
    """Message of the strict parser about it."""


def root_of(head: bytes) -> bytes | None:
    """Return the name of the root element of an XML document, with its prefix; None if there is none in ``head``.

    ``head`` are the first bytes of the document.
    """
    found = _PROLOG.match(head)
    return found["root"] if found else None


@dataclass(slots=True)
class _Open:
    """An element that has begun and not ended."""

    name: bytes
    start: int
    rest: bytes
    cut: list[tuple[int, int]] = field(default_factory=list)
    """Spans of records inside it, which are read on their own."""


def _local(name: bytes) -> bytes:
    return name.rpartition(b":")[2]


def xml_pieces(path: Path) -> Iterator[Piece]:
    """Yield each record of the RDF/XML document ``path`` as a small document of its own.

    Records are the nodes directly below the root, and the nodes inside a catalogue. RDF inside other XML, as in a
    response of a catalogue service, is found too. A malformed record does not affect the others. Reading ends at an
    element nested more than MAX_DEPTH deep. Nothing is yielded if there is no root element.
    """
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        prolog = _PROLOG.match(text[:262_144])
        if prolog is None:
            return
        before = b"\n".join(one for one in (prolog["declaration"], prolog["doctype"]) if one)
        stack: list[_Open] = []
        # Depth of the nodes; None until RDF has begun.
        first: int | None = None
        for tag in _TAG.finditer(text, prolog.start("root") - 1):
            name = tag["name"]
            if name is None:
                continue
            if not tag["close"]:
                if len(stack) >= MAX_DEPTH:
                    return
                if first is not None and _is_unclosed(stack, name, first):
                    # The record before has no end tag, so it ends here.
                    yield from _ended(text, stack, first, tag.start(), before, first)
                if first is None:
                    first = _first(name, tag["rest"], len(stack))
                stack.append(_Open(name, tag.start(), tag["rest"].removesuffix(b"/")))
                if not tag["rest"].endswith(b"/"):
                    continue
            at = next((n for n in range(len(stack) - 1, -1, -1) if stack[n].name == name), None)
            if at is not None:
                yield from _ended(text, stack, at, tag.end(), before, first)
                if first is not None and at < max(first, 1):
                    first = None
        if stack:
            yield from _ended(text, stack, 0, len(text), before, first, is_cut=True)


def _first(name: bytes, rest: bytes, depth: int) -> int | None:
    """Return the depth of the nodes if an element at a depth begins RDF: below ``rdf:RDF``, or a node without it."""
    if _local(name) == b"RDF":
        return depth + 1
    is_node = b":" in name and (_local(name) in _NODES or (not depth and _ABOUT.search(rest) is not None))
    return depth if is_node else None


def _is_unclosed(stack: list[_Open], name: bytes, first: int) -> bool:
    """Return whether a node begins where a property must be: RDF/XML alternates nodes and properties."""
    if len(stack) <= first or _local(name) not in _NODES or b":" not in name:
        return False
    return (len(stack) - first) % 2 == 1 and stack[first].name == name


def _ended(
    text: Any, stack: list[_Open], at: int, end: int, before: bytes, first: int | None, is_cut: bool = False
) -> Iterator[Piece]:
    """Close the element at a depth with the unclosed ones inside it; yield the record if it is one."""
    for inner in stack[at + 1 :]:
        stack[at].cut += inner.cut
    one = stack[at]
    if first is None:
        del stack[at:]
        return
    is_top = at == first
    is_held = at == first + 2 and _local(stack[at - 1].name) in _HOLDERS and _local(stack[first].name) == b"Catalog"
    if at >= first and (is_top or is_held):
        yield _piece(text, stack, at, end, before, is_cut)
        if is_held:
            stack[at - 1].cut.append((one.start, end))
            one.cut = []
    elif at < first and len(stack) > first:
        # The end of the record is missing.
        yield _piece(text, stack, first, end, before, is_cut)
    if at and at > first:
        stack[at - 1].cut += one.cut
    del stack[at:]


def _piece(text: Any, stack: list[_Open], at: int, end: int, before: bytes, is_cut: bool) -> Piece:
    one = stack[at]
    about = _ABOUT.search(one.rest)
    iri = about[1][1:-1].decode("utf-8", "replace") if about else None
    if is_cut:
        return Piece(b"", iri, "the document breaks off in it")
    parts, position = [], one.start
    for start, stop in sorted(one.cut):
        parts.append(text[position:start])
        position = stop
    parts.append(text[position:end])
    scope: dict[bytes, bytes] = {}
    for above in stack[:at]:
        for found in _SCOPED.findall(above.rest):
            scope[found.partition(b"=")[0].strip()] = found
    if b"xmlns:rdf" not in scope:
        scope[b"xmlns:rdf"] = _RDF
    root = b"<rdf:RDF " + b" ".join(scope.values()) + b">"
    return Piece(b"".join([before, b"\n", root, b"\n", *parts, b"\n</rdf:RDF>"]), iri)


# JSON-LD

_LISTS = ("@graph", "dataset", "record", "service", "catalog")


def json_pieces(path: Path) -> Iterator[Piece]:
    """Yield each node in the lists of the JSON-LD document ``path`` as a small document, with the context of the
    document.

    If the context does not stand within the first MAX_PIECE bytes, that of DCAT is assumed. A node that is no valid
    JSON is yielded without text and with its fault. After the nodes comes what stands outside the lists, such as the
    catalogue itself, and a piece without text if the document was not read to its end.
    """
    context: Any = None
    with path.open("rb") as file:
        # The context usually comes first; if not, the usual terms are assumed.
        head = file.read(MAX_PIECE)
    if found := re.search(rb'"@context"\s*:\s*', head):
        try:
            context, _ = json.JSONDecoder().raw_decode(head.decode("utf-8", "replace"), _chars(head, found.end()))
        except (ValueError, RecursionError):
            context = None
    if context is None:
        context = "http://www.w3.org/ns/dcat"
    for element in records(path, *_LISTS):
        if isinstance(element, UnreadableElement):
            yield Piece(b"", _id_in(element.text), element.message)
        elif isinstance(element, Element) and isinstance(element.value, dict):
            yield _json_piece(context, element.value)
        elif isinstance(element, StreamEnd):
            if element.head:
                # This is the catalogue itself, which may name further pages, or a document with one node.
                yield _json_piece(context, element.head)
            if element.fault and not (element.head and element.fault.startswith("the document has no")):
                yield Piece(b"", None, element.fault)


def _json_piece(context: Any, node: dict[str, Any]) -> Piece:
    about = node.get("@id") or node.get("id")
    has_own = "@context" in node and node["@context"] != context
    whole = {"@context": [context, node["@context"]] if has_own else context}
    whole |= {key: value for key, value in node.items() if key != "@context"}
    text = with_context(json.dumps(whole).encode("utf-8", "replace"))[0]
    return Piece(text, about if isinstance(about, str) else None)


def _chars(head: bytes, at: int) -> int:
    return len(head[:at].decode("utf-8", "replace"))


def _id_in(text: str) -> str | None:
    found = re.search(r'"@id"\s*:\s*"([^"\\]+)"', text)
    return found[1] if found else None


# Turtle, N-Triples

_PREFIX = re.compile(rb"(?im)^[ \t]*@?(?:prefix|base)[ \t][^\n]*")
MAX_PREFIXES = 1_000


def statements_at(path: Path, lines: list[int], syntax: RdfFormat) -> Iterator[tuple[Piece, range]]:
    """Yield the Turtle or N-Triples statements that contain the given ``lines`` of the document ``path``.

    ``lines`` are sorted line numbers, counted from 1. Each statement comes with the prefixes declared before it, so
    that it can be parsed alone, and with the range of its lines. A statement is taken to begin after the last line that
    ends with a full stop or declares a prefix. One that has no end comes with a fault. ``syntax`` is Turtle, N3 or
    N-Triples; in N-Triples every line is a statement.
    """
    prefixes: list[bytes] = []
    body: list[bytes] = []
    number, start, size = 0, 1, 0
    is_plain = syntax == RdfFormat.N_TRIPLES
    wanted = iter([*lines, 0])
    next_line = next(wanted)
    with path.open("rb") as file:
        while next_line and (text := file.readline(MAX_PIECE)):
            number += 1
            is_prefix = not is_plain and _PREFIX.match(text) is not None
            if is_prefix and number != next_line:
                prefixes += [text] if len(prefixes) < MAX_PREFIXES else []
                body, start, size = [], number + 1, 0
                continue
            size += len(text)
            body += [text] if size <= MAX_PIECE else []
            if is_plain or text.partition(b" #")[0].rstrip().endswith(b"."):
                if number >= next_line:
                    yield _statement(prefixes, body, size), range(start, number + 1)
                    while next_line and next_line <= number:
                        next_line = next(wanted)
                body, start, size = [], number + 1, 0
    if next_line:
        whole = _statement(prefixes, body, size)
        yield whole._replace(fault="the statement has no end"), range(start, next_line + number + 1)


def _statement(prefixes: list[bytes], body: list[bytes], size: int) -> Piece:
    text = b"".join(body)
    subject = re.match(rb"\s*<([^>]*)>", text)
    about = subject[1].decode("utf-8", "replace") if subject else None
    fault = f"it has {size:,} bytes, too many to be read alone" if size > MAX_PIECE else None
    return Piece(b"".join([*prefixes, text]), about, fault)
