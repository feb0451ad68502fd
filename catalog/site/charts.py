"""Draw the charts of the site as SVG: a bar with its interval, a trend over nights, a strip of checks, a stacked bar.

A chart works without script and without colour: what is unknown is hatched, and each has a title and a description for
screen readers. No chart has a style of its own; the classes stand in ``static/winnow.css``. Widths are percentages, so
that a chart fits a phone and its hatching keeps its shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from catalog.exports.grades import grade_range
from catalog.exports.wording import grades_in_words, withheld_in_words
from catalog.site.chart_parts import hatching, percent, solid_bar, strip_of_cells
from catalog.site.trend_chart import Trend
from catalog.site.world_map import draw_world
from specs.languages import Language

__all__ = ["STATES", "Charts"]

STATES = ("ok", "part", "bad", "other", "unknown")
"""Kinds of parts of a stacked bar, each with a look of its own: passed, in part, failed, neither, not observed."""
CHECKS_MAX = 60
"""Checks of a strip."""


class Charts:
    """The charts of one page, in its language. ``words``: that language. Make one for each page: the ids inside the
    SVG count from 1."""

    def __init__(self, words: Language) -> None:
        self._words = words
        self._count = 0

    def grade(self, row: Mapping[str, Any], size: str = "") -> Markup:
        """Return the grade of a score as a coloured letter, as a hatched range such as "B to D", or as "?".

        ``row``: as for :func:`catalog.exports.grades.grade_range`. ``size``: "big" for the heading of a page, or "".
        """
        t = self._words.phrase
        found = grade_range(row)
        if found is None:
            # An image for screen readers: "?" alone says nothing.
            return Markup('<span class="grade grade-range {}" role="img" aria-label="{}">?</span>').format(
                size, self._grade_said(row)
            )
        best, worst = found
        if best == worst:
            return Markup('<span class="grade grade-{} {}"><span class="sr">{} </span>{}</span>').format(
                best, size, t("charts.grade"), best
            )
        # Two letters and the word between them, never the better one alone.
        return Markup('<span class="grade grade-range {}"><span class="sr">{} </span>{}</span>').format(
            size, t("charts.grade"), grades_in_words(self._words, found)
        )

    def score(self, row: Mapping[str, Any], name: str = "") -> Markup:
        """Return a bar from 0 to 100: solid up to what is certain, hatched where it is unknown, with a mark at the
        score and a line over its 95 % interval.

        ``row``: a row with score, score_low and score_high, and ci_low and ci_high if it has them; without a score all
        of the bar is hatched. ``name``: whose score it is, for screen readers.
        """
        t, score = self._words.phrase, row.get("score")
        low, high = _or(row.get("score_low"), score), _or(row.get("score_high"), score)
        if score is None:
            low, high, said = 0.0, 100.0, t("charts.no_score")
        elif row.get("score_low") is None:
            # Nobody has worked out what the unknown would change: nothing is said of it.
            said = t("charts.value_said", score=self._number(score))
        else:
            said = t("charts.score_said", score=self._number(score), low=self._number(low), high=self._number(high))
        low, high = _share(low), max(_share(high), _share(low))
        names, mark, hatch = self._start(solid_bar(low))
        mark += hatch.format("0", percent(low), percent(high - low), 14) if high > low else ""
        if row.get("ci_low") is not None and row.get("ci_high") is not None:
            ends = [percent(_share(row[end])) for end in ("ci_low", "ci_high")]
            mark += Markup('<line class="c-interval" x1="{}%" x2="{}%" y1="18" y2="18"/>').format(*ends)
            ci = [self._number(row[end]) for end in ("ci_low", "ci_high")]
            said += f" {t('charts.interval_said', low=ci[0], high=ci[1])}"
        if score is not None:
            place = percent(_share(score))
            mark += Markup('<line class="c-mark" x1="{}%" x2="{}%" y1="0" y2="20"/>').format(place, place)
        return self._svg(names, "c-score", 22, t("charts.score", name=name), said, mark)

    def bar(
        self, value: float | None, name: str = "", *, low: float | None = None, high: float | None = None
    ) -> Markup:
        """Return a bar for a value from 0 to 100, such as a dimension; all hatched if ``value`` is None.

        ``low``, ``high``: the value if everything unknown had failed, and if it had passed; None for neither. ``name``:
        what the bar shows, for screen readers.
        """
        return self.score({"score": value, "score_low": low, "score_high": high}, name)

    def bars(self, rows: Sequence[Mapping[str, Any]], caption: str, heading: str, unit: str) -> Markup:
        """Return a table with a bar in each row, such as the dimensions of a score.

        ``rows``: each has ``name``, ``value`` (0 to 100, or None if unknown) and may have ``low`` and ``high``.
        ``caption``: what the table shows. ``heading``, ``unit``: titles of the column of names and of that of values.
        """
        t = self._words.phrase
        lines = Markup().join(
            Markup('<tr><th scope="row">{}</th><td class="bar">{}</td><td class="number">{}</td></tr>').format(
                row["name"],
                self._bar_in_row(row),
                t("charts.unknown") if row["value"] is None else self._number(row["value"]),
            )
            for row in rows
        )
        return Markup(
            '<table class="bars"><caption>{}</caption><thead class="sr"><tr><th scope="col">{}</th>'
            '<th scope="col">{}</th><th scope="col">{}</th></tr></thead><tbody>{}</tbody></table>'
        ).format(caption, heading, t("charts.bar"), unit, lines)

    def _bar_in_row(self, row: Mapping[str, Any]) -> Markup:
        if row.get("low") is not None:
            return self.bar(row["value"], row["name"], low=row["low"], high=row.get("high"))
        # The row says the same in words: to screen readers the bar would say it twice.
        names, body, hatch = self._start(Markup())
        if row["value"] is None:
            body = hatch.format("0", "0", "100", 14)
        else:
            body = Markup('<rect class="c-ok" width="{}%" height="14"/>').format(percent(_share(row["value"])))
        return Markup('<svg class="c-bar" aria-hidden="true">{}{}</svg>').format(hatching(names, body), body)

    def trend(
        self,
        nights: Iterable[Mapping[str, Any]],
        name: str,
        *,
        series: str = "",
        is_promise: bool = False,
        span: tuple[str, str] | None = None,
    ) -> Markup:
        """Return the score over time as a line with its 95 % interval as a band and the unknown hatched, and the same
        as a table beneath; "" without any night.

        ``nights``: rows as for :class:`catalog.site.trend_chart.Trend`, the oldest first. ``name``: whose score it is.
        ``series``: where the data of the page have the nights, so that a script can say more of them; "" if they do
        not. ``is_promise``: whether it is the progress of a promise, beside the one that it should have. ``span``:
        first and last run of the axis of time, so that two trends compare; None for those of ``nights``.
        """
        rows = [dict(row) for row in nights]
        if not rows:
            return Markup()
        self._count += 1
        trend = Trend(self._words, rows, f"c{self._count}", is_promise, span)
        chart = self._svg(trend.names, "c-trend", 190, trend.title(name), trend.said(), trend.drawn())
        return trend.figure(chart, name, series)

    def checks(self, outcomes: Sequence[str | None], name: str = "") -> Markup:
        """Return a strip with a cell for each check of an address: a full bar where it answered, a short one where it
        failed, hatched where nothing is known.

        ``outcomes``: of each check, the oldest first: "ok", "broken" or "invalid"; any other text and None count as
        unknown. The last 60 are shown. ``name``: the address, for screen readers.
        """
        t, kinds = self._words.phrase, [_kind(one) for one in outcomes[-CHECKS_MAX:]]
        # Sixty places, so that strips of two addresses compare; those before the first check stay empty.
        names, body, _ = self._start(strip_of_cells(kinds, CHECKS_MAX))
        counts = {kind: kinds.count(kind) for kind in ("ok", "bad", "unknown")}
        said = t("charts.checks_said", **counts)
        if kinds:
            said += f" {t('charts.checks_last', state=t(f'charts.check_{kinds[-1]}'))}"
        plane = Markup(' viewBox="0 0 {} 20" preserveAspectRatio="none"').format(CHECKS_MAX)
        return self._svg(names, "c-checks", 20, t("charts.checks", name=name, count=len(kinds)), said, body, plane)

    def states(self, parts: Sequence[Mapping[str, Any]], name: str) -> Markup:
        """Return a stacked bar of how many things are in which state, with its legend; hatched where unknown.

        ``parts``: each has ``label``, ``count`` and ``kind``, one of :data:`STATES`; they are drawn in this order, and
        those with count 0 are left out. ``name``: what is counted.
        """
        t, shown = self._words.phrase, [part for part in parts if part["count"]]
        total = sum(part["count"] for part in shown)
        if not total:
            return Markup()
        names, body, hatch = self._start(Markup('<rect class="c-track" width="100%" height="18"/>'))
        at = 0.0
        for part in shown:
            width = 100 * part["count"] / total
            if part["kind"] == "unknown":
                body += hatch.format("0", percent(at), percent(width), 18)
            else:
                cell = '<rect class="c-{}" x="{}%" width="{}%" height="18"/>'
                body += Markup(cell).format(part["kind"], percent(at), percent(width))
            if part["kind"] == "bad":
                # Red and amber are alike to some eyes: what failed is split along its length.
                body += Markup('<line class="c-gap" x1="{}%" x2="{}%" y1="9" y2="9"/>').format(
                    percent(at), percent(at + width)
                )
            at += width
            # A gap tells two parts apart that look alike in grey.
            body += Markup('<line class="c-gap" x1="{0}%" x2="{0}%" y2="18"/>').format(percent(at)) if at < 99.9 else ""
        said = "; ".join(f"{part['label']}: {self._words.number(part['count'], 0)}" for part in shown)
        legend = Markup().join(
            Markup("<li>{}{} <strong>{}</strong></li>").format(
                self.swatch(part["kind"]), part["label"], self._words.number(part["count"], 0)
            )
            for part in shown
        )
        chart = self._svg(names, "c-states", 18, t("charts.states", name=name), said, body)
        return Markup('<figure class="chart">{}<figcaption><ul class="legend">{}</ul></figcaption></figure>').format(
            chart, legend
        )

    def world(self, nations: Iterable[Mapping[str, Any]], title: str) -> Markup:
        """Return the map of the world, with each nation in the colour of its grade, hatched without a single one, and
        the legend.

        ``nations``: rows as for :meth:`grade`, each with ``country`` (ISO 3166-1 alpha-3) and ``place``, its name.
        ``title``: what the map shows.
        """
        t, rows = self._words.phrase, []
        for row in nations:
            rows.append(dict(row) | {"label": f"{row['place']}: {self._grade_said(row)}"})
        drawn = draw_world(rows, title, "; ".join(row["label"] for row in rows) or t("charts.none"), _look)
        grades = [(f"m-{letter}", letter) for letter in "ABCDE"]
        legend = Markup().join(
            Markup('<li><svg class="swatch" width="12" height="12" aria-hidden="true">'
                   '<rect class="{}" width="100%" height="12"/></svg>{}</li>').format(*grade)
            for grade in grades
        )  # fmt: skip
        unknown = Markup("<li>{}{}</li>").format(self.swatch("unknown"), t("charts.no_single_grade"))
        return Markup(
            '<figure class="chart wide">{}<figcaption><ul class="legend">{}{}</ul></figcaption></figure>'
        ).format(drawn, legend, unknown)

    def _grade_said(self, row: Mapping[str, Any]) -> str:
        found = grade_range(row)
        if found is None:
            # Too few datasets, or too little observed.
            return withheld_in_words(self._words, row.get("withheld")) or self._words.phrase("charts.grade_unknown")
        return grades_in_words(self._words, found)

    def swatch(self, kind: str) -> Markup:
        """Return the small square of a legend that looks like the parts of a kind, one of :data:`STATES`."""
        names, body, hatch = self._start(Markup())
        body += hatch.format("0", "0", "100", 12) if kind == "unknown" else ""
        if kind != "unknown":
            body += Markup('<rect class="c-{}" width="100%" height="12"/>').format(kind)
        if kind == "bad":
            body += Markup('<line class="c-gap" x2="100%" y1="6" y2="6"/>')
        return Markup('<svg class="swatch" width="12" height="12" aria-hidden="true">{}{}</svg>').format(
            hatching(names, body), body
        )

    def _number(self, value: float | None) -> str:
        return self._words.number(value)

    def _start(self, before: Markup) -> tuple[str, Markup, Markup]:
        """Begin a chart: return the stem of its ids, its text so far, and the text of a hatched part, to be formatted
        with y, x and width (both in percent) and height."""
        self._count += 1
        name = f"c{self._count}"
        hatch = Markup(
            '<rect class="c-unknown" y="{{}}" x="{{}}%" width="{{}}%" height="{{}}" fill="url(#{}h)"/>'
        ).format(name)
        return name, before, hatch

    def _svg(self, names: str, kind: str, height: int, title: str, said: str, body: Markup, plane: str = "") -> Markup:
        return Markup(
            '<svg class="chart {0}" width="100%" height="{1}"{7} role="img" aria-labelledby="{2}t {2}d">'
            '<title id="{2}t">{3}</title><desc id="{2}d">{4}</desc>{5}{6}</svg>'
        ).format(kind, height, names, title, said, hatching(names, body), body, plane)


def _look(row: Mapping[str, Any]) -> str:
    found = grade_range(row)
    return found[0] if found and found[0] == found[1] else "range"


def _kind(outcome: str | None) -> str:
    return {"ok": "ok", "broken": "bad", "invalid": "bad"}.get(outcome or "", "unknown")


def _or(value: float | None, default: float | None) -> float | None:
    return default if value is None else value


def _share(value: float | None) -> float:
    return min(max(value or 0.0, 0.0), 100.0)
