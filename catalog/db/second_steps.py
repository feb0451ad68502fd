"""The numbered steps from 12 to 19; see :mod:`catalog.db.migrations`."""

from __future__ import annotations

from catalog.db.compacting import mark_for_compacting
from catalog.db.creating import add_missing, drop_indexes, drop_views
from catalog.db.first_steps import migrate
from catalog.db.narrowing import BEFORE
from catalog.db.schema import found, strips
from catalog.db.schema.views import OLD_COLUMNS, OLD_TABLES
from catalog.db.sqlite import Database

__all__ = ["migrate"]


@migrate()
def s0012_names_of_the_field(db: Database) -> None:
    """Rename tables and columns of the HTTP cache, replies and corrections to the terms that are usual elsewhere.

    ``OLD_TABLES`` and ``OLD_COLUMNS`` map each old name to the new one.
    """
    # SQLite refuses to rename what a view reads under another name; create_views creates the views again.
    drop_views(db)
    for before, now in OLD_TABLES.items():
        _rename_table(db, before, now)
    for table, columns in OLD_COLUMNS.items():
        for before, now in columns.items():
            _rename_column(db, OLD_TABLES.get(table, table), before, now)
    add_missing(db)


@migrate()
def s0013_shards(db: Database) -> None:
    """Add the table of shards: the parts of a run's addresses that several machines check."""
    add_missing(db)


@migrate()
def s0014_narrow_findings(db: Database) -> None:
    """Add the tables in which a finding is a row of integers, see ``catalog.db.schema.found``.

    The stored findings are moved there afterwards, 10,000 in a transaction, by
    :func:`catalog.db.narrowing.move_findings`.
    """
    drop_views(db)
    has_findings = "findings" in db.table_names()
    if has_findings:
        drop_indexes(db, "findings")
        db.execute(f"alter table findings rename to {BEFORE}")
        for name in found.FINDING_COLUMNS.keys() - {"key"} - db.table(BEFORE).columns_dict.keys():
            db.execute(f"alter table {BEFORE} add column [{name}]")
        mark_for_compacting(db)
    add_missing(db)
    for sql in found.INDEXES.values():
        db.execute(sql)
    for name, sql in found.TRIGGERS.items():
        db.execute(f"drop trigger if exists {name}")
        db.execute(sql)
    # Nothing can refer to a view.
    for table in ("replies", "corrections"):
        keys = [str(key.column) for key in db.table(table).foreign_keys if key.other_table in ("findings", BEFORE)]
        if keys:
            db.table(table).transform(drop_foreign_keys=keys)


@migrate()
def s0015_judged_records(db: Database) -> None:
    """Add to each stored result of a standard a column that tells which record was validated.

    A dataset whose record is still the same is then not validated again.
    """
    add_missing(db)


@migrate()
def s0016_packed_records(db: Database) -> None:
    """Add the columns and the table of dictionaries that compressed records need.

    The stored records are compressed afterwards, 500 in a transaction, by :func:`catalog.db.packing.pack_records`.
    """
    add_missing(db)
    if db.execute("select 1 from records limit 1").fetchone():
        mark_for_compacting(db)


@migrate()
def s0017_texts_once(db: Database) -> None:
    """If there are datasets, mark the catalogue for compacting, so that :func:`catalog.db.interning.intern_texts` runs.

    That function then stores each long text of the quality tables only once.
    """
    if db.execute("select 1 from datasets limit 1").fetchone():
        mark_for_compacting(db)


@migrate()
def s0018_causes(db: Database) -> None:
    """Add the tables ``causes`` and ``cause_members``.

    A cause explains many findings, such as a host that fails. ``cause_members`` lists the findings of each cause.
    """
    add_missing(db)


@migrate()
def s0019_strips_of_checks(db: Database) -> None:
    """Add the tables in which the history of an address is one row, see ``catalog.db.schema.strips``.

    The stored history is packed afterwards, 2,000 addresses in a transaction, by
    :func:`catalog.db.stripping.pack_history`.
    """
    add_missing(db)
    for sql in strips.INDEXES.values():
        db.execute(sql)
    if "resource_history" in db.table_names():
        db.execute("drop trigger if exists to_score_history_delete")
        db.execute("drop index if exists changes_seen")
        mark_for_compacting(db)


def _rename_table(db: Database, before: str, now: str) -> None:
    """Rename an existing table. If an empty table has the new name already, because an earlier step made it, drop that
    one."""
    names = set(db.table_names())
    if before not in names:
        return
    if now in names:
        db.execute(f"drop table [{now}]")
    # Index names contain the table name; add_missing creates them again.
    drop_indexes(db, before)
    db.execute(f"alter table [{before}] rename to [{now}]")


def _rename_column(db: Database, table: str, before: str, now: str) -> None:
    """Rename an existing column. If an earlier step already added one with the new name, drop that one; nothing has
    filled it."""
    names = db.table(table).columns_dict
    if before not in names:
        return
    if now in names:
        db.execute(f"alter table [{table}] drop column [{now}]")
    db.execute(f"alter table [{table}] rename column [{before}] to [{now}]")
