"""Take the portals of another Winnow's package into the catalogue.

A portal is told apart by who measured it and its id there. What an earlier import stored of it is replaced only by a
newer complete harvest, so the same package changes nothing the second time. A portal that we measured ourselves and
that comes back through others is left out.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from catalog.db.store import Catalog, now
from catalog.repositories.imported import (
    DuplicateError,
    last_complete,
    note_figures,
    write_catalogue,
    write_portal,
    write_rows,
)
from harvester.errors import PackageError
from harvester.imported.descriptor import DescribedPortal
from harvester.imported.package import PackageLimits, PackageReader
from specs.metrics import metrics
from specs.systems import systems

__all__ = ["Taken", "take_in"]

State = Literal["taken", "ours", "known"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one portal of a package: ``taken``, ``ours`` (we measured it ourselves; left out), or ``known``
    (as new a harvest of it was taken in before)."""

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
    room for the largest file, unpacked; a temporary folder in it is used. ``limits``: how much the package may hold.
    ``on_portal`` is called after each portal. All or nothing is stored: raise PackageError, with the file and the
    reason, if the package is our own, incomplete, changed, or holds what no catalogue writes.
    """
    with (
        tempfile.TemporaryDirectory(dir=work, prefix="import-") as made,
        PackageReader(folder, Path(made), limits) as reader,
        catalog.writing(),
    ):
        about = reader.about.winnow
        if about.catalogue.id == own_id:
            raise PackageError(f"{folder}: this is our own package; what it holds is here already")
        rows = {row["id"]: row for row in reader.rows("portals")}
        found = []
        for portal in about.portals:
            if portal.origin[-1].id != about.catalogue.id:
                raise PackageError(f"{portal.id}: origin: the last must be the catalogue whose package it is")
            taken = _portal(catalog, reader, portal, rows.get(portal.id), own_id)
            on_portal(taken)
            found.append(taken)
        if any(one.state == "taken" for one in found):
            said = about.catalogue.model_dump()
            more = {"run_id": about.run, "winnow_version": about.winnow_version, "package_sha256": reader.sha256}
            write_catalogue(catalog, said | more | {"imported_at": now()})
        return found


def _portal(
    catalog: Catalog, reader: PackageReader, portal: DescribedPortal, row: dict[str, Any] | None, own_id: str
) -> Taken:
    first = portal.origin[0]
    key = f"{first.id.removeprefix('urn:uuid:')}/{portal.id}"
    by = first.published_by or first.site_url or first.id
    if own_id in {one.id for one in portal.origin}:
        return Taken(portal.id, key, "ours", by)
    if row is None:
        raise PackageError(f"{portal.id}: the table portals has no such portal")
    when = _completed(portal)
    before = last_complete(catalog, key)
    if before is not None and before >= (when or ""):
        return Taken(portal.id, key, "known", by, last_complete_at=when)
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
    datasets, versions = _write_rows(catalog, reader, portal.id, key)
    note_figures(catalog, key, datasets, versions)
    return Taken(portal.id, key, "taken", by, datasets, when)


def _completed(portal: DescribedPortal) -> str | None:
    """Return the end of the last complete harvest in UTC. Raise PackageError if it lies ahead: it would count for
    ever."""
    try:
        when = portal.completed
        if when is not None and when > datetime.now(UTC) + timedelta(days=1):
            raise ValueError(f"last_complete_at: {portal.last_complete_at} lies ahead")
    except (ValueError, OverflowError) as error:
        raise PackageError(f"{portal.id}: {error}") from None
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when is not None else None


def _write_rows(catalog: Catalog, reader: PackageReader, portal: str, key: str) -> tuple[int, set[str]]:
    """Write everything of a portal; return the number of its present datasets, and the versions of the method by which
    they were scored."""
    datasets: dict[str, bool] = {}
    files: set[str] = set()
    versions: set[str] = set()

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
        names = [*(one.id for one in metrics().values() if one.subject == "dataset"), *systems()]
        for row in reader.rows("dataset_metrics", portal):
            own = known("dataset_metrics", row, "dataset_id", datasets)
            versions.add(str(row["methodology_version"]))
            yield own, row | {"measurements": _measurements(row, names)}

    def of_files() -> Iterator[tuple[str, dict[str, Any]]]:
        names = [one.id for one in metrics().values() if one.subject == "distribution"]
        for row in reader.rows("file_metrics", portal):
            own = known("file_metrics", row, "distribution_id", files)
            yield own, row | {"measurements": _measurements(row, names)}

    def scores() -> Iterator[tuple[str, dict[str, Any]]]:
        for row in reader.rows("scores", portal):
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
