"""The probes: which address to request, which recogniser reads the response, and where the portal then is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from harvester.detect import recognise, recognise_more
from harvester.detect.detection import Recogniser
from harvester.spiders.sparql import queries as sparql_queries

__all__ = [
    "AS_GIVEN", "IN_GRAPHS", "PROBES", "USUAL", "AsGiven", "Probe", "accepted", "bases_of", "home_of", "own_kinds",
    "own_probes", "places_of", "told_by",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Probe:
    """One request. ``path`` is appended to the base; ``home`` is the part of it that belongs to the portal's
    address."""

    path: str
    recogniser: Recogniser
    home: str = ""


_COUNT = quote(sparql_queries.count(False), safe="")
IN_GRAPHS = tuple(
    f"?query={quote(sparql_queries.count(in_graphs, is_other), safe='')}"
    for in_graphs, is_other in ((True, False), (False, True), (True, True))
)
"""The query, as a harvest sends it, for a SPARQL endpoint whose default graph holds no dataset."""

PROBES: tuple[Probe, ...] = (
    Probe("/api/3/action/package_search?rows=0", recognise.ckan),
    Probe("/data.json", recognise.data_json),
    Probe("/api/search/v1/collections/dataset/items?limit=1", recognise.hub),
    Probe("/api/catalog/v1?domains={host}&search_context={host}&only=datasets&limit=1", recognise.socrata),
    Probe("/api/explore/v2.1/catalog/datasets?limit=1", recognise.opendatasoft),
    Probe("/api/1/datasets/?page_size=1", recognise.udata),
    Probe("/api/1/search?page-size=1", recognise.dkan),
    Probe("/api/v2/datasets/?page_size=1", recognise.geonode),
    Probe("/api/search?q=*&type=dataset&per_page=1", recognise.dataverse),
    Probe("/collections?f=json&limit=10", recognise.collections),
    Probe("/arcgis/rest/services?f=json", recognise.arcgis_server, "/arcgis/rest/services"),
    Probe("/catalog.ttl", recognise.dcat_rdf, "/catalog.ttl"),
    Probe("/catalog.rdf", recognise.dcat_rdf, "/catalog.rdf"),
    Probe("/catalog.xml", recognise.dcat_rdf, "/catalog.xml"),
    Probe("/catalog.jsonld", recognise.dcat_rdf, "/catalog.jsonld"),
    Probe("/csw?service=CSW&version=2.0.2&request=GetCapabilities", recognise.csw, "/csw"),
    Probe("/srv/eng/csw?service=CSW&version=2.0.2&request=GetCapabilities", recognise.csw, "/srv/eng/csw"),
    Probe("/sitemap.xml", recognise.sitemap),
    Probe(f"/sparql?query={_COUNT}", recognise_more.sparql, "/sparql"),
    Probe("/oai?verb=Identify", recognise.oai_pmh, "/oai"),
    # Rarer paths.
    Probe("/geonetwork/srv/eng/csw?service=CSW&version=2.0.2&request=GetCapabilities", recognise.csw,
         "/geonetwork/srv/eng/csw"),
    Probe("/portal/sharing/rest/search?q=*&num=1&f=json", recognise.arcgis_portal, "/portal"),
    Probe("/sharing/rest/search?q=*&num=1&f=json", recognise.arcgis_portal),
    Probe("/rest/services?f=json", recognise.arcgis_server, "/rest/services"),
    Probe("/server/rest/services?f=json", recognise.arcgis_server, "/server/rest/services"),
    Probe("/api/3/action/package_list", recognise.ckan),
    Probe("/api/3/action/current_package_list_with_resources?limit=1", recognise.dkan),
    Probe("/api/datasets/?limit=1", recognise.geonode),
    Probe("/api/layers/?limit=1", recognise.geonode),
    Probe("/api/datasets?page=1&pageSize=2", recognise.i14y),
    Probe("/api/hub/search/search?filter=dataset&limit=1&aggregation=false", recognise_more.piveau),
    Probe("/search?filter=dataset&limit=1&aggregation=false", recognise_more.piveau),
    Probe("/api/v0/registry/records?aspect=dcat-dataset-strings&limit=1", recognise_more.magda),
    Probe("/api/v0/search/datasets?query=*&limit=1", recognise_more.magda),
    Probe("/oai-pmh?verb=Identify", recognise.oai_pmh, "/oai-pmh"),
    Probe("/oai/request?verb=Identify", recognise.oai_pmh, "/oai/request"),
    Probe("/oai/provider?verb=Identify", recognise.oai_pmh, "/oai/provider"),
    Probe(f"/query?query={_COUNT}", recognise_more.sparql, "/query"),
    Probe("/feeds/dcat", recognise.dcat_rdf, "/feeds/dcat"),
    Probe("/api/feed/dcat-us/1.1.json", recognise.data_json, "/api/feed/dcat-us/1.1.json"),
    Probe("/api/feed/dcat-us/3.0", recognise.data_json, "/api/feed/dcat-us/3.0"),
    Probe("/stac", recognise.stac, "/stac"),
    Probe("/catalog.json", recognise.stac, "/catalog.json"),
    Probe("/waf/", recognise.waf, "/waf/"),
    Probe("/metadata/", recognise.waf, "/metadata/"),
)  # fmt: skip

USUAL = 20
"""This many probes are sent to every base before any base gets the rest, the rarer paths."""

_TELLS: dict[Recogniser, tuple[str, ...]] = {
    recognise.ckan: ("ckan",),
    recognise.data_json: ("dcat-us", "dcat-us-3", "arcgis-hub"),
    recognise.hub: ("arcgis-hub",),
    recognise.socrata: ("socrata",),
    recognise.opendatasoft: ("opendatasoft",),
    recognise.udata: ("udata",),
    recognise.dkan: ("dkan",),
    recognise.geonode: ("geonode",),
    recognise.dataverse: ("dataverse",),
    recognise.collections: ("ogc-records", "stac"),
    recognise.stac: ("stac",),
    recognise.arcgis_server: ("arcgis-server",),
    recognise.arcgis_portal: ("arcgis-portal",),
    recognise.dcat_rdf: ("dcat-rdf",),
    recognise.csw: ("csw",),
    recognise.sitemap: ("sitemap",),
    recognise_more.sparql: ("sparql",),
    recognise.oai_pmh: ("oai-pmh",),
    recognise.i14y: ("i14y",),
    recognise_more.magda: ("magda",),
    recognise_more.piveau: ("piveau",),
    recognise.waf: ("waf",),
}
"""The types that the response to a probe may identify."""


def places_of(portal_type: str) -> list[str]:
    """Return the paths by which a type is detected, without queries; empty if only its own address identifies it."""
    paths = [rung.path.partition("?")[0] for rung in PROBES if portal_type in _TELLS[rung.recogniser]]
    return list(dict.fromkeys(paths))


def told_by(rung: Probe) -> tuple[str, ...]:
    """Return the types that the response to a probe may identify."""
    return _TELLS[rung.recogniser]


@dataclass(frozen=True, slots=True)
class AsGiven:
    """A request to the address as given. It is likely to succeed if the path contains one of ``words``."""

    query: str
    recogniser: Recogniser
    kinds: tuple[str, ...]
    words: tuple[str, ...]


AS_GIVEN = (
    AsGiven(f"?query={_COUNT}", recognise_more.sparql, ("sparql",), ("sparql", "query", "repositories", "endpoint")),
    AsGiven("?service=CSW&version=2.0.2&request=GetCapabilities", recognise.csw, ("csw",), ("csw", "catalogue", "srv")),
    AsGiven("?verb=Identify", recognise.oai_pmh, ("oai-pmh",), ("oai",)),
    AsGiven("?f=json", recognise.arcgis_server, ("arcgis-server",), ("rest/services", "arcgis")),
)
"""APIs that respond to nothing without a query."""


def accepted(kinds: Sequence[str]) -> str:
    """Return the media types to ask for: SPARQL engines send an HTML page if none is named."""
    return "application/sparql-results+json, application/sparql-results+xml;q=0.8" if kinds == ("sparql",) else "*/*"


def own_kinds(url: str) -> list[str]:
    """Return the types whose API has addresses like this one."""
    path = urlsplit(url).path
    return [
        kind
        for rung in PROBES
        if (start := rung.path.partition("?")[0].rsplit("/", 1)[0]) and len(start) > 1 and f"{start}/" in path
        for kind in told_by(rung)
    ]


def own_probes(portal_type: str) -> list[Probe]:
    """Return the probes of a type's own API, without those that identify it only by chance."""
    return [rung for rung in PROBES if _TELLS[rung.recogniser][0] == portal_type]


_API = (
    "/api/3/", "/api/v0/", "/api/hub/", "/api/action/", "/api/1/", "/api/2/", "/api/v2/", "/api/explore/",
    "/api/catalog/", "/api/views", "/api/search", "/api/feed/", "/api/datasets", "/api/layers", "/data.json",
    "/sharing/rest", "/collections/", "/collections?",
)  # fmt: skip
"""Where the address of an API begins; the part before it is the portal's."""
_PAGES = (
    "/dataset", "/datasets", "/explore", "/d", "/browse", "/organization", "/group", "/search", "/dataset.xhtml",
    "/dataverse", "/stories", "/pages", "/fr", "/en", "/es", "/de", "/it", "/pt",
)  # fmt: skip
"""How the paths of a portal's pages begin."""


def home_of(url: str) -> str:
    """Return the portal's address from an address within its API: the part before the API's own path."""
    cuts = [at for part in _API if (at := url.find(part, url.find("://") + 3)) > 0]
    return url[: min(cuts)].rstrip("/") if cuts else url.split("#")[0].split("?")[0].rstrip("/")


def bases_of(url: str) -> list[str]:
    """Return addresses below which a portal may be, the likeliest first, for a page, an API or a bare host."""
    home = home_of(url)
    parts = urlsplit(home)
    root = f"{parts.scheme}://{parts.netloc}"
    path = parts.path.rstrip("/")
    cuts = [at for page in _PAGES if (at := f"{path}/".find(f"{page}/")) >= 0]
    path = path[: min(cuts)] if cuts else path
    segments = [one for one in path.split("/") if one]
    found = [root + path, root + (f"/{segments[0]}" if segments else ""), root]
    return list(dict.fromkeys(found))
