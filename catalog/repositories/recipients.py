"""Addresses that letters are sent to."""

from __future__ import annotations

import hashlib
import re

__all__ = ["is_address", "recipient_hash"]

_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def is_address(text: str | None) -> bool:
    """Return whether ``text`` is exactly one e-mail address, without a name or "mailto:"; False for None."""
    return bool(text and len(text) <= 254 and _ADDRESS.fullmatch(text))


def recipient_hash(recipient: str) -> str:
    """Return the SHA-256, in hexadecimal, of an address that letters are sent to.

    The address is hashed in lower case and without blanks around it. The catalogue is public, so it stores this hash
    and not the address.
    """
    return hashlib.sha256(recipient.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
