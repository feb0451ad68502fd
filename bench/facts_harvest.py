"""Replay the recordings beside the project on the loopback interface and harvest them into a catalogue.

What no index lists (single documents, a sitemap without recorded pages) is first put into a folder of links.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

PATHS = {
    "arcgis-portal-search": "/portal",
    "csw-csiro-marine": "/csw",
    "dcatapit-alessandria": "/ComunediAlessandria/open-data/refs/heads/main/catalog.rdf",
    "dcatapit-foggia": "/ComuneFoggia/OpenData-Comune-di-Foggia/refs/heads/main/catalog.rdf",
    "dcatapit-unibo": "/catalog.rdf",
    "dcatapit-upo": "/unipiemonteorientale/UPOopendata/refs/heads/main/catalog.rdf",
    "iso-open-canada": "/metadata/",
    "oai-ukds": "/oai/provider?verb=GetRecord&identifier=6684&metadataPrefix=ddi",
    "ogc-records-wis2": "/collections/wis2-discovery-metadata",
    "sitemap-pacificdata": "/sitemap.txt",
    "sparql-lindas": "/query",
    "waf-wales": "/waf/",
}
"""Path of the interface below the recording, for the first set (the second names its endpoint itself)."""
TYPES = {"other-json": "i14y"}
NO_RECORDS = ("ckan-open-alberta",)
"""Recordings that contain only the names of the datasets."""
CUBES = "SELECT ?cube ?name ?desc ?creator WHERE { ?cube a <x:Cube> }"


@dataclass(slots=True)
class Held:
    """What the catalogue has of one dataset: texts by fact and column."""

    recording: str
    kind: str
    raw: Any
    facts: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    services: int = 0


def recordings(shared: Path) -> dict[str, dict[str, Any]]:
    """Return the recording.json and folder of each recording by name, without those that contain no records."""
    found = {}
    for folder in ("portals", "portals2"):
        for path in sorted((shared / folder).glob("*/recording.json")):
            if path.parent.name not in NO_RECORDS:
                found[path.parent.name] = json.loads(path.read_text("utf-8")) | {"folder": path.parent}
    return found


def linked(name: str, meta: dict[str, Any], into: Path) -> None:
    """Copy a recording that has no index of its records, with an index made here."""
    folder = into / name
    folder.mkdir(parents=True)
    responses = [one | {"file": str((meta["folder"] / one["file"]).resolve())} for one in meta["responses"]]
    if name == "sitemap-pacificdata":
        responses = [one for one in responses if ".jsonld" in one["path"]]
        index, kind = "\n".join(f"BASE{one['path']}" for one in responses), "text/plain"
    else:
        links = "".join(f'<a href="{Path(one["path"]).name}">x</a>' for one in responses)
        index, kind = f"<html><title>Index of /metadata/</title>{links}</html>", "text/html"
    (folder / "index").write_text(index, "utf-8")
    responses.append({"path": PATHS[name], "file": "index", "content_type": kind, "status": 200})
    made = {key: value for key, value in meta.items() if key != "folder"} | {"responses": responses}
    (folder / "recording.json").write_text(json.dumps(made), "utf-8")


@contextmanager
def replayed(shared: Path, into: Path) -> Iterator[str]:
    """Run the recordings' own server and yield its address."""
    spec = importlib.util.spec_from_file_location("replay", shared / "portals" / "replay.py")
    assert spec and spec.loader
    replay = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(replay)
    # Unbuffered, every response would wait for a delayed acknowledgement.
    replay.Handler.wbufsize = 1 << 16
    for name in ("iso-open-canada", "sitemap-pacificdata"):
        linked(name, recordings(shared)[name], into)
    server = replay.serve([path for path in (shared / "portals", shared / "portals2", into) if path.is_dir()])
    address = f"http://127.0.0.1:{server.server_port}"
    index = into / "sitemap-pacificdata" / "index"
    index.write_text(index.read_text("utf-8").replace("BASE", f"{address}/sitemap-pacificdata"), "utf-8")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()


def harvest(shared: Path, folder: Path) -> dict[str, str]:
    """Harvest every recording into ``folder``; return verdict and reason of those that were not read completely."""
    from harvester.night.stages import nightly
    from specs.portals import Limits, PortalSpec

    known = get_args(PortalSpec.model_fields["type"].annotation)
    odd, portals = {}, []
    with replayed(shared, folder / "made") as address:
        for name, meta in recordings(shared).items():
            kind = TYPES.get(meta["type"], meta["type"])
            if known and kind not in known:
                odd[name] = f"no portal type {kind}"
                continue
            urls = {name: f"{address}/{name}{meta.get('endpoint') or PATHS.get(name, '')}"}
            if name == "dcat-single-records":
                urls = {f"{name}-{n}": f"{address}/{name}{one['path']}" for n, one in enumerate(meta["responses"])}
            for portal, url in urls.items():
                # Of i14y only page 1 of about 1,000 was recorded.
                limits = Limits(delay_s=0, page_rows=2 if kind == "i14y" else 500)
                query = CUBES if name == "sparql-lindas" else None
                portals.append(
                    PortalSpec.model_validate(
                        {"id": portal, "type": kind, "title": portal, "url": url, "local": True, "query": query}
                        | {"limits": limits}
                    )
                )
        result = nightly(folder, portals, stages=["harvest"])
    for portal in result["portals"]:
        if portal["verdict"] != "complete":
            odd[portal["portal"]] = f"{portal['verdict']}: {'; '.join(portal['reasons'])[:160]}"
    return odd


def catalogue(folder: Path, shared: Path) -> Iterator[Held]:
    """Yield every dataset of the catalogue that has a record, with its facts as columns."""
    from catalog.db.packed import PackedTexts

    metas = recordings(shared)
    db = sqlite3.connect(folder / "catalog.db")
    db.row_factory = sqlite3.Row
    packed = PackedTexts(db)
    parts: dict[str, dict[str, list[sqlite3.Row]]] = {}
    for table in ("distributions", "data_services"):
        for row in db.execute(f"select * from {table} where coalesce(is_retired, 0) = 0"):  # noqa: S608
            parts.setdefault(row["dataset_id"], {}).setdefault(table, []).append(row)
    query = """select datasets.*, publishers.name as publisher_name, publishers.url as publisher_url,
               publishers.email as publisher_email, records.raw from datasets
               join records on records.dataset_id = datasets.id
               left join publishers on publishers.id = datasets.publisher_id"""
    for row in db.execute(query):
        name = row["portal_id"]
        name = name if name in metas else name.rpartition("-")[0]
        kind = TYPES.get(metas[name]["type"], metas[name]["type"])
        own = parts.get(row["id"], {})
        held = Held(
            name, kind, json.loads(packed.text(row["raw"]) or "null"), services=len(own.get("data_services", ()))
        )
        held.facts = facts_of(row, own.get("distributions", []), own.get("data_services", []))
        yield held
    db.close()


Rows = list[sqlite3.Row]


def facts_of(row: sqlite3.Row, files: Rows, services: Rows) -> dict[str, dict[str, list[str]]]:
    def of(*columns: str, among: Rows | None = None) -> dict[str, list[str]]:
        found = {}
        for column in columns:
            if texts := [text for one in among or [row] for text in _texts(one[column])]:
                found[column] = list(dict.fromkeys(texts))
        return found

    def below(prefix: str, *columns: str, among: Rows) -> dict[str, list[str]]:
        return {f"{prefix}.{key}": texts for key, texts in of(*columns, among=among).items()} if among else {}

    return {
        "licence": of("licence", "licence_title")
        | below("distributions", "licence", "licence_title", among=files)
        | below("data_services", "licence", among=services),
        "rights": of("rights", "access_rights") | below("distributions", "rights", among=files),
        "spatial": of("spatial"),
        "temporal": of("temporal_start", "temporal_end"),
        "frequency": of("frequency"),
        "publisher": of("publisher_name", "publisher_url"),
        "contact": of("contact_name", "contact_email", "contact_url"),
        "issued": of("issued") | below("distributions", "issued", among=files),
        "modified": of("modified") | below("distributions", "modified", among=files),
        "record_modified": of("record_modified"),
        "format": below("distributions", "format", "media_type", among=files),
        "languages": of("language") | below("distributions", "language", among=files),
    }


def _texts(value: object) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, str) and value.startswith("["):
        try:
            return [one if isinstance(one, str) else json.dumps(one) for one in json.loads(value)]
        except ValueError:
            return [value]
    return [str(value)]


if __name__ == "__main__":
    print(harvest(Path(sys.argv[1]), Path(sys.argv[2])))
