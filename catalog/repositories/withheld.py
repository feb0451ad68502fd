"""Withhold findings about personal data: at first only the publisher and its portal's operator learn where they are.

We do not point strangers to a leak. The public copy of the catalogue, and every file for others, shows such a
finding only once it is fixed, or :data:`DAYS` after it was found. Findings about a dataset whose content is withheld
(:mod:`catalog.repositories.withholding`) are shown to nobody.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from catalog.db.schema.found import public_id
from catalog.db.store import started
from catalog.repositories.held import HELD_KEYS
from catalog.repositories.pruning import used
from catalog.repositories.set_apart import set_apart
from catalog.repositories.withholding import WITHHELD_KEYS
from specs.table_rules import personal_rules

__all__ = [
    "DAYS",
    "OPERATED",
    "add_functions",
    "field_of",
    "hold_back",
    "take_out",
    "watched",
    "withheld",
    "withheld_content",
    "withheld_personal",
]

DAYS = 90
"""Days, by the clock of the runs, after which an unfixed finding becomes public."""

OPERATED = "is_contact(p.contact_email, :recipient)"
"""SQL: whether the e-mail address ``:recipient`` is one of the operator's of a portal ``p``."""


def withheld(run_id: str) -> str:
    """Return an SQL condition that is true of a finding ``f`` that must not be published as of the run ``run_id``.

    Such a finding reports suspected personal data (:func:`withheld_personal`), belongs to a cause of which the
    government hears first (:mod:`catalog.repositories.held`), or is about a dataset whose content is withheld. The
    findings are found by indexes: no condition is compared with every row of the view ``findings``.
    """
    return f"f.key in ({_personal_keys(run_id)} union all {HELD_KEYS} union all {WITHHELD_KEYS})"


def watched() -> str:
    """Return an SQL condition that is true of a finding ``f`` that :func:`withheld` may hold back in one run and not
    in another: one that reports suspected personal data, in any state, belongs to a cause that is held back, or is
    about a dataset whose content is withheld."""
    return f"f.key in ({_personal_keys()} union all {HELD_KEYS} union all {WITHHELD_KEYS})"


def withheld_personal(run_id: str, alias: str = "f") -> str:
    """Return an SQL condition that is true of a finding of suspected personal data that is not public yet.

    Such a finding reports suspected personal data, is neither fixed nor withdrawn, and was first found less than 90
    days before that run; a finding without a first run counts as recent. It is false of a finding about a dataset whose
    content is withheld, of which nobody is told (:func:`withheld_content`). ``alias``: name of the view ``findings`` in
    the query.
    """
    return f"{alias}.key in ({_personal_keys(run_id)} and own.key not in ({WITHHELD_KEYS}))"


def withheld_content() -> str:
    """Return an SQL condition that is true of a finding ``f`` about a dataset whose content is withheld."""
    return f"f.key in ({WITHHELD_KEYS})"


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


def add_functions(connection: sqlite3.Connection) -> None:
    """Add to ``connection`` the SQL functions that leave the findings of the table ``held`` out of stored JSON.

    ``connection``: as :func:`hold_back` left it, before any finding is deleted; the functions know what was held back
    then. ``public_defects(distribution_id, defects)`` is for the columns of ``table_reports``: it keeps a defect that
    suggests personal data only if a finding that may be published tells of it, and any other unless a finding that
    must not be published does. ``public_examples(examples)`` is for ``causes``. Both return the same value if nothing
    is left out, and null for null.
    """
    hidden: set[str] = set()
    removed: dict[str, set[str]] = defaultdict(set)
    for key, distribution, field in connection.execute("select id, distribution_id, field from temp.held"):
        hidden.add(key)
        if field is not None:
            removed[distribution].add(field)
    told: dict[str, set[str]] = defaultdict(set)
    for distribution, field in connection.execute(
        f"""select f.distribution_id, f.field from findings f
            where {watched()} and f.field is not null and f.key not in (select key from temp.held)"""  # noqa: S608  # our own rules
    ):
        told[distribution].add(field)

    def defects(distribution: str, text: str | None) -> str | None:
        if not text or (distribution not in removed and '"personal_' not in text):
            return text
        found = json.loads(text)
        kept = []
        for one in found:
            is_told = one["rule"] not in personal_rules() or field_of(one) in told[distribution]
            if is_told and field_of(one) not in removed[distribution]:
                kept.append(one)
        return json.dumps(kept, ensure_ascii=False) if len(kept) < len(found) else text

    def examples(text: str | None) -> str | None:
        named = json.loads(text) if text and hidden else []
        kept = [one for one in named if one.get("finding_id") not in hidden]
        return json.dumps(kept, ensure_ascii=False) if len(kept) < len(named) else text

    connection.create_function("public_defects", 2, defects)
    connection.create_function("public_examples", 1, examples)


def take_out(copy: sqlite3.Connection) -> bool:
    """Remove the findings that must not be published from a copy of a catalogue, and all that would reveal them. Return
    whether the content of a dataset is withheld, which :func:`catalog.repositories.set_apart.delete_apart` removes.

    ``copy``: connection to the copy; SQLite's ``secure_delete`` must be on, unless the file stays private. Their
    replies, corrections and table defects are removed too, and the counts of findings are lowered. Triggers make the
    changed datasets due: the caller takes those out of ``to_score`` again.
    """
    hold_back(copy)
    are_apart = set_apart(copy)
    add_functions(copy)
    for table, column, public in (
        ("table_reports", "defects", "public_defects(distribution_id, defects)"),
        ("causes", "examples", "public_examples(examples)"),
    ):
        copy.execute(f"update {table} set {column} = {public} where {column} is not {public}")  # noqa: S608  # names of the schema
    copy.execute(
        """update dataset_quality set findings = findings
             - (select count(*) from held where held.dataset_id = dataset_quality.dataset_id)
           where dataset_id in (select dataset_id from held)"""
    )
    for table in ("replies", "corrections"):
        copy.execute(f"delete from {table} where finding_id in (select id from held)")  # noqa: S608  # see above
    copy.execute(f"delete from finding_rows where {public_id()} in (select id from held)")  # noqa: S608  # see above
    copy.execute("delete from held_findings")
    copy.execute("delete from top_fixes where cause_id in (select id from causes where is_held)")
    copy.execute("delete from replies where finding_id in (select id from causes where is_held)")
    copy.execute("delete from cause_members where cause in (select number from causes where is_held)")
    copy.execute("delete from causes where is_held")
    # No other finding refers to these texts and rules, or findings had them before.
    for table in ("finding_texts", "rules"):
        copy.execute(f"delete from {table} where key not in ({used(table)})")  # noqa: S608  # see above
    copy.execute("drop table held")
    return are_apart


def field_of(one: Mapping[str, str]) -> str:
    """Return the column ``field`` of the finding that tells of a defect of a table: rule and column of the table.

    ``one``: a defect as the column ``defects`` of ``table_reports`` lists it, with "rule" and, unless the defect is of
    the whole table, "field".
    """
    return f"{one['rule']}: {one['field']}" if one.get("field") else one["rule"]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
