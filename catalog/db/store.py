"""The catalogue file: open it, write rows, and record runs.

One process writes at a time (the night holds a lock); readers are never blocked.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.db.clock import present
from catalog.db.compacting import NoRoomError
from catalog.db.encoding import short_rows
from catalog.db.migrations import bring_up_to_date
from catalog.db.packed import PackedTexts
from catalog.db.rows import plain
from catalog.db.schema import TABLES
from catalog.db.sqlite import Database
from catalog.model import Portal
from catalog.repositories.lost_runs import LOST
from catalog.repositories.moved_people import move_names, move_texts
from catalog.repositories.persons import public_email
from catalog.repositories.recipients import is_contact
from specs.methodology import is_comparable

__all__ = ["Catalog", "CatalogError", "instant", "now", "open_catalog", "sqlite_version", "started"]


log = logging.getLogger(__name__)


class CatalogError(Exception):
    """The catalogue cannot be opened, read or written as asked. The message says what is wrong, where, and what to
    do."""


def now() -> str:
    """Return the present time in the form used in the catalogue: UTC, ISO 8601, to the second
    ("2026-01-31T04:00:00Z")."""
    return instant(present())


@lru_cache(maxsize=64)
def started(run_id: str) -> datetime:
    """Return the UTC time at which a run started. A run's id is that time, such as "20260131T040000Z".

    Raise ValueError for a text of another form.
    """
    return datetime.strptime(run_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def instant(at: datetime) -> str:
    """Return a time in the form used in the catalogue: UTC, ISO 8601, to the second ("2026-01-31T04:00:00Z")."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sqlite_version() -> str:
    """Return the version of the SQLite library in use."""
    return sqlite3.sqlite_version


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "full" in text or "disk I/O" in text:
            step = "free some space and run again: it goes on where it stopped"
        elif "readonly" in text or "unable to open" in text:
            step = "check the owner and rights of the file and its folder"
        elif "not a database" in text or "malformed" in text:
            step = "move the file away and restore a copy, or begin with a new one"
        elif "locked" in text:
            step = "another program is writing to it: close that one first"
        else:
            raise
        raise CatalogError(f"{path}: {text}; {step}") from error


def open_catalog(path: Path) -> Catalog:
    """Open the catalogue file at ``path``. A missing file is created with its folder, an older one is migrated to the
    present schema. Names and texts of people that an earlier version stored in it, and that may not be public or that
    nobody approved, are moved to a private file beside it, see :mod:`catalog.repositories.moved_people`.

    Raise CatalogError if the file is no SQLite database, is damaged or locked or cannot be written, or if the disk is
    full or has too little room to migrate it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _explained(path):
        if not path.exists():
            # If the file cannot be written, SQLite gives the reason in its own words.
            with suppress(OSError):
                _write_empty(path)
        connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            db = Database(connection)
            bring_up_to_date(db)
            move_names(connection, path.parent)
            if count := move_texts(connection, path.parent):
                log.warning(
                    "%d replies and reports of an earlier version lost their texts and names: nobody had approved "
                    "them for publication; winnow replies list shows them, and winnow replies approve publishes them",
                    count,
                )
            # The single rule of comparable versions, available in SQL too.
            connection.create_function("is_comparable", 2, is_comparable, deterministic=True)
        except NoRoomError as error:
            connection.close()
            raise CatalogError(f"{path}: {error}") from error
        except BaseException:
            connection.close()
            raise
    return Catalog(db, path)


PAGE_BYTES = 8192
"""Size of a page of a new file. Of records and datasets few fit into SQLite's default of 4,096 bytes: they waste 4 % of
the file."""


@lru_cache(maxsize=1)
def _empty() -> bytes:
    """Return the file of an empty catalogue with today's schema.

    It is made in memory and cached: creating its 150 tables, indexes and columns one by one costs 0.3 seconds and a
    wait for the disk each.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"pragma page_size = {PAGE_BYTES}")
        db = Database(connection)
        bring_up_to_date(db)
        return connection.serialize()


def _write_empty(path: Path) -> None:
    """Write an empty catalogue, completely or not at all. An existing file is left alone."""
    part = path.with_name(f".{path.name}-{os.getpid()}.part")
    try:
        # With the permissions that SQLite gives its files.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "wb") as file:
            file.write(_empty())
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


class Catalog:
    """An open catalogue file. It closes at the end of a ``with`` block.

    Call :meth:`upsert`, :meth:`upsert_rows` and :meth:`register` inside :meth:`writing`; each of the other methods that
    write is a transaction of its own. ``db`` is the database, ``path`` its file; ``packed`` compresses and decompresses
    raw records and table reports.
    """

    def __init__(self, db: Database, path: Path) -> None:
        self.db = db
        self.path = path
        self.packed = PackedTexts(db.conn)
        # For queries that look into a report on a table.
        db.conn.create_function("unpacked", 1, self.packed.text)
        # Who operates a portal: its contact may be several addresses, in any spelling.
        db.conn.create_function("is_contact", 2, is_contact, deterministic=True)
        # Which addresses of contacts exported files show.
        db.conn.create_function("public_email", 1, public_email, deterministic=True)

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the catalogue file. SQLite then merges its write-ahead log into the file."""
        self.db.conn.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block as one transaction, which is undone if the block raises.

        Raise CatalogError if SQLite fails because the disk is full, or the file is locked, read-only or damaged.
        """
        with _explained(self.path), self.db.atomic():
            yield

    def rows(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """Return all rows of an SQL query, each as a dict by column name. ``params``: values of its placeholders."""
        cursor = self.db.conn.execute(sql, params)
        names = [d[0] for d in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def each(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[dict[str, Any]]:
        """Yield the rows of an SQL query one by one, each as a dict by column name, for results too large for memory.

        ``params``: values of the placeholders.
        """
        cursor = self.db.conn.execute(sql, params)
        names = [d[0] for d in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def value(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """Return the first column of the first row of an SQL query; None if there is no row or the column is null.

        ``params``: values of the placeholders.
        """
        row = self.db.conn.execute(sql, params).fetchone()
        return row[0] if row else None

    def upsert(
        self,
        table: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        keep: Iterable[str] = (),
        merge: Mapping[str, str] | None = None,
    ) -> None:
        """Insert rows into ``table``; a row whose key is already there updates that row. All rows must have the same
        columns.

        ``keep``: columns that an update leaves as they are. ``merge``: SQL expressions by column, for columns whose new
        value depends on the old one; ``excluded`` in them is the new row. Call it inside :meth:`writing`.
        """
        rows = list(rows)
        if not rows:
            return
        spec = TABLES[table]
        names = [name for name in rows[0] if name not in spec.made]
        stored, values = self._stored(table, names, ([row[n] for n in names] for row in rows))
        new = {n: f"excluded.[{n}]" for n in names if n not in spec.key and n not in set(keep)} | dict(merge or {})
        updates = ", ".join(f"[{name}] = {value}" for name, value in new.items())
        action = f"update set {updates}" if updates else "nothing"
        columns, marks = ", ".join(f"[{n}]" for n in names), ", ".join("?" * len(names))
        conflict = ", ".join(f"[{name}]" for name in spec.key)
        sql = f"insert into {stored} ({columns}) values ({marks}) on conflict ({conflict}) do {action}"  # noqa: S608  # names of the schema
        self.db.conn.executemany(sql, values)

    def upsert_rows(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert or update rows, each given as a sequence of values in the order of the columns ``names``.

        ``names`` must include the key of ``table``, and no column of it may follow from others. This is faster than
        :meth:`upsert`. Call it inside :meth:`writing`.
        """
        pk = TABLES[table].pk
        columns, marks = ", ".join(f"[{n}]" for n in names), ", ".join("?" * len(names))
        updates = ", ".join(f"[{name}] = excluded.[{name}]" for name in names if name != pk)
        stored, values = self._stored(table, names, rows)
        sql = f"insert into {stored} ({columns}) values ({marks}) on conflict ([{pk}]) do update set {updates}"  # noqa: S608  # names of the schema
        self.db.conn.executemany(sql, values)

    def _stored(
        self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> tuple[str, Iterable[Sequence[Any]]]:
        """Return where the rows of a table or view are stored, under its name, and the rows as they are stored."""
        spec = TABLES[table]
        if spec.stored_in is None:
            return f"[{table}]", rows
        return f"[{spec.stored_in}] as [{table}]", short_rows(self.db.conn, names, rows, spec.forms)

    # Runs

    def begin_run(
        self, command: str, portals: Sequence[Portal], *, version: str, methodology: str, run_id: str | None = None
    ) -> str:
        """Record that a run starts, and the portals it will harvest; return the id of the run.

        The id is the UTC time of the start, such as "20260131T040000Z". If another run has the same or a later id, the
        time is moved to one second after the latest. ``command``: the stages and portals that were asked for, as one
        text; an interrupted run is found again by it, see :meth:`unfinished_run`. ``version``: of the program.
        ``methodology``: version of the Winnow score. ``run_id``: the id to use, for a run that is repeated from its
        archive; None for a new run.
        """
        started_at = now()
        latest = self.value("select max(id) from runs") or ""
        if run_id is None:
            run_id = started_at.replace("-", "").replace(":", "")
            if run_id <= latest:
                run_id = (started(latest) + timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")
        with self.writing():
            self.upsert(
                "runs",
                [
                    {
                        "id": run_id,
                        "command": command,
                        "status": "running",
                        "stage": "harvest",
                        "started_at": started_at,
                        "winnow_version": version,
                        "methodology_version": methodology,
                        "portals": len(portals),
                    }
                ],
            )
            self.register(portals)
        return run_id

    def register(self, portals: Sequence[Portal]) -> None:
        """Write the facts that portal files declare into the table ``portals``.

        Columns that were measured, such as the score, stay unchanged. If a portal gets another government, one of its
        datasets becomes due for scoring, so that the scores of both governments are computed again. Call it inside
        :meth:`writing`.
        """
        names, of = [f.name for f in fields(Portal)], "select portal_id, name from governments"
        before = dict(self.db.conn.execute(of).fetchall())
        self.upsert("portals", [{n: plain(getattr(p, n)) for n in names} for p in portals])
        now_of = dict(self.db.conn.execute(of).fetchall())
        self.db.conn.executemany(
            """insert or ignore into to_score (dataset_id)
               select dataset_id from dataset_quality where portal_id = ? limit 1""",
            [(key,) for key, name in before.items() if now_of.get(key) != name],
        )

    def unfinished_run(self, command: str) -> str | None:
        """Return the id of the last run if it ran the same ``command`` and has not finished; else None.

        ``command``: as for :meth:`begin_run`. Not finished means that the status of the run is running or interrupted.
        """
        rows = self.rows("select id, command, status from runs order by id desc limit 1")
        resumable = rows and rows[0]["command"] == command and rows[0]["status"] in ("running", "interrupted")
        return rows[0]["id"] if resumable else None

    def end_lost_runs(self) -> None:
        """Set all runs with the status running to interrupted.

        Call it only while holding the lock of the data folder, so that no run is active.
        """
        with self.writing():
            self.db.conn.execute(LOST)

    def latest_run(self) -> str | None:
        """Return the id of the last run whose status is "complete"; None if there is none."""
        found = self.value("select max(id) from runs where status = 'complete'")
        return str(found) if found else None

    def set_run(self, run_id: str, **values: Any) -> None:
        """Set columns of a run's row, given by name, such as stage, status, traffic, summary and finished_at.

        Raise sqlite_utils.db.NotFoundError if the catalogue has no such run.
        """
        with self.writing():
            self.db.table("runs").update(run_id, {k: plain(v) for k, v in values.items()})
