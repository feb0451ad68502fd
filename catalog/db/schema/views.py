"""Facts of the domain that many queries need, each defined once and readable as a view.

They answer: what is a present dataset, which address represents a distribution, when is a finding open, who is
responsible for a portal. Queries name the view instead of repeating the condition. A query that counts by the
condition instead of selecting by it uses the expression from here. An empty text is no address and no name,
everywhere alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.db.schema import TABLES, found, imported, judged, metric_columns, replied, withheld
from catalog.db.schema.address import address
from catalog.db.schema.kinds import ColumnSpec, c
from catalog.db.schema.scored import SCORE_SQL
from catalog.db.schema.stored import view_sql
from catalog.db.schema.strips import HISTORY_SQL

__all__ = [
    "AWAITED",
    "ANSWERED",
    "CAUSE",
    "MEASURED",
    "NOT_ENDED",
    "OLD_COLUMNS",
    "OLD_TABLES",
    "OF_PORTAL",
    "OF_PORTAL_ID",
    "OPEN",
    "OPEN_CAUSES",
    "STANDING",
    "STANDING_CAUSES",
    "VIEWS",
    "View",
    "address",
    "is_current",
    "is_open",
    "is_present",
    "state_in",
    "view_columns",
]

OPEN = ("new", "open")
"""States of findings that need fixing: seen in the last run, and neither disputed nor waived."""
STANDING = (*OPEN, "disputed", "waived")
"""States of findings that still exist, as far as anyone knows."""
NOT_ENDED = (*STANDING, "unknown")
"""The same, plus findings that could not be checked: everything but fixed, gone and withdrawn."""

OPEN_CAUSES = (*OPEN, "reopened")
"""States of causes that need fixing."""
STANDING_CAUSES = (*OPEN_CAUSES, "disputed", "waived", "unknown")
"""The same, plus causes that were answered or could not be observed."""

AWAITED = (*OPEN, "unknown")
"""States in which a promised fix is still awaited."""

CAUSE = """(select c.id from cause_members m join causes c on c.number = m.cause where m.finding = f.key)"""
"""SQL expression for the id of the cause of a row ``f`` of the view ``findings``; null where the finding is single."""
ANSWERED = f"case when exists (select 1 from replies own where own.finding_id = f.id) then f.id else {CAUSE} end"
"""SQL expression for the ``finding_id`` of the reply that counts for a row ``f`` of the view ``findings``.

It is the id of the finding if that has a reply, else the id of its cause; null if it has neither a reply nor a
cause."""


def _of(alias: str) -> str:
    return f"{alias}." if alias else ""


def state_in(states: Sequence[str], alias: str = "f") -> str:
    """Return an SQL condition that is true of a finding whose state is one of ``states``.

    ``alias``: name of the table ``findings`` in the query; "" for none. ``states`` are put into the SQL unescaped, so
    they must be constants of this module.
    """
    listed = ", ".join(f"'{state}'" for state in states)
    return f"{_of(alias)}state in ({listed})"


def is_open(alias: str = "f") -> str:
    """Return an SQL condition that is true of an open finding, for queries that also need findings in other states.

    ``alias``: name of the table ``findings`` in the query; "" for none.
    """
    return state_in(OPEN, alias)


def _of_portal(portal: str) -> str:
    return f"f.portal_key = (select key from keys where keys.id = {portal})"


OF_PORTAL, OF_PORTAL_ID = _of_portal("p.id"), _of_portal(":id")
"""SQL conditions that are true of a row ``f`` of ``finding_rows`` about the portal ``p``, or about the portal whose id
is the parameter ``:id``.

Queries that only count read that table by its index; the view ``findings`` looks up each row's ids.
"""


MEASURED = """left join keys measured_key on measured_key.id = d.id
 left join measured_distributions measured on measured.distribution_key = measured_key.key
 left join distribution_kinds q on q.key = measured.kind"""
"""SQL that joins to each distribution ``d`` its measurements as ``q``, all null where it was not measured.

It is a left join with the view ``distribution_quality`` that starts at ``d``: SQLite would first make all rows of the
view. ``q.key`` is null where there are none.
"""


def is_present(alias: str = "d") -> str:
    """Return an SQL condition that is true of a dataset that its portal currently lists.

    It is for queries that also need missing and retired datasets; others read the view ``present_datasets``. ``alias``:
    name of the table ``datasets`` in the query; "" for none.
    """
    return f"{_of(alias)}status = 'present'"


def is_current(alias: str = "d") -> str:
    """Return an SQL condition that is true of a distribution or data service that its dataset still has.

    It is for statements that write; queries read the views ``current_distributions`` and ``current_services``.
    ``alias``: name of the table in the statement; "" for none.
    """
    return f"not {_of(alias)}is_retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The declaration of a view of the database.

    ``description``: what one row is. ``sql``: its query; "{metrics}" in it stands for the columns of metrics.
    ``columns``: the further columns of the view, beside those of the metrics if ``measured`` is set, or else those of
    ``table``.
    """

    description: str
    sql: str
    table: str | None = None
    """Name of the table, or of the earlier view, all of whose columns the view has; None if there is none."""
    columns: dict[str, ColumnSpec] = field(default_factory=dict)
    facets: tuple[str, ...] = ()
    """Columns that Datasette offers as facets."""
    measured: str | None = None
    """The subject whose metrics are columns too, see :func:`catalog.db.schema.metric_columns`; None if there are
    none."""

    def query(self) -> str:
        """Return the query of the view, with the columns of its metrics in place of "{metrics}".

        The query must give the alias ``k`` to the table that has these columns.
        """
        if self.measured is None:
            return self.sql
        return self.sql.format(metrics=", ".join(f"k.[{name}]" for name in metric_columns(self.measured)))


OLD_TABLES = {"answers": "response_cache", "responses": "replies"}
"""Table names before 0.2, which remain as views until 0.4, and the tables' present names."""
OLD_COLUMNS = {
    "responses": {"response": "reply", "responder": "replied_by", "responded_on": "replied_on"},
    "corrections": {"response_id": "reply_id"},
}
"""Column names before 0.2, by the old name of their table, and the columns' present names."""
_NOW = OLD_COLUMNS["responses"]
_BEFORE = {now: before for before, now in _NOW.items()}
_OLD_REPLY = {_BEFORE.get(name, name): spec for name, spec in replied.TABLES["replies"].columns.items()}


def _old_columns() -> str:
    return ", ".join(f"{_NOW[name]} as {name}" if name in _NOW else name for name in _OLD_REPLY)


# Only constants of this module are inserted into the text.
VIEWS = {
    **{
        name: View(description=spec.description, columns=spec.columns, facets=spec.facets, sql=view_sql(spec))
        for name, spec in TABLES.items()
        if spec.stored_in
    },
    "resource_history": View(
        description=TABLES["resource_history"].description,
        columns=TABLES["resource_history"].columns,
        facets=TABLES["resource_history"].facets,
        sql=HISTORY_SQL,
    ),
    "score_history": View(
        description=TABLES["score_history"].description,
        columns=TABLES["score_history"].columns,
        facets=TABLES["score_history"].facets,
        sql=SCORE_SQL,
    ),
    "present_datasets": View(
        description="Datasets that their portal lists: neither missing nor retired.",
        table="datasets",
        sql=f"select * from datasets where {is_present('')}",
    ),
    "withheld_datasets": View(
        description="Datasets whose content the operator has withheld: they are in no page and no exported file.",
        columns=withheld.WITHHELD_COLUMNS,
        sql=withheld.WITHHELD_SQL,
    ),
    "shown_datasets": View(
        description="Datasets that their portal lists and whose content is not withheld.",
        table="datasets",
        sql=withheld.SHOWN_SQL,
    ),
    "current_distributions": View(
        description="Distributions that their dataset has as of the last harvest, each with the address that speaks.",
        table="distributions",
        columns={
            "url": c(str, "The address that speaks: the download URL, or else the access URL; empty where none is."),
            "is_download": c(bool, "1 where that is the download URL: a file is promised."),
        },
        sql=f"""select *, {address("")} as url, coalesce(download_url, '') != '' as is_download
                from distributions where {is_current("")}""",
    ),
    "current_services": View(
        description="Data services that their dataset has as of the last harvest.",
        table="data_services",
        sql=f"select * from data_services where {is_current('')}",
    ),
    "findings": View(
        description="Something that fails, where, since when, and how to fix it.",
        columns=found.FINDING_COLUMNS,
        facets=found.FINDING_FACETS,
        sql=found.FINDING_SQL,
    ),
    "open_findings": View(
        description="Findings that are to be fixed: new or open, neither disputed nor waived.",
        table="findings",
        sql=f"select * from findings where {is_open('')}",
    ),
    "unended_findings": View(
        description="Findings that have not ended: open, disputed, waived, or not looked at in the last run.",
        table="findings",
        sql=f"select * from findings where {state_in(NOT_ENDED, '')}",
    ),
    "cause_findings": View(
        description="The findings of each cause; a finding that is not here stays single.",
        table="findings",
        columns={"cause_id": c(str, "Cause.", "causes")},
        sql="""select f.*, c.id as cause_id from causes c join cause_members m on m.cause = c.number
               join findings f on f.key = m.finding""",
    ),
    "governments": View(
        description="Who answers for each portal: its government, or the portal itself where none is declared.",
        columns={
            "portal_id": c(str, "Portal."),
            "name": c(str, "Name of the government, or else the title of the portal."),
            "country": c(str, "ISO 3166-1 alpha-3 code."),
        },
        sql="select id as portal_id, coalesce(nullif(government, ''), title) as name, country from portals",
    ),
    "known_portals": View(
        description="Every portal that we or another Winnow measured; of several copies of one, the newest counts.",
        columns=imported.KNOWN,
        facets=("counts", "measured_by"),
        sql=imported.KNOWN_SQL,
    ),
    "latest_replies": View(
        description="The last reply to each finding, which stands.",
        table="replies",
        sql="""select * from replies where number =
                 (select max(number) from replies last where last.finding_id = replies.finding_id)""",
    ),
    "promised_fixes": View(
        description="Promises to fix a finding or its cause by a day, of findings that stand and are neither disputed "
        "nor waived.",
        columns={
            "finding_id": c(str, "Finding."),
            "promised_on": c(str, "Day until which it is to be fixed."),
            "key": c(int, "Number of the finding."),
        },
        sql=f"""select r.finding_id, r.promised_on, f.key
                from latest_replies r cross join finding_rows f on {found.public_id("f")} = r.finding_id
                where r.reply = 'will_fix_by' and {state_in(AWAITED)}
                union all
                select {found.public_id("f")}, r.promised_on, f.key
                from latest_replies r cross join causes c on c.id = r.finding_id
                cross join cause_members m on m.cause = c.number cross join finding_rows f on f.key = m.finding
                where r.reply = 'will_fix_by' and {state_in(AWAITED)}
                  and not exists (select 1 from replies own where own.finding_id = {found.public_id("f")})""",
    ),
    "distribution_quality": View(
        description="One row a distribution, one column a metric: 0 to 1, empty where not applicable or unknown.",
        columns=judged.DISTRIBUTION_COLUMNS,
        facets=("licence_id", "format_declared", "format_served"),
        measured="distribution",
        sql=f"""select d.id as distribution_id, d.dataset_id, d.portal_id, r.id as run_id,
                  {", ".join(f"k.{name}" for name in judged.KIND)}, {{metrics}}
                from measured_distributions m join keys x on x.key = m.distribution_key
                join distributions d on d.id = x.id join distribution_kinds k on k.key = m.kind
                left join keys r on r.key = m.run_key""",
    ),
    "answers": View(
        description="Old name of response_cache, for queries written before 0.2; it goes in 0.4.",
        table="response_cache",
        sql="select * from response_cache",
    ),
    "responses": View(
        description="Old name of replies, with the old names of its columns; it goes in 0.4.",
        columns=_OLD_REPLY,
        sql=f"select {_old_columns()} from replies",
    ),
}
"""All views, in an order in which they can be created: each reads tables and views before it."""


def view_columns(name: str) -> dict[str, ColumnSpec]:
    """Return all columns of the view ``name``, by name of the column.

    These are the columns of ``View.columns``. To them are added those of the metrics if the view has ``measured``, or
    else those of its ``table``, if it has one.
    """
    view = VIEWS[name]
    if view.measured is not None:
        return view.columns | metric_columns(view.measured)
    if view.table is None:
        return view.columns
    return (view_columns(view.table) if view.table in VIEWS else TABLES[view.table].columns) | view.columns
