"""Recognise which software sent a response: pure functions that return a detection, with the count if it is stated."""

from __future__ import annotations

import csv
import json
import re
from typing import Any

from lxml import etree

from harvester.bounded import BoundedChild
from harvester.detect.asking import ProbeResponse
from harvester.detect.detection import BEGINNING, CERTAIN, HINT, LIKELY, Detection, Recogniser, count_of, recognised
from harvester.detect.recognise_more import arcgis_service, magda, metadata_document, piveau, sparql
from harvester.spiders.inventory.columns import is_inventory
from harvester.spiders.rdf.files import syntax_of

__all__ = ["whatever"]

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)


def _json(seen: ProbeResponse) -> Any:
    start = seen.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start not in (b"{", b"["):
        return None
    try:
        return json.loads(seen.body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def _object(seen: ProbeResponse) -> dict[str, Any]:
    found = _json(seen)
    return found if isinstance(found, dict) else {}


def ckan(seen: ProbeResponse) -> Detection | None:
    """Recognise CKAN by ``success: true`` from package_search, or by a list of names from package_list."""
    answer = _object(seen)
    result = answer.get("result")
    if answer.get("success") is not True:
        return None
    if isinstance(result, dict) and isinstance(result.get("results"), list):
        return Detection("ckan", CERTAIN, count_of(result.get("count")), "package_search answers with success: true")
    if isinstance(result, list) and result and all(isinstance(one, str) for one in result[:20]):
        # DKAN 1 has this action too, but no package_search.
        return Detection("ckan", LIKELY, len(result), "package_list answers with names")
    return None


def dkan(seen: ProbeResponse) -> Detection | None:
    """Recognise DKAN 2 by its search API, and DKAN 1 by current_package_list_with_resources."""
    answer = _json(seen)
    if isinstance(answer, dict) and {"total", "results", "facets"} <= answer.keys():
        return Detection("dkan", CERTAIN, count_of(answer["total"]), "DKAN's search API answers")
    if isinstance(answer, dict) and answer.get("success") is True and isinstance(answer.get("result"), list):
        first = answer["result"][0] if answer["result"] else None
        first = first[0] if isinstance(first, list) and first else first
        if isinstance(first, dict) and "resources" in first:
            return Detection("dkan", LIKELY, None, "current_package_list_with_resources answers")
    return None


_ARCGIS = re.compile(rb"arcgis\.com/|/datasets/[0-9a-f]{32}|hub\.arcgis|/datasets/[\w-]+::")


def data_json(seen: ProbeResponse) -> Detection | None:
    """Recognise a DCAT-US document of any version by its beginning, or an ArcGIS Hub by the identifiers in it."""
    start = seen.body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] not in (b"{", b"["):
        return None
    answer = _json(seen)
    items = answer.get("dataset") if isinstance(answer, dict) else answer
    if answer is None:
        # The document is too long to be parsed here.
        if seen.is_whole or not (b'"dataset"' in start[:100_000] or b'"identifier"' in start[:100_000]):
            return None
        items, count = [], None
    elif not isinstance(items, list) or not items or not isinstance(items[0], dict):
        return None
    else:
        count = len(items)
        if not {"identifier", "title", "@id", "distribution"} & items[0].keys():
            return None
        if isinstance(answer, list) and not {"accessLevel", "keyword", "accessURL", "contactPoint"} & items[0].keys():
            return None
    head = start[:20_000]
    if b"dcat-us" in head and (b"3.0" in head or b"dcat-us3" in head):
        return Detection("dcat-us-3", CERTAIN, count, "a DCAT-US 3 document")
    named = [str(one.get("identifier", "")).encode("utf-8", "replace") for one in items if isinstance(one, dict)]
    own = sum(bool(_ARCGIS.search(name)) for name in named)
    if (named and own * 2 > len(named)) or (not named and len(_ARCGIS.findall(start[:BEGINNING])) > 20):
        return Detection("arcgis-hub", LIKELY, count, "data.json with the identifiers of an ArcGIS Hub")
    version = "1.1" if b"v1.1" in head else "1.0" if start[:1] == b"[" else "1.1 or alike"
    return Detection(
        "dcat-us", CERTAIN if b"project-open-data" in head else LIKELY, count, f"data.json, DCAT-US {version}"
    )


def socrata(seen: ProbeResponse) -> Detection | None:
    """Recognise Socrata by its discovery API, which states ``resultSetSize``."""
    answer = _object(seen)
    results = answer.get("results")
    if isinstance(results, list) and "resultSetSize" in answer:
        count = count_of(answer["resultSetSize"])
        if not results and not count:
            return None
        return Detection("socrata", CERTAIN, count, "Socrata's discovery API answers")
    return None


def opendatasoft(seen: ProbeResponse) -> Detection | None:
    """Recognise Opendatasoft by its Explore API 2.1: ``total_count`` and results with a ``dataset_id``."""
    answer = _object(seen)
    results = answer.get("results")
    if "total_count" in answer and isinstance(results, list):
        if results and not (isinstance(results[0], dict) and "dataset_id" in results[0]):
            return None
        return Detection("opendatasoft", CERTAIN, count_of(answer["total_count"]), "the Explore API 2.1 answers")
    return None


def udata(seen: ProbeResponse) -> Detection | None:
    """Recognise udata by API 1: ``data``, ``page``, ``page_size`` and ``total``."""
    answer = _object(seen)
    if {"data", "page", "total", "page_size"} <= answer.keys() and isinstance(answer["data"], list):
        return Detection("udata", CERTAIN, count_of(answer["total"]), "udata's API 1 answers")
    return None


def hub(seen: ProbeResponse) -> Detection | None:
    """Recognise an ArcGIS Hub by its search API: features with properties of ArcGIS items."""
    answer = _object(seen)
    if answer.get("type") == "FeatureCollection" and "numberMatched" in answer:
        features = answer.get("features")
        first = features[0] if isinstance(features, list) and features else None
        properties = first.get("properties") if isinstance(first, dict) else None
        if isinstance(properties, dict) and {"owner", "access", "orgId", "typeKeywords"} & properties.keys():
            return Detection("arcgis-hub", CERTAIN, count_of(answer["numberMatched"]), "the Hub's search API answers")
    return None


def arcgis_portal(seen: ProbeResponse) -> Detection | None:
    """Recognise an ArcGIS portal by the paging fields of sharing/rest/search."""
    answer = _object(seen)
    if {"total", "start", "num", "nextStart", "results"} <= answer.keys():
        return Detection("arcgis-portal", CERTAIN, count_of(answer["total"]), "sharing/rest/search answers")
    return None


def arcgis_server(seen: ProbeResponse) -> Detection | None:
    """Recognise an ArcGIS Server by its directory of services. Count the services only if it has no folders."""
    answer = _object(seen)
    services, folders = answer.get("services"), answer.get("folders") or []
    if not isinstance(services, list) or not isinstance(folders, list) or not ("currentVersion" in answer or folders):
        return None
    told = f"a directory of {len(services)} services and {len(folders)} folders"
    return Detection("arcgis-server", CERTAIN, len(services) if not folders else None, told)


def geonode(seen: ProbeResponse) -> Detection | None:
    """Recognise GeoNode by its API v2 or, with less certainty, by its older API."""
    answer = _object(seen)
    if isinstance(answer.get("datasets"), list) and "total" in answer:
        return Detection("geonode", CERTAIN, count_of(answer["total"]), "GeoNode's API v2 answers")
    meta = answer.get("meta")
    if isinstance(meta, dict) and "total_count" in meta and isinstance(answer.get("objects"), list):
        return Detection("geonode", LIKELY, count_of(meta["total_count"]), "GeoNode's older API answers")
    return None


def dataverse(seen: ProbeResponse) -> Detection | None:
    """Recognise Dataverse by its search API: status "OK" with ``total_count`` and ``items``."""
    answer = _object(seen)
    data = answer.get("data")
    if answer.get("status") == "OK" and isinstance(data, dict) and "total_count" in data and "items" in data:
        return Detection("dataverse", CERTAIN, count_of(data["total_count"]), "Dataverse's search API answers")
    return None


def i14y(seen: ProbeResponse) -> Detection | None:
    """Recognise the Swiss I14Y platform by its datasets, whose titles are objects by language."""
    answer = _json(seen)
    items = answer.get("data") if isinstance(answer, dict) else answer
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    if {"identifiers", "publisher", "title"} <= first.keys() and isinstance(first["title"], dict):
        return Detection("i14y", LIKELY, None, "datasets as the I14Y platform gives them")
    return None


def ogc_records(seen: ProbeResponse) -> Detection | None:
    """Recognise OGC API Records by collections with itemType "record", or by items with fields of records."""
    answer = _object(seen)
    collections = answer.get("collections")
    if isinstance(collections, list):
        records = [one for one in collections if isinstance(one, dict) and one.get("itemType") in ("record", "records")]
        if records:
            return Detection("ogc-records", CERTAIN, None, f"{len(records)} collections of records")
    features = answer.get("features")
    first = features[0] if isinstance(features, list) and features and isinstance(features[0], dict) else {}
    own = first.get("properties") if answer.get("type") == "FeatureCollection" else None
    told = {"created", "updated", "themes", "contacts", "keywords", "recordCreated"}
    if isinstance(own, dict) and {"type", "title"} <= own.keys() and told & own.keys() and not hub(seen):
        return Detection("ogc-records", CERTAIN, count_of(answer.get("numberMatched")), "items that are records")
    return None


def collections(seen: ProbeResponse) -> Detection | None:
    """Recognise OGC API Records, or else STAC, by the same list of collections."""
    return ogc_records(seen) or stac(seen)


STAC_PAGE = 10
"""Collections requested at once."""


def stac(seen: ProbeResponse) -> Detection | None:
    """Recognise STAC by ``stac_version``, in collections or in a catalogue document."""
    answer = _object(seen)
    collections = answer.get("collections")
    if isinstance(collections, list) and any(isinstance(c, dict) and "stac_version" in c for c in collections[:5]):
        total = count_of(answer.get("numberMatched"))
        links = answer.get("links")
        is_page = len(collections) >= STAC_PAGE or any(
            isinstance(one, dict) and one.get("rel") == "next" for one in (links if isinstance(links, list) else ())
        )
        if total is None or total < len(collections):
            # The number received is the total only if there is no further page.
            total = None if is_page else len(collections)
        return Detection("stac", CERTAIN, total, "collections with a stac_version")
    if "stac_version" in answer:
        kind = "collection" if answer.get("type") == "Collection" else "catalogue"
        return Detection("stac", LIKELY, None, f"a STAC {kind}")
    return None


# XML and RDF


def _root(seen: ProbeResponse) -> etree._Element | None:
    start = seen.body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] != b"<" or start[:14].lower() == b"<!doctype html" or start[:5].lower() == b"<html":
        return None
    try:
        return etree.fromstring(start, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _all(root: etree._Element, name: str) -> list[etree._Element]:
    return [one for one in root.iter() if isinstance(one.tag, str) and _local(one) == name]


def csw(seen: ProbeResponse) -> Detection | None:
    """Recognise CSW by its capabilities, or by a GetRecords response with its count."""
    root = _root(seen)
    if root is None or "cat/csw" not in str(root.tag):
        return None
    if _local(root) == "Capabilities":
        return Detection("csw", CERTAIN, None, f"CSW {root.get('version') or '2.0.2'} capabilities")
    for results in _all(root, "SearchResults"):
        return Detection("csw", CERTAIN, count_of(results.get("numberOfRecordsMatched")), "CSW GetRecords answers")
    return None


def oai_pmh(seen: ProbeResponse) -> Detection | None:
    """Recognise OAI-PMH by its root element; the count is ``completeListSize``, if stated."""
    root = _root(seen)
    if root is None or _local(root) != "OAI-PMH":
        return None
    names = [_local(one) for one in root]
    if "error" in names and len(names) <= 3:
        return Detection("oai-pmh", LIKELY, None, "an OAI-PMH error")
    tokens = [one.get("completeListSize") for one in _all(root, "resumptionToken")]
    count = count_of(tokens[0]) if tokens else None
    return Detection("oai-pmh", CERTAIN, count, f"OAI-PMH {next((n for n in names if n[:1].isupper()), 'answers')}")


def sitemap(seen: ProbeResponse) -> Detection | None:
    """Recognise a sitemap or sitemap index, with low confidence: its pages may not describe datasets."""
    root = _root(seen)
    if root is None or _local(root) not in ("urlset", "sitemapindex"):
        return None
    what = "pages" if _local(root) == "urlset" else "sitemaps"
    return Detection(
        "sitemap", 0.2, None, f"a sitemap of {len(root):,} {what}; whether they describe datasets is not known"
    )


_SCRIPT = re.compile(rb"(?i)<script\b[^<>]*>")
_DATASET = re.compile(rb'"@type"\s*:\s*(?:\[\s*)?"(?:schema:|https?://schema\.org/)?Dataset"')


def _ld_json(body: bytes) -> list[bytes]:
    """Return the JSON-LD blocks of a page, in one pass and in linear time, even for a page of a million open tags."""
    found, low, after = [], body.lower(), 0
    for tag in _SCRIPT.finditer(body):
        if tag.start() < after or b"application/ld+json" not in tag[0].lower():
            continue
        after = low.find(b"</script", tag.end())
        if after < 0:
            break
        found.append(body[tag.end() : after])
    return found


def schema_org(seen: ProbeResponse) -> Detection | None:
    """Recognise schema.org Datasets in a page, or in a JSON-LD document."""
    parts = _ld_json(seen.body) or ([seen.body] if seen.body.lstrip()[:1] in (b"{", b"[") else [])
    if any(b"schema.org" in part and _DATASET.search(part) for part in parts):
        return Detection("sitemap", LIKELY, None, "a page with a schema.org Dataset")
    return None


def dcat_rdf(seen: ProbeResponse) -> Detection | None:
    """Recognise an RDF document that uses DCAT; without datasets it is only a hint."""
    syntax = syntax_of(seen.body[:4_000], seen.content_type)
    if syntax is None or b"ns/dcat#" not in seen.body:
        return None
    count = _datasets(seen, syntax)
    return Detection("dcat-rdf", CERTAIN if count != 0 else HINT, count, f"a DCAT document in {syntax}")


def _datasets(seen: ProbeResponse, syntax: Any) -> int | None:
    """Return the total that Hydra paging states, or the number in a document read whole without a further page; else
    None."""
    with BoundedChild("harvester.spiders.rdf.reading:count", seconds=20) as child:
        try:
            told = child.call(seen.body, syntax=syntax.media_type, url=seen.url)
        except ValueError:
            return None
    total = count_of(told["total"])
    return total if total is not None else None if told["is_page"] or not seen.is_whole else int(told["named"])


def waf(seen: ProbeResponse) -> Detection | None:
    """Recognise a web-accessible folder: a directory listing with XML files."""
    if "html" not in seen.content_type.lower() and not seen.body.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return None
    linked = re.findall(rb"""(?i)\bhref\s{0,5}=\s{0,5}["']?([^"'<>\s]+)""", seen.body)
    links = [one for one in linked if one.lower().endswith(b".xml")]
    start = seen.body[:BEGINNING]
    is_listing = re.search(rb"(?i)index of /|directory listing|\[to parent directory\]|<title>[^<]* - /", start)
    if len(links) >= 1 and is_listing:
        return Detection("waf", LIKELY, len(links), f"a directory listing with {len(links)} XML files")
    return (
        Detection("waf", HINT, len(links), f"a page with {len(links)} links to XML files") if len(links) >= 2 else None
    )


def inventory(seen: ProbeResponse) -> Detection | None:
    """Recognise an inventory: a table with a title and an address in its header."""
    if seen.body[:4] == b"PK\x03\x04" and re.search(r"(?i)\.(xlsx|ods)($|\?)", seen.url):
        return Detection("inventory", HINT, None, "a spreadsheet")
    text = seen.body[:20_000].decode("utf-8-sig", "replace")
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    delimiter = max(",;\t|", key=first.count)
    if "<" in first or "{" in first or not first.count(delimiter):
        return None
    if is_inventory(next(csv.reader([first], delimiter=delimiter), [])):
        rows = max(0, seen.body.count(b"\n") - 1) if seen.is_whole else None
        return Detection("inventory", LIKELY, rows, "a table with titles and addresses")
    return None


def whatever(seen: ProbeResponse) -> Detection | None:
    """Recognise any supported response, for an address given by hand."""
    if not seen.is_ok:
        return None
    found = [hit for one in _ALL if (hit := recognised(one, seen)) is not None]
    return max(found, key=lambda hit: hit.confidence) if found else None


_ALL: tuple[Recogniser, ...] = (
    ckan, dkan, socrata, opendatasoft, udata, hub, arcgis_portal, arcgis_server, geonode, dataverse, ogc_records, stac,
    sparql, i14y, csw, oai_pmh, metadata_document, magda, piveau, arcgis_service, sitemap, dcat_rdf, data_json,
    schema_org, waf, inventory,
)  # fmt: skip
