"""The catalogue file: open it, write rows, and record runs.

One process writes at a time (the night holds a lock); readers are never blocked.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from catalog.db.migrations import bring_up_to_date
from catalog.db.rows import plain
from catalog.db.schema import TABLES
from catalog.db.sqlite import Database
from catalog.model import Portal
from catalog.repositories.lost_runs import LOST
from specs.methodology import is_comparable

__all__ = ["Catalog", "CatalogError", "instant", "now", "open_catalog", "sqlite_version", "started"]


class CatalogError(Exception):
    """The catalogue cannot be opened or written. The message says what, where and the next step."""


def now() -> str:
    """Return the present instant in UTC, to the second, as the catalogue writes it."""
    return instant(datetime.now(UTC))


@lru_cache(maxsize=64)
def started(run_id: str) -> datetime:
    """Return the instant when a run began, read from its id."""
    return datetime.strptime(run_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def instant(at: datetime) -> str:
    """Return an instant as the catalogue writes it: UTC, to the second."""
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
    """Return the catalogue at ``path``, created if missing and migrated to today's schema.

    Raise CatalogError if the file is not a catalogue, or cannot be written.
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
            # The single rule of comparable versions, available in SQL too.
            connection.create_function("is_comparable", 2, is_comparable, deterministic=True)
        except BaseException:
            connection.close()
            raise
    return Catalog(db, path)


@lru_cache(maxsize=1)
def _empty() -> bytes:
    """Return the file of an empty catalogue with today's schema.

    It is made in memory and cached: creating its 150 tables, indexes and columns one by one costs 0.3 seconds and a
    wait for the disk each.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
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
    """An open catalogue. Each method that writes is one transaction."""

    def __init__(self, db: Database, path: Path) -> None:
        self.db = db
        self.path = path

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; SQLite then merges the write-ahead log into it."""
        self.db.conn.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block as one transaction; raise CatalogError with an explanation if SQLite fails."""
        with _explained(self.path), self.db.atomic():
            yield

    def rows(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """Return all rows of a query as dicts."""
        cursor = self.db.conn.execute(sql, params)
        names = [d[0] for d in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def each(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query one by one, for results too large for memory."""
        cursor = self.db.conn.execute(sql, params)
        names = [d[0] for d in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def value(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        """Return the first column of the first row of a query; None if there is no row."""
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
        """Insert or update rows that all have the same columns.

        ``keep`` names columns that an update leaves alone; ``merge`` gives SQL for columns whose new value depends
        on the old one.
        """
        rows = list(rows)
        if not rows:
            return
        names, pk = list(rows[0]), TABLES[table].pk
        new = {n: f"excluded.[{n}]" for n in names if n != pk and n not in set(keep)} | dict(merge or {})
        updates = ", ".join(f"[{name}] = {value}" for name, value in new.items())
        action = f"update set {updates}" if updates else "nothing"
        columns, marks = ", ".join(f"[{n}]" for n in names), ", ".join("?" * len(names))
        # Names come from the schema, never from data.
        sql = f"insert into [{table}] ({columns}) values ({marks}) on conflict ([{pk}]) do {action}"  # noqa: S608
        self.db.conn.executemany(sql, ([row[n] for n in names] for row in rows))

    def upsert_rows(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert or update rows given as values in the order of ``names``, which include the key. Faster than
        :meth:`upsert`."""
        pk = TABLES[table].pk
        columns, marks = ", ".join(f"[{n}]" for n in names), ", ".join("?" * len(names))
        updates = ", ".join(f"[{name}] = excluded.[{name}]" for name in names if name != pk)
        # Names come from the schema, never from data.
        sql = f"insert into [{table}] ({columns}) values ({marks}) on conflict ([{pk}]) do update set {updates}"  # noqa: S608
        self.db.conn.executemany(sql, rows)

    # Runs

    def begin_run(
        self, command: str, portals: Sequence[Portal], *, version: str, methodology: str, run_id: str | None = None
    ) -> str:
        """Record a new run and its portals, and return the run's id: its start in UTC, at least one second after any
        other.

        A run repeated from its archive keeps its id.
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
        """Write what the portal files say; measured columns stay unchanged."""
        names = [f.name for f in fields(Portal)]
        self.upsert("portals", [{n: plain(getattr(p, n)) for n in names} for p in portals])

    def unfinished_run(self, command: str) -> str | None:
        """Return the last run, if it ran the same command and was interrupted or killed."""
        rows = self.rows("select id, command, status from runs order by id desc limit 1")
        resumable = rows and rows[0]["command"] == command and rows[0]["status"] in ("running", "interrupted")
        return rows[0]["id"] if resumable else None

    def end_lost_runs(self) -> None:
        """Mark killed runs as interrupted. Call it only while holding the folder's lock, when no run is active."""
        with self.writing():
            self.db.conn.execute(LOST)

    def latest_run(self) -> str | None:
        """Return the last run that finished."""
        found = self.value("select max(id) from runs where status = 'complete'")
        return str(found) if found else None

    def set_run(self, run_id: str, **values: Any) -> None:
        """Set columns of a run: stage, status, summary, finished_at."""
        with self.writing():
            self.db.table("runs").update(run_id, {k: plain(v) for k, v in values.items()})
