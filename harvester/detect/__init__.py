"""Find out what kind of portal an address is, and what each endpoint offers, with a limited number of polite requests.

The address may be a home page, the page of a dataset, an address within an API, or a bare host. Addresses that
robots.txt forbids are asked only if a harvest would ask them too. If it forbids the API of software that the home
page shows, the report says so and does not recommend it. One record of the recommended endpoint is read.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import unescape
from urllib.parse import urlsplit

from harvester.detect import recognise
from harvester.detect.asking import FEW, MAX_ASKED, PATIENCE_S, Asker
from harvester.detect.graphs import drop_repeated, look_into_graphs
from harvester.detect.markers import by_markers
from harvester.detect.outcome import SURE, DetectionReport, Endpoint, ranked
from harvester.detect.probes import (
    AS_GIVEN,
    LESS_USUAL_PROBES,
    PROBES,
    USUAL_PROBES,
    accepted,
    bases_of,
    own_address,
    own_kinds,
    own_probes,
)
from harvester.detect.trial import tried_first
from harvester.spiders.base.detection import HINT, LIKELY, Detection, Probe, ProbeResponse, recognised
from harvester.spiders.csw.probe import csw
from harvester.spiders.sitemap.probe import schema_org
from specs.credentials import has_credential, mask
from specs.robots import template_of

__all__ = ["DetectionReport", "Endpoint", "detect"]

AT_ONCE = 4
"""Requests in flight at once."""
HOLDS_KEY = (
    "the address holds a login or a key: take it out, put it into an environment variable or a file, and name that in "
    'the portal file, under [auth] (basic = true, header = "..." or query = "...", with env = "..." or file = "...")'
)


def detect(
    url: str,
    *,
    allow_local: bool = False,
    contact: str = "no contact given",
    delay_s: float = 0.25,
    on_wait: Callable[[float], None] = lambda seconds: None,
    proxy: str | None = None,
) -> DetectionReport:
    """Find the portal types and endpoints that a web address offers, and return them as a report.

    ``url``: a home page, a page or API address of a portal, or a bare host name. ``allow_local``: whether the address
    may lie in a private network. ``contact``: the e-mail address or page that the User-Agent header names.
    ``delay_s``: the shortest pause between two requests to one host, in seconds. ``proxy``: the URL of an HTTP proxy;
    None for direct connections.

    A bare host name is tried with https and, if the site does not respond, with http. At most 70 requests are sent in
    all, four at once, and one for each robots.txt; a site without a portal gets about 50. Then one record of the
    recommended endpoint is read. All this ends within 60 seconds.

    If robots.txt asks for pauses of more than two seconds, detection ends after six requests instead, however long they
    take; ``on_wait`` is then called about every second with the largest number of seconds left. An address that cannot
    be examined gives a report with ``fault``.
    """
    given = url.strip()
    addresses = [given] if "://" in given else [f"https://{given}", f"http://{given}"]
    found = DetectionReport(url=mask(given))
    until = time.monotonic() + PATIENCE_S
    asked = 0
    for address in addresses:
        if not _is_web_address(address):
            why = "no web address: it must be a host, or begin with http:// or https://"
            return DetectionReport(url=mask(given), fault=why)
        if "@" in urlsplit(address).netloc or has_credential(address):
            return DetectionReport(url=mask(given), fault=HOLDS_KEY)
        with Asker(
            address,
            allow_local=allow_local,
            contact=contact,
            delay_s=delay_s,
            until=until,
            on_wait=on_wait,
            proxy=proxy,
            max_asked=MAX_ASKED - asked,
        ) as asker:
            found = _detect(address, asker)
        asked += found.asked
        found = replace(found, asked=asked)
        if found.fault is None:
            return found
    return found


def _detect(url: str, asker: Asker) -> DetectionReport:
    home = asker.get(url, own_kinds(url))
    if home.status == 0 and not asker.forbidden and not asker.is_there:
        return DetectionReport(url=url, asked=asker.asked, fault=home.fault)
    # The site may have moved: from www, to https, to another host.
    at = home.final_url or url
    bases = bases_of(at)
    hits: dict[tuple[str, str], Detection] = {}
    own = recognise.whatever(home)
    if own is not None and not _is_page_of_a_dataset(own):
        _keep(hits, own, own_address(at, own.type))
    is_page = b"<html" in home.body[:2_000].lower()
    marks = by_markers(home) if is_page and home.is_ok else []
    if own is None:
        _ask_as_given(at, asker, hits)
    look_into_graphs(asker, hits)
    if asker.is_slow:
        _climb_slowly(bases, asker, hits, [kind for kind, _ in marks])
    else:
        _climb_all(bases, asker, hits, at if own is None else None)
        if own is not None and _is_page_of_a_dataset(own):
            # Such a page belongs to a site that can be harvested if it has a sitemap.
            root = bases[-1]
            has_sitemap = ("sitemap", root) in hits or bool(asker.sitemaps())
            _keep(hits, replace(own, confidence=LIKELY if has_sitemap else HINT), root)
        _look_into_sitemaps(asker, hits)
        _count_csw(asker, hits)
    look_into_graphs(asker, hits)
    drop_repeated(hits)
    told = {kind for (kind, _), hit in hits.items() if hit.confidence >= SURE}
    for kind, mark in marks:
        if kind in told:
            continue
        place = _forbidden_place(kind, bases, asker.forbidden)
        why = "its API does not answer where it should"
        if place is not None:
            why = f"robots.txt forbids its API: not asked; {asker.decision(place, kind).remedy}"
        elif asker.is_slow and asker.left == 0:
            why = "its API was not asked: robots.txt asks for long pauses"
        _keep(hits, Detection(kind, HINT, None, f"the home page shows {mark!r}; {why}"), place or bases[0])
    endpoints, notes = tried_first(ranked(hits), asker)
    best = endpoints[0] if endpoints and endpoints[0].confidence >= SURE else None
    return DetectionReport(
        robots=f"robots.txt: {asker.decision(best.url, best.type).why}" if best else None,
        url=url,
        title=_title(home),
        endpoints=tuple(endpoints),
        asked=asker.asked,
        forbidden=tuple(asker.forbidden),
        notes=(*_said_of_robots(asker), *notes),
    )


def _said_of_robots(asker: Asker) -> list[str]:
    """Return sentences on the requests that robots.txt prevented."""
    notes = []
    if asker.is_slow:
        notes.append(
            f"robots.txt asks for {asker.delay_s:g} seconds between requests: {asker.requests} were made, "
            f"of {FEW} at the most"
        )
    if asker.forbidden:
        notes.append(f"{len(asker.forbidden)} addresses were not asked, for robots.txt forbids them")
        kinds = {kind for rules in asker.rules.values() if (one := template_of(rules.group)) for kind in one.types}
        for kind in sorted(kinds):
            decision = asker.decision(asker.url, kind)
            if decision.is_obeyed and decision.remedy:
                notes.append(f"robots.txt: {decision.why}; {decision.remedy}")
    return notes


def _climb_all(bases: Sequence[str], asker: Asker, hits: dict[tuple[str, str], Detection], root: str | None) -> None:
    # First the usual paths of every base, then the rarer ones: the request limit may not allow all.
    near: Sequence[str] = bases
    for rungs in (USUAL_PROBES, LESS_USUAL_PROBES):
        for base in near:
            _climb(base, rungs, asker, hits)
            if _is_told(hits):
                near = (base,)
                break
        if root is not None and rungs is USUAL_PROBES and not _is_told(hits):
            # An API that needs a query may be at the root itself.
            _ask_as_given(root, asker, hits, is_root=True)
            look_into_graphs(asker, hits)


RESERVE = 2
"""Requests reserved for the trial, if only few are allowed."""


def _climb_slowly(
    bases: Sequence[str], asker: Asker, hits: dict[tuple[str, str], Detection], marked: Sequence[str]
) -> None:
    """Ask the likeliest paths first, one after the other, and stop at the first result."""
    shipped = [kind for rules in asker.rules.values() if (one := template_of(rules.group)) for kind in one.types]
    likely = [rung for kind in dict.fromkeys((*marked, *shipped)) for rung in own_probes(kind)[:1]]
    feeds = [rung for rung in PROBES if rung.home == "/catalog.ttl"] if likely else []
    for reserve in (RESERVE, 1):
        for rung in dict.fromkeys((*likely, *feeds, *USUAL_PROBES)):
            for base in bases if rung in likely else bases[:1]:
                if _is_told(hits) or asker.left <= reserve:
                    break
                _climb(base, (rung,), asker, hits)
    if _is_told(hits) and asker.left > RESERVE:
        # The catalogue's feed beside the API: the same records in another form.
        _climb(bases[0], feeds[:1] or own_probes("dcat-us")[:1], asker, hits)


def _ask_as_given(url: str, asker: Asker, hits: dict[tuple[str, str], Detection], *, is_root: bool = False) -> None:
    """Send the address itself the queries of APIs that respond to nothing without a query.

    This works whatever the root serves, and whether or not it may be asked.
    """
    parts = urlsplit(url)
    if (parts.path.strip("/") == "") is not is_root:
        return
    plain = url.partition("?")[0]
    low = parts.path.lower()
    asked = sorted(AS_GIVEN, key=lambda one: not any(word in low for word in one.words))
    for one in asked:
        is_likely = any(word in low for word in one.words)
        if (asker.is_slow and not is_likely) or asker.left <= RESERVE:
            break
        seen = asker.get(plain + one.query, one.kinds, accepted(one.kinds))
        if seen.is_ok and (hit := recognised(one.recogniser, seen)) is not None:
            _keep(hits, hit, plain)
            return


def _is_web_address(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _is_told(hits: dict[tuple[str, str], Detection]) -> bool:
    """Return whether the results end the search. A sitemap does not, because software with an API has one too."""
    return any(hit.confidence >= SURE and hit.type != "sitemap" for hit in hits.values())


def _is_page_of_a_dataset(hit: Detection) -> bool:
    return hit.type == "sitemap" and hit.confidence >= SURE


def _forbidden_place(kind: str, bases: Sequence[str], forbidden: Sequence[str]) -> str | None:
    """Return the address of a portal of this type whose API is among the addresses robots.txt forbids; None if there is
    none."""
    asked = {one.partition("?")[0] for one in forbidden}
    for base in bases:
        for rung in own_probes(kind):
            if base + rung.path.partition("?")[0] in asked:
                return base + rung.home
    return None


def _keep(hits: dict[tuple[str, str], Detection], hit: Detection, url: str) -> None:
    """Store a detection; of two of the same type and address, keep the more certain one, or the one with a count."""
    key = (hit.type, url)
    known = hits.get(key)
    if known is None or (hit.confidence, hit.datasets or 0) > (known.confidence, known.datasets or 0):
        hits[key] = hit


def _climb(base: str, rungs: Sequence[Probe], asker: Asker, hits: dict[tuple[str, str], Detection]) -> None:
    host = urlsplit(base).hostname or ""

    def ask(rung: Probe) -> tuple[Probe, ProbeResponse]:
        path = rung.path.format(host=host) if "{host}" in rung.path else rung.path
        return rung, asker.get(base + path, rung.kinds, accepted(rung.kinds))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for rung, seen in pool.map(ask, rungs):
            if seen.is_ok and (hit := recognised(rung.recogniser, seen)) is not None:
                # A feed of an ArcGIS Hub identifies the Hub; any other document is at its own address.
                _keep(hits, hit, base if hit.type == "arcgis-hub" else base + rung.home)


def _look_into_sitemaps(asker: Asker, hits: dict[tuple[str, str], Detection]) -> None:
    """Read one or two pages of a sitemap to see whether they describe datasets."""
    for (kind, url), hit in list(hits.items()):
        if kind != "sitemap" or hit.confidence >= SURE:
            continue
        seen = asker.get(url if url.endswith(".xml") else f"{url}/sitemap.xml")
        pages = [
            unescape(one.decode("utf-8", "replace")).strip() for one in re.findall(rb"<loc>([^<]*)</loc>", seen.body)
        ]
        likely = [one for one in pages if re.search(r"(?i)dataset|/data/|opendata|daten|dati|donnees|datos", one)]
        for page in _own_host((likely or pages)[:2], url):
            if recognised(schema_org, asker.get(page)):
                # A page is not a dataset, so the number of datasets stays unknown.
                told = f"a sitemap of {len(pages):,} pages, with schema.org Datasets in those looked at"
                hits[kind, url] = Detection(kind, LIKELY, None, told)
                break


def _own_host(pages: Iterable[str], url: str) -> list[str]:
    """Return only the pages on the portal's own host."""
    host = urlsplit(url).hostname or ""
    return [one for one in pages if _is_web_address(one) and urlsplit(one).hostname == host]


def _count_csw(asker: Asker, hits: dict[tuple[str, str], Detection]) -> None:
    for (kind, url), hit in list(hits.items()):
        if kind == "csw" and hit.datasets is None:
            asked = f"{url}?service=CSW&version=2.0.2&request=GetRecords&typeNames=csw:Record&resultType=hits"
            asked += "&ElementSetName=brief"
            counted = recognised(csw, asker.get(asked))
            if counted is not None and counted.datasets is not None:
                hits[kind, url] = Detection(kind, hit.confidence, counted.datasets, hit.evidence)


def _title(seen: ProbeResponse) -> str | None:
    if not seen.is_ok:
        return None
    found = re.search(rb"(?i)<title\b[^<>]*>([^<]*)", seen.body[:200_000])
    text = re.sub(r"\s+", " ", unescape(found[1].decode("utf-8", "replace"))).strip() if found else ""
    return text[:200] or None
