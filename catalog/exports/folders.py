"""The folders of a run's files: one for each government, and inside it one for each publisher that has something to
fix."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from catalog.exports.columns import table_schema
from catalog.files import sha256
from catalog.model import stable_id
from specs.exports import export_files

__all__ = [
    "EVERYTHING", "KEYS", "OWN_FOLDERS", "PUBLISHERS_MAX", "SENT", "SENT_1", "SUMS", "folder_name", "publisher_folder",
    "publishers_of", "seal_folder",
]  # fmt: skip

SENT = {name: file for name, file in export_files().items() if file.is_sent}
"""The CSVs of a folder, in the order of its data package."""
SENT_1 = {name: file for name, file in export_files(1).items() if file.is_sent}
"""The same in the form of schema 1."""
KEYS = {name: list(file.key) for name, file in SENT.items()}
PUBLISHERS_MAX = 300
"""Maximum of publisher folders inside a government's: those with most findings. The government's own files have all."""
DATASETS_MIN = 5
"""Datasets from which on a publisher gets a folder."""
OWN_FOLDERS = frozenset({"publishers", "parquet", "rdf", "releases"})
"""Folders of ours beside those of governments."""
EVERYTHING = "everything"
"""Name of the folder that holds all governments."""
SUMS = "SHA256SUMS"
"""Name of the list of hashes of a folder, for ``sha256sum -c``."""


def folder_name(government: str) -> str:
    """Return the name of a government's folder: lower-case ASCII letters, digits and hyphens.

    At most 40 characters of the name are kept. If the result differs from the government's name in more than case and
    blanks, or is the name of a folder of ours (:data:`OWN_FOLDERS`), a hyphen and six hexadecimal digits of a hash are
    added, so that two governments do not share a folder.
    """
    plain = unicodedata.normalize("NFKD", government).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40]
    # The same parent folder holds files of all governments, and one name is that of our own folder.
    is_same = word == re.sub(r"\s+", "-", government.strip().lower()) and word not in OWN_FOLDERS
    return word if is_same else f"{word or 'government'}-{stable_id(government)[:6]}"


def publisher_folder(name: str | None, publisher_id: str) -> str:
    """Return the name of a publisher's folder, which lies in the folder of its government.

    It consists of at most 40 characters of the publisher's name, in the form of :func:`folder_name` without the hash
    that this may add, a hyphen, and six hexadecimal digits of a hash of ``publisher_id``. So publishers with the same
    name have different folders. ``name``: name of the publisher; "publisher" is used if it is None or "".
    """
    word = folder_name(name or "publisher").removesuffix(f"-{stable_id(name or 'publisher')[:6]}")
    return f"{word[:40]}-{stable_id(publisher_id)[:6]}"


def publishers_of(
    cards: Iterable[dict[str, Any]], parent: Path, *, needs_datasets: bool = True, always: Container[str] = ()
) -> dict[Path, dict[str, Any]]:
    """Return the publishers that get a folder, as a mapping from the folder's path to the publisher's row of the
    scorecard.

    ``cards``: rows of the scorecard of one government. ``parent``: folder that the publishers' folders lie in. A
    publisher gets a folder if it has at least 5 datasets; at most 300 do, those with most findings first. A folder that
    already exists is always included, because its address may have been passed on. ``needs_datasets``: False gives a
    folder to publishers with fewer datasets too if they have open findings, as in schema 1. ``always``: ids of
    publishers that get a folder in any case.
    """
    own = {
        parent / publisher_folder(row["entity_name"], row["entity_id"]): row
        for row in cards
        if row["entity_level"] == "publisher"
    }
    worth = [
        (path, row)
        for path, row in own.items()
        if (row.get("datasets") or 0) >= DATASETS_MIN or (row.get("findings_open") and not needs_datasets)
    ]
    worth.sort(key=lambda one: (-(one[1].get("findings_open") or 0), one[1]["entity_id"]))
    return dict(worth[:PUBLISHERS_MAX]) | {
        path: row for path, row in own.items() if path.is_dir() or row["entity_id"] in always
    }


def seal_folder(folder: Path, name: str, head: dict[str, Any]) -> list[Path]:
    """Write ``datapackage.json`` and ``SHA256SUMS`` of a folder of files of schema 1, and return the two paths.

    The data package describes the CSVs (Data Package v1); ``SHA256SUMS`` lists the hashes of all files, for ``sha256sum
    -c``. ``name``: the government or publisher that the files are about, or :data:`EVERYTHING`. ``head``: run and
    versions, see :func:`catalog.exports.cards.head_of`.
    """
    resources = []
    for stem, file in SENT_1.items():
        path = folder / f"{stem}.csv"
        if not path.is_file():
            continue
        resources.append(
            {
                "name": stem,
                "title": file.title,
                "path": path.name,
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "header": True},
                "bytes": path.stat().st_size,
                "hash": f"sha256:{sha256(path)}",
                "schema": table_schema(file.column, file.key),
            }
        )
    package = {
        "profile": "tabular-data-package",
        "name": re.sub(r"[^a-z0-9._-]", "-", f"winnow-{folder.name if name != EVERYTHING else name}".lower()),
        "title": f"Winnow scorecard: {name}",
        "version": head["schema_version"],
        "run": head["run_id"],
        "methodology_version": head["methodology_version"],
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": resources,
    }
    described = folder / "datapackage.json"
    described.write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return [described, _write_sums(folder, folder.iterdir())]


def _write_sums(folder: Path, paths: Iterable[Path]) -> Path:
    # manifest.json is written after these, when the run is sealed; it has its own chain.
    skipped = (SUMS, "manifest.json")
    chosen = sorted(p for p in paths if p.is_file() and p.name not in skipped and p.suffix != ".part")
    target = folder / SUMS
    target.write_text("".join(f"{sha256(path)}  {path.name}\n" for path in chosen), "utf-8", newline="\n")
    return target
