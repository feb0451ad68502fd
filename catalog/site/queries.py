"""The canned queries: the questions people ask a catalogue, each at its own address.

All take ``portal`` (an id, or nothing for all); ``search`` takes ``q`` too. Links are JSON objects with ``href`` and
``label``, which ``plugins/winnow_site.py`` renders as links and programs can read. Each query starts from an index,
so that it stays within the time limit on a large catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from catalog.db.schema.views import is_open
from catalog.repositories.finding_states import runs_failing

__all__ = ["queries"]

_DATASET = """json_object('href', '/catalog/datasets/' || d.id,
         'label', coalesce(nullif(trim(d.title), ''), d.identifier, d.id)) as dataset"""
_PORTAL = "json_object('href', '/catalog/portals/' || p.id, 'label', coalesce(nullif(p.title, ''), p.id)) as portal"
_ADDRESS = """case when f.resource_url like 'http://%' or f.resource_url like 'https://%'
         then json_object('href', f.resource_url, 'label', f.resource_url) else f.resource_url end as address"""

_MOST = 2000
"""Rows of the query of what changed."""


def _where_portal(alias: str) -> str:
    return f"(:portal = '' or {alias}.portal_id = :portal)"


def _of_rules(*rules: str) -> str:
    """Return an SQL condition that is true of a finding ``f`` of one of these rules.

    These findings are found by an index of the public file; otherwise those of all datasets would be read.
    """
    listed = ", ".join(f"'{rule}'" for rule in rules)
    return f"""f.key in (select own.key from rules r cross join finding_rows own on own.rule_key = r.key
  where r.rule_id in ({listed}))"""  # names of rules


def _union(what: str, condition: str, index: str) -> str:
    # Of a first night all is new: no part is read further than is shown. Crossed, and by an index that is named, so
    # that SQLite starts at what is of the night: most rows are of the first one, so statistics tell it to read all.
    return f"""select * from (select '{what}' as what, {_DATASET}, {_PORTAL}, null as detail,
         p.title as portal_title, d.title as title
       from datasets d indexed by {index} cross join portals p on p.id = d.portal_id
       where {condition} = (select id from night) and {_where_portal("d")} limit {_MOST})"""


def _union_findings(what: str, key: str, condition: str) -> str:
    # Crossed as above. The portal is asked of the stored row: the view has to look up its name for each finding.
    return f"""select * from (select '{what}' as what, {_DATASET}, {_PORTAL}, f.rule_title as detail,
         p.title as portal_title, d.title as title
       from keys k cross join finding_rows own indexed by public_finding_rows_{key} on own.{key} = k.key
       cross join findings f on f.key = own.key
       cross join datasets d on d.id = f.dataset_id cross join portals p on p.id = f.portal_id
       where k.id = (select id from night) and {condition}
         and (:portal = '' or own.portal_key = (select key from keys where id = :portal)) limit {_MOST})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannedQuery:
    """A ready-made SQL query of the public site, at an address of its own."""

    title: str
    description: str
    sql: str
    params: tuple[str, ...] = ("portal",)
    """Names of the SQL parameters that a visitor fills in, in the order of the form."""


# The inserted names are constants of this file; visitors' input is always passed as a parameter.
_QUERIES = {
    "search": CannedQuery(
        title="Search the datasets",
        description="Words in title, description and keywords, in any language of the record; accents do not matter.",
        sql=f"""
select {_DATASET}, {_PORTAL}, publishers.name as publisher, q.grade, round(q.score, 1) as score, d.modified
from (select rowid, rank from datasets_fts
      where datasets_fts match iif(escape_fts(:q) = '' or instr(:q, char(0)), '""', escape_fts(:q) || '*')) hits
join datasets d on d.rowid = hits.rowid
join portals p on p.id = d.portal_id
left join publishers on publishers.id = d.publisher_id
left join dataset_quality q on q.dataset_id = d.id
where d.status != 'retired' and {_where_portal("d")}
order by hits.rank limit 200""",
        params=("q", "portal"),
    ),
    "broken_links": CannedQuery(
        title="Broken links",
        description="Addresses that no longer answer, by portal, and since when.",
        sql=f"""
select {_PORTAL}, {_DATASET}, {_ADDRESS}, f.observed, f.http_status as status,
       coalesce(c.failing_since, f.first_seen_run) as failing_since, {runs_failing()} as nights,
       round(f.gain_points, 1) as points_to_gain
from open_findings f
join datasets d on d.id = f.dataset_id
join portals p on p.id = f.portal_id
left join resource_checks c on c.url = f.resource_url
where {_of_rules("link_ok", "access_url_ok", "download_url_ok")} and {_where_portal("f")}
order by p.title, failing_since, d.title""",
    ),
    "html_instead_of_data": CannedQuery(
        title="Web page instead of data",
        description="Addresses that promise a file and serve something else: a page, an error message, another format.",
        sql=f"""
select {_PORTAL}, {_DATASET}, {_ADDRESS}, f.format_declared as declared, f.format_served as served,
       f.observed, f.first_seen_run as since, round(f.gain_points, 1) as points_to_gain
from open_findings f
join datasets d on d.id = f.dataset_id
join portals p on p.id = f.portal_id
where {_of_rules("file_served", "format_truthful")} and {_where_portal("f")}
order by p.title, d.title, f.resource_url""",
    ),
    "worst_datasets_with_most_to_gain": CannedQuery(
        title="Worst datasets, most to gain",
        description="The 200 lowest scores, and the one repair that would bring each of them most.",
        sql=f"""
with worst as (
  select * from dataset_quality w where w.score is not null and {_where_portal("w")} order by w.score limit 200
), best_fix as (
  select f.dataset_id, f.how_to_fix, max(f.gain_points) as gain
  from worst cross join keys k on k.id = worst.dataset_id cross join finding_rows own on own.dataset_key = k.key
  cross join open_findings f on f.key = own.key group by f.dataset_id
)
select {_DATASET}, {_PORTAL}, w.grade, round(w.score, 1) as score, w.findings,
       b.how_to_fix as what_would_help_most, round(b.gain, 1) as points_to_gain
from worst w
join present_datasets d on d.id = w.dataset_id
join portals p on p.id = w.portal_id
left join best_fix b on b.dataset_id = w.dataset_id
order by b.gain desc, w.score""",
    ),
    "stale_datasets": CannedQuery(
        title="Late datasets",
        description="Datasets whose last change is older than the frequency they promise.",
        sql=f"""
select {_PORTAL}, {_DATASET}, d.frequency as promised, d.modified as changed_as_declared,
       cast(julianday(f.checked_at) - julianday(d.modified) as integer) as days_since, f.observed,
       round(f.gain_points, 1) as points_to_gain
from open_findings f
join datasets d on d.id = f.dataset_id
join portals p on p.id = f.portal_id
where {_of_rules("up_to_date")} and {_where_portal("f")}
order by days_since desc, d.title""",
    ),
    "licences_in_use": CannedQuery(
        title="Licences in use",
        description="Licences recognised, how often, and which are open. The last column "
        "is the open share of all distributions.",
        sql=f"""
select coalesce(l.licence, '(none recognised)') as licence,
       sum(l.distributions) as distributions, sum(l.datasets) as datasets,
       case min(l.is_open) when 1 then 'yes' when 0 then 'no' else 'not known' end as is_open,
       round(100.0 * sum(l.distributions) / sum(sum(l.distributions)) over (), 1) as share_pct,
       round(100.0 * sum(sum(l.open_distributions)) over ()
             / sum(sum(l.distributions)) over (), 1) as open_share_pct_of_all
from site_licences l
where {_where_portal("l")}
group by l.licence
order by distributions desc, licence""",
    ),
    "what_changed_last_night": CannedQuery(
        title="What changed last",
        description="Datasets added, changed and removed, and findings fixed, withdrawn "
        "and new, in the last run that brought a change. 2,000 at most.",
        sql=f"""
with night as (select max(run_id) as id from harvests where verdict is not null)
select what, dataset, portal, detail from (
  {_union("added", "d.first_seen_run", "public_datasets_first_seen_run")}
  union all
  {_union("changed", "d.first_seen_run != d.changed_run and d.changed_run", "public_datasets_changed_run")}
  union all
  {_union("removed", "d.missing_since", "public_datasets_missing_since")}
  union all
  {_union_findings("finding fixed", "fixed_key", "f.state = 'fixed'")}
  union all
  {_union_findings("finding withdrawn by us", "withdrawn_key", "f.state = 'withdrawn'")}
  union all
  {_union_findings("new finding", "first_seen_key", is_open())}
) order by case what when 'removed' then 0 when 'added' then 1 when 'changed' then 2 when 'finding fixed' then 3
  else 4 end, portal_title, title
limit {_MOST}""",
    ),
}


def queries() -> dict[str, dict[str, Any]]:
    """Return the ready-made queries of the public site, by name, in the form of Datasette's metadata."""
    return {
        name: {
            "title": one.title,
            "description": one.description,
            "sql": one.sql.strip(),
            "params": list(one.params),
            "hide_sql": True,
        }
        for name, one in _QUERIES.items()
    }
