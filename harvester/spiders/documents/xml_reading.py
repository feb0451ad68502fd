"""Read XML from portals by local names, because every catalogue chooses its own prefixes and schema versions.

Nothing outside the document is ever loaded: no DTD, no entity, no address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

__all__ = ["attribute", "canonical", "children", "find", "find_all", "local", "parse_xml", "tree_of", "value", "values"]

MAX_BYTES = 8_000_000
"""Size in bytes up to which a document is parsed directly; it then needs at most 460 MB of memory."""
MAX_NODES = 3_500_000
"""Maximum number of nodes in a longer document; each takes some 120 bytes of memory."""
_CHUNK = 1 << 16
_HTML = re.compile(rb"<(!doctype\s+html|html[\s>])", re.IGNORECASE)
_ILLEGAL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(x0*(1?[0-8bcef]|0|1[0-9adf])|0*([0-8]|1[124-9]|2\d|3[01]));", re.I
)
"""Match control characters that XML forbids, plain or as a reference; pasted text often contains them."""


def parse_xml(body: bytes, *, may_be_page: bool = True) -> etree._Element:
    """Return the root element of the XML document ``body``; nothing outside the document is loaded.

    Characters that XML forbids are removed if the document cannot be parsed with them. ``may_be_page`` is False if the
    document may mention HTML near its beginning without being an HTML page. Raise ValueError with a readable reason for
    an empty body, an HTML page, invalid or incomplete XML, and a document that is too large (see :func:`tree_of`).
    """
    body = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not body:
        raise ValueError("the response is empty")
    if may_be_page and _HTML.search(body[:1000]):
        raise ValueError("an HTML page came where XML was expected")
    if body[:1] != b"<" and body[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError("the response is not XML")
    try:
        return _parsed(body)
    except etree.XMLSyntaxError as error:
        reason = error
    clean = _ILLEGAL.sub(b"", body)
    if clean != body:
        try:
            return _parsed(clean)
        except etree.XMLSyntaxError as error:
            reason = error
    raise ValueError(f"the response is not valid XML ({reason.msg}); it may be cut short")


def _parsed(body: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    root = tree_of(body, parser)
    if root is None:
        raise ValueError("the response is not XML")
    for entity in list(root.iter(etree.Entity)):
        # An undeclared entity cannot be resolved; its name stays as text.
        parent, before = entity.getparent(), entity.getprevious()
        said = f"{entity.text}{entity.tail or ''}"
        if before is not None:
            before.tail = (before.tail or "") + said
        elif parent is not None:
            parent.text = (parent.text or "") + said
        if parent is not None:
            entity.tail = None
            parent.remove(entity)
    return root


def tree_of(body: bytes, parser: etree.XMLParser) -> etree._Element | None:
    """Return the root element of ``body``, parsed with ``parser``; None if a parser that recovers from errors finds
    none.

    Raise ValueError if ``body`` is longer than MAX_BYTES and has more than MAX_NODES elements and attributes. Raise
    XMLSyntaxError if it is no valid XML. The parser must not be one for huge trees: the usual limits of libxml2 bound
    the depth and the expansion of entities, so that a byte of the document needs at most 50 bytes of memory.
    """
    if len(body) <= MAX_BYTES:
        return etree.fromstring(body, parser)
    # Count nodes while parsing, because the bytes do not show their number in every encoding.
    counter = _Counter()
    target = etree.XMLParser(target=counter, resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    try:
        for start in range(0, len(body), _CHUNK):
            target.feed(body[start : start + _CHUNK])
        target.close()
    except etree.XMLSyntaxError:
        # The parser that the caller asked for will report the fault.
        pass
    return etree.fromstring(body, parser)


class _Counter:
    """Count the nodes that a tree would have, and keep none of them."""

    def __init__(self) -> None:
        self.nodes = 0

    def start(self, tag: str | bytes, attrib: dict[str | bytes, str | bytes]) -> None:
        # An element may have a text before and after it; an attribute is a node with a text.
        self.nodes += 2 + 2 * len(attrib)
        if self.nodes > MAX_NODES:
            raise ValueError(f"the document has more than {MAX_NODES:,} elements and attributes")

    def end(self, tag: str | bytes) -> None:
        pass

    def data(self, data: str | bytes) -> None:
        pass

    def comment(self, text: str | bytes) -> None:
        pass

    def close(self) -> None:
        pass


def canonical(element: etree._Element) -> str:
    """Return ``element`` as XML text in a normal form (C14N), for comparison.

    Prefixes declared outside the element and the order of its attributes make no difference. An element that C14N
    refuses, because a namespace in it is a relative address, is written as it is.
    """
    try:
        written = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    except (etree.C14NError, ValueError):
        # C14N refuses relative namespaces.
        written = etree.tostring(element, encoding="utf-8", with_tail=False)
    return written.decode("utf-8", "replace")


def local(element: etree._Element) -> str:
    """Return the name of ``element`` without its namespace; "" for a comment or another node without a name."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: etree._Element | None, name: str = "*") -> Iterator[etree._Element]:
    """Yield the elements directly below ``element`` whose name without namespace is ``name``; "*" means all."""
    for child in element if element is not None else ():
        if isinstance(child.tag, str) and name in ("*", local(child)):
            yield child


def find_all(element: etree._Element | None, path: str) -> list[etree._Element]:
    """Return all elements at ``path`` below ``element``; an empty list if ``element`` is None.

    A path consists of names without namespace, such as ``citation/*/title``; ``*`` stands for any element.
    """
    found = [] if element is None else [element]
    for name in path.split("/"):
        found = [child for one in found for child in children(one, name)]
    return found


def find(element: etree._Element | None, path: str) -> etree._Element | None:
    """Return the first element at ``path`` below ``element``, as in :func:`find_all`; None if there is none."""
    found = find_all(element, path)
    return found[0] if found else None


def value(element: etree._Element | None, path: str = "") -> str | None:
    """Return the text of ``element``, or of the first element at ``path`` below it that has one; None if there is none.

    White space around the text is removed; a text of only white space counts as none.
    """
    if element is None:
        return None
    for one in find_all(element, path) if path else [element]:
        text = "".join(map(str, one.itertext()))
        if text.strip():
            return text.strip()
    return None


def values(element: etree._Element | None, path: str) -> tuple[str, ...]:
    """Return the texts of all elements at ``path`` below ``element``, each once; blank texts are left out."""
    return tuple(dict.fromkeys(text for one in find_all(element, path) if (text := value(one)) is not None))


def attribute(element: etree._Element | None, *names: str) -> str | None:
    """Return the value of the first attribute of ``element`` among ``names`` that is not blank; None if there is none.

    Names are without namespace. White space around the value is removed.
    """
    if element is None:
        return None
    held = {str(name).rpartition("}")[2]: str(text) for name, text in element.attrib.items()}
    return next((held[name].strip() for name in names if held.get(name, "").strip()), None)
