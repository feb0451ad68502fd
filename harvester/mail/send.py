"""Send scorecards: by mail with the files attached, and as JSON to webhooks.

Each letter is recorded before it is sent, and the record is removed if the other side refuses it. Whatever happens
in between, nothing is sent twice for one run.
"""

from __future__ import annotations

import io
import re
import smtplib
import zipfile
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from catalog.db.store import Catalog
from catalog.exports.cards import day_of_run
from catalog.exports.cause_rows import fix_in_words
from catalog.exports.csvfile import write_csv
from catalog.exports.folders import SENT, folder_name, publisher_folder
from catalog.repositories.sent import Letter, forget, note
from catalog.repositories.withheld import DAYS
from harvester.http.guard import own_addresses
from harvester.http.proxies import check_name
from harvester.mail.smtp import LETTER_S, SmtpServer, connected, within
from specs.languages import Language, language

if TYPE_CHECKING:
    import requests

__all__ = [
    "Outcome",
    "SmtpServer",
    "folder_of",
    "is_divided",
    "mail_of",
    "message_of",
    "post",
    "send_mails",
    "send_webhooks",
]

ATTACHED_MAX = 5_000_000
"""Total bytes of files that are attached unpacked; more are packed."""
PACKED_MAX = 15_000_000
"""Bytes of an archive that mail servers still accept; beyond it the letter goes without the long file."""
PERSONAL = "personal.csv"
OTHERS = "findings-others.csv"
_KINDS = {".csv": "text/csv", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
SECONDS, POST_S = 30, 60.0
"""Seconds for each step of talking to a webhook, and for a whole post."""


@dataclass(slots=True)
class Outcome:
    """The result of sending messages: ``sent`` is the number of those sent, ``failed`` has a line for each other one.

    ``failed`` is None if no message failed.
    """

    sent: int = 0
    failed: list[str] | None = None

    def fail(self, letter: Letter, why: object) -> None:
        """Record that the scorecard message ``letter`` was not sent, with the reason ``why``."""
        self.failed = [*(self.failed or []), f"{letter.name} ({letter.channel}): {why}"]


def folder_of(letter: Letter, exports: Path) -> Path:
    """Return the folder below ``exports`` that holds the CSV files of the government or publisher in ``letter``."""
    folder = exports / folder_name(letter.government)
    if letter.level == "publisher":
        return folder / "publishers" / publisher_folder(letter.card["entity_name"], letter.entity_id)
    return folder


def mail_of(letter: Letter, exports: Path, server: SmtpServer) -> EmailMessage:
    """Return the e-mail for ``letter``, the news for one recipient, with the CSV files of the folder that
    :func:`folder_of` names attached.

    ``exports`` is the folder of all exported files; ``server`` gives sender and reply address. Line breaks in names are
    removed, so that they cannot add mail headers.
    """
    words = language(letter.language)
    mail = EmailMessage()
    score = words.number(letter.card.get("score")) if letter.card.get("score") is not None else words.phrase("no_score")
    mail["Subject"] = _line(words.phrase("mail_subject", name=letter.name, score=score))[:200]
    mail["From"], mail["To"] = server.sender, letter.recipient
    if server.reply_to:
        mail["Reply-To"] = server.reply_to
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = make_msgid(domain=server.sender.rpartition("@")[2] or "localhost")
    stop_at = server.reply_to or server.sender
    mail["List-Unsubscribe"] = f"<mailto:{stop_at}?subject=stop>"
    # Automatic responders do not answer such a mail (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    folder = folder_of(letter, exports)
    mail.set_content(message_of(letter, words, is_divided=is_divided(folder)))
    for name, content, kind in [*_attachments(folder, words.code), *_personal(letter)]:
        main, sub = kind.split("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    # Set last, because adding attachments moves content headers into the first part.
    mail["Content-Language"] = words.code
    return mail


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+", " ", text)


def is_divided(folder: Path) -> bool:
    """Return whether the findings of a government are in several files, because one file would be too long; then the
    government's own folder, ``folder``, has only those of publishers without a folder."""
    return (folder / OTHERS).is_file() and not (folder / "findings.csv").is_file()


def message_of(letter: Letter, words: Language, *, is_divided: bool = False) -> str:
    """Return the text of the e-mail for ``letter`` in the language ``words``: what changed, which fixes gain most, what
    is overdue, and how to reply.

    ``is_divided``: whether the findings are in several files, which the text then says; see the function of that name.
    """
    card = letter.card
    lines = [words.phrase("mail_hello"), ""]
    if letter.since_run is None:
        lines.append(words.phrase("mail_first", name=letter.name, count=card.get("findings_open") or 0))
    else:
        since = day_of_run(letter.since_run)
        lines.append(
            words.phrase("mail_since", name=letter.name, since=since, new=letter.new_count, fixed=letter.fixed_count)
        )
    if letter.fixes and not letter.fixes[0]["is_large"]:
        lines += ["", words.phrase("fixes_small")]
    elif letter.fixes:
        lines += ["", words.phrase("mail_top")]
        lines += [
            f"- {fix_in_words(words, fix)} "
            f"(+{words.number(fix['gain_points'], 2)}; {words.column('datasets')}: {fix['datasets']})"
            for fix in letter.fixes
            if fix["is_large"]
        ]
    if card.get("score") is not None:
        lines += ["", words.phrase("mail_score", score=words.number(card["score"]))]
        if (delta := card.get("score_delta")) is not None:
            key = "score_up" if delta > 0 else "score_down" if delta < 0 else "score_same"
            lines.append(words.phrase(key, by=words.number(abs(delta), 2), before=words.number(card["score_prev"])))
    if letter.overdue:
        lines += ["", words.phrase("mail_overdue"), *(_finding(one, words) for one in letter.overdue)]
    if letter.new and letter.since_run is not None:
        lines += ["", words.phrase("mail_new"), *(_finding(one, words) for one in letter.new)]
        if (more := letter.new_count - len(letter.new)) > 0:
            lines.append(words.phrase("mail_more_apart" if is_divided else "mail_more", count=more))
    if letter.withdrawn:
        lines += ["", words.phrase("mail_withdrawn"), *(_finding(one, words) for one in letter.withdrawn)]
        if (more := letter.withdrawn_count - len(letter.withdrawn)) > 0:
            lines.append(words.phrase("mail_withdrawn_more", count=more))
    if letter.personal:
        lines += ["", words.phrase("mail_personal", count=len(letter.personal), days=DAYS, file=PERSONAL)]
    if is_divided:
        lines += ["", words.phrase("mail_apart")]
    lines += ["", words.phrase("mail_answer"), "", words.phrase("mail_end")]
    return "\n".join(map(_line, lines)) + "\n"


def _finding(one: dict[str, Any], words: Language) -> str:
    promised = f"{one['promised_on']}: " if one.get("promised_on") else ""
    address = f" {one['resource_url']}" if one["resource_url"] else ""
    return f"- {promised}{one['title'] or '–'}: {words.fix(one['rule_id'], one['field'], one['how_to_fix'])}{address}"


def _personal(letter: Letter) -> list[tuple[str, bytes, str]]:
    """Return the attachment that is in no folder: the list of places with suspected personal data."""
    if not letter.personal:
        return []
    with TemporaryDirectory(prefix="winnow-") as folder:
        path = Path(folder) / PERSONAL
        write_csv(path, SENT["findings"].column, SENT["findings"].key, letter.personal)
        return [(PERSONAL, path.read_bytes(), "text/csv")]


def _attachments(folder: Path, code: str) -> list[tuple[str, bytes, str]]:
    names = ["scorecard.csv", "causes.csv", "findings.csv", OTHERS, PERSONAL, "rules.csv", "commitments.csv"]
    # A language that the export did not write has no files of its own; the workbooks then have the words for people.
    translated = [f"{stem}.{code}.csv" for stem in ("scorecard", "causes", "findings")]
    names += [name for name in translated if (folder / name).is_file()]
    names += [] if f"findings.{code}.csv" in names else ["causes.xlsx", "findings.xlsx"]
    found = [(name, (folder / name).read_bytes()) for name in names if (folder / name).is_file()]
    if sum(len(content) for _, content in found) <= ATTACHED_MAX:
        return [(name, content, _KINDS[Path(name).suffix]) for name, content in found]
    while found:
        packed = _packed(found)
        if len(packed) <= PACKED_MAX:
            return [("winnow.zip", packed, "application/zip")]
        found.remove(max(found, key=lambda one: len(one[1])))
    return []


def _packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in files:
            pack.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def send_mails(catalog: Catalog, letters: Iterable[Letter], exports: Path, server: SmtpServer) -> Outcome:
    """Send ``letters`` by e-mail over one connection to ``server``. Return how many were sent and which failed.

    Each is recorded in ``catalog``, and one already recorded for this run is skipped. A letter that the server refuses
    is not recorded. One that fails in another way is, since it may have gone out. If the connection is lost, the
    letters after it count as failed and are not recorded. ``exports`` is the folder of the files to attach. Raise
    OSError if no connection with login can be made, see :func:`~harvester.mail.smtp.connected`.
    """
    done = Outcome()
    waiting = list(letters)
    if not waiting:
        return done
    with connected(server) as connection:
        for letter in waiting:
            if connection.sock is None:
                # Certainly not sent: it is left for the next time.
                done.fail(letter, "the connection was lost before; run winnow send again")
            elif note(catalog, letter):
                _hand_in(catalog, connection, letter, mail_of(letter, exports, server), done)
    return done


def _hand_in(catalog: Catalog, connection: smtplib.SMTP, letter: Letter, mail: EmailMessage, done: Outcome) -> None:
    try:
        with within(connection, LETTER_S):
            connection.send_message(mail)
        done.sent += 1
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
        # The server refused it, so it was not sent.
        forget(catalog, letter)
        done.fail(letter, error)
        with suppress(smtplib.SMTPException, OSError):
            connection.rset()
    except (smtplib.SMTPException, OSError) as error:
        # Nobody knows whether it was sent; rather lose one than send it twice.
        done.fail(letter, f"{error}; it may have gone out, and is not sent again for this run")


def post(letter: Letter) -> dict[str, Any]:
    """Return the JSON object that a webhook receives for ``letter``: scores, counts, and the findings that are new or
    withdrawn."""
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
        "promises_overdue": len(letter.overdue),
        "new": [{name: one[name] for name in finding} for one in letter.new],
        "withdrawn": [{name: one[name] for name in finding} for one in letter.withdrawn],
    }


def send_webhooks(catalog: Catalog, letters: Iterable[Letter], *, proxy: str | None = None) -> Outcome:
    """Post ``letters`` to their webhooks as JSON. Return how many were sent and which failed.

    Each is recorded in ``catalog``, and one already recorded for this run is skipped. ``proxy`` is the address of an
    HTTP proxy; None means a direct connection. A response other than 2xx, or a refused connection, counts as failed and
    is tried again when scorecards are next sent. A letter that fails in another way is not, since it may have arrived.

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
        if isinstance(error, requests.ConnectionError) and (is_guarded or "refused" in str(error)):
            forget(catalog, letter)
        done.fail(letter, "its address is not public" if is_guarded else type(error).__name__)
