"""Read what mail servers noted about a mail in headers Authentication-Results (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["evidence_of", "worded"]

NOT_VERIFIED = " (not verified)"
HEADERS_MAX, HEADER_MAX = 50, 100_000
"""Headers of a mail that are read, and characters of each."""
_WORST_FIRST = ("fail", "softfail", "permerror", "temperror", "policy", "neutral", "none", "", "pass")
"""Results; "" stands for all words that are none of these."""


def evidence_of(headers: Sequence[str], authserv_id: str | None) -> str:
    """Return the results of DKIM, SPF and DMARC in the headers of a mail, such as "dkim=pass spf=fail"; "" if there are
    none. Of several results of one method the worst is kept.

    ``headers``: values of the headers Authentication-Results. ``authserv_id``: the name with which the operator's mail
    server begins its own; only those count then. If it is None, all count, and the text ends in "(not verified)",
    because the sender of a mail can write such a header too.
    """
    worst: dict[str, str] = {}
    for header in headers[:HEADERS_MAX]:
        plain = _without_comments(header[:HEADER_MAX])
        own = plain.partition(";")[0].split()
        if authserv_id is not None and (not own or own[0].casefold() != authserv_id.casefold()):
            continue
        for name, result in re.findall(r"(?:^|;)\s*(dkim|spf|dmarc)\s*=\s*([a-z]{1,12})\b", plain, re.IGNORECASE):
            kept = worst.setdefault(name.lower(), result.lower())
            worst[name.lower()] = min(kept, result.lower(), key=_rank)
    found = " ".join(f"{name}={result}" for name, result in worst.items())
    return found + NOT_VERIFIED if found and authserv_id is None else found


def worded(evidence: str) -> str:
    """Return a sentence that says whose word ``evidence`` is, a text of :func:`evidence_of`: the mail server's, or only
    that of the mail; "" if ``evidence`` is empty."""
    if not evidence:
        return ""
    return f"{'the mail' if evidence.endswith(NOT_VERIFIED) else 'the mail server'} says {evidence}"


def _rank(result: str) -> int:
    return _WORST_FIRST.index(result if result in _WORST_FIRST else "")


def _without_comments(header: str) -> str:
    """Return a header without comments, which may be nested, and quoted texts; as it is if one of them has no end."""
    found: list[str] = []
    depth, is_quoted = 0, False
    signs = iter(header)
    for sign in signs:
        if sign == "\\" and (depth or is_quoted):
            next(signs, "")
        elif sign == '"' and not depth:
            is_quoted = not is_quoted
        elif sign == "(" and not is_quoted:
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif not depth and not is_quoted:
            found.append(sign)
    return header if depth or is_quoted else "".join(found)
