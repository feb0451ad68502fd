"""Numbered steps that bring a catalogue of any age to today's schema.

A step that has ever been released is never edited: every change is a new step. Metric columns are not steps: they
follow ``specs/metrics.toml`` and are added whenever a catalogue is opened for writing. Views are not steps either:
they hold no data and follow ``catalog/db/schema/views.py``, so a step that renames a table meets no newer view.
"""

from __future__ import annotations

from catalog.db.compacting import check_room, compact, mark_for_compacting
from catalog.db.creating import add_metric_columns, add_missing, create_table, drop_indexes, drop_views
from catalog.db.due_triggers import create_triggers
from catalog.db.interning import intern_texts
from catalog.db.kinds_of_rows import MEASURED_BEFORE, move_measurements
from catalog.db.late_indexes import build_indexes
from catalog.db.moving import move_rows
from catalog.db.narrow_scores import move_scores
from catalog.db.narrowing import BEFORE, move_findings
from catalog.db.packing import pack_records, pack_reports
from catalog.db.schema import METRIC_TABLES, TABLES, address, found, metric_columns, observed, scored, stored
from catalog.db.schema.views import VIEWS
from catalog.db.second_steps import migrate
from catalog.db.sqlite import Database
from catalog.db.stripping import pack_history

__all__ = ["add_metric_columns", "bring_up_to_date", "create_table", "create_views", "is_up_to_date", "migrate"]


@migrate()
def s0020_kinds_of_distributions(db: Database) -> None:
    """Add the tables ``distribution_kinds`` and ``measured_distributions``.

    A kind holds measurements that many distributions have in common. ``measured_distributions`` names the kind of each
    distribution.
    The stored measurements are moved there afterwards by :func:`catalog.db.kinds_of_rows.move_measurements`.
    """
    if "distribution_quality" in db.table_names():
        drop_indexes(db, "distribution_quality")
        db.execute(f"alter table distribution_quality rename to {MEASURED_BEFORE}")
        mark_for_compacting(db)
    add_missing(db)


@migrate()
def s0021_large_fixes(db: Database) -> None:
    """Add the column of ``top_fixes`` that says whether a fix is large enough to be advised."""
    add_missing(db)


@migrate()
def s0022_checks_of_addresses(db: Database) -> None:
    """Add to the table ``addresses`` the columns for the last check of each address, see ``catalog.db.schema.stored``.

    The stored checks are moved there afterwards, 5,000 in a transaction, by :func:`catalog.db.moving.move_rows`; then
    the triggers are created again.
    """
    drop_views(db)
    add_missing(db)
    for sql in observed.INDEXES.values():
        db.execute(sql)
    triggers = "select name from sqlite_master where type = 'trigger' and tbl_name in ('addresses', 'resource_checks')"
    for (name,) in db.execute(triggers).fetchall():
        # Nothing has changed where a row is only moved.
        db.execute(f"drop trigger [{name}]")
    if "resource_checks" in db.table_names():
        mark_for_compacting(db)


@migrate()
def s0023_new_findings(db: Database) -> None:
    """Add the table ``finding_runs``: the last run that looked for findings of each portal.

    By it the view ``findings`` tells new findings from open ones.
    """
    add_missing(db)


@migrate()
def s0024_census(db: Database) -> None:
    """Add the tables ``census``, ``census_claims`` and ``census_changes`` of the census of key datasets."""
    add_missing(db)


@migrate()
def s0025_packed_reports(db: Database) -> None:
    """If there are reports on tables, mark the catalogue for compacting.

    The reports are compressed afterwards, 500 in a transaction, by :func:`catalog.db.packing.pack_reports`; then the
    triggers are created again.
    """
    if db.execute("select 1 from table_reports limit 1").fetchone():
        # Nothing has changed where a report is only compressed.
        db.execute("drop trigger if exists to_score_reports_update")
        mark_for_compacting(db)


@migrate()
def s0026_numbered_addresses(db: Database) -> None:
    """Index the addresses of distributions by a number made from each, see ``catalog.db.schema.address``."""
    add_missing(db)
    for name in ("access", "download"):
        db.execute(f"drop index if exists idx_distributions_{name}_url")
    for (name,) in db.execute(
        "select name from sqlite_master where name like 'to!_score!_%' escape '!' and type = 'trigger'"
    ).fetchall():
        # They find distributions by the numbers now.
        db.execute(f"drop trigger [{name}]")
    if "distributions" in db.table_names() and db.execute("select 1 from distributions limit 1").fetchone():
        mark_for_compacting(db)


_SHRINKING = frozenset(
    {
        "s0014_narrow_findings",
        "s0016_packed_records",
        "s0017_texts_once",
        "s0019_strips_of_checks",
        "s0020_kinds_of_distributions",
        "s0022_checks_of_addresses",
        "s0025_packed_reports",
        "s0026_numbered_addresses",
        "s0033_narrow_scores",
        "s0036_narrow_distributions",
    }
)
"""Steps after which the file is compacted."""


def _add_column(db: Database, table: str, name: str, kind: type) -> bool:
    """Add a column to an existing table that does not have it, and return whether it was added. An earlier step that
    made the table made it with all columns of today."""
    if table not in db.table_names() or name in db.table(table).columns_dict:
        return False
    db.table(table).add_column(name, kind)
    return True


@migrate()
def s0027_names_apart(db: Database) -> None:
    """Add the columns that say whether the name of the person who replied or reported may be public.

    Names in the catalogue that may not be public are moved to a file of their own by
    :func:`catalog.repositories.moved_people.move_names`.
    """
    for table in ("replies", "reports"):
        _add_column(db, table, "is_name_public", int)


@migrate()
def s0028_basis_of_the_census(db: Database) -> None:
    """Add to ``census`` the hash of what a census depends on besides the datasets. If it changed, one is taken anew."""
    _add_column(db, "census", "basis", str)


@migrate()
def s0029_texts_apart(db: Database) -> None:
    """Add the columns that say whether the operator has approved the text of a reply or report for publication.

    Texts that stand in the catalogue without approval are moved to the private file by
    :func:`catalog.repositories.moved_people.move_texts`.
    """
    for table in ("replies", "reports"):
        _add_column(db, table, "is_text_approved", int)


@migrate()
def s0030_verdicts_of_reviewers(db: Database) -> None:
    """Add the columns for ambition, relevance and effect, as the reviewers of the Open Government Partnership saw them.

    They are filled when the commitments are read again, in the next run.
    """
    for name, kind in (("irm_ambition", str), ("irm_relevance", int), ("irm_opened", str)):
        _add_column(db, "commitments", name, kind)


@migrate()
def s0031_evidence_of_commitments(db: Database) -> None:
    """Add the column for the addresses that are given as evidence of a commitment; the next run fills it."""
    _add_column(db, "commitments", "evidence", str)


@migrate()
def s0032_held_causes(db: Database) -> None:
    """Add to ``causes`` whether a cause is not published yet. Those that are stored count as published."""
    if _add_column(db, "causes", "is_held", int):
        db.execute("update causes set is_held = 0")


@migrate()
def s0033_narrow_scores(db: Database) -> None:
    """Add the tables in which a score at the end of a run is a row of integers, see ``catalog.db.schema.scored``.

    The stored scores are moved there afterwards, 5,000 in a transaction, by
    :func:`catalog.db.narrow_scores.move_scores`.
    """
    drop_views(db)
    if "score_history" in db.table_names():
        # That of the runs finds the rows to move.
        drop_indexes(db, "score_history", but=["run_id"])
        db.execute(f"alter table score_history rename to {scored.BEFORE}")
        mark_for_compacting(db)
    add_missing(db)
    for sql in scored.INDEXES.values():
        db.execute(sql)


@migrate()
def s0035_held_findings(db: Database) -> None:
    """Add the table of findings that stay held back when their cause ends."""
    add_missing(db)


@migrate()
def s0036_narrow_distributions(db: Database) -> None:
    """Add the tables in which a distribution, a change of a dataset and a result under a standard refer to ids by their
    numbers, see ``catalog.db.schema.stored``.

    The stored rows are moved there afterwards, 5,000 in a transaction, by :func:`catalog.db.moving.move_rows`.
    """
    drop_views(db)
    tables = {"distributions", "changes", "conformance"} & set(db.table_names())
    for table in sorted(tables):
        for (trigger,) in db.execute("select name from sqlite_master where type = 'trigger' and tbl_name = ?", [table]):
            db.execute(f"drop trigger [{trigger}]")
        drop_indexes(db, table)
    if tables:
        # Nothing can refer to a view.
        for table in db.table_names():
            keys = [str(key.column) for key in db.table(table).foreign_keys if key.other_table in tables]
            if keys:
                db.table(table).transform(drop_foreign_keys=keys)
        mark_for_compacting(db)
    add_missing(db)
    for sql in (address.INDEXES | address.TRIGGERS | found.TRIGGERS).values():
        db.execute(sql)


@migrate()
def s0037_unused_indexes(db: Database) -> None:
    """Drop the indexes of ``dataset_quality`` that only readers of the public file use, which has its own."""
    for name in ("publisher_id", "score"):
        db.execute(f"drop index if exists idx_dataset_quality_{name}")


@migrate()
def s0038_withholdings(db: Database) -> None:
    """Add the table of datasets whose content is withheld."""
    add_missing(db)


@migrate()
def s0039_not_modified(db: Database) -> None:
    """Drop a trigger, so that all are made anew: a response that nothing has changed makes no dataset due any more."""
    db.execute("drop trigger if exists to_score_checks_insert")


@migrate()
def s0040_imported_catalogues(db: Database) -> None:
    """Add the tables of what other Winnows measured."""
    add_missing(db)


def bring_up_to_date(db: Database) -> None:
    """Migrate a catalogue of any age, or an empty file, to the present tables, metric columns and views.

    Each migration step is one transaction. If the process is killed, the steps done so far remain, and the next call
    continues with the interrupted one. Afterwards rows are moved to where the present version reads them, in parts,
    each a transaction. The file is compacted last. Raise NoRoomError, before anything is changed, if the disk has too
    little room for compacting.
    """
    address.add_functions(db.conn)
    check_room(db, will_shrink=any(step.name in _SHRINKING for step in migrate.pending(db)))
    migrate.apply(db)
    move_findings(db)
    pack_records(db)
    intern_texts(db)
    pack_history(db)
    move_rows(db)
    pack_reports(db)
    with db.atomic():
        if not {"to_score_checks_insert", "to_score_reports_update"} <= {trigger.name for trigger in db.triggers}:
            create_triggers(db)
    add_metric_columns(db)
    move_measurements(db)
    build_indexes(db)
    create_views(db)
    move_scores(db)
    compact(db)


def is_up_to_date(db: Database) -> bool:
    """Return whether all tables have their present columns, and all rows stand where the present version reads them.

    If not, :func:`bring_up_to_date` is to be called first. Views are not looked at.
    """
    moved = {name for name, spec in TABLES.items() if spec.stored_in}
    if migrate.pending(db) or ({BEFORE, MEASURED_BEFORE, scored.BEFORE} | moved) & set(db.table_names()):
        return False
    return all(metric_columns(of).keys() <= db.table(name).columns_dict.keys() for name, of in METRIC_TABLES.items())


def create_views(db: Database) -> None:
    """Create the views that ``catalog.db.schema.views`` declares, and replace those whose definition has changed.

    Also create the triggers that write the rows of a view into the tables behind it, see
    :func:`catalog.db.schema.stored.instead` and :mod:`catalog.db.schema.scored`.
    """
    for name, view in VIEWS.items():
        db.create_view(name, view.query(), replace=True)
    for name, spec in TABLES.items():
        if spec.stored_in:
            for sql in stored.instead(name, spec).values():
                db.execute(sql)
    for sql in scored.TRIGGERS.values():
        db.execute(sql)
