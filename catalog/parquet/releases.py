"""Frozen releases of what is published: ``releases/<edition>`` below the exported files, written once and never again.

A release has the Parquet package, the RDF files and the figures of the scorecards as the last manifest sealed them, the
method in words, and what it takes to cite it: hashes, DataCite metadata and ``CITATION.cff``. Each names the hash of
the list of hashes of the one before, so that none can be put in between later.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from catalog.db.store import CatalogError, now
from catalog.exports.folders import SUMS
from catalog.exports.manifest import manifests
from catalog.files import sha256, write_whole
from catalog.parquet.citing import citation, datacite, readme
from catalog.parquet.descriptor import Origin
from catalog.repositories.people import COLUMNS

__all__ = ["RELEASE", "RELEASES", "WITHDRAWN", "check_edition", "releases", "withdraw_release", "write_release"]

RELEASES = "releases"
"""Name of the folder of releases, in the folder of exported files."""
RELEASE = "release.json"
"""What a release says of itself."""
WITHDRAWN = "withdrawn.json"
"""When and why the contents of a release were taken away."""
_EDITION = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])(?:-[a-z0-9]{1,20})?")
_KEPT = (RELEASE, SUMS, WITHDRAWN, "datacite.json", "CITATION.cff", "README.md")
"""What is left of a release that was withdrawn."""
_FIGURES = re.compile(r"exports/(?:scorecard|commitments|census|corrections|causes|rules)\.(?:csv|schema\.json)")


_STILL_PUBLIC = {
    "a dataset that was withheld since": """select 1 from main.withheld_datasets w
        where w.dataset_id not in (select dataset_id from public.withheld_datasets)""",
} | {
    f"a text or name of the {table} that may not be public any more": f"""select 1 from public.[{table}] p
        left join main.[{table}] m on m.id = p.id
        where p.[{text}] is not null and not coalesce(m.is_text_approved, 0)
          or p.[{name}] is not null and not (coalesce(m.is_text_approved, 0) and coalesce(m.is_name_public, 0))"""  # noqa: S608  # names of the schema
    for table, name, text in COLUMNS.values()
}
"""SQL, by what it finds in the public file that must not be public as of now."""


def check_edition(edition: str) -> None:
    """Raise CatalogError unless ``edition`` is year and month, such as "2026-11", or these and a word:
    "2026-11-second"."""
    if not _EDITION.fullmatch(edition):
        raise CatalogError(f"{edition}: an edition is year and month, such as 2026-11, or these and a word: 2026-11-b")


def _is_released(name: str) -> bool:
    return name.startswith(("exports/parquet/", "exports/rdf/")) or bool(
        _FIGURES.fullmatch(name) or re.fullmatch(r"exports/catalog\.nt(?:\.gz)?", name)
    )


def write_release(data: Path, edition: str, origin: Origin, method: str, address: str | None) -> Path:
    """Write the release ``edition`` of the data folder ``data``, and return the path of its folder.

    Nothing may write to the data folder meanwhile. The files are those that the newest manifest lists, and each must
    still have the hash that stands there. ``edition``: see :func:`check_edition`. ``origin``: whose catalogue it is.
    ``method``: the methodology in words, as Markdown. ``address``: web address of the exported files, without a slash
    at its end; None if they are not published. Raise CatalogError if there is such a release already, if nothing is
    exported, if the Parquet package is missing or is not that of the public file, if a file was changed, or if
    something in it was withheld since: a release stays.
    """
    check_edition(edition)
    exports = data / "exports"
    target = exports / RELEASES / edition
    if target.exists():
        raise CatalogError(f"{target}: this edition is there already, and a release is never changed; name another one")
    sealed = manifests(data)
    if not sealed:
        raise CatalogError(f"{data}: nothing is exported there; winnow export does")
    manifest = json.loads(sealed[-1].read_text("utf-8"))
    _check_package(exports, manifest)
    _check_withheld(data)
    before = releases(exports)
    part = target.with_name(f"{edition}.part")
    # Those of processes that were killed, whatever edition it was: the folder is published.
    for left in (exports / RELEASES).glob("*.part"):
        shutil.rmtree(left, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        for name, output in sorted(manifest["outputs"].items()):
            if _is_released(name):
                _copy(data / name, part / name.removeprefix("exports/"), str(output["sha256"]))
        (part / "methodology.md").write_text(method, "utf-8", newline="\n")
        size = sum(path.stat().st_size for path in _files(part))
        about = {
            "edition": edition,
            "made_at": now(),
            "run": manifest["run"],
            "winnow_version": manifest["winnow_version"],
            "methodology_version": manifest["methodology_version"],
            "manifest": {"name": sealed[-1].name, "sha256": sha256(sealed[-1])},
            "catalogue": asdict(origin),
            "address": f"{address}/{RELEASES}/{edition}/" if address else None,
            "previous": {"edition": before[-1]["edition"], "sha256": before[-1]["sums"]} if before else None,
            "files": len([*_files(part)]),
            "bytes": size,
        }
        portals = json.loads((part / "parquet" / "datapackage.json").read_text("utf-8"))["winnow"]["portals"]
        for file, text in (
            (RELEASE, _json(about)),
            ("datacite.json", _json(datacite(about, portals))),
            ("CITATION.cff", citation(about)),
            ("README.md", readme(about)),
        ):
            (part / file).write_text(text, "utf-8", newline="\n")
        sums = "".join(f"{sha256(path)}  {path.relative_to(part).as_posix()}\n" for path in _files(part))
        (part / SUMS).write_text(sums, "utf-8", newline="\n")
        for path in _files(part):
            path.chmod(0o444)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _check_package(exports: Path, manifest: Mapping[str, Any]) -> None:
    from catalog.parquet.package import NEEDS

    described = exports / "parquet" / "datapackage.json"
    if "exports/parquet/datapackage.json" not in manifest["outputs"] or not described.is_file():
        raise CatalogError(f"{described}: there is no such file; {NEEDS}, and run winnow export")
    public = manifest["outputs"].get("site/catalog.db") or {}
    if json.loads(described.read_text("utf-8"))["winnow"]["public_file"] != public.get("sha256"):
        raise CatalogError(
            f"{described}: it was not made from the present public file; run winnow export --parquet always first"
        )


def _check_withheld(data: Path) -> None:
    public = data / "site" / "catalog.db"
    with closing(sqlite3.connect(f"{(data / 'catalog.db').absolute().as_uri()}?mode=ro", uri=True)) as opened:
        opened.execute("attach ? as public", [f"{public.absolute().as_uri()}?mode=ro"])
        found = [what for what, sql in _STILL_PUBLIC.items() if opened.execute(f"{sql} limit 1").fetchone()]
    if found:
        raise CatalogError(f"{public}: it has {' and '.join(found)}; run winnow export first")


def _copy(source: Path, target: Path, expected: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    try:
        with source.open("rb") as read, target.open("xb") as write:
            while block := read.read(1 << 20):
                digest.update(block)
                write.write(block)
    except FileNotFoundError:
        raise CatalogError(
            f"{source}: it is missing, and the last manifest lists it; run winnow export first"
        ) from None
    if digest.hexdigest() != expected:
        raise CatalogError(f"{source}: it was changed after it was sealed; delete it and run winnow export")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def releases(exports: Path) -> list[dict[str, Any]]:
    """Return what each release says of itself, the oldest edition first.

    ``exports``: folder of exported files. Besides the members of ``release.json`` each has ``sums``, the SHA-256 of its
    list of hashes, and ``withdrawn``: None, or an object with ``at`` and ``reason``. A folder whose ``release.json``
    cannot be read is left out.
    """
    found = []
    for path in sorted((exports / RELEASES).glob(f"*/{RELEASE}")):
        try:
            about = json.loads(path.read_text("utf-8"))
            gone = path.with_name(WITHDRAWN)
            withdrawn = json.loads(gone.read_text("utf-8")) if gone.is_file() else None
            if about["edition"] == path.parent.name:
                found.append(about | {"sums": sha256(path.with_name(SUMS)), "withdrawn": withdrawn})
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: (str(one["made_at"]), str(one["edition"])))


def withdraw_release(exports: Path, edition: str, reason: str) -> Path:
    """Delete the contents of a release, such as when a court asks for it, and return the path of its folder.

    What it said of itself and its list of hashes stay, so that nobody can make another one of that name, and whoever
    has kept a file can still show that it was in it. ``reason``: in words; it is published. ``exports``: folder of
    exported files. Raise CatalogError if there is no such release, if ``reason`` is empty, or if it was withdrawn
    already: the reason that was published stays.
    """
    check_edition(edition)
    folder = exports / RELEASES / edition
    if not (folder / RELEASE).is_file():
        raise CatalogError(f"{folder}: there is no such release")
    if not reason.strip():
        raise CatalogError("a reason is missing: it is published in place of the contents")
    is_told = (folder / WITHDRAWN).is_file()
    contents = [path for path in folder.iterdir() if path.is_dir() or path.name not in _KEPT]
    if is_told and not contents:
        raise CatalogError(f"{folder}: it was withdrawn already, and the reason that was published stays")
    if not is_told:
        write_whole(folder / WITHDRAWN, _json({"at": now(), "reason": reason.strip()}))
    for path in contents:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return folder


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
