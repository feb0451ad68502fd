"""SQL for the templates of Datasette's tables, by name: a template says ``sql(named_sql.corrections_about, ...)``.

``alias`` finds a dataset by a former id, ``withheld`` one whose content is withheld; ``portal_choices`` fills the list
of portals of a ready-made query.
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
    "withheld": "select dataset_id from site_withheld where id = :id",
    "portal_choices": "select id, title from portals order by title limit 2000",
}
