"""Progress, completion and measures: the figures of a promise, and that nobody gains by taking away what fails."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.repositories.commitment_rows import Member, MemberDistribution, MemberService
from quality.commitments import rules
from quality.commitments.measures import MEASURES, Context, MeasureReading, ScopeMember, kaplan_meier_median, read
from quality.commitments.progress import CommitmentItem, elapsed, overall, progress, satisfied, suggested_completion
from quality.commitments.rules import NOT_ASKED
from quality.commitments.trend import forecast, theil_sen, weekly
from specs.measures import ONLY, measures

DAY = date(2026, 1, 1)
finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
better = st.sampled_from(["increase", "decrease"])


def test_progress_works_in_both_directions() -> None:
    assert progress(33, 29, 38, "increase") == pytest.approx(4 / 9)
    assert progress(510, 900, 120, "decrease") == pytest.approx(0.5)
    assert progress(20, 29, 38, "increase") == 0 and progress(1000, 900, 120, "decrease") == 0
    assert progress(50, 29, 38, "increase") == 1 and progress(0, 900, 120, "decrease") == 1
    # To maintain: met or not, nothing between.
    assert progress(0.9, 0.9, 0.9, "increase") == 1 and progress(0.89, 0.9, 0.9, "increase") == 0
    # A baseline that was measured may lie beyond the target already.
    assert progress(0.97, 0.99, 0.95, "increase") == 1 and progress(0.5, 0.99, 0.95, "increase") == 0


@given(finite, finite, finite, better)
def test_progress_is_bounded_and_whole_only_when_met(value: float, baseline: float, target: float, side: Any) -> None:
    share = progress(value, baseline, target, side)
    assert 0 <= share <= 1
    assert (share == 1) == satisfied(value, target, side)


@given(finite, finite, finite, finite, better)
def test_progress_never_falls_when_more_is_done(a: float, b: float, baseline: float, target: float, side: Any) -> None:
    worse, more = sorted((a, b), reverse=side == "decrease")
    assert progress(worse, baseline, target, side) <= progress(more, baseline, target, side)


items = st.lists(
    st.builds(CommitmentItem, st.one_of(st.none(), st.floats(0, 1)), st.floats(0.01, 100, allow_nan=False)), max_size=8
)


@given(items, st.randoms())
def test_the_whole_lies_between_its_parts_in_whatever_order(parts: list[CommitmentItem], rng: random.Random) -> None:
    share = overall(parts)
    known = [one.progress for one in parts if one.progress is not None]
    if not known:
        assert share is None
        return
    assert share is not None and min(known) - 1e-6 <= share <= max(known) + 1e-6
    assert (share == 1) == all(one == 1 for one in known)
    mixed = parts[:]
    rng.shuffle(mixed)
    assert overall(mixed) == pytest.approx(share)


def test_weights_count() -> None:
    assert overall([CommitmentItem(1.0, 3), CommitmentItem(0.0, 1), CommitmentItem(None, 50)]) == pytest.approx(0.75)


def test_time_that_has_passed() -> None:
    start, end = date(2024, 1, 1), date(2024, 1, 11)
    assert [elapsed(start, end, start + timedelta(days=n)) for n in (-5, 0, 5, 10, 20)] == [0, 0, 0.5, 1, 1]


@pytest.mark.parametrize(
    ("share", "coverage", "is_met", "is_resolved", "word"),
    [
        (0.049, 1, False, True, "not_started"), (0.05, 1, False, True, "limited"), (0.499, 1, False, True, "limited"),
        (0.5, 1, False, True, "substantial"), (0.99, 0.8, False, True, "substantial"), (1.0, 1, True, True, "complete"),
        (1.0, 0.79, True, True, "no_evidence"), (None, 1, False, True, "no_evidence"),
        (1.0, None, True, True, "no_evidence"), (1.0, 1, True, False, "no_evidence"),
    ],
)  # fmt: skip
def test_completion_in_words(
    share: float | None, coverage: float | None, is_met: bool, is_resolved: bool, word: str
) -> None:
    assert suggested_completion(share, coverage, is_met=is_met, is_resolved=is_resolved) == word


def test_a_trend_needs_eight_weeks_and_is_not_bent_by_an_odd_one() -> None:
    points = [(DAY + timedelta(weeks=n), 0.1 + 0.01 * n) for n in range(8)]
    assert theil_sen(points[:7]) is None
    assert theil_sen(points) == pytest.approx(0.01 / 7)
    points[4] = (points[4][0], 0.9)
    assert theil_sen(points) == pytest.approx(0.01 / 7)
    slope = 0.01 / 7
    assert forecast(0.5, slope, 0.6, "increase", DAY) == DAY + timedelta(days=70)
    assert forecast(0.5, -slope, 0.6, "increase", DAY) is None and forecast(0.5, 0.0, 0.6, "increase", DAY) is None
    assert forecast(0.7, slope, 0.6, "increase", DAY) == DAY and forecast(0.5, 1e-9, 0.6, "increase", DAY) is None
    assert forecast(500, -10.0, 120, "decrease", DAY) == DAY + timedelta(days=38)


def test_of_each_week_the_last_value_counts() -> None:
    daily = [(DAY + timedelta(days=n), float(n)) for n in range(400)]
    points = weekly(daily)
    assert len(points) == 26 and points[-1] == daily[-1]
    assert all(day.isocalendar()[2] == 7 for day, _ in points[:-1])


def test_measures_are_the_same_in_words_and_in_code() -> None:
    assert list(MEASURES) == list(measures())
    for only in ONLY:
        looked = MEASURES["dataset.count"].look(member(), Context(day=DAY, params={"only": only}))
        assert looked is (only != "has_api"), only


GOOD_PART = {
    "link_ok": 1.0, "file_served": 1.0, "licence_open": 1.0, "machine_readable": 1.0, "documentation_present": 1.0,
    "bulk_download": 1.0, "download_url_ok": 1.0, "table_matches_schema": None,
}  # fmt: skip


def part(unknown: str = "", **values: Any) -> MemberDistribution:
    given_ = {name: values.pop(name) for name in list(values) if name in GOOD_PART}
    hidden = frozenset(unknown.split())
    quality = {name: None if name in hidden else given_.get(name, value) for name, value in GOOD_PART.items()}
    about: dict[str, Any] = {
        "id": "p", "title": None, "url": "https://a.example/1.csv", "format": "CSV", "conforms_to": (),
        "described_by": None, "licence_id": "CC-BY-4.0", "table_status": "valid", "table_kind": None, "changed": (),
    }  # fmt: skip
    return MemberDistribution(quality=quality, unknown=hidden, **(about | values))


def member(*parts: MemberDistribution, unknown: str = "", **values: Any) -> Member:
    quality: dict[str, float | None] = {"up_to_date": 1.0, "contact_usable": 1.0, "api_present": 0.0}
    quality |= {name: values.pop(name) for name in list(values) if name in quality}
    hidden = frozenset(unknown.split())
    about: dict[str, Any] = dict.fromkeys(
        ("identifier", "publisher_id", "copy_of", "first_seen_run", "issued", "modified", "temporal_end",
         "landing_page", "described_by")
    ) | dict.fromkeys(
        ("themes", "keywords", "conforms_to", "hvd_categories", "applicable_legislation", "documentation", "services"),
        (),
    ) | {"id": "d", "title": "Budget 2026", "portal_id": "a", "status": "present", "is_scored": True}  # fmt: skip
    quality |= dict.fromkeys(hidden)
    return Member(parts=parts or (part(),), quality=quality, unknown=hidden, **(about | values))


def test_a_perfect_dataset_passes_and_an_unseen_one_is_not_failed() -> None:
    perfect, blind = (
        member(),
        member(part(unknown=" ".join(GOOD_PART)), unknown="up_to_date contact_usable api_present"),
    )
    for rule in (
        rules.accessible, rules.licence_open, rules.machine_readable, rules.fresh, rules.documented, rules.bulk,
        rules.contact, rules.hvd_licence,
    ):  # fmt: skip
        assert rule(perfect) is True, rule.__name__
        if rule is not rules.hvd_licence:
            assert rule(blind) is None, rule.__name__
    assert rules.valid(perfect) is True and rules.has_api(perfect) is False and rules.has_api(blind) is None


def test_licences_must_be_open_everywhere_files_in_one_place() -> None:
    mixed = member(part(), part(licence_open=0.0, machine_readable=0.0, link_ok=0.0, licence_id="CC-BY-NC-4.0"))
    assert rules.licence_open(mixed) is False and rules.hvd_licence(mixed) is False
    assert rules.machine_readable(mixed) is True and rules.accessible(mixed) is True
    half_seen = member(part(), part(unknown="licence_open link_ok"))
    assert rules.licence_open(half_seen) is None and rules.accessible(half_seen) is True
    page = member(part(file_served=0.0))
    assert rules.accessible(page) is False
    assert rules.hvd_licence(member(part(licence_id="CC-BY-SA-4.0"))) is False
    assert rules.hvd_licence(member(part(licence_id=None))) is None
    # A placeholder demands nothing that is known, nor does a national licence that is in no list of ours.
    assert rules.hvd_licence(member(part(licence_id="KOGL-1"))) is None
    assert rules.hvd_licence(member(part(licence_id="CC-BY"))) is None
    assert rules.hvd_licence(member(part(licence_id="CC-BY-3.0"))) is False
    assert rules.hvd_licence(member(part(licence_id="other-open", unknown="licence_open"))) is None
    assert rules.hvd_licence(member(part(licence_id=None, licence_open=0.0))) is False


def test_what_does_not_apply_is_not_asked() -> None:
    law = part(machine_readable=None)
    assert rules.machine_readable(member(law)) is NOT_ASKED
    assert rules.machine_readable(member(law, part())) is True
    assert rules.machine_readable(member(law, part(machine_readable=0.0))) is False
    # A standard that the dataset declares is documentation, with or without a file.
    assert rules.documented(member(part(documentation_present=0.0), conforms_to=("https://standard.example",))) is True
    assert rules.valid(member(part(table_status=None))) is NOT_ASKED
    assert rules.valid(member(part(table_status="not_a_table"), part(table_status="invalid"))) is False
    assert rules.valid(member(part(table_status="unknown"))) is None
    assert rules.fresh(member(up_to_date=None)) is NOT_ASKED
    assert rules.fresh(member(unknown="up_to_date")) is None


def test_an_api_must_answer() -> None:
    def api(outcome: str | None) -> Member:
        return member(services=(MemberService(endpoint_url="https://a", outcome=outcome, conforms_to=()),))

    assert [rules.has_api(api(o)) for o in ("ok", "broken", "failing", "unknown", None)] == [
        True,
        False,
        None,
        None,
        None,
    ]
    assert rules.has_api(member(api_present=1.0)) is True


def test_standards_are_declared_and_held() -> None:
    ocds = ("https://standard.open-contracting.org/1.1/",)
    assert rules.conforms_to(member(conforms_to=ocds), "ocds") is True
    assert rules.conforms_to(member(part(table_status="invalid"), conforms_to=ocds), "ocds") is False
    assert rules.conforms_to(member(part(unknown="link_ok"), conforms_to=ocds), "ocds") is None
    assert rules.conforms_to(member(part(table_kind="ocds")), "ocds") is True
    assert rules.conforms_to(member(part(format="GTFS")), "gtfs") is True
    assert rules.conforms_to(member(), "iati") is False
    assert (
        rules.conforms_to(member(part(described_by="https://a/s.json", table_matches_schema=1.0)), "table_schema")
        is True
    )
    assert (
        rules.conforms_to(member(part(described_by="https://a/s.json", table_matches_schema=0.0)), "table_schema")
        is False
    )


def test_days() -> None:
    dated = member(part(changed=("2025-12-22", "2027-01-01")), modified="2025-12-02")
    # A date to come is no change yet.
    assert rules.age_days(dated, DAY) == 10 and rules.age_days(member(), DAY) is None
    assert rules.delay_days(member(temporal_end="2025-03-31", issued="2025-05-30")) == 60
    assert rules.delay_days(member(temporal_end="2025-03-31", issued="2025-01-01")) == 0
    assert rules.delay_days(member(issued="2025-05-30")) is None


def test_a_key_dataset_counts_only_where_it_can_be_used_and_unknown_is_no_failure() -> None:
    assert rules.keys_open(member()) is None
    assert rules.keys_open(member(keys={})) == {}
    states = {"budget": "open", "air": "closed", "water": "unknown", "land": "not_asked"}
    assert rules.keys_open(member(keys=states)) == {"budget": True, "air": False, "water": None, "land": None}

    def census(*seen: object, measure: str = "census.key_share", unobserved: str = "") -> MeasureReading:
        kept = {str(at): ScopeMember(seen=one) for at, one in enumerate(seen)}
        return read(measure, kept, Context(day=DAY, unobserved=frozenset(unobserved.split())))

    reading = census({"budget": True, "air": False, "water": None}, {"air": True})
    # Water is found and not known: it is left out of the share.
    assert (reading.numerator, reading.denominator, reading.coverage) == (2, 19, 1.0)
    assert reading.value == pytest.approx(2 / 19)
    assert reading.note and "not found in the scope: Government spending;" in reading.note
    assert "found, and not known whether it is open: Water quality" in reading.note and "budget" not in reading.note
    assert reading.verdicts == {"0": True, "1": True}
    assert census({"air": False}).verdicts == {"0": False} and census({}).verdicts == {"0": None}
    reading = census({"budget": True}, unobserved="land trade budget")
    assert (reading.numerator, reading.denominator, reading.coverage) == (1, 18, 0.9)
    assert reading.note and reading.note.count("not observed: Land ownership and cadastre; International trade") == 1
    # Without a census of a portal of the scope nothing is said, and nothing was missed.
    reading = census(None, measure="census.key_count")
    assert (reading.value, reading.denominator, reading.coverage) == (None, 0, 0.0)
    assert census({"budget": True}, {"air": True}, measure="census.key_count").value == 2.0


def share(kept: dict[str, ScopeMember]) -> MeasureReading:
    return read("dataset.licence_open", kept, Context(day=DAY))


def test_an_empty_denominator_is_no_figure() -> None:
    for name in MEASURES:
        assert read(name, {}, Context(day=DAY)).value is None, name
    unseen = share({"a": ScopeMember(seen=None), "b": ScopeMember(seen=None)})
    assert unseen.value is None and unseen.coverage == 0
    assert read("dataset.valid", {"a": ScopeMember(seen=NOT_ASKED)}, Context(day=DAY)).value is None


def test_unknown_is_left_out_and_said() -> None:
    reading = share({"a": ScopeMember(seen=True), "b": ScopeMember(seen=False), "c": ScopeMember(seen=None)})
    assert (reading.value, reading.numerator, reading.denominator) == (0.5, 1, 2)
    assert reading.coverage == pytest.approx(2 / 3) and reading.failing == ["b"]
    # What was known keeps its verdict, and lowers the coverage.
    hidden = share(
        {"a": ScopeMember(seen=True), "b": ScopeMember(seen=None, remembered=False), "c": ScopeMember(seen=True)}
    )
    assert hidden.value == pytest.approx(2 / 3) and hidden.coverage == pytest.approx(2 / 3)
    # A portal that was not read in this run is no fresh observation.
    stale = share({"a": ScopeMember(seen=True, is_fresh=False), "b": ScopeMember(seen=True)})
    assert stale.value == 1 and stale.coverage == 0.5


verdicts = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3), st.sampled_from([True, False, None]), min_size=1
)


@given(verdicts, st.data())
def test_deleting_failing_datasets_never_raises_a_share(found: dict[str, bool | None], data: st.DataObject) -> None:
    before = {name: ScopeMember(seen=verdict, remembered=verdict) for name, verdict in found.items()}
    gone = data.draw(st.sets(st.sampled_from(sorted(name for name in found if found[name] is not True) or [""])))
    after = {
        name: ScopeMember(seen=one.seen, is_gone=name in gone, remembered=one.remembered)
        for name, one in before.items()
    }
    for name in ("dataset.licence_open", "dataset.count"):
        old, new = read(name, before, Context(day=DAY)), read(name, after, Context(day=DAY))
        if old.value is not None:
            assert new.value is not None and new.value <= old.value
    backwards = dict(reversed(list(after.items())))
    assert share(backwards).value == share(after).value


@given(st.lists(st.one_of(st.none(), st.floats(0, 5000)), min_size=1, max_size=12), st.data())
def test_deleting_stale_datasets_never_lowers_an_age(ages: list[float | None], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(ages) - 1)))
    before = {str(n): ScopeMember(seen=age) for n, age in enumerate(ages)}
    after = {str(n): ScopeMember(seen=age, is_gone=n in gone) for n, age in enumerate(ages)}
    context = Context(day=DAY, target=100.0)
    old, new = (read("dataset.median_age_days", kept, context).value for kept in (before, after))
    if old is not None and new is not None:
        assert new >= old


@given(st.lists(st.frozensets(st.sampled_from("abcdef")), min_size=1, max_size=8), st.data())
def test_deleting_datasets_never_adds_a_theme(themes: list[frozenset[str]], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(themes) - 1)))
    before = {str(n): ScopeMember(seen=one, is_first=n % 2 == 0) for n, one in enumerate(themes)}
    after = {str(n): ScopeMember(seen=one, is_first=n % 2 == 0, is_gone=n in gone) for n, one in enumerate(themes)}
    for name in ("theme.new_count", "hvd.category_count"):
        old, new = (read(name, kept, Context(day=DAY)).value for kept in (before, after))
        assert old is not None and new is not None and new <= old


def test_new_themes_must_come_with_new_datasets() -> None:
    kept = {
        "old": ScopeMember(seen=frozenset({"ENVI", "GOVE"})),
        "new": ScopeMember(seen=frozenset({"ENVI", "TRAN"}), is_first=False),
        "other": ScopeMember(seen=frozenset({"HEAL"}), is_first=False),
    }
    reading = read("theme.new_count", kept, Context(day=DAY))
    assert reading.value == 2 and reading.note == "HEAL, TRAN"
    known = Context(day=DAY, params={"known_themes": ("ENVI", "TRAN")})
    assert read("theme.new_count", kept, known).note == "GOVE, HEAL"


def test_what_slips_out_of_the_question_fails() -> None:
    kept = {
        "a": ScopeMember(seen=True),
        "b": ScopeMember(seen=NOT_ASKED, remembered=False),
        "c": ScopeMember(seen=NOT_ASKED),
    }
    reading = read("dataset.valid", kept, Context(day=DAY))
    assert reading.value == 0.5 and reading.failing == ["b"]
    # One that was never asked is not asked either when it vanishes.
    gone = read(
        "dataset.valid", {"a": ScopeMember(seen=True), "c": ScopeMember(seen=NOT_ASKED, is_gone=True)}, Context(day=DAY)
    )
    assert gone.value == 1 and gone.denominator == 1


def test_high_value_datasets() -> None:
    leaf = member(hvd_categories=("http://data.europa.eu/bna/c_c3de25e4",))
    context = Context(day=DAY)
    # Addresses lie under geospatial data.
    assert MEASURES["hvd.category_count"].look(leaf, context) == {"c_ac64a52d"}
    assert MEASURES["hvd.contact_share"].look(leaf, context) is True
    assert MEASURES["hvd.contact_share"].look(member(), context) is NOT_ASKED
    for law in (
        "http://data.europa.eu/eli/reg_impl/2023/138/oj", "https://eur-lex.europa.eu/eli/reg_impl/2023/138/oj/eng",
        "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:32023R0138",
    ):  # fmt: skip
        assert rules.is_hvd(member(applicable_legislation=(law,))), law
    assert not rules.is_hvd(member(applicable_legislation=("http://data.europa.eu/eli/dir/2019/1024/oj",)))


def test_response_times_count_what_is_still_open() -> None:
    assert kaplan_meier_median([(10, True), (20, True), (30, True)]) == (20, True)
    # Fixing the easy half and leaving the rest does not make the median short.
    assert kaplan_meier_median([(1, True), (300, False), (300, False)]) == (300, False)
    assert kaplan_meier_median([(5, True), (5, False), (40, True), (60, False)])[0] == 40
    assert kaplan_meier_median([]) == (None, False)
    kept = {"a": ScopeMember(seen=[(3.0, True)]), "b": ScopeMember(seen=[(float("inf"), False)], is_gone=True)}
    reading = read("finding.response_days", kept, Context(day=DAY, target=10.0))
    assert reading.value == 3 and reading.failing == ["b"]
    # A figure that can only be too small never meets a target, and may well show that it is missed.
    young = {"a": ScopeMember(seen=[(4.0, False), (2.0, False), (1.0, True)])}
    assert read("finding.response_days", young, Context(day=DAY, target=10.0)).value is None
    old = {"a": ScopeMember(seen=[(40.0, False), (2.0, False), (1.0, True)])}
    late = read("finding.response_days", old, Context(day=DAY, target=10.0))
    assert late.value == 40 and late.failing == ["a"] and late.note and "too small" in late.note


def test_what_cannot_be_measured_says_why() -> None:
    reading = read("ocds.award_lag_share", {"a": ScopeMember(seen=None)}, Context(day=DAY, params={"max_days": 90}))
    assert reading.value is None and reading.coverage == 0 and reading.note and "no cell value is kept" in reading.note
