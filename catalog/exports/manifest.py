"""Seal the output of a run: each manifest holds the hashes of the outputs and of the manifest before it.

So nobody, including the operator, can change an old figure without breaking every later manifest. Whoever has kept a
scorecard, or only the hash of the last manifest, can check both with ``winnow verify``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog, now
from catalog.exports.folders import SUMS
from catalog.exports.state import read_state
from catalog.files import sha256, write_whole
from catalog.parquet.descriptor import known_partitions
from catalog.site.published import read_public_copy

__all__ = ["Verification", "manifests", "seal", "verify"]

_NAME = re.compile(r"^(\d{8}T\d{6}Z)(?:-(\d+))?\.json$")
COPY = "manifest.json"
"""The newest manifest is copied beside the scorecards under this name, so that it travels with them."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of :func:`verify`: sentences about files that are unchanged (``good``), and about faults (``bad``)."""

    good: list[str]
    bad: list[str]


def manifests(data: Path) -> list[Path]:
    """Return the paths of all manifests in the data folder ``data``, oldest first.

    A run that was exported again has several, numbered from 2.
    """
    found = [(name, path) for path in (data / "manifests").glob("*.json") if (name := _NAME.match(path.name))]
    return [path for _, path in sorted(found, key=lambda one: (one[0][1], int(one[0][2] or 1)))]


def _outputs(data: Path, archive: str | None) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of all outputs, by path below the data folder.

    A file that the export recorded, or the publishing of the public copy, is not read again. If it was changed since,
    the recorded hash is the one of what we wrote, and ``winnow verify`` reports the change.
    """
    folder = data / "exports"
    state = read_state(folder)
    packed = {f"parquet/{one.path}": one for one in known_partitions(folder / "parquet")[0].values()}
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != COPY and path.suffix != ".part"]
    # Of a release its list of hashes is enough: it is never written again.
    paths = [path for path in paths if path.name == SUMS or folder / "releases" not in path.parents]
    paths += [path for path in (data / "site" / "catalog.db",) if path.is_file()]
    if archive and (data / archive).is_file():
        paths.append(data / archive)
    found = {}
    for path in sorted(paths):
        name, size = path.relative_to(data).as_posix(), path.stat().st_size
        known = state.hash_of(name.removeprefix("exports/"), size) if name.startswith("exports/") else None
        part = packed.get(name.removeprefix("exports/"))
        if part and part.bytes == size:
            known = part.sha256
        if name == "site/catalog.db" and (copy := read_public_copy(path)):
            known = copy.sha256
        found[name] = {"sha256": known or sha256(path), "bytes": size}
    return found


def seal(catalog: Catalog, run_id: str, data: Path) -> Path:
    """Write the manifest of a run into the data folder ``data``, with a copy beside the exported files, and return its
    path.

    A manifest is a JSON file with the hashes of all exported files, of the public copy of the catalogue and the run's
    archive if there are any, and of the manifest before it. If the newest manifest is of this run and no file has
    changed since, no new one is written, and the path of the newest is returned. Raise IndexError if the catalogue has
    no such run.
    """
    run = catalog.rows("select * from runs where id = ?", [run_id])[0]
    outputs = _outputs(data, run["archive"])
    earlier = manifests(data)
    if earlier and (last := _read(earlier[-1])) and last["run"] == run_id and last["outputs"] == outputs:
        return earlier[-1]
    number = sum(path.name.startswith(run_id) for path in earlier) + 1
    path = data / "manifests" / (f"{run_id}-{number}.json" if number > 1 else f"{run_id}.json")
    manifest = {
        "run": run_id,
        "command": run["command"],
        "sealed_at": now(),
        "winnow_version": run["winnow_version"],
        "methodology_version": run["methodology_version"],
        "previous": {"manifest": earlier[-1].name, "sha256": sha256(earlier[-1])} if earlier else None,
        "outputs": outputs,
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    for target in (path, data / "exports" / COPY):
        write_whole(target, text)
    return path


def _read(path: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads(path.read_text("utf-8"))
        outputs, previous = manifest["outputs"], manifest["previous"]
        is_well = all(isinstance(one, dict) for one in (outputs, previous or {}, *outputs.values()))
        return manifest if is_well else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def verify(data: Path, files: list[Path]) -> Verification:
    """Check that exported files in the data folder ``data`` are unchanged, and say which run made each path in
    ``files``.

    A manifest is a JSON file with the hashes of a run's outputs: its exported files, the public copy of the catalogue
    and its archive. Each manifest must also hold the hash of the one before it. All outputs must have the hashes in the
    newest manifest. An archive that still exists must have the hash in each manifest that lists it. Each path in
    ``files`` is looked up by its hash in all manifests.
    """
    good: list[str] = []
    bad: list[str] = []
    paths = manifests(data)
    if not paths:
        return Verification([], [f"{data}: holds no manifests; winnow nightly and winnow export write them"])
    known: dict[str, str] = {}
    before: Path | None = None
    for path in paths:
        manifest = _read(path)
        if manifest is None:
            bad.append(f"{path.name}: cannot be read as a manifest")
        else:
            bad += _link(path, manifest, before)
            for name, output in manifest["outputs"].items():
                known.setdefault(output.get("sha256", ""), f"{name} of run {manifest.get('run')}")
                if name.startswith("archive/") and (data / name).is_file():
                    bad += _compare(data, name, output, path)
        before = path
    if not bad:
        good.append(
            f"{len(paths)} manifests, each linked to the one before; the newest has SHA-256 {sha256(paths[-1])}"
        )
    newest = _read(paths[-1])
    problems = (
        [p for name, output in newest["outputs"].items() for p in _compare(data, name, output, paths[-1])]
        if newest
        else []
    )
    if newest and not problems:
        good.append(f"{len(newest['outputs'])} outputs are as run {newest.get('run')} sealed them")
    bad += [problem for problem in problems if problem not in bad]
    for file in files:
        if not file.is_file():
            bad.append(f"{file}: no such file")
        elif origin := known.get(sha256(file)):
            good.append(f"{file}: is {origin}, unchanged")
        else:
            bad.append(f"{file}: no manifest knows these bytes; it was changed, or is of another catalogue")
    return Verification(good, bad)


def _link(path: Path, manifest: dict[str, Any], before: Path | None) -> list[str]:
    previous = manifest.get("previous")
    if before is None:
        if previous is None:
            return []
        return [f"{path.name}: the manifest before it ({previous.get('manifest')}) is missing"]
    if not isinstance(previous, dict):
        return [f"{path.name}: names no manifest before it, and {before.name} is there"]
    if previous.get("manifest") != before.name:
        return [f"{path.name}: follows {previous.get('manifest')}, which is missing; {before.name} is in its place"]
    if previous.get("sha256") != sha256(before):
        return [f"{before.name}: was changed after {path.name} was sealed"]
    return []


def _compare(data: Path, name: str, output: dict[str, Any], manifest: Path) -> list[str]:
    path = data / name
    if not path.resolve().is_relative_to(data.resolve()):
        return [f"{name}: lies outside the data folder; {manifest.name} was changed"]
    if not path.is_file():
        return [f"{name}: is missing; {manifest.name} lists it"]
    return [] if sha256(path) == output.get("sha256") else [f"{name}: was changed after {manifest.name} was sealed"]
