"""The findings of a dataset on its page, grouped by rule: what is claimed, what was seen, since when, and the reply."""

from __future__ import annotations

import json
from typing import Any

from catalog.db.schema.views import ANSWERED, CAUSE, NOT_ENDED, state_in
from catalog.exports.cards import day_of_run
from catalog.site.pages.page import Visit

__all__ = ["FINDINGS", "ended_of", "finding_count", "finding_page", "findings_of", "shorten_findings"]

FINDINGS = 50
"""Findings on a page."""
_ENDED = 10
"""Findings shown that have ended, the last ones."""
_OWN_OF_EACH = (
    *("id", "distribution_id", "resource_url", "title", "position", "checked_at"),
    *("format_declared", "format_served"),
)
"""What tells findings apart that say the same of several files."""
_OF_GROUP = ("key", "severity", "rule_id", "rule_title", "dimension", "how_to_fix")
"""What is said once for all findings of a rule."""
# All findings of a rule stand together, the rule first whose findings bring most.
_OWN = f"""
own as (select f.key, r.rule_id, f.gain_points from finding_rows f join rules r on r.key = f.rule_key
        where f.dataset_key = (select key from keys where id = :id) and {state_in(NOT_ENDED)}),
placed as (select key, rule_id, row_number() over (order by best desc, rule_id, gain_points desc, key) - 1 as place
           from (select own.*, max(coalesce(gain_points, 0)) over (partition by rule_id) as best from own))"""  # noqa: S608  # SQL of ours
_PAGE = f"with {_OWN} select key from placed where place >= :first and place < :end order by place"  # noqa: S608  # SQL of ours
_PLACE = f"with {_OWN} select place from placed where key = :key"  # noqa: S608  # SQL of ours
_COUNT = f"""
select count(*) as findings from finding_rows f
where f.dataset_key = (select key from keys where id = :id) and {state_in(NOT_ENDED)}"""  # noqa: S608  # SQL of ours
_SHOWN = f"""
select f.id, f.key, f.state, f.severity, f.rule_id, f.rule_title, f.dimension, f.fault_party, f.distribution_id,
       f.resource_url, f.observed, f.expected, f.http_status, f.format_declared, f.format_served, f.field, f.first_row,
       f.error_count, f.rows, f.how_to_fix, f.gain_points, f.first_seen_run, f.runs_failing, f.checked_at,
       d.title, d.position, {CAUSE} as cause_id,
       r.reply, r.note, r.is_text_approved, r.replied_by, r.replied_on, r.promised_on, r.outcome as reply_outcome
from findings f left join distributions d on d.id = f.distribution_id
left join latest_replies r on r.finding_id = {ANSWERED}
where f.key in (select value from json_each(:keys))"""  # noqa: S608  # SQL of ours
_OVER = """
select f.id, f.state, f.rule_id, f.rule_title, f.field, f.first_seen_run, coalesce(f.fixed_run, f.withdrawn_run) as run
from findings f where f.key in (
  select key from finding_rows where dataset_key = (select key from keys where id = :id)
    and state in ('fixed', 'withdrawn', 'gone') order by key desc limit :limit) order by f.key desc"""


def finding_count(visit: Visit, dataset_id: str) -> int:
    """Return the number of findings of a dataset that have not ended."""
    return int((visit.row(_COUNT, id=dataset_id) or {"findings": 0})["findings"])


def finding_page(visit: Visit, finding_id: str) -> tuple[str, int] | None:
    """Return the dataset of a finding and the number of the page of that dataset which shows it, from 1.

    None if there is no such finding, or if it is about no dataset. A finding that has ended is on the first page.
    """
    row = visit.row("select key, dataset_id from findings where id = :id", id=finding_id)
    if row is None or not row["dataset_id"]:
        return None
    placed = visit.row(_PLACE, id=row["dataset_id"], key=row["key"])
    return row["dataset_id"], (placed["place"] // FINDINGS if placed else 0) + 1


def findings_of(visit: Visit, dataset_id: str, number: int) -> list[dict[str, Any]]:
    """Return the findings on page ``number`` of a dataset, from 1, grouped by rule, in the language of the page.

    ``observations`` of a group: each distinct observation once, with its ``findings`` and the file that each is about.
    """
    first = (number - 1) * FINDINGS
    keys = [row["key"] for row in visit.rows(_PAGE, id=dataset_id, first=first, end=first + FINDINGS)]
    found = {row["key"]: row for row in visit.rows(_SHOWN, keys=json.dumps(keys))}
    words, night = visit.words, day_of_run(visit.run) or ""
    groups: dict[str, dict[str, Any]] = {}
    alike: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in (found[key] for key in keys if key in found):
        group = groups.setdefault(
            row["rule_id"],
            {
                "rule_id": row["rule_id"],
                "question": words.question(row["rule_id"], row["rule_title"]),
                "severity": row["severity"],
                "dimension": row["dimension"],
                "fix": words.fix(row["rule_id"], row["field"], row["how_to_fix"]),
                "observations": [],
            },
        )
        rule, colon, column = (row["field"] or "").partition(": ")
        row["column"] = column if colon else ("" if rule in words.defects else rule)
        row["is_overdue"] = row["reply"] == "will_fix_by" and (row["promised_on"] or "9") < night
        own = {name: row.pop(name) for name in _OWN_OF_EACH}
        rule_id = row["rule_id"]
        for name in _OF_GROUP:
            del row[name]
        same = (rule_id, *row.values())
        if same not in alike:
            row["lines"] = [int(line) for line in (row.pop("rows") or "").split() if line.isdecimal()]
            alike[same] = row | {"findings": []}
            group["observations"].append(alike[same])
        alike[same]["findings"].append(own)
    return list(groups.values())


_USUAL = {"state": "open", "fault_party": "publisher", "is_overdue": False, "expected": "yes"}
"""What the short data of a finding say by leaving it out."""


def shorten_findings(group: dict[str, Any]) -> dict[str, Any]:
    """Return a group of :func:`findings_of` for the mirror, without usual values (:data:`_USUAL`) and without what
    the page of the metric has (question, dimension and remedy). ``findings`` becomes an object: by id, the id of
    the file that a finding is about, or "dataset"."""
    return {
        "rule_id": group["rule_id"],
        "severity": group["severity"],
        "observations": [
            {name: value for name, value in one.items() if name not in _USUAL or value not in (_USUAL[name], None)}
            | {"findings": {own["id"]: own["distribution_id"] or "dataset" for own in one["findings"]}}
            for one in group["observations"]
        ],
    }


def ended_of(visit: Visit, dataset_id: str) -> list[dict[str, Any]]:
    """Return the last findings of a dataset that were fixed, withdrawn by us, or are no longer listed."""
    rows = visit.rows(_OVER, id=dataset_id, limit=_ENDED)
    return [row | {"question": visit.words.question(row["rule_id"], row["rule_title"])} for row in rows]
