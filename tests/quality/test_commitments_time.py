"""Governments whose truth is known, over 24 months of weekly runs: the state must be the right one each month."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.commitments.measures import Context, ScopeMember, read
from quality.commitments.progress import Goal, elapsed
from quality.commitments.timing import ItemObservation, ItemState, step

START, END = date(2024, 1, 1), date(2025, 12, 31)
GOAL = Goal(start=START, deadline=END, baseline=0.0, target=1.0, better="increase")
WEEKS = [START + timedelta(weeks=n) for n in range(105)]
"""Mondays; the last one is the Monday before the deadline."""


def simulate(
    see: Callable[[date], ItemObservation], days: Sequence[date] = WEEKS, goal: Goal = GOAL
) -> dict[date, ItemState]:
    """Return the points of all runs; each is computed from those before it."""
    past: list[ItemState] = []
    for day in days:
        past.append(step(goal, see(day), past))
    return {point.day: point for point in past}


def plain(truth: Callable[[date], float]) -> Callable[[date], ItemObservation]:
    return lambda day: ItemObservation(day=day, value=truth(day), coverage=1.0, methodology="1")


def noisy(truth: Callable[[date], float], seed: int) -> Callable[[date], ItemObservation]:
    """Return runs with failed harvests, bot walls, and days on which everything looks broken, never three in a row."""
    rng = random.Random(seed)
    faults = 0

    def see(day: date) -> ItemObservation:
        nonlocal faults
        kind = rng.random()
        if kind < 0.15:
            return ItemObservation(day=day, value=None, coverage=None, is_harvested=False, methodology="1")
        if kind < 0.35 and faults < 2:
            faults += 1
            if kind < 0.25:
                return ItemObservation(day=day, value=0.9, coverage=0.3, methodology="1")
            return ItemObservation(day=day, value=0.0, coverage=1.0, methodology="1")
        faults = 0
        return ItemObservation(day=day, value=truth(day), coverage=0.95, methodology="1")

    return see


def share(day: date) -> float:
    return elapsed(START, END, day)


def improving(day: date) -> float:
    return min(1.0, 1.08 * share(day))


def stalling(day: date) -> float:
    return min(share(day), 0.3)


def months(points: dict[date, ItemState]) -> list[tuple[float, ItemState]]:
    """Return the last point of each month, with the share of time that has passed."""
    last = {(day.year, day.month): point for day, point in points.items()}
    return [(share(point.day), point) for point in last.values()]


def test_a_government_that_improves_is_on_track_and_keeps_its_promise() -> None:
    for see in (plain(improving), noisy(improving, 1), noisy(improving, 2)):
        points = simulate(see, [*WEEKS, END])
        # Until the first evidence there is nothing to say.
        known = [point for day, point in points.items() if day < END and point.progress is not None]
        assert {point.status for point in known} == {"on_track"} and len(known) > 100
        assert points[END].status == "met"
    assert points[END].value_at_deadline == 1.0


@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4])
def test_a_government_that_stalls_is_at_risk_then_off_track_then_fails(seed: int | None) -> None:
    see = plain(stalling) if seed is None else noisy(stalling, seed)
    points = simulate(see, [*WEEKS, END, END + timedelta(days=7)])
    # Three runs must say so, and some say nothing.
    late = 3 / 104 if seed is None else 9 / 104
    seen = []
    for passed, point in months(points)[:24]:
        if passed <= 0.3:
            assert point.status == "on_track", point.day
        elif passed <= 0.4:
            # Behind by less than a tenth: only the trend can tell.
            assert point.status in ("on_track", "at_risk"), point.day
        elif passed > 0.4 + late and passed <= 0.6:
            assert point.status == "at_risk", point.day
        elif passed > 0.6 + late and point.day < END:
            assert point.status == "off_track", point.day
        seen.append(point.status)
    assert len(seen) == 24 and {"on_track", "at_risk", "off_track"} <= set(seen)
    assert points[END].status == "missed" and points[END + timedelta(days=7)].status == "missed"
    assert points[END].value_at_deadline == pytest.approx(0.3)


def test_a_trend_that_has_stopped_warns_before_the_gap_does() -> None:
    points = simulate(plain(lambda day: min(share(day) + 0.05, 0.4)))
    warned = next(day for day, point in points.items() if point.status == "at_risk")
    assert share(warned) < 0.5 and points[warned].forecast_date is None or points[warned].forecast_date > END  # type: ignore[operator]
    # Without the trend it would have been on track until half of the time had passed.
    assert share(warned) - 0.4 < 0.1


def deleting(day: date) -> dict[str, ScopeMember]:
    """Return 100 datasets, 30 of which always pass; each month three failing ones are removed."""
    gone = min(70, 3 * int(share(day) * 24))
    return {str(n): ScopeMember(seen=n < 30, is_gone=n >= 100 - gone, remembered=n < 30) for n in range(100)}


def gaming(day: date) -> ItemObservation:
    kept = deleting(day)
    reading = read("dataset.licence_open", kept, Context(day=day))
    vanished = sum(one.is_gone for one in kept.values()) / len(kept)
    return ItemObservation(day=day, value=reading.value, coverage=reading.coverage, vanished=vanished, methodology="1")


def test_a_government_that_deletes_what_fails_gains_nothing() -> None:
    goal = Goal(start=START, deadline=END, baseline=0.0, target=0.9, better="increase")
    points = simulate(gaming, [*WEEKS, END], goal)
    assert {point.value for point in points.values()} == {0.3}
    # Those left over would have looked like three in four.
    left = [one for one in deleting(WEEKS[-1]).values() if not one.is_gone]
    assert sum(one.seen for one in left) / len(left) > 0.9
    for passed, point in months(points):
        assert ("scope_shrunk" in point.flags) == (passed >= 2 / 24), point.day
        if passed > 0.15:
            assert point.status in ("at_risk", "off_track", "missed"), point.day
        if passed > 0.67:
            assert point.status in ("off_track", "missed"), point.day
    assert points[END].status == "missed"


def test_a_shrunken_scope_is_at_risk_however_good_it_looks() -> None:
    def see(day: date) -> ItemObservation:
        vanished = 0.06 if day > WEEKS[10] else 0.05
        return ItemObservation(day=day, value=improving(day), coverage=1.0, vanished=vanished, methodology="1")

    points = simulate(see)
    assert points[WEEKS[12]].status == "on_track" and points[WEEKS[13]].status == "at_risk"
    assert points[WEEKS[-1]].status == "at_risk"


def test_another_methodology_is_no_progress() -> None:
    """Truth stands at 0.5 from half-time on; a new way of measuring reads 0.2 more of the same."""
    half = START + timedelta(days=365)

    def see(day: date) -> ItemObservation:
        truth = min(share(day), 0.5)
        new = day >= half + timedelta(weeks=20)
        return ItemObservation(
            day=day, value=truth + (0.2 if new else 0.0), coverage=1.0, methodology="2" if new else "1"
        )

    points = simulate(see)
    changed = [day for day, point in points.items() if "methodology_changed" in point.flags]
    assert len(changed) == 1
    at = WEEKS.index(changed[0])
    # The old trend says nothing of the new figure: eight weeks without one, then a flat one.
    assert [points[day].trend_per_month for day in WEEKS[at : at + 7]] == [None] * 7
    assert points[WEEKS[at + 7]].trend_per_month == pytest.approx(0)
    assert points[WEEKS[at - 1]].status == "at_risk"
    # The state moves only when three runs have said so; a flat trend never reaches the target.
    assert points[WEEKS[at]].status == "at_risk" and points[WEEKS[-1]].status == "at_risk"


def test_outages_change_nothing() -> None:
    calm = simulate(plain(stalling))
    blind = {day for day in WEEKS if day.toordinal() // 7 % 3 != 0}

    def see(day: date) -> ItemObservation:
        if day in blind:
            return ItemObservation(day=day, value=None, coverage=None, is_harvested=False, methodology="1")
        return plain(stalling)(day)

    points = simulate(see)
    last = None
    for day, point in points.items():
        if day in blind and last:
            assert (point.status, point.progress) == (last.status, last.progress)
            assert (point.candidate, point.candidate_runs) == (last.candidate, last.candidate_runs)
            assert "no_observation" in point.flags and not point.is_observed
        last = point
    # With a third of the runs the same end is reached, some weeks later.
    assert points[WEEKS[-1]].status == calm[WEEKS[-1]].status == "off_track"


def test_a_long_silence_is_unmeasurable_and_keeps_the_last_figure() -> None:
    def see(day: date) -> ItemObservation:
        return ItemObservation(
            day=day, value=1.0 if day > WEEKS[50] else share(day), coverage=0.5 if day > WEEKS[50] else 1.0
        )

    points = simulate(see, [*WEEKS, END])
    assert [points[day].status for day in WEEKS[50:54]] == ["on_track", "on_track", "on_track", "unmeasurable"]
    assert points[WEEKS[-1]].progress == pytest.approx(share(WEEKS[50]))
    assert points[WEEKS[-1]].completion == "no_evidence"
    # What was last read with evidence decides.
    assert points[END].status == "missed" and points[END].value_at_deadline == pytest.approx(share(WEEKS[50]))


def test_before_the_start_it_is_scheduled_and_begins_at_once() -> None:
    days = [START - timedelta(days=2), START - timedelta(days=1), START]
    points = simulate(plain(lambda day: 0.0), days)
    assert [point.status for point in points.values()] == ["scheduled", "scheduled", "on_track"]


def test_after_the_deadline_late_is_late_and_back_is_back() -> None:
    later = [END + timedelta(days=n) for n in range(12)]
    late = simulate(plain(lambda day: 1.0 if day >= later[2] else 0.9), later)
    assert [point.status for point in late.values()][:6] == ["missed"] * 4 + ["met_late"] * 2
    back = simulate(plain(lambda day: 0.9 if later[2] <= day < later[7] else 1.0), later)
    found = [point.status for point in back.values()]
    assert found == ["met"] * 4 + ["regressed"] * 5 + ["met"] * 3
    assert {point.value_at_deadline for point in back.values()} == {1.0}


def test_a_single_odd_run_at_the_deadline_decides_only_where_it_is_evidence() -> None:
    def see(day: date) -> ItemObservation:
        if day >= END:
            return ItemObservation(day=day, value=None, coverage=None, is_harvested=False)
        return ItemObservation(day=day, value=1.0, coverage=1.0)

    points = simulate(see, [END - timedelta(days=1), END, END + timedelta(days=1)])
    assert [point.status for point in points.values()] == ["on_track", "met", "met"]


def test_first_read_after_the_deadline_is_said() -> None:
    day = END + timedelta(days=30)
    points = simulate(plain(lambda _: 0.7), [day])
    assert points[day].status == "unmeasurable" and "read_after_deadline" in points[day].flags
    assert points[day].value_at_deadline is None


def test_without_a_baseline_the_first_evidence_stands_for_it() -> None:
    goal = Goal(start=START, deadline=END, baseline=None, target=0.9, better="increase")

    def see(day: date) -> ItemObservation:
        n = WEEKS.index(day)
        return ItemObservation(day=day, value=[0.1, 0.3, 0.6][min(n, 2)], coverage=0.5 if n == 0 else 0.9)

    points = list(simulate(see, WEEKS[:4], goal).values())
    assert points[0].baseline is None and points[0].progress is None and points[0].status == "unmeasurable"
    assert [point.baseline for point in points[1:]] == [0.3] * 3 and points[3].baseline_date == WEEKS[1]
    assert points[2].progress == pytest.approx(0.5) and "baseline_measured" in points[2].flags


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), min_size=1, max_size=20), st.data())
@settings(max_examples=60)
def test_states_change_only_after_three_runs_or_by_the_calendar(
    seen: list[tuple[float, float, bool]], data: st.DataObject
) -> None:
    begin = data.draw(st.integers(-3, 100))
    days = [START + timedelta(weeks=begin + n) for n in range(len(seen))]
    past: list[ItemState] = []
    for day, (value, coverage, is_harvested) in zip(days, seen, strict=True):
        past.append(
            step(
                GOAL,
                ItemObservation(day=day, value=value, coverage=coverage, is_harvested=is_harvested, methodology="1"),
                past,
            )
        )
    for before, after in zip(past, past[1:], strict=False):
        assert after.progress is None or 0 <= after.progress <= 1
        assert 0 <= after.expected <= 1 and 0 <= after.candidate_runs < 3
        is_calendar = before.status == "scheduled" or (before.day < END <= after.day)
        is_first = before.status == "unmeasurable" and before.progress is None
        if after.status != before.status and not is_calendar and not is_first:
            assert before.candidate == after.status and before.candidate_runs == 2
            assert after.candidate is None
