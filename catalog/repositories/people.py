"""Names of people who replied or reported, in a file of their own beside the catalogue.

The catalogue becomes public, as do exports and pages. So a name stands in it only if the person agreed to that; all
others are in ``people.db``, which nothing but these functions reads, and for twelve months at most.
"""

from __future__ import annotations

import gzip
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

__all__ = ["FILE", "KEPT_DAYS", "Kind", "expire", "files_with", "forget", "keep", "move_names", "name_of"]

FILE = "people.db"
KEPT_DAYS = 365
"""Days for which a name is kept."""
Kind = Literal["reply", "report"]
_COLUMNS = {"reply": ("replies", "replied_by"), "report": ("reports", "who")}
"""Table and column of the catalogue in which a name stands if it may be public."""

_TEXTS = {
    "replies": ("replied_by", "note"),
    "reports": ("who", "what", "url"),
    "census": ("confirmed_by", "reason"),
}
"""Columns of the catalogue in which people's names may stand."""


@contextmanager
def _opened(data: Path) -> Iterator[sqlite3.Connection]:
    path = data / FILE
    # Nobody but the operator may read it, also while it is new.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path, timeout=30)) as db:
        db.execute("pragma secure_delete = on")
        db.execute(
            """create table if not exists people
               (kind text, key text, name text, kept_since text, primary key (kind, key))"""
        )
        yield db
        db.commit()


def keep(data: Path, kind: Kind, names: Iterable[tuple[str, str]]) -> None:
    """Store names of people in the file ``people.db`` of the data folder ``data``. A file is made only if there are
    names.

    ``kind``: what the people wrote. ``names``: pairs of the id of that reply or report, and the name, which replaces
    one kept for the same id.
    """
    today = datetime.now(UTC).date().isoformat()
    rows = [(kind, key, name, today) for key, name in names]
    if rows:
        with _opened(data) as db:
            db.executemany("insert or replace into people values (?, ?, ?, ?)", rows)


def name_of(data: Path, kind: Kind, key: str) -> str | None:
    """Return the name of the person who wrote the reply or report with the id ``key``; None if the data folder ``data``
    keeps none for it."""
    if not (data / FILE).is_file():
        return None
    with _opened(data) as db:
        found = db.execute("select name from people where kind = ? and key = ?", (kind, key)).fetchone()
    return found[0] if found else None


def expire(data: Path, today: datetime) -> int:
    """Delete from the data folder ``data`` the names that have been kept for more than KEPT_DAYS days on the day
    ``today``, and return how many there were."""
    if not (data / FILE).is_file():
        return 0
    with _opened(data) as db:
        before = (today - timedelta(days=KEPT_DAYS)).date().isoformat()
        return db.execute("delete from people where kept_since < ?", (before,)).rowcount


def forget(catalogue: Path, name: str) -> dict[str, int]:
    """Erase a person's name from the catalogue file ``catalogue`` and from the names kept beside it. Return the number
    of rows in which it stood, by "names", "replies", "reports" and "census".

    Upper and lower case do not matter, and the name may be part of a longer text. "names" are those kept beside the
    catalogue: one that contains the name is deleted. In the other three (public names, remarks, texts, addresses, and
    the reasons of those who confirmed a census) the name is replaced by "[removed]"; the whole text is replaced if
    folding its case, or that of the name, changes the length.
    """
    done = dict.fromkeys(("names", "replies", "reports", "census"), 0)
    if (catalogue.parent / FILE).is_file():
        with _opened(catalogue.parent) as db:
            keys = [key for key, kept in db.execute("select rowid, name from people") if _holds(kept, name)]
            db.executemany("delete from people where rowid = ?", [(key,) for key in keys])
            done["names"] = len(keys)
    with closing(sqlite3.connect(catalogue, timeout=30)) as db:
        db.execute("pragma secure_delete = on")
        for table, columns in _TEXTS.items():
            # Only names of the schema are inserted into the text.
            rows = db.execute(f"select rowid, {', '.join(columns)} from {table}").fetchall()  # noqa: S608
            for row_id, *texts in rows:
                if any(_holds(text, name) for text in texts):
                    values = [_without(text, name) for text in texts]
                    setters = ", ".join(f"{column} = ?" for column in columns)
                    db.execute(f"update {table} set {setters} where rowid = ?", [*values, row_id])  # noqa: S608
                    done[table] += 1
        db.commit()
        _leave_no_trace(db)
    return done


def _holds(text: str | None, name: str) -> bool:
    return bool(text) and name.casefold() in str(text).casefold()


def _without(text: str | None, name: str) -> str | None:
    """Return a text with "[removed]" in place of a name, whatever its case."""
    if text is None or not _holds(text, name):
        return text
    start = text.casefold().index(name.casefold())
    # Folding changes the length of few texts; there the whole text goes.
    if len(text.casefold()) != len(text) or len(name.casefold()) != len(name):
        return "[removed]"
    return _without(f"{text[:start]}[removed]{text[start + len(name) :]}", name)


def move_names(db: sqlite3.Connection, data: Path) -> None:
    """Move names that stand in a catalogue without leave, because an earlier version wrote them there, to the file of
    names in ``data``.

    ``db``: connection to the catalogue. The rows get new ids: the old ones were made from the names too, so that a name
    could be guessed by its id.
    """
    for kind, (table, column) in _COLUMNS.items():
        # Only names of the schema are inserted into the text, here and below.
        where = f"from {table} where {column} is not null and coalesce(is_name_public, 0) = 0"
        rows = db.execute(f"select id, {column} {where}").fetchall()
        if rows:
            db.execute("pragma secure_delete = on")
            ids = {old: _new_id(db) for old, _ in rows}
            keep(data, "reply" if kind == "reply" else "report", [(ids[old], name) for old, name in rows])
            for old, new in ids.items():
                db.execute(f"update {table} set id = ?, {column} = null where id = ?", [new, old])  # noqa: S608
                if kind == "reply":
                    db.execute(
                        """update corrections set reply_id = :new, id = replace(id, '/' || :old, '/' || :new)
                           where reply_id = :old""",
                        {"new": new, "old": old},
                    )
            db.commit()
            _leave_no_trace(db)
            db.execute("pragma secure_delete = off")


def _new_id(db: sqlite3.Connection) -> str:
    return str(db.execute("select lower(hex(randomblob(10)))").fetchone()[0])


def _leave_no_trace(db: sqlite3.Connection) -> None:
    """Bring what was written into the file itself: the log still holds the pages as they were before."""
    db.execute("pragma wal_checkpoint(truncate)")


_BLOCK = 1 << 20


def files_with(data: Path, name: str) -> list[Path]:
    """Return the files below the data folder ``data`` whose bytes hold a name, sorted.

    The name is looked for as given, in lower case, in upper case, and with each word capitalised. Files compressed with
    gzip are searched as what they unpack to; a file that cannot be read is left out. Records of the catalogue, which
    are compressed one by one, are metadata of portals and not searched.
    """
    wanted = {form.encode() for form in (name, name.lower(), name.upper(), name.title())}
    return [path for path in sorted(data.rglob("*")) if path.is_file() and _file_holds(path, wanted)]


def _file_holds(path: Path, wanted: set[bytes]) -> bool:
    overlap = max(map(len, wanted)) - 1
    kept = b""
    with suppress(OSError, EOFError, zlib.error), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        while block := file.read(_BLOCK):
            block = kept + block
            if any(one in block for one in wanted):
                return True
            kept = block[-overlap:] if overlap else b""
    return False
