"""Send a few short requests to other people's servers: guarded, within robots.txt, slowly, and bounded in number."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from harvester.http.guard import own_addresses
from harvester.http.guarded_session import ended_after, guarded_session
from harvester.http.politeness import host_of
from harvester.http.proxies import check_name, is_direct
from harvester.http.robots_rules import NO_RULES, Decision, SiteRules, decide, rules_of
from harvester.http.settings import USER_AGENT
from harvester.spiders.base.detection import ProbeResponse

__all__ = ["FEW", "MAX_ASKED", "PATIENCE_S", "Asker"]

TIMEOUT_S = 20.0
"""Seconds for one response, from the connection to its last byte."""
GRACE_S = 1.0
"""Seconds after that, until the connection is cut."""
MAX_BYTES = 3_000_000
"""Bytes of one response; of a longer one only the beginning is used."""
MAX_REDIRECTS = 5
SLOW_S = 2.0
"""Number of seconds. If robots.txt asks for longer pauses, only :data:`FEW` requests are sent, the likeliest first."""
FEW = 6
"""Requests to a host that asks for long pauses, including robots.txt and the trial of the result."""
MAX_ASKED = 70
"""Requests to any other host, redirects included; robots.txt and the trial come on top."""
PATIENCE_S = 40.0
"""Seconds for all requests to any other host; the trial comes after that."""


@dataclass(slots=True)
class Asker:
    """Client that detection uses to send requests to one site, within robots.txt and a limit on the number of
    requests.

    Several threads may use it at once. ``url``: the address under examination. ``allow_local``: whether it may lie in
    a private network. ``contact``: the text for the User-Agent header. ``max_asked``: the largest number of requests.
    ``max_bytes``: the largest number of bytes read of one response. ``asked``: the number of requests sent so far,
    without those for robots.txt.
    """

    url: str
    allow_local: bool = False
    contact: str = "no contact given"
    delay_s: float = 0.25
    """Seconds between two requests to one host. robots.txt can only lengthen it."""
    max_asked: int = MAX_ASKED
    max_bytes: int = MAX_BYTES
    timeout_s: float | None = None
    """Seconds for one response; None for :data:`TIMEOUT_S`."""
    until: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)
    """Latest time at which a request is sent, in seconds of the monotonic clock; it does not apply if ``is_slow``."""
    proxy: str | None = None
    """Proxy of the configuration; proxies of the environment are ignored."""
    on_wait: Callable[[float], None] = lambda seconds: None
    """Called about every second during a long pause, with the largest number of seconds left."""
    asked: int = 0
    requests: int = 0
    """Number of requests sent, including robots.txt and redirects."""
    forbidden: list[str] = field(default_factory=list)
    """Addresses that robots.txt forbids; they were not requested."""
    is_there: bool = False
    """Whether any address of the site has responded."""
    ahead_s: list[float] = field(default_factory=list)
    """Seconds by which the clock of each server that responded is ahead of ours, by its Date header."""
    _known: dict[str, ProbeResponse] = field(default_factory=dict)
    _rules: dict[str, SiteRules | None] = field(default_factory=dict)
    _free_at: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last_at: float = 0.0
    _local: frozenset[str] = frozenset()
    _session: Any = None

    def __post_init__(self) -> None:
        local = own_addresses(self.url) if self.allow_local else frozenset[str]()
        self._local = local
        reachable = local | own_addresses(self.proxy) if self.proxy else local
        self._session = guarded_session(reachable)
        self._session.headers["User-Agent"] = USER_AGENT.format(contact=self.contact)

    def close(self) -> None:
        """Close the HTTP session and its open connections. Leaving a ``with`` block does the same."""
        self._session.close()

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def rules(self) -> dict[str, SiteRules]:
        """Return the robots.txt rules read so far, by site ("https://example.org")."""
        return {site: rules or NO_RULES for site, rules in self._rules.items()}

    @property
    def is_slow(self) -> bool:
        """Return whether the pause between two requests is longer than two seconds, as robots.txt may ask for."""
        return self.delay_s > SLOW_S

    @property
    def left(self) -> int:
        """Return how many requests may still be sent before the limit of this detection is reached."""
        return max(0, FEW - self.requests) if self.is_slow else max(0, self.max_asked - self.asked)

    def get(self, url: str, kinds: Collection[str] = (), accept: str = "*/*") -> ProbeResponse:
        """Request ``url``, follow redirects, and return the response; the response is cached by address.

        ``kinds``: the portal types whose API is expected at the address. ``accept``: the Accept header. If robots.txt
        forbids the address, the request is sent only if a harvest of one of these types would send it too; see
        :func:`harvester.http.robots_rules.decide`. Nothing is raised: a request that fails, is forbidden, or exceeds
        the limit gives a response with status 0 and ``fault``.
        """
        with self._lock:
            if url in self._known:
                return self._known[url]
        found = self._asked(url, kinds, accept)
        with self._lock:
            return self._known.setdefault(url, found)

    def _asked(self, url: str, kinds: Collection[str], accept: str) -> ProbeResponse:
        """Return a response after its redirects; robots.txt is obeyed at each step, on every host."""
        at = url
        for _ in range(MAX_REDIRECTS + 1):
            with self._lock:
                known = self._known.get(at)
            if known is not None:
                # A site that redirects every unknown address to one page is asked for that page only once.
                return replace(known, url=url)
            try:
                is_allowed = self.may(at, kinds)
            except ValueError as error:
                return ProbeResponse(url, 0, fault=f"no address that can be asked: {error}")
            if not is_allowed:
                with self._lock:
                    if at not in self.forbidden:
                        self.forbidden.append(at)
                where = "it" if at == url else f"{at}, where it leads"
                return ProbeResponse(url, 0, fault=f"robots.txt forbids {where}: not asked")
            with self._lock:
                if self.left <= 0:
                    return ProbeResponse(url, 0, fault="enough was asked")
                if not self.is_slow and time.monotonic() > self.until:
                    return ProbeResponse(url, 0, fault="the time for this look is over")
                self.asked += 1
            found, onward = self._fetched(at, accept)
            if onward is None:
                return replace(found, url=url)
            at = onward
        return ProbeResponse(url, 0, fault=f"more than {MAX_REDIRECTS} redirects")

    def rules_for(self, url: str) -> SiteRules:
        """Return the robots.txt rules of the host of ``url``. The file is fetched the first time.

        If it cannot be fetched or read, the rules allow everything. A longer pause that it asks for applies from then
        on to the requests to all hosts.
        """
        parts = urlsplit(url)
        site = f"{parts.scheme}://{host_of(url)}"
        with self._lock:
            if site in self._rules:
                return self._rules[site] or NO_RULES
        seen, onward = self._fetched(f"{parts.scheme}://{parts.netloc}/robots.txt")
        for _ in range(MAX_REDIRECTS):
            if onward is not None:
                seen, onward = self._fetched(onward)
        found = rules_of(seen.status, seen.body)
        with self._lock:
            found = self._rules.setdefault(site, found) or NO_RULES
            if found.delay_s > self.delay_s:
                self.delay_s = found.delay_s
                if parts.netloc in self._free_at:
                    self._free_at[parts.netloc] = max(self._free_at[parts.netloc], self._last_at + found.delay_s)
        return found

    def decision(self, url: str, kind: str) -> Decision:
        """Return the decision whether a harvest of the host of ``url`` would obey its robots.txt, with the rules in it.

        ``kind`` is the portal type of the harvest, on which this depends.
        """
        return decide(self.rules_for(url), "api", kind, self.contact)

    def may(self, url: str, kinds: Collection[str] = ()) -> bool:
        """Return whether detection may request ``url`` according to robots.txt.

        It may if every robot is allowed to, or if a harvest of one of the portal types ``kinds`` would be. Raise
        ValueError if ``url`` is no valid address.
        """
        return self.rules_for(url).allows(url) or any(self.decision(url, kind).may(url) for kind in kinds)

    def sitemaps(self) -> list[str]:
        """Return the addresses of at most three sitemaps that the robots.txt files read so far name."""
        return [one for rules in self.rules.values() for one in rules.sitemaps][:3]

    def wait(self, url: str) -> None:
        """Wait until the pause between two requests to the host of ``url`` is over.

        Each call reserves the next time slot of the host, so it must be followed by a request.
        """
        host = urlsplit(url).netloc
        with self._lock:
            now = monotonic()
            at = max(now, self._free_at.get(host, 0.0))
            self._free_at[host] = at + self.delay_s
            self._last_at = max(self._last_at, at)
        while (pause := at - monotonic()) > 0:
            if self.is_slow:
                self.on_wait(pause + self.delay_s * max(0, self.left - 1))
            sleep(min(pause, 1.0))

    def _fetched(self, url: str, accept: str = "*/*") -> tuple[ProbeResponse, str | None]:
        """Return the response of an address and its redirect target, which is not followed here."""
        try:
            self.wait(url)
            with self._lock:
                self.requests += 1
            if self.proxy is not None and not is_direct(url, self._local):
                check_name(url)
                self._session.proxies = {"http": self.proxy, "https": self.proxy}
            else:
                self._session.proxies = {}
            timeout_s = self.timeout_s or TIMEOUT_S
            if not self.is_slow and self.timeout_s is None:
                timeout_s = min(timeout_s, max(2.0, self.until - time.monotonic()))
            deadline = time.monotonic() + timeout_s
            with (
                ended_after(timeout_s + GRACE_S),
                self._session.get(
                    url, timeout=timeout_s, stream=True, allow_redirects=False, headers={"Accept": accept}
                ) as response,
            ):
                self.is_there = True
                with suppress(TypeError, ValueError):
                    ahead = parsedate_to_datetime(response.headers.get("Date", "")) - datetime.now(UTC)
                    self.ahead_s.append(ahead.total_seconds())
                if target := self._session.get_redirect_target(response):
                    onward = urljoin(url, target).partition("#")[0]
                    if urlsplit(onward).scheme not in ("http", "https"):
                        return ProbeResponse(url, 0, fault="it leads to no web address"), None
                    return ProbeResponse(url, response.status_code), onward
                body, is_whole = bytearray(), True
                # Read what has arrived: waiting for a full block could take forever.
                while chunk := response.raw.read1(65_536, decode_content=True):
                    body += chunk
                    if len(body) >= self.max_bytes or time.monotonic() > deadline:
                        is_whole = False
                        break
                kind = response.headers.get("Content-Type", "")
                is_whole = is_whole and time.monotonic() <= deadline
                return ProbeResponse(url, response.status_code, kind, bytes(body), is_whole, response.url), None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError, ValueError) as error:
            return ProbeResponse(url, 0, fault=str(error)[:200] or type(error).__name__), None
