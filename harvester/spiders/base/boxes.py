"""Read an area as a box "west,south,east,north" in degrees, from GeoJSON, well-known text or numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from harvester.facts.values import json_text

__all__ = ["box_of"]

_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_WKT = re.compile(r"(?i)\s*(?:srid\s*=\s*(\d+)\s*;)?\s*(?:multi)?(?:point|linestring|polygon)\s*(?:z|m|zm)?\s*\(")
_DEGREES = (None, "4326", "4269", "4258", "0")
"""Reference systems whose unit is the degree; None stands for a system that is not stated."""


def box_of(area: Any) -> tuple[str, ...]:
    """Return the box around ``area`` as a tuple with one text "west,south,east,north" in degrees.

    Accepted are GeoJSON (geometries, features and collections of them, also as text), well-known text with or without
    SRID, lists of four numbers (west, south, east, north) or six (with heights), and lists of corners. The result is ()
    if ``area`` is not understood. The lowest longitude becomes west and the highest east, also for an area that crosses
    the 180th meridian. The result is also () if the reference system of well-known text is not in degrees, or if a
    latitude is beyond 90 or a longitude beyond 360 degrees.
    """
    points = list(_points(json_text(area)))
    if not points or not all(math.isfinite(n) and abs(n) <= 360 for point in points for n in point):
        return ()
    (west, east), (south, north) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))
    return () if abs(south) > 90 or abs(north) > 90 else (",".join(_plain(one) for one in (west, south, east, north)),)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _points(area: Any) -> Iterator[tuple[float, float]]:
    if isinstance(area, str):
        yield from _of_text(area)
    elif isinstance(area, dict):
        inner = next(
            (area[key] for key in ("coordinates", "geometry", "geometries", "features") if area.get(key)), None
        )
        if isinstance(inner, dict):
            yield from _points(inner)
        elif isinstance(inner, list):
            yield from _listed(inner, is_geometry=True)
    elif isinstance(area, list):
        yield from _listed(area, is_geometry=False)


def _listed(area: list[Any], *, is_geometry: bool, depth: int = 0) -> Iterator[tuple[float, float]]:
    """Yield the corners (x, y) in nested lists of coordinates or boxes; heights are ignored."""
    numbers = [_number(one) for one in area] if len(area) in (2, 3, 4, 6) else []
    plain = [one for one in numbers if one is not None]
    if plain and len(plain) == len(area):
        half = len(plain) // 2 if len(plain) in (4, 6) and not is_geometry else None
        yield plain[0], plain[1]
        if half is not None:
            yield plain[half], plain[half + 1]
    elif depth < 8:
        for one in area:
            if isinstance(one, list):
                yield from _listed(one, is_geometry=is_geometry, depth=depth + 1)
            elif isinstance(one, dict):
                yield from _points(one)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and re.fullmatch(_NUMBER, value.strip()) else None


def _of_text(area: str) -> Iterator[tuple[float, float]]:
    begun = _WKT.match(area)
    if begun is None or begun[1] not in _DEGREES:
        return
    for pair in re.finditer(rf"({_NUMBER})\s+({_NUMBER})(?:\s+{_NUMBER})*", area[begun.end() :]):
        yield float(pair[1]), float(pair[2])
