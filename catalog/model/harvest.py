"""What a harvest yields: records with the payload they were read from, the pages they came in, and what was lost.

Spiders make these; :mod:`catalog.repositories.harvests` and :mod:`catalog.repositories.records` store them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from catalog.model.dcat import Dataset

__all__ = [
    "CachedResponse",
    "HarvestError",
    "HarvestPage",
    "Record",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A dataset in the form of the catalogue, with the raw record that a spider made it from."""

    dataset: Dataset
    raw: Any
    """The record as received, parsed from JSON (or text if the portal does not send JSON)."""
    url: str
    """Address of the response that contained the record."""
    pointer: str
    """JSON pointer of the record in that response."""
    raw_hash: str
    """SHA-256 of the raw record without volatile fields, see :func:`catalog.model.canonical.record_hash`."""
    exchange: str | None = None
    """WARC-Record-ID of the response in the archive; None if the run is not archived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestError:
    """A fault in a portal's response, or something odd in it: ``message`` says what, ``remedy`` what to do about it.

    ``url``, ``pointer``, ``record_id`` and ``title`` say where it is; each is None if not known.
    """

    kind: str
    """A short code: "record", "duplicate", "identifier", "page", "dns", "tls", "timeout", "blocked", ..."""
    message: str
    remedy: str
    url: str | None = None
    record_id: str | None = None
    title: str | None = None
    pointer: str | None = None
    value: str | None = None
    """The offending value, cut at 500 characters."""
    is_lost: bool = True
    """True if a record was lost with it; False if the record was kept and is only odd."""
    is_fatal: bool = False
    """True if the rest of the portal could not be read because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedResponse:
    """What is stored about a response of a portal: its ETag, date and hash, and the datasets that were in it.

    The next harvest uses it for a conditional request (If-None-Match, If-Modified-Since), and does not read the
    response again if it is unchanged.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    sha256: str | None = None
    identifiers: tuple[str, ...] = ()
    """The portal's identifiers of the datasets in the response."""
    state: dict[str, Any] = field(default_factory=dict)
    """What the spider needs to continue after this response without reading it; JSON values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestPage:
    """What a spider read from one response of a portal. It is written to the catalogue as one transaction."""

    records: tuple[Record, ...] = ()
    errors: tuple[HarvestError, ...] = ()
    unchanged: tuple[str, ...] = ()
    """Identifiers of datasets that a response confirms without sending them again."""
    response: CachedResponse | None = None
    checkpoint: dict[str, Any] | None = None
    """What the spider needs to continue after this page, as JSON values; None leaves the stored checkpoint
    unchanged."""
