"""``/cause/<id>``: one root of many findings, with its fix, its members and the replies. "<id>~2" is page two."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from catalog.exports.cause_rows import fix_in_words, shared_in_words
from catalog.site.pages.page import Content, Page, Visit
from catalog.site.pages.paging import name_and_number, numbered

__all__ = ["MEMBERS", "PAGES"]

MEMBERS = 50
"""Findings on a page."""
_REPLIES = 20
_CAUSE = """
select c.id, c.number, c.portal_id, c.rule_id, c.rule_title, c.root, c.level, c.root_value, c.root_name, c.split,
       c.entity_level, c.entity_id, c.state, c.fault_party, c.confidence, c.first_seen_run, c.last_seen_run,
       c.fixed_run, c.datasets, c.files, c.findings, c.failing, c.applicable, c.rest_failing, c.rest_applicable,
       c.gain_points, c.publisher_gain_points, c.effort_hours, c.how_to_fix,
       coalesce(nullif(p.title, ''), p.id) as portal, b.name as publisher
from causes c left join portals p on p.id = c.portal_id
left join publishers b on c.entity_level = 'publisher' and b.id = c.entity_id where c.id = :id"""
_COUNT = "select count(*) as members from cause_members where cause = :number"
_MEMBERS = """
select f.id, f.state, f.dataset_id, d.title as dataset, d.identifier, f.distribution_id, x.title as file, x.position,
       f.resource_url, f.observed, f.field, f.first_seen_run, f.key
from findings f left join datasets d on d.id = f.dataset_id left join distributions x on x.id = f.distribution_id
where f.key in (select value from json_each(:keys)) order by f.key"""
_KEYS = "select finding from cause_members where cause = :number order by finding limit :limit offset :offset"
_REPLY = """
select reply, promised_on, note, replied_by, replied_on, outcome, is_text_approved from replies
where finding_id = :id order by number desc limit :limit"""


def _read(visit: Visit) -> Content | None:
    cause_id, number = name_and_number(visit.name)
    cause = visit.row(_CAUSE, id=cause_id)
    if cause is None:
        return None
    members = int((visit.row(_COUNT, number=cause["number"]) or {"members": 0})["members"])
    last = max(1, -(-members // MEMBERS))
    if not 1 <= number <= last:
        return None
    words = visit.words
    question = words.question(cause["rule_id"], cause["rule_title"])
    return {
        "title": words.phrase("cause.title", question=question, name=cause["root_name"] or cause["portal"] or ""),
        "description": words.phrase("cause.description"),
        "_above": [(cause["portal"], f"/portal/{quote(cause['portal_id'], safe='')}")] if cause["portal"] else [],
        "canonical": f"/cause/{quote(visit.name, safe='~')}",
        "cause": cause | {"question": question},
        "fix": fix_in_words(words, cause),
        "shared": shared_in_words(words, cause),
        "members": _members(visit, cause["number"], number),
        "count": members,
        "replies": visit.rows(_REPLY, id=cause_id, limit=_REPLIES),
        "page_number": number,
        "last_page": last,
    }


def _members(visit: Visit, cause: int, number: int) -> list[dict[str, Any]]:
    keys = visit.rows(_KEYS, number=cause, limit=MEMBERS, offset=(number - 1) * MEMBERS)
    rows = visit.rows(_MEMBERS, keys=json.dumps([row["finding"] for row in keys]))
    return [row | {"said": visit.words.said(row["observed"], row["field"])} for row in rows]


def _names(visit: Visit) -> Iterator[str]:
    sizes = """
select c.id, (select count(*) from cause_members m where m.cause = c.number) as members from causes c order by c.id"""
    for row in visit.conn.execute(sizes):
        yield row["id"]
        yield from numbered(row["id"], -(-row["members"] // MEMBERS))


PAGES = (Page(name="cause", address="/cause/<id>", read=_read, names=_names),)
