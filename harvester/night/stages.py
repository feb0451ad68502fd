"""The night: harvest, check, validate, score, track, export. Each stage reads the database and can be resumed alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.db.store import Catalog, CatalogError, now, open_catalog, started
from catalog.exports import ExportOptions
from catalog.model import Portal
from catalog.repositories.inbox import expire_messages
from catalog.repositories.people import expire
from catalog.repositories.runs import has_run, last_harvest_begun, latest_other_run, run_summary, traffic_of
from harvester import __version__
from harvester.cli.configuration import Configuration
from harvester.cli.configuration import load as configuration
from harvester.cli.supervisor import RUN
from harvester.night.context import CheckBudget, RunContext
from harvester.night.interrupts import begin_ending, check_interrupt
from quality.tables.limits import TableBounds
from specs.commitments import Commitment
from specs.languages import languages
from specs.metrics import methodology_version
from specs.portals import PortalSpec

__all__ = ["LOCK", "STAGES", "AlreadyRunning", "is_due", "locked", "nightly", "portal_of", "replay", "writing"]

Progress = Callable[[str, str, int, int | None], None]
STAGES = ("harvest", "check", "validate", "score", "track", "export")
RESUME_WITHIN = timedelta(hours=20)
"""An older interrupted run is left as it is: its first half would belong to another night."""


class AlreadyRunning(Exception):
    """Raised if another process holds the lock of the data folder, because it is writing to the catalogue."""


LOCK = ".lock"
"""Name of the file in the data folder that the process writing there holds locked."""


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Context manager that holds the lock of the data folder ``data``, so that only one process writes to it.

    Create the folder if it is missing. The operating system releases the lock when the process ends, even after ``kill
    -9``. Raise AlreadyRunning if another process holds it.
    """
    from filelock import FileLock, Timeout

    data.mkdir(parents=True, exist_ok=True)
    lock = FileLock(data / LOCK, timeout=0)
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


@contextmanager
def writing(data: Path) -> Iterator[Catalog]:
    """Context manager that locks the data folder ``data``, opens its catalogue for writing and yields it. A run that
    was killed is marked as interrupted, and names of people that have been kept for long enough are deleted.

    Raise AlreadyRunning if another process writes there, and CatalogError if the catalogue cannot be opened.
    """
    with locked(data), open_catalog(data / "catalog.db") as catalog:
        catalog.end_lost_runs()
        expire(data, datetime.now(UTC))
        expire_messages(data)
        yield catalog


def portal_of(spec: PortalSpec) -> Portal:
    """Return the row that the catalogue stores for a portal, made from the portal file ``spec``."""
    return Portal(
        id=spec.id,
        type=spec.type,
        title=spec.title,
        url=spec.url,
        government=spec.government,
        country=spec.country,
        contact_email=spec.contact_email,
        language=spec.language,
        is_local=spec.local,
        # Webhooks are secrets of their receivers, and the catalogue is public.
        portal_file=spec.model_dump(mode="json", exclude_defaults=True, exclude={"notify"}),
    )


def is_due(catalog: Catalog, spec: PortalSpec, run_id: str) -> bool:
    """Return whether a portal is to be harvested in the run ``run_id`` of ``catalog``, by the weekdays and the interval
    in the ``[schedule]`` of its portal file ``spec``.

    The interval counts from the start of the last run whose harvest of the portal did not fail; without such a run it
    has passed. Weekdays are those of UTC.
    """
    at = started(run_id)
    days = spec.schedule.weekdays
    if days and at.strftime("%a").lower() not in days:
        return False
    # A failed harvest is tried again in the next run.
    last = last_harvest_begun(catalog, spec.id, run_id)
    return last is None or at - started(last) >= timedelta(hours=spec.schedule.every_hours)


def nightly(
    data: Path,
    portals: Sequence[PortalSpec],
    *,
    stages: Sequence[str] = STAGES,
    contact: str = "no contact given",
    on_progress: Progress | None = None,
    bounds: TableBounds = TableBounds(),  # noqa: B008  # it cannot be changed
    is_full: bool = False,
    is_archived: bool = False,
    is_scheduled: bool = False,
    check_budget: CheckBudget = CheckBudget(),  # noqa: B008  # it cannot be changed
    commitments: Sequence[Commitment] = (),
    proxy: str | None = None,
    export: ExportOptions = ExportOptions(),  # noqa: B008  # it cannot be changed
    cluster: tuple[str, Path | None] | None = None,
) -> dict[str, Any]:
    """Run the ``stages`` over ``portals`` and return the summary of the run as a JSON object.

    A run with the same stages and portals that was interrupted within the last 20 hours is resumed where it stopped. If
    only "score", "track" and "export" are requested and a run is complete already, they work on the last complete run,
    and no new one begins.

    ``data`` is the folder of the catalogue. ``contact`` is sent with requests. ``on_progress`` is called with stage,
    portal, number done and number in total. ``bounds`` limits the validation of tables. ``is_full`` requests everything
    anew, even if it has not changed. ``is_archived`` stores every HTTP exchange in a WARC file. ``is_scheduled`` leaves
    out portals that are not due, if "harvest" is among the stages. ``check_budget`` limits the check of addresses.
    ``commitments`` are tracked in the stage "track". ``proxy`` is an HTTP proxy; None means the one of winnow.toml.
    ``export`` holds the options of the stage "export". ``cluster``: the address of a Dask scheduler whose workers
    harvest and check, and the folder of its certificates (None for a scheduler on this machine); None if this process
    harvests and checks itself.

    Raise AlreadyRunning if another process writes to the folder, CatalogError if the catalogue cannot be used, and
    KeyboardInterrupt after the run was stored as interrupted.
    """
    with writing(data) as catalog:
        command = f"{'+'.join(stages)} {' '.join(sorted(portal.id for portal in portals))}"
        run_id = catalog.latest_run() if set(stages) <= {"score", "track", "export"} else None
        # If no stage fetches anything new, the last run is read again and no new one begins.
        is_again = run_id is not None
        run_id = run_id or _resumable(catalog, command)
        if run_id is None:
            run_id = _begin(catalog, command, portals)
        run = RunContext(catalog=catalog, run_id=run_id, data=data, contact=contact, is_full=is_full)
        own = configuration(data)
        run.check_budget, run.export = check_budget, _published(export, own)
        run.on_progress = on_progress or run.on_progress
        run.commitments, run.proxy = commitments, proxy or own.proxy
        run.cluster = cluster
        is_scheduled = is_scheduled and "harvest" in stages
        chosen = [one for one in portals if not is_scheduled or is_due(catalog, one, run_id)]
        if is_archived and not is_again:
            run.archive = _archive(run, command, chosen, stages)
        return _run(run, chosen, stages, bounds, is_again=is_again)


def _published(export: ExportOptions, own: Configuration) -> ExportOptions:
    """Return the export options with what winnow.toml says about the publication."""
    name, imprint = own.operator.name, own.operator.imprint
    by = (name, imprint) if name and imprint else None
    said = {code: own.operator.in_language(code).imprint for code in languages()} if own.operator.texts else {}
    imprints = {code: text for code, text in said.items() if text and text != imprint}
    url, days = export.public_url or own.public_url, own.hold_days if export.hold_days is None else export.hold_days
    site = export.site_url or (own.site_url.rstrip("/") if own.site_url else None)
    by = export.published_by or by
    return replace(export, public_url=url, site_url=site, published_by=by, imprints=imprints, hold_days=days)


def replay(
    data: Path,
    archive: Path,
    *,
    on_progress: Progress | None = None,
    bounds: TableBounds = TableBounds(),  # noqa: B008  # it cannot be changed
) -> dict[str, Any]:
    """Repeat an archived run without network, from the WARC file ``archive``, under the run id it had. Return the
    summary of the run as a JSON object.

    ``data`` is the folder of the catalogue to write to. ``on_progress`` and ``bounds`` are as for :func:`nightly`.
    Raise ArchiveError if the file is not such an archive, or if the catalogue already holds that run, finished, or a
    later one; and SpecError if a portal file in the archive is not valid in this version.
    """
    from harvester.errors import ArchiveError
    from harvester.http.archive import Replay
    from specs.errors import parse

    source = Replay(archive)
    run_id = str(source.info["run_id"])
    with writing(data) as catalog:
        latest = latest_other_run(catalog, run_id) or ""
        if latest >= run_id:
            raise ArchiveError(
                f"{archive}: it holds run {run_id}, and {data} already has run {latest}; "
                "name another folder with --data: an empty one, or a copy of the catalogue as it was before that night"
            )
        portals = [parse(PortalSpec, spec, str(archive)) for spec in source.info["portals"]]
        stages = [stage for stage in STAGES if stage in source.info["stages"]]
        if not has_run(catalog, run_id):
            _begin(catalog, source.info["command"], portals, run_id=run_id)
        run = RunContext(catalog=catalog, run_id=run_id, data=data, contact=source.info["contact"], replay=source)
        run.export = _published(run.export, configuration(data))
        run.commitments = [
            parse(Commitment, one["spec"], str(archive)).in_folder(Path(one["folder"]))
            for one in source.info.get("commitments", ())
        ]
        run.on_progress = on_progress or run.on_progress
        return _run(run, portals, stages, bounds, is_again=False)


def _begin(catalog: Catalog, command: str, portals: Sequence[PortalSpec], run_id: str | None = None) -> str:
    return catalog.begin_run(
        command,
        [portal_of(portal) for portal in portals],
        version=__version__,
        methodology=methodology_version(),
        run_id=run_id,
    )


def _archive(run: RunContext, command: str, portals: Sequence[PortalSpec], stages: Sequence[str]) -> Any:
    from harvester.http.archive import Archive

    path = Path("archive") / f"{run.run_id}.warc.gz"
    info = {
        "run_id": run.run_id,
        "command": command,
        "stages": list(stages),
        "contact": run.contact,
        "winnow_version": __version__,
        "methodology_version": methodology_version(),
        "portals": [portal.model_dump(mode="json") for portal in portals],
        # As they were that night, with the folder that holds the other files they name.
        "commitments": [
            {"folder": str(one.folder), "spec": one.model_dump(mode="json", by_alias=True)} for one in run.commitments
        ],
    }
    run.catalog.set_run(run.run_id, archive=str(path))
    return Archive(run.data / path, run.run_id, info)


def _run(
    run: RunContext, portals: Sequence[PortalSpec], stages: Sequence[str], bounds: TableBounds, *, is_again: bool
) -> dict[str, Any]:
    """Run the stages, publish, and seal the run with its manifest."""
    catalog, run_id = run.catalog, run.run_id
    if not is_again:
        catalog.set_run(run_id, status="running")
        RUN.begin(catalog.path, run_id)
    # A resumed run has caused traffic before.
    run.traffic |= traffic_of(catalog, run_id)
    try:
        for stage in stages:
            check_interrupt()
            if not is_again:
                catalog.set_run(run_id, stage=stage)
            # When only scoring is asked for, it scores everything again.
            work = _score_all if stage == "score" and is_again else _STAGES[stage]
            work(run, portals, bounds)
        check_interrupt()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            begin_ending()
        if not is_again:
            # If it cannot be written now, the next command that writes reports it.
            with suppress(CatalogError):
                catalog.set_run(run_id, status="interrupted")
                RUN.end()
        raise
    finally:
        if run.archive is not None:
            run.archive.close()
    result = run_summary(catalog, run_id)
    if is_again:
        catalog.set_run(run_id, summary=result)
    else:
        catalog.set_run(run_id, status="complete", finished_at=now(), summary=result)
        RUN.end()
    if "export" in stages:
        from harvester.night.publication import publish_run

        publish_run(run, result)
    return result


def _resumable(catalog: Catalog, command: str) -> str | None:
    run_id = catalog.unfinished_run(command)
    if run_id is None:
        return None
    return run_id if datetime.now(UTC) - started(run_id) < RESUME_WITHIN else None


def _harvest(run: RunContext, portals: Sequence[PortalSpec], bounds: TableBounds) -> None:
    if run.cluster is not None:
        from harvester.shards.on_dask import harvest_on_cluster

        harvest_on_cluster(run, portals, *run.cluster)
        return
    from harvester.night.crawl import crawl

    crawl(run, portals)


def _check(run: RunContext, portals: Sequence[PortalSpec], bounds: TableBounds) -> None:
    if run.cluster is not None:
        from harvester.shards.on_dask import check_on_cluster

        check_on_cluster(run, portals, *run.cluster)
        return
    from harvester.checks.links import check

    check(run, portals)


def _validate(run: RunContext, portals: Sequence[PortalSpec], bounds: TableBounds) -> None:
    from quality.validate import validate

    validate(run.catalog, run.run_id, run.data, [p.id for p in portals], bounds, run.on_progress)


def _score(run: RunContext, portals: Sequence[PortalSpec], bounds: TableBounds, *, is_full: bool) -> None:
    from catalog.repositories.copies import find_copies
    from catalog.repositories.dashboard import write_dashboard
    from catalog.repositories.scores import was_scored
    from quality.findings.cause_stage import find_causes
    from quality.systems.agreement import write_agreement
    from quality.systems.entities import score_entities
    from quality.systems.stage import score_portal

    find_copies(run.catalog)
    unchanged: set[str] = set()
    quarter = started(run.run_id) - timedelta(days=91)
    for portal in portals:
        name = portal.id

        def progress(done: int, name: str = name) -> None:
            run.on_progress("score", name, done, None)

        scored = score_portal(run.catalog, run.run_id, portal.id, progress, is_full=is_full)
        # A run that was interrupted has scored some before; what follows from that may still be to do.
        if not scored and not was_scored(run.catalog, run.run_id, portal.id):
            unchanged.add(portal.id)
        else:
            write_agreement(run.catalog, run.run_id, portal.id)
            write_dashboard(run.catalog, run.run_id, portal.id, quarter.strftime("%Y%m%dT%H%M%SZ"))
    score_entities(run.catalog, run.run_id)
    names = [portal.id for portal in portals]
    find_causes(run.catalog, run.run_id, names, unchanged, hold_days=run.export.hold_days or 0)
    run.unchanged = frozenset(unchanged)


def _score_due(run: RunContext, portals: Sequence[PortalSpec], bounds: TableBounds) -> None:
    _score(run, portals, bounds, is_full=False)


def _score_all(run: RunContext, portals: Sequence[PortalSpec], bounds: TableBounds) -> None:
    _score(run, portals, bounds, is_full=True)


def _track(run: RunContext, portals: Sequence[PortalSpec], bounds: TableBounds) -> None:
    from quality.census.stage import take_census
    from quality.commitments.track import track

    run.on_progress("track", "census", take_census(run.catalog, run.run_id, run.data, unchanged=run.unchanged), None)
    run.on_progress("track", "commitments", track(run.catalog, run.run_id, run.commitments), None)


def _export(run: RunContext, portals: Sequence[PortalSpec], bounds: TableBounds) -> None:
    from catalog.exports import export_all

    run.on_progress("export", "files", 0, None)
    export_all(run.catalog, run.run_id, run.data / "exports", run.export)


_STAGES: dict[str, Callable[[RunContext, Sequence[PortalSpec], TableBounds], None]] = {
    "harvest": _harvest,
    "check": _check,
    "validate": _validate,
    "score": _score_due,
    "track": _track,
    "export": _export,
}
