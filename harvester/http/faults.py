"""Say in one word what went wrong with a request, and whose fault it is.

Two things count against an address: the server itself says that it is gone (404, 410), or its name does not exist.
Even these count only after several checks (see :func:`catalog.repositories.checks.write_checks`). A bot wall, a
time-out, a server error or a fault of ours leaves the address unknown.

==================  ============================================================================
kind                meaning
==================  ============================================================================
dns                 the name does not exist, or the name server did not respond
connect             no connection: refused, reset, unreachable
tls                 the certificate cannot be verified, or TLS fails
timeout             no response in time, or it came too slowly
blocked             a bot wall: a challenge page, usually with 403, 429 or 503
rate_limited        429, or the host asks for a pause longer than ``limits.max_wait_s`` or keeps failing
auth                the address is not open to everyone (401, 403, 407, 451)
moved               a redirect that leads nowhere, or in circles
gone                404 or 410; over FTP 550
server              5xx
http                any other status that is not a success; 202; another byte range than was asked for
parse               the response is not what the API promises: HTML, broken JSON, paging in circles
empty               a response without content
cut_short           the response broke off before its end
too_large           more bytes than the portal file allows, or the harvest's bytes, records or time are used up
robots              robots.txt forbids it; no request is sent
private_address     the address lies inside a private network; no request is sent
scheme              neither http, https nor ftp; no request is sent
invalid_url         no request can be made from the address
ours                a fault of this machine: disk, files, memory
not_recorded        the replayed archive holds no response
==================  ============================================================================
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
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

from harvester.http.guard import PrivateAddressError

if TYPE_CHECKING:
    from scrapy.http import Response

__all__ = [
    "BudgetSpent",
    "RequestFault",
    "PagingLoopError",
    "HostResting",
    "RetryableFault",
    "SettledFault",
    "of_download",
    "of_exception",
    "of_other_part",
    "of_response",
    "of_waiting",
]


@dataclass(frozen=True, slots=True)
class RequestFault:
    """Why a request failed.

    ``kind``: a code of the table at the top of this module, such as "timeout". ``outcome``: what the failure says about
    the address: "failing" (it does not work), "invalid" (no request can be made from it) or "unknown" (nothing).
    ``detail``: what happened, as a phrase. ``remedy``: what the user or the portal's operator can do.
    """

    kind: str
    outcome: Literal["failing", "invalid", "unknown"]
    detail: str
    remedy: str


class HostResting(IgnoreRequest):
    """A request was not sent, because its host asks for a pause longer than ``limits.max_wait_s`` or keeps failing."""


class BudgetSpent(IgnoreRequest):
    """A request was not sent or its response not read on, because the harvest has reached a limit of the portal.

    The limits are bytes, records and time. It also ends the trial harvests with which the type of a portal is detected:
    after the first record, or once all allowed requests are used.
    """


class PagingLoopError(IgnoreRequest):
    """A request was not sent, because the same address was requested too often: the paging runs in circles."""


class UnaskableAddressError(ValueError):
    """No request can be made from an address, for example because it holds control characters."""


class SettledFault(IgnoreRequest):
    """A request failed and is not to be sent again; ``fault`` says why.

    Raised for faults that are known without an HTTP request, for example from an archive, robots.txt or the FTP
    client.
    """

    def __init__(self, fault: RequestFault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class RetryableFault(DownloadFailedError):
    """A request failed and may be sent again; ``fault`` says why. Otherwise like :class:`SettledFault`."""

    def __init__(self, fault: RequestFault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


_CHALLENGE = re.compile(
    rb"cf-chl|cf_chl|challenge-platform|just a moment|attention required|captcha|are you a (robot|human)|"
    rb"incapsula|_imperva|akamai|datadome|access denied|request unsuccessful|ddos|bot (detection|protection)|"
    rb"perimeterx|px-captcha|sucuri|awswaf|aws-waf|request blocked|unusual traffic|security check",
    re.IGNORECASE,
)
_LIMIT = "raise the limit of bytes in the portal file"
_NEXT_RUN = "Winnow asks again in the next run"
_AGAIN = f"{_NEXT_RUN}; if it lasts, check the server's log"
_SLOW = f"{_NEXT_RUN}; if it lasts, make the server respond faster"
_CERTAIN_CHALLENGE = re.compile(
    rb"_cf_chl_opt|_Incapsula_Resource\?SWUDNSAI|Incapsula incident ID|gokuProps|awsWafCookieDomainList|"
    rb"geo\.captcha-delivery\.com|/_sec/cp_challenge|[?&]bm-verify=|sucuri_cloudproxy_js",
    re.IGNORECASE,
)
"""What stands in the challenge pages of Cloudflare, Imperva, AWS, DataDome, Akamai and Sucuri, but not in pages that
they let through, although some insert scripts into them."""
_CHALLENGE_MAX = 50_000
"""Bytes of a challenge page; those seen have less than 20,000."""
_SAID_CHALLENGED = ("cf-mitigated", "x-amzn-waf-action")
"""Headers that are sent with a challenge and with nothing else."""
_WALL_HEADERS = ("cf-mitigated", "x-amzn-waf-action", "x-datadome", "x-iinfo", "x-sucuri-block")


def is_bot_wall(status: int, body: bytes, headers: object) -> bool:
    """Return whether a response is the challenge page of a bot protection such as Cloudflare, Akamai or Imperva.

    ``status``, ``body`` and ``headers`` are those of the response; ``body`` may be its beginning. Of the headers only
    the names are used. With status 403, 405, 429 or 503, a header of such a protection or a word that is usual in its
    pages is enough. With 2xx, there must be a header that says that this is a challenge (as AWS sends with 202), or a
    short HTML page with a text that only challenge pages have. With any other status the result is False.
    """
    if status in (403, 405, 429, 503):
        named = any(name in headers for name in _WALL_HEADERS)  # type: ignore[operator]
        return named or bool(_CHALLENGE.search(body[:20_000]))
    if not 200 <= status < 300:
        return False
    if any(name in headers for name in _SAID_CHALLENGED):  # type: ignore[operator]
        return True
    is_short_page = len(body) <= _CHALLENGE_MAX and body.lstrip()[:1] == b"<"
    return is_short_page and bool(_CERTAIN_CHALLENGE.search(body))


def of_response(response: Response) -> RequestFault | None:
    """Return the fault that ``response`` shows by its status, or by being the challenge page of a bot protection.

    Return None if the status is 304, or 2xx without a challenge page (see :func:`is_bot_wall`).
    """
    status = response.status
    if status == 304:
        return None
    said = f"the server answers {status}"
    if is_bot_wall(status, response.body, response.headers):
        remedy = "ask the operator of the site to admit the user agent of this program"
        return RequestFault("blocked", "unknown", f"a bot wall answers {status}", remedy)
    if 200 <= status < 300:
        return None
    match status:
        case 404 | 410:
            return RequestFault("gone", "failing", said, "put the file back, or correct the address")
        case 429:
            return RequestFault("rate_limited", "unknown", said, "raise limits.delay_s in the portal file")
        case 401 | 403 | 407 | 451:
            return RequestFault("auth", "unknown", said, "open the address to everyone, without login")
        case _ if 300 <= status < 400:
            return RequestFault("moved", "unknown", f"the redirect ({status}) leads nowhere", "correct the redirect")
        case _ if status >= 500:
            return RequestFault("server", "unknown", said, f"check the server's log; {_NEXT_RUN}")
    return RequestFault("http", "unknown", said, "make the address respond with status 200 to HEAD and GET")


def of_download(cut: str | None, size_bytes: int) -> RequestFault | None:
    """Return the fault of a download that ended early; None if it is complete or if our own size limit ended it.

    ``cut``: why it ended, see :class:`harvester.http.saving.SavedBody`. ``size_bytes``: the number of bytes saved; it
    is only named in the message. If a fault is returned, do not judge the file by the bytes that arrived: neither its
    size nor its content, nor whether it is empty.
    """
    match cut:
        case "connection":
            return RequestFault("cut_short", "unknown", f"the download broke off after {size_bytes:,} bytes", _AGAIN)
        case "timeout":
            why = f"the download was not done in time: {size_bytes:,} bytes came"
            return RequestFault(
                "timeout",
                "unknown",
                why,
                _SLOW,
            )
        case "slow":
            why = f"the download came more slowly than limits.min_bytes_per_s: {size_bytes:,} bytes came"
            return RequestFault(
                "timeout",
                "unknown",
                why,
                _SLOW,
            )
        case "coding":
            why = "the download cannot be unpacked as its Content-Encoding says"
            return RequestFault(
                "parse", "unknown", why, "correct the Content-Encoding header, or the encoding of the body"
            )
    return None


def of_other_part(said: str) -> RequestFault:
    """Return the fault of a server that was asked for the beginning of a file and sent another byte range.

    ``said``: what the server sent, for example its Content-Range header.
    """
    why = f"the server sends another part of the file than was asked for ({said[:80]})"
    return RequestFault("http", "unknown", why, "correct the server: it must send the byte range that was requested")


def of_waiting(status: int) -> RequestFault | None:
    """Return the fault if ``status`` is 202, with which a server says that the content is still being prepared (RFC
    9110 §15.3.3).

    The result is None for any other status.
    """
    if status != 202:
        return None
    return RequestFault("http", "unknown", "the server answers 202: the file is still being made", _NEXT_RUN)


def chain_of(error: BaseException | None) -> list[BaseException]:
    """Return ``error`` and the exceptions that caused it, the outermost first; [] if ``error`` is None."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = getattr(error, "os_error", None) or error.__cause__ or error.__context__
    return chain


def tls_reason(error: BaseException) -> str | None:
    """Return why the certificate check or the TLS handshake failed; None if ``error`` has no TLS error among its
    causes.
    """
    for link in chain_of(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return getattr(link, "verify_message", "") or str(link)
        if isinstance(link, ssl.SSLError):
            return link.reason or str(link)
    return None


def _text_of(error: BaseException) -> str:
    # aiohttp puts the TLS context into its messages, which does not help a reader.
    words = re.sub(r" ssl:(<[^>]*>|\w+)", "", str(error) or type(error).__name__)
    return re.sub(r"\s+", " ", words)[:300]


def of_exception(error: BaseException) -> RequestFault:
    """Return the fault that describes ``error``, an exception raised by a request. Every exception gives a fault."""
    text = _text_of(error)
    for link in chain_of(error):
        match link:
            case SettledFault() | RetryableFault():
                return link.fault
            case PrivateAddressError():
                remedy = "publish the file at a public address; for one of your own, declare it local (local_also)"
                return RequestFault("private_address", "unknown", f"{link}: not asked", remedy)
            case ssl.SSLError():
                remedy = "fix the certificate; to go on all the same, set accept_bad_tls in the portal file"
                return RequestFault("tls", "unknown", f"the certificate or TLS fails: {tls_reason(link)}"[:300], remedy)
            case socket.gaierror() if link.errno == socket.EAI_NONAME:
                return RequestFault(
                    "dns", "failing", "the host's name does not exist", "correct the host in the address"
                )
            case socket.gaierror():
                remedy = "try again; if it lasts, look at the name server"
                return RequestFault("dns", "unknown", "the name server did not answer", remedy)
    match error:
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EMFILE):
            return RequestFault(
                "ours", "unknown", f"a fault on this machine: {text}", "fix it on this machine and run again"
            )
        case MemoryError():
            return RequestFault("ours", "unknown", "this machine has no memory left", "run fewer portals at once")
        case HostResting():
            return RequestFault(
                "rate_limited", "unknown", text, "raise limits.max_wait_s in the portal file, or run later"
            )
        case BudgetSpent():
            return RequestFault("too_large", "unknown", text, "raise the limit in the portal file")
        case PagingLoopError():
            return RequestFault("parse", "unknown", text, "ask the portal to fix its paging; what was read is kept")
        case IgnoreRequest() if "MAXSIZE" in str(error):
            return RequestFault("too_large", "unknown", "the response unfolds to more than is allowed", _LIMIT)
        case IgnoreRequest() if "robots" in text.lower():
            remedy = "admit the path in robots.txt"
            return RequestFault("robots", "unknown", "robots.txt forbids it: not asked", remedy)
        case IgnoreRequest() if "max" in text.lower() and "redirect" in text.lower():
            return RequestFault("moved", "unknown", "the redirects go on and on, or in circles", "correct the redirect")
        case IgnoreRequest():
            return RequestFault("moved", "unknown", text, "correct the redirect")
        case UnsupportedURLSchemeError():
            # The requested address was checked before it was sent, so a redirect must lead to the bad one.
            return RequestFault(
                "scheme", "unknown", text, "make the redirect lead to an address with http:// or https://"
            )
        case CannotResolveHostError():
            return RequestFault("dns", "unknown", text, "correct the host in the address")
        case DownloadTimeoutError() | TimeoutError():
            return RequestFault(
                "timeout",
                "unknown",
                text,
                _SLOW,
            )
        case DownloadCancelledError():
            return RequestFault("too_large", "unknown", text, _LIMIT)
        case DownloadConnectionRefusedError():
            return RequestFault("connect", "unknown", text, _AGAIN)
        case DownloadFailedError() | ResponseDataLossError():
            return RequestFault("cut_short", "unknown", f"the response broke off: {text}", _AGAIN)
        case UnaskableAddressError():
            return RequestFault("invalid_url", "invalid", text, "correct the address")
        case ValueError():
            return RequestFault("parse", "unknown", f"the response cannot be read: {text}", _AGAIN)
    return RequestFault("connect", "unknown", f"{type(error).__name__}: {text}", _AGAIN)
