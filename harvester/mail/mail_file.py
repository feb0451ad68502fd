"""Take apart a mail from a stranger, in a bounded child: who it claims to be from, what it quotes, and its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path, PurePath
from typing import Any

from catalog.db.rows import plain
from catalog.repositories.recipients import is_address
from harvester.bounded import BoundedChild
from harvester.mail.evidence import evidence_of

__all__ = ["KINDS", "Attachment", "Mail", "mail_reader", "read"]

KINDS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".ods", ".xls")
"""Ends of file names under which replies come back; files of other kinds are not looked at."""
FILES_MAX, FILE_MAX = 10, 15_000_000
"""Attachments of a mail that are read, and bytes of each."""
TEXT_MAX = 100_000
"""Characters of subject, headers and text that are searched for a token."""
DEPTH_MAX = 10
SECONDS = 15.0
"""Seconds for taking one mail apart."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail. ``name``: as the sender called it, for messages only. ``path``: where its content is now."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, as far as it matters.

    ``sender``: the address in ``From``, "" if there is not exactly one such header with exactly one address.
    ``message_id``: "" if it has none. ``text``: subject, references and text, which may quote a token. ``evidence``:
    results of DKIM, SPF and DMARC, see :func:`harvester.mail.evidence.evidence_of`. ``left_out``: name of each file
    that was not read, and why: it is of another kind, too large, or one too many. Pictures and signatures are not
    listed there: mail programs add them. All texts can be stored as UTF-8.
    """

    sender: str
    message_id: str
    text: str
    evidence: str
    files: tuple[Attachment, ...]
    left_out: tuple[tuple[str, str], ...]


def read(document: Path, *, folder: str, authserv_id: str | None = None) -> dict[str, Any]:
    """Parse the mail in the file ``document``, write its attachments into ``folder``, and return the fields of
    :class:`Mail` as a JSON object. ``authserv_id``: as in :func:`harvester.mail.evidence.evidence_of`. Runs in a child
    process of :func:`mail_reader`."""
    with document.open("rb") as file:
        mail = BytesParser(policy=policy.default).parse(file)
    if not isinstance(mail, EmailMessage):
        raise ValueError("it is no mail")
    files: list[tuple[str, str]] = []
    left_out: list[tuple[str, str]] = []
    text = [_header(mail, name) for name in ("subject", "in-reply-to", "references")]
    for part in _parts(mail, DEPTH_MAX):
        name = str(plain((part.get_filename() or "")[:200]))
        if part.get_content_maintype() == "text" and not name:
            text.append(_text(part))
            continue
        ending = PurePath(name.lower()).suffix
        content = part.get_payload(decode=True)
        why = None
        if ending not in KINDS or not isinstance(content, bytes):
            why = "of a kind that is not read"
        elif len(content) > FILE_MAX:
            why = f"more than {FILE_MAX:,} bytes"
        elif len(files) == FILES_MAX:
            why = f"more than {FILES_MAX} files"
        else:
            path = Path(folder) / f"{len(files)}{ending}"
            path.write_bytes(content)
            files.append((name, str(path)))
        if why and not _is_trimming(part):
            left_out.append((name or part.get_content_type(), why))
    return {
        "sender": _sender(mail),
        "message_id": _header(mail, "message-id"),
        "text": str(plain("\n".join(text)[:TEXT_MAX])),
        "evidence": evidence_of([str(one) for one in mail.get_all("authentication-results") or []], authserv_id),
        "files": files,
        "left_out": left_out,
    }


def _sender(mail: EmailMessage) -> str:
    """Return the address in the only header From, or "": of two, nobody knows which one mail programs show."""
    headers = mail.get_all("from") or []
    addresses = [one.addr_spec for one in headers[0].addresses] if len(headers) == 1 else []
    return addresses[0] if len(addresses) == 1 and is_address(addresses[0]) else ""


def _is_trimming(part: EmailMessage) -> bool:
    return part.get_content_maintype() == "image" or part.get_content_type().endswith("-signature")


def _header(mail: EmailMessage, name: str) -> str:
    found = mail.get_all(name) or [""]
    return str(plain(str(found[0])[:5_000]))


def _parts(mail: EmailMessage, depth: int) -> Iterator[EmailMessage]:
    """Yield the parts that hold content; those of a mail inside the mail, such as one that bounced, are left out."""
    if mail.get_content_maintype() != "multipart":
        if mail.get_content_maintype() != "message":
            yield mail
        return
    for part in mail.iter_parts():
        if depth and isinstance(part, EmailMessage):
            yield from _parts(part, depth - 1)


def _text(part: EmailMessage) -> str:
    content = part.get_payload(decode=True)
    # A token is of ASCII letters: the encoding does not matter.
    return content.decode("utf-8", "replace")[:TEXT_MAX] if isinstance(content, bytes) else ""


@contextmanager
def mail_reader(authserv_id: str | None = None) -> Iterator[Callable[[Path, Path], Mail]]:
    """Yield a function that reads the mail in a file in a child process, because it comes from strangers.

    It is called with the path of the mail and with an empty folder, into which it writes the attachments. It raises
    TooMuchError if the mail takes more than the child may use, and ValueError if it cannot be read. The child ends with
    the ``with`` block. ``authserv_id``: as in :func:`harvester.mail.evidence.evidence_of`.
    """
    with BoundedChild("harvester.mail.mail_file:read", seconds=SECONDS, file_bytes=FILE_MAX) as child:

        def read_one(path: Path, folder: Path) -> Mail:
            found = child.call(path, folder=str(folder), authserv_id=authserv_id)
            files = tuple(Attachment(name, Path(place)) for name, place in found.pop("files"))
            left_out = tuple((name, why) for name, why in found.pop("left_out"))
            return Mail(**found, files=files, left_out=left_out)

        yield read_one
