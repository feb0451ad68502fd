"""Names of people who replied or reported, in a private file beside the catalogue.

The catalogue becomes public, as do exports and pages. A name stands in it only if the person agreed to that and the
operator has approved it. All others are in ``people.db``, for twelve months at most. That file also holds the texts
that nobody has approved yet (:mod:`catalog.repositories.unapproved`) and the replies of unconfirmed senders
(:mod:`catalog.repositories.unconfirmed`).
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import os
import re
import secrets
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Literal

from catalog.db.rows import plain
from catalog.model.dcat import joined

__all__ = [
    "COLUMNS",
    "FILE",
    "KEPT_DAYS",
    "Kind",
    "erase_name",
    "expire",
    "files_with",
    "forget",
    "is_kept",
    "keep",
    "leave_no_trace",
    "name_of",
    "opened",
    "private_ids",
    "private_database",
]

FILE = "people.db"
KEPT_DAYS = 365
"""Days for which a name is kept."""
Kind = Literal["reply", "report"]
COLUMNS: dict[Kind, tuple[str, str, str]] = {
    "reply": ("replies", "replied_by", "note"),
    "report": ("reports", "who", "what"),
}
"""By what a person wrote: the table of the catalogue, its column for the name, and its column for the text."""
_PRIVATE = (
    "create table if not exists people (kind text, key text, name text, kept_since text, primary key (kind, key))",
    "create table if not exists texts (kind text, key text, text text, kept_since text, primary key (kind, key))",
    """create table if not exists submissions (id text primary key, sender text, source text, evidence text,
       kept_since text, decided text)""",
    """create table if not exists submitted (submission text, line integer, kind text, why text, content text,
       primary key (submission, line, kind))""",
    "create table if not exists fetched (id text primary key, kept_since text)",
    "create table if not exists secret (number integer primary key check (number = 1), value blob not null)",
    "create table if not exists waivers (government text, noted_at text, findings integer)",
)

_TEXTS = {
    "replies": ("replied_by", "note"),
    "reports": ("who", "what", "url"),
    "census": ("confirmed_by", "reason"),
}
"""Columns of the catalogue in which people's names may stand."""


def opened(data: Path) -> AbstractContextManager[sqlite3.Connection]:
    """Return a context in which the private file of the data folder ``data`` is open, see :func:`private_database`."""
    return private_database(data / FILE, _PRIVATE)


@contextmanager
def private_database(path: Path, statements: Iterable[str]) -> Iterator[sqlite3.Connection]:
    """Open a database that only its owner can read, and commit what was written at the end of the ``with`` block.

    A missing file is created. ``statements`` create the tables that are missing. What is deleted is overwritten on the
    disk.
    """
    # Nobody but the operator may read it, also while it is new.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path, timeout=30)) as db:
        db.execute("pragma secure_delete = on")
        for statement in statements:
            db.execute(statement)
        yield db
        db.commit()


def is_kept(data: Path) -> bool:
    """Return whether the data folder ``data`` has a private file."""
    return (data / FILE).is_file()


def keep(
    data: Path, kind: Kind, *, names: Iterable[tuple[str, str]] = (), texts: Iterable[tuple[str, str]] = ()
) -> None:
    """Store names and texts of people in the private file of the data folder ``data``, all or none. The file is made
    only if there are any.

    ``kind``: what the people wrote. ``names`` and ``texts``: pairs of the id of that reply or report, and the name or
    the text, which replaces one kept for the same id.
    """
    today = datetime.now(UTC).date().isoformat()
    written = {
        table: [(kind, key, plain(said), today) for key, said in pairs]
        for table, pairs in (("people", names), ("texts", texts))
    }
    if any(written.values()):
        with opened(data) as db:
            for table, rows in written.items():
                db.executemany(f"insert or replace into {table} values (?, ?, ?, ?)", rows)  # noqa: S608  # ours


def private_ids(data: Path) -> Callable[..., str]:
    """Return a function that makes ids for what people write: from some texts 20 hexadecimal digits, always the same in
    the data folder ``data``.

    The ids of replies and reports are public, and their texts may not be. The function uses a secret of the private
    file, which is drawn when it is first needed, so nobody can tell by the id whether a guessed text is right. If the
    private file is lost, the same texts get other ids.
    """
    with opened(data) as db:
        db.execute("insert or ignore into secret values (1, ?)", (secrets.token_bytes(32),))
        (key,) = db.execute("select value from secret").fetchone()

    def made(*parts: str) -> str:
        text = joined(*parts).encode("utf-8", "surrogatepass")
        return hmac.new(key, text, hashlib.sha256).hexdigest()[:20]

    return made


def name_of(data: Path, kind: Kind, key: str) -> str | None:
    """Return the name of the person who wrote the reply or report with the id ``key``; None if the data folder ``data``
    keeps none for it. ``kind``: which of the two it is.
    """
    if not is_kept(data):
        return None
    with opened(data) as db:
        found = db.execute("select name from people where kind = ? and key = ?", (kind, key)).fetchone()
    return found[0] if found else None


def expire(data: Path, today: datetime) -> int:
    """Delete from the data folder ``data`` what has been kept for more than KEPT_DAYS days on the day ``today``: names,
    texts that nobody approved, replies that nobody confirmed, and the ids of fetched mails. Return how many rows there
    were."""
    if not is_kept(data):
        return 0
    with opened(data) as db:
        before = ((today - timedelta(days=KEPT_DAYS)).date().isoformat(),)
        count = db.execute(
            "delete from submitted where submission in (select id from submissions where kept_since < ?)", before
        ).rowcount
        for table in ("people", "texts", "submissions", "fetched"):
            count += db.execute(f"delete from {table} where kept_since < ?", before).rowcount  # noqa: S608  # ours
        # Nobody is named there, so they are not counted.
        db.execute("delete from waivers where noted_at < ?", before)
        return count


def forget(catalogue: Path, name: str) -> dict[str, int]:
    """Erase a person's name from the catalogue file ``catalogue`` and from the private file beside it. Return the
    number of rows in which it stood, by "names", "waiting" (texts and replies that wait for the operator), "replies",
    "reports" and "census".

    Upper and lower case do not matter, and the name may be part of a longer text. "names" are those kept beside the
    catalogue: one that contains the name is deleted. In the others (public names, remarks, texts, addresses, and
    the reasons of those who confirmed a census) the name is replaced by "[removed]"; the whole text is replaced if
    folding its case, or that of the name, changes the length. The inbox has a function of its own,
    :func:`catalog.repositories.inbox.forget_in_messages`.
    """
    done = dict.fromkeys(("names", "waiting", "replies", "reports", "census"), 0)
    if is_kept(catalogue.parent):
        with opened(catalogue.parent) as db:
            keys = [key for key, kept in db.execute("select rowid, name from people") if _holds(kept, name)]
            db.executemany("delete from people where rowid = ?", [(key,) for key in keys])
            done["names"] = len(keys)
            done["waiting"] = sum(erase_name(db, _WAITING, name).values())
    with closing(sqlite3.connect(catalogue, timeout=30)) as db:
        db.execute("pragma secure_delete = on")
        done |= erase_name(db, _TEXTS, name)
        db.commit()
        leave_no_trace(db)
    return done


_WAITING = {"texts": ("text",), "submissions": ("sender", "source", "evidence"), "submitted": ("why", "content")}
"""Columns of the private file in which a name may stand, besides the names themselves."""


def erase_name(db: sqlite3.Connection, places: Mapping[str, Sequence[str]], name: str) -> dict[str, int]:
    """Put "[removed]" in place of the person's name ``name`` in columns of texts, whatever its case. Return by table in
    how many rows it stood.

    ``db``: a database that overwrites what is deleted (SQLite's ``secure_delete``); the caller commits. ``places``: the
    columns by table. The whole text is replaced if folding its case, or that of the name, changes the length.
    """
    done = dict.fromkeys(places, 0)
    for table, columns in places.items():
        for row_id, *texts in db.execute(f"select rowid, {', '.join(columns)} from {table}").fetchall():  # noqa: S608  # names of the schema
            if any(_holds(text, name) for text in texts):
                values = [_without_in_json(text, name) for text in texts]
                setters = ", ".join(f"{column} = ?" for column in columns)
                db.execute(f"update {table} set {setters} where rowid = ?", [*values, row_id])  # noqa: S608  # names of the schema
                done[table] += 1
    return done


def _without_in_json(text: str | None, name: str) -> str | None:
    """Return a text without a name; of a JSON object each value is treated alone, so that it stays one."""
    if text is None or not text.startswith("{"):
        return _without(text, name)
    with suppress(ValueError):
        values = json.loads(text)
        cleaned = {key: _without(one, name) if isinstance(one, str) else one for key, one in values.items()}
        return json.dumps(cleaned, ensure_ascii=False)
    return _without(text, name)


_REMOVED = "[removed]"
"""What stands in place of a name. A name may be part of it ("Remo"), so it is never looked into."""


def _holds(text: str | None, name: str) -> bool:
    return any(name.casefold() in piece.casefold() for piece in (text or "").split(_REMOVED))


def _without(text: str | None, name: str) -> str | None:
    """Return a text with "[removed]" in place of a name, whatever its case."""
    if text is None or not _holds(text, name):
        return text
    # Folding changes the length of few texts; there the whole text goes.
    if len(text.casefold()) != len(text) or len(name.casefold()) != len(name):
        return _REMOVED
    pieces = text.split(_REMOVED)
    without = _REMOVED.join(re.sub(re.escape(name), _REMOVED, piece, flags=re.IGNORECASE) for piece in pieces)
    # Folding makes some letters equal that the regular expression tells apart.
    return _REMOVED if _holds(without, name) else without


def leave_no_trace(db: sqlite3.Connection) -> None:
    """Bring what was written to the catalogue ``db`` into the file itself and empty its write-ahead log, which still
    holds the pages as they were before. Call it outside a transaction. SQLite's ``secure_delete`` must have been on
    when the texts were deleted.
    """
    db.execute("pragma wal_checkpoint(truncate)")


_BLOCK = 1 << 20
_MEMBERS_MAX, _UNPACKED_MAX = 10_000, 500_000_000
"""Members of one archive that are searched, and bytes of all of them unpacked."""


def files_with(data: Path, name: str) -> list[Path]:
    """Return the files below the data folder ``data`` that hold a name or cannot be searched to the end, sorted.

    The name is looked for as given, in lower case, in upper case, and with each word capitalised. Files compressed with
    gzip are searched as what they unpack to, and so are the members of workbooks and other ZIP archives. One that is
    too large, encrypted or damaged is returned, because it may hold the name. Any other file that cannot be read is
    left out. Records of the catalogue, which are compressed one by one, are metadata of portals and not searched.
    """
    wanted = {form.encode() for form in (name, name.lower(), name.upper(), name.title())}
    return [path for path in sorted(data.rglob("*")) if path.is_file() and _file_holds(path, wanted)]


def _file_holds(path: Path, wanted: set[bytes]) -> bool:
    with suppress(OSError, EOFError, zlib.error):
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            if _stream_holds(file, wanted):
                return True
        return path.suffix != ".gz" and zipfile.is_zipfile(path) and _archive_holds(path, wanted)
    return False


def _archive_holds(path: Path, wanted: set[bytes]) -> bool:
    # In XML these three are written otherwise.
    wanted = wanted | {one.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;") for one in wanted}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MEMBERS_MAX or sum(one.file_size for one in members) > _UNPACKED_MAX:
                return True
            for member in members:
                with archive.open(member) as file:
                    if _stream_holds(file, wanted):
                        return True
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError, zlib.error):
        return True
    return False


def _stream_holds(file: gzip.GzipFile | IO[bytes], wanted: set[bytes]) -> bool:
    overlap = max(map(len, wanted)) - 1
    kept = b""
    while block := file.read(_BLOCK):
        block = kept + block
        if any(one in block for one in wanted):
            return True
        kept = block[-overlap:] if overlap else b""
    return False
