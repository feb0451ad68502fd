"""Define how a portal type is recognised from outside: what a ``probe.py`` declares, and what a recogniser returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = [
    "BEGINNING", "CERTAIN", "HINT", "LESS_USUAL", "LIKELY", "AsGiven", "Detection", "PageMarker", "Probe",
    "ProbeResponse", "Recogniser", "TypeProbes", "count_of", "recognised", "without_query",
]  # fmt: skip

CERTAIN, LIKELY, HINT = 0.95, 0.7, 0.4

MAX_DIGITS = 12
"""Maximum number of digits of a count that is believed."""
BEGINNING = 500_000
"""Number of bytes of a page that are searched if its beginning is enough."""
LESS_USUAL = 1_000
"""Probes of this rank and above are sent only after all others have been sent to every base address."""


@dataclass(frozen=True, slots=True)
class ProbeResponse:
    """The response to one request by which detection tests which portal type is at an address.

    ``url`` is the address requested, ``final_url`` the one after redirects. If ``is_whole`` is False, ``body`` is only
    the beginning. If no request was sent or no response came, ``status`` is 0 and ``fault`` says why.
    """

    url: str
    status: int
    content_type: str = ""
    body: bytes = b""
    is_whole: bool = True
    final_url: str = ""
    fault: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the status code is 2xx (200 to 299)."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Detection:
    """A portal type (``type``, such as "ckan") found at an address; ``evidence`` says in words what shows it."""

    type: str
    confidence: float
    """How certain the detection is, from 0 to 1."""
    datasets: int | None
    """Number of datasets of the portal, as far as the response shows it; None if it does not."""
    evidence: str


Recogniser = Callable[[ProbeResponse], Detection | None]


@dataclass(frozen=True, slots=True)
class Probe:
    """One test request to a path below a base address, and the function (``recogniser``) that recognises a type in the
    response."""

    rank: int
    """Probes of a lower rank are sent first; ranks are unique, see :data:`LESS_USUAL`."""
    path: str
    """Path after the base address; ``{host}`` stands for the address's host."""
    recogniser: Recogniser
    home: str = ""
    """The beginning of ``path`` that belongs to the address of the portal, if the portal does not lie at the base
    address.
    """
    kinds: tuple[str, ...] = ()
    """Names of the portal types that the response may reveal; empty means only the type whose ``probe.py`` declares it.
    """


@dataclass(frozen=True, slots=True)
class AsGiven:
    """One test request to the address under examination itself, for APIs that respond only to a query, such as CSW and
    SPARQL.

    ``rank`` and ``recogniser`` are as in :class:`Probe`. The request goes to the address that the user gave, as it is
    after redirects; ``query`` replaces a query of its own. After the first such request that reveals a type, no further
    one is sent.
    """

    rank: int
    query: str
    recogniser: Recogniser
    words: tuple[str, ...]
    """Requests with one of these words in the path of the address are sent before those without one. If robots.txt asks
    for long pauses, only those with one are sent.
    """
    kinds: tuple[str, ...] = ()
    """Types that the response may reveal, as in :class:`Probe`."""


@dataclass(frozen=True, slots=True)
class PageMarker:
    """A pattern in the home page of a portal that shows which software runs the portal.

    It is searched in the tags of the page: scripts, style sheets, the generator, classes, ids and data attributes. The
    text for readers is not searched.
    """

    rank: int
    """Lower ranks are reported first."""
    pattern: str
    """Regular expression, matched without regard to case; it must take linear time, because the page is hostile
    input.
    """
    links: tuple[str, ...] = ()
    """Addresses of pages that come with the software; a link to one of them on the same site shows the software too."""


def without_query(url: str) -> str:
    """Return the address ``url`` without its query.

    >>> without_query("https://geo.example/csw?service=CSW")
    'https://geo.example/csw'
    """
    return url.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeProbes:
    """The requests and patterns by which detection recognises a portal type.

    Each portal type declares them in its ``probe.py`` under the name ``PROBES``. ``probes`` are requests to paths,
    ``as_given`` requests to the given address itself, and ``marker`` is a pattern in a home page, or None.
    """

    probes: tuple[Probe, ...] = ()
    as_given: tuple[AsGiven, ...] = ()
    recognisers: tuple[tuple[int, Recogniser], ...] = ()
    """Pairs of rank and function for an address given by hand; of two equally certain results, the lower rank wins."""
    marker: PageMarker | None = None
    api_paths: tuple[str, ...] = ()
    """Beginnings of the API's path; the part before it is the portal's address."""
    page_paths: tuple[str, ...] = ()
    """Beginnings of paths of the software's own pages, without a final slash."""
    is_at_home: bool = False
    """True if the portal's address is the part of an API address before the API's path (one of the ``api_paths`` of any
    type). False if ``own_address`` finds it.
    """
    own_address: Callable[[str], str] = str
    """Function that returns the address to harvest for an address of the API or document, used if ``is_at_home`` is
    False. The default returns the address unchanged.
    """
    accept: str = "*/*"
    """Media types to request, if a request can reveal only this type."""


def recognised(recogniser: Recogniser, seen: ProbeResponse) -> Detection | None:
    """Return what the function ``recogniser`` finds in the response ``seen``: a detection, or None.

    If the function raises an exception, the result is None: a portal may send anything, and an unexpected response must
    not end the detection.
    """
    try:
        return recogniser(seen)
    except Exception:  # noqa: BLE001  # a response of a shape nobody thought of must not end the detection
        return None


def count_of(value: Any) -> int | None:
    """Return ``value``, an int or a text of ASCII digits, as a number; None if it is anything else.

    The result is also None for a negative number and for one of more than twelve digits.

    >>> count_of("1204"), count_of(7), count_of(True), count_of("many")
    (1204, 7, None, None)
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS:
        return int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**MAX_DIGITS
    return value if is_count else None
