"""``/downloads``: every exported file with its rows, bytes and SHA-256, and the licence."""

from __future__ import annotations

import json
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from catalog.exports.cards import day_of_run
from catalog.exports.folders import OWN_FOLDERS
from catalog.parquet.releases import releases
from catalog.site.linked import LICENCE
from catalog.site.pages.page import Content, Page, Visit

__all__ = ["PAGES"]

_PACKAGES = {
    "parquet/datapackage.json": "The catalogue as Parquet tables: every file with its hash (Data Package v2)",
    "rdf/quality/metrics.ttl": "What was measured as RDF: metrics, dimensions and scoring systems; scores by portal",
    "parquet/croissant.json": "The same tables described as Croissant",
}
"""Files in folders of ours that lead to all others there, with what they are."""


def _read(visit: Visit) -> Content:
    t = visit.words.phrase
    exports = Path(visit.options.exports) if visit.options.exports else None
    package = _json(exports / "datapackage.json") if exports else {}
    manifest = _json(exports / "manifest.json") if exports else {}
    sealed = {
        name.removeprefix("exports/"): spec
        for name, spec in (manifest.get("outputs") or {}).items()
        if isinstance(spec, dict) and name.startswith("exports/")
    }
    described = {
        one["path"]: one for one in package.get("resources") or () if isinstance(one, dict) and one.get("path")
    }
    files = [
        {
            "path": path,
            "title": _PACKAGES.get(path) or (described.get(path) or {}).get("title"),
            "bytes": spec.get("bytes"),
            "sha256": spec.get("sha256"),
            "rows": (described.get(path) or {}).get("rows"),
        }
        for path, spec in sorted(sealed.items(), key=lambda one: (one[0] not in described, one[0]))
        if ("/" not in path.removeprefix("rdf/").removeprefix("quality/") or path in _PACKAGES)
        and not path.endswith((".schema.json", ".csv-metadata.json"))
    ]
    base = f"{visit.options.exports_url}/" if visit.options.exports_url else None
    copy = (manifest.get("outputs") or {}).get("site/catalog.db")
    return {
        "title": t("downloads.title"),
        "description": t("downloads.description"),
        "run_id": manifest.get("run"),
        "files": files,
        "folders": len({path.partition("/")[0] for path in sealed if "/" in path} - OWN_FOLDERS),
        "releases": releases(exports)[::-1] if exports else [],
        "database": copy if isinstance(copy, dict) else None,
        "json_ld": {
            "@type": "Dataset",
            "@id": "/downloads",
            "name": t("downloads.title"),
            "description": t("downloads.description"),
            "url": "/downloads",
            "license": LICENCE,
            "dateModified": day_of_run(manifest.get("run")),
            "includedInDataCatalog": {"@type": "DataCatalog", "name": "Winnow", "url": "/"},
            "distribution": [_download(f"{base}{one['path']}", one) for one in files] if base else [],
        },
        "licence": LICENCE,
        "exports_url": base,
    }


def _download(url: str, file: dict[str, Any]) -> dict[str, Any]:
    kind = guess_type(file["path"])[0]
    return {
        "@type": "DataDownload",
        "name": file["title"] or file["path"],
        "contentUrl": url,
        "encodingFormat": kind,
        "contentSize": f"{file['bytes']} B" if file["bytes"] is not None else None,
        "sha256": file["sha256"],
    }


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


PAGES = (Page(name="downloads", address="/downloads", read=_read),)
