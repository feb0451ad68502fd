"""Withhold findings about personal data: at first only the publisher and its portal's operator learn where they are.

We do not point strangers to a leak. The public copy of the catalogue, and every file for others, shows such a
finding only once it is fixed, or :data:`DAYS` after it was found.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from catalog.db.schema.found import INTERNED, TEXTS, public_id
from catalog.db.store import started
from catalog.repositories.held import HELD_KEYS
from specs.table_rules import personal_rules

__all__ = ["DAYS", "OPERATED", "field_of", "hold_back", "take_out", "watched", "withheld", "withheld_personal"]

DAYS = 90
"""Days, by the clock of the runs, after which an unfixed finding becomes public."""

OPERATED = "is_contact(p.contact_email, :recipient)"
"""SQL: whether the e-mail address ``:recipient`` is one of the operator's of a portal ``p``."""


def withheld(run_id: str) -> str:
    """Return an SQL condition that is true of a finding ``f`` that must not be published as of the run ``run_id``.

    Such a finding reports suspected personal data (:func:`withheld_personal`), or belongs to a cause of which the
    government hears first (:mod:`catalog.repositories.held`). The findings are found by indexes: no condition is
    compared with every row of the view ``findings``.
    """
    return f"f.key in ({_personal_keys(run_id)} union all {HELD_KEYS})"


def watched() -> str:
    """Return an SQL condition that is true of a finding ``f`` that :func:`withheld` may hold back in one run and not
    in another: one that reports suspected personal data, in any state, or belongs to a cause that is held back."""
    return f"f.key in ({_personal_keys()} union all {HELD_KEYS})"


def withheld_personal(run_id: str, alias: str = "f") -> str:
    """Return an SQL condition that is true of a finding of suspected personal data that is not public yet.

    Such a finding reports suspected personal data, is neither fixed nor withdrawn, and was first found less than 90
    days before that run; a finding without a first run counts as recent. ``alias``: name of the view ``findings`` in
    the query.
    """
    return f"{alias}.key in ({_personal_keys(run_id)})"


def _personal_keys(run_id: str | None = None) -> str:
    """Return SQL that selects the keys of the findings of suspected personal data: all, or those that are not public
    as of a run.

    They are found by an index: the view would spell out all rows to compare the names of their rules.
    """
    rules = ", ".join(f"'{rule}'" for rule in sorted(personal_rules()))
    where = ""
    if run_id is not None:
        oldest = (started(run_id) - timedelta(days=DAYS)).strftime("%Y%m%dT%H%M%SZ")
        first = "(select id from keys where key = own.first_seen_key)"
        where = f"and own.state not in ('fixed', 'withdrawn') and coalesce({first}, '9') > '{oldest}'"
    return f"""select own.key from rules r cross join portals p cross join keys k on k.id = p.id
        cross join finding_rows own on own.portal_key = k.key and own.rule_key = r.key
        where r.rule_id in ({rules}) {where}"""  # noqa: S608  # our own rules, an instant


def hold_back(connection: sqlite3.Connection) -> None:
    """Create the temporary table ``held`` with the findings that must not be published.

    ``connection``: connection to the catalogue, whose tables are found by names without a schema. The table has the
    key and id of each finding, its dataset and distribution, and ``field`` as :func:`field_of` gives it.
    """
    # Only our constants and an instant are inserted into the text.
    held = withheld(connection.execute("select max(id) from runs").fetchone()[0] or _now())
    connection.execute(
        f"create temp table held as select key, id, dataset_id, distribution_id, field from findings f where {held}"  # noqa: S608  # SQL of ours, an instant
    )
    # Without them each dataset, and each finding, would be compared with all that are held back.
    for column in ("key", "id", "dataset_id"):
        connection.execute(f"create index temp.held_{column} on held ({column})")


def take_out(copy: sqlite3.Connection) -> None:
    """Remove the findings that must not be published from a copy of a catalogue, and all that would reveal them.

    ``copy``: connection to the copy. Their replies, corrections and table defects are removed too, and the counts of
    findings are lowered. The freed pages of the file are overwritten.
    """
    copy.execute("pragma secure_delete = on")
    hold_back(copy)
    # These changes must make no dataset due.
    copy.execute("create temp table was_due as select dataset_id from to_score")
    copy.execute(
        """update dataset_quality set findings = findings
             - (select count(*) from held where held.dataset_id = dataset_quality.dataset_id)
           where dataset_id in (select dataset_id from held)"""
    )
    for table in ("replies", "corrections"):
        copy.execute(f"delete from {table} where finding_id in (select id from held)")  # noqa: S608  # see above
    copy.execute(f"delete from finding_rows where {public_id()} in (select id from held)")  # noqa: S608  # see above
    _take_out_causes(copy)
    _take_out_texts(copy)
    _take_out_of_reports(copy)
    _take_out_defects(copy)
    copy.execute("delete from to_score where dataset_id not in (select dataset_id from was_due)")
    copy.execute("drop table held")
    copy.execute("drop table was_due")


def _take_out_causes(copy: sqlite3.Connection) -> None:
    """Remove the causes that are held back, with what advises to fix them, and what others say of held findings."""
    hidden = {key for (key,) in copy.execute("select id from held")}
    named = copy.execute("select id, examples from causes where examples is not null") if hidden else ()
    for cause, text in [*named]:
        examples = json.loads(text)
        kept = [one for one in examples if one["finding_id"] not in hidden]
        if len(kept) < len(examples):
            copy.execute("update causes set examples = ? where id = ?", [json.dumps(kept, ensure_ascii=False), cause])
    copy.execute("delete from held_findings")
    copy.execute("delete from top_fixes where cause_id in (select id from causes where is_held)")
    copy.execute("delete from replies where finding_id in (select id from causes where is_held)")
    copy.execute("delete from cause_members where cause in (select number from causes where is_held)")
    copy.execute("delete from causes where is_held")


def _take_out_texts(copy: sqlite3.Connection) -> None:
    """Remove the texts and rules that no finding of the copy refers to: they are those of removed findings, or of what
    findings said before."""
    # Cells of other tables hold a key as text or, in the copy for the public site, the text in place of the key.
    of_others = [
        f"select cast({name} as integer) from {table} where cast(cast({name} as integer) as text) = {name}"  # noqa: S608  # names of the schema
        for table, name in INTERNED
    ]
    own = [f"select {name} from finding_rows where {name} is not null" for name in TEXTS]  # noqa: S608  # see above
    used = " union ".join([*own, *of_others])
    copy.execute(f"delete from finding_texts where key not in ({used})")  # noqa: S608  # names of the schema
    copy.execute("delete from rules where key not in (select rule_key from finding_rows)")


def _take_out_of_reports(copy: sqlite3.Connection) -> None:
    """Keep in the reports on tables only what is also a finding of the copy."""
    found = copy.execute(
        "select distribution_id, defects from table_reports where defects like '%\"personal\\_%' escape '\\'"
    )
    for distribution_id, text in found.fetchall():
        rows = copy.execute("select field from findings where distribution_id = ?", [distribution_id])
        public = {field for (field,) in rows}
        kept = [one for one in json.loads(text) if one["rule"] not in personal_rules() or field_of(one) in public]
        copy.execute(
            "update table_reports set defects = ? where distribution_id = ?",
            [json.dumps(kept, ensure_ascii=False), distribution_id],
        )


def _take_out_defects(copy: sqlite3.Connection) -> None:
    """Remove from the reports on tables the defects of which a removed finding told."""
    found = copy.execute(
        """select t.distribution_id, t.defects, json_group_array(h.field) from held h
           join table_reports t on t.distribution_id = h.distribution_id
           where h.field is not null and t.defects is not null group by t.distribution_id"""
    )
    for distribution_id, text, fields in found.fetchall():
        removed = set(json.loads(fields))
        kept = [one for one in json.loads(text) if field_of(one) not in removed]
        copy.execute(
            "update table_reports set defects = ? where distribution_id = ?",
            [json.dumps(kept, ensure_ascii=False), distribution_id],
        )


def field_of(one: Mapping[str, str]) -> str:
    """Return the column ``field`` of the finding that tells of a defect of a table: rule and column of the table.

    ``one``: a defect as the column ``defects`` of ``table_reports`` lists it, with "rule" and, unless the defect is of
    the whole table, "field".
    """
    return f"{one['rule']}: {one['field']}" if one.get("field") else one["rule"]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
