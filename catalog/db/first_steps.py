"""The numbered steps of version 0.1.0; see :mod:`catalog.db.migrations`."""

from __future__ import annotations

from catalog.db.creating import add_missing, create_table
from catalog.db.due_triggers import create_triggers
from catalog.db.schema import TABLES
from catalog.db.sqlite import Database, Migrations

__all__ = ["migrate"]

migrate = Migrations("catalog")


@migrate()
def s0001_tables(db: Database) -> None:
    """Create all tables that ``catalog.db.schema`` declares."""
    for name, table in TABLES.items():
        if not table.is_view:
            create_table(db, name)


@migrate()
def s0002_full_text(db: Database) -> None:
    """Add a full-text index of datasets that ignores accents: "education" finds "éducation"."""
    db.table("datasets").enable_fts(
        ["title", "description", "keywords"], create_triggers=True, tokenize="unicode61 remove_diacritics 2"
    )


@migrate()
def s0003_views(db: Database) -> None:
    """Create the view ``dataset_list``: datasets with their portal, publisher, grade, score and government."""
    db.create_view(
        "dataset_list",
        """
        select datasets.id, datasets.title, portals.title as portal, publishers.name as publisher,
               dataset_quality.grade, round(dataset_quality.score, 1) as score, dataset_quality.findings,
               datasets.modified, portals.government, portals.country, datasets.status
        from datasets
        join portals on portals.id = datasets.portal_id
        left join publishers on publishers.id = datasets.publisher_id
        left join dataset_quality on dataset_quality.dataset_id = datasets.id
        """,
    )


@migrate()
def s0004_history(db: Database) -> None:
    """Add tables and columns for record versions, changes, cached responses and checkpoints.

    An update of a dataset is written to the full-text index only if it sets title, description or keywords.
    """
    add_missing(db)
    db.execute("drop trigger if exists datasets_au")
    db.execute(
        """create trigger datasets_au after update of title, description, keywords on datasets begin
             insert into datasets_fts (datasets_fts, rowid, title, description, keywords)
               values ('delete', old.rowid, old.title, old.description, old.keywords);
             insert into datasets_fts (rowid, title, description, keywords)
               values (new.rowid, new.title, new.description, new.keywords);
           end"""
    )


@migrate()
def s0005_parents(db: Database) -> None:
    """Add the columns for dataset series and for the parent of a dataset."""
    add_missing(db)


@migrate()
def s0006_resource_history(db: Database) -> None:
    """Add columns for facts about responses and for the next check of an address, and a table of earlier checks."""
    add_missing(db)


@migrate()
def s0007_scores(db: Database) -> None:
    """Add tables and columns for scores, for fixes ranked by gain, for datasets due for scoring, and for conformance to
    standards."""
    add_missing(db)
    create_triggers(db)
    # Of up to 60 checks of an address few saw a change.
    if "resource_history" in db.table_names():
        db.execute("create index if not exists changes_seen on resource_history (url, checked_at) where is_changed = 1")


@migrate()
def s0008_commitments(db: Database) -> None:
    """Add the tables for commitments, their readings in each run, and the datasets they are measured on."""
    add_missing(db)


@migrate()
def s0009_answers(db: Database) -> None:
    """Add tables for sent letters, replies to findings, citizens' reports and our corrections, and a portal's
    language."""
    add_missing(db)


@migrate()
def s0010_harvests(db: Database) -> None:
    """Add the tables and columns for verdicts on harvests, and for recognising datasets whose identifier has changed.

    The triggers that note which datasets must be scored again are created anew.
    """
    add_missing(db)
    # The triggers name the columns whose change makes a dataset due.
    create_triggers(db)


@migrate()
def s0011_search_in_all_languages(db: Database) -> None:
    """Let the search find a record's words in every language it has.

    The index reads a view, so that no text is stored twice and a rebuilt index is identical.
    """
    add_missing(db)
    for trigger in ("datasets_ai", "datasets_ad", "datasets_au"):
        db.execute(f"drop trigger if exists {trigger}")
    db.execute("drop table if exists datasets_fts")
    # FTS5 cannot read a view with table-valued functions, so the names of the JSON's fields are removed as text.
    words = "{row}translations"
    for said in ('"title"', '"description"', '"keywords"', r"\n", r"\r", r"\t"):
        words = f"replace({words}, '{said}', ' ')"
    db.execute("drop view if exists datasets_text")
    db.execute(
        f"""create view datasets_text as
            select rowid, title, description, keywords, {words.format(row="datasets.")} as translations
            from datasets"""
    )
    db.execute(
        """create virtual table datasets_fts using fts5 (
             title, description, keywords, translations,
             content='datasets_text', content_rowid='rowid', tokenize='unicode61 remove_diacritics 2')"""
    )
    columns = "title, description, keywords, translations"
    add, drop = (
        f"""insert into datasets_fts ({command}rowid, {columns})
            values ({value}{row}.rowid, {row}.title, {row}.description, {row}.keywords,
                    {words.format(row=f"{row}.")});"""
        for row, command, value in (("new", "", ""), ("old", "datasets_fts, ", "'delete', "))
    )
    db.execute(f"create trigger datasets_ai after insert on datasets begin {add} end")
    db.execute(f"create trigger datasets_ad after delete on datasets begin {drop} end")
    db.execute(f"create trigger datasets_au after update of {columns} on datasets begin {drop} {add} end")
    db.execute("insert into datasets_fts (datasets_fts) values ('rebuild')")
