"""Bring values into the short forms of ``catalog.db.schema.stored``."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from catalog.db.interned import keys_of, text_keys
from catalog.db.schema.forms import KEYS, Form

__all__ = ["short_rows", "short_run"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-f]{32}")
_MICROSECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", re.ASCII)
_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)


def _second(year: str, month: str | int, *rest: str) -> tuple[int, datetime]:
    at = datetime(int(year), int(month), *map(int, rest), tzinfo=UTC)  # type: ignore[misc,arg-type]
    return int(at.timestamp()), at


@lru_cache(maxsize=20_000)
def _instant(text: str) -> Any:
    try:
        second, at = _second(text[:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19])
    except ValueError:
        return text
    return second if at.strftime("%Y-%m-%dT%H:%M:%SZ") == text else text


@lru_cache(maxsize=20_000)
def _run(text: str) -> Any:
    try:
        second, at = _second(text[:4], text[4:6], text[6:8], text[9:11], text[11:13], text[13:15])
    except ValueError:
        return text
    return second if at.strftime("%Y%m%dT%H%M%SZ") == text else text


@lru_cache(maxsize=20_000)
def _http_date(text: str) -> Any:
    found = _HTTP_DATE.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        return text
    try:
        second, at = _second(found[3], _MONTHS.index(found[2]) + 1, found[1], *found.group(4, 5, 6))
    except ValueError:
        return text
    return second if text.startswith(_DAYS[at.weekday()]) else text


def _hex(text: str) -> Any:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return text
    # Blanks and capital letters would not come back.
    return found if found.hex() == text else text


def _uuid(text: str) -> Any:
    if len(text) == 36 and _UUID.fullmatch(text):
        return bytes.fromhex(text.replace("-", ""))
    return bytes.fromhex(text) + b"\0" if len(text) == 32 and _HEX.fullmatch(text) else text


@lru_cache(maxsize=20_000)
def _microsecond(text: str) -> Any:
    if not _MICROSECOND.fullmatch(text):
        return text
    try:
        second, _ = _second(text[:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19])
    except ValueError:
        return text
    return 1_000_000 * second + int(text[20:])


_SHORT: dict[Form, Callable[[str], Any]] = {
    Form.INSTANT: _instant,
    Form.RUN: _run,
    Form.HTTP_DATE: _http_date,
    Form.HEX: _hex,
    Form.UUID: _uuid,
    Form.MICROSECOND: _microsecond,
}


def short_run(run_id: str) -> int | str:
    """Return the id of a run in the form in which columns of the form ``Form.RUN`` hold it: seconds since 1970, or the
    id itself if it is no time."""
    found: int | str = _run(run_id)
    return found


def short_rows(
    conn: sqlite3.Connection, names: Sequence[str], rows: Iterable[Sequence[Any]], forms: Mapping[str, Form]
) -> list[list[Any]]:
    """Return rows with their values in the short forms in which their columns are stored. A value that does not have
    the form expected for its column is left as it is.

    ``names``: the columns of the rows. ``forms``: the forms by column; a column without one is left as it is. For a
    column of the form ``Form.URL``, ``names`` must include "url". A shared text or an id without a key gets a new one,
    so call it inside a transaction.
    """
    made = [list(row) for row in rows]
    named = [at for at, name in enumerate(names) if forms.get(name) in KEYS]
    if named:
        key_of = keys_of(conn, dict.fromkeys(row[at] for row in made for at in named))
        for row in made:
            for at in named:
                row[at] = key_of[row[at]]
    shared = [at for at, name in enumerate(names) if forms.get(name) is Form.TEXT]
    texts = dict.fromkeys(row[at] for row in made for at in shared if isinstance(row[at], str))
    keys = text_keys(conn, texts, "shared_texts") if texts else {}
    for at, name in enumerate(names):
        form = forms.get(name)
        if form is Form.URL:
            url = names.index("url")
            for row in made:
                row[at] = 1 if row[at] is not None and row[at] == row[url] else row[at]
            continue
        if form in KEYS:
            continue
        short = None if form is None else keys.__getitem__ if form is Form.TEXT else _SHORT[form]
        for row in made if short is not None else ():
            if isinstance(row[at], str):
                row[at] = short(row[at])  # type: ignore[misc]
    return made
