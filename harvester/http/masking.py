"""Mask logins and keys in everything that is kept of an exchange: bodies, headers and log lines."""

from __future__ import annotations

import hashlib
import logging
import re
import tempfile
from typing import IO, TYPE_CHECKING

from specs.credentials import mask, mask_bytes

if TYPE_CHECKING:
    from harvester.http.login import Credential

__all__ = ["MaskingFilter", "masked_body", "masked_headers"]

_BLOCK = 1 << 20
_IN_MEMORY = 16 << 20
_BETWEEN = re.compile(rb"[\s\"'<>]")
"""No address continues past one of these characters."""
_FORMATTER = logging.Formatter()
_OURS = ("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key")


def masked_body(body: IO[bytes], credential: Credential | None = None) -> tuple[IO[bytes], int, str, int]:
    """Return a copy of ``body`` in which the logins and keys that :func:`specs.credentials.mask` finds are masked.

    The result is (file with the masked body, its size in bytes, its SHA-256, number of masked places). ``credential``:
    the portal's key, which is masked too and counts once for each chunk that holds it; None if there is none. The body
    is read in chunks that are not cut within an address.
    """
    out: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the caller reads it
    digest, size, count, rest = hashlib.sha256(), 0, 0, b""
    while True:
        block = body.read(_BLOCK)
        piece = rest + block
        end = len(piece)
        if block:
            ends = [found.end() for found in _BETWEEN.finditer(piece, max(0, len(piece) - 65_536))]
            end = ends[-1] if ends else len(piece)
        found, more = mask_bytes(piece[:end])
        if credential is not None and (scrubbed := credential.scrubbed_bytes(found)) != found:
            found, more = scrubbed, more + 1
        rest = piece[end:]
        out.write(found)
        digest.update(found)
        size, count = size + len(found), count + more
        if not block:
            break
    out.seek(0)
    return out, size, digest.hexdigest(), count


def masked_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the HTTP ``headers``, pairs of name and value, with logins and keys masked.

    Headers such as Authorization and Cookie are masked completely; in others, only keys inside addresses are masked.
    """
    return [(name, "***" if name.lower() in _OURS else mask(value)) for name, value in headers]


class MaskingFilter(logging.Filter):
    """Logging filter that masks the logins and keys that :func:`specs.credentials.mask` finds in a message, and in the
    traceback and the stack that are logged with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        masked = mask(text)
        if masked is not text:
            record.msg, record.args = masked, None
        if record.exc_info and not record.exc_text:
            # Formatters take this text, where there is one.
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        return True
