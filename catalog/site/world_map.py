"""Draw the map of the front page: national governments by the grade of their open data, hatched where too little is
known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markupsafe import Markup

from catalog.site.countries import world

__all__ = ["draw_world"]

DOT = 34
"""Radius of the dot of a small state, in units of the drawing, whose width is 10,000."""


def draw_world(nations: Iterable[Mapping[str, Any]], title: str, said: str, look_of: Callable[[Any], str]) -> Markup:
    """Return the map as SVG.

    ``nations``: rows with ``country`` (ISO 3166-1 alpha-3) and ``label``, the words that show when the pointer rests on
    it. ``title``, ``said``: what it shows, for screen readers. ``look_of``: function that gives the grade of a row, "A"
    to "E", or "range" if there is no single one. Countries without a row are plain.
    """
    rows, drawn = {row["country"]: row for row in nations}, world()
    land, shown, dots, plain_dots = [], Markup(), Markup(), Markup()
    for country in drawn["countries"]:
        row, dot = rows.get(country["code"]), country.get("dot")
        if row is None:
            land.append(country["path"])
            if dot:
                plain_dots += Markup('<circle class="m-land" cx="{}" cy="{}" r="{}"/>').format(*dot, DOT // 2)
            continue
        look = look_of(row)
        fill = Markup(' fill="url(#worldh)"') if look == "range" else ""
        label = Markup("<title>{}</title>").format(row["label"])
        shape = '<path class="m-{}" d="{}"{}>{}</path>'
        shown += Markup(shape).format(look, country["path"], fill, label)
        if dot:
            circle = '<circle class="m-dot m-{}" cx="{}" cy="{}" r="{}"{}>{}</circle>'
            dots += Markup(circle).format(look, *dot, DOT, fill, label)
    pattern = Markup(
        '<pattern id="worldh" width="60" height="60" patternUnits="userSpaceOnUse">'
        '<path class="m-hatch" d="M-15,15L15,-15M0,60L60,0M45,75L75,45"/></pattern>'
    )
    return Markup(
        '<svg class="chart c-world" viewBox="0 0 {} {}" role="img" aria-labelledby="worldt worldd">'
        '<title id="worldt">{}</title><desc id="worldd">{}</desc>{}<path class="m-land" d="{}"/>{}{}{}</svg>'
    ).format(drawn["width"], drawn["height"], title, said, pattern, "".join(land), plain_dots, shown, dots)
