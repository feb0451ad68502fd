"""What a dispute is about, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from catalog.db.store import Catalog, now
from catalog.repositories.finding_states import UNOBSERVED

__all__ = ["OF_CAUSE_MAX", "check_soon", "disputed", "uphold_disputes", "write_correction", "write_outcome"]

OF_CAUSE_MAX = 50
"""Findings of a disputed cause that are checked again at once."""
_DISPUTED = """r.id as reply_id, f.id as finding_id, f.portal_id, f.publisher_id, f.dataset_id, f.rule_id,
  f.resource_url, f.observed, g.name as government, q.score"""
_OF_CAUSE = """f.state = 'disputed' and not exists (select 1 from replies own where own.finding_id = f.id)"""
_SEEN_AT_ADDRESS = f"""exists (select 1 from resource_checks k where k.url = f.resource_url
  and k.checked_at > :imported_at and k.outcome != 'unknown'
  and (f.last_seen_run > :run or k.outcome = 'broken')) and not {UNOBSERVED}"""  # noqa: S608  # SQL of ours
_ABOUT = """join governments g on g.portal_id = f.portal_id
  left join dataset_quality q on q.dataset_id = f.dataset_id"""


def disputed(catalog: Catalog, reply_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the findings that the replies with the ids ``reply_ids`` dispute, with what is needed to check them again.

    Give it ids of disputes only: the kind of reply is not checked, and an unknown id gives no row. A row has the ids of
    reply, finding, portal, publisher, dataset and rule, the address (resource_url), what was observed, the government,
    and the score of the dataset.

    If a reply disputes a cause, its rows are findings of the cause in the state disputed, at most ``OF_CAUSE_MAX``.
    Findings with an address come first; those with a reply of their own are left out. ``cause_id`` is the id of the
    cause, or None if the reply is to a single finding. ``members`` is the number of findings that the reply disputes.
    """
    return [row for key in reply_ids for row in (_of_finding(catalog, key) or _of_cause(catalog, key))]


def _of_finding(catalog: Catalog, reply_id: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {_DISPUTED}, null as cause_id, 1 as members
            from replies r join findings f on f.id = r.finding_id {_ABOUT} where r.id = ?""",  # noqa: S608  # SQL of ours
        [reply_id],
    )


def _of_cause(catalog: Catalog, reply_id: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {_DISPUTED}, f.cause_id, count(*) over () as members
            from replies r join cause_findings f on f.cause_id = r.finding_id {_ABOUT}
            where r.id = ? and {_OF_CAUSE}
            order by f.resource_url is null, f.id limit ?""",  # noqa: S608  # constants of this module
        [reply_id, OF_CAUSE_MAX],
    )


def check_soon(catalog: Catalog, reply_id: str) -> None:
    """Make the addresses of a disputed cause's findings due for a check, so that the next runs check them first.

    ``reply_id``: id of the reply that disputes the cause. Findings with a reply of their own are left out. Each run
    checks as many addresses as the limits of the portal allow.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            f"""update resource_checks set next_check_at = null
                where url in (select f.resource_url from replies r join cause_findings f on f.cause_id = r.finding_id
                              where r.id = ? and {_OF_CAUSE})""",  # noqa: S608  # constants of this module
            [reply_id],
        )


def write_outcome(catalog: Catalog, reply_id: str, outcome: str) -> None:
    """Store the outcome of checking a disputed finding or cause again, with the present time.

    ``reply_id``: id of the reply that disputes it. ``outcome``: upheld (it was right), corrected (it was wrong) or
    not_checkable.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            "update replies set outcome = ?, checked_at = ? where id = ?", [outcome, now(), reply_id]
        )


def uphold_disputes(catalog: Catalog, portal_id: str, observed: Collection[str]) -> int:
    """Set the outcome "upheld" for disputes of a portal's findings and causes that could not be settled when they came,
    if the finding, or most findings of the cause, have been seen to fail since. Return how many disputes were upheld.

    A dispute was not settled if it has no outcome or the outcome "not_checkable". ``observed``: ids of the rules that
    are answered by requests. A finding of such a rule has been seen to fail if its address was checked after the
    dispute was imported, with another outcome than unknown, its rule could be observed, and a later run found it again
    or the address was broken. A finding of any other rule has been seen to fail if the record of its dataset was read
    after the import. Of a cause only disputed findings without a reply of their own count, and findings of the same
    rule in the portal that were fixed in the meantime count as not failing. No other outcome is set here: the publisher
    may have fixed what no longer fails.
    """
    unsettled = catalog.rows(
        """select r.id, r.imported_at, c.id as cause, c.rule_id, null as finding
           from latest_replies r join causes c on c.id = r.finding_id
           where c.portal_id = :portal and r.reply = 'disputed'
             and coalesce(r.outcome, 'not_checkable') = 'not_checkable'
           union all
           select r.id, r.imported_at, null, f.rule_id, f.id
           from latest_replies r join findings f on f.id = r.finding_id
           where f.portal_id = :portal and r.reply = 'disputed' and f.state = 'disputed'
             and coalesce(r.outcome, 'not_checkable') = 'not_checkable'""",
        {"portal": portal_id},
    )
    upheld = 0
    for one in unsettled:
        about = {**one, "portal": portal_id, "run": re.sub("[-:]", "", one["imported_at"])}
        seen = (
            _SEEN_AT_ADDRESS
            if one["rule_id"] in observed
            else "exists (select 1 from datasets d where d.id = f.dataset_id and d.last_seen_run > :run)"
        )
        # Only constants of this module are inserted into the text.
        sql = (
            f"""select count(*) as members, coalesce(sum({seen}), 0) as seen, (
                  select count(*) from findings g where g.portal_id = :portal and g.rule_id = :rule_id
                    and g.state = 'fixed' and g.fixed_run > :run) as fixed
                from cause_findings f where f.cause_id = :cause and {_OF_CAUSE}"""  # noqa: S608  # SQL of ours
            if one["cause"]
            else f"select 1 as members, {seen} as seen, 0 as fixed from findings f where f.id = :finding"  # noqa: S608  # SQL of ours
        )
        (counts,) = catalog.rows(sql, about)
        if counts["seen"] * 2 > counts["members"] + counts["fixed"]:
            write_outcome(catalog, one["id"], "upheld")
            upheld += 1
    return upheld


def write_correction(catalog: Catalog, run_id: str, finding: dict[str, Any]) -> None:
    """Record that a disputed finding was wrong, and count the correction in the scores that the run ``run_id`` stored.

    ``finding``: a row of :func:`disputed`; its score is the one before the correction. The correction is counted for
    the government, the portal and the publisher of the dataset.
    """
    after = catalog.value("select score from dataset_quality where dataset_id = ?", [finding["dataset_id"]])
    row = {
        "id": f"{finding['finding_id']}/{finding['reply_id']}",
        **{name: finding[name] for name in ("finding_id", "reply_id", "portal_id", "dataset_id", "rule_id")},
        "run_id": run_id,
        "reason": "dispute",
        "observed_before": finding["observed"],
        "score_before": finding["score"],
        "score_after": after,
        "corrected_at": now(),
    }
    with catalog.writing():
        catalog.upsert("corrections", [row])
        for level, key in (("government", "government"), ("portal", "portal_id"), ("publisher", "publisher_id")):
            catalog.db.conn.execute(
                """update score_history set corrections = coalesce(corrections, 0) + 1
                   where run_id = ? and entity_level = ? and entity_id = ? and system = 'winnow'""",
                [run_id, level, finding[key]],
            )
