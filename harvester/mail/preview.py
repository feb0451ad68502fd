"""Write what would be sent into a folder, so that a person reads it before anybody else does."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from catalog.exports.csvfile import guard
from catalog.exports.folders import folder_name
from catalog.repositories.sent import Letter
from harvester.mail.letters import NO_TOKEN, LetterSender, mail_of
from harvester.mail.mailing import Mailing
from specs.errors import SpecError

__all__ = ["write_preview"]

RECIPIENTS = "recipients.csv"
_OWN = re.compile(r"\d{3,}-[a-z0-9-]+")
_HEADER = ("folder", "channel", "recipient", "about", "language", "files", "held_back")


def write_preview(
    folder: Path,
    going: Sequence[Mailing],
    held: Sequence[tuple[Mailing, str]],
    posts: Sequence[Letter],
    exports: Path,
    sender: LetterSender,
) -> Path:
    """Write recipients, texts and files of all letters into ``folder``. Return the path of ``recipients.csv`` there.

    ``recipients.csv`` has a row for each mail and each post. Each mail has a folder of its own with ``letter.txt``, the
    mail as a whole (``letter.eml``, which mail programs open) and its attachments. ``going``: the mails that would be
    sent now. ``held``: those that would not, with the reason. ``posts``: what webhooks would get; of their addresses
    only the host is written, because the rest may be a secret. ``exports``: folder of the files to attach. ``sender``:
    who would sign and send the letters. No token is issued: :data:`~harvester.mail.letters.NO_TOKEN` stands in its
    place.

    The mails of an earlier preview in ``folder`` are deleted first. Raise SpecError if ``folder`` is a file, or holds
    something but no ``recipients.csv``.
    """
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if folder.exists() and not folder.is_dir() or there and RECIPIENTS not in there:
        raise SpecError(f"{folder}: holds something else than an earlier preview; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name in there:
        if _OWN.fullmatch(name):
            shutil.rmtree(folder / name)
    rows: list[tuple[str, ...]] = []
    for number, (one, why) in enumerate([*((one, "") for one in going), *held], 1):
        own = folder / f"{number:03}-{folder_name(one.letters[0].name)[:60]}"
        own.mkdir()
        mail = mail_of(one, exports, sender, NO_TOKEN)
        text = mail.get_body(("plain",))
        assert text is not None
        (own / "letter.txt").write_text(text.get_content(), "utf-8", newline="\n")
        (own / "letter.eml").write_bytes(mail.as_bytes())
        names = []
        for part in mail.iter_attachments():
            name = str(part.get_filename())
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            (own / name).write_bytes(content)
            names.append(name)
        about = "; ".join(letter.name for letter in one.letters)
        rows.append((own.name, "mail", one.recipient, about, one.language or "en", " ".join(names), why))
    rows += [("", "webhook", one.recipient.split("/")[2], one.name, one.language or "en", "", "") for one in posts]
    with (folder / RECIPIENTS).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([_HEADER, *(tuple(map(guard, row)) for row in rows)])
    return folder / RECIPIENTS
