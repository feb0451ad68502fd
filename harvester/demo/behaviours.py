"""Responses that are not simply a file: blocked, broken, lying and hostile ones, under fixed file names.

Every portal may add any of them to its ``files`` folder. The endless ones (``endless``, ``drip``) are bounded in
time and stop at once when the server stops.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator

from harvester.demo.files import CSV, bomb
from harvester.demo.responses import Exhibits, ReplayedResponse, file, page, stream

__all__ = ["BLOCKED", "BROKEN", "hostile", "json_error", "redirect", "soft_404", "status"]

ENDLESS_S = 60.0
DRIP_BYTES, DRIP_EVERY_S = 150, 0.2


def status(code: int, title: str, text: str, **headers: str) -> ReplayedResponse:
    """Return a response with the status ``code`` and an HTML page with ``title`` and ``text``.

    ``headers`` are further HTTP headers, named with underscores in place of hyphens: ``Retry_After="1"``.
    """
    return page(title, text, status=code, headers={k.replace("_", "-"): v for k, v in headers.items()})


def redirect(location: str) -> ReplayedResponse:
    """Return a response with status 302 that redirects to ``location``."""
    return ReplayedResponse(302, headers={"Location": location})


def soft_404() -> ReplayedResponse:
    """Return a page that says "not found" although its status is 200, as some servers send for a missing file."""
    return page("Page not found", "The page you are looking for was moved or no longer exists (error 404).")


def json_error() -> ReplayedResponse:
    """Return a JSON error message with status 200, as some servers send in place of a file when their database is
    down."""
    error = {"success": False, "error": {"code": 500, "message": "ORA-12541: TNS:no listener"}}
    return ReplayedResponse(content_type="application/json", body=json.dumps(error).encode())


BROKEN: Exhibits = {
    "gone.csv": lambda: status(410, "Gone", "This file was withdrawn."),
    "server-error.csv": lambda: status(500, "Internal Server Error", "Something went wrong on our side."),
    "empty.csv": lambda: file(b"", CSV),
    "loop-a.csv": lambda: redirect("loop-b.csv"),
    "loop-b.csv": lambda: redirect("loop-a.csv"),
}
"""404 needs no entry: every other name gets it."""

BLOCKED: Exhibits = {
    "challenge.csv": lambda: status(
        403,
        "Just a moment...",
        "Checking your browser before accessing this site. Enable JavaScript and cookies to continue.",
        Server="cloudflare",
        CF_RAY="8a1b2c3d4e5f6789-XXX",
        cf_mitigated="challenge",
        Cache_Control="private, max-age=0, no-store",
    ),
    "too-many.csv": lambda: status(429, "Too Many Requests", "Slow down.", Retry_After="1"),
    "members-only.csv": lambda: status(
        401, "Unauthorized", "Sign in to download.", WWW_Authenticate='Basic realm="Data desk"'
    ),
}


def _endless(stop: threading.Event) -> Iterator[bytes]:
    yield b"id,value\r\n"
    end = time.monotonic() + ENDLESS_S
    for block in itertools.count():
        if time.monotonic() > end or stop.wait(0.005):
            return
        yield b"".join(b"%d,%d\r\n" % (block * 1000 + n, n) for n in range(1000))


def _drip(stop: threading.Event) -> Iterator[bytes]:
    for number in range(DRIP_BYTES):
        yield b"id,value\r\n"[number % 10 : number % 10 + 1]
        # Slow drops first, then a faster trickle: half a minute of drops would show nothing more.
        if stop.wait(DRIP_EVERY_S if number < 5 else DRIP_EVERY_S / 10):
            return


def hostile() -> Exhibits:
    """Return responses that try to harm whoever downloads them, by file name; each is made when first requested.

    Examples are bombs (small archives of huge content), endless bodies, and redirects to an intranet. None of them
    reaches beyond the loopback interface.
    """
    packed = bomb()
    return {
        "to-intranet.csv": lambda: redirect("http://10.0.0.1/payroll.csv"),
        "bomb.csv": lambda: file(packed, CSV, Content_Encoding="gzip"),
        "bomb.csv.gz": lambda: file(packed, "application/gzip"),
        "endless.csv": lambda: stream(_endless, "text/csv"),
        "drip.csv": lambda: stream(_drip, "text/csv", length=DRIP_BYTES),
        "traversal.csv": lambda: file(
            b"id,value\r\n1,2\r\n", CSV, Content_Disposition='attachment; filename="../../../etc/cron.d/x.csv"'
        ),
    }
