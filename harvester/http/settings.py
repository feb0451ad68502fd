"""Scrapy's settings. Several of its defaults are wrong for requests to other people's servers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from harvester import __version__
from specs.portals import Limits

__all__ = ["USER_AGENT", "scrapy_settings"]

USER_AGENT = f"Winnow/{__version__} (open data catalogue; contact: {{contact}})"
"""Avoids words that firewalls block on sight, and names a contact (``--contact``)."""


TRANSIENT = (
    "scrapy.exceptions.CannotResolveHostError",
    "scrapy.exceptions.DownloadConnectionRefusedError",
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
)
"""Exceptions worth another try. An address that the guard refuses is not among them."""


def scrapy_settings(
    limits: Limits,
    *,
    local: Collection[str],
    contact: str,
    concurrency: int | None = None,
    bad_tls_hosts: Collection[str] = (),
    proxy: str | None = None,
) -> dict[str, Any]:
    """Return the Scrapy settings of one crawler, with Winnow's download handlers and middlewares.

    ``limits``: the limits of the portal file. ``local``: private addresses that may be connected to. ``contact``: the
    text for the User-Agent header. ``concurrency``: the number of requests at once; None for that of ``limits``.
    ``bad_tls_hosts``: hosts whose invalid certificates are accepted. ``proxy``: the URL of an HTTP proxy; None for
    direct connections.
    """
    return {
        # Pure asyncio: the loop can be started more than once in a process; a Twisted reactor cannot.
        "TWISTED_REACTOR_ENABLED": False,
        "DOWNLOAD_HANDLERS": {
            "http": "harvester.http.download.GuardedHandler",
            "https": "harvester.http.download.GuardedHandler",
            "ftp": "harvester.http.ftp.FtpHandler",
            "file": None,
            "s3": None,
            "data": None,
        },
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "harvester.http.robots.ObeyRobots": 100,
            # Before Scrapy's own retries (550), which come without a pause.
            "harvester.http.reconnect.Reconnect": 560,
            # Closest to the network, so that it also sees responses that are retried or redirected.
            "harvester.http.politeness.Politeness": 880,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
            "harvester.http.unpack.Unpack": 590,
            "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
            "harvester.http.direct.Redirects": 600,
            # Cookies live only as long as one chain of redirects; see Redirects.
            "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            # It would use proxies from the environment.
            "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
        },
        "ITEM_PIPELINES": {"harvester.night.pipeline.StorePages": 100},
        "USER_AGENT": USER_AGENT.format(contact=contact),
        # ObeyRobots decides which robots.txt applies to which address.
        "ROBOTSTXT_OBEY": True,
        "HTTPPROXY_ENABLED": False,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_TIMEOUT": limits.timeout_s,
        "DOWNLOAD_MAXSIZE": limits.max_page_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_DELAY": 0,  # Politeness spaces the requests.
        "CONCURRENT_REQUESTS": concurrency or limits.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": limits.concurrency,
        # Scrapy starts this many tasks for every response, but pages come one at a time.
        "CONCURRENT_ITEMS": 1,
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": [429, 500, 502, 503, 504, 522, 524, 408],
        "RETRY_EXCEPTIONS": list(TRANSIENT),
        # A final failure is recorded as a harvest error or a check, so the log need not warn.
        "RETRY_GIVE_UP_LOG_LEVEL": "INFO",
        "REDIRECT_MAX_TIMES": 10,
        # With a limit, Scrapy drops requests with long addresses silently.
        "URLLENGTH_LIMIT": 0,
        "DEFAULT_REQUEST_HEADERS": {"Accept": "*/*"},
        # Both would open the process to outside control.
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_ENABLED": False,
        "WINNOW_LOCAL": sorted(local),
        "WINNOW_BAD_TLS_HOSTS": sorted(bad_tls_hosts),
        "WINNOW_PROXY": proxy,
        "WINNOW_DELAY_S": limits.delay_s,
        "WINNOW_MAX_WAIT_S": limits.max_wait_s,
        "WINNOW_RECONNECT_S": list(limits.reconnect_s),
    }
