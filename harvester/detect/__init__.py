"""What kind of portal an address is: a bounded ladder of polite questions, and what each endpoint would bring.

The address may be a home page, the page of a dataset, an address within an API, or a bare host. What robots.txt forbids
is not asked; where it forbids the API of software that the home page shows, the type is told by the page, and so said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from harvester.detect import recognise
from harvester.detect.asking import Asker, Seen
from harvester.detect.hits import HINT, LIKELY, Hit, recognised
from harvester.detect.ladder import LADDER, USUAL, Rung, bases_of, home_of, own_rungs
from harvester.detect.markers import by_markers

__all__ = ["Detection", "Endpoint", "detect"]

AT_ONCE = 4
"""Questions in flight."""
SURE = 0.6
"""Confidence from which an endpoint is recommended, and no further base is tried."""
FEW = 0.9
"""An endpoint with less than this share of the datasets that another has is not recommended for its rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An interface that a portal offers."""

    type: str
    url: str
    """As a portal file would name it."""
    confidence: float
    """0..1."""
    datasets: int | None
    """What it says it holds; None where it does not say."""
    evidence: str
    loses: str
    """What of the portal's knowledge it does not give, in words."""
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What is behind an address. ``endpoints``: the recommended first."""

    url: str
    title: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    asked: int = 0
    forbidden: tuple[str, ...] = ()
    """Addresses that robots.txt forbids: they were not asked."""
    fault: str | None = None
    """Why nothing is known, where the site did not answer at all."""
    notes: tuple[str, ...] = field(default=())

    @property
    def best(self) -> Endpoint | None:
        """The endpoint to take; None where none is sure enough."""
        return self.endpoints[0] if self.endpoints and self.endpoints[0].confidence >= SURE else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"recommended": self.best.type if self.best else None}


def detect(
    url: str, *, allow_local: bool = False, contact: str = "no contact given", delay_s: float = 0.25
) -> Detection:
    """What an address offers. Asks at most 70 times, four at once, with pauses."""
    given = url.strip()
    addresses = [given] if "://" in given else [f"https://{given}", f"http://{given}"]
    found = Detection(url=given)
    for address in addresses:
        if not _is_web_address(address):
            return Detection(url=given, fault="no web address: it must be a host, or begin with http:// or https://")
        with Asker(address, allow_local=allow_local, contact=contact, delay_s=delay_s) as asker:
            found = _detect(address, asker)
        if found.fault is None:
            return found
    return found


def _detect(url: str, asker: Asker) -> Detection:
    home = asker.get(url)
    if home.status == 0 and not asker.forbidden:
        return Detection(url=url, asked=asker.asked, fault=home.fault)
    # The site may have moved: from www, to https, to another host.
    at = home.final_url or url
    bases = bases_of(at)
    hits: dict[tuple[str, str], Hit] = {}
    own = recognise.whatever(home)
    if own is not None and not _is_page_of_a_dataset(own):
        _keep(hits, own, _own_address(at, own))
    notes: list[str] = []
    # The usual places of all bases come before the less usual ones of any: what may be asked does not do for all.
    near: Sequence[str] = bases
    for rungs in (LADDER[:USUAL], LADDER[USUAL:]):
        for base in near:
            _climb(base, rungs, asker, hits)
            if _is_told(hits):
                near = (base,)
                break
    if own is not None and _is_page_of_a_dataset(own):
        # Such a page tells of its site, which can be harvested where it has a sitemap.
        root = bases[-1]
        has_sitemap = ("sitemap", root) in hits or bool(asker.sitemaps())
        _keep(hits, replace(own, confidence=LIKELY if has_sitemap else HINT), root)
    _look_into_sitemaps(asker, hits)
    _count_csw(asker, hits)
    is_page = b"<html" in home.body[:2_000].lower()
    marks = by_markers(home) if is_page and home.is_ok else []
    told = {kind for (kind, _), hit in hits.items() if hit.confidence >= SURE}
    for kind, mark in marks:
        if kind in told:
            continue
        place = _forbidden_place(kind, bases, asker.forbidden)
        why = "its API does not answer where it should" if place is None else "robots.txt forbids its API: not asked"
        hit = Hit(kind, HINT if place is None else SURE, None, f"the home page shows {mark!r}; {why}")
        _keep(hits, hit, place or bases[0])
    if asker.forbidden:
        notes.append(f"{len(asker.forbidden)} addresses were not asked, for robots.txt forbids them")
    return Detection(
        url=url,
        title=_title(home),
        endpoints=tuple(_ranked(hits)),
        asked=asker.asked,
        forbidden=tuple(asker.forbidden),
        notes=tuple(notes),
    )


def _is_web_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _is_told(hits: dict[tuple[str, str], Hit]) -> bool:
    """Whether what was found ends the search. A sitemap does not: software with an API has one too."""
    return any(hit.confidence >= SURE and hit.type != "sitemap" for hit in hits.values())


def _is_page_of_a_dataset(hit: Hit) -> bool:
    return hit.type == "sitemap" and hit.confidence >= SURE


def _forbidden_place(kind: str, bases: Sequence[str], forbidden: Sequence[str]) -> str | None:
    """The address of a portal of a type whose own interface is among the addresses that robots.txt forbids."""
    asked = {one.partition("?")[0] for one in forbidden}
    for base in bases:
        for rung in own_rungs(kind):
            if base + rung.path.partition("?")[0] in asked:
                return base + rung.home
    return None


_AT_HOME = (
    "ckan", "dkan", "socrata", "opendatasoft", "udata", "arcgis-hub", "geonode", "dataverse", "i14y", "magda", "piveau",
)  # fmt: skip
"""Types whose interface lies at a path of its own below the portal's address."""


def _own_address(url: str, hit: Hit) -> str:
    """The portal's address, where the address given is within its API; else the address as it is."""
    if hit.type in ("csw", "sparql", "arcgis-server"):
        return re.sub(r"\?.*$", "", url)
    if hit.type in _AT_HOME:
        return home_of(url)
    if hit.type == "arcgis-portal":
        return url.split("/sharing/rest")[0]
    if hit.type == "ogc-records":
        return re.sub(r"(/items)?(/[^/?]*)?(\?.*)?$", "", url) if "/items" in url else re.sub(r"\?.*$", "", url)
    return url


def _keep(hits: dict[tuple[str, str], Hit], hit: Hit, url: str) -> None:
    """Keep a hit; of two of one type at one address the surer, and the one with a count."""
    key = (hit.type, url)
    known = hits.get(key)
    if known is None or (hit.confidence, hit.datasets or 0) > (known.confidence, known.datasets or 0):
        hits[key] = hit


def _climb(base: str, rungs: Sequence[Rung], asker: Asker, hits: dict[tuple[str, str], Hit]) -> None:
    host = urlsplit(base).hostname or ""

    def ask(rung: Rung) -> tuple[Rung, Seen]:
        return rung, asker.get(base + rung.path.format(host=host) if "{host}" in rung.path else base + rung.path)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for rung, seen in pool.map(ask, rungs):
            if seen.is_ok and (hit := recognised(rung.recogniser, seen)) is not None:
                # A feed of an ArcGIS Hub tells of the Hub; any other document is at its own address.
                _keep(hits, hit, base if hit.type == "arcgis-hub" else base + rung.home)


def _look_into_sitemaps(asker: Asker, hits: dict[tuple[str, str], Hit]) -> None:
    """Whether the pages of a sitemap describe datasets: a look at one or two of them."""
    for (kind, url), hit in list(hits.items()):
        if kind != "sitemap" or hit.confidence >= SURE:
            continue
        seen = asker.get(url if url.endswith(".xml") else f"{url}/sitemap.xml")
        pages = [
            unescape(one.decode("utf-8", "replace")).strip() for one in re.findall(rb"<loc>([^<]*)</loc>", seen.body)
        ]
        likely = [one for one in pages if re.search(r"(?i)dataset|/data/|opendata|daten|dati|donnees|datos", one)]
        for page in _own_host((likely or pages)[:2], url):
            if recognised(recognise.schema_org, asker.get(page)):
                # Pages are no datasets: how many of those they hold is not known.
                told = f"a sitemap of {len(pages):,} pages, with schema.org Datasets in those looked at"
                hits[kind, url] = Hit(kind, LIKELY, None, told)
                break


def _own_host(pages: Iterable[str], url: str) -> list[str]:
    """Only pages of the portal's own site are looked at."""
    host = urlsplit(url).hostname or ""
    return [one for one in pages if _is_web_address(one) and urlsplit(one).hostname == host]


def _count_csw(asker: Asker, hits: dict[tuple[str, str], Hit]) -> None:
    for (kind, url), hit in list(hits.items()):
        if kind == "csw" and hit.datasets is None:
            asked = f"{url}?service=CSW&version=2.0.2&request=GetRecords&typeNames=csw:Record&resultType=hits"
            counted = recognised(recognise.csw, asker.get(asked))
            if counted is not None and counted.datasets is not None:
                hits[kind, url] = Hit(kind, hit.confidence, counted.datasets, hit.evidence)


def _ranked(hits: dict[tuple[str, str], Hit]) -> list[Endpoint]:
    """The endpoints, the one to take first: sure ones, then by what they hold and how well they tell it."""
    from harvester.spiders import spider_class

    most = max((hit.datasets or 0 for hit in hits.values() if hit.confidence >= SURE), default=0)
    found = []
    for (kind, url), hit in hits.items():
        about = spider_class(kind).about
        loses = about.loses
        if hit.datasets is not None and hit.datasets < most:
            loses += f"; {most - hit.datasets:,} datasets that another endpoint lists"
        found.append(
            Endpoint(
                type=kind,
                url=url,
                confidence=hit.confidence,
                datasets=hit.datasets,
                evidence=hit.evidence,
                loses=loses,
                rank=about.rank,
            )
        )

    def order(one: Endpoint) -> tuple[Any, ...]:
        has_most = one.datasets is None or one.datasets >= most * FEW
        return (-(one.confidence >= SURE), -has_most, -one.rank, -one.confidence, len(one.url), one.url)

    return sorted(found, key=order)


def _title(seen: Seen) -> str | None:
    if not seen.is_ok:
        return None
    found = re.search(rb"(?i)<title\b[^<>]*>([^<]*)", seen.body[:200_000])
    text = re.sub(r"\s+", " ", unescape(found[1].decode("utf-8", "replace"))).strip() if found else ""
    return text[:200] or None
