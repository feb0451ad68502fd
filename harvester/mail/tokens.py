"""Tokens of letters: a secret in each letter that a reply quotes, by which we know that its writer got the letter.

A token is ``winnow-`` and four groups of four letters, such as ``winnow-bcdf-ghjk-lmnp-qrst``: 16 random consonants
(69 bits), which no spreadsheet takes for a number and no hyphenation changes. It stands in the text, the subject and
the Message-ID of the letter, so a reply has it in its own subject, in ``In-Reply-To`` or ``References``, or quoted.
The data folder keeps only its SHA-256 (:mod:`catalog.repositories.letter_tokens`): who reads the folder or a backup
cannot answer in the name of a ministry.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from catalog.repositories.letter_tokens import VALID_DAYS, Holder, delete, find, keep

__all__ = ["VALID_DAYS", "Holder", "holder_of", "issue", "tokens_in", "withdraw"]

_LETTERS = "bcdfghjklmnpqrstvwxz"
_TOKEN = re.compile(rf"winnow-[{_LETTERS}]{{4}}(?:-[{_LETTERS}]{{4}}){{3}}(?![a-z-])", re.IGNORECASE)
_SOFT = re.compile("[\u00ad\u200b\u2060\ufeff]|=\r?\n")
"""What mail programs put into long words: soft hyphens, invisible spaces, quoted-printable line ends."""
_DASHES = re.compile("[\u2010-\u2015\u2212]")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def issue(data: Path, recipient_hash: str, entities: Sequence[tuple[str, str]], run_id: str) -> str:
    """Return a new token for one letter, and store its hash in the data folder ``data``.

    ``recipient_hash``, ``entities`` and ``run_id`` are as in :class:`Holder`. Call :func:`withdraw` if the letter was
    refused. The token is accepted for ``VALID_DAYS`` days.
    """
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    token = "-".join(("winnow", *(letters[at : at + 4] for at in range(0, 16, 4))))
    keep(data, _hash(token), recipient_hash, entities, run_id)
    return token


def withdraw(data: Path, token: str) -> None:
    """Make ``token`` invalid, because the letter with it was not sent. ``data`` is the data folder."""
    delete(data, _hash(token))


def tokens_in(text: str) -> list[str]:
    """Return what looks like tokens in ``text`` (a subject, a header, the body of a mail, a cell), each once, in the
    order of the text and as :func:`issue` returned them.

    Capitals, soft hyphens, line ends of quoted-printable and typographic dashes, which programs put in, do not matter.
    """
    plain = _DASHES.sub("-", _SOFT.sub("", text))
    return list(dict.fromkeys(one.lower() for one in _TOKEN.findall(plain)))


def holder_of(data: Path, text: str) -> Holder | None:
    """Return to whom the letter went whose token stands in ``text``; None if no token in it was issued from the data
    folder ``data`` in the last ``VALID_DAYS`` days.

    ``text`` is a token, or anything that may quote one, see :func:`tokens_in`. Of several valid tokens, the last one
    issued counts, with the governments and publishers of all others of the same recipient. Only the first 20 are looked
    up: a hostile text may have any number.
    """
    found = [holder for one in tokens_in(text)[:20] if (holder := find(data, _hash(one))) is not None]
    last = max(found, key=lambda holder: holder.issued_at, default=None)
    if last is None:
        return None
    entities = {pair: None for one in found if one.recipient_hash == last.recipient_hash for pair in one.entities}
    return replace(last, entities=tuple(sorted(entities)))
