"""Look for datasets in SPARQL endpoints whose default graph has none: other graphs, vocabularies and repositories."""

from __future__ import annotations

from urllib.parse import urlsplit

from harvester.detect.asking import Asker
from harvester.detect.probes import accepted
from harvester.spiders.base.detection import CERTAIN, HINT, Detection, recognised
from harvester.spiders.sparql.probe import COUNT_QUERY, IN_GRAPHS, repositories, sparql

__all__ = ["drop_repeated", "look_into_graphs"]

MAX_REPOSITORIES = 5
"""Endpoints of one server to ask, at most."""
KINDS = ("sparql",)
WITHOUT_PATH = ("sparql", "csw")
"""APIs that are recognised by their query and not by their path."""


def look_into_graphs(asker: Asker, hits: dict[tuple[str, str], Detection]) -> None:
    """Look further for datasets where the default graph of a SPARQL endpoint has none, and update ``hits``.

    ``asker`` sends the requests. ``hits`` are the detections so far, by portal type and address. An endpoint that
    counts no dataset is searched in its named graphs and for other vocabularies, unless robots.txt asks for long
    pauses. An endpoint detected with a low confidence and without a count is removed; the repositories that its server
    lists, if any, take its place.
    """
    for (kind, url), hit in list(hits.items()):
        if kind != "sparql" or hit.confidence > HINT:
            continue
        if hit.datasets is None:
            del hits[kind, url]
            _ask_repositories(asker, url, hits)
        elif not asker.is_slow and (found := _elsewhere(asker, url)) is not None:
            hits[kind, url] = found


def drop_repeated(hits: dict[tuple[str, str], Detection]) -> None:
    """Remove from ``hits`` the SPARQL and CSW detections that are the same API at a longer address.

    Some servers ignore the end of the path, so that one API responds at many addresses. A detection is removed if its
    address begins with that of another detection of the same type, and both state the same number of datasets. ``hits``
    are the detections so far, by portal type and address.
    """
    for (kind, url), hit in list(hits.items()):
        alike = (one for (other, one), its in hits.items() if other == kind and its.datasets == hit.datasets)
        is_below = any(url.startswith(f"{one.rstrip('/')}/") for one in alike if one.rstrip("/") != url.rstrip("/"))
        if kind in WITHOUT_PATH and hit.datasets is not None and is_below:
            del hits[kind, url]


def _ask_repositories(asker: Asker, url: str, hits: dict[tuple[str, str], Detection]) -> None:
    """Query the endpoints that a server lists, except those on other hosts."""
    host = urlsplit(url).netloc
    listed = repositories(asker.get(url + COUNT_QUERY, KINDS, accepted(KINDS)))
    own = [one for one in listed if urlsplit(one).netloc == host and urlsplit(one).scheme in ("http", "https")]
    for one in own[:MAX_REPOSITORIES]:
        if asker.is_slow and asker.left <= 1:
            return
        hit = recognised(sparql, asker.get(one + COUNT_QUERY, KINDS, accepted(KINDS)))
        if hit is not None and hit.datasets == 0 and not asker.is_slow:
            hit = _elsewhere(asker, one) or hit
        if hit is not None:
            hits["sparql", one] = hit


def _elsewhere(asker: Asker, url: str) -> Detection | None:
    where = ("in its named graphs", "in other words than DCAT's", "in other words than DCAT's, in its named graphs")
    for query, said in zip(IN_GRAPHS, where, strict=True):
        hit = recognised(sparql, asker.get(url + query, KINDS, accepted(KINDS)))
        if hit is not None and hit.datasets:
            return Detection("sparql", CERTAIN, hit.datasets, f"a SPARQL endpoint that holds datasets {said}")
    return None
