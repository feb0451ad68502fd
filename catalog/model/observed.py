"""What we observed at an address ourselves, as opposed to what the publisher declares about it.

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
    """The result of requesting one address.

    ``outcome``: "ok" (2xx), "failing" (the server says that the address is gone, or its name does not exist), "broken"
    (failing for so many checks and days that it counts as confirmed), "invalid" (no request can be made from it: no
    scheme, spaces, a template), "unknown" (bot wall, time-out, robots.txt, server error, a fault of ours). The outcomes
    "unknown" and "failing" never count against the publisher.
    """

    url: str
    outcome: Outcome
    fault: str | None = None
    """Why it is not ok: a kind of ``harvester.http.faults``, such as "gone", "dns", "tls", "timeout", "blocked"."""
    detail: str | None = None
    """The fault in words; None if it is ok."""
    method: str | None = None
    """HTTP method of the request: HEAD or GET."""
    status: int | None = None
    final_url: str | None = None
    redirects: int = 0
    """Number of redirects followed."""
    redirect_chain: tuple[str, ...] = ()
    """Addresses that redirected, in order: each to the next one, and the last to ``final_url``."""
    content_type: str | None = None
    charset: str | None = None
    """Charset of the Content-Type, in lower case."""
    content_language: str | None = None
    script: str | None = None
    """Writing system of nearly all letters at the beginning of the file, if other than Latin: "Cyrillic"."""
    size_bytes: int | None = None
    """Content-Length or Content-Range as served, in bytes; None if the server did not say."""
    last_modified: str | None = None
    etag: str | None = None
    cors: str | None = None
    """Access-Control-Allow-Origin, from a request that named an origin. None if the header was not sent, or if no
    request with an origin got a response."""
    first_byte_ms: int | None = None
    """Milliseconds from the request to the first byte of its response."""
    elapsed_ms: int | None = None
    checked_at: str = ""
    """UTC instant, ISO 8601."""
    file_path: str | None = None
    """Path of the download, relative to the data folder; None if nothing was downloaded."""
    sha256: str | None = None
    """SHA-256 of the downloaded bytes, in hexadecimal; None if nothing was downloaded."""
    downloaded_bytes: int | None = None
    """Number of bytes downloaded."""
    is_truncated: bool = False
    """True if the download stopped at a cap: the file on disk is only the beginning."""
    sha256_undated: str | None = None
    """SHA-256 of the downloaded bytes without the dates and times near the moment of the download."""
    checksums: dict[str, str] = field(default_factory=dict)
    """Digests of the whole file by the algorithms that publishers declare for it: {"md5": "..."}."""
    declared_modified: str | None = None
    """The publisher's date of change of the file, as declared when the address was requested."""
    changed_at: str | None = None
    """When the data last changed, as far as known: UTC instant; a day if the publisher's date decided."""
    change_decided_by: ChangeSign | None = None
    """Which sign decided: the publisher's date, the server's, the length or the checksum. A change by length or
    checksum happened between ``unchanged_until`` and ``changed_at``, which is the check that saw it."""
    unchanged_until: str | None = None
    """UTC instant of the last check before the change that found the old data; only for a change by length or
    checksum."""
    is_changed: bool = False
    """True if the data had changed since the previous check."""
    is_volatile: bool = False
    """True if from check to check only a date or time of generation differs, so that the data did not change."""
    stable_checks: int = 0
    """Number of checks in a row, up to this one, with the same outcome and unchanged data; the first of them is not
    counted. It is 0 for a failed check."""
    next_check_at: str | None = None
    """UTC instant from which the address is due again."""
    failed_checks: int = 0
    """Failed checks in a row, this one included. Unknown ones are skipped."""
    failing_since: str | None = None
    """UTC instant of the first of these failed checks; None if the last known check did not fail."""
    tls_fault: str | None = None
    """Why the server's certificate cannot be verified; None if it can, or there is none."""
    tls_version: str | None = None
    """For example "TLSv1.3"; None without TLS."""
    certificate_expires_on: str | None = None
    """Last day of validity of the server's certificate, ISO 8601."""
    exchange: str | None = None
    """WARC-Record-ID of the response, if exchanges are archived."""

    @property
    def is_known(self) -> bool:
        """Return whether the check tells if the address works: True for the outcomes ok, broken and invalid.

        It is False for unknown, and for failing, which is not confirmed yet.
        """
        return self.outcome in ("ok", "broken", "invalid")
