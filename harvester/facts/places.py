"""Read areas (names, addresses, boxes and geometries) as texts that keep their original wording."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from catalog.vocabulary import is_no_value
from harvester.facts.names import field_name
from harvester.facts.values import json_text, text

__all__ = ["box", "places"]

_SIDES = ("bbox_west", "bbox_south", "bbox_east", "bbox_north")
_SYSTEM = re.compile(
    r"(?i)(?=[^,;]*\d)(?:epsg|srid|crs|wgs|nad|etrs|gcs|utm|osgb|rgf|gda|urn:ogc:def:crs)(?![a-z])[^,;]{0,40}"
)
"""Match the name of a coordinate reference system; it says how data are measured, not where they lie."""
_DEEPEST = 12


def box(west: Any, south: Any, east: Any, north: Any) -> str | None:
    """Return the text "west,south,east,north" with each number as written; None if one of them is no finite number.

    A decimal comma becomes a point.

    >>> box("5.8", 47.2, 15.1, 55.1)
    '5.8,47.2,15.1,55.1'
    """
    sides = [text(side) for side in (west, south, east, north)]
    try:
        is_whole = all(side is not None and math.isfinite(float(side.replace(",", "."))) for side in sides)
    except ValueError:
        return None
    return ",".join(str(side).strip().replace(",", ".") for side in sides) if is_whole else None


def places(value: Any, depth: int = 0) -> list[str]:
    """Return all areas in a JSON value as texts: names, addresses, boxes "west,south,east,north" and geometries.

    ``value`` may be a text, an object, a geometry in GeoJSON, a list of these, or a box as a list of four or six
    numbers. Placeholders and names of coordinate reference systems are left out. ``depth`` is how deeply ``value`` is
    nested; values nested too deeply give none.
    """
    if value is None or depth > _DEEPEST:
        return []
    if isinstance(value, str):
        parsed = json_text(value)
        if isinstance(parsed, str):
            is_system = len(value) < 60 and _SYSTEM.fullmatch(value.strip()) is not None
            return [] if is_system or is_no_value(value) else [value]
        # A geometry written as JSON inside a text stays that text.
        return ([value] if _has_coordinates(parsed) else []) if _is_geometry(parsed) else places(parsed, depth + 1)
    if isinstance(value, list):
        if len(value) in (4, 6) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value):
            half = len(value) // 2
            found = box(value[0], value[1], value[half], value[half + 1])
            return [found] if found else []
        return [one for item in value for one in places(item, depth + 1)]
    if isinstance(value, dict):
        return _of_object(value, depth)
    return []


def _is_geometry(value: Any) -> bool:
    return isinstance(value, dict) and any(
        key in value for key in ("coordinates", "geometries", "features", "geometry")
    )


def _has_coordinates(value: dict[str, Any]) -> bool:
    inner = next((value[key] for key in ("coordinates", "geometries", "features", "geometry") if value.get(key)), None)
    return bool(inner)


def _of_object(value: dict[str, Any], depth: int) -> list[str]:
    if "coordinates" in value or "geometries" in value or "features" in value or value.get("type") == "Feature":
        return [json.dumps(value, ensure_ascii=False, separators=(",", ":"))] if _has_coordinates(value) else []
    sides: dict[str, Any] = {}
    named: dict[str, list[str]] = {}
    for key, one in value.items():
        if (name := field_name(str(key), "dataset")) and name.fact in _SIDES:
            sides[name.fact] = one
        elif name := field_name(str(key), "place"):
            named.setdefault(name.fact, []).extend(places(one, depth + 1))
    found = [word for fact in ("name", "address", "geometry") for word in named.get(fact, ())]
    corners = box(*(sides.get(side) for side in _SIDES)) if len(sides) == 4 else None
    if corners:
        found.append(corners)
    if not found and (said := text(value)) and not is_no_value(said):
        found.append(said)
    return list(dict.fromkeys(found))
