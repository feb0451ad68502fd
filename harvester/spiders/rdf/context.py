"""Supply JSON-LD contexts, which are never fetched: one given only by address is replaced by the terms of catalogues.

Those terms stand in ``specs/vocabularies/dcat_context.json``. The document is not parsed for this, because it may be
long.
"""

from __future__ import annotations

import json
import re
from typing import Any

from specs.vocabularies import dcat_context

__all__ = ["with_context"]

_CONTEXT = re.compile(rb'(?<!\\)"@context"\s*:\s*')
MAX_CONTEXT = 1_000_000
"""Maximum size of a context in bytes."""


def with_context(body: bytes) -> tuple[bytes, list[str]]:
    """Return the JSON-LD document ``body`` with its contexts written out, and a list of addresses, as a pair.

    The list holds the addresses of the contexts that were replaced, sorted. A context given only by address is replaced
    by the usual terms of catalogues, so that nothing must be fetched. If the document has no context and uses no full
    IRIs of DCAT, these terms are added, and no address is returned for them. A context that is no valid JSON or longer
    than MAX_CONTEXT bytes stays as it is.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    named: set[str] = set()
    parts: list[bytes] = []
    at = 0
    decoder = json.JSONDecoder()
    for found in _CONTEXT.finditer(body):
        if found.start() < at:
            # It is inside a context that was replaced already.
            continue
        start = found.end()
        if body[start : start + 1] not in (b'"', b"["):
            continue
        try:
            text = body[start : start + MAX_CONTEXT].decode("utf-8", "replace")
            value, length = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            continue
        members: list[Any] = value if isinstance(value, list) else [value]
        if not any(isinstance(one, str) for one in members):
            continue
        named.update(one for one in members if isinstance(one, str))
        fixed = [dcat_context() if isinstance(one, str) else one for one in members if one is not None]
        parts += [body[at:start], json.dumps(fixed).encode()]
        at = start + len(text[:length].encode())
    if not named:
        if not _CONTEXT.search(body) and body.lstrip()[:1] == b"{" and b"://www.w3.org/ns/dcat#" not in body[:100_000]:
            # Terms without any context mean nothing, so the usual ones are assumed.
            start = body.index(b"{") + 1
            comma = b"" if body[start:].lstrip()[:1] == b"}" else b","
            return body[:start] + b'"@context":' + json.dumps(dcat_context()).encode() + comma + body[start:], []
        return body, []
    return b"".join([*parts, body[at:]]), sorted(named)
