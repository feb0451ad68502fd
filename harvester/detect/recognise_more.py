"""Further recognisers, as in ``recognise``: pure functions from a response to a detection."""

from __future__ import annotations

from typing import Any

from harvester.detect.asking import ProbeResponse
from harvester.detect.detection import CERTAIN, HINT, LIKELY, Detection, count_of
from harvester.spiders.base.page_content import parse_json
from harvester.spiders.documents import any_xml
from harvester.spiders.documents.xml_reading import local, parse_xml
from harvester.spiders.sparql.results import result_of

__all__ = ["arcgis_service", "magda", "metadata_document", "piveau", "repositories", "sparql"]


def _object(seen: ProbeResponse) -> dict[str, Any]:
    if seen.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        return {}
    try:
        found = parse_json(seen.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def magda(seen: ProbeResponse) -> Detection | None:
    """Recognise Magda by its registry or its search."""
    answer = _object(seen)
    if isinstance(answer.get("dataSets"), list) and "hitCount" in answer:
        return Detection("magda", CERTAIN, count_of(answer["hitCount"]), "Magda's search API answers")
    records = answer.get("records")
    if isinstance(records, list) and "hasMore" in answer:
        if any(isinstance(one, dict) and isinstance(one.get("aspects"), dict) for one in records):
            return Detection("magda", CERTAIN, count_of(answer.get("totalCount")), "Magda's registry answers")
        return Detection("magda", LIKELY, None, "what may be an empty registry of Magda answers")
    return None


def piveau(seen: ProbeResponse) -> Detection | None:
    """Recognise piveau by the search of its hub: results with the name of their index, and texts by language."""
    result = _object(seen).get("result")
    found = result.get("results") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(found, list) or "count" not in result:
        return None
    if any(isinstance(one, dict) and {"catalog_record", "translation_meta", "index"} & one.keys() for one in found):
        return Detection("piveau", CERTAIN, count_of(result["count"]), "the search of a piveau hub answers")
    return None


def arcgis_service(seen: ProbeResponse) -> Detection | None:
    """Recognise one service of an ArcGIS Server, from an address copied out of a map."""
    answer = _object(seen)
    own = {"mapName", "singleFusedMapCache", "bandCount", "hasVersionedData", "supportsDisconnectedEditing"}
    if "currentVersion" in answer and own & answer.keys():
        return Detection("arcgis-server", CERTAIN, 1, "one service of an ArcGIS Server")
    return None


def metadata_document(seen: ProbeResponse) -> Detection | None:
    """Recognise one metadata record: ISO 19139 or a profile of it, ISO 19115-3, FGDC CSDGM."""
    try:
        root = parse_xml(seen.body)
    except ValueError:
        return None
    if local(root) in any_xml.CSW_ROOTS or not any_xml.is_record(root):
        return None
    return Detection("waf", LIKELY, 1, f"one metadata record, {local(root)}")


def sparql(seen: ProbeResponse) -> Detection | None:
    """Recognise a SPARQL endpoint by its response to the count of datasets, in JSON or XML."""
    found = _result(seen)
    if found is None:
        return None
    names, rows = found
    if names == ["n"] and rows and isinstance(rows[0].get("n"), dict):
        count = count_of(rows[0]["n"].get("value"))
        if not count:
            return Detection("sparql", HINT, count, "a SPARQL endpoint without dcat:Dataset in its default graph")
        return Detection("sparql", CERTAIN, count, "a SPARQL endpoint that holds dcat:Dataset")
    if {"uri", "id"} <= set(names):
        return Detection("sparql", HINT, None, "a list of repositories, each with an endpoint of its own")
    return Detection("sparql", LIKELY, None, "SPARQL results, though not to the question that was asked")


def repositories(seen: ProbeResponse) -> list[str]:
    """Return the endpoints that a server with RDF4J's protocol (RDF4J, GraphDB) lists; empty for other responses."""
    names, rows = _result(seen) or ([], [])
    if not {"uri", "id"} <= set(names):
        return []
    return [str(row["uri"]["value"]) for row in rows if isinstance(row.get("uri"), dict) and row["uri"].get("value")]


def _result(seen: ProbeResponse) -> tuple[list[str], list[dict[str, Any]]] | None:
    # Most responses are something else, and the beginning shows it.
    start = seen.body[:4_000].removeprefix(b"\xef\xbb\xbf").lstrip()
    is_xml = start[:1] == b"<" and b"sparql" in start
    if not is_xml and not (start[:1] == b"{" and b'"head"' in start):
        return None
    try:
        return result_of(seen.body)
    except ValueError:
        return None
