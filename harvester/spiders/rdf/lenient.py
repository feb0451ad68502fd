"""Read with rdflib one record that the strict parser refuses.

Typical reasons are text inside elements with rdf:resource, invalid language tags, and addresses with blanks. This runs
in a child process without network. rdflib is also kept from opening addresses and files: a remote ``@context`` is a
fault of the record and causes no request.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from harvester.spiders.rdf.nodes import BASE

__all__ = ["LEFT_OUT", "read"]

LEFT_OUT = b"# statements left out: "
"""Start of the first line if some statements cannot be written as N-Triples; their number follows."""

_FORMATS = {
    "application/rdf+xml": "xml",
    "application/ld+json": "json-ld",
    "text/turtle": "turtle",
    "application/n-triples": "turtle",
    "text/n3": "n3",
}
_AMPERSAND = re.compile(r"&(?!(?:#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z_][\w.-]{0,63});)")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)""")
_TAG = re.compile(r'(?<=")@([A-Za-z]{2,8}(?:[_-]+[A-Za-z0-9]*)*)(?=[\s;,.\])])')
_BAD_ESCAPE = re.compile(r"""\\(?![tbnrf"'\\uU_~.\-!$&()*+,;=/?#@%])""")
_USUAL = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "adms": "http://www.w3.org/ns/adms#",
}
"""Prefixes that portals use without declaring them."""
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


def read(document: bytes, *, syntax: str) -> bytes:
    """Parse the RDF ``document`` of one record with rdflib, and return its triples as sorted N-Triples.

    ``syntax`` is the media type of the document. Triples that cannot be written as N-Triples are left out; the first
    line is then a comment with their number (:data:`LEFT_OUT`). Raise ValueError if rdflib refuses the document too.
    """
    import rdflib

    logging.disable(logging.CRITICAL)
    text = _text(document)
    if syntax == "application/rdf+xml":
        # The XML declaration names the encoding of the bytes, which are decoded already.
        text = _NO_XML.sub("", _AMPERSAND.sub("&amp;", re.sub(r"\A\s*<\?xml.*?\?>", "", text, flags=re.DOTALL)))
    elif syntax != "application/ld+json":
        text = _BAD_ESCAPE.sub(r"\\\\", _TAG.sub(lambda tag: "@" + re.sub(r"[_-]+", "-", tag[1]).strip("-"), text))
        missing = [name for name in _USUAL if re.search(rf"\b{name}:", text) and f"prefix {name}:" not in text.lower()]
        text = "".join(f"@prefix {name}: <{_USUAL[name]}> .\n" for name in missing) + text
    graph = rdflib.Dataset()
    try:
        with _nothing_opened():
            graph.parse(data=text, format=_FORMATS[syntax], publicID=BASE)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # parsers raise whatever comes
        said = str(error.getMessage() if hasattr(error, "getMessage") else error)
        raise ValueError(re.sub(r"\s+", " ", said)[:300] or type(error).__name__) from None
    lines, left_out = [], 0
    for subject, predicate, value, _ in graph.quads():
        terms = [_term(one) for one in (subject, predicate, value)]
        if all(terms):
            lines.append(f"{' '.join(map(str, terms))} .")
        else:
            left_out += 1
    head = LEFT_OUT + b"%d\n" % left_out if left_out else b""
    return head + "\n".join(sorted(lines)).encode("utf-8", "replace")


@contextmanager
def _nothing_opened() -> Iterator[None]:
    """Prevent rdflib from opening addresses or files that a document names (``@context``, ``@import``)."""
    from rdflib import parser as library

    parser: Any = library

    def refuse(*, location: str, **_: Any) -> Any:
        raise ValueError(f"{location[:200]} is not opened: a record has to say everything itself")

    opener = parser._create_input_source_from_location
    parser._create_input_source_from_location = refuse
    try:
        yield
    finally:
        parser._create_input_source_from_location = opener


def _text(document: bytes) -> str:
    """Decode a document in its stated encoding; bytes that are not UTF-8 are read as Western European."""
    declared = _DECLARED.match(document)
    for name in (declared[1].decode() if declared else "utf-8", "utf-8"):
        try:
            return document.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return document.decode("cp1252", "replace")


def _term(one: Any) -> str | None:
    """Return an rdflib term as pyoxigraph writes it."""
    import rdflib
    from pyoxigraph import BlankNode, Literal, NamedNode

    try:
        if isinstance(one, rdflib.BNode):
            return str(BlankNode(f"r{str(one).encode().hex()}"))
        if isinstance(one, rdflib.URIRef):
            return str(NamedNode(_iri(str(one))))
        text = str(one)
        if one.language:
            tag = one.language.replace("_", "-").strip("-")
            return str(Literal(text, language=tag) if _LANGUAGE.fullmatch(tag) else Literal(text))
        return str(Literal(text, datatype=NamedNode(_iri(str(one.datatype))))) if one.datatype else str(Literal(text))
    except ValueError:
        return None


def _iri(text: str) -> str:
    """Return an IRI with the characters escaped that must not stand in one."""
    return re.sub(r'[\x00-\x20<>"{}|\\^`]', lambda found: quote(found[0]), text.strip())
