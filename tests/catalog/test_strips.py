"""The checks of an address come back as they were, by our code and by the view alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.db.schema.strips import HISTORY, LARGEST, SMALL, character, fact
from catalog.db.store import Catalog
from catalog.db.strips import PastCheck, add_to, strip_of, unpacked
from catalog.model import ResourceCheck
from catalog.repositories.check_history import days_of_change
from catalog.repositories.checks import write_checks

URL = "https://files.example/a.csv"
EDGES = st.sampled_from([0, 1, 126, 127, 2046, 2047, SMALL - 1, SMALL, SMALL + 1, 0xDFFF, 0xE000, LARGEST])
# Two facts between are stored as their neighbours, see below.
FACTS = st.one_of(EDGES, st.integers(0, 63_000), st.integers(64_000, LARGEST))


@st.composite
def histories(draw: st.DrawFn) -> list[PastCheck]:
    runs = draw(st.lists(st.integers(1, 5_000), min_size=1, max_size=HISTORY, unique=True))
    start = draw(st.integers(-10_000, 10_000))
    elapsed = st.one_of(st.none(), st.integers(0, 63_000), st.integers(64_000, LARGEST - 1))
    return [PastCheck(run, start + draw(FACTS), draw(elapsed), draw(st.integers(1, 3))) for run in sorted(runs)]


@settings(max_examples=60, deadline=None)
@given(checks=histories())
def test_a_strip_is_unpacked_as_it_was_packed(checks: list[PastCheck]) -> None:
    latest = min(check.second for check in checks) + LARGEST
    strip = strip_of(checks, {2})
    assert unpacked(strip) == [check._replace(second=min(check.second, latest)) for check in checks]
    assert strip[:2] == (len(checks), sum(check.code == 2 for check in checks))


def test_the_same_run_is_kept_once_and_the_oldest_goes() -> None:
    checks: list[PastCheck] = []
    for run in range(HISTORY + 5):
        checks = add_to(checks, PastCheck(run, 0, None, 1))
    assert [check.run for check in checks] == list(range(5, HISTORY + 5))
    again = add_to(checks, PastCheck(9, 7, 8, 2))
    assert len(again) == HISTORY and again[4] == PastCheck(9, 7, 8, 2) and again[5:] == checks[5:]


def test_the_view_tells_each_check_as_it_was(catalog: Catalog) -> None:
    """Runs of all lengths, a check before the second that names its run, no time, and much time."""
    told = [
        ("20310101T000000Z", "2031-01-01T00:00:02Z", "ok", None, 130, False),
        ("20310102T000000Z", "2031-01-01T23:59:58Z", "failing", "gone", None, False),
        ("20310105T000000Z", "2031-01-05T17:59:59Z", "ok", None, 60_000, True),
        ("20310106T000000Z", "2031-01-08T00:00:00Z", "unknown", "blocked", 0, False),
    ]
    for run_id, checked_at, outcome, fault, elapsed_ms, is_changed in told:
        catalog.begin_run("t", [], version="0", methodology="0", run_id=run_id)
        check = ResourceCheck(
            url=URL, outcome=outcome, fault=fault, checked_at=checked_at, elapsed_ms=elapsed_ms, is_changed=is_changed
        )
        write_checks(catalog, run_id, [check])
    rows = catalog.rows("select * from resource_history where url = ? order by id", [URL])
    columns = ("run_id", "checked_at", "outcome", "fault", "elapsed_ms", "is_changed")
    assert [tuple(row[name] for name in columns) for row in rows] == told
    assert {row["id"].partition("/")[0] for row in rows} == {one[0] for one in told}
    assert days_of_change(catalog, [URL]) == {URL: (datetime(2031, 1, 5, tzinfo=UTC).date(),)}


@pytest.mark.parametrize("seconds", [LARGEST, LARGEST + 5])
def test_no_check_is_later_than_the_limit(seconds: int) -> None:
    strip = strip_of([PastCheck(1, 0, None, 1), PastCheck(2, seconds, None, 1)], ())
    assert unpacked(strip)[1].second == LARGEST


def test_the_two_characters_that_sqlite_cannot_read_are_not_used(catalog: Catalog) -> None:
    facts = [63_481, 63_482, 63_483, 63_484, 63_485, 63_486]
    chars = [character(one) for one in facts]
    read = [catalog.value("select unicode(?)", [char]) for char in chars]
    assert [ord(char) for char in chars] == read
    assert max(abs(fact(char) - one) for char, one in zip(chars, facts, strict=True)) <= 2
