"""Read the geometry that a place was declared with: a bounding box, GeoJSON or Well-known Text."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["GEOJSON", "GEOSPARQL", "WKT", "PlaceShape", "shape"]

GEOJSON = "https://www.iana.org/assignments/media-types/application/vnd.geo+json"
"""Datatype of GeoJSON literals, as DCAT-AP and ckanext-dcat have it (GeoDCAT-AP 2.0.0, section B.6.1)."""
GEOSPARQL = "http://www.opengis.net/ont/geosparql#geoJSONLiteral"
"""The same, as DCAT-US 3 has it (OGC GeoSPARQL 1.1, section 8.5.3)."""
WKT = "http://www.opengis.net/ont/geosparql#wktLiteral"
"""Datatype of literals in Well-known Text (OGC GeoSPARQL 1.0, section 8.5.1)."""
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BOX = re.compile(rf"\s*(?:bbox|box2d)?\s*[\[(]?\s*({_NUMBER}(?:\s*[,;\s]\s*{_NUMBER}){{3}})\s*[\])]?\s*", re.I)
_WKT = re.compile(
    r"\s*(?:<[^>]*>|SRID=4326;)?\s*((POINT|POLYGON|MULTIPOLYGON|ENVELOPE)\s*(?:Z\s*)?\(.*\))\s*", re.I | re.S
)
_COORDINATES = re.compile(rf"({_NUMBER})\s+({_NUMBER})(?:\s+{_NUMBER})?")
_KINDS = frozenset({"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"})
_MAX_TEXT = 200_000
_LONGITUDE, _LATITUDE = 180.0, 90.0


class PlaceShape(NamedTuple):
    """A geometry in two notations. Coordinates are longitude and latitude in degrees (WGS 84)."""

    geojson: str
    """The geometry as GeoJSON (RFC 7946)."""
    wkt: str
    """Its bounding box as a polygon in Well-known Text; of a single point that point."""
    is_point: bool = False


@lru_cache(maxsize=4096)
def shape(declared: str) -> PlaceShape | None:
    """Return the geometry that a declared text is; None if it is none, or is not on the globe.

    A text is a geometry if it is GeoJSON, or in Well-known Text a point, polygon, multipolygon or envelope, or four
    numbers (west, south, east, north) and nothing more. A geometry in GeoJSON is kept as declared. The box that four
    numbers span must have an extent, because they may as well be something else.
    """
    if len(declared) > _MAX_TEXT:
        return None
    text = declared.strip()
    if text.startswith("{"):
        return _geojson(text)
    if match := _BOX.fullmatch(text):
        west, south, east, north = (float(one) for one in re.findall(_NUMBER, match[1]))
        is_box = west < east and south < north
        return _of_box((west, south, east, north)) if is_box and _is_on_globe([(west, south), (east, north)]) else None
    return _wkt(text)


def _geojson(text: str) -> PlaceShape | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if found.get("type") == "Feature" and isinstance(found.get("geometry"), dict):
        found = found["geometry"]
    if str(found.get("type")) not in _KINDS:
        return None
    try:
        points = _pairs(found.get("coordinates"))
    except (TypeError, ValueError, RecursionError):
        return None
    return _of(points, json.dumps(found, separators=(",", ":")), found["type"] == "Point")


def _pairs(value: Any) -> list[tuple[float, float]]:
    if isinstance(value, list) and value and isinstance(value[0], (int, float)) and not isinstance(value[0], bool):
        return [(float(value[0]), float(value[1]))]
    return [pair for one in value for pair in _pairs(one)]


def _wkt(text: str) -> PlaceShape | None:
    match = _WKT.fullmatch(text)
    if match is None:
        return None
    kind = match[2].upper()
    if kind == "ENVELOPE":
        # ENVELOPE(west, east, north, south), OGC CQL2.
        numbers = [float(one) for one in re.findall(_NUMBER, match[1])]
        if len(numbers) != 4:  # four sides
            return None
        west, east, north, south = numbers
        return _of_box((west, south, east, north)) if _is_on_globe([(west, south), (east, north)]) else None
    rings = [
        [[float(x), float(y)] for x, y in _COORDINATES.findall(ring)] for ring in re.findall(r"\(([^()]*)\)", match[1])
    ]
    if not rings or not all(rings):
        return None
    points = [(x, y) for ring in rings for x, y in ring]
    if kind == "POINT":
        made: dict[str, Any] = {"type": "Point", "coordinates": rings[0][0]}
    elif kind == "POLYGON":
        made = {"type": "Polygon", "coordinates": rings}
    else:
        parts = re.findall(r"\(\s*((?:\([^()]*\)\s*,?\s*)+)\)", match[1].partition("(")[2])
        polygons = [
            [
                [[float(x), float(y)] for x, y in _COORDINATES.findall(ring)]
                for ring in re.findall(r"\(([^()]*)\)", part)
            ]
            for part in parts
        ]
        made = {"type": "MultiPolygon", "coordinates": polygons}
    return _of(points, json.dumps(made, separators=(",", ":")), kind == "POINT")


def _is_on_globe(points: list[tuple[float, float]]) -> bool:
    return bool(points) and all(
        math.isfinite(x) and math.isfinite(y) and abs(x) <= _LONGITUDE and abs(y) <= _LATITUDE for x, y in points
    )


def _of(points: list[tuple[float, float]], geojson: str, is_point: bool) -> PlaceShape | None:
    if not _is_on_globe(points):
        return None
    if is_point:
        return PlaceShape(geojson, f"POINT({points[0][0]:.12g} {points[0][1]:.12g})", True)
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    return PlaceShape(geojson, _polygon(west, south, east, north))


def _of_box(box: tuple[float, float, float, float]) -> PlaceShape:
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geojson = json.dumps({"type": "Polygon", "coordinates": [ring]}, separators=(",", ":"))
    return PlaceShape(geojson, _polygon(*box))


def _polygon(west: float, south: float, east: float, north: float) -> str:
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"POLYGON(({','.join(f'{x:.12g} {y:.12g}' for x, y in corners)}))"
