"""Findings as narrow rows of integers, and the view ``findings`` that spells them out.

A large portal has thirty findings a dataset. Nearly everything they say is the same for thousands of them, so each
text, id and rule stands once and a finding refers to it by its integer key. Readers use the view; only
:mod:`catalog.repositories` writes the tables.
"""

from __future__ import annotations

from catalog.db.schema.address import address
from catalog.db.schema.kinds import ColumnSpec, TableSpec, c

__all__ = [
    "FINDING_COLUMNS",
    "FINDING_FACETS",
    "FINDING_SQL",
    "IDS",
    "INTERNED",
    "INDEXES",
    "LATE_INDEXES",
    "is_new",
    "RULE",
    "TABLES",
    "TEXTS",
    "TRIGGERS",
    "interned",
    "public_id",
]

FINDING_COLUMNS: dict[str, ColumnSpec] = {
    "id": c(str, "Stable id from dataset, distribution, rule and field."),
    "state": c(
        str,
        "new, open, fixed, gone (no longer listed), withdrawn (we were wrong), disputed or waived; unknown "
        "where nothing could be seen.",
    ),
    "severity": c(str, "error, warning or info."),
    "rule_id": c(str, "Metric or table rule."),
    "rule_title": c(str, "The question that was answered no."),
    "dimension": c(str, "Dimension of the rule."),
    "fault_party": c(str, "publisher, portal, harvester or unknown."),
    "portal_id": c(str, "Portal.", "portals"),
    "publisher_id": c(str, "Publisher.", "publishers"),
    "dataset_id": c(str, "Dataset; empty where it is about the portal itself.", "datasets"),
    "distribution_id": c(str, "Distribution.", "distributions"),
    "resource_url": c(str, "Address concerned."),
    "observed": c(str, "What was found."),
    "expected": c(str, "What would pass."),
    "http_status": c(int, "HTTP status."),
    "format_declared": c(str, "Format declared."),
    "format_served": c(str, "Format served."),
    "field": c(str, "Column of the table."),
    "first_row": c(int, "First line concerned."),
    "error_count": c(int, "How often."),
    "rate_per_1000": c(float, "How often for each 1,000 rows."),
    "rows": c(str, "Lines of the first ten."),
    "how_to_fix": c(str, "What to do."),
    "gain_points": c(float, "Points of the dataset's Winnow score that fixing it brings."),
    "first_seen_run": c(str, "Run that found it first.", "runs"),
    "last_seen_run": c(str, "Last run that looked at it anew; it stands while nothing there changes.", "runs"),
    "fixed_run": c(str, "Run that no longer found it.", "runs"),
    "withdrawn_run": c(str, "Run in which we took it back: a changed rule no longer makes it.", "runs"),
    "carried_to": c(str, "Finding that follows it, where a column has another name now.", "findings"),
    "runs_failing": c(int, "Runs that found it, up to that one."),
    "checked_at": c(str, "When it was last looked at."),
    "exchange": c(str, "WARC-Record-ID of the response it rests on; empty without --archive."),
    "key": c(int, "Number of the finding, by which causes refer to it."),
}
"""Columns of the view ``findings``, in their order; ``references`` names the table whose id each holds."""
FINDING_FACETS = ("state", "severity", "rule_id", "dimension", "fault_party", "portal_id")

RULE = ("rule_id", "rule_title", "dimension", "severity", "fault_party", "how_to_fix", "expected")
"""Columns of a finding that stand in the table ``rules``."""
TEXTS = ("observed", "format_declared", "format_served", "field", "rows", "exchange", "checked_at")
"""Columns of a finding whose texts are in the table ``finding_texts``; in ``finding_rows`` the column of the same name
holds the key of the text."""
IDS = {
    "portal_id": "portal_key",
    "publisher_id": "publisher_key",
    "dataset_id": "dataset_key",
    "distribution_id": "distribution_key",
    "first_seen_run": "first_seen_key",
    "last_seen_run": "last_seen_key",
    "fixed_run": "fixed_key",
    "withdrawn_run": "withdrawn_key",
}
"""Columns of a finding that stand in the table ``keys``, with the column that holds the key."""


INTERNED = (("dataset_quality", "unknown"), ("dataset_quality", "fixes"), ("conformance_rows", "results"))
"""Columns of other tables whose long texts stand in ``finding_texts`` too: a row holds the key, the public copy the
text."""


def interned(column: str) -> str:
    """Return an SQL expression for the text that a cell of one of the columns ``INTERNED`` stands for.

    Such a cell holds the text or its integer key in ``finding_texts``. ``column``: name of the column with the alias of
    its table in the query, for example "q.unknown".
    """
    return f"coalesce((select text from finding_texts where key = {column}), {column})"  # noqa: S608  # names of the schema


def public_id(alias: str = "") -> str:
    """Return an SQL expression for the id of a finding, as text, from a row of ``finding_rows``.

    ``alias``: name of ``finding_rows`` in the query; "" for none. The row holds an id of 20 hexadecimal digits as 10
    bytes; an id of another form, which an import may have brought, is held as text. Use the expression unchanged in
    conditions: an index on exactly this expression makes them fast. The cast in it makes SQLite take its values for
    texts; otherwise a comparison with a column of texts would not use the index.
    """
    column = f"{alias}.public_id" if alias else "public_id"
    return f"cast(case typeof({column}) when 'blob' then lower(hex({column})) else {column} end as text)"


def is_new(alias: str = "f") -> str:
    """Return an SQL condition that is true of a finding that the last run of its portal was the first to find.

    ``alias``: name of ``finding_rows`` in the query. The column ``state`` alone does not tell: it stays "new" until
    something else about the finding is written, so that later runs need not write every row. The condition therefore
    compares the run that first found it with the last run that looked for findings of the portal. A finding about the
    portal itself counts as new as long as its state is "new".
    """
    later = f"""select 1 from finding_runs last
        where last.portal_key = {alias}.portal_key and last.run_key is not {alias}.first_seen_key"""  # noqa: S608  # constants
    return f"({alias}.state = 'new' and not ({alias}.dataset_key is not null and exists ({later})))"


TABLES: dict[str, TableSpec] = {
    "finding_runs": TableSpec(
        "The last run that looked for findings of a portal, by which the view findings tells new ones from open ones.",
        {
            "portal_key": c(int, "Portal, by keys."),
            "run_key": c(int, "Run, by keys."),
        },
        pk="portal_key",
    ),
    "keys": TableSpec(
        "An id, as of a portal, dataset, distribution, run or standard, and the number that stands for it elsewhere.",
        {
            "key": c(int, "Number; it is never given to another id."),
            "id": c(str, "Id."),
        },
        pk="key",
    ),
    "rules": TableSpec(
        "What is the same for all findings of a rule. A rule has several rows where its words or severity differ.",
        {
            "key": c(int, "Number that findings refer to."),
            **{name: FINDING_COLUMNS[name] for name in RULE},
        },
        pk="key",
        facets=("dimension", "severity"),
    ),
    "finding_texts": TableSpec(
        "A text of findings and measurements, once: what was observed, a format, a field, what is unknown.",
        {
            "key": c(int, "Number by which rows refer to it."),
            "digest": c(int, "First seven bytes of its BLAKE2b hash, to find it by."),
            "text": c(str, "Text."),
        },
        pk="key",
        indexes=(("digest",),),
    ),
    "finding_rows": TableSpec(
        "A finding as it is stored; the view findings spells it out.",
        {
            "key": c(int, "Number of the finding."),
            "public_id": c(bytes, "Its id: 10 bytes, or a text where it is not of 20 hexadecimal digits."),
            "portal_key": c(int, "Portal, by keys."),
            "publisher_key": c(int, "Publisher, by keys."),
            "dataset_key": c(int, "Dataset, by keys; empty where it is about the portal itself."),
            "distribution_key": c(int, "Distribution, by keys."),
            "rule_key": c(int, "Rule.", "rules"),
            "state": c(str, 'As in findings, but "new" also for some that are open by now, see finding_runs.'),
            "first_seen_key": c(int, "Run that found it first, by keys."),
            "last_seen_key": c(int, "Last run that looked at it anew, by keys."),
            "runs_failing": FINDING_COLUMNS["runs_failing"],
            "gain_points": FINDING_COLUMNS["gain_points"],
            "observed": c(int, "What was found.", "finding_texts"),
            "format_declared": c(int, "Format declared.", "finding_texts"),
            "format_served": c(int, "Format served.", "finding_texts"),
            "http_status": FINDING_COLUMNS["http_status"],
            "checked_at": c(int, "When it was last looked at.", "finding_texts"),
            "fixed_key": c(int, "Run that no longer found it, by keys."),
            "withdrawn_key": c(int, "Run in which we took it back, by keys."),
            "carried_key": c(int, "Finding that follows it, where a column has another name now.", "finding_rows"),
            "resource_url": c(
                str, "Address concerned; empty where it is that of the distribution, a blank text where it has none."
            ),
            "field": c(int, "Column of the table.", "finding_texts"),
            "first_row": FINDING_COLUMNS["first_row"],
            "error_count": FINDING_COLUMNS["error_count"],
            "rate_per_1000": FINDING_COLUMNS["rate_per_1000"],
            "rows": c(int, "Lines of the first ten.", "finding_texts"),
            "exchange": c(int, "WARC-Record-ID of the response it rests on.", "finding_texts"),
        },
        pk="key",
        indexes=(("dataset_key",), ("portal_key", "rule_key", "state")),
    ),
}

INDEXES = {
    "keys_by_id": "create unique index if not exists keys_by_id on keys (id)",
    "findings_by_id": f"create unique index if not exists findings_by_id on finding_rows ({public_id()})",
}
"""Indexes that a TableSpec cannot declare."""
_BY_RULE = "idx_finding_rows_portal_key_rule_key_state"
LATE_INDEXES = {
    _BY_RULE: f"create index if not exists {_BY_RULE} on finding_rows (portal_key, rule_key, state)",
    "findings_by_id": INDEXES["findings_by_id"],
}
"""Indexes that are built at once after the first findings of an empty catalogue: to add row by row to them takes as
long as writing the rows."""

_KEEP = f"""update finding_rows set resource_url = coalesce({address("old")}, '')
    where dataset_key = old.dataset_id and distribution_key = old.id and resource_url is null;"""  # noqa: S608  # SQL of ours
TRIGGERS = {
    "findings_keep_address": f"""create trigger if not exists findings_keep_address
        after update of download_url, access_url on distribution_rows
        when {address("old")} is not {address("new")} begin {_KEEP} end""",
    "findings_keep_address_deleted": f"""create trigger if not exists findings_keep_address_deleted
        after delete on distribution_rows begin {_KEEP} end""",
}
"""Triggers that write the old address of a distribution into its findings when the address changes or the distribution
is deleted: these findings are about the old address, not about the new one."""


# Looked up, not joined: it is a view on the right of an outer join.
_OWN_ADDRESS = f"(select {address('part')} from distributions part where part.id = distribution_keys.id)"  # noqa: S608  # SQL of ours


def _view() -> str:
    """Return the query of the view ``findings``.

    Ids are joined, so that a query by dataset, portal or rule starts at an index; texts are looked up one by one, so
    that a query that asks for none pays for none. All joins are outer ones and find one row at most.
    """
    columns = {name: f"rules.{name}" for name in RULE}
    columns |= {name: f"{key}s.id" for name, key in IDS.items()}
    columns |= {name: f"(select text from finding_texts where key = f.{name})" for name in TEXTS}  # noqa: S608  # names of the schema
    columns |= {
        "id": public_id("f"),
        "resource_url": f"nullif(coalesce(f.resource_url, {_OWN_ADDRESS}), '')",
        "state": f"case when f.state = 'new' and not {is_new()} then 'open' else f.state end",
        "carried_to": f"(select {public_id('next')} from finding_rows next where next.key = f.carried_key)",  # noqa: S608  # SQL of ours
    }
    told = ", ".join(f"{columns.get(name, f'f.{name}')} as {name}" for name in FINDING_COLUMNS)
    joins = " ".join(f"left join keys {key}s on {key}s.key = f.{key}" for key in IDS.values())
    return f"select {told} from finding_rows f left join rules on rules.key = f.rule_key {joins}"  # noqa: S608  # constants of this module


FINDING_SQL = _view()
