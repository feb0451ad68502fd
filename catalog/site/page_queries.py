"""The queries behind the site's own pages: templates name them, ``sql(named_sql.correction_about, ...)``.

The first word of a name is the page: correction or portal. ``portal_choices`` fills the list of portals
of a canned query, and ``alias`` finds a dataset by another of its names. Visitors' input is always passed as a
parameter.
"""

from __future__ import annotations

__all__ = ["NAMED_SQL"]

NAMED_SQL = {
    "corrections_about": """
select c.id, d.title, b.name as publisher, f.first_seen_run as since, coalesce(c.field, f.field) as field
from corrections c left join datasets d on d.id = c.dataset_id
left join publishers b on b.id = d.publisher_id left join findings f on f.id = c.finding_id
where c.id in (select value from json_each(:ids))""",
    "alias": "select dataset_id from dataset_aliases where id = :id",
    "portal_choices": "select id, title from portals order by title limit 2000",
}
