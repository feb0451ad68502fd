"""Fetch replies from a mailbox: download mails, take in their attachments, then mark or move the mails."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePath

from catalog.db.store import Catalog
from catalog.repositories.fetched import TRIES_MAX, fetched_of, note_failed, note_fetched
from catalog.repositories.reply_files import ParsedReplies
from catalog.repositories.unconfirmed import TooMuchWaitingError
from harvester.bounded import TooMuchError
from harvester.errors import MailboxError
from harvester.mail.incoming import TakenIn, take_in
from harvester.mail.mail_file import KINDS, Mail, mail_reader
from harvester.mail.mailbox import MAIL_MAX, MailboxSession, TooLongError
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


def download(
    data: Path, session: MailboxSession, folder: Path, deadline: float, authserv_id: str | None = None
) -> Downloaded:
    """Download the mails that wait in a mailbox, at most MAILS_MAX, and take them apart.

    ``session`` is the open mailbox. Files are written into the empty folder ``folder``. Mails without files of replies,
    and mails that cannot be read or are larger than MAIL_MAX bytes, stay in the mailbox as they are; they are noted in
    the data folder ``data``, so that they are not downloaded again. A mail that takes too much memory or time is noted
    after the third try. No further mail is begun after ``deadline``, a time of :func:`time.monotonic`, or when the
    connection may carry no more. ``authserv_id``: as in :func:`harvester.mail.evidence.evidence_of`. If the connection
    breaks, return the mails read until then; raise MailboxError or OSError if there are none.
    """
    done = Downloaded()
    waiting = session.waiting()
    known = fetched_of(data, [session.key_of(uid) for uid, _ in waiting])
    # A mail that was read but is still here could not be marked, or has no file of replies.
    waiting = [(uid, size) for uid, size in waiting if session.key_of(uid) not in known]
    done.left = len(waiting)
    with mail_reader(authserv_id) as read:
        for uid, size in waiting[:MAILS_MAX]:
            if time.monotonic() > deadline or (size <= MAIL_MAX and size > session.bytes_left):
                break
            key = session.key_of(uid)
            if size > MAIL_MAX:
                done.left -= 1
                done.failed.append(f"mail {uid} has {size:,} bytes, more than {MAIL_MAX:,}, {_STAYS}")
                note_fetched(data, [key])
                continue
            place = folder / uid
            place.mkdir()
            try:
                (place / "mail").write_bytes(session.fetch(uid))
            except TooLongError:
                # The server said that it is shorter. The connection is of no use any more.
                done.left -= 1
                done.failed.append(f"mail {uid} is longer than the mail server says, {_STAYS}")
                note_fetched(data, [key])
                break
            except (MailboxError, OSError) as error:
                if not (done.mails or done.known):
                    raise
                done.failed.append(f"the mailbox cannot be read any further: {error}")
                break
            done.left -= 1
            try:
                _sort_in(done, data, uid, key, read(place / "mail", place))
            except TooMuchError as error:
                again = _STAYS if note_failed(data, key) else f"that is tried {TRIES_MAX} times"
                done.failed.append(f"mail {uid} cannot be read ({error}), {again}")
            except ValueError as error:
                done.failed.append(f"mail {uid} cannot be read ({error}), {_STAYS}")
                note_fetched(data, [key])
    return done


_STAYS = "and was left in the mailbox"


def _sort_in(done: Downloaded, data: Path, uid: str, key: str, mail: Mail) -> None:
    """Add a mail to what was downloaded."""
    is_known = bool(mail.files) and bool(fetched_of(data, [_key(mail)]))
    # A mail with nothing but files of other kinds is hardly a reply.
    if mail.left_out and (mail.files or any(PurePath(name.lower()).suffix in KINDS for name, _ in mail.left_out)):
        names = ", ".join(f"{name} ({why})" for name, why in mail.left_out[:20])
        more = f" and {len(mail.left_out) - 20} more" if len(mail.left_out) > 20 else ""
        who = mail.sender or "unknown sender"
        done.failed.append(f"mail {uid} of {who} stays unread in the mailbox, files were left out: {names}{more}")
    if mail.files and not is_known:
        done.mails[uid] = mail
    elif is_known and not mail.left_out:
        done.known.append(uid)
    else:
        done.without += not mail.files
        note_fetched(data, [key])


def _key(mail: Mail) -> str:
    """Return a text that is the same for every copy of a mail. A stranger who repeats the Message-ID of another mail
    cannot have that one skipped: sender and files count too."""
    digests = [hashlib.sha256(one.path.read_bytes()).hexdigest() for one in mail.files]
    return "\n".join((mail.message_id, mail.sender, *digests))


def take_in_mail(
    catalog: Catalog,
    mail: Mail,
    read: Callable[[Path], ParsedReplies],
    today: date,
    *,
    waived_max: int,
    deadline: float,
) -> Iterator[FetchedFile]:
    """Take in the files of a mail one by one, and yield what became of each. After the last one, note the mail in the
    data folder, so that it is taken in once; so iterate to the end.

    Who sent it is told by the address in ``From`` and by the token that the mail quotes, see
    :func:`harvester.mail.incoming.take_in`, which also explains ``waived_max``. ``read``: the function of
    :func:`harvester.mail.replies.reply_reader`. ``today``: day stored for a reply without one. Raise TimeoutError
    before a file that would begin after ``deadline``, a time of :func:`time.monotonic`. Raise TooMuchWaitingError after
    the last file if rows of one were not kept, because too many wait for the operator. In both cases the mail is not
    noted, and what was taken in of it changes nothing when it is taken in again.
    """
    data = catalog.path.parent
    sender = Sender(mail.sender, holder_of(data, mail.text), mail.evidence)
    key = _key(mail)
    not_kept: TooMuchWaitingError | None = None
    for one in mail.files:
        if time.monotonic() > deadline:
            raise TimeoutError("the time of this go is over")
        parsed = read(one.path)
        taken = take_in(catalog, parsed, sender, source=one.name, today=today.isoformat(), waived_max=waived_max)
        yield FetchedFile(f"{mail.sender or 'unknown sender'}, {one.name}", parsed, taken)
        not_kept = not_kept or taken.not_kept
    if not_kept is not None:
        raise not_kept
    note_fetched(data, [key])
