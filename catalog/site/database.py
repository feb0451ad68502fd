"""The public file as the site reads it: within limits of memory and time, and opened anew when a new one is there."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasette.database import Database, QueryInterrupted, Results
from datasette.utils import sqlite_timelimit

from catalog.site.metadata import DATABASE

__all__ = ["LONGEST_TEXT", "RESULT_MAX", "PublicDatabase", "ResultTooLargeError", "adopt", "refresh"]

LONGEST_TEXT = 10_000_000
"""Bytes of the longest text or blob that SQLite makes or reads."""
RESULT_MAX = 30_000_000
"""Bytes of all cells of one result."""
_HEAP_MAX = 512 * 1024 * 1024
"""Bytes that SQLite uses in this process, for all requests together."""
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST_TEXT,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 200_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_LOOK_EVERY_S = 1.0
"""Seconds between two looks at the file."""
_CLOSE_AFTER_S = 120.0
"""Seconds after which the connections to a replaced file are closed: requests that read it have ended by then."""


class ResultTooLargeError(Exception):
    """Raised if a result has more than RESULT_MAX bytes. ``status``: HTTP status of the response."""

    status = 413


class PublicDatabase(Database):  # type: ignore[misc]  # Datasette has no types
    """A public file under Datasette, which never changes: when another file stands at its path, :func:`refresh`
    replaces this object by a new one.

    ``identity``: device, inode, size and time of change of the file when it was opened. ``looked_at``: when
    :func:`refresh` last compared them with the file at the path, by the monotonic clock.
    """

    def __init__(self, datasette: Any, path: str) -> None:
        self.identity, self.looked_at = _identity(path), 0.0
        super().__init__(datasette, path=path, is_mutable=False)
        # Datasette would read the whole file to hash it.
        self.cached_hash = "-".join(f"{number:x}" for number in self.identity)
        self.cached_size = self.identity[2]
        self._own = threading.local()

    def connect(self, write: bool = False) -> sqlite3.Connection:
        """Return a new read-only connection to the file, with the limits of this module."""
        conn: sqlite3.Connection = super().connect(write)
        for limit, value in _LIMITS.items():
            conn.setlimit(limit, value)
        conn.execute(f"pragma hard_heap_limit = {_HEAP_MAX}")
        conn.execute("pragma query_only = on")
        conn.execute("pragma trusted_schema = off")
        return conn

    def forget(self, conn: sqlite3.Connection) -> None:
        """Remove a connection from the list that Datasette closes at its end. Whoever called :meth:`connect` closes
        it."""
        if conn in self._all_file_connections:
            self._all_file_connections.remove(conn)

    async def execute_fn(self, fn: Callable[[sqlite3.Connection], Any]) -> Any:
        """Return what ``fn`` returns, called in a thread of Datasette with that thread's connection to this file."""

        def in_thread() -> Any:
            conn = getattr(self._own, "conn", None)
            if conn is None:
                # Datasette keeps connections by name: those to the file before would be used again.
                conn = self._own.conn = self.connect()
                self.ds._prepare_connection(conn, self.name)
            return fn(conn)

        return await asyncio.get_running_loop().run_in_executor(self.ds.executor, in_thread)

    async def execute(
        self,
        sql: str,
        params: Any = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = True,
    ) -> Results:
        """Return the result of a query, with the parameters that ``Database.execute`` of Datasette has.

        Raise QueryInterrupted if it takes too long, ResultTooLargeError if it is too large, and sqlite3.Error for
        other errors; nothing of them is written to the log, because visitors write the queries.
        """
        limit_ms = min(custom_time_limit or self.ds.sql_time_limit_ms, self.ds.sql_time_limit_ms)
        most = self.ds.max_returned_rows + (self.ds.max_returned_rows == (page_size or self.ds.page_size))

        def in_thread(conn: sqlite3.Connection) -> Results:
            with sqlite_timelimit(conn, limit_ms):
                try:
                    cursor = conn.execute(sql, params if params is not None else {})
                    rows, size = [], 0
                    for row in cursor:
                        size += sum(len(cell) for cell in tuple(row) if isinstance(cell, str | bytes))
                        if size > RESULT_MAX:
                            raise ResultTooLargeError
                        rows.append(row)
                        if truncate and len(rows) > most:
                            break
                except sqlite3.OperationalError as error:
                    if error.args == ("interrupted",):
                        raise QueryInterrupted(error, sql, params) from error
                    raise
            return Results(rows[:most] if truncate else rows, truncate and len(rows) > most, cursor.description)

        return await self.execute_fn(in_thread)


def adopt(datasette: Any) -> None:
    """Replace the database object that Datasette itself has made of the public file by a PublicDatabase. Call it
    once, when the server starts."""
    opened = datasette.databases.get(DATABASE)
    if opened is not None and opened.path and not isinstance(opened, PublicDatabase):
        _replace(datasette, PublicDatabase(datasette, str(opened.path)))
        opened.close()


def refresh(datasette: Any) -> None:
    """Open the public file anew if another one stands at its path since it was opened. It looks once a second at
    most."""
    opened, now = datasette.databases.get(DATABASE), time.monotonic()
    if not isinstance(opened, PublicDatabase) or now - opened.looked_at < _LOOK_EVERY_S:
        return
    opened.looked_at = now
    try:
        is_same = _identity(opened.path) == opened.identity
    except OSError:
        # It is just being replaced, or gone: what is open goes on.
        is_same = True
    if not is_same:
        _replace(datasette, PublicDatabase(datasette, opened.path))
        asyncio.get_running_loop().call_later(_CLOSE_AFTER_S, opened.close)


def _replace(datasette: Any, database: PublicDatabase) -> None:
    datasette.remove_database(DATABASE)
    datasette.add_database(database, name=DATABASE)


def _identity(path: str) -> tuple[int, int, int, int]:
    told = Path(path).stat()
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns
