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

    from scrapy.http import Response

__all__ = ["PageContent", "parse_json"]

MAX_REMEMBERED = 1_000
"""Maximum number of errors in a remembered response; a response with more is read again every night."""


@dataclass(slots=True)
class PageContent:
    """What one response held: identifiers of its records, errors, and counts of records that were not stored.

    These data are stored with the response. If it comes again unchanged, it need not be parsed. ``skipped`` counts
    items that are no datasets, ``lost`` unreadable records, ``unidentified`` records without identifier, and
    ``repeats`` records whose identifier came before in this harvest. ``sha256`` is the hash of a body that was saved to
    disk; None means that :meth:`cached` computes it.
    """

    response: Response | None = None
    identifiers: list[str] = field(default_factory=list)
    errors: list[HarvestError] = field(default_factory=list)
    skipped: int = 0
    others: list[str] = field(default_factory=list)
    """Digests of the identifiers of items that are no datasets."""
    lost: int = 0
    unidentified: int = 0
    outside: dict[str, int] = field(default_factory=dict)
    """Number of listed items that are not readable records, by what they are."""
    nameless: list[dict[str, Any]] = field(default_factory=list)
    """Titles, file addresses and pages of records without identifier, for matching them to known datasets."""
    repeats: int = 0
    explained: int = 0
    """Number of repeats of an identifier that stands in this same response; such a repeat hides no other record."""
    sha256: str | None = None
    _own: set[str] = field(default_factory=set)
    _taken: tuple[int, int, int, int] = (0, 0, 0, 0)

    def lose(self, is_unidentified: bool) -> None:
        """Count a record that cannot be stored: one without identifier (``is_unidentified``) or an unreadable one."""
        if is_unidentified:
            self.unidentified += 1
        else:
            self.lost += 1

    def repeat(self, identifier: str) -> None:
        """Count a record whose ``identifier`` has come before in this harvest."""
        if len(self._own) != len(self.identifiers):
            self._own = set(self.identifiers)
        self.repeats += 1
        self.explained += identifier in self._own

    def remember(self, errors: list[HarvestError]) -> None:
        """Add ``errors`` to those stored with the response; those beyond MAX_REMEMBERED + 1 are dropped.

        A response with more than MAX_REMEMBERED errors is not stored; see :meth:`cached`.
        """
        self.errors += errors[: MAX_REMEMBERED + 1 - len(self.errors)]

    def taken(self) -> tuple[int, int, int, int]:
        """Return four numbers of records that were counted since the last call of this method.

        They are: unreadable records; records without identifier; records whose identifier has come before in this
        harvest; and, of the latter, those whose identifier has come before in the same response.
        """
        counts = (self.lost, self.unidentified, self.repeats, self.explained)
        new = tuple(now - then for now, then in zip(counts, self._taken, strict=True))
        self._taken = counts
        return new  # type: ignore[return-value]

    def cached(self, state: dict[str, Any]) -> CachedResponse | None:
        """Return the response in the form in which it is stored, so that the next harvest can skip it if unchanged.

        ``state`` are further JSON values that the spider needs then. Return None if there is no response, if its status
        is not 200, or if there are more than MAX_REMEMBERED errors; the next harvest then reads the response again.
        """
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
        """Return what the stored response ``known`` held, as if it had been parsed again now."""
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
    """Return ``raw``, the body of a response, parsed as JSON.

    ``charset`` is the encoding that the server states, or None. ``on_odd`` is called with the name of the encoding if
    that is not UTF-8. Raise ValueError with a readable reason if the body cannot be parsed: because it is empty, HTML,
    truncated, nested too deeply, of too many values, or otherwise no JSON.
    """
    body = raw.lstrip()
    if body[:1] == b"<":
        raise ValueError("an HTML or XML page came where JSON was expected")
    if not body:
        raise ValueError("the response is empty")
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
        raise ValueError(f"the response is not valid JSON ({error}); it may be cut short") from None
    except RecursionError:
        raise ValueError("the response is nested too deeply") from None
    if odd:
        on_odd(odd)
    return found
