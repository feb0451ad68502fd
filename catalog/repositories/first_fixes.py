"""Write ``top_fixes``: what to fix first, where each cause is one fix with one effort."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from catalog.db.store import Catalog
from catalog.repositories.withholding import WITHHELD_CAUSES

__all__ = ["Fix", "first_fixes", "rank_fixes", "write_fixes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What one fix would gain for one portal, publisher or government.

    The fix removes a cause with all its findings or, if ``cause_id`` is None, all findings of a rule that belong to no
    cause. A cause is one fault, such as a broken server, that explains many findings. ``datasets``: number of datasets
    with such a finding. ``places``: number of datasets or distributions to fix. ``gain_points``: points that the score
    of the portal, publisher or government would rise by. ``effort_hours``: estimated hours for the whole fix.
    """

    entity_level: str
    entity_id: str
    rule_id: str
    cause_id: str | None
    how_to_fix: str
    datasets: int
    places: int
    gain_points: float
    effort_hours: float


_NAMES = tuple(one.name for one in fields(Fix))


def write_fixes(catalog: Catalog, run_id: str, portal_id: str, fixes: Iterable[Fix]) -> None:
    """Replace the rows of ``top_fixes`` that come from a portal's findings. Call :func:`rank_fixes` afterwards to rank
    them.

    ``fixes``: those for the portal, its publishers and its government. Left out are fixes that gain no points, and
    those of a portal, publisher or government whose Winnow score in the run ``run_id`` is withheld or not stored.
    """
    shown = {
        (level, entity)
        for level, entity in catalog.db.conn.execute(
            """select entity_level, entity_id from score_history
               where run_id = ? and system = 'winnow' and withheld is null""",
            [run_id],
        )
    }
    rows = [
        {
            "id": "/".join((one.entity_level, one.entity_id, one.rule_id, portal_id, one.cause_id or "")),
            "run_id": run_id,
            **{name: getattr(one, name) for name in _NAMES},
            "portal_id": portal_id,
            "gain_points": round(one.gain_points, 4),
            "effort_hours": round(one.effort_hours, 2),
            "gain_per_hour": round(one.gain_points / one.effort_hours, 4),
            "rank": 0,
        }
        for one in fixes
        if one.gain_points > 0 and (one.entity_level, one.entity_id) in shown
    ]
    with catalog.writing():
        catalog.db.conn.execute("delete from top_fixes where portal_id = ?", [portal_id])
        catalog.upsert("top_fixes", rows)


def rank_fixes(catalog: Catalog, rules: Sequence[str], large_points: float, large_share: float) -> None:
    """Set the rank of every row of ``top_fixes`` within its portal, publisher or government, and whether it is large.

    Rank 1 should be done first. A fix is large if it brings at least ``large_points`` points, or at least the share
    ``large_share``, 0 to 1, of the points that the latest score lacks to 100. Fixes are sorted by these criteria, one
    after the other: large ones first; for a publisher, causes that lie in its portal, in a harvest source or on a host
    after all others, because it cannot remove them itself; then by the product of the gain in points and the gain in
    points for an hour, the highest first.

    The table has rows of two kinds: rows for whole rules, written with the scores, and rows written by
    :func:`write_fixes`. For ``rules``, ids of rules, the first kind is deleted wherever a portal, publisher or
    government has rows of the second kind.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            """delete from top_fixes where portal_id is null and rule_id in (select value from json_each(?))
               and exists (select 1 from top_fixes own where own.entity_level = top_fixes.entity_level
                 and own.entity_id = top_fixes.entity_id and own.portal_id is not null)""",
            [json.dumps(list(rules))],
        )
        catalog.db.conn.execute(_RANK, {"points": large_points, "share": large_share})


def first_fixes(
    catalog: Catalog, level: str, entity_id: str, limit: int, *, with_held: bool = False
) -> list[dict[str, Any]]:
    """Return what a portal, publisher or government should fix first, the best first, ``limit`` at most.

    ``level``: portal, publisher or government. ``entity_id``: its id. A row has rule_id, how_to_fix, datasets, places,
    gain_points, effort_hours, is_large and cause_id; see :class:`Fix` and :func:`rank_fixes`. If the fix removes a
    cause, the row also has the level, root_name, split, first_seen_run and examples of the cause; else these are None,
    and examples is []. The same goes for a cause that is no longer stored. Here level is where the cause lies, such as
    "host". An example has finding_id, title and url. ``with_held``: whether fixes of causes are included that are not
    published yet, see :mod:`catalog.repositories.held`. Left out are fixes of causes whose every finding is about a
    dataset whose content is withheld.
    """
    found = catalog.rows(
        f"""select t.rule_id, t.how_to_fix, t.datasets, t.places, t.gain_points, t.effort_hours,
             coalesce(t.is_large, 1) as is_large, t.cause_id, c.level, c.root_name, c.split, c.first_seen_run,
             coalesce(c.examples, '[]') as examples
           from top_fixes t left join causes c on c.id = t.cause_id
           where t.entity_level = ? and t.entity_id = ? and (? or coalesce(c.is_held, 0) = 0)
             and coalesce(c.number, 0) not in ({WITHHELD_CAUSES})
           order by t.rank limit ?""",  # noqa: S608  # our own constants
        [level, entity_id, with_held, limit],
    )
    return [row | {"examples": json.loads(row["examples"])} for row in found]


_RANK = """
with scores as materialized (
  select e.entity_level, e.entity_id, (
    select h.score from score_history h
    where h.entity_id = e.entity_id and h.entity_level = e.entity_level and h.system = 'winnow'
    order by h.run_id desc limit 1) as score
  from (select distinct entity_level, entity_id from top_fixes) e
), weighed as (
  select t.*, t.gain_points >= :points or t.gain_points >= :share * (100 - s.score) is true as would_be_large,
    t.entity_level = 'publisher' and coalesce(c.level, '') in ('portal', 'source', 'host') as is_others
  from top_fixes t join scores s on s.entity_level = t.entity_level and s.entity_id = t.entity_id
  left join causes c on c.id = t.cause_id
)
update top_fixes set rank = r.place, is_large = r.would_be_large from (
  select id, would_be_large, row_number() over (
    partition by entity_level, entity_id
    order by would_be_large desc, is_others, gain_points * gain_per_hour desc, id) as place
  from weighed
) r where r.id = top_fixes.id and (top_fixes.rank is not r.place or top_fixes.is_large is not r.would_be_large)"""
"""What brings much for little comes first: by the points, times the points for an hour. By points for an hour alone, a
minute's work on one dataset would come before the fix of a template."""
