"""Fetch replies from a mailbox: download mails, take in their attachments, then mark or move the mails."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from catalog.db.store import Catalog
from catalog.repositories.fetched import fetched_of, note_fetched
from catalog.repositories.reply_files import ParsedReplies
from harvester.mail.incoming import TakenIn, take_in
from harvester.mail.mail_file import Mail, mail_reader
from harvester.mail.mailbox import MAIL_MAX, MailboxSession
from harvester.mail.senders import Sender
from harvester.mail.tokens import holder_of

__all__ = ["MAILS_MAX", "Downloaded", "FetchedFile", "download", "take_in_mail"]

MAILS_MAX = 100
"""Mails read in one go; the next go reads the others."""


@dataclass(slots=True)
class Downloaded:
    """Mails of a mailbox, taken apart. ``mails``: those with files, by UID. ``known``: UIDs of mails that were taken in
    before but not marked. ``without``: number of mails without a file that could be a reply. ``failed``: sentences
    about mails that cannot be read. ``left``: number of mails that wait for the next go."""

    mails: dict[str, Mail] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    without: int = 0
    failed: list[str] = field(default_factory=list)
    left: int = 0


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """What was read from one file in a mail, and what has become of it. ``name``: sender and file name, for
    messages."""

    name: str
    parsed: ParsedReplies
    taken: TakenIn


def download(data: Path, session: MailboxSession, folder: Path, deadline: float) -> Downloaded:
    """Download the mails that wait in a mailbox, at most MAILS_MAX, and take them apart.

    ``session`` is the open mailbox. Files are written into the empty folder ``folder``. Mails without files of replies,
    and mails that cannot be read or are larger than MAIL_MAX bytes, stay in the mailbox as they are; they are noted in
    the data folder ``data``, so that they are not downloaded again. No further mail is begun after ``deadline``, a time
    of :func:`time.monotonic`. Raise MailboxError or OSError if the connection breaks.
    """
    done = Downloaded()
    waiting = session.waiting()
    known = fetched_of(data, [session.key_of(uid) for uid, _ in waiting])
    # A mail that was read but is still here could not be marked, or has no file of replies.
    waiting = [(uid, size) for uid, size in waiting if session.key_of(uid) not in known]
    done.left = len(waiting)
    with mail_reader() as read:
        for uid, size in waiting[:MAILS_MAX]:
            if time.monotonic() > deadline:
                break
            done.left -= 1
            mail: Mail | None = None
            if size > MAIL_MAX:
                why = f"has {size:,} bytes, more than {MAIL_MAX:,},"
            else:
                place = folder / uid
                place.mkdir()
                (place / "mail").write_bytes(session.fetch(uid))
                try:
                    mail = read(place / "mail", place)
                except ValueError as error:
                    why = f"cannot be read ({error})"
            if mail is None:
                done.failed.append(f"mail {uid} {why} and was left in the mailbox")
            elif not mail.files:
                done.without += 1
            elif fetched_of(data, [_key(mail)]):
                done.known.append(uid)
                continue
            else:
                done.mails[uid] = mail
                continue
            note_fetched(data, [session.key_of(uid)])
    return done


def _key(mail: Mail) -> str:
    """Return a text that is the same for every copy of a mail. A stranger who repeats the Message-ID of another mail
    cannot have that one skipped: sender and files count too."""
    digests = [hashlib.sha256(one.path.read_bytes()).hexdigest() for one in mail.files]
    return "\n".join((mail.message_id, mail.sender, *digests))


def take_in_mail(
    catalog: Catalog, mail: Mail, read: Callable[[Path], ParsedReplies], today: date, *, waived_max: int
) -> Iterator[FetchedFile]:
    """Take in the files of a mail one by one, and yield what became of each. After the last one, note the mail in the
    data folder, so that it is taken in once; so iterate to the end.

    Who sent it is told by the address in ``From`` and by the token that the mail quotes, see
    :func:`harvester.mail.incoming.take_in`, which also explains ``waived_max``. ``read``: the function of
    :func:`harvester.mail.replies.reply_reader`. ``today``: day stored for a reply without one.
    """
    data = catalog.path.parent
    sender = Sender(mail.sender, holder_of(data, mail.text), mail.evidence)
    key = _key(mail)
    for one in mail.files:
        parsed = read(one.path)
        taken = take_in(catalog, parsed, sender, source=one.name, today=today.isoformat(), waived_max=waived_max)
        yield FetchedFile(f"{mail.sender or 'unknown sender'}, {one.name}", parsed, taken)
    note_fetched(data, [key])
