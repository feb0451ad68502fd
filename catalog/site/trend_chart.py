"""Draw what changes from night to night: a line with its interval as a band, and the same as a table.

A script, ``static/charts.js``, may put a chart in its place that says day, value and interval where the pointer is. It
reads the nights from the data of the page, at the place that ``data-series`` names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from catalog.db.store import started
from catalog.exports.cards import day_of_run
from catalog.site.chart_parts import percent
from specs.languages import Language
from specs.methodology import is_comparable

__all__ = ["Trend"]

DOTS_MAX = 40
"""Nights up to which a trend has a dot for each."""
ROWS_MAX = 30
"""Nights in the table beneath, the last ones."""
_HIGH = 1000
"""Units of the plane in which it is drawn, both ways."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Trend:
    """One trend, in the language ``words``.

    ``rows``: rows with run_id, methodology_version and score, from 0 to 100 or None, the oldest first. Those of scores
    have score_low, score_high, ci_low and ci_high; those of a promise, where ``score`` is its progress, have
    ``expected``, the progress that it should have. ``names``: stem of the ids in the SVG. ``span``: first and last run
    of the axis of time; None takes those of ``rows``.
    """

    words: Language
    rows: Sequence[Row]
    names: str
    is_promise: bool = False
    span: tuple[str, str] | None = None

    def title(self, name: str) -> str:
        """Return what the chart shows. ``name``: whose score or progress it is."""
        return self.words.phrase("charts.progress" if self.is_promise else "charts.trend", name=name)

    def said(self) -> str:
        """Return in words how it began and how it stands."""
        first, last = self._days()
        told = {"first": first, "before": self._number(self.rows[0]), "last": last, "now": self._number(self.rows[-1])}
        return self.words.phrase("charts.progress_said" if self.is_promise else "charts.trend_said", **told)

    def drawn(self) -> Markup:
        """Return what stands inside of the SVG. The line breaks where a night has no value and where the method
        changed, because scores of two methods do not compare."""
        places = self._places()
        drawn, dots = Markup(), Markup()
        for part in _segments(self.rows):
            drawn += self._band(part, places, "score_low", "score_high", Markup('fill="url(#{}h)"').format(self.names))
            drawn += self._band(part, places, "ci_low", "ci_high", Markup('class="c-band"'))
            drawn += self._line(part, places, "expected", "c-due") + self._line(part, places, "score", "c-line")
            if len(self.rows) <= DOTS_MAX or len(part) == 1:
                for at in part:
                    place = (percent(places[at] / _HIGH * 100), percent(100 - _share(self.rows[at]["score"])))
                    dots += Markup('<circle class="c-dot" cx="{}%" cy="{}%" r="3"/>').format(*place)
        drawn += self._breaks(places)
        line = Markup(
            '<line class="c-grid" x2="100%" y1="{0}%" y2="{0}%"/><text class="c-text" y="{0}%" dy="-3">{1}</text>'
        )
        grid = Markup().join(line.format(100 - value, value) for value in (0, 50, 100))
        plane = Markup(
            '<pattern id="{0}h" width="10" height="44" patternUnits="userSpaceOnUse">'
            '<path class="c-hatch" d="M0,44L10,0" vector-effect="non-scaling-stroke"/></pattern>{1}'
        ).format(self.names, drawn)
        inner = Markup(
            '<svg y="16" width="100%" height="150" overflow="visible">{}<svg width="100%" height="100%" '
            'viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>{}</svg>'
        ).format(grid, _HIGH, _HIGH, plane, dots)
        first, last = (self.words.day(day_of_run(run)) for run in self._ends())
        inner += Markup('<text class="c-text" y="184">{}</text>').format(first)
        if last != first:
            inner += Markup('<text class="c-text" x="100%" y="184" text-anchor="end">{}</text>').format(last)
        return inner

    def table(self, name: str) -> Markup:
        """Return the last nights as a table that is folded away. ``name``: whose score or progress it is."""
        t = self.words.phrase
        keys = ["progress_done", "progress_due"] if self.is_promise else ["points", "interval", "range"]
        heads = Markup().join(
            Markup('<th scope="col" class="number">{}</th>').format(t(f"charts.{key}")) for key in keys
        )
        lines = Markup().join(
            Markup('<tr><th scope="row">{}</th>{}</tr>').format(
                self.words.day(day_of_run(row["run_id"])),
                Markup().join(Markup('<td class="number">{}</td>').format(cell) for cell in self._cells(row)),
            )
            for row in reversed(self.rows[-ROWS_MAX:])
        )
        return Markup(
            '<details><summary>{}</summary><div class="table-wrapper" tabindex="0" role="region" aria-label="{}">'
            '<table class="plain"><caption class="sr">{}</caption><thead><tr><th scope="col">{}</th>{}</tr></thead>'
            "<tbody>{}</tbody></table></div></details>"
        ).format(t("charts.as_table"), *[self.title(name)] * 2, t("charts.night"), heads, lines)

    def figure(self, chart: Markup, name: str, series: str) -> Markup:
        """Return the chart with its table. ``series``: where the data of the page have the nights, such as
        "sides.0.nights"; "" if they do not."""
        t = self.words.phrase
        told = Markup()
        if series and len(self.rows) > 1:
            first, last = self._ends()
            value, interval = ("progress_done", "progress_due") if self.is_promise else ("points", "interval")
            told = Markup(
                ' data-series="{}" data-from="{}" data-to="{}" data-value="{}" data-interval="{}" data-none="{}"'
            ).format(series, first, last, t(f"charts.{value}"), t(f"charts.{interval}"), t("charts.none"))
        return Markup('<figure class="chart"{}>{}{}</figure>').format(told, chart, self.table(name))

    def _ends(self) -> tuple[str, str]:
        return self.span or (self.rows[0]["run_id"], self.rows[-1]["run_id"])

    def _days(self) -> tuple[str, str]:
        first, last = (self.words.day(day_of_run(row["run_id"])) for row in (self.rows[0], self.rows[-1]))
        return first, last

    def _places(self) -> list[float]:
        start, end = (started(run).timestamp() for run in self._ends())
        times = [started(row["run_id"]).timestamp() for row in self.rows]
        return [_HIGH * (time - start) / (end - start) if end > start else _HIGH / 2 for time in times]

    def _line(self, part: Sequence[int], places: Sequence[float], key: str, look: str) -> Markup:
        known = [at for at in part if self.rows[at].get(key) is not None]
        if not known:
            return Markup()
        points = " ".join(f"{places[at]:.0f},{_height(self.rows[at][key])}" for at in known)
        return Markup('<polyline class="{}" points="{}"/>').format(look, points)

    def _breaks(self, places: Sequence[float]) -> Markup:
        drawn, versions = Markup(), [row.get("methodology_version") for row in self.rows]
        for at in range(1, len(self.rows)):
            if not is_comparable(versions[at], versions[at - 1]):
                drawn += Markup('<path class="c-break" d="M{0:.0f},0V{1}"><title>{2}</title></path>').format(
                    (places[at - 1] + places[at]) / 2,
                    _HIGH,
                    self.words.phrase("charts.new_method", version=versions[at] or "?"),
                )
        return drawn

    def _band(self, part: Sequence[int], places: Sequence[float], low: str, high: str, look: Markup) -> Markup:
        rows = self.rows
        known = [at for at in part if rows[at].get(low) is not None and rows[at].get(high) is not None]
        if not known:
            return Markup()
        if len(known) == 1:
            # One night has no width; a narrow bar shows its interval.
            (at,) = known
            ends = [(places[at] + side, rows[at][end]) for side, end in ((-6, low), (6, low), (6, high), (-6, high))]
        else:
            ends = [(places[at], rows[at][low]) for at in known]
            ends += [(places[at], rows[at][high]) for at in reversed(known)]
        return Markup("<polygon {} points={}/>").format(
            look, Markup('"{}"').format(" ".join(f"{x:.0f},{_height(value)}" for x, value in ends))
        )

    def _cells(self, row: Row) -> list[str]:
        if self.is_promise:
            due = row.get("expected")
            return [self._number(row), "–" if due is None else self.words.number(due, 0)]
        return [self._number(row), self._between(row, "ci"), self._between(row, "score")]

    def _between(self, row: Row, stem: str) -> str:
        low, high = row.get(f"{stem}_low"), row.get(f"{stem}_high")
        return "–" if low is None or high is None else f"{self.words.number(low)}–{self.words.number(high)}"

    def _number(self, row: Row) -> str:
        score = row.get("score")
        if score is None:
            return self.words.phrase("charts.none")
        return self.words.number(score, 0) if self.is_promise else self.words.number(score)


def _share(value: float | None) -> float:
    return min(max(value or 0.0, 0.0), 100.0)


def _height(score: float) -> str:
    return f"{_HIGH * (100 - _share(score)) / 100:.0f}"


def _segments(rows: Sequence[Row]) -> list[list[int]]:
    """Return the places of the nights of each unbroken line."""
    found: list[list[int]] = []
    before: Row | None = None
    for at, row in enumerate(rows):
        if row.get("score") is None:
            before = None
            continue
        if before is None or not is_comparable(row.get("methodology_version"), before.get("methodology_version")):
            found.append([])
        found[-1].append(at)
        before = row
    return found
