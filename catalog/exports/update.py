"""Write the exported files of schema 2: only the folders whose contents have changed.

Everything else keeps its bytes and its hashes. The data package of everything is written in every run, because it
names the run; that of any other folder names the run that last wrote the folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from catalog.exports.folders import EVERYTHING
from catalog.exports.job import ExportJob, OutputFormat
from catalog.exports.options import RDF_FOLDER
from catalog.exports.package import describe_columns, files_of, resource, write_package
from catalog.exports.sent_file import OTHERS
from catalog.exports.state import STATE, ExportState, FolderState, read_state
from catalog.files import sha256

__all__ = ["update"]


def update(job: ExportJob, formats: Iterator[OutputFormat]) -> list[Path]:
    """Write the files of schema 2 in all folders whose contents have changed, and return the paths of the written
    files.

    A file that an earlier export wrote into such a folder and this one did not is deleted. ``formats``: the output
    formats in the order of writing. The files below the folder ``rdf`` are recorded and listed with those of
    ``job.out``. That folder gets a new data package in every run, because that names the run; if nothing else has
    changed, only this data package and its list of hashes are written.
    """
    out, state, prints = job.out, read_state(job.out), job.fingerprints
    if prints.is_everything(state.everything) and state.is_whole(out):
        return _say_run(job, state)
    due = job.plan(state)
    for folder in due:
        # An export that is killed here must not take the folder for finished.
        state.folders.pop(_name(job, folder), None)
    state.everything = ""
    state.write(out)
    written = [path for one in formats for path in one.write(job)]
    if out in due:
        written += describe_columns(out)
    by_folder: dict[Path, set[str]] = defaultdict(set)
    for path in written:
        by_folder[path.parent].add(path.name)
    # Publishers first, then their government, then everything: a data package names files of the folders below it.
    for folder in sorted(due, key=lambda one: (-len(one.parts), one)):
        found = files_of(folder, only=by_folder[folder])
        if folder == out:
            found |= {
                path.relative_to(out).as_posix(): (path.stat().st_size, sha256(path))
                for path in sorted(written)
                if out / RDF_FOLDER in path.parents
            }
        own = state.folders[_name(job, folder)] = FolderState(due[folder], job.run_id, found)
        written += write_package(folder, job.packages[folder], job.head, own, _linked(job, folder, state))
    if job.parts.is_changed:
        written.append(job.parts.write())
    state.everything = prints.everything
    written += [] if out in due else _say_run(job, state)
    state.write(out)
    return [*written, out / STATE]


def _say_run(job: ExportJob, state: ExportState) -> list[Path]:
    """Name the present run in the data package of everything, of which nothing else has changed."""
    root = state.folders["."]
    before = root.files.get("datapackage.json")
    written = write_package(job.out, EVERYTHING, job.head, root, _linked(job, job.out, state))
    if root.files.get("datapackage.json") != before:
        state.write(job.out)
    return written


def _name(job: ExportJob, folder: Path) -> str:
    return folder.relative_to(job.out).as_posix()


def _linked(job: ExportJob, folder: Path, state: ExportState) -> list[str]:
    """Return the entries of findings that are in the files of other folders.

    A folder with a file of all its findings needs none.
    """
    name = _name(job, folder)
    if "findings.csv" in state.folders[name].files:
        return []
    prefix = "" if name == "." else f"{name}/"
    found = []
    for other in sorted(state.folders):
        if other == name or not other.startswith(prefix):
            continue
        own, parts = state.folders[other], other.split("/")
        if name == "." and len(parts) > 1 and "findings.csv" in state.folders.get(parts[0], own).files:
            # The government has a file of all its findings.
            continue
        for stem in ("findings", OTHERS):
            if (file := own.files.get(f"{stem}.csv")) is not None:
                path = f"{other.removeprefix(prefix)}/{stem}.csv"
                label = f"{stem}-{path.removesuffix(f'/{stem}.csv').replace('/publishers/', '-').replace('/', '-')}"
                found.append(resource(label, path, stem, *file, own.run, "findings.schema.json"))
    return found
