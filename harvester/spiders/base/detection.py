"""How a portal type is told from outside: what a ``probe.py`` declares, and what a recogniser says of a response."""

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
"""Digits of the longest count that is believed."""
BEGINNING = 500_000
"""Bytes of a page that are searched where its beginning is enough."""
LESS_USUAL = 1_000
"""Probes of this rank and above are sent only after all others have been sent to every base address."""


@dataclass(frozen=True, slots=True)
class ProbeResponse:
    """What an address responded. ``status`` is 0 where there was no response; ``fault`` then says why."""

    url: str
    status: int
    content_type: str = ""
    body: bytes = b""
    is_whole: bool = True
    final_url: str = ""
    fault: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the status is one of 200 to 299."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Detection:
    """A portal type found at an address, with the evidence for it."""

    type: str
    confidence: float
    """0..1."""
    datasets: int | None
    """How many datasets the portal says it has; None where it does not say."""
    evidence: str


Recogniser = Callable[[ProbeResponse], Detection | None]


@dataclass(frozen=True, slots=True)
class Probe:
    """One request below the base address of a portal, and the function that reads the response."""

    rank: int
    """Lower ranks are sent first. No two probes share a rank; see :data:`LESS_USUAL`."""
    path: str
    """What follows the base address; ``{host}`` stands for its host."""
    recogniser: Recogniser
    home: str = ""
    """The part of the path that belongs to the portal's address."""
    kinds: tuple[str, ...] = ()
    """Types that the response may reveal, the probe's own first. Empty: the type of the folder alone."""


@dataclass(frozen=True, slots=True)
class AsGiven:
    """One request to an address as the user gave it, for interfaces that respond to nothing without a query."""

    rank: int
    query: str
    recogniser: Recogniser
    words: tuple[str, ...]
    """The address is a likely one where its path holds one of these words."""
    kinds: tuple[str, ...] = ()
    """As those of a :class:`Probe`."""


@dataclass(frozen=True, slots=True)
class PageMarker:
    """What the home page of a software carries in its scripts, styles, generator, classes and ids."""

    rank: int
    """Lower ranks are reported first."""
    pattern: str
    """A regular expression, tried without regard to case. It must take linear time: the page is hostile input."""
    links: tuple[str, ...] = ()
    """Pages of the software itself, which its home page links to within its own site."""


def without_query(url: str) -> str:
    """Return an address without its query.

    >>> without_query("https://geo.example/csw?service=CSW")
    'https://geo.example/csw'
    """
    return url.partition("?")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeProbes:
    """All that ``probe.py`` of a portal type declares, under the name ``PROBES``."""

    probes: tuple[Probe, ...] = ()
    as_given: tuple[AsGiven, ...] = ()
    recognisers: tuple[tuple[int, Recogniser], ...] = ()
    """(rank, function) for an address given by hand: of two that are equally sure the lower rank is believed."""
    marker: PageMarker | None = None
    api_paths: tuple[str, ...] = ()
    """Where the path of the type's API begins: what stands before it is the portal's address."""
    page_paths: tuple[str, ...] = ()
    """How the paths of the software's own pages begin, without a final slash."""
    is_at_home: bool = False
    """Whether the API lies at a path of its own below the portal's address, which is then the one to harvest."""
    own_address: Callable[[str], str] = str
    """Where it does not: the portal's address, of an address within its interface."""
    accept: str = "*/*"
    """Media types to ask for, for a request that can reveal this type alone."""


def recognised(recogniser: Recogniser, seen: ProbeResponse) -> Detection | None:
    """Return what a recogniser says; None also where it stumbles, for strangers respond with anything."""
    try:
        return recogniser(seen)
    except Exception:  # noqa: BLE001  # a response of a shape nobody thought of must not end the detection
        return None


def count_of(value: Any) -> int | None:
    """Return a count as a number; None where it is none, or one of more than twelve digits.

    >>> count_of("1204"), count_of(7), count_of(True), count_of("many")
    (1204, 7, None, None)
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS:
        return int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**MAX_DIGITS
    return value if is_count else None
