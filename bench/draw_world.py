"""Draw ``catalog/site/world.json``, the map of the front page, from Natural Earth's borders: done once, by hand.

    npm install world-atlas@2
    python -m bench.draw_world node_modules/world-atlas/countries-50m.json

The projection is Equal Earth, which keeps areas (https://doi.org/10.1080/13658816.2018.1504949).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from math import asin, cos, radians, sin, sqrt
from pathlib import Path
from typing import Any

from babel.core import get_global

WIDTH = 1000.0
STEP = 1.3
"""Units of the drawing below which two points of a border are one."""
ISLAND = 2.0
"""Square units below which a part of a country is left out, unless it is the largest part of it."""
SMALL = 25.0
"""Square units below which a country also gets a dot."""
SOURCE = "Natural Earth 4.1, 1:50m (public domain), by world-atlas 2.0.2"
OUT = Path(__file__).parent.parent / "catalog" / "site" / "world.json"
A1, A2, A3, A4 = 1.340264, -0.081106, 0.000893, 0.003796
NOW = {"CW": "CUW", "MM": "MMR", "CD": "COD", "RS": "SRB", "DE": "DEU", "FR": "FRA", "SA": "SAU", "RU": "RUS"}
NOW |= {"TL": "TLS", "YE": "YEM"}
"""Codes of countries that CLDR also lists under one of the past."""
Point = tuple[float, float]


def project(longitude: float, latitude: float) -> Point:
    """Return the place of a point of the earth in the plane of the Equal Earth projection."""
    theta = asin(sqrt(3) / 2 * sin(radians(latitude)))
    t2 = theta * theta
    t6 = t2**3
    scale = 3 * (9 * A4 * t6 * t2 + 7 * A3 * t6 + 3 * A2 * t2 + A1)
    return 2 * sqrt(3) * radians(longitude) * cos(theta) / scale, theta * (A1 + A2 * t2 + t6 * (A3 + A4 * t2))


HALF = project(180, 0)[0]
TOP, BOTTOM = project(0, 83.7)[1], project(0, -56)[1]


def place(longitude: float, latitude: float) -> Point:
    """Return the place of a point of the earth in the drawing."""
    x, y = project(longitude, latitude)
    return (x + HALF) / (2 * HALF) * WIDTH, (TOP - y) / (2 * HALF) * WIDTH


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """Return the lines of a TopoJSON file as points of the earth."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * sx + tx, y * sy + ty))
        found.append(thinned(line))
    return found


def thinned(line: list[Point]) -> list[Point]:
    """Return a line without points that are near the one before; its ends stay, so that neighbours still touch."""
    kept = [line[0]]
    for point in line[1:-1]:
        (x, y), (before_x, before_y) = place(*point), place(*kept[-1])
        if (x - before_x) ** 2 + (y - before_y) ** 2 >= STEP**2:
            kept.append(point)
    return [*kept, line[-1]]


def cut(line: list[Point]) -> Iterator[list[Point]]:
    """Yield a closed line in the plane; one that crosses the 180th meridian is cut there into two."""
    unrolled = [line[0]]
    for x, y in line[1:]:
        unrolled.append((x - 360 * round((x - unrolled[-1][0]) / 360), y))
    xs = [x for x, _ in unrolled]
    for turn in (-360, 0, 360):
        if max(xs) + turn > -180 and min(xs) + turn < 180:
            held = [(min(max(x + turn, -180), 180), y) for x, y in unrolled]
            # Of the points beyond the edge only those where the line leaves and returns: no line along the edge.
            yield [
                place(x, y)
                for at, (x, y) in enumerate(held)
                if not all(abs(held[other % len(held)][0]) == 180 for other in (at - 1, at, at + 1))
            ]


def rings(geometry: dict[str, Any], arcs: list[list[Point]]) -> Iterator[list[Point]]:
    """Yield the outer lines and holes of a country, as points of the earth."""
    polygons = geometry.get("arcs") or []
    for polygon in polygons if geometry["type"] == "MultiPolygon" else [polygons]:
        for ring in polygon:
            line: list[Point] = []
            for number in ring:
                part = arcs[number] if number >= 0 else arcs[~number][::-1]
                line += part[1:] if line else part
            yield line


def area(line: list[Point]) -> float:
    """Return the area within a closed line, in square units."""
    pairs = zip(line, [*line[1:], line[0]], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def path(line: list[Point]) -> str:
    """Return a closed line as relative steps in tenths of a unit."""
    x, y = round(line[0][0] * 10), round(line[0][1] * 10)
    text, at = f"M{x} {y}l", (x, y)
    steps = []
    for point in line[1:]:
        x, y = round(point[0] * 10), round(point[1] * 10)
        if (x, y) != at:
            steps.append(f"{x - at[0]} {y - at[1]}")
            at = (x, y)
    return text + " ".join(steps).replace(" -", "-") + "z" if len(steps) > 1 else ""


def main() -> None:
    """Write the map."""
    topology = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    arcs, aliases = arcs_of(topology), get_global("territory_aliases")
    alpha3 = {two: three for three, (two, *_) in aliases.items() if len(three) == 3 and three.isalpha()} | NOW
    countries = []
    for one in topology["objects"]["countries"]["geometries"]:
        two = (aliases.get(str(one.get("id", "")).zfill(3)) or [None])[0]
        name = one["properties"]["name"]
        if name == "Kosovo":
            two = "XK"
        if name == "Antarctica":
            continue
        lines = sorted((part for ring in rings(one, arcs) for part in cut(ring)), key=area, reverse=True)
        drawn = [line for at, line in enumerate(lines) if at == 0 or area(line) >= ISLAND]
        size = sum(area(line) for line in lines)
        xs, ys = [p[0] for p in lines[0]], [p[1] for p in lines[0]]
        countries.append(
            {
                "code": "XKX" if two == "XK" else alpha3.get(two or ""),
                "two": two,
                "name": name,
                "path": "".join(map(path, drawn)),
                **(
                    {"dot": [round((min(xs) + max(xs)) * 5), round((min(ys) + max(ys)) * 5)]}
                    if size < SMALL and two
                    else {}
                ),
            }
        )
    height = place(0, -56)[1]
    # An outlying territory that has the code of its state needs no dot of its own.
    sizes = Counter(one["code"] for one in countries)
    for one in countries:
        if sizes[one["code"]] > 1:
            one.pop("dot", None)
    found = {"source": SOURCE, "width": round(WIDTH * 10), "height": round(height * 10), "countries": countries}
    OUT.write_text(json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace('{"code"', '\n{"code"') + "\n")
    print(OUT.stat().st_size, sum("dot" in one for one in countries), [c["name"] for c in countries if not c["code"]])


if __name__ == "__main__":
    main()
