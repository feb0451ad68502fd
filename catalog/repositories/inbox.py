"""What visitors of the site report and governments reply there, in the file ``inbox.db`` beside the catalogue.

The web server may only add to it. Nothing of it is public: the operator reads each message and accepts or refuses it
(``winnow inbox``). Its text, name and address are then erased here; only its state stays, for whoever sent it.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from catalog.db.rows import plain
from catalog.repositories.people import erase_name, private_database

__all__ = [
    "FILE", "KEPT_DAYS", "NAME_MAX", "TEXT_MAX", "InboxFullError", "InboxMessage", "expire_messages",
    "forget_in_messages", "messages", "put", "settle", "state_of",
]  # fmt: skip

FILE = "inbox.db"
KEPT_DAYS = 90
"""Days after which a message that nobody decided about is erased, and the state of one that somebody did."""
TEXT_MAX, NAME_MAX = 2_000, 200
"""Characters of a text, and of a name or address, that are kept."""
DAILY_MAX = 200
"""Messages taken in within 24 hours; 20 of one sender at most."""
SENDER_MAX = 20
State = Literal["waiting", "accepted", "refused"]
_STATEMENTS = (
    """create table if not exists messages (id text primary key, received_at text, state text, settled_at text,
         about text, text text, name text, is_name_public integer, token text, sender text)""",
    "create index if not exists messages_received on messages (received_at)",
)


class InboxFullError(Exception):
    """Raised if too many messages came today, of all senders or of this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage:
    """A message that waits for the operator.

    ``about``: id of the dataset, finding or cause that it is about. ``name``: of who wrote it, None if not given;
    ``is_name_public``: whether that person agreed that it is published. ``token``: what was given as the token of a
    letter; None for a report of a citizen. Nobody has checked it yet.
    """

    id: str
    received_at: str
    about: str
    text: str
    name: str | None
    is_name_public: bool
    token: str | None


def _opened(data: Path) -> AbstractContextManager[sqlite3.Connection]:
    return private_database(data / FILE, _STATEMENTS)


def put(
    data: Path, *, about: str, text: str, name: str | None, is_name_public: bool, token: str | None, sender: str
) -> str:
    """Store a message in the data folder ``data`` and return its id, by which its state can be asked.

    The other parameters are as in :class:`InboxMessage`; texts are cut at TEXT_MAX and NAME_MAX characters. ``sender``:
    a word that is equal for the messages of one sender on one day and tells nothing else; it is erased after a day.
    Raise InboxFullError if DAILY_MAX messages came within 24 hours, or SENDER_MAX of this sender.
    """
    now = datetime.now(UTC)
    key = secrets.token_hex(8)
    with _opened(data) as db:
        _expire(db, now)
        since = (now - timedelta(days=1)).isoformat(timespec="seconds")
        every, own = db.execute(
            "select count(*), coalesce(sum(sender = :sender), 0) from messages where received_at > :since",
            {"sender": sender, "since": since},
        ).fetchone()
        if every >= DAILY_MAX or own >= SENDER_MAX:
            raise InboxFullError
        db.execute(
            "insert into messages values (:id, :at, 'waiting', null, :about, :text, :name, :public, :token, :sender)",
            {
                "id": key,
                "at": now.isoformat(timespec="seconds"),
                "about": plain(about)[:NAME_MAX],
                "text": plain(text)[:TEXT_MAX],
                "name": plain(name)[:NAME_MAX] if name else None,
                "public": bool(name and is_name_public),
                "token": plain(token)[:NAME_MAX] if token else None,
                "sender": sender,
            },
        )
    return key


def _expire(db: sqlite3.Connection, now: datetime) -> None:
    old = (now - timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds")
    db.execute("delete from messages where coalesce(settled_at, received_at) < :old", {"old": old})
    day = (now - timedelta(days=1)).isoformat(timespec="seconds")
    db.execute("update messages set sender = null where received_at < :day", {"day": day})


def expire_messages(data: Path) -> None:
    """Erase from the inbox of the data folder ``data``, if there is one, what is older than KEPT_DAYS days, and what
    tells senders apart after one day."""
    if (data / FILE).is_file():
        with _opened(data) as db:
            _expire(db, datetime.now(UTC))


def forget_in_messages(data: Path, name: str) -> int:
    """Put "[removed]" in place of the person's name ``name`` in the messages that wait in the data folder ``data``: in
    their texts, names and tokens, whatever its case. Return the number of messages in which it stood; 0 if there is no
    inbox. The id of what a message is about stays: it is one of the catalogue.
    """
    if not (data / FILE).is_file():
        return 0
    with _opened(data) as db:
        return erase_name(db, {"messages": ("text", "name", "token")}, name)["messages"]


def messages(data: Path) -> list[InboxMessage]:
    """Return the messages that wait in the data folder ``data``, the oldest first. Those older than KEPT_DAYS days are
    erased. Empty if there is no inbox."""
    if not (data / FILE).is_file():
        return []
    with _opened(data) as db:
        _expire(db, datetime.now(UTC))
        rows = db.execute(
            """select id, received_at, about, text, name, is_name_public, token from messages
               where state = 'waiting' order by received_at, id"""
        ).fetchall()
    return [
        InboxMessage(
            id=row[0], received_at=row[1], about=row[2], text=row[3], name=row[4], is_name_public=bool(row[5]),
            token=row[6],
        )
        for row in rows
    ]  # fmt: skip


def settle(data: Path, key: str, state: Literal["accepted", "refused"]) -> bool:
    """Note what the operator decided about the message with the id ``key``, and erase all else of it. Return whether
    there was such a message waiting."""
    if not (data / FILE).is_file():
        return False
    with _opened(data) as db:
        changed = db.execute(
            """update messages set state = :state, settled_at = :at, about = null, text = null, name = null,
                 token = null, sender = null where id = :id and state = 'waiting'""",
            {"state": state, "at": datetime.now(UTC).isoformat(timespec="seconds"), "id": key},
        )
        return changed.rowcount > 0


def state_of(data: Path, key: str) -> State | None:
    """Return the state of the message with the id ``key``: waiting, accepted or refused; None if there is none, or no
    more."""
    if not (data / FILE).is_file():
        return None
    with _opened(data) as db:
        found = db.execute("select state from messages where id = :id", {"id": key}).fetchone()
    return found[0] if found else None
