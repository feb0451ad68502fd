"""Hashes of the tokens in letters, in the file ``tokens.db`` beside the catalogue: it is not public, and nobody but the
operator may read it. Which tokens there are, and how they are written, is in :mod:`harvester.mail.tokens`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from catalog.repositories.people import private_database

__all__ = ["FILE", "VALID_DAYS", "Holder", "delete", "find", "keep"]

FILE = "tokens.db"
VALID_DAYS = 365
"""Days for which a token is accepted; that long the names of people who replied are kept too."""


@dataclass(frozen=True, slots=True)
class Holder:
    """To whom the letter with a token went.

    ``recipient_hash``: SHA-256 of the address, see :func:`catalog.repositories.recipients.recipient_hash`.
    ``entities``: the governments and publishers whose scorecards the letter had, as pairs of level ("government" or
    "publisher") and entity id. ``run_id``: the run that the scorecards are of. ``issued_at``: UTC, ISO 8601.
    """

    recipient_hash: str
    entities: tuple[tuple[str, str], ...]
    run_id: str
    issued_at: str


_TABLE = """create table if not exists tokens
  (token_hash text, recipient_hash text, entity_level text, entity_id text, run_id text, issued_at text,
   primary key (token_hash, entity_level, entity_id))"""


def _opened(data: Path) -> AbstractContextManager[sqlite3.Connection]:
    return private_database(data / FILE, [_TABLE])


def _oldest() -> str:
    return (datetime.now(UTC) - timedelta(days=VALID_DAYS)).isoformat(timespec="seconds")


def keep(data: Path, token_hash: str, recipient_hash: str, entities: Sequence[tuple[str, str]], run_id: str) -> None:
    """Store the hash of a token that is issued now, and delete those issued more than ``VALID_DAYS`` days ago.

    ``data``: the data folder, which holds :data:`FILE`. The file is made if it is missing. ``recipient_hash``,
    ``entities`` and ``run_id`` are as in :class:`Holder`.
    """
    issued_at = datetime.now(UTC).isoformat(timespec="microseconds")
    rows = [(token_hash, recipient_hash, level, key, run_id, issued_at) for level, key in entities]
    with _opened(data) as db:
        db.execute("delete from tokens where issued_at < ?", (_oldest(),))
        db.executemany("insert into tokens values (?, ?, ?, ?, ?, ?)", rows)


def delete(data: Path, token_hash: str) -> None:
    """Delete the hash of a token from :data:`FILE` in the data folder ``data``, so that the token is not accepted."""
    if (data / FILE).is_file():
        with _opened(data) as db:
            db.execute("delete from tokens where token_hash = ?", (token_hash,))


def find(data: Path, token_hash: str) -> Holder | None:
    """Return the holder of the token with this hash, the recipient of its letter; None if :data:`FILE` in the data
    folder ``data`` has no such token of the last ``VALID_DAYS`` days."""
    if not (data / FILE).is_file():
        return None
    with _opened(data) as db:
        rows = db.execute(
            """select recipient_hash, entity_level, entity_id, run_id, issued_at from tokens
               where token_hash = ? and issued_at >= ? order by entity_level, entity_id""",
            (token_hash, _oldest()),
        ).fetchall()
    if not rows:
        return None
    recipient_hash, _, _, run_id, issued_at = rows[0]
    return Holder(recipient_hash, tuple((level, key) for _, level, key, _, _ in rows), run_id, issued_at)
