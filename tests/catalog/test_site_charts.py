"""Charts: well-formed, described, hatched where unknown, and no letter without enough observation."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from catalog.exports.grades import grade_range
from catalog.site.charts import Charts
from specs.languages import languages

SCORED = {"score": 71.0, "score_low": 60.0, "score_high": 76.0, "ci_low": 63.0, "ci_high": 79.0, "coverage_pct": 94.0}
UNSEEN = {"score": 91.0, "score_low": 40.0, "score_high": 95.0, "coverage_pct": 45.0}
EVIL = "</title><script>alert(1)</script>"


def charts_of(charts: Charts) -> list[Markup]:
    nights = [
        {"run_id": f"202611{day:02}T000000Z", "methodology_version": version, **SCORED, "score": score}
        for day, version, score in [(1, "1.0", 50.0), (2, "1.0", None), (5, "2.0", 60.0), (9, "2.0", 71.0)]
    ]
    return [
        charts.score(SCORED, EVIL),
        charts.score({"score": None}, EVIL),
        charts.trend(nights, EVIL),
        charts.trend(nights[:1], "one night"),
        charts.bars([{"name": EVIL, "value": 40.0}, {"name": "timely", "value": None}], EVIL, "Dimension", "Points"),
        charts.checks(["ok", "broken", "unknown", None] * 20, EVIL),
        charts.checks([], "never asked"),
        charts.states(
            [{"label": EVIL, "count": 3, "kind": "ok"}, {"label": "unknown", "count": 2, "kind": "unknown"}], EVIL
        ),
    ]


@pytest.mark.parametrize("tag", languages())
def test_charts_are_described_and_have_no_style_of_their_own(tag: str) -> None:
    page = "".join(charts_of(Charts(languages()[tag])))
    tree = ElementTree.fromstring(f"<page>{page}</page>")
    ids = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    for svg in tree.iter("svg"):
        if svg.get("role") == "img":
            assert [svg.find("title") is not None, svg.find("desc") is not None] == [True, True]
            assert all(name in ids for name in str(svg.get("aria-labelledby")).split())
    for name in re.findall(r"url\(#(\w+)\)", page):
        assert name in ids
    assert "<script" not in page and " style=" not in page and "nan" not in page


def test_what_is_unknown_is_hatched_and_not_failed() -> None:
    charts = Charts(languages()["en"])
    assert 'width="100%"' in charts.score({"score": None}) and "c-unknown" in charts.score({"score": None})
    assert "c-unknown" in charts.score(SCORED) and "c-bad" not in charts.score(SCORED)
    assert "c-unknown" not in charts.score({"score": 5.0, "score_low": 5.0, "score_high": 5.0})
    # Nothing is said of an unknown part that nobody has worked out.
    assert "unknown" not in charts.bar(40.0, "open") and "40.0 of 100." in charts.bar(40.0, "open")
    strip = charts.checks(["ok", "broken", "unknown", "half"])
    # A stroke for each run of alike cells, at the right end of sixty places.
    drawn = dict(re.findall(r'class="k-(\w+)" d="([^"]+)"', strip))
    assert drawn == {"ok": "M56 10h1", "bad": "M57 16h1", "unknown": "M58 10h2"}
    assert "Answered: 1. Failed: 1. Unknown: 2." in strip
    assert 'class="k-ok" d="M0 10h60"' in charts.checks(["ok"] * 200)
    assert "M0 10h30M31 10h29" in charts.checks([*["ok"] * 30, "broken", *["ok"] * 29])


def test_a_trend_breaks_where_the_method_changes() -> None:
    trend = charts_of(Charts(languages()["en"]))[2]
    # Two lines: one before the night without a score and the new method, one after.
    assert trend.count("<polyline") == 2 and "version 2.0" in trend and "As a table" in trend
    assert Charts(languages()["en"]).trend([], "nobody") == ""
    same = [{"run_id": f"2026110{day}T000000Z", "methodology_version": f"2.1.{day}", **SCORED} for day in (1, 2)]
    assert Charts(languages()["en"]).trend(same, "x").count("<polyline") == 1, "2.1.1 and 2.1.2 compare"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (SCORED, ("B", "B")),
        (UNSEEN, ("A", "D")),
        (SCORED | {"coverage_pct": None}, ("B", "C")),
        (SCORED | {"score_low": None, "score_high": None, "coverage_pct": 10.0}, ("A", "E")),
        (SCORED | {"addresses": 900, "asked": 0}, ("B", "C")),
        (SCORED | {"addresses": 900, "asked": 1}, ("B", "B")),
        (SCORED | {"withheld": "fewer than 5 datasets"}, None),
        ({"score": None}, None),
    ],
)
def test_a_letter_needs_enough_observation(row: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert grade_range(row) == expected
    shown = Charts(languages()["en"]).grade(row)
    assert ("grade-range" in shown) == (expected is None or expected[0] != expected[1])
    if row is UNSEEN:
        # What would have been a green A.
        assert "A to D" in shown and "grade-A" not in shown


def test_the_progress_of_a_promise_stands_beside_where_it_should_be() -> None:
    nights = [
        {"run_id": f"202611{day:02}T000000Z", "methodology_version": "2.1.0", "score": progress, "expected": due}
        for day, progress, due in [(1, 10.0, 20.0), (5, None, 40.0), (9, 30.0, 60.0), (12, 40.0, None)]
    ]
    chart = Charts(languages()["en"]).trend(nights, EVIL, is_promise=True)
    assert chart.count('class="c-line"') == 2 and chart.count('class="c-due"') == 2, "an unknown night breaks the line"
    assert "Should be, %" in chart and "none" in chart and EVIL not in chart
    # Two trends on one axis of time: half of the way is half of it.
    later = Charts(languages()["en"]).trend(nights[2:], "x", span=("20261101T000000Z", "20261117T000000Z"))
    assert 'points="500,700 688,600"' in later
