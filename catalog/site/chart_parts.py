"""Small parts of charts that a page draws many times, written as short as they can be: a page has dozens of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

__all__ = ["hatching", "percent", "solid_bar", "strip_of_cells"]


def percent(value: float) -> str:
    """Return a number as SVG reads it, with two decimals at most and no zeros at its end.

    >>> percent(50.0), percent(33.333)
    ('50', '33.33')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def solid_bar(value: float) -> Markup:
    """Return the track of a bar from 0 to 100, and its solid part up to ``value``."""
    solid = Markup('<rect class="c-ok" width="{}%" height="14"/>').format(percent(value)) if value else Markup()
    return Markup('<rect class="c-track" width="100%" height="14"/>') + solid


def hatching(names: str, body: Markup) -> Markup:
    """Return the pattern that the hatched parts of a chart refer to; "" if ``body`` has no such part, or has the
    pattern already.

    ``names``: what the ids of the chart begin with. ``body``: the elements of the chart.
    """
    if f"url(#{names}h)" not in body or f'id="{names}h"' in body:
        return Markup()
    return Markup(
        '<pattern id="{}h" width="6" height="6" patternUnits="userSpaceOnUse">'
        '<path class="c-hatch" d="M-1,1L1,-1M0,6L6,0M5,7L7,5"/></pattern>'
    ).format(names)


def strip_of_cells(kinds: Sequence[str], places: int) -> Markup:
    """Return the paths of a strip of ``places`` cells of which the last ones are drawn: "ok" as a full bar, "bad" as a
    short one at the bottom, "unknown" hatched. They stand in a plane that is ``places`` wide and 20 high.

    ``kinds``: kind of each cell, from left to right, ``places`` at most. All cells of a kind are one path: a stroke for
    each run of them, which the dashes of its style cut into cells.
    """
    at, ways = places - len(kinds), {"ok": "", "bad": "", "unknown": ""}
    for kind, alike in groupby(kinds):
        length = len([*alike])
        ways[kind] += f"M{at} {16 if kind == 'bad' else 10}h{length}"
        at += length
    return Markup().join(Markup('<path class="k-{}" d="{}"/>').format(kind, way) for kind, way in ways.items() if way)
