"""The queries behind the site's own pages: templates name them, ``sql(named_sql.portal_rules, ...)``.

The first word of a name is the page: correction or portal. ``portal_choices`` fills the list of portals
of a canned query, and ``alias`` finds a dataset by another of its names. Visitors' input is always passed as a
parameter.
"""

from __future__ import annotations

from catalog.db.schema.views import OF_PORTAL_ID, is_open

__all__ = ["NAMED_SQL"]

# Only constants of the schema are inserted into the text.
NAMED_SQL = {
    "correction_about": """
select d.title, b.name as publisher, f.first_seen_run as since, coalesce(c.field, f.field) as field
from corrections c left join datasets d on d.id = c.dataset_id
left join publishers b on b.id = d.publisher_id left join findings f on f.id = c.finding_id
where c.id = :id""",
    "portal_harvests": "select * from harvests where portal_id = :id order by run_id desc limit 14",
    "portal_top_fixes": f"""
select t.*, m.n as findings from top_fixes t
left join (select r.rule_id, count(*) as n from finding_rows f join rules r on r.key = f.rule_key
           where {OF_PORTAL_ID} and {is_open()} group by r.rule_id) m
  on m.rule_id = t.rule_id
where t.entity_level = 'portal' and t.entity_id = :id order by t.rank limit 12""",
    "portal_rules": f"""
select r.rule_id, r.rule_title, r.dimension, min(r.severity) as severity, count(*) as n,
       count(distinct f.dataset_key) as datasets
from finding_rows f join rules r on r.key = f.rule_key
where {OF_PORTAL_ID} and {is_open()} group by r.rule_id order by n desc limit 12""",
    "portal_other_scores": """
select * from score_history where entity_level = 'portal' and entity_id = :id and system != 'winnow'
  and run_id = (select max(run_id) from score_history where entity_level = 'portal' and entity_id = :id)
order by system""",
    "portal_score": """
select * from score_history where entity_level = 'portal' and entity_id = :id and system = 'winnow'
order by run_id desc limit 1""",
    "portal_grades": """
select coalesce(grade, '') as grade, count(*) as n from dataset_quality where portal_id = :id
group by 1 order by grade = '', grade""",
    "portal_publishers": "select * from publishers where portal_id = :id order by datasets desc, name limit 20",
    "alias": "select dataset_id from dataset_aliases where id = :id",
    "portal_choices": "select id, title from portals order by title limit 2000",
}
