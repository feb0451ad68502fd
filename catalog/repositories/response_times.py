"""Compute how fast those who were written to react: the first answer, the fix, what was promised, and what was kept.

The clock of a finding starts with the first letter that lists it. Who was never written to has no response time: that
is unknown, and not slow.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from catalog.db.schema.found import public_id
from catalog.db.store import Catalog
from catalog.repositories.method_changes import method_changes

__all__ = ["COLUMNS", "response_times"]

COLUMNS = (
    "answers", "answer_days", "fixes", "fix_days", "promises", "promise_days", "promises_kept", "kept_days",
)  # fmt: skip
"""Columns of the scorecard: each count, and the median of so many days."""

Entity = tuple[str, str]
"""A level (government, portal or publisher) and an id."""


@dataclass(slots=True)
class _Days:
    """For each column with a count, how many days things took: by days, how often."""

    of: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def row(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for count, median in zip(COLUMNS[::2], COLUMNS[1::2], strict=True):
            found[count], found[median] = self.of[count].total(), _median(self.of[count])
        return found


@dataclass(frozen=True, slots=True)
class _Subject:
    """A finding or a cause, or several findings that are alike here."""

    portal_id: str
    publisher_id: str | None
    first_seen_run: str
    last_seen_run: str | None
    fixed_run: str | None
    """None while it is not fixed."""
    is_ours: bool = False
    """Whether it ended by our own doing, see :func:`response_times`."""


def response_times(catalog: Catalog, run_id: str) -> dict[Entity, dict[str, Any]]:
    """Return the response times of every government, portal and publisher that was written to, by (level, id).

    A row has the columns ``COLUMNS``: four counts, each with a median of days, which is None if the count is 0. Days
    are counted from the first letter that lists a finding or a cause. A letter to a government starts the clock for the
    government and its portals, a letter to a publisher for that publisher.

    - ``answers``, ``answer_days``: findings and causes with a reply; days until the first one was imported, because
      the date in a reply is its sender's word. A reply imported before the letter counts 0 days.
    - ``fixes``, ``fix_days``: findings that were fixed after the letter; days until then.
    - ``promises``, ``promise_days``: findings and causes for which a day of repair was promised; days until the day
      that was promised last.
    - ``promises_kept``, ``kept_days``: those of the promised ones that no run has found after the promised day; days
      until the run that saw them fixed.

    What ended by our own doing counts neither as a fix nor as a promise: findings that we corrected or withdrew, and
    what ended in a run whose methodology does not compare with that of the run before. Posts to webhooks start no
    clock, because who is behind them is not known.

    ``run_id``: later letters, replies and fixes are left out. Who was never written to is left out.
    """
    letters = _letters(catalog, run_id)
    if not letters:
        return {}
    governments = {row["portal_id"]: row["name"] for row in catalog.rows("select portal_id, name from governments")}
    found: dict[Entity, _Days] = {}
    for portal_id, name in governments.items():
        if ("government", name) in letters:
            found |= {("government", name): _Days(), ("portal", portal_id): _Days()}
    found |= {entity: _Days() for entity in letters if entity[0] == "publisher"}

    def add(column: str, one: _Subject, day: str | None, count: int = 1) -> None:
        for recipient, entities in _recipients(one, governments):
            told = _told(letters.get(recipient, ()), one)
            if told is not None and day is not None:
                for entity in entities:
                    found[entity].of[column][max((_day(day) - told).days, 0)] += count

    changed = {run for run, _, _ in method_changes(catalog, "", run_id)}
    for one, count in _fixed(catalog, run_id, changed):
        if not one.is_ours:
            add("fixes", one, one.fixed_run, count)
    for one, reply in _replied(catalog, run_id, changed):
        add("answers", one, reply["first_on"])
        if reply["promised_on"] and not one.is_ours:
            add("promises", one, reply["promised_on"])
            is_kept = one.fixed_run is not None and (one.last_seen_run or "")[:8] <= _compact(reply["promised_on"])
            if is_kept:
                add("promises_kept", one, one.fixed_run)
    return {entity: days.row() for entity, days in found.items()}


def _recipients(one: _Subject, governments: Mapping[str, str]) -> Iterator[tuple[Entity, list[Entity]]]:
    """Yield who may have been written to about a finding, each with those for whom its clock then runs."""
    if (name := governments.get(one.portal_id)) is not None:
        yield ("government", name), [("government", name), ("portal", one.portal_id)]
    if one.publisher_id is not None:
        yield ("publisher", one.publisher_id), [("publisher", one.publisher_id)]


def _told(letters: Sequence[tuple[str, date]], one: _Subject) -> date | None:
    """Return the day of the first letter that lists a finding; None if there is none, or if it was fixed before."""
    for run_id, day in letters:
        if run_id >= one.first_seen_run:
            return day if one.fixed_run is None or run_id < one.fixed_run else None
    return None


def _letters(catalog: Catalog, run_id: str) -> dict[Entity, list[tuple[str, date]]]:
    """Return the runs whose scorecards went to each government and publisher, in order, each with the day of it."""
    found: dict[Entity, list[tuple[str, date]]] = {}
    for row in catalog.rows(
        """select entity_level, entity_id, run_id, min(sent_at) as sent_at from sent
           where channel = 'mail' and run_id <= ? and sent_at is not null group by 1, 2, 3 order by 3""",
        [run_id],
    ):
        found.setdefault((row["entity_level"], row["entity_id"]), []).append((row["run_id"], _day(row["sent_at"])))
    return found


_CORRECTED = """(select f.key from corrections c cross join findings f on f.id = c.finding_id
  where c.run_id = f.fixed_run)"""
"""SQL: the keys of the findings that ended because they were wrong."""


def _fixed(catalog: Catalog, run_id: str, changed: Container[str]) -> Iterator[tuple[_Subject, int]]:
    """Yield the fixed findings, those that are alike together, with their number. ``changed``: ids of the runs with
    another methodology than the run before."""
    for row in catalog.rows(
        f"""select p.id as portal, b.id as publisher, s.id as first, f.id as fixed, found.count from (
             select portal_key, publisher_key, first_seen_key, fixed_key, count(*) as count from finding_rows
             where state = 'fixed' and fixed_key is not null and key not in {_CORRECTED} group by 1, 2, 3, 4) found
           join keys p on p.key = found.portal_key left join keys b on b.key = found.publisher_key
           join keys s on s.key = found.first_seen_key join keys f on f.key = found.fixed_key where f.id <= ?""",  # noqa: S608  # our own constants
        [run_id],
    ):
        is_ours = row["fixed"] in changed
        yield _Subject(row["portal"], row["publisher"], row["first"], None, row["fixed"], is_ours), int(row["count"])


def _replied(catalog: Catalog, run_id: str, changed: Container[str]) -> Iterator[tuple[_Subject, dict[str, Any]]]:
    """Yield the findings and causes with a reply, each with the day on which the first was imported, and the day
    promised last, if any. ``changed``: as for :func:`_fixed`."""
    rows = catalog.rows(
        f"""with told as materialized (
              select a.finding_id, min(date(a.imported_at)) as first_on, (
                select l.promised_on from replies l where l.finding_id = a.finding_id and l.reply = 'will_fix_by'
                order by l.number desc limit 1) as promised_on
              from replies a where date(a.imported_at) <= :day group by a.finding_id)
            select t.*, p.id as portal_id, b.id as publisher_id, s.id as first_seen_run, l.id as last_seen_run,
              case f.state when 'fixed' then x.id end as fixed_run,
              f.state = 'withdrawn' or f.key in {_CORRECTED} as is_ours
            from told t cross join finding_rows f on {public_id("f")} = t.finding_id
            join keys p on p.key = f.portal_key left join keys b on b.key = f.publisher_key
            join keys s on s.key = f.first_seen_key left join keys l on l.key = f.last_seen_key
            left join keys x on x.key = f.fixed_key
            union all
            select t.*, c.portal_id, case c.entity_level when 'publisher' then c.entity_id end, c.first_seen_run,
              c.last_seen_run, case c.state when 'fixed' then c.fixed_run end, 0
            from told t cross join causes c on c.id = t.finding_id""",  # noqa: S608  # our own constants
        {"day": f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}"},
    )
    for row in rows:
        fixed = row["fixed_run"] if (row["fixed_run"] or "~") <= run_id else None
        own = (row["portal_id"], row["publisher_id"], row["first_seen_run"], row["last_seen_run"])
        yield _Subject(*own, fixed, bool(row["is_ours"]) or fixed in changed), row


def _day(text: str) -> date:
    """Return the day of an ISO date or time, or of the id of a run."""
    return date.fromisoformat(text[:10] if text[4:5] == "-" else text[:8])


def _compact(day: str) -> str:
    return day.replace("-", "")


def _median(days: Counter[int]) -> float | None:
    """Return the median of numbers of days, None without any."""
    total, seen = days.total(), 0
    middle = []
    for number, count in sorted(days.items()):
        # The two in the middle; of an odd number both are the same one.
        middle += [number for place in ((total - 1) // 2, total // 2) if seen <= place < seen + count]
        seen += count
    return sum(middle) / 2 if middle else None
