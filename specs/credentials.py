"""Recognise logins and keys in addresses, and mask them before anything is written.

A key in a public record was published by mistake, and repeating it in a catalogue would spread it. So it is masked
in every stored text, and never used.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["MASK", "has_credential", "mask", "mask_bytes", "mask_value", "without_login"]

MASK = "***"

_LOGIN = re.compile(r"://([^\s/?#\"'<>\\{}|^`]+)@")
"""Everything between the scheme and the last @ before the path."""
_ESCAPED_LOGIN = re.compile(
    r"(?i)(%3A%2F%2F)((?:(?!%2F|%3F|%23|%40)[^\s/?#&\"'<>\\])+%3A(?:(?!%2F|%3F|%23|%40)[^\s/?#&\"'<>\\])*)%40"
)
_WEB = re.compile(r"(?i)(https?|ftps?)$")
_PUBLIC_LOGIN = re.compile(r"(?i)(anonymous|ftp)(:.*)?$")
"""FTP's public login."""

_KEYS = (
    r"(?:[\w$.-]{0,40}?[_$.-])?(?:token|secret|password|passwd|pwd|passphrase|signature|sig|jwt|credentials?)"
    r"|[\w$.-]{0,40}?(?:api|app|auth|access|private|secret|subscription|client|account|shared)[_.-]?(?:key|secret|token)s?"
    r"|accesstoken|authtoken|aws_?accesskeyid|key-?pair-?id|sharedaccesssignature|hdnea|hdnts"
    r"|j?session[_-]?id|phpsessid|bearer"
    # These names have other meanings too, so the form of the value decides.
    r"|key(?=(?:=|%3D)AIza[\w-]{30})|code(?=(?:=|%3D)[\w%/+-]{40,})"
)
_WORDS = (
    "token", "secret", "passw", "pwd", "passphrase", "sig=", "sig%3d", "signature", "jwt", "credential", "key=",
    "keys=", "key%3d", "keyid", "pair", "session", "sessid", "bearer", "hdne", "hdnt", "code=", "code%3d",
)  # fmt: skip
"""Every such name contains one of these; a text without them needs no closer look."""
_PAGING = r"(?!(?:page|next|previous|prev|continuation|resumption|cursor|sync|skip)[_.-]?token)"
_QUERY = re.compile(
    rf"(?i)([?&;#]|%3F|%26|\\u0026)({_PAGING}(?:{_KEYS}))(=|%3D)(?!\*\*\*)((?:(?!%26|%23)[^&#\s\"'<>;\\{{}}]){{1,4000}})"
)


def _masked_login(found: re.Match[str]) -> str:
    login, before = found[1], found.string[max(0, found.start() - 20) : found.start()]
    is_web = _WEB.search(before) is not None
    # "https://a.example,b@c.example" is a list of two things, not a login.
    if (
        login == MASK
        or _PUBLIC_LOGIN.match(login)
        or (":" not in login and (not is_web or re.search(r"[,;()]", login)))
    ):
        return found[0]
    return f"://{MASK}@"


def mask(text: str) -> str:
    """Return ``text`` with the logins, and the keys in query strings, of all addresses in it replaced by ``***``.

    These stay: FTP's public logins "anonymous" and "ftp"; a name without a password in an address of another scheme
    than HTTP or FTP, as in ``ssh://git@host``; tokens for paging, such as ``page_token``. If nothing is replaced,
    return the same object.
    """
    if "=" not in text and "@" not in text and "%" not in text:
        return text
    found = text
    if "@" in found and "://" in found:
        found = _LOGIN.sub(_masked_login, found)
    if "%40" in found:
        found = _ESCAPED_LOGIN.sub(rf"\1{MASK}%40", found)
    if "=" in found or "%3" in found:
        low = found.lower()
        if any(word in low for word in _WORDS):
            found = _QUERY.sub(rf"\1\2\3{MASK}", found)
    return text if found == text else found


def mask_value(value: Any) -> Any:
    """Return a JSON value with all strings in it, except the keys of objects, masked like :func:`mask`. If nothing was
    masked, return the same object.
    """
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        found = {key: mask_value(one) for key, one in value.items()}
        return found if any(found[key] is not one for key, one in value.items()) else value
    if isinstance(value, (list, tuple)):
        items = [mask_value(one) for one in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return type(value)(items)
    return value


def mask_bytes(body: bytes) -> tuple[bytes, int]:
    """Return ``body`` with logins and keys in web addresses masked like :func:`mask`, percent-encoded addresses
    included, and the number of masked ones.

    If nothing is masked, return ``body`` itself and 0.
    """
    # "%3" begins what a percent-encoded login (":" is %3A) or key ("=" is %3D) cannot do without.
    if b"=" not in body and b"@" not in body and b"%3" not in body:
        return body, 0
    # In Latin-1 one byte is one character, whatever the text's encoding is.
    text = body.decode("latin-1")
    masked = mask(text)
    if masked == text:
        return body, 0
    return masked.encode("latin-1"), masked.count(MASK) - text.count(MASK)


def has_credential(url: str) -> bool:
    """Return whether the query of ``url`` contains a key, masked or not. A login (``user:password@``) does not count,
    because the address is requested without it."""
    return f"={MASK}" in url or f"%3D{MASK}" in url or _QUERY.search(url) is not None


def without_login(url: str) -> str:
    """Return ``url`` without the login (``user:password@``) before its host."""
    return re.sub(r"^([A-Za-z][\w+.-]*://)[^/?#]*@", r"\1", url)
