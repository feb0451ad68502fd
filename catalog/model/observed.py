"""What we observed of an address ourselves, as against what the publisher declares of it.

The checks of ``harvester.checks`` make these, and :mod:`catalog.repositories.checks` stores them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "ChangeSign",
    "Outcome",
    "ResourceCheck",
]


Outcome = Literal["ok", "failing", "broken", "unknown", "invalid"]
ChangeSign = Literal["harvest_date", "last_modified", "length", "checksum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCheck:
    """What one address answered.

    ``outcome`` is the verdict on the address: "ok" (2xx), "failing" (the server says it is not there, or its name
    does not exist), "broken" (failing for so many checks and days that it can be said), "invalid" (no request can be
    made of it: no scheme, spaces, a template), "unknown" (bot wall, time-out, robots, server error, a fault of ours).
    Unknown and failing are no observation yet, and never a failure.
    """

    url: str
    outcome: Outcome
    fault: str | None = None
    """Why it is not ok: a kind of ``harvester.http.faults``, such as "gone", "dns", "tls", "timeout", "blocked"."""
    detail: str | None = None
    method: str | None = None
    status: int | None = None
    final_url: str | None = None
    redirects: int = 0
    redirect_chain: tuple[str, ...] = ()
    """Addresses that led on to the next one, in their order; the last one is ``final_url``."""
    content_type: str | None = None
    charset: str | None = None
    """Of the Content-Type, in lower case."""
    content_language: str | None = None
    script: str | None = None
    """Writing system of nearly all letters at the beginning of the file, where it is other than Latin: "Cyrillic"."""
    size_bytes: int | None = None
    """Content-Length or Content-Range as served; None where the server did not say."""
    last_modified: str | None = None
    etag: str | None = None
    cors: str | None = None
    """Access-Control-Allow-Origin, as answered to a request that named an origin. None where the header was not sent,
    or no request with an origin was answered."""
    first_byte_ms: int | None = None
    """Milliseconds from the request to the first byte of its answer."""
    elapsed_ms: int | None = None
    checked_at: str = ""
    """UTC instant, ISO 8601."""
    file_path: str | None = None
    """Where the download lies, relative to the data folder; None where nothing was downloaded."""
    sha256: str | None = None
    downloaded_bytes: int | None = None
    is_truncated: bool = False
    """True where the download stopped at a cap: what is there is the beginning of the file."""
    sha256_undated: str | None = None
    """SHA-256 of the bytes downloaded without the dates and times near the moment of the download."""
    checksums: dict[str, str] = field(default_factory=dict)
    """Digests of the whole file by the algorithms that publishers declare for it: {"md5": "..."}."""
    declared_modified: str | None = None
    """The publisher's date of change of the file, as it was declared when the address was asked."""
    changed_at: str | None = None
    """When the data last changed, as far as can be told: UTC instant; a day where the publisher's date decided."""
    change_decided_by: ChangeSign | None = None
    """What told: the publisher's date, the server's, the length or the checksum. A change by length or checksum took
    place between ``unchanged_until`` and ``changed_at``, which is the check that saw it."""
    unchanged_until: str | None = None
    """The check before the one that saw a change by length or checksum."""
    is_changed: bool = False
    """True where the data had changed since the check before."""
    is_volatile: bool = False
    """True where the bytes differ from check to check in nothing but a date or time of making: no change of data."""
    stable_checks: int = 0
    """Checks in a row with the same answer, beside the first of them."""
    next_check_at: str | None = None
    """UTC instant from which on the address is asked again."""
    failed_checks: int = 0
    """Checks in a row that failed, this one included. Unknown ones are passed over."""
    failing_since: str | None = None
    """UTC instant of the first of them."""
    tls_fault: str | None = None
    """Why the server's certificate cannot be verified; None where it can, or there is none."""
    tls_version: str | None = None
    """Such as "TLSv1.3"; None where the address is not asked over TLS."""
    certificate_expires_on: str | None = None
    """Last day of the server's certificate, ISO 8601."""
    exchange: str | None = None
    """WARC-Record-ID of the answer, where exchanges are archived."""

    @property
    def is_known(self) -> bool:
        """Whether the check says anything of the address."""
        return self.outcome in ("ok", "broken", "invalid")
