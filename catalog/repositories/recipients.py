"""Addresses that letters are sent to."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from specs.role_addresses import role_words

__all__ = [
    "STOP_LIST",
    "addresses_in",
    "is_address",
    "is_contact",
    "is_only_role",
    "is_role",
    "recipient_hash",
    "stop",
    "stopped",
]

_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def is_address(text: str | None) -> bool:
    """Return whether ``text`` is exactly one e-mail address, without a name or "mailto:"; False for None."""
    return bool(text and len(text) <= 254 and _ADDRESS.fullmatch(text))


def recipient_hash(recipient: str) -> str:
    """Return the SHA-256, in hexadecimal, of an address that letters are sent to.

    The address is hashed in lower case and without blanks around it. The catalogue is public, so it stores this hash
    and not the address.
    """
    return hashlib.sha256(recipient.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()


def addresses_in(text: str | None) -> tuple[list[str], list[str]]:
    """Return the e-mail addresses in a field for addresses, each once, and the pieces of it that are none.

    Several addresses may be separated by commas, semicolons or blanks; "mailto:" is removed.
    """
    pieces = dict.fromkeys(one.strip("<>").removeprefix("mailto:") for one in re.split(r"[,;\s]+", text or "") if one)
    return [one for one in pieces if is_address(one)], [one for one in pieces if not is_address(one)]


@lru_cache(maxsize=1024)
def is_contact(text: str | None, recipient: str | None) -> bool:
    """Return whether the e-mail address ``recipient`` is one of those in ``text``, a field for addresses.

    Capitals do not matter. Queries call it as ``is_contact(text, recipient)``.
    """
    return recipient_hash(recipient or "") in map(recipient_hash, addresses_in(text)[0])


_LONG_WORD = 5


_PLAIN_WORD = 6


def is_role(address: str) -> bool:
    """Return whether an e-mail address is that of an office ("opendata@", "info.stats@") and not of a person.

    That is judged by the words before the @, see ``specs/role_addresses.toml``. A word of that list with five letters
    or more may also be part of a longer word. An address without such a word counts as a person's.
    """
    return any(_is_of_role(part, _LONG_WORD) for part in _parts(address))


def is_only_role(address: str) -> bool:
    """Return whether nothing in an e-mail address can be a person's name, so that it may be published.

    Each word before the @ must be one of ``specs/role_addresses.toml``, contain one of at least six letters ("press" is
    also in "Pressman"), or be a word of the domain, as "kenya" is in "opendata.kenya@kenya.example". So it is stricter
    than :func:`is_role`, which decides where a letter may go: "info.jane.doe@" is an office's, but names a person.
    """
    domain = re.split(r"[^a-z]+", address.partition("@")[2].casefold())
    return is_role(address) and all(_is_of_role(part, _PLAIN_WORD) or part in domain for part in _parts(address))


def _parts(address: str) -> list[str]:
    name = unicodedata.normalize("NFKD", address.partition("@")[0].casefold())
    return [part for part in re.split(r"[^a-z]+", name.encode("ascii", "ignore").decode()) if part]


def _is_of_role(part: str, shortest: int) -> bool:
    """Return whether a word is one of the roles, or contains one of at least ``shortest`` letters."""
    words = role_words()
    return part in words or any(len(word) >= shortest and word in part for word in words)


STOP_LIST = "stop-list.txt"


def stopped(data: Path) -> frozenset[str]:
    """Return the hashes of the addresses that want no letters, from the stop list in the data folder ``data``."""
    path = data / STOP_LIST
    return frozenset(path.read_text("ascii").split()) if path.is_file() else frozenset()


def stop(data: Path, hashes: Iterable[str]) -> None:
    """Add hashes of addresses, as :func:`recipient_hash` returns them, to the stop list in the data folder ``data``.

    Nothing is ever removed from it. The list is replaced as a whole, so that a process that is killed leaves it intact.
    """
    path = data / STOP_LIST
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.writelines(f"{one}\n" for one in sorted(stopped(data) | set(hashes)))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
