"""Find the schema.org Datasets of a web page or JSON-LD document, at any depth."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

from harvester.spiders.base.json_text import check_values

__all__ = ["datasets_in"]

_SCRIPT = re.compile(rb"(?i)<script\b([^<>]*)>")
_IS_JSON_LD = re.compile(rb"""(?i)\btype\s*=\s*["']?application/ld\+json""")
_LISTS = {"DataCatalog", "ItemList", "Dataset"}
"""Types whose members usually have a page of their own."""
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
"""Properties whose nodes may stand elsewhere in the document under their @id."""


def datasets_in(
    body: bytes, content_type: str, url: str, has_page: Callable[[str], bool] = lambda address: False
) -> tuple[list[tuple[str, Any]], int]:
    """Find the schema.org Datasets in the JSON-LD of a web page, or in a JSON-LD document.

    ``body``, ``content_type`` and ``url``: the content, media type and address of the page. ``has_page``: returns
    whether an address is requested as a page too. A dataset that is only listed here, or that has nothing but a name
    and an address, is left out if it has its own page. One that is only listed and has nothing else is never returned.

    Return the datasets, as pairs of JSON pointer and record, and the number of those left out for their own page. A
    JSON-LD block that mentions a Dataset and is no valid JSON gives a record with the error under "@broken", and so
    does a block that is nested too deeply. A file of another format, such as an image, has no datasets. Raise
    ValueError if the body is empty, or if it is neither JSON nor a page and the media type says JSON or nothing.
    """
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        blocks = [body]
    elif start[:1] == b"<" or "html" in content_type:
        blocks = _scripts(body)
    elif not start:
        raise ValueError("the response is empty")
    elif "json" in content_type or not content_type:
        raise ValueError("the response is neither a web page nor JSON")
    else:
        blocks = []
    found: list[tuple[str, Any]] = []
    passed: set[str] = set()
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
        for place, node, is_listed in _datasets(document, f"/{number}" if len(blocks) > 1 else "", 0):
            is_bare = not set(node) - {"@type", "@id", "@context", "name", "url"}
            # The dataset's own page has more detail, whichever of the two is read first.
            elsewhere = {own for own in _own_addresses(node, url) if has_page(own)} if is_listed or is_bare else ()
            if elsewhere:
                passed.add(min(elsewhere))
            elif not (is_listed and is_bare):
                found.append((place, {**_with_referred(node, nodes), "@page": url}))
    return found, len(passed)


def _scripts(body: bytes) -> list[bytes]:
    """Return the JSON-LD blocks of a page, in time proportional to its length."""
    found = []
    small, at = body.lower(), 0
    while (opening := _SCRIPT.search(body, at)) and (end := small.find(b"</script", opening.end())) >= 0:
        if _IS_JSON_LD.search(opening[1]):
            found.append(body[opening.end() : end])
        at = end
    return found


def _own_addresses(node: dict[str, Any], page: str) -> set[str]:
    """Return the addresses that a node states as its own."""
    found = set()
    for name in (node.get("url"), node.get("@id")):
        if isinstance(name, str) and name.strip():
            with suppress(ValueError):
                found.add(urljoin(page, name.strip()))
    return found


def _parsed(block: bytes) -> Any:
    """Return the parsed JSON of a block, without the comments and CDATA marks that editors leave around it."""
    text = block.decode("utf-8-sig", "replace").strip()
    text = re.sub(r"^(<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(-->|//\s*\]\]>|\]\]>)$", "", text).strip().removesuffix(";")
    check_values(text)
    return json.loads(text, strict=False)


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node with the prefixes removed from its keys."""
    return {_PREFIX.sub("", str(key)): value for key, value in node.items()}


def _types(node: dict[str, Any]) -> set[str]:
    kinds = node.get("@type")
    return {_PREFIX.sub("", str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])}


def _index(value: Any, nodes: dict[str, Any], depth: int) -> None:
    """Collect every node that has an @id and further properties."""
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


def _datasets(
    value: Any, pointer: str, depth: int, is_listed: bool = False
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield Dataset nodes at any depth, and whether each stands in a list, a catalogue or another dataset."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for n, one in enumerate(value):
            yield from _datasets(one, f"{pointer}/{n}", depth + 1, is_listed)
    elif isinstance(value, dict):
        node = _plain(value)
        kinds = _types(node)
        if "Dataset" in kinds:
            yield pointer, node, is_listed
        for key, one in node.items():
            if isinstance(one, dict | list) and key != "@context":
                yield from _datasets(one, f"{pointer}/{key}", depth + 1, is_listed or bool(kinds & _LISTS))


def _with_referred(node: dict[str, Any], nodes: dict[str, Any]) -> dict[str, Any]:
    """Return a dataset with the nodes that it only refers to put in place."""

    def full(value: Any) -> Any:
        if isinstance(value, list):
            return [full(one) for one in value]
        if isinstance(value, dict) and set(value) == {"@id"} and isinstance(value["@id"], str):
            return nodes.get(value["@id"], value)
        return value

    return {key: full(value) if key in _REFERRED else value for key, value in node.items()}
