"""The public copy of a catalogue, and the command that serves it.

The night writes one file while visitors read another: a copy without a log, opened as immutable. Datasette keeps the
file that it opened, so a server must be restarted after ``publish``.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Literal

from catalog.db.migrations import bring_up_to_date, create_table
from catalog.db.packed import PackedTexts
from catalog.db.schema import TABLES, observed, strips
from catalog.db.schema.found import INTERNED, interned
from catalog.db.schema.views import VIEWS
from catalog.db.sqlite import Database
from catalog.db.store import Catalog, CatalogError
from catalog.repositories.people import COLUMNS
from catalog.repositories.response_times import response_times
from catalog.repositories.withheld import take_out
from catalog.site.entities import SITE_TABLES, add_site_tables
from catalog.site.indexes import PAGE_INDEXES
from catalog.site.metadata import DATABASE, metadata
from catalog.site.published import forget_public_copy, read_public_copy, source_digest, write_public_copy
from catalog.site.search.index import NAMES as SEARCH_TABLES
from catalog.site.search.index import build_search_index
from specs.methodology import is_comparable

__all__ = ["SETTINGS", "datasette_command", "files", "is_current", "publish"]

SETTINGS: dict[str, int | bool] = {
    # Suggested facets take 95 % of the time of a table page.
    "suggest_facets": False,
    "allow_facet": True,
    "sql_time_limit_ms": 2000,
    "default_page_size": 50,
    "max_returned_rows": 2000,
}

_PUBLIC_INDEXES = (
    # Indexes for readers only; in the main catalogue they would just slow down the night.
    ("datasets", "first_seen_run"),
    ("datasets", "changed_run"),
    ("datasets", "missing_since"),
    ("corrections", "corrected_at"),
    ("distributions", "access_url"),
    ("distributions", "download_url"),
    ("finding_rows", "first_seen_key"),
    ("finding_rows", "fixed_key"),
    ("finding_rows", "withdrawn_key"),
    ("finding_rows", "gain_points"),
    ("finding_rows", "distribution_key"),
    ("finding_rows", "rule_key"),
)


def files(folder: Literal["templates", "static", "plugins"]) -> Path:
    """Return the path of a folder with files of the public site, inside the installed package."""
    return Path(__file__).parent / folder


def datasette_command(db: Path, *, port: int, host: str = "127.0.0.1") -> list[str]:
    """Return the command line that serves the public copy ``db`` of a catalogue with Datasette at ``host`` and
    ``port``.

    The metadata that the command needs is written into a file beside ``db``. Raise CatalogError if ``db`` does not
    exist, or if it is not called ``catalog.db``, because the name is part of every address.
    """
    _check_name(db)
    if not db.is_file():
        raise CatalogError(f"{db}: no such file; publish the catalogue first")
    described = db.with_name(f"{db.stem}.metadata.json")
    part = described.with_name(f"{described.name}.{os.getpid()}.part")
    part.write_text(json.dumps(metadata(), indent=1, ensure_ascii=False), encoding="utf-8")
    part.replace(described)
    settings = [
        word
        for name, value in SETTINGS.items()
        for word in ("--setting", name, str(int(value)) if not isinstance(value, bool) else "on" if value else "off")
    ]
    return [
        *(sys.executable, "-m", "datasette", "serve", "-i", str(db)),
        *("--host", host, "--port", str(port)),
        *("--metadata", str(described)),
        *("--template-dir", str(files("templates"))),
        *("--plugins-dir", str(files("plugins"))),
        *("--static", f"static:{files('static')}"),
        *settings,
    ]


def publish(db: Path, out: Path, exports: Path | None = None) -> bool:
    """Write the public copy of the catalogue ``db`` to ``out``, and return whether it was written. A run may write to
    the catalogue meanwhile.

    ``exports``: folder of the files exported from the same state of the catalogue. If it is given, nothing has changed
    since the present copy was made, and that copy has all views of this version, the copy stays. None writes the copy
    in any case.

    Left out are findings that must not be published yet: those of suspected personal data (see
    :mod:`catalog.repositories.withheld`) and of causes of which the government hears first; and of replies and reports
    the names that may not be public and the texts that nobody has approved. The state "new" becomes "open", because the
    copy may stay for many nights. An existing copy is replaced only when the new one is complete. Raise CatalogError if
    ``db`` does not exist or cannot be copied, or if ``out`` is not called ``catalog.db`` or is the catalogue itself.
    """
    _check_name(out)
    if not db.is_file():
        raise CatalogError(f"{db}: no such file; run `winnow nightly` first, or name another data folder")
    if out.exists() and out.samefile(db):
        raise CatalogError(f"{out}: this is the catalogue itself; publish into another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f"{out.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        told = source_digest(db, exports) if exports else ""
        before = read_public_copy(out)
        if told and before and before.source == told and is_current(out):
            return False
        with closing(sqlite3.connect(db, timeout=30)) as source:
            source.execute("vacuum into ?", (str(part),))
        with closing(sqlite3.connect(part)) as copy:
            # What is taken out must not stand in a page that is free afterwards.
            copy.execute("pragma secure_delete = on")
            # For a catalogue that no command has opened since an upgrade: the site's pages need today's tables and
            # views.
            bring_up_to_date(Database(copy))
            # First the texts in place of their keys: those that nothing refers to any more are taken out.
            _unpack(copy)
            # As in a catalogue that is opened: letters are told apart by it.
            copy.create_function("is_comparable", 2, is_comparable, deterministic=True)
            # Before what it is told from is taken out.
            last = copy.execute("select max(id) from runs").fetchone()[0]
            times = response_times(Catalog(Database(copy), part), last) if last else {}
            # The copy is made again only after a change, and what is new tonight is not new for ever.
            for table in ("finding_rows", "causes"):
                copy.execute(f"update {table} set state = 'open' where state = 'new'")  # noqa: S608  # two names above
            _write_out(copy)
            take_out(copy)
            for table, name, text in COLUMNS.values():
                # For a catalogue of an earlier version; those of this one hold only what was approved.
                copy.execute(f"update {table} set {name} = null where coalesce(is_name_public, 0) = 0")  # noqa: S608  # names of the schema
                unapproved = "where coalesce(is_text_approved, 0) = 0"
                copy.execute(f"update {table} set {name} = null, {text} = null {unapproved}")  # noqa: S608  # SQL of ours
            add_site_tables(copy, times)
            # Some SQLite versions renumber rows in a vacuum (3.40 does not), and the full-text index uses the numbers.
            copy.execute("insert into datasets_fts (datasets_fts) values ('rebuild')")
            for table, column in _PUBLIC_INDEXES:
                copy.execute(f"create index if not exists public_{table}_{column} on {table} ({column})")
            for name, on in PAGE_INDEXES.items():
                copy.execute(f"create index if not exists {name} {on}")
            build_search_index(copy)
            copy.execute("analyze")
            copy.commit()
            copy.execute("pragma journal_mode = delete")
        part.replace(out)
        if told:
            write_public_copy(out, told)
        else:
            forget_public_copy(out)
        return True
    except sqlite3.Error as error:
        raise CatalogError(f"{out}: {error}; check that {db} is a catalogue and that there is room") from error
    finally:
        part.unlink(missing_ok=True)


def _unpack(copy: sqlite3.Connection) -> None:
    """Write the records of the copy, and texts that stand once, as text that anyone can read without our program."""
    packed = PackedTexts(copy)
    copy.create_function("unpacked", 1, packed.text)
    for table in ("records", "record_versions"):
        copy.execute(f"update {table} set raw = unpacked(raw) where typeof(raw) = 'blob'")  # noqa: S608  # see above
    # Nobody scores the copy.
    copy.execute("drop trigger if exists to_score_reports_update")
    for column in ("report", "profile"):
        copy.execute(f"update table_reports set {column} = unpacked({column}) where typeof({column}) = 'blob'")  # noqa: S608  # names of the schema
    copy.execute("delete from record_dictionaries")
    for table, column in INTERNED:
        copy.execute(f"update {table} set {column} = {interned(column)} where {column} is not null")  # noqa: S608  # SQL of ours


def _write_out(copy: sqlite3.Connection) -> None:
    """Put a table in place of each view whose rows are stored in short forms, with its keys, references and indexes.

    Of the table with the short forms only the numbers of the rows are kept, which other tables refer to.
    """
    db = Database(copy)
    for name, spec in TABLES.items():
        if spec.stored_in is None:
            continue
        base, columns = spec.stored_in, ", ".join(f"[{column}]" for column in spec.columns)
        numbers = ", ".join({TABLES[base].pk: None, spec.pk: None})
        copy.execute(f"create temp table written_out as select {columns} from [{name}]")  # noqa: S608  # names of the schema
        copy.execute(f"create temp table numbers as select {numbers} from [{base}]")  # noqa: S608  # names of the schema
        copy.execute(f"drop view [{name}]")
        copy.execute(f"drop table [{base}]")
        create_table(db, name)
        create_table(db, base)
        copy.execute(f"insert into [{name}] ({columns}) select {columns} from written_out")  # noqa: S608  # names of the schema
        copy.execute(f"insert into [{base}] ({numbers}) select {numbers} from numbers")  # noqa: S608  # names of the schema
        copy.execute("drop table written_out")
        copy.execute("drop table numbers")
    for sql in (strips.INDEXES | observed.INDEXES).values():
        copy.execute(sql)


def is_current(public: Path) -> bool:
    """Return whether the public copy at ``public`` exists and has all views of this version of the program.

    It does not tell whether the catalogue has changed since the copy was made.
    """
    if not public.is_file():
        return False
    with closing(sqlite3.connect(f"{public.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        names = {name for (name,) in copy.execute("select name from sqlite_master")}
        # A table stands in the copy for a view whose rows are stored in short forms.
        views = {name for name in VIEWS if name not in TABLES or TABLES[name].stored_in is None}
        return views | set(SITE_TABLES) | set(SEARCH_TABLES) <= names


def _check_name(db: Path) -> None:
    if db.stem != DATABASE:
        raise CatalogError(f"{db}: the public file must be called {DATABASE}.db, which is part of every address")
