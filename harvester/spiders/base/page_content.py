"""Hold one response while it is read: its JSON and its contents, so that they can be remembered."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from catalog.model import CachedResponse, HarvestError
from harvester.spiders.base.json_text import check_values, text_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scrapy.http import Response

__all__ = ["PageContent", "parse_json", "sha256_of"]

MAX_REMEMBERED = 1_000
"""Maximum number of errors in a remembered response; a response with more is read again every night."""


@dataclass(slots=True)
class PageContent:
    """Counts and identifiers of one response."""

    response: Response | None = None
    identifiers: list[str] = field(default_factory=list)
    errors: list[HarvestError] = field(default_factory=list)
    skipped: int = 0
    others: list[str] = field(default_factory=list)
    """Digests of the identifiers of skipped items."""
    lost: int = 0
    unidentified: int = 0
    outside: dict[str, int] = field(default_factory=dict)
    """Number of items passed over, by their kind."""
    nameless: list[dict[str, Any]] = field(default_factory=list)
    """Identity facts of records without identifier."""
    repeats: int = 0
    explained: int = 0
    """Number of repeats within this response; they hide no other record."""
    sha256: str | None = None
    _own: set[str] = field(default_factory=set)
    _taken: tuple[int, int, int, int] = (0, 0, 0, 0)

    def lose(self, is_unidentified: bool) -> None:
        """Count a record that cannot be kept."""
        if is_unidentified:
            self.unidentified += 1
        else:
            self.lost += 1

    def repeat(self, identifier: str) -> None:
        """Count an identifier that was seen before."""
        if len(self._own) != len(self.identifiers):
            self._own = set(self.identifiers)
        self.repeats += 1
        self.explained += identifier in self._own

    def remember(self, errors: list[HarvestError]) -> None:
        """Keep the errors, as long as the response can still be remembered."""
        self.errors += errors[: MAX_REMEMBERED + 1 - len(self.errors)]

    def taken(self) -> tuple[int, int, int, int]:
        """Return the numbers of lost, unidentified, repeated and explained records since the last call."""
        counts = (self.lost, self.unidentified, self.repeats, self.explained)
        new = tuple(now - then for now, then in zip(counts, self._taken, strict=True))
        self._taken = counts
        return new  # type: ignore[return-value]

    def cached(self, state: dict[str, Any]) -> CachedResponse | None:
        """Return the response to remember, with the spider's ``state``; None if it has too many errors."""
        response = self.response
        if response is None or response.status != 200 or len(self.errors) > MAX_REMEMBERED:
            return None
        own = {
            "skipped": self.skipped,
            "others": self.others,
            "lost": self.lost,
            "unidentified": self.unidentified,
            "outside": self.outside,
            "nameless": self.nameless,
            "repeats": self.repeats,
            "explained": self.explained,
            "errors": [asdict(error) for error in self.errors],
        }

        def header(name: str) -> str | None:
            value = response.headers.get(name)
            return value.decode("latin-1")[:1000] if value else None

        return CachedResponse(
            url=response.meta["asked"],
            etag=header("ETag"),
            last_modified=header("Last-Modified"),
            sha256=self.sha256 or hashlib.sha256(response.body).hexdigest(),
            identifiers=tuple(self.identifiers),
            state={"own": own, **state},
        )

    @classmethod
    def of(cls, known: CachedResponse) -> PageContent:
        """Rebuild the contents of a remembered response, as if it were read again."""
        own = known.state.get("own", {})
        return cls(
            identifiers=list(known.identifiers),
            errors=[HarvestError(**error) for error in own.get("errors", ())],
            skipped=own.get("skipped", 0),
            others=own.get("others", []),
            lost=own.get("lost", 0),
            unidentified=own.get("unidentified", 0),
            outside=own.get("outside", {}),
            nameless=own.get("nameless", []),
            repeats=own.get("repeats", 0),
            explained=own.get("explained", 0),
        )


_HUGE_NUMBER = re.compile(rb"[:\[,]\s*-?\d{19}")
"""Match numbers that the fast parser would round; an identifier may be among them."""


def parse_json(raw: bytes, charset: str | None = None, on_odd: Callable[[str], None] = lambda name: None) -> Any:
    """Return a body parsed as JSON; raise ValueError with a readable reason for HTML, empty, truncated or too deep
    bodies.

    ``charset`` is the encoding that the server states. ``on_odd`` is called with the name of an encoding other than
    UTF-8.
    """
    body = raw.lstrip()
    if body[:1] == b"<":
        raise ValueError("an HTML or XML page came where JSON was expected")
    if not body:
        raise ValueError("the answer is empty")
    check_values(body)
    try:
        if not _HUGE_NUMBER.search(body):
            return orjson.loads(body)
    except ValueError:
        # Byte-order marks, invalid UTF-8, lone surrogates and NaN: the standard library accepts them.
        pass
    text, odd = text_of(raw, charset)
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the answer is not valid JSON ({error}); it may be cut short") from None
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None
    if odd:
        on_odd(odd)
    return found


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex; an interrupted document is read on only if its hash is unchanged."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
