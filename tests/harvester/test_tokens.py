"""A letter's token names to whom it went, however mail programs write it, and cannot be read from the data folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from catalog.repositories.letter_tokens import FILE
from harvester.mail.tokens import VALID_DAYS, Holder, holder_of, issue, tokens_in, withdraw

ENTITIES = (("government", "Verdania"), ("publisher", "a/office"))


def test_a_token_names_to_whom_the_letter_went(tmp_path: Path) -> None:
    token = issue(tmp_path, "h1", ENTITIES, "r1")
    found = holder_of(tmp_path, token)
    assert found == Holder("h1", ENTITIES, "r1", found.issued_at if found else "")
    other = issue(tmp_path, "h2", ENTITIES[:1], "r2")
    assert other != token
    for text in (
        f"Re: Scorecard of Verdania [{token}]",
        f"<{token}.20261130@winnow.example>",
        f"> Reference: {token.upper()}.\r\n",
        token[:15] + "\u00ad" + token[15:],
        token[:15] + "=\r\n" + token[15:],
        token.replace("-", "\u2011"),
        f"'{token}",
    ):
        holder = holder_of(tmp_path, text)
        assert holder is not None and holder.recipient_hash == "h1", text
    # The last letter counts where a reply quotes two; a token of nobody does not.
    assert tokens_in(f"{token} {other} {token}") == [token, other]
    for text in ("", "winnow", f"{token}x", "winnow-bcdf-bcdf-bcdf-bcdf", f"{token}-bcdf"):
        assert holder_of(tmp_path, text) is None, text


def test_only_hashes_are_kept_and_for_a_year(tmp_path: Path) -> None:
    assert holder_of(tmp_path, "winnow-bcdf-bcdf-bcdf-bcdf") is None and not (tmp_path / FILE).exists()
    token = issue(tmp_path, "h1", ENTITIES, "r1")
    refused = issue(tmp_path, "h1", ENTITIES, "r1")
    withdraw(tmp_path, refused)
    assert holder_of(tmp_path, refused) is None and holder_of(tmp_path, token) is not None
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    assert token.encode() not in (tmp_path / FILE).read_bytes()
    with closing(sqlite3.connect(tmp_path / FILE)) as db, db:
        db.execute("update tokens set issued_at = datetime('now', ?)", (f"-{VALID_DAYS + 1} days",))
    assert holder_of(tmp_path, token) is None


def test_several_tokens_of_one_recipient_speak_for_all_their_governments(tmp_path: Path) -> None:
    first, second = issue(tmp_path, "h1", ENTITIES[:1], "r1"), issue(tmp_path, "h1", [("government", "Gamma")], "r2")
    foreign = issue(tmp_path, "h2", [("government", "Beta")], "r0")
    last = issue(tmp_path, "h1", ENTITIES[1:], "r3")
    found = holder_of(tmp_path, f"{first} {second} {foreign} {last}")
    assert found is not None and (found.recipient_hash, found.run_id) == ("h1", "r3")
    assert found.entities == (("government", "Gamma"), *ENTITIES)
