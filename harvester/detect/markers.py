"""Recognise the software behind a home page by its scripts, generator and classes, never by its prose."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harvester.detect.probes import BY_TYPE
from harvester.spiders.base.detection import BEGINNING, PageMarker, ProbeResponse

__all__ = ["by_markers"]

_MARKERS: tuple[tuple[str, PageMarker], ...] = tuple(
    sorted(
        ((kind, declared.marker) for kind, declared in BY_TYPE.items() if declared.marker is not None),
        key=lambda one: one[1].rank,
    )
)
# Each pattern must run in linear time: no part of it may be retried from many positions.
_TAG = re.compile(r"<([a-z][a-z0-9]{0,15})\b([^<>]*)>", re.IGNORECASE)
_OWN = re.compile(r"\b(?:class|id|data-[\w-]{1,40})\s{0,3}=\s{0,3}(?:\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_PLACE = re.compile(r"[\"'](?:\.{0,2}/(?!/)[^\"']*)[\"']")
_LINKS = tuple(link for _, marker in _MARKERS for link in marker.links)


def _machinery(page: str) -> Iterator[str]:
    """Yield what a page does not show to readers: its scripts and styles, its generator, its classes and ids."""
    for tag in _TAG.finditer(page):
        name, inner = tag[1].lower(), tag[2]
        is_generator = name == "meta" and "generator" in inner.lower()
        if name in ("script", "link") or is_generator:
            yield inner
        elif name in ("a", "form"):
            yield from (one for one in _PLACE.findall(inner) if any(place in one for place in _LINKS))
        elif name != "meta":
            yield from _OWN.findall(inner)


def by_markers(seen: ProbeResponse) -> list[tuple[str, str]]:
    """Return the portal software that the HTML page ``seen`` reveals, as pairs of portal type and the text that reveals
    it.

    Only scripts, links, the generator tag, classes, ids and data attributes at the beginning of the page are searched,
    not the text that readers see. The list is empty if nothing is found.
    """
    text = "\n".join(_machinery(seen.body[:BEGINNING].decode("utf-8", "replace")))
    found = []
    for kind, marker in _MARKERS:
        if match := re.search(marker.pattern, text, re.IGNORECASE):
            found.append((kind, " ".join(match[0].split())[:60]))
    return found
