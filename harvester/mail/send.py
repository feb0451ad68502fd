"""Send scorecards: by mail with the files attached, and as JSON to webhooks.

Each letter is recorded before it is sent, and the record is removed if the other side refuses it. Whatever happens
in between, nothing is sent twice for one run.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from catalog.db.store import Catalog
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.sent import Letter, forget, note, note_refused
from harvester.http.guard import own_addresses
from harvester.http.proxies import check_name
from harvester.mail.letters import LetterSender, mail_with_left_out
from harvester.mail.mailing import Mailing
from harvester.mail.smtp import LETTER_S, connected, within
from harvester.mail.tokens import issue, withdraw

if TYPE_CHECKING:
    import requests

__all__ = ["Outcome", "is_refused_for_good", "post", "send_mails", "send_webhooks"]

SECONDS, POST_S = 30, 60.0
"""Seconds for each step of talking to a webhook, and for a whole post."""

_NOT_SENT = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
    MessageError,
    ValueError,
)
"""What is raised if the server refused a mail, or if it could not be written as bytes: it was not sent."""

_OWN_FAULTS = {500, 501, 502, 503, 504, 523, 524, 530, 534, 535, 538, 552, 555}
"""Permanent replies of a mail server that are about commands, login, encryption or size (RFC 5321, 4954, 5248)."""
_OWN_STATUS = re.compile(
    rb"\b5\.(2\.3|3\.4|7\.(0|8|9|[12]\d))\b|\brelay(ing)? (access )?(denied|not|prohibited)|\bto relay\b", re.IGNORECASE
)
"""Enhanced status codes of the same kinds, also of SPF and DKIM (RFC 3463, 4954, 7372), and what servers say that relay
no mail for us."""


def is_refused_for_good(error: Exception) -> bool:
    """Return whether ``error``, raised by :meth:`smtplib.SMTP.send_message` for a mail to one recipient, says that the
    mail was refused for good because of that recipient or of what it says.

    Only then was the government tried, and the days begin after which held causes are public. What may be our own
    fault begins nothing: a temporary refusal, and one because of the sender, the login, the size, or relaying.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = [*error.recipients.values()]
    elif isinstance(error, smtplib.SMTPDataError):
        said = error.smtp_error
        replies = [(error.smtp_code, said.encode() if isinstance(said, str) else said)]
    else:
        return False
    return all(500 <= code < 600 and code not in _OWN_FAULTS and not _OWN_STATUS.search(said) for code, said in replies)


@dataclass(slots=True)
class Outcome:
    """The result of sending messages: ``sent`` is the number of those sent, ``failed`` has a line for each other one.

    ``failed`` is None if no message failed. ``left_out`` has a line for each mail that was sent without some of its
    files.
    """

    sent: int = 0
    failed: list[str] | None = None
    left_out: list[str] = field(default_factory=list)

    def fail(self, what: Letter | Mailing, why: object) -> None:
        """Record that ``what``, a post to a webhook or a mail, was not sent, with the reason ``why``."""
        letters = what.letters if isinstance(what, Mailing) else (what,)
        names = ", ".join(one.name for one in letters)
        self.failed = [*(self.failed or []), f"{names} ({letters[0].channel}): {why}"]


def send_mails(catalog: Catalog, waiting: Sequence[Mailing], exports: Path, sender: LetterSender) -> Outcome:
    """Send the mails ``waiting`` over one connection to the mail server of ``sender``. Return how many were sent and
    which failed.

    Each scorecard in a mail is recorded in ``catalog``; a mail with one that was recorded for this run before is left
    out. A mail that cannot be composed, or that the server refuses, counts as failed and is not recorded. If the
    connection breaks while a mail is sent, it counts as failed but stays recorded, because it may have gone out; those
    after it count as failed and are not recorded. ``exports`` is the folder of the files to attach.
    Raise OSError if no connection with login can be made, see :func:`~harvester.mail.smtp.connected`.
    """
    done = Outcome()
    if not waiting:
        return done
    with connected(sender.server) as connection:
        for one in waiting:
            if connection.sock is None:
                # Certainly not sent: it is left for the next time.
                done.fail(one, "the connection was lost before; run winnow send again")
                continue
            try:
                made = _recorded(catalog, one, exports, sender)
            except Exception as error:  # noqa: BLE001  # one mail's fault must not stop the others, and it is said
                done.fail(one, f"{type(error).__name__}: {error}")
            else:
                if made is not None:
                    _hand_in(catalog, connection, one, made, done)
    return done


def _recorded(
    catalog: Catalog, mailing: Mailing, exports: Path, sender: LetterSender
) -> tuple[EmailMessage, str, list[str]] | None:
    """Return a mail, its token and the names of the files that it lacks, after all of its letters were recorded as
    sent. Return None, and record nothing, if one of them went out before; nothing stays recorded either if an
    exception is raised."""
    token = issue(catalog.path.parent, recipient_hash(mailing.recipient), mailing.entities, mailing.run_id)
    noted: list[Letter] = []
    is_ready = False
    try:
        # Before it is recorded: a file that cannot be read must not count as sent.
        mail, left_out = mail_with_left_out(mailing, exports, sender, token)
        for letter in mailing.letters:
            if note(catalog, letter):
                noted.append(letter)
        is_ready = len(noted) == len(mailing.letters)
        return (mail, token, left_out) if is_ready else None
    finally:
        if not is_ready:
            # One of them went out before, or failed. The others did not go out, and must not count as if they had.
            for letter in noted:
                forget(catalog, letter)
            withdraw(catalog.path.parent, token)


def _hand_in(
    catalog: Catalog,
    connection: smtplib.SMTP,
    mailing: Mailing,
    made: tuple[EmailMessage, str, list[str]],
    done: Outcome,
) -> None:
    mail, token, left_out = made
    try:
        with within(connection, LETTER_S):
            connection.send_message(mail)
        done.sent += 1
        if left_out:
            names = ", ".join(letter.name for letter in mailing.letters)
            done.left_out.append(f"{names}: too large for a mail, and not attached: {', '.join(left_out)}")
    except _NOT_SENT as error:
        for letter in mailing.letters:
            forget(catalog, letter)
            if is_refused_for_good(error):
                note_refused(catalog, letter)
        withdraw(catalog.path.parent, token)
        done.fail(mailing, error)
        with suppress(smtplib.SMTPException, OSError):
            connection.rset()
    except Exception as error:  # noqa: BLE001  # one mail's fault must not stop the others, and it is said
        # Nobody knows whether it was sent; rather lose one than send it twice.
        done.fail(mailing, f"{error}; it may have gone out, and is not sent again for this run")


def post(letter: Letter) -> dict[str, Any]:
    """Return the JSON object that a webhook receives for ``letter``: scores, counts, and findings that are new or
    withdrawn. It has at most as many findings and overdue promises as :class:`Letter`; the counts of findings are of
    all."""
    names = ("score", "score_low", "score_high", "grade", "score_prev", "score_delta", "datasets", "findings_open")
    finding = ("id", "rule_id", "title", "resource_url", "how_to_fix", "gain_points")
    return {
        "event": "winnow.scorecard",
        "run_id": letter.run_id,
        "since_run": letter.since_run,
        "entity_level": letter.level,
        "entity_id": letter.entity_id,
        "entity_name": letter.name,
        **{name: letter.card.get(name) for name in names},
        "findings_new": letter.new_count,
        "findings_fixed": letter.fixed_count,
        "findings_withdrawn": letter.withdrawn_count,
        "promises_overdue": letter.overdue_count,
        "method_change": asdict(letter.method) if letter.method else None,
        "new": [{name: one[name] for name in finding} for one in letter.new],
        "withdrawn": [{name: one[name] for name in finding} for one in letter.withdrawn],
    }


def send_webhooks(catalog: Catalog, letters: Iterable[Letter], *, proxy: str | None = None) -> Outcome:
    """Post ``letters`` to their webhooks as JSON. Return how many were sent and which failed.

    Each is recorded in ``catalog``, and one already recorded for this run is skipped. ``proxy`` is the address of an
    HTTP proxy; None means a direct connection. A response other than 2xx counts as failed, and so does a connection
    that was never made (refused, not in time, or the name does not resolve); these are tried again when scorecards are
    next sent. A letter that fails in another way is not tried again, since it may have arrived.

    Redirects are not followed. A webhook may be on a private network only if its own address says so; any other private
    address is refused.
    """

    with ExitStack() as opened:
        sessions: dict[str, requests.Session] = {}
        done = Outcome()
        for letter in letters:
            if note(catalog, letter):
                site = urlsplit(letter.recipient).netloc
                if site not in sessions:
                    sessions[site] = opened.enter_context(_session(letter.recipient, proxy))
                _post(catalog, letter, sessions[site], done)
    return done


def _session(webhook: str, proxy: str | None) -> requests.Session:
    """Return a session for one webhook. A webhook on this network is asked without the proxy."""
    from harvester.http.guarded_session import guarded_session

    if proxy is not None:
        try:
            check_name(webhook)
        except OSError:
            proxy = None
    session = guarded_session(own_addresses(webhook if proxy is None else proxy))
    session.proxies = {"http": proxy, "https": proxy} if proxy else {}
    return session


def _was_never_connected(error: requests.ConnectionError) -> bool:
    """Return whether no connection was made, so that certainly nothing was sent."""
    from urllib3.exceptions import NewConnectionError

    return "refused" in str(error) or isinstance(getattr(error.args[0], "reason", None), NewConnectionError)


def _post(catalog: Catalog, letter: Letter, session: requests.Session, done: Outcome) -> None:
    import requests

    from harvester.http.guarded_session import ended_after

    try:
        # Of the response only the status counts: its body is never read, because it may have no end.
        with (
            ended_after(POST_S),
            session.post(
                letter.recipient, json=post(letter), timeout=SECONDS, allow_redirects=False, stream=True
            ) as response,
        ):
            pass
        if not 200 <= response.status_code < 300:
            forget(catalog, letter)
            done.fail(letter, f"answered with {response.status_code}")
        else:
            done.sent += 1
    except requests.ConnectTimeout as error:
        forget(catalog, letter)
        done.fail(letter, type(error).__name__)
    except requests.RequestException as error:
        # The address may hold a secret, so only the kind of fault is shown.
        is_guarded = "is not a public address" in str(error)
        if isinstance(error, requests.ConnectionError) and (is_guarded or _was_never_connected(error)):
            forget(catalog, letter)
        done.fail(letter, "its address is not public" if is_guarded else type(error).__name__)
