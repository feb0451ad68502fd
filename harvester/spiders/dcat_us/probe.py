"""How DCAT-US documents of any version are recognised from outside."""

from __future__ import annotations

import re

from harvester.spiders.base.detection import BEGINNING, CERTAIN, LIKELY, Detection, Probe, ProbeResponse, TypeProbes
from harvester.spiders.base.probe_reading import json_of

__all__ = ["PROBES", "data_json"]


_ARCGIS = re.compile(rb"arcgis\.com/|/datasets/[0-9a-f]{32}|hub\.arcgis|/datasets/[\w-]+::")


def data_json(seen: ProbeResponse) -> Detection | None:
    """Return a "dcat-us", "dcat-us-3" or "arcgis-hub" detection if the response ``seen`` is a ``data.json``, else None.

    It is one if its body is JSON that lists datasets, under "dataset" or as a bare array, and if the first of them has
    fields of DCAT-US. A document too long to be parsed is recognised by its beginning; the number of datasets is None
    then. A document that states DCAT-US 3 gives "dcat-us-3". One most of whose identifiers are those of an ArcGIS Hub
    gives "arcgis-hub". Any other gives "dcat-us".
    """
    start = seen.body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] not in (b"{", b"["):
        return None
    body = json_of(seen)
    items = body.get("dataset") if isinstance(body, dict) else body
    if body is None:
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
        if isinstance(body, list) and not {"accessLevel", "keyword", "accessURL", "contactPoint"} & items[0].keys():
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


PROBES = TypeProbes(
    probes=(
        Probe(20, "/data.json", data_json, kinds=("dcat-us", "dcat-us-3", "arcgis-hub")),
        Probe(
            1200,
            "/api/feed/dcat-us/1.1.json",
            data_json,
            "/api/feed/dcat-us/1.1.json",
            kinds=("dcat-us", "dcat-us-3", "arcgis-hub"),
        ),
        Probe(
            1210,
            "/api/feed/dcat-us/3.0",
            data_json,
            "/api/feed/dcat-us/3.0",
            kinds=("dcat-us", "dcat-us-3", "arcgis-hub"),
        ),
    ),
    recognisers=((230, data_json),),
    api_paths=("/api/feed/", "/data.json"),
)
