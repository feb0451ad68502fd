"""Turn a response, or a fault, into the stored check of an address."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.db.store import now
from catalog.model import ResourceCheck
from catalog.repositories.targets import CheckTarget
from harvester.checks.changes import undated_digest
from harvester.http import faults
from harvester.http.download import SavedBody
from quality.evidence.script import script_of
from quality.tables.read.declared_format import charset_of
from specs.credentials import mask

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["as_before", "is_unchanged", "of_response", "of_fault", "with_file"]


def _header(response: Response, name: bytes) -> str | None:
    """Return a header by its name as Scrapy stores it: b"Etag", b"Content-Type"."""
    # Scrapy's own access converts the name and all values each time.
    values: list[bytes] | None = dict.get(response.headers, name)
    return values[-1].decode("latin-1").strip()[:500] or None if values else None


def _size(response: Response) -> int | None:
    if _header(response, b"Content-Encoding") not in (None, "identity"):
        # This is the length of the packed body, not of the file.
        return None
    total = re.search(r"/(\d+)$", _header(response, b"Content-Range") or "")
    if total is None and response.status == 206:
        # This is the length of a part.
        return None
    length = total.group(1) if total else _header(response, b"Content-Length")
    return int(length) if length and length.isdigit() else None


def of_response(
    target: CheckTarget, response: Response, saved: SavedBody | None, data: Path, cors: str | None = None
) -> ResourceCheck:
    """Return the result of checking the address in ``target``, whose server responded with success.

    ``saved`` is the body saved from ``response``, or None if only headers were requested. ``data`` is the data folder,
    to which the stored file path is relative. ``cors`` is the Access-Control-Allow-Origin header of an earlier HEAD
    request; it is used if ``response`` has none. A body sent with status 206 counts as cut off, unless it is the whole
    file.
    """
    redirects = response.meta.get("redirect_urls") or []
    file: dict[str, Any] = {}
    if saved is not None:
        total = _size(response)
        if response.status == 206 and (total is None or saved.size_bytes < total):
            # A range, requested or not; if the total is not stated, the file may be longer.
            saved = replace(saved, cut="size", checksums={})
        file = {
            "file_path": str(saved.path.relative_to(data)),
            "sha256": saved.sha256,
            "downloaded_bytes": saved.size_bytes,
            "is_truncated": saved.cut is not None,
            "sha256_undated": undated_digest(saved.path, response.meta["responded_at"]) if saved.cut is None else None,
            "checksums": saved.checksums,
            "script": script_of(response.body),
        }
    content_type = _header(response, b"Content-Type")
    return ResourceCheck(
        url=target.url,
        outcome="ok",
        method=str(response.request.method) if response.request else None,
        status=response.status,
        final_url=mask(response.url),
        redirects=len(redirects),
        redirect_chain=tuple(map(mask, redirects)),
        content_type=content_type,
        charset=(charset_of(content_type) or "").lower() or None,
        content_language=_header(response, b"Content-Language"),
        size_bytes=_size(response),
        last_modified=_header(response, b"Last-Modified"),
        etag=_header(response, b"Etag"),
        cors=_header(response, b"Access-Control-Allow-Origin") or cors,
        declared_modified=target.modified,
        **_noted(response.meta),
        **file,
    )


def _noted(meta: dict[str, Any]) -> dict[str, Any]:
    """Return when a response arrived, how long it took, and where it is archived."""
    return {
        "checked_at": meta.get("responded_at") or now(),
        "elapsed_ms": meta.get("elapsed_ms"),
        "exchange": meta.get("exchange"),
        "first_byte_ms": meta.get("first_byte_ms"),
        "tls_fault": meta.get("tls_fault"),
        "tls_version": meta.get("tls_version"),
        "certificate_expires_on": meta.get("certificate_expires_on"),
    }


def as_before(before: ResourceCheck, response: Response) -> ResourceCheck:
    """Return the result of checking an address that responded with 304 (not modified): a copy of the previous check
    ``before`` with what ``response`` shows anew: status, method, time, final address, redirects, TLS, and its CORS
    header if it has one. The outcome is "ok", and the count of failed checks starts again."""
    return replace(
        before,
        outcome="ok",
        fault=None,
        detail=None,
        method=str(response.request.method) if response.request else None,
        status=304,
        final_url=mask(response.url),
        redirects=len(response.meta.get("redirect_urls") or []),
        redirect_chain=tuple(map(mask, response.meta.get("redirect_urls") or [])),
        cors=_header(response, b"Access-Control-Allow-Origin") or before.cors,
        failed_checks=0,
        failing_since=None,
        is_changed=False,
        **_noted(response.meta),
    )


def of_fault(
    target: CheckTarget,
    fault: faults.RequestFault,
    response: Response | None,
    method: str | None,
    meta: dict[str, Any] | None = None,
) -> ResourceCheck:
    """Return the result of checking the address in ``target``, whose request failed.

    ``fault`` says why. ``response`` is the response that shows the fault, or None if none arrived; then time and
    redirects are taken from ``meta``, the request's meta. ``method`` is the HTTP method, or None if no request was
    sent.
    """
    noted = _noted(response.meta if response is not None else meta or {})
    if fault.kind == "tls":
        noted["tls_fault"] = fault.detail
    return ResourceCheck(
        url=target.url,
        outcome=fault.outcome,
        fault=fault.kind,
        detail=mask(fault.detail),
        method=method,
        status=response.status if response is not None else None,
        final_url=mask(response.url) if response is not None else None,
        redirect_chain=tuple(
            map(mask, (response.meta if response is not None else meta or {}).get("redirect_urls") or ())
        ),
        content_type=_header(response, b"Content-Type") if response is not None else None,
        **noted,
    )


def is_unchanged(before: ResourceCheck | None, seen: ResourceCheck) -> bool:
    """Return whether the headers of the new check ``seen`` show that the file is still the one downloaded at the check
    ``before``.

    ETag or Last-Modified must be equal. Of ETag, Last-Modified and length, none that both checks hold may differ. False
    if ``before`` is None or downloaded no file.
    """
    if before is None or before.sha256 is None:
        return False
    if None not in (before.size_bytes, seen.size_bytes) and before.size_bytes != seen.size_bytes:
        return False
    validators = [(before.etag, seen.etag), (before.last_modified, seen.last_modified)]
    return any(a and a == b for a, b in validators) and not any(a and b and a != b for a, b in validators)


def with_file(seen: ResourceCheck, before: ResourceCheck | None) -> ResourceCheck:
    """Return the check ``seen`` with path, digests and size of the file downloaded at the check ``before``, because the
    file has not changed. If ``before`` is None, return ``seen`` as it is."""
    if before is None:
        return seen
    return replace(
        seen,
        file_path=before.file_path,
        sha256=before.sha256,
        downloaded_bytes=before.downloaded_bytes,
        is_truncated=before.is_truncated,
        sha256_undated=before.sha256_undated,
        checksums=before.checksums,
        script=before.script,
    )
