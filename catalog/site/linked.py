"""JSON-LD of a page: what it tells search engines about its subject, in the vocabulary of schema.org.

A page provides the object (``json_ld`` and ``_above`` of :data:`catalog.site.pages.page.Content`); this module adds
the BreadcrumbList and makes addresses absolute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["LICENCE", "linked_data"]

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
"""Licence of our measurements and texts."""
_ADDRESSES = frozenset({"@id", "url", "item", "contentUrl", "mainEntityOfPage", "urlTemplate"})
"""Properties whose value may be a path on this site."""


def linked_data(content: Mapping[str, Any], path: str, address_of: Callable[[str], str]) -> dict[str, Any] | None:
    """Return the JSON-LD of a page: its object, if it has one, and the way to it as a BreadcrumbList.

    ``content``: contents of the page. ``path``: its path. ``address_of``: function that returns the address of a path
    on this site. None for the front page without an object, and for a page that search engines leave out.
    """
    if content.get("is_listed") is False:
        return None
    graph = [_with_addresses(content["json_ld"], address_of)] if content.get("json_ld") else []
    if path != "/":
        steps = [("Winnow", "/"), *content.get("_above", ()), (str(content.get("title") or ""), path)]
        items = [
            {"@type": "ListItem", "position": number, "name": name, "item": address_of(step)}
            for number, (name, step) in enumerate(steps, 1)
        ]
        graph.append({"@type": "BreadcrumbList", "itemListElement": items})
    return {"@context": "https://schema.org", "@graph": graph} if graph else None


def _with_addresses(value: Any, address_of: Callable[[str], str], name: str = "") -> Any:
    """Return a JSON value with addresses for paths, and without empty values."""
    if isinstance(value, dict):
        found = {key: _with_addresses(one, address_of, key) for key, one in value.items()}
        return {key: one for key, one in found.items() if one not in (None, "", [], {})}
    if isinstance(value, list):
        return [_with_addresses(one, address_of, name) for one in value]
    return address_of(value) if name in _ADDRESSES and isinstance(value, str) and value.startswith("/") else value
