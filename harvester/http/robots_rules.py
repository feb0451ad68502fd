"""What a robots.txt says to Winnow, and what becomes of it for a portal whose operator names the interface."""

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
"""RFC 9309 §2.5: at least 500 KiB are to be read; more is not."""
MAX_KEPT = 20_000
"""Characters of a text that are kept with a harvest. The hash is of the whole."""


@dataclass(frozen=True, slots=True)
class SiteRules:
    """What the robots.txt of a site says to Winnow."""

    text: str | None
    """As served; None where the site serves none that can be read: then everything is allowed."""
    sha256: str | None
    """Of the bytes as served."""
    group: Group
    delay_s: float
    """Crawl-delay or Request-rate, in seconds between two requests; 0 where none is asked for."""
    sitemaps: tuple[str, ...] = ()
    _parser: Any = field(default=None, repr=False, compare=False)

    def allows(self, url: str) -> bool:
        """Whether an address may be asked."""
        return self._parser is None or bool(self._parser.can_fetch(url, "*"))


NO_RULES = SiteRules(None, None, Group((), False), 0.0)


def rules_of(status: int, body: bytes) -> SiteRules:
    """The rules of an answer to robots.txt.

    Where it cannot be had, everything is allowed. RFC 9309 §2.3.1.4 would forbid everything after a server error; but
    API servers answer 500 to any path they do not know, and the requests that follow are few and slow. A page in its
    place is none.
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
    """How the robots.txt of a portal's own host is taken."""

    rules: SiteRules
    is_obeyed: bool
    """False where the interface is asked although it is forbidden."""
    why: str
    """A sentence, kept with the harvest and shown."""
    remedy: str = ""
    """What to do where it forbids the interface; empty where nothing need be done."""

    def may(self, url: str) -> bool:
        """Whether an address of the interface may be asked."""
        return not self.is_obeyed or self.rules.allows(url)

    def as_columns(self) -> dict[str, str | None]:
        """The columns of ``harvests`` that tell of it."""
        text = self.rules.text
        return {
            "robots_text": None if text is None else text[:MAX_KEPT],
            "robots_sha256": self.rules.sha256,
            "robots_decision": self.why,
        }


def is_contact(contact: str) -> bool:
    """Whether a text says whom to write to: an e-mail address, or a page."""
    return re.search(r"[^\s@]@[^\s@]+\.|https?://|\bwww\.|^[\w-]+(\.[\w-]+)+(/\S*)?$", contact.strip()) is not None


_ASK = 'ask the operator of the portal to admit the path; with his leave, set obey_robots = "never" and leave'


def decide(rules: SiteRules, mode: Mode, portal_type: str, contact: str, *, leave: str | None = None) -> Decision:
    """What robots.txt means for the interface of a portal.

    ========  =====================================================================================
    mode      meaning
    ========  =====================================================================================
    always    it is obeyed as by any robot
    api       the interface is asked as an API client where the rules are those that the software of
              the type ships with, so that nobody has written them, and a contact is named
    never     the operator of the portal has given leave
    ========  =====================================================================================

    Rules that name Winnow are obeyed in every mode, and so is the pause that is asked for.
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
