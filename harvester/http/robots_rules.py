"""Read what a robots.txt says to Winnow, and decide what it means for a portal's API."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from protego import Protego

from specs.portals import ObeyRobots as Mode
from specs.robots import Group, group_for_us, template_of

__all__ = ["MAX_BYTES", "NO_RULES", "Decision", "SiteRules", "decide", "is_contact", "rules_of"]

MAX_BYTES = 512_000
"""RFC 9309 §2.5 requires reading at least 500 KiB; nothing beyond is read."""
MAX_KEPT = 20_000
"""Characters of the text stored with a harvest. The hash covers the whole text."""


@dataclass(frozen=True, slots=True)
class SiteRules:
    """The rules of a site's robots.txt that apply to Winnow.

    ``group``: the rules of the User-agent group that names Winnow, or else of the group for all robots. ``sitemaps``:
    at most three addresses of sitemaps that the file names.
    """

    text: str | None
    """The text as served; None if the site serves none that can be read, so that everything is allowed."""
    sha256: str | None
    """SHA-256 of the bytes as served, of at most the first MAX_BYTES; None if ``text`` is None."""
    group: Group
    delay_s: float
    """Crawl-delay or Request-rate, in seconds between two requests; 0 if none is stated."""
    sitemaps: tuple[str, ...] = ()
    _parser: Any = field(default=None, repr=False, compare=False)

    def allows(self, url: str) -> bool:
        """Return whether the rules allow Winnow to request ``url``. True if the site has no robots.txt."""
        return self._parser is None or bool(self._parser.can_fetch(url, "*"))


NO_RULES = SiteRules(None, None, Group((), False), 0.0)


def rules_of(status: int, body: bytes) -> SiteRules:
    """Return the rules in a site's robots.txt; ``status`` and ``body`` are those of the response to the request for it.

    If the status is not 2xx or the body is HTML, everything is allowed. RFC 9309 §2.3.1.4 would forbid everything
    after a server error, but API servers send 500 for any path they do not know, and our requests are few and slow.
    """
    if not 200 <= status < 300 or body.lstrip()[:1] == b"<":
        return NO_RULES
    kept = body[:MAX_BYTES]
    text = kept.decode("utf-8-sig", "replace")
    group = group_for_us(text)
    parser = Protego.parse(group.as_text())
    delay = float(parser.crawl_delay("*") or 0)
    if rate := parser.request_rate("*"):
        delay = max(delay, rate.seconds / rate.requests)
    sitemaps = tuple(Protego.parse(text).sitemaps)[:3] if "sitemap" in text.lower() else ()
    return SiteRules(text, hashlib.sha256(kept).hexdigest(), group, delay, sitemaps, parser)


@dataclass(frozen=True, slots=True)
class Decision:
    """How the robots.txt of a portal's host is applied to requests to the portal's API.

    ``rules``: the rules in that robots.txt.
    """

    rules: SiteRules
    is_obeyed: bool
    """False if the API is asked although robots.txt forbids it."""
    why: str
    """A sentence, stored with the harvest and shown."""
    remedy: str = ""
    """What to do if robots.txt forbids the API; empty if nothing needs doing."""

    def may(self, url: str) -> bool:
        """Return whether ``url``, an address of the portal's API, may be requested under this decision."""
        return not self.is_obeyed or self.rules.allows(url)

    def as_columns(self) -> dict[str, str | None]:
        """Return the decision as values for the columns of the table ``harvests``.

        They are robots_text (at most 20,000 characters, or None), robots_sha256 and robots_decision.
        """
        text = self.rules.text
        return {
            "robots_text": None if text is None else text[:MAX_KEPT],
            "robots_sha256": self.rules.sha256,
            "robots_decision": self.why,
        }


def is_contact(contact: str) -> bool:
    """Return whether the text ``contact`` looks like one: an e-mail address or the address of a web page."""
    return re.search(r"[^\s@]@[^\s@]+\.|https?://|\bwww\.|^[\w-]+(\.[\w-]+)+(/\S*)?$", contact.strip()) is not None


_ASK = 'ask the operator of the portal to admit the path; with his leave, set obey_robots = "never" and leave'


def decide(rules: SiteRules, mode: Mode, portal_type: str, contact: str, *, leave: str | None = None) -> Decision:
    """Decide how the robots.txt of a portal's host is applied to requests to the portal's API.

    ``rules``: the rules of the host. ``mode``: the setting ``obey_robots`` of the portal file. ``portal_type``: such
    as "ckan"; it determines which default robots.txt the portal's software brings along. ``contact``: the e-mail
    address or page that the User-Agent header names. ``leave``: who gave permission, for mode "never"; None if nobody
    did.

    ========  =====================================================================================
    mode      meaning
    ========  =====================================================================================
    always    obey it as any robot does
    api       ask the API as an API client if the rules are the unchanged default of the portal's
              software (so nobody wrote them for this site) and a contact is configured; else obey
    never     do not obey it: the operator of the portal has given permission
    ========  =====================================================================================

    If the host serves no robots.txt, everything may be requested. Rules that name Winnow are obeyed in every mode. A
    pause that robots.txt asks for is kept whatever is decided here.
    """
    if rules.text is None:
        return Decision(rules, True, "the host serves no robots.txt: everything may be asked")
    if rules.group.is_named:
        return Decision(rules, True, "a group of robots.txt names Winnow: obeyed", "let the group for Winnow admit it")
    if mode == "never":
        return Decision(rules, False, f"not obeyed (obey_robots = never), by leave of the operator: {leave}")
    if mode == "always":
        return Decision(rules, True, "obeyed (obey_robots = always)", _ASK)
    template = template_of(rules.group, portal_type)
    if template is None:
        return Decision(rules, True, "obeyed: no robots.txt that the software ships with, but somebody's own", _ASK)
    shipped = f"it is the one that {template.software} ships with ({template.versions}, {template.source})"
    if not is_contact(contact):
        remedy = "name whom to write to with --contact (or contact in winnow.toml): then it is asked as an API client"
        return Decision(rules, True, f"obeyed, for no contact is named: {shipped}", remedy)
    return Decision(rules, False, f"{shipped}: the interface is asked as an API client, with a contact")
