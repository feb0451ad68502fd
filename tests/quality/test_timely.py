"""When data are late, when they cannot be, and when the calendar alone decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.db.schema.strips import HISTORY
from catalog.db.store import Catalog
from catalog.model import Dataset, Distribution, ResourceCheck
from catalog.repositories.checks import write_checks
from catalog.repositories.reading import stored_datasets
from quality.evidence.periods import expectation, lateness, next_review_on
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject
from quality.metrics.timely import modified_truthful_observed, up_to_date
from quality.systems.matrix import measure_all
from tests.conftest import SHARED
from tests.making import key_of, portal, store
from tests.quality.test_texts import records

URL = "https://data.example.org/file.csv"
TODAY = date(2026, 11, 24)


def subject(
    title: str = "Trees of the city",
    *,
    frequency: str | None = None,
    modified: str | None = None,
    seen: str | None = None,
    end: str | None = None,
    changes: tuple[date, ...] = (),
    file: Distribution | None = None,
    check: ResourceCheck | None = None,
    as_of: date = TODAY,
) -> DatasetSubject:
    part = file or Distribution(access_url=URL, download_url=URL, format="CSV")
    dataset = Dataset(
        identifier="x", title=title, frequency=frequency, modified=modified, temporal_end=end, distributions=(part,)
    )
    by = "checksum" if seen else None
    check = check or ResourceCheck(url=URL, outcome="ok", changed_at=seen, change_decided_by=by)  # type: ignore[arg-type]
    one = DistributionSubject(
        id="d",
        distribution=part,
        dataset=dataset,
        access_check=check,
        download_check=check,
        changes=changes,
        as_of=as_of,
    )
    return DatasetSubject(
        id="p-x", portal_id="p", publisher_id=None, dataset=dataset, distributions=(one,), services=(), as_of=as_of
    )


@pytest.mark.parametrize(
    ("title", "frequency", "period", "source"),
    [
        ("Air quality", "R/P1M", 30, "declared"), ("Monthly air quality", None, 30, "title"),
        ("Luftqualität, tägliche Werte", None, 1, "title"),
        ("Qualité de l'air, rapport trimestriel", None, 91, "title"),
        ("月次の大気質", None, 30, "title"), ("Ετήσια έκθεση", None, 365, "title"), ("تقرير شهري", None, 30, "title"),
        ("التقرير الشهري", None, 30, "title"), ("דוח השנתי", None, 365, "title"), ("สถิติรายเดือน", None, 30, "title"),
        ("दैनिक आँकड़े", None, 1, "title"), ("Semi-annual report", None, 182, "title"),
        ("Halbjährliche Zahlen", None, 182, "title"), ("Bi-monthly bulletin", None, 60, "title"),
        # Of some letters there are two forms: ς and σ, the Thai am in one sign or two.
        ("ΕΤΗΣΙΟΣ ΑΠΟΛΟΓΙΣΜΟΣ", None, 365, "title"), ("Ετήσιος απολογισμός", None, 365, "title"),
        ("รายงานประจำปี", None, 365, "title"),
        ("Rapport trimestriel d’activité".replace("é", "e\u0301"), None, 91, "title"),
        ("Weekly air quality", "R/P1Y", 365, "declared"), ("Air quality", None, None, None),
        # What is said to be irregular is not inferred to be otherwise.
        ("Monthly air quality", "irregular", None, None), ("Monthly air quality", "unknown", 30, "title"),
        # Districts and newspapers are no periods.
        ("Quartiers de la ville", None, None, None), ("Quarters of the barracks", None, None, None),
        ("Daily Mail Street, trees", None, None, None), ("Diario Oficial", None, None, None),
        # By year is how rows are cut, and no promise of the next one.
        ("年度別取扱事件数", None, None, None),
        # Monuments are kept up as any list, sites of Natura 2000 are not those of a year, nor is the scale of a map.
        ("Historic Buildings", "R/P1M", 30, "declared"), ("Monuments historiques", "R/P1M", 30, "declared"),
        ("Natura 2000 sites", "R/P1Y", 365, "declared"), ("Map 1:2000", "R/P1Y", 365, "declared"),
        # What has no end does not end with its first year.
        ("Air quality since 2015", "R/P1D", 1, "declared"), ("Luftdaten ab Januar 2015", "R/P1D", 1, "declared"),
        ("Recalls, 2009 through the present", "R/P1D", 1, "declared"), ("Crimes (2015-)", "R/P1D", 1, "declared"),
        ("平成25年以降の事故", "R/P1Y", 365, "declared"), ("منذ ٢٠١٥ حوادث", "R/P1Y", 365, "declared"),
    ],
)  # fmt: skip
def test_what_is_expected(title: str, frequency: str | None, period: int | None, source: str | None) -> None:
    found = expectation(subject(title, frequency=frequency))
    assert (found and int(found.period_days), found and found.source) == (period, source)


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("Census 2011", {}), ("Budget 2023", {"frequency": "R/P1Y"}), ("Elections 2019, Q3", {"frequency": "R/P1M"}),
        ("予算 2019", {"frequency": "R/P1Y"}), ("Accidents 2010-2024", {"frequency": "R/P1Y"}),
        ("Trees", {"frequency": "R/P1M", "end": "2019-12-31"}), ("Trees, historical", {"frequency": "R/P1M"}),
        ("Archiv der Bäume", {"frequency": "R/P1M"}), ("Trees", {"frequency": "never"}),
        ("Loans from 2007-2017", {"frequency": "R/P1M"}), ("FY21 Quarterly Reports", {}),
        # A quarter, a half or a month of this year.
        ("Accidents Q3 2026", {"frequency": "R/P1M"}), ("1. Halbjahr 2026", {"frequency": "R/P1M"}),
        ("Mai 2026", {"frequency": "R/P1D"}), ("Μάρτιος 2026", {"frequency": "R/P1D"}),
        ("2026年3月", {"frequency": "R/P1D"}),
        ("Unfälle, 2. Quartal 2026", {"frequency": "R/P1M"}), ("March 15, 2026", {"frequency": "R/P1D"}),
        # The same year in the calendars and digits of others.
        ("令和3年度予算", {"frequency": "R/P1Y"}), ("平成25年度～平成34年度計画", {"frequency": "R/P1Y"}),
        ("H29年度", {"frequency": "R/P1Y"}), ("２０１９年 予算", {"frequency": "R/P1Y"}),
        ("110年度預算", {"frequency": "R/P1Y"}), ("ميزانية ٢٠١٩", {"frequency": "R/P1Y"}),
        ("ميزانية 1445", {"frequency": "R/P1Y"}), ("بودجه ۱۴۰۲", {"frequency": "R/P1Y"}),
        ("งบประมาณ 2562", {"frequency": "R/P1Y"}), ("예산 2019년", {"frequency": "R/P1Y"}),
    ],
)  # fmt: skip
def test_data_of_a_time_that_is_over_are_never_late(title: str, values: dict[str, Any]) -> None:
    assert up_to_date(subject(title, modified="2019-01-01", **values)) is None


@pytest.mark.parametrize("title", ["Trees 2026", "Trees Q4 2026", "November 2026", "令和8年", "ميزانية ٢٠٢٦"])
def test_a_time_that_is_not_over_yet_closes_nothing(title: str) -> None:
    assert up_to_date(subject(title, modified="2020-01-01", frequency="R/P1M")) == 0.0


def test_a_year_in_the_title_yields_only_to_a_promise_and_a_time_that_goes_on() -> None:
    on = {"modified": "2019-01-01", "end": "9999-12-31"}
    assert up_to_date(subject("Districts of 2011", frequency="R/P1Y", **on)) == 0.0  # type: ignore[arg-type]
    assert up_to_date(subject("Monthly figures 2011", **on)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["2026-12-31", "2026-12", "2027", "9999-12-31"])
def test_a_date_to_come_does_not_make_data_fresh(text: str) -> None:
    assert up_to_date(subject(frequency="R/P1D", modified=text)) is UNKNOWN
    seen = subject(frequency="R/P1D", modified=text, seen="2026-01-01T00:00:00Z")
    assert up_to_date(seen) == 0.0 and "2026-01-01" in lateness(seen)
    # This year and this month have begun, and where the publisher is it may be tomorrow.
    assert up_to_date(subject(frequency="R/P1D", modified="2026-11")) == 1.0
    assert up_to_date(subject(frequency="R/P1D", modified="2026-11-25")) == 1.0


@pytest.mark.parametrize(
    "status", ["http://publications.europa.eu/resource/authority/dataset-status/DISCONT", "Archived"]
)
def test_what_is_withdrawn_is_not_due(status: str) -> None:
    file = Distribution(access_url=URL, download_url=URL, status=status)
    assert expectation(subject(frequency="R/P1D", file=file)) is None


@pytest.mark.skipif(not (SHARED / "portals").is_dir(), reason="the recordings do not lie beside this checkout")
def test_nothing_is_read_into_the_titles_of_tokyo() -> None:
    """Its 349 titles hold 年度 or 年次 48 times, always behind a year of an era that is over: none is a promise."""
    titles = [one.title or "" for one in records("ckan-tokyo")]
    assert sum("年度" in title or "年次" in title for title in titles) > 40
    assert [title for title in titles if expectation(subject(title)) is not None] == []


def test_late_only_beyond_the_tolerance_and_an_own_promise_binds_closer() -> None:
    def fresh(days: int, **values: Any) -> Any:
        return up_to_date(subject(modified=(TODAY - timedelta(days=days)).isoformat(), **values))

    assert fresh(47, frequency="R/P1M") == 1.0 and fresh(48, frequency="R/P1M") == 0.0
    assert fresh(93, title="Daily trees") == 1.0 and fresh(94, title="Daily trees") == 0.0
    assert fresh(93, title="Monthly trees") == 1.0 and fresh(94, title="Monthly trees") == 0.0
    assert fresh(2000, title="Trees 2026", frequency="R/P1Y") == 0.0
    assert up_to_date(subject(frequency="R/P1M")) is UNKNOWN
    late = subject(modified="2026-01-01", frequency="R/P1M")
    assert lateness(late) == (
        "the last change, as declared for the dataset, was on 2026-01-01; due every month "
        "(the record says R/P1M), late since 2026-02-18"
    )
    # It says the same tomorrow.
    assert lateness(replace(late, as_of=TODAY + timedelta(days=1))) == lateness(late)


def test_a_rhythm_that_was_seen_is_expected_to_go_on() -> None:
    even = tuple(date(2026, 1, 5) + timedelta(days=7 * n) for n in range(6))
    uneven = (date(2026, 1, 1), date(2026, 1, 3), date(2026, 4, 1), date(2026, 4, 2), date(2026, 6, 30))
    found = expectation(subject(changes=even))
    assert found is not None and (found.period_days, found.source) == (7, "observed")
    assert expectation(subject(changes=uneven)) is None and expectation(subject(changes=even[:3])) is None
    assert up_to_date(subject(changes=even, seen="2026-02-09T01:00:00Z")) == 0.0
    assert up_to_date(subject(changes=even, seen="2026-11-09T01:00:00Z")) == 1.0


def test_a_rhythm_is_read_from_the_checks_kept_and_asked_again_where_one_is_dropped(catalog: Catalog) -> None:
    found = replace(subject("Trees").dataset, distributions=(Distribution(access_url=URL, download_url=URL),))
    first = date(2026, 1, 5)
    # Five changes at weekly checks; then the same bytes until the history is full.
    for number in range(HISTORY):
        at = f"{first + timedelta(days=7 * number)}T01:00:00Z"
        run_id = f"{at[:10].replace('-', '')}T010000Z"
        catalog.begin_run("test", [portal("p")], version="0", methodology="0", run_id=run_id)
        if not number:
            store(catalog, run_id, "p", [found])
        changed_at = f"{first + timedelta(days=7 * min(number, 4))}T01:00:00Z"
        check = ResourceCheck(
            url=URL, outcome="ok", checked_at=at, is_changed=number < 5, changed_at=changed_at,
            change_decided_by="checksum",
        )  # fmt: skip
        write_checks(catalog, run_id, [check])
    (kept,) = stored_datasets(catalog, [key_of("p", found)])
    assert [day - first for day in kept.distributions[0].changes] == [timedelta(days=7 * n) for n in range(5)]
    catalog.db.conn.execute("delete from to_score")
    catalog.db.conn.commit()
    # The next check pushes the first change out: four are left, and the dataset is noted.
    catalog.begin_run("test", [portal("p")], version="0", methodology="0", run_id="20280101T010000Z")
    again = replace(check, checked_at="2028-01-01T01:00:00Z", is_changed=False)
    write_checks(catalog, "20280101T010000Z", [again])
    (kept,) = stored_datasets(catalog, [key_of("p", found)])
    assert len(kept.distributions[0].changes) == 4
    assert [row["dataset_id"] for row in catalog.rows("select dataset_id from to_score")] == [kept.id]


DAY = st.dates(date(2024, 1, 1), date(2028, 12, 31))
TEXT = st.one_of(
    st.none(),
    DAY.map(date.isoformat),
    st.sampled_from(["2026", "2027", "2026-12", "n.d.", "1970-01-01", "9999-12-31", "9998", "2026-11", "2028-02"]),
)
TITLE = st.sampled_from([
    "Trees", "Trees 2026", "Trees 2027", "Trees 2019", "Monthly trees", "Trees, archived", "Daily trees, Q3 2026",
    "March 2027", "Trees since 2015", "Trees 2025-2027", "令和9年度", "予算 2568", "Weekly trees 2026-11",
    "งบประมาณ 2570",
])  # fmt: skip
FREQUENCY = st.sampled_from([None, "R/P1D", "R/P1M", "R/P1Y", "irregular", "unknown", "now and then"])


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_until_the_day_of_review_nothing_changes(data: Any) -> None:
    file = Distribution(
        access_url=URL, download_url=URL, format="CSV", modified=data.draw(TEXT), issued=data.draw(TEXT)
    )
    seen = data.draw(st.one_of(st.none(), DAY))
    check = ResourceCheck(
        url=URL, outcome="ok", changed_at=f"{seen}T01:00:00Z" if seen else None,
        change_decided_by=data.draw(st.sampled_from(["checksum", "last_modified", "harvest_date"])) if seen else None,
        unchanged_until=f"{seen - timedelta(days=3)}T01:00:00Z" if seen else None,
        last_modified=data.draw(st.sampled_from([None, "Sun, 01 Nov 2026 08:00:00 GMT"])),
    )  # fmt: skip
    starts = tuple(date(2026, 1, 5) + timedelta(days=30 * n) for n in range(data.draw(st.integers(0, 8))))
    one = subject(
        data.draw(TITLE), frequency=data.draw(FREQUENCY), modified=data.draw(TEXT), end=data.draw(TEXT), changes=starts,
        file=file, check=check, as_of=data.draw(DAY),
    )  # fmt: skip

    def at(day: date) -> Any:
        parts = tuple(replace(part, as_of=day) for part in one.distributions)
        measured = measure_all([replace(one, as_of=day, distributions=parts)])
        return repr((measured.datasets.tolist(), measured.distributions.tolist()))

    review, now = next_review_on(one), at(one.as_of)
    assert review is None or review > one.as_of
    last = (review or one.as_of + timedelta(days=3_000)) - timedelta(days=1)
    # The day before, and some in between.
    for day in {last, *(one.as_of + (last - one.as_of) * n / 4 for n in range(4))}:
        assert at(day) == now, (one.as_of, review, day)


def test_a_false_day_of_change_is_told_by_days() -> None:
    check = ResourceCheck(
        url=URL, outcome="ok", changed_at="2025-03-03T02:00:00Z", unchanged_until="2025-03-02T02:00:00Z",
        change_decided_by="checksum",
    )  # fmt: skip
    file = Distribution(access_url=URL, download_url=URL, modified="2024-05-01")
    (part,) = subject("Roads", file=file, check=check, as_of=date(2025, 4, 1)).distributions
    assert modified_truthful_observed(part) == "declared 2024-05-01; the data changed after 2025-03-02"
