"""Read the JSON or XML of a response to a probe; a response that cannot be read gives None, not an error."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from harvester.spiders.base.detection import ProbeResponse

__all__ = ["elements_of", "json_of", "local_name", "object_of", "root_of"]

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)


def json_of(seen: ProbeResponse) -> Any:
    """Return the JSON object or list in the body of ``seen``; None if the body is neither or is not valid JSON."""
    start = seen.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start not in (b"{", b"["):
        return None
    try:
        return json.loads(seen.body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def object_of(seen: ProbeResponse) -> dict[str, Any]:
    """Return the JSON object in the body of ``seen``; an empty dict if the body is no JSON object."""
    found = json_of(seen)
    return found if isinstance(found, dict) else {}


def root_of(seen: ProbeResponse) -> etree._Element | None:
    """Return the root element of the XML in the body of ``seen``, even if the document is cut off or not well-formed.

    The result is None if the body does not begin with "<", begins with "<html" or the document type of HTML, or holds
    no element. XHTML that begins with an XML declaration is read as XML. No entity is resolved, and nothing is loaded
    from elsewhere.
    """
    start = seen.body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] != b"<" or start[:14].lower() == b"<!doctype html" or start[:5].lower() == b"<html":
        return None
    try:
        return etree.fromstring(start, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return None


def local_name(element: etree._Element) -> str:
    """Return the name of ``element`` without its namespace; "" for a comment or processing instruction."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def elements_of(root: etree._Element, name: str) -> list[etree._Element]:
    """Return all elements in the tree of ``root`` whose name without namespace is ``name``, in the order of the
    document.
    """
    return [one for one in root.iter() if isinstance(one.tag, str) and local_name(one) == name]
