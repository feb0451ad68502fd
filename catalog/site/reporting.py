"""Take in what the form at ``/report`` sends: bounded, sealed by the server, and read by a person before it counts."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer

from catalog.repositories.inbox import InboxFullError, put
from catalog.site.pages.page import SiteOptions, Visit
from specs.languages import Language

__all__ = ["BODY_MAX", "ID_MAX", "TooLargeError", "about", "is_from_elsewhere", "new_seal", "read_body", "take_report"]

ID_MAX = 200
"""Characters of an id that is looked for."""
BODY_MAX = 20_000
"""Bytes of a form that are read."""
_SEAL_SECONDS = 86_400
"""Time for which a form may be sent."""
_SECRET = secrets.token_bytes(32)
"""Made anew with each start of the server: nobody else can make a form, and nothing about visitors outlives it."""
_SEALS = URLSafeTimedSerializer(_SECRET, salt="winnow-report")


def about(visit: Visit, key: str) -> tuple[str | None, str | None]:
    """Return the id and the title of the dataset that the dataset or finding with the id ``key`` is about; None and the
    sentence of a cause's first finding for a cause, or the title of a promise; None and None for an unknown id."""
    row = visit.row(
        """select id, coalesce(title, identifier, id) as title from datasets where id = :key
           union all select d.id, coalesce(d.title, d.identifier, d.id) from findings f
             join datasets d on d.id = f.dataset_id where f.id = :key
           union all select null, coalesce(rule_title, rule_id) from causes where id = :key
           union all select null, coalesce(title, id) from commitments where id = :key limit 1""",
        key=key[:ID_MAX],
    )
    return (row["id"], row["title"]) if row else (None, None)


class TooLargeError(Exception):
    """Raised if a request has a longer body than BODY_MAX."""


def new_seal() -> str:
    """Return a value for the hidden field ``seal`` of the form, which shows that this server made it."""
    return str(_SEALS.dumps(""))


def is_from_elsewhere(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether a browser says that a form was sent by a page of another site. ``headers``: those of the request,
    their names in lower case."""
    given = {name: value.decode("latin-1") for name, value in headers}
    origin = given.get(b"origin")
    sent_by = given.get(b"sec-fetch-site", "same-origin")
    return sent_by not in ("same-origin", "none") or (
        origin not in (None, "null") and urlsplit(origin or "").netloc != given.get(b"host")
    )


async def read_body(receive: Any) -> bytes:
    """Return the body of a request, read through the ASGI function ``receive``.

    Raise TooLargeError if it is longer than BODY_MAX, and ConnectionError if the visitor left before its end.
    """
    body = b""
    while True:
        event = await receive()
        body += bytes(event.get("body", b""))
        if len(body) > BODY_MAX:
            raise TooLargeError
        if event["type"] != "http.request":
            raise ConnectionError("the visitor left")
        if not event.get("more_body"):
            return body


def take_report(
    conn: sqlite3.Connection, options: SiteOptions, words: Language, body: bytes, address: str
) -> tuple[int, str]:
    """Store a form in the inbox. Return status 303 and the path of the page that tells what becomes of it; or the
    status of an error and the key of the phrase that says what is wrong.

    ``body``: bytes of the form. ``address``: of the visitor, of which only a hash with a secret of this process is
    kept, for a day.
    """
    if options.inbox is None:
        return 404, "report.closed"
    try:
        form = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20))
        _SEALS.loads(form.get("seal", ""), max_age=_SEAL_SECONDS)
    except (ValueError, BadData):
        return 400, "report.expired"
    key, text = form.get("about", "").strip(), form.get("text", "").strip()
    if not text:
        return 400, "report.no_text"
    if about(Visit(conn, words, options), key)[1] is None:
        return 400, "report.unknown"
    day = datetime.now(UTC).date().isoformat()
    sender = hashlib.sha256(_SECRET + f"{day} {address}".encode()).hexdigest()[:16]
    try:
        message = put(
            Path(options.inbox),
            about=key,
            text=text,
            name=form.get("name", "").strip() or None,
            is_name_public=form.get("consent") == "yes",
            token=form.get("token", "").strip() or None,
            sender=sender,
        )
    except InboxFullError:
        return 429, "report.full"
    return 303, f"/report/{message}"
