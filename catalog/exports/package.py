"""``datapackage.json`` and ``SHA256SUMS`` of the folders of schema 2 (Data Package v1).

The data package names the run once. A file of another folder is named with its path below this one, so that every
finding can be reached from the data package of everything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from catalog.exports.columns import csvw, table_schema
from catalog.exports.folders import EVERYTHING, SENT, SUMS
from catalog.exports.sent_file import OTHERS
from catalog.exports.state import FolderState
from catalog.files import sha256, write_whole
from specs.exports import export_files

__all__ = ["PACKAGE", "describe_columns", "files_of", "resource", "write_package"]

PACKAGE = "datapackage.json"
_OWN = re.compile(
    r"(?:scorecard|causes|findings|findings-others|personal|commitments|census|corrections|queries|rules|changes)"
    r"(?:\.[a-z]{2,5})?\.(?:csv|xlsx|schema\.json|csv-metadata\.json)"
    r"|report\.(?:html|pdf)|feed\.atom|catalog\.nt(?:\.gz)?|datapackage\.json|SHA256SUMS"
)
"""Names of the files that exports write, in this version and in earlier ones."""
_KIND = {OTHERS: "findings"}
_APART = (
    "There are too many findings for one file. Each is in the file of one folder, and the resources below name all of "
    f"these files: {OTHERS}.csv of a government has the findings of publishers without a folder of their own."
)


@cache
def _described(stem: str) -> tuple[str, str]:
    """Return title and Table Schema of a file, the latter as JSON: it is the same in thousands of folders."""
    file = export_files()[_KIND.get(stem, stem)]
    return file.title, json.dumps(table_schema(file.for_programs, file.key), ensure_ascii=False)


def resource(name: str, path: str, stem: str, size: int, hashed: str, run: str, schema: str | None = None) -> str:
    """Return the entry that describes a CSV in a data package (an item of ``resources``), as JSON in one line.

    ``name``: of the entry. ``path``: of the file, relative to the folder of the data package. ``stem``: which kind of
    file it is, such as "findings". ``size``: of the file in bytes. ``hashed``: its SHA-256. ``run``: id of the run that
    wrote it. ``schema``: path of the file with its Table Schema; None puts the Table Schema itself into the entry.
    """
    title, described = _described(stem)
    about = {
        "name": name,
        "title": title if stem != OTHERS else f"{title}: those in no publisher's folder",
        "path": path,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "header": True},
        "bytes": size,
        "hash": f"sha256:{hashed}",
        "run": run,
    }
    text = json.dumps(about, ensure_ascii=False)
    return f'{text[:-1]}, "schema": {json.dumps(schema) if schema else described}}}'


def files_of(folder: Path, *, only: Iterable[str] | None = None) -> dict[str, tuple[int, str]]:
    """Return the size in bytes and the SHA-256 of each exported file of a folder, by file name.

    A file counts as exported if it has a name that exports use. ``datapackage.json`` and ``SHA256SUMS``, which
    :func:`write_package` writes, are left out. ``only``: names of the files that this export has written; all other
    exported files are deleted from the folder. None deletes nothing.
    """
    found = {}
    kept = None if only is None else set(only)
    for path in sorted(folder.iterdir()):
        if path.name in (PACKAGE, SUMS) or not _OWN.fullmatch(path.name) or not path.is_file():
            continue
        if kept is not None and path.name not in kept:
            path.unlink()
        else:
            found[path.name] = (path.stat().st_size, sha256(path))
    return found


def write_package(
    folder: Path, name: str, head: Mapping[str, Any], state: FolderState, linked: Iterable[str] = ()
) -> list[Path]:
    """Write ``datapackage.json`` and ``SHA256SUMS`` of a folder, add both to ``state.files``, and return their paths.

    ``name``: the government or publisher that the files are about, or :data:`EVERYTHING` for the folder of all
    governments. ``head``: run, day and versions, see :func:`catalog.exports.cards.head_of`. ``state``: the files of the
    folder with sizes and hashes. ``linked``: entries, as :func:`resource` gives them, of files in other folders that
    the data package also lists.
    """
    resources = [
        resource(stem, f"{stem}.csv", stem, *state.files[f"{stem}.csv"], state.run)
        for stem in (*SENT, OTHERS, "changes")
        if f"{stem}.csv" in state.files
    ]
    elsewhere = [*linked]
    listed = ",\n  ".join([*resources, *elsewhere])
    about = {
        "profile": "tabular-data-package",
        "name": re.sub(r"[^a-z0-9._-]", "-", f"winnow-{folder.name if name != EVERYTHING else name}".lower()),
        "title": f"Winnow scorecard: {name}",
        **({"description": _APART} if elsewhere else {}),
        "version": head["schema_version"],
        "run": head["run_id"],
        "run_date": head["run_date"],
        "methodology_version": head["methodology_version"],
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    }
    opened = json.dumps(about, indent=1, ensure_ascii=False)
    described, sums = folder / PACKAGE, folder / SUMS
    _replace(described, f'{opened[:-2]},\n "resources": [\n  {listed}\n ]\n}}\n')
    state.files[PACKAGE] = (described.stat().st_size, sha256(described))
    files = {file: hashed for file, (_, hashed) in state.files.items() if file != SUMS}
    _replace(sums, "".join(f"{files[file]}  {file}\n" for file in sorted(files)))
    state.files[SUMS] = (sums.stat().st_size, sha256(sums))
    return [described, sums]


def describe_columns(out: Path) -> list[Path]:
    """Write two descriptions of the columns of every exported CSV into the folder ``out``, and return the paths.

    For each CSV these are a Table Schema (``findings.schema.json``, for example) and CSVW metadata
    (``findings.csv-metadata.json``). ``out`` is the folder about all governments. The descriptions also apply to the
    files of the same names in the folders of governments and publishers.
    """
    written = []
    for stem, file in export_files().items():
        for path, content in (
            (out / f"{stem}.schema.json", table_schema(file.for_programs, file.key)),
            (out / f"{stem}.csv-metadata.json", csvw(f"{stem}.csv", file.for_programs, file.key)),
        ):
            _replace(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
            written.append(path)
    return written


def _replace(path: Path, text: str) -> None:
    write_whole(path, text)
