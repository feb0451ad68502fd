"""Remember in the private file which mails were fetched, so that none is read twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from catalog.repositories.people import is_kept, opened

__all__ = ["TRIES_MAX", "fetched_of", "note_failed", "note_fetched"]

TRIES_MAX = 3
"""Times that a mail is tried which fails for a reason that may be ours."""


def _digest(key: str) -> str:
    # A Message-ID may name a person's machine.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def fetched_of(data: Path, keys: Iterable[str]) -> set[str]:
    """Return those of ``keys`` whose mails are noted in the data folder ``data``.

    ``keys``: texts, each of which identifies a mail. Notes are kept until :func:`catalog.repositories.people.expire`
    deletes them, after twelve months.
    """
    if not is_kept(data):
        return set()
    with opened(data) as db:
        sql = "select 1 from fetched where id = ?"
        return {key for key in keys if db.execute(sql, (_digest(key),)).fetchone() is not None}


def note_fetched(data: Path, keys: Iterable[str]) -> None:
    """Note the mails that ``keys`` identify in the data folder ``data``, so that :func:`fetched_of` finds them.

    Of a key only the hash is stored, with the present day.
    """
    today = datetime.now(UTC).date().isoformat()
    with opened(data) as db:
        db.executemany("insert or replace into fetched values (?, ?)", [(_digest(key), today) for key in keys])


def note_failed(data: Path, key: str) -> bool:
    """Note in the data folder ``data`` that a mail failed once more, for a reason that may pass, such as a lack of
    memory. Return whether that was the try TRIES_MAX: then :func:`fetched_of` finds the mail, so that it is left alone.

    ``key`` identifies the mail.
    """
    tries = [f"{key}\x1ftry {number}" for number in range(1, TRIES_MAX)]
    before = len(fetched_of(data, tries))
    note_fetched(data, [key if before == len(tries) else tries[before]])
    return before == len(tries)
