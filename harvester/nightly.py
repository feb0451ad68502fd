"""The night: harvest, check, validate, score, export, each from the database, each able to go on alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.model import Portal
from catalog.store import Catalog, now, open_catalog
from harvester import __version__
from harvester.pages import Night
from specs.metrics import methodology_version, systems
from specs.portals import PortalSpec

__all__ = ["STAGES", "AlreadyRunning", "locked", "nightly", "summary"]

Progress = Callable[[str, str, int, int | None], None]
STAGES = ("harvest", "check", "validate", "score", "export")
RESUME_WITHIN = timedelta(hours=20)
"""An older run that was broken off is left as it is: its first half would be another night's."""


class AlreadyRunning(Exception):
    """Another run holds the lock of the data folder."""


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Hold the data folder for one run. The lock goes with the process, even after ``kill -9``.

    Raises AlreadyRunning.
    """
    from filelock import FileLock, Timeout

    data.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AlreadyRunning(
            f"{data}: another run is at work here; wait for it, or name another folder with --data"
        ) from None
    try:
        yield
    finally:
        lock.release()


def portal_of(spec: PortalSpec) -> Portal:
    """The catalogue's noun for a portal file."""
    return Portal(
        id=spec.id,
        type=spec.type,
        title=spec.title,
        url=spec.url,
        government=spec.government,
        country=spec.country,
        contact_email=spec.contact_email,
        is_local=spec.local,
    )


def nightly(
    data: Path,
    portals: Sequence[PortalSpec],
    *,
    stages: Sequence[str] = STAGES,
    contact: str = "no contact given",
    on_progress: Progress | None = None,
    workers: int = 2,
) -> dict[str, Any]:
    """Run the stages over the portals and return the summary.

    A run of the same portals that was broken off within 20 hours is taken up where it stopped; score and export
    alone read the last run again. Raises
    AlreadyRunning, CatalogError, and KeyboardInterrupt after noting that the run was interrupted.
    """
    with locked(data), open_catalog(data / "catalog.db") as catalog:
        command = f"{'+'.join(stages)} {' '.join(sorted(portal.id for portal in portals))}"
        if set(stages) <= {"score", "export"} and (latest := catalog.latest_run()):
            # Nothing new is seen: the last run is read again, not a new one begun.
            return _again(catalog, data, latest, portals, stages, on_progress)
        run_id = _resumable(catalog, command)
        if run_id is None:
            run_id = catalog.begin_run(
                command,
                [portal_of(portal) for portal in portals],
                version=__version__,
                methodology=methodology_version(),
            )
        night = Night(catalog=catalog, run_id=run_id, data=data, contact=contact)
        if on_progress is not None:
            night.on_progress = on_progress
        try:
            for stage in stages:
                catalog.set_run(run_id, stage=stage)
                _STAGES[stage](night, portals, workers)
        except (KeyboardInterrupt, SystemExit):
            catalog.set_run(run_id, status="interrupted")
            raise
        result = summary(catalog, run_id)
        catalog.set_run(run_id, status="complete", finished_at=now(), summary=result)
        if "export" in stages:
            # Only now does the copy say that the run is complete.
            _publish(catalog, data)
        return result


def _again(
    catalog: Catalog,
    data: Path,
    run_id: str,
    portals: Sequence[PortalSpec],
    stages: Sequence[str],
    on_progress: Progress | None,
) -> dict[str, Any]:
    night = Night(catalog=catalog, run_id=run_id, data=data)
    if on_progress is not None:
        night.on_progress = on_progress
    for stage in stages:
        _STAGES[stage](night, portals, 1)
    result = summary(catalog, run_id)
    catalog.set_run(run_id, summary=result)
    if "export" in stages:
        _publish(catalog, data)
    return result


def _publish(catalog: Catalog, data: Path) -> None:
    from catalog.site.serve import publish

    publish(catalog.path, data / "site" / "catalog.db")


def _resumable(catalog: Catalog, command: str) -> str | None:
    run_id = catalog.unfinished_run(command)
    if run_id is None:
        return None
    started = datetime.strptime(run_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return run_id if datetime.now(UTC) - started < RESUME_WITHIN else None


def _harvest(night: Night, portals: Sequence[PortalSpec], workers: int) -> None:
    from harvester.crawl import crawl

    crawl(night, portals)


def _check(night: Night, portals: Sequence[PortalSpec], workers: int) -> None:
    from harvester.checks.links import check

    check(night, portals)


def _validate(night: Night, portals: Sequence[PortalSpec], workers: int) -> None:
    from quality.validate import validate

    validate(night.catalog, night.run_id, night.data, [p.id for p in portals], workers, night.on_progress)


def _score(night: Night, portals: Sequence[PortalSpec], workers: int) -> None:
    from catalog.scores import write_entity_scores
    from quality.rescore import day_of, score_portal

    for portal in portals:
        name = portal.id

        def progress(done: int, name: str = name) -> None:
            night.on_progress("score", name, done, None)

        score_portal(night.catalog, night.run_id, portal.id, day_of(night.run_id), progress)
    versions = {"winnow": methodology_version(), **{system.id: system.version for system in systems().values()}}
    write_entity_scores(night.catalog, night.run_id, versions)


def _export(night: Night, portals: Sequence[PortalSpec], workers: int) -> None:
    from catalog.exports import export_all

    night.on_progress("export", "files", 0, None)
    export_all(night.catalog, night.run_id, night.data / "exports")


_STAGES: dict[str, Callable[[Night, Sequence[PortalSpec], int], None]] = {
    "harvest": _harvest,
    "check": _check,
    "validate": _validate,
    "score": _score,
    "export": _export,
}


def summary(catalog: Catalog, run_id: str) -> dict[str, Any]:
    """What a run came to, for people and machines."""
    portals = catalog.rows(
        """select p.id as portal, p.title, p.type, h.verdict, h.reasons, p.datasets, h.added, h.changed, h.removed,
             h.errors, h.duplicates, h.requests, h.bytes, round(p.score, 1) as score,
             round(p.score_low, 1) as score_low, round(p.score_high, 1) as score_high, p.grade,
             (select count(*) from distributions d join datasets s on s.id = d.dataset_id and s.status = 'present'
               where d.portal_id = p.id and not d.is_retired) as distributions,
             (select count(*) from findings f where f.portal_id = p.id and f.state in ('new', 'open')) as findings_open,
             (select count(*) from findings f where f.portal_id = p.id and f.state = 'new') as findings_new,
             (select count(*) from findings f where f.portal_id = p.id and f.fixed_run = :run) as findings_fixed
           from harvests h join portals p on p.id = h.portal_id where h.run_id = :run order by p.id""",
        {"run": run_id},
    )
    for portal in portals:
        portal["reasons"] = json.loads(portal["reasons"] or "[]")
    checks = catalog.rows(
        "select outcome, count(*) as n from resource_checks where run_id = ? group by 1 order by 1", [run_id]
    )
    return {
        "run": run_id,
        "started_at": catalog.value("select started_at from runs where id = ?", [run_id]),
        "portals": portals,
        "datasets": sum(p["datasets"] or 0 for p in portals),
        "harvest_errors": sum(p["errors"] or 0 for p in portals),
        "checks": {row["outcome"]: row["n"] for row in checks},
        "tables_checked": catalog.value("select count(*) from table_reports where run_id = ?", [run_id]),
        "mean_score": catalog.value("select round(avg(score), 1) from dataset_quality where run_id = ?", [run_id]),
        "failed_portals": [p["portal"] for p in portals if p["verdict"] != "complete"],
    }
