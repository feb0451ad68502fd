"""Take apart a mail from a stranger, in a bounded child: who it claims to be from, what it quotes, and its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path, PurePath
from typing import Any

from harvester.bounded import BoundedChild

__all__ = ["Attachment", "Mail", "mail_reader", "read"]

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

    ``sender``: the address in ``From``, "" if there is not exactly one. ``message_id``: "" if it has none. ``text``:
    subject, references and text, which may quote a token. ``evidence``: results of DKIM, SPF and DMARC as the last mail
    server noted them, such as "dkim=pass spf=pass"; "" if it noted none. ``left_out``: number of files that are of
    another kind, too large or too many.
    """

    sender: str
    message_id: str
    text: str
    evidence: str
    files: tuple[Attachment, ...]
    left_out: int


def read(document: Path, *, folder: str) -> dict[str, Any]:
    """Parse the mail in the file ``document``, write its attachments into ``folder``, and return the fields of
    :class:`Mail` as a JSON object. Runs in a child process of :func:`mail_reader`."""
    with document.open("rb") as file:
        mail = BytesParser(policy=policy.default).parse(file)
    if not isinstance(mail, EmailMessage):
        raise ValueError("it is no mail")
    # With two headers, mail servers may have checked one and people see the other.
    senders = [address for header in mail.get_all("from") or [] for address in header.addresses]
    files: list[tuple[str, str]] = []
    left_out = 0
    text = [_header(mail, name) for name in ("subject", "in-reply-to", "references")]
    for part in _parts(mail, DEPTH_MAX):
        name = part.get_filename() or ""
        if part.get_content_maintype() == "text" and not name:
            text.append(_text(part))
            continue
        ending = PurePath(name.lower()).suffix
        content = part.get_payload(decode=True)
        if ending not in KINDS or not isinstance(content, bytes) or len(content) > FILE_MAX or len(files) == FILES_MAX:
            left_out += 1
            continue
        path = Path(folder) / f"{len(files)}{ending}"
        path.write_bytes(content)
        files.append((name[:200], str(path)))
    return {
        "sender": senders[0].addr_spec[:254] if len(senders) == 1 else "",
        "message_id": _header(mail, "message-id"),
        "text": "\n".join(text)[:TEXT_MAX],
        "evidence": _evidence(_header(mail, "authentication-results")),
        "files": files,
        "left_out": left_out,
    }


def _header(mail: EmailMessage, name: str) -> str:
    # Of several, the first was added last, by the operator's own server.
    found = mail.get_all(name) or [""]
    return str(found[0])[:5_000]


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


def _evidence(header: str) -> str:
    """Return the results in a header Authentication-Results (RFC 8601) as "dkim=pass spf=fail"; comments and details
    are left out."""
    plain = re.sub(r"\([^()]*\)", " ", header)
    found = re.findall(r"(?:^|;)\s*(dkim|spf|dmarc)\s*=\s*([a-z]{1,12})\b", plain, re.IGNORECASE)
    return " ".join(dict.fromkeys(f"{name.lower()}={result.lower()}" for name, result in found[:10]))


@contextmanager
def mail_reader() -> Iterator[Callable[[Path, Path], Mail]]:
    """Yield a function that reads the mail in a file in a child process, because it comes from strangers.

    It is called with the path of the mail and with an empty folder, into which it writes the attachments. It raises
    ValueError if the mail cannot be read within the limits of the child. The child ends with the ``with`` block.
    """
    with BoundedChild("harvester.mail.mail_file:read", seconds=SECONDS, file_bytes=FILE_MAX) as child:

        def read_one(path: Path, folder: Path) -> Mail:
            found = child.call(path, folder=str(folder))
            files = tuple(Attachment(name, Path(place)) for name, place in found.pop("files"))
            return Mail(**found, files=files)

        yield read_one
