"""Take the portals of another Winnow's package into the catalogue.

A portal is told apart by who measured it and its id there. What an earlier import stored of it is replaced only by a
newer complete harvest, or by what the same catalogue says of the same harvest in a later package, so the same package
changes nothing the second time. What came from who measured it is not replaced by what others hand on, who may say
anything of it. A portal that we measured ourselves and that comes back through others is left out.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from catalog.db.store import Catalog, now
from catalog.parquet.package import all_tables
from catalog.repositories.imported import (
    DuplicateError,
    content_digest,
    earlier_import,
    note_figures,
    portals_of,
    write_catalogue,
    write_portal,
    write_rows,
)
from harvester.errors import PackageError
from harvester.imported.descriptor import DescribedOrigin, DescribedPortal
from harvester.imported.package import PackageLimits, PackageReader
from specs.metrics import metrics
from specs.systems import systems

__all__ = ["WORK", "Taken", "take_in"]

WORK = "import.part"
"""Name of the folder with copies of the file that is being read."""

State = Literal["taken", "ours", "known", "left"]
_AHEAD = timedelta(hours=1)
"""How far clocks may differ: an end of a harvest that lies further ahead is refused."""
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,60}")
_METRICS_MAX = 400


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one portal of a package: ``taken``, ``ours`` (we measured it ourselves; left out), ``known`` (as
    new a harvest of it was taken in before), or ``left`` (an earlier package had it, and this one has not: it stays as
    it was)."""

    portal_id: str
    key: str
    """Its id in ``imported_portals``."""
    state: State
    measured_by: str
    datasets: int = 0
    last_complete_at: str | None = None


def take_in(
    catalog: Catalog,
    own_id: str,
    folder: Path,
    work: Path,
    *,
    limits: PackageLimits | None = None,
    on_portal: Callable[[Taken], None] = lambda taken: None,
) -> list[Taken]:
    """Take in the package in ``folder`` and return what became of each of its portals, in their order.

    ``own_id``: id of our catalogue, see :func:`catalog.parquet.package.catalogue_id`. ``work``: a folder on a disk with
    room for the largest file, unpacked; the folder :data:`WORK` in it is used, and emptied first, so only one process
    may do this at a time. ``limits``: how much the package may hold. ``on_portal`` is called after each portal. All or
    nothing is stored: raise PackageError, with the file and the reason, if the package is our own, incomplete, changed,
    or holds what no catalogue writes.
    """
    with _emptied(work / WORK) as made, PackageReader(folder, made, limits) as reader, catalog.writing():
        about = reader.about.winnow
        if about.catalogue.id == own_id:
            raise PackageError(f"{folder}: this is our own package; what it holds is here already")
        rows = {row["id"]: row for row in reader.rows("portals")}
        more = _other_metrics(reader)
        found = []
        for portal in about.portals:
            if portal.origin[-1].id != about.catalogue.id:
                raise PackageError(f"{portal.id}: origin: the last must be the catalogue whose package it is")
            taken = _portal(catalog, reader, portal, rows.get(portal.id), own_id, more)
            on_portal(taken)
            found.append(taken)
        if any(one.state == "taken" for one in found):
            said = about.catalogue.model_dump()
            said |= {"run_id": about.run, "winnow_version": about.winnow_version, "package_sha256": reader.sha256}
            write_catalogue(catalog, said | {"imported_at": now()})
        keys = {one.key for one in found}
        found += [
            Taken(
                row["portal_id"], row["id"], "left", row["measured_by"], row["datasets"] or 0, row["last_complete_at"]
            )
            for row in portals_of(catalog, about.catalogue.id)
            if row["id"] not in keys
        ]
        return found


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    """Yield an empty folder, which is deleted at the end; that of a process that was killed goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_metrics(reader: PackageReader) -> dict[str, list[str]]:
    """Return the ids of the metrics of the package that this version does not have, by the table that holds them."""
    found: dict[str, list[str]] = {"dataset_metrics": [], "file_metrics": []}
    for row in reader.rows("metrics"):
        table, name = row["table"], str(row["id"])
        if table in found and _METRIC.fullmatch(name) and name not in {one.name for one in all_tables()[table].columns}:
            found[table].append(name)
    if any(len(names) > _METRICS_MAX for names in found.values()):
        raise PackageError(
            f"the table metrics: it has more than {_METRICS_MAX} metrics that this version does not know"
        )
    return found


def _portal(
    catalog: Catalog,
    reader: PackageReader,
    portal: DescribedPortal,
    row: dict[str, Any] | None,
    own_id: str,
    more: Mapping[str, list[str]],
) -> Taken:
    first = portal.origin[0]
    key = f"{first.id.removeprefix('urn:uuid:')}/{portal.id}"
    by = _name(first)
    if len(portal.origin) > 1:
        # Who hands it on may say anything in the name of another.
        by = f"{by}, as told by {_name(portal.origin[-1])}"
    if own_id in {one.id for one in portal.origin}:
        return Taken(portal.id, key, "ours", by)
    if row is None:
        raise PackageError(f"{portal.id}: the table portals has no such portal")
    when = _completed(portal)
    before = earlier_import(catalog, key)
    if before is not None and _stays(before, reader, portal, when):
        return Taken(portal.id, key, "known", by, last_complete_at=when)
    digest = content_digest(catalog, key) if before is not None else None
    about = {
        "catalogue_id": reader.about.winnow.catalogue.id,
        "origin_id": first.id,
        "measured_by": by,
        "origin": json.dumps([one.model_dump() for one in portal.origin], ensure_ascii=False),
        "portal_id": portal.id,
        "last_complete_run": portal.last_complete_run,
        "last_complete_at": when,
    }
    write_portal(catalog, row | about | {"id": key})
    datasets, versions = _write_rows(catalog, reader, portal.id, key, more)
    note_figures(catalog, key, datasets, versions)
    if digest is not None and digest == content_digest(catalog, key):
        return Taken(portal.id, key, "known", by, last_complete_at=when)
    return Taken(portal.id, key, "taken", by, datasets, when)


def _name(origin: DescribedOrigin) -> str:
    return origin.published_by or origin.site_url or origin.id


def _stays(before: Mapping[str, Any], reader: PackageReader, portal: DescribedPortal, when: str | None) -> bool:
    """Return whether what was taken in of a portal before is to stay. ``before``: the row of
    :func:`catalog.repositories.imported.earlier_import`. ``when``: end of the last complete harvest in the package."""
    about = reader.about.winnow
    if before["catalogue_id"] == before["origin_id"] != about.catalogue.id:
        return True
    was = before["last_complete_at"] or ""
    if was != (when or ""):
        return was > (when or "")
    # The same harvest: who measured it may have corrected or withheld something since.
    is_later = before["catalogue_id"] == about.catalogue.id and (before["run_id"] or "") <= about.run
    is_direct = portal.origin[0].id == about.catalogue.id != before["catalogue_id"]
    return not is_direct and not (is_later and before["package_sha256"] != reader.sha256)


def _completed(portal: DescribedPortal) -> str | None:
    """Return the end of the last complete harvest in UTC. Raise PackageError if it lies ahead: it would count for
    ever."""
    try:
        when = portal.completed
        if when is not None and when > datetime.now(UTC) + _AHEAD:
            raise ValueError(f"last_complete_at: {portal.last_complete_at} lies ahead")
    except (ValueError, OverflowError) as error:
        raise PackageError(f"{portal.id}: {error}") from None
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when is not None else None


def _write_rows(
    catalog: Catalog, reader: PackageReader, portal: str, key: str, more: Mapping[str, list[str]]
) -> tuple[int, set[str | None]]:
    """Write everything of a portal; return the number of its present datasets, and the versions of the method by which
    they were scored. ``more``: see :func:`_other_metrics`."""
    datasets: dict[str, bool] = {}
    files: set[str] = set()
    versions: set[str | None] = set()

    def known(table: str, row: Mapping[str, Any], column: str, among: dict[str, bool] | set[str]) -> str:
        value = row[column]
        if not isinstance(value, str) or value not in among:
            raise PackageError(f"{table} of {portal}: {column} {str(value)[:80]!r} is not in the package")
        return value

    def publishers() -> Iterator[tuple[str, dict[str, Any]]]:
        for row in reader.rows("publishers", portal):
            yield _own(row, "publishers"), row | {"publisher_id": row["id"]}

    def described() -> Iterator[tuple[str, dict[str, Any]]]:
        for row in reader.rows("datasets", portal):
            datasets[_own(row, "datasets")] = row["status"] == "present"
            yield row["id"], row | {"dataset_id": row["id"]}

    def distributions() -> Iterator[tuple[str, dict[str, Any]]]:
        for row in reader.rows("files", portal):
            known("files", row, "dataset_id", datasets)
            files.add(_own(row, "files"))
            yield row["id"], row | {"distribution_id": row["id"]}

    def of_datasets() -> Iterator[tuple[str, dict[str, Any]]]:
        own_names = [*(one.id for one in metrics().values() if one.subject == "dataset"), *systems()]
        names = [*own_names, *more["dataset_metrics"]]
        for row in reader.rows("dataset_metrics", portal, more["dataset_metrics"]):
            own = known("dataset_metrics", row, "dataset_id", datasets)
            versions.add(row["methodology_version"])
            yield own, row | {"measurements": _measurements(row, names)}

    def of_files() -> Iterator[tuple[str, dict[str, Any]]]:
        names = [one.id for one in metrics().values() if one.subject == "distribution"] + more["file_metrics"]
        for row in reader.rows("file_metrics", portal, more["file_metrics"]):
            own = known("file_metrics", row, "distribution_id", files)
            yield own, row | {"measurements": _measurements(row, names)}

    def scores() -> Iterator[tuple[str, dict[str, Any]]]:
        for row in reader.rows("scores", portal):
            if row["system"] == "winnow" and any(
                (row[name] or 0) > 100 for name in ("score", "score_low", "score_high")
            ):
                raise PackageError(f"scores of {portal}: {row['score']} is more than 100")
            parts = [str(row[name]) for name in ("run_id", "system", "entity_level", "entity_id")]
            yield "/".join(parts), row

    try:
        for table, rows in {
            "imported_publishers": publishers(),
            "imported_datasets": described(),
            "imported_files": distributions(),
            "imported_dataset_metrics": of_datasets(),
            "imported_file_metrics": of_files(),
            "imported_scores": scores(),
        }.items():
            write_rows(catalog, table, key, rows)
    except DuplicateError as error:
        raise PackageError(f"{portal}: {error}") from None
    return sum(datasets.values()), versions


def _own(row: Mapping[str, Any], table: str) -> str:
    if not isinstance(row["id"], str):
        raise PackageError(f"{table}: a row without an id")
    return row["id"]


def _measurements(row: Mapping[str, Any], names: list[str]) -> str:
    return json.dumps({name: row[name] for name in names if row.get(name) is not None})
