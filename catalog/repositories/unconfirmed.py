"""Replies and reports whose sender is not confirmed: only the operator sees them, and they change nothing.

They stand in the private file (:mod:`catalog.repositories.people`), not in the catalogue, until the operator accepts or
refuses them. One file that somebody sent is one submission.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from catalog.db.rows import plain
from catalog.repositories.people import Kind, is_kept, opened
from catalog.repositories.reply_files import CitizenReport, Reply

__all__ = [
    "SENDER_MAX",
    "WAITING_MAX",
    "SenderWaitingError",
    "Submission",
    "SubmittedRow",
    "TooMuchWaitingError",
    "keep_submission",
    "settle",
    "submissions",
]


WAITING_MAX = 100_000_000
"""Characters of the rows that wait for the operator: strangers must not fill the disk."""
SENDER_MAX = 10_000_000
"""Characters of them that may come from one address: a stranger must not take the room of the others."""


class TooMuchWaitingError(ValueError):
    """So much waits for the operator that nothing more is kept."""


class SenderWaitingError(TooMuchWaitingError):
    """So much of one sender waits for the operator that nothing more of this sender is kept."""


@dataclass(frozen=True, slots=True)
class SubmittedRow:
    """One row of a file from an unconfirmed sender. ``why``: why it is not confirmed, in words. ``content``: the reply
    or report itself."""

    why: str
    content: Reply | CitizenReport

    @property
    def kind(self) -> Kind:
        """Return whether it is a reply or a report of a citizen."""
        return "reply" if isinstance(self.content, Reply) else "report"


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody sent in one file, as far as it waits for the operator.

    ``sender``: the e-mail address that it claims to be from; "" if the operator imported it. ``source``: name of the
    file. ``evidence``: what the operator's mail server said of DKIM and SPF; "" if nothing. ``received_on``: ISO date.
    ``rows``: the rows that wait, by line.
    """

    id: str
    sender: str
    source: str
    evidence: str
    received_on: str
    rows: Sequence[SubmittedRow]


def keep_submission(
    data: Path, *, sender: str, source: str, evidence: str, rows: Sequence[SubmittedRow]
) -> tuple[str, bool]:
    """Store a submission in the data folder ``data``. Return its id, and whether it is new.

    The same rows from the same sender have the same id and are stored once, also after they were accepted or refused.
    ``rows`` must not be empty; the other parameters are as in :class:`Submission`. Store nothing and
    raise TooMuchWaitingError if more than WAITING_MAX characters would wait, or SenderWaitingError if more than
    SENDER_MAX of ``sender`` would; addresses that differ in capitals alone are the same sender.
    """
    # Strangers wrote all of it: what SQLite cannot store is replaced.
    sender, source, evidence = (str(plain(text)) for text in (sender, source, evidence))
    contents = [(row, str(plain(json.dumps(asdict(row.content), ensure_ascii=False)))) for row in rows]
    digest = hashlib.sha256("\x1f".join((sender, *(text for _, text in contents))).encode("utf-8", "surrogatepass"))
    key = f"s{digest.hexdigest()[:11]}"
    today = datetime.now(UTC).date().isoformat()
    with opened(data) as db:
        if db.execute("select 1 from submissions where id = ?", (key,)).fetchone():
            return key, False
        waiting, own = db.execute(
            """select coalesce(sum(length(r.content)), 0),
                 coalesce(sum(length(r.content)) filter (where lower(s.sender) = lower(:sender)), 0)
               from submitted r join submissions s on s.id = r.submission""",
            {"sender": sender},
        ).fetchone()
        more = sum(len(text) for _, text in contents)
        if own + more > SENDER_MAX:
            raise SenderWaitingError(
                f"replies of {sender or 'senders without an address'} that wait have more than {SENDER_MAX:,} "
                "characters; accept or refuse some with winnow replies, or import the file yourself"
            )
        if waiting + more > WAITING_MAX:
            raise TooMuchWaitingError(
                f"replies of unconfirmed senders that wait have more than {WAITING_MAX:,} characters; accept or refuse "
                "some with winnow replies, then read this file again"
            )
        db.execute("insert into submissions values (?, ?, ?, ?, ?, null)", (key, sender, source, evidence, today))
        db.executemany(
            "insert or replace into submitted values (?, ?, ?, ?, ?)",
            [(key, row.content.line, row.kind, plain(row.why), text) for row, text in contents],
        )
    return key, True


def submissions(data: Path) -> list[Submission]:
    """Return the submissions in the data folder ``data`` that wait for the operator, the oldest first."""
    if not is_kept(data):
        return []
    with opened(data) as db:
        found = db.execute(
            """select id, sender, source, evidence, kept_since from submissions where decided is null
               order by kept_since, rowid"""
        ).fetchall()
        return [
            Submission(key, sender, source, evidence, since, _rows(db, key))
            for key, sender, source, evidence, since in found
        ]


def _rows(db: sqlite3.Connection, key: str) -> list[SubmittedRow]:
    sql = "select kind, why, content from submitted where submission = ? order by line, kind"
    found = []
    for kind, why, content in db.execute(sql, (key,)):
        values = json.loads(content)
        if kind == "reply" and values["about"] is not None:
            values["about"] = tuple(values["about"])
        found.append(SubmittedRow(why, Reply(**values) if kind == "reply" else CitizenReport(**values)))
    return found


def settle(
    data: Path, key: str, decision: Literal["accepted", "refused"], lines: Collection[int] | None = None
) -> Submission | None:
    """Delete a submission, or some of its rows, from what waits, and return what was deleted.

    None if no submission with the id ``key`` waits, or if it has none of the ``lines``. ``decision``: noted once no row
    is left, so that the same file is not listed again. ``lines``: lines of the file, from 1; None means all rows.
    """
    waiting = next((one for one in submissions(data) if one.id == key), None)
    if waiting is None:
        return None
    chosen = [row for row in waiting.rows if lines is None or row.content.line in lines]
    if not chosen:
        return None
    with opened(data) as db:
        db.executemany(
            "delete from submitted where submission = ? and line = ? and kind = ?",
            [(key, row.content.line, row.kind) for row in chosen],
        )
        if not db.execute("select 1 from submitted where submission = ?", (key,)).fetchone():
            # What it said of persons goes with it.
            sql = "update submissions set decided = ?, sender = '', source = '', evidence = '' where id = ?"
            db.execute(sql, (decision, key))
    return Submission(key, waiting.sender, waiting.source, waiting.evidence, waiting.received_on, chosen)
