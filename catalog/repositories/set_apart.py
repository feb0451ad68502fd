"""Leave datasets whose content is withheld out of the public file, and out of copies for others: their rows, and what
other rows say of them.

What stays is a row of ``withholdings`` with the reason and the day, and ``site_withheld``, by which their ids and those
of their files and findings lead to the page that says so.
"""

# ruff: noqa: S608  # only constants of this module and names of the schema are put into SQL

from __future__ import annotations

import sqlite3

from catalog.db.packed import PackedTexts
from catalog.db.schema import TABLES
from catalog.db.schema.forms import Form
from catalog.db.schema.views import is_present
from catalog.repositories.withholding import WITHHELD, WITHHELD_CAUSES, WITHHELD_REASON
from specs.metrics import dimensions

__all__ = ["APART_VALUES", "apart_condition", "delete_apart", "set_apart"]

_GONE = "(select id from temp.apart where kind = 'dataset')"
_FILES = "(select id from temp.apart where kind in ('file', 'service'))"
_CAUSES = "(select id from temp.apart where kind = 'cause')"
_NUMBERS = "(select number from {source}causes where id in (select id from temp.apart where kind = 'cause'))"
_URLS = "(select url from temp.apart_urls)"

# Their rows name a dataset by its id, and stay.
_KEPT = frozenset({"census", "census_changes", "withholdings"})
_CONDITIONS = {
    "datasets": f"id not in {_GONE}",
    "table_reports": f"distribution_id not in {_FILES}",
    "measured_distributions": f"distribution_key not in (select key from {{source}}keys where id in {_FILES})",
    "replies": f"coalesce(dataset_id, '') not in {_GONE} and coalesce(finding_id, '') not in {_CAUSES}",
    "causes": f"id not in {_CAUSES}",
    "cause_members": f"cause not in {_NUMBERS}",
    "top_fixes": f"coalesce(cause_id, '') not in {_CAUSES}",
    "resource_checks": f"url not in {_URLS}",
    "addresses": f"url not in {_URLS}",
    "check_strips": f"address not in (select key from {{source}}addresses where url in {_URLS})",
    # A record is named by its identifier or by its title.
    "harvest_errors": f"""not exists (select 1 from temp.apart_names n where n.portal_id = r.portal_id
        and n.name in (r.record_id, r.title)) and coalesce(url, '') not in {_URLS}""",
}
_LAST = ("addresses", "causes", "distributions", "datasets")
"""Tables by whose rows those of others are found."""
_KINDS = (
    ("dataset", f"select distinct dataset_id as id, dataset_id from ({WITHHELD})"),
    ("alias", f"select id, dataset_id from dataset_aliases where dataset_id in {_GONE}"),
    ("file", f"select id, dataset_id from distributions where dataset_id in {_GONE}"),
    ("service", f"select id, dataset_id from data_services where dataset_id in {_GONE}"),
    ("finding", f"select id, dataset_id from temp.held where dataset_id in {_GONE}"),
    ("cause", f"select id, null as dataset_id from causes where number in ({WITHHELD_CAUSES})"),
)
_ADDRESSES = f"""
    select download_url as url from distributions where dataset_id in {_GONE}
    union all select access_url from distributions where dataset_id in {_GONE}
    union all select endpoint_url from data_services where dataset_id in {_GONE}
    union all select landing_page from datasets where id in {_GONE}
    union all select source_url from datasets where id in {_GONE}
    union all select resource_url from temp.held h join findings f on f.key = h.key where h.dataset_id in {_GONE}
    union all select value from changes c, json_tree(c.fields) where c.dataset_id in {_GONE} and type = 'text'
      and value like 'http%'"""
_OF_CENSUS = f"dataset_id in {_GONE}"
APART_VALUES = {
    "withholdings.dataset_id": """coalesce(
        (select a.dataset_id from source.dataset_aliases a where a.id = r.dataset_id), r.dataset_id)""",
    "census.reason": f"""iif({_OF_CENSUS}, '{WITHHELD_REASON}',
        replace(reason, coalesce(nullif(confirmed_by, ''), char(0)), 'A person'))""",
    "census.evidence": f"iif({_OF_CENSUS}, null, evidence)",
    "census.points": f"iif({_OF_CENSUS}, null, points)",
}
"""SQL for the public values of columns that name such a dataset in a row that stays, by "table.column"; ``r`` is the
stored row."""


def set_apart(public: sqlite3.Connection) -> bool:
    """Create the temporary tables of what must not be published because the content of a dataset is withheld, and
    return whether there is such a dataset.

    ``public``: connection to an empty database to which the catalogue is attached as ``source``, or to a catalogue,
    after :func:`catalog.repositories.withheld.hold_back`. The tables are ``apart`` (id, kind and dataset_id: of
    datasets, the ids that they had before, files, services, findings, and causes of nothing else), ``apart_urls``,
    ``apart_names`` (portal_id and name: identifiers and titles) and ``apart_measured`` (portal, publisher, whether it
    is a copy, and the dimensions, of those that are present).
    """
    run = public.execute
    run("create temp table apart (id text, kind text, dataset_id text)")
    for kind, sql in _KINDS:
        run(f"insert into apart select id, '{kind}', dataset_id from ({sql})")
    run(f"create temp table apart_urls as select distinct url from ({_ADDRESSES}) where url != ''")
    if run("select count(*) from apart").fetchone()[0]:
        for column in ("download_url", "access_url"):
            # Each file is read once, and its address looked up among the few.
            run(f"""delete from temp.apart_urls where url in (
                select a.url from distributions d cross join temp.apart_urls a on a.url = d.{column}
                where d.dataset_id not in {_GONE})""")
    run(f"""create temp table apart_names as
        select portal_id, identifier as name from datasets where id in {_GONE}
        union select portal_id, title from datasets where id in {_GONE}
        union select portal_id, identifier from dataset_aliases where dataset_id in {_GONE}""")
    means = ", ".join(f"q.[{name}]" for name in dimensions())
    run(f"""create temp table apart_measured as
        select d.portal_id, d.publisher_id, d.copy_of, {means}
        from datasets d left join dataset_quality q on q.dataset_id = d.id where {is_present()} and d.id in {_GONE}""")
    return bool(run("select count(*) from apart").fetchone()[0])


def apart_condition(table: str, source: str = "source.") -> str:
    """Return an SQL condition on the rows ``r`` of a table or view that are not of a dataset that :func:`set_apart`
    found; "true" for a table that has none of them. ``source``: the name by which the catalogue is attached, with a dot
    behind it, or "" where it is the database itself."""
    if table in _CONDITIONS:
        return f"({_CONDITIONS[table].format(source=source)})"
    if table in _KEPT or "dataset_id" not in TABLES[table].columns:
        return "true"
    return f"coalesce(dataset_id, '') not in {_GONE}"


def delete_apart(copy: sqlite3.Connection, packed: PackedTexts) -> None:
    """Delete from a copy of a catalogue what :func:`set_apart` found in it. The order of withholding stays, so that it
    holds where the copy is used.

    ``packed``: reads the records of the copy. A dictionary that was trained from the records of a portal may have words
    of each of them: the other records of the portal are stored without it.
    """
    portals = [key for (key,) in copy.execute("select distinct portal_id from temp.apart_names")]
    copy.execute(
        f"""update census set reason = ?, evidence = null, points = null, confirmed_by = null
            where dataset_id in {_GONE}""",
        [WITHHELD_REASON],
    )
    # What is behind a view goes with its rows; findings are gone.
    behind = {"finding_rows", "findings", *(spec.stored_in for spec in TABLES.values() if spec.stored_in)}
    behind -= {"addresses"}
    for name in sorted(TABLES.keys() - behind, key=lambda one: (one in _LAST, one)):
        condition = apart_condition(name, "")
        if condition != "true":
            copy.execute(f"delete from [{name}] as r where not {condition}")
    for portal in portals:
        for table in ("records", "record_versions"):
            rows = copy.execute(
                f"select t.rowid, t.raw from {table} t join datasets d on d.id = t.dataset_id where d.portal_id = ?",
                [portal],
            ).fetchall()
            plain = [(packed.text(raw), key) for key, raw in rows if isinstance(raw, bytes)]
            copy.executemany(f"update {table} set raw = ? where rowid = ?", plain)
        copy.execute("delete from record_dictionaries where portal_id = ?", [portal])
    # Texts that no other row shares, and words in the index of titles.
    shared = " union ".join(
        f"select [{column}] from [{spec.stored_in or name}] where typeof([{column}]) = 'integer'"
        for name, spec in TABLES.items()
        for column, form in spec.forms.items()
        if form is Form.TEXT
    )
    copy.execute(f"delete from shared_texts where key not in ({shared})")
    copy.execute("insert into datasets_fts (datasets_fts) values ('rebuild')")
