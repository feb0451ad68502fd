"""Which letters go to one e-mail address in one mail, and where the files about them are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from catalog.exports.folders import folder_name, publisher_folder
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.sent import Letter

__all__ = ["Mailing", "folder_of", "mailings", "page_of", "start_of_names"]


@dataclass(frozen=True, slots=True)
class Mailing:
    """What one e-mail address gets: one mail with the scorecards of one or more governments and publishers."""

    letters: tuple[Letter, ...]
    """The news about each of them; at least one, all of one run and with the same recipient."""

    @property
    def recipient(self) -> str:
        """Return the e-mail address."""
        return self.letters[0].recipient

    @property
    def language(self) -> str | None:
        """Return the code of the language of the mail, that of the first letter; None means English."""
        return self.letters[0].language

    @property
    def run_id(self) -> str:
        """Return the id of the run that the scorecards are of."""
        return self.letters[0].run_id

    @property
    def governments(self) -> list[str]:
        """Return the names of the governments that the letters are about, or whose publishers they are about."""
        return list(dict.fromkeys(one.government for one in self.letters))

    @property
    def entities(self) -> list[tuple[str, str]]:
        """Return level ("government" or "publisher") and id of each entity that the letters are about."""
        return [(one.level, one.entity_id) for one in self.letters]


def mailings(letters: Iterable[Letter]) -> list[Mailing]:
    """Return one mail for each address in ``letters``, in the order of each address's first letter.

    Addresses that differ in capitals alone are the same.
    """
    found: dict[str, list[Letter]] = {}
    for one in letters:
        found.setdefault(recipient_hash(one.recipient), []).append(one)
    return [Mailing(tuple(own)) for own in found.values()]


def folder_of(letter: Letter, exports: Path) -> Path:
    """Return the folder below ``exports`` that holds the CSV files of the government or publisher in ``letter``."""
    folder = exports / folder_name(letter.government)
    if letter.level == "publisher":
        return folder / "publishers" / publisher_folder(letter.card["entity_name"], letter.entity_id)
    return folder


def page_of(letter: Letter, public_url: str | None) -> str | None:
    """Return the web address of the page about the government in ``letter``; None without ``public_url``."""
    return f"{public_url}/{quote(folder_name(letter.government))}/report.html" if public_url else None


def start_of_names(mailing: Mailing, folder: Path) -> str:
    """Return what the names of the files of ``folder`` begin with in a mail: its name and a hyphen if the mail has
    several scorecards, else ""."""
    return f"{folder.name}-" if len(mailing.letters) > 1 else ""
