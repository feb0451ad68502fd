"""The schema.org Datasets of a web page or JSON-LD document, wherever in it they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["datasets_in"]

_SCRIPT = re.compile(rb"""(?is)<script[^>]*\btype\s*=\s*["']?application/ld\+json[^>]*>(.*?)</script\s*>""")
_PREFIX = re.compile(r"^(schema:|https?://schema\.org/)")
MAX_DEPTH = 12
_REFERRED = (
    "publisher",
    "creator",
    "author",
    "provider",
    "distribution",
    "license",
    "includedInDataCatalog",
    "isPartOf",
)
"""Properties whose nodes may stand elsewhere in the document, known by their @id."""


def datasets_in(body: bytes, content_type: str, url: str) -> list[tuple[str, Any]]:
    """(Pointer, record) of every Dataset. A block that is no JSON becomes a record that says so.

    Raises ValueError where the whole answer is neither a page nor JSON.
    """
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        blocks = [body]
    elif start[:1] == b"<" or "html" in content_type:
        blocks = _SCRIPT.findall(body)
    elif not start:
        raise ValueError("the answer is empty")
    else:
        raise ValueError("the answer is neither a web page nor JSON")
    found: list[tuple[str, Any]] = []
    for number, block in enumerate(blocks):
        try:
            document = _parsed(block)
        except ValueError as error:
            if b"Dataset" in block:
                found.append((f"/{number}", {"@broken": str(error), "@page": url}))
            continue
        except RecursionError:
            found.append((f"/{number}", {"@broken": "it is nested too deeply", "@page": url}))
            continue
        nodes: dict[str, Any] = {}
        _index(document, nodes, 0)
        for place, node in _datasets(document, f"/{number}" if len(blocks) > 1 else "", 0):
            found.append((place, {**_with_referred(node, nodes), "@page": url}))
    return found


def _parsed(block: bytes) -> Any:
    """The JSON of a block; editors leave comments and CDATA marks around it."""
    text = block.decode("utf-8-sig", "replace").strip()
    text = re.sub(r"^(<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(-->|//\s*\]\]>|\]\]>)$", "", text).strip().removesuffix(";")
    return json.loads(text, strict=False)


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    """A node whose keys have no prefix."""
    return {_PREFIX.sub("", str(key)): value for key, value in node.items()}


def _types(node: dict[str, Any]) -> set[str]:
    kinds = node.get("@type")
    return {_PREFIX.sub("", str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])}


def _index(value: Any, nodes: dict[str, Any], depth: int) -> None:
    """Note every node that has an @id and more."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, dict):
        name = value.get("@id")
        if isinstance(name, str) and len(value) > 1:
            nodes.setdefault(name, value)
        for one in value.values():
            _index(one, nodes, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _index(one, nodes, depth + 1)


def _datasets(value: Any, pointer: str, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Dataset nodes at any depth. What a catalogue only names has a page of its own."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for n, one in enumerate(value):
            yield from _datasets(one, f"{pointer}/{n}", depth + 1)
    elif isinstance(value, dict):
        node = _plain(value)
        if "Dataset" in _types(node):
            told = set(node) - {"@type", "@id", "@context", "name", "url"}
            if depth == 0 or told:
                yield pointer, node
        for key, one in node.items():
            if isinstance(one, dict | list) and key != "@context":
                yield from _datasets(one, f"{pointer}/{key}", depth + 1)


def _with_referred(node: dict[str, Any], nodes: dict[str, Any]) -> dict[str, Any]:
    """A dataset with the nodes that it only refers to."""

    def full(value: Any) -> Any:
        if isinstance(value, list):
            return [full(one) for one in value]
        if isinstance(value, dict) and set(value) == {"@id"} and isinstance(value["@id"], str):
            return nodes.get(value["@id"], value)
        return value

    return {key: full(value) if key in _REFERRED else value for key, value in node.items()}
