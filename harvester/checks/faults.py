"""What went wrong with a request, in one word, and whose fault it is.

"Broken" is only what the server itself says is not there (404, 410) or a name that does not exist. A bot wall, a
time-out, a server error or a fault of ours is no observation.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    UnsupportedURLSchemeError,
)

from harvester.checks.guard import PrivateAddressError

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = ["Fault", "of_exception", "of_response"]


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind`` is the short code, ``outcome`` what it means for the address, ``remedy`` the next step."""

    kind: str
    outcome: Literal["broken", "invalid", "unknown"]
    detail: str
    remedy: str


_CHALLENGE = re.compile(
    rb"cf-chl|cf_chl|challenge-platform|just a moment|attention required|captcha|are you a (robot|human)|"
    rb"incapsula|_imperva|akamai|datadome|access denied|request unsuccessful|ddos|bot (detection|protection)",
    re.IGNORECASE,
)


def of_response(response: Response) -> Fault | None:
    """The fault an answer tells of; None where its status is 2xx."""
    status, body = response.status, response.body[:20_000]
    if 200 <= status < 300:
        return None
    if status in (404, 410):
        return Fault(
            f"http_{status}", "broken", f"the server answers {status}", "put the file back, or correct the address"
        )
    if status in (403, 429, 503) and (_CHALLENGE.search(body) or "cf-mitigated" in response.headers or status == 429):
        return Fault(
            "blocked",
            "unknown",
            f"a bot wall answers {status}",
            "ask the operator of the site to admit the user agent of this program",
        )
    if status in (401, 403, 407, 451):
        return Fault("auth", "unknown", f"the server answers {status}", "open the address to everyone, without login")
    if 300 <= status < 400:
        return Fault("redirect", "unknown", f"the redirect ({status}) leads nowhere", "correct the redirect")
    if status >= 500:
        return Fault("server", "unknown", f"the server answers {status}", "look at the server; it is asked again")
    return Fault("http", "unknown", f"the server answers {status}", "let the address answer 200 to HEAD and GET")


def of_exception(error: BaseException) -> Fault:
    """The fault behind an exception of a request."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = getattr(link, "os_error", None) or link.__cause__ or link.__context__
    # aiohttp puts the TLS context into its messages: of no use to a reader.
    words = re.sub(r" ssl:(<[^>]*>|\w+)", "", str(chain[0]) or type(chain[0]).__name__)
    text = re.sub(r"\s+", " ", words)[:300]
    for link in chain:
        match link:
            case PrivateAddressError():
                return Fault(
                    "private_address",
                    "unknown",
                    f"{link}: not asked",
                    "publish the file at a public address; for a portal of your own, declare it local",
                )
            case ssl.SSLError():
                return Fault("tls", "unknown", f"the certificate or TLS fails: {link}"[:300], "mend the certificate")
            case socket.gaierror():
                missing = link.errno == socket.EAI_NONAME
                return Fault(
                    "dns",
                    "broken" if missing else "unknown",
                    "the host's name does not exist" if missing else "the name server did not answer",
                    "correct the host in the address" if missing else "try again; if it lasts, look at the name server",
                )
    match error:
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EMFILE):
            return Fault("ours", "unknown", f"a fault on this machine: {text}", "mend it here and run again")
        case IgnoreRequest() if "robots" in text.lower():
            return Fault("robots", "unknown", "robots.txt forbids it: not asked", "admit the path in robots.txt")
        case IgnoreRequest():
            return Fault("redirect", "unknown", text, "correct the redirect")
        case UnsupportedURLSchemeError():
            return Fault("scheme", "invalid", text, "use an address that begins with http:// or https://")
        case CannotResolveHostError():
            return Fault("dns", "unknown", text, "correct the host in the address")
        case DownloadTimeoutError() | TimeoutError():
            return Fault("timeout", "unknown", text, "it is asked again; if it lasts, speed the server up")
        case DownloadCancelledError():
            return Fault("too_large", "unknown", text, "raise the limit of bytes in the portal file")
        case DownloadConnectionRefusedError():
            return Fault("connect", "unknown", text, "it is asked again; if it lasts, look at the server")
        case ValueError():
            return Fault("invalid_url", "invalid", text, "correct the address")
    return Fault("connection", "unknown", f"{type(error).__name__}: {text}", "it is asked again")
