"""Canned queries of the site: questions worth asking, ready to be linked to and to be read as CSV or JSON."""

from __future__ import annotations

from typing import Any

__all__ = ["QUERIES"]


def _q(title: str, description: str, sql: str) -> dict[str, Any]:
    return {"title": title, "description": description, "sql": sql.strip(), "hide_sql": True}


_DATASET = "json_object('href', '/catalog/datasets/' || d.id, 'label', coalesce(d.title, d.identifier)) as dataset"

QUERIES: dict[str, dict[str, Any]] = {
    "search": _q(
        "Search datasets",
        "Words of title, description and keywords; accents do not matter.",
        f"""
select {_DATASET}, p.title as portal, q.grade, round(q.score, 1) as score
from datasets_fts join datasets d on d.rowid = datasets_fts.rowid
join portals p on p.id = d.portal_id left join dataset_quality q on q.dataset_id = d.id
where datasets_fts match escape_fts(:q) and d.status = 'present'
order by datasets_fts.rank limit 200""",
    ),
    "broken_links": _q(
        "Broken links",
        "Addresses the server itself says are not there, or whose host does not exist, and since when.",
        f"""
select {_DATASET}, p.title as portal, c.url, c.fault, c.status, c.failing_since, c.checked_at
from resource_checks c
join distributions x on c.url in (x.download_url, x.access_url) and not x.is_retired
join datasets d on d.id = x.dataset_id and d.status = 'present' join portals p on p.id = d.portal_id
where c.outcome in ('broken', 'invalid') group by x.id, c.url order by c.failing_since, c.url limit 2000""",
    ),
    "not_what_it_says": _q(
        "Not what it says it is",
        "A web page where a file was promised, or another format than the one declared.",
        f"""
select {_DATASET}, p.title as portal, f.resource_url as url, f.observed, f.gain_points
from findings f join datasets d on d.id = f.dataset_id join portals p on p.id = f.portal_id
where f.rule_id in ('file_served', 'format_truthful') and f.state in ('new', 'open')
order by f.gain_points desc limit 2000""",
    ),
    "what_to_mend_first": _q(
        "What to mend first",
        "For every publisher the rules whose mending brings most points to its mean score.",
        """
select b.name as publisher, p.title as portal, f.rule_id, f.how_to_fix, count(distinct f.dataset_id) as datasets,
       round(sum(f.gain_points) / nullif(b.datasets, 0), 2) as gain_points
from findings f join publishers b on b.id = f.publisher_id join portals p on p.id = f.portal_id
where f.state in ('new', 'open') group by b.id, f.rule_id having gain_points > 0
order by gain_points desc limit 500""",
    ),
    "licences_in_use": _q(
        "Licences in use",
        "Licences recognised, by the number of files; the last row is what could not be recognised or is not there.",
        """
select coalesce(q.licence_id, '(none recognised)') as licence, p.title as portal, count(*) as files,
       case q.licence_open when 1 then 'open' when 0 then 'not open' else 'unknown' end as verdict
from distribution_quality q join portals p on p.id = q.portal_id
group by 1, 2, 4 order by licence = '(none recognised)', files desc limit 1000""",
    ),
    "late_datasets": _q(
        "Late datasets",
        "Datasets that have not changed for more than one and a half of the periods they promise.",
        f"""
select {_DATASET}, p.title as portal, d.frequency, d.modified, f.gain_points
from findings f join datasets d on d.id = f.dataset_id join portals p on p.id = f.portal_id
where f.rule_id = 'up_to_date' and f.state in ('new', 'open') order by d.modified limit 2000""",
    ),
    "what_changed": _q(
        "What changed in the last run",
        "Datasets added, changed and no longer listed; findings new and mended.",
        f"""
with last as (select max(id) as run from runs where status = 'complete'),
changes as (
  select id, 'added' as what, null as detail from datasets, last where first_seen_run = run
  union all select id, 'record changed', null from datasets, last where changed_run = run and first_seen_run != run
  union all select id, 'no longer listed', null from datasets, last where missing_since = run
  union all select dataset_id, 'new finding', rule_title from findings, last where state = 'new' and last_seen_run = run
  union all select dataset_id, 'mended', rule_title from findings, last where fixed_run = run)
select changes.what, {_DATASET}, p.title as portal, changes.detail
from changes join datasets d on d.id = changes.id join portals p on p.id = d.portal_id
order by changes.what, p.title, d.title limit 2000""",
    ),
}
