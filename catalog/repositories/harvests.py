"""Store the harvest of one portal in one run: begin, resume, finish, approve; and mark datasets as missing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from catalog.db.encoding import short_run
from catalog.db.rows import dataset_id, plain
from catalog.db.schema.views import is_current, is_present
from catalog.db.store import Catalog, CatalogError, instant, now, started
from catalog.model import CachedResponse
from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.aliases import aliased

__all__ = [
    "PreviousHarvest",
    "Grace",
    "cached_response",
    "approve",
    "before",
    "begin_harvest",
    "finish_harvest",
    "harvested",
    "identifiers_seen",
    "note_robots",
    "new_among",
    "present",
    "restart",
    "seen_examples",
    "unseen",
    "unseen_datasets",
]


@dataclass(frozen=True, slots=True)
class Grace:
    """When a missing dataset is retired: after ``runs`` complete harvests without it, and at least ``days`` days.

    Both conditions must hold. The days count from the first harvest that did not find the dataset.
    """

    runs: int = 3
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousHarvest:
    """What is known of a portal's earlier complete harvests, with which a new harvest is compared."""

    datasets: int | None
    """Datasets at the last complete harvest; None if there was none."""
    run_id: str | None
    """Run of the last complete harvest."""
    started_at: str | None
    """UTC instant at which that harvest began. It cannot have seen changes made after that."""
    since_full: int
    """Number of complete incremental harvests (of changed records only) since the last complete full one."""
    newest_record: str | None = None
    """Latest date on which the portal says it changed a record, as of that harvest and by the portal's clock."""
    gap: int = 0
    """Total that the portal stated at that harvest, minus the datasets found. It is positive if the portal also counts
    what is no dataset (harvest sources), or counts a dataset twice. 0 if the portal stated no total."""
    duplicates: int = 0
    """Records of that harvest whose identifier an earlier record already had."""
    outside: tuple[str, ...] = ()
    """Places outside the portal's own listing, such as other hosts, that a person has accepted as not to be
    harvested."""


def begin_harvest(catalog: Catalog, run_id: str, portal_id: str) -> dict[str, Any]:
    """Record that the harvest of a portal in this run starts, and return the checkpoint it continues from.

    The checkpoint is what the spider stored with the last complete page of an interrupted harvest in the same run. It
    is {} if there is none, and the harvest starts from the beginning; harvest errors stored for it earlier are then
    deleted.
    """
    key = f"{run_id}/{portal_id}"
    checkpoint = catalog.value("select checkpoint from harvests where id = ?", (key,))
    if checkpoint:
        return dict(json.loads(checkpoint))
    with catalog.writing():
        catalog.db.conn.execute("delete from harvest_errors where run_id = ? and portal_id = ?", (run_id, portal_id))
        catalog.upsert(
            "harvests",
            [{"id": key, "run_id": run_id, "portal_id": portal_id, "started_at": now(), "verdict": None}],
        )
    return {}


def note_robots(catalog: Catalog, run_id: str, portal_id: str, columns: dict[str, str | None]) -> None:
    """Store the portal's robots.txt and how it was applied, at once, because the harvest may be killed later.

    ``columns``: values of robots_text, robots_sha256 and robots_decision of the table ``harvests``.
    """
    names = ", ".join(f"{name} = :{name}" for name in ("robots_text", "robots_sha256", "robots_decision"))
    sql = f"update harvests set {names} where id = :id"
    values = {name: plain(value) for name, value in columns.items()}
    with catalog.writing():
        catalog.db.conn.execute(sql, values | {"id": f"{run_id}/{portal_id}"})


def harvested(catalog: Catalog, run_id: str) -> set[str]:
    """Return the ids of the portals whose harvest in this run has ended, even if it failed."""
    rows = catalog.rows("select portal_id from harvests where run_id = ? and verdict is not null", (run_id,))
    return {row["portal_id"] for row in rows}


def identifiers_seen(catalog: Catalog, run_id: str, portal_id: str) -> set[str]:
    """Return the portal's identifiers of the datasets that this run has already received or confirmed as unchanged."""
    sql = "select identifier from datasets where portal_id = ? and last_seen_run = ?"
    return {row[0] for row in catalog.db.conn.execute(sql, (portal_id, run_id))}


def cached_response(catalog: Catalog, portal_id: str, url: str, version: str) -> CachedResponse | None:
    """Return what is stored about the last response of ``url``: its ETag and date, and the identifiers of the datasets
    in it.

    ``version``: key of what reads the response, see :func:`harvester.night.harvest_store.reader_of`. None if nothing is
    stored, or if the response was read under another key and must therefore be read again.
    """
    rows = catalog.rows(
        "select * from response_cache where id = ? and winnow_version = ?", (f"{portal_id} {url}", version)
    )
    if not rows:
        return None
    row = rows[0]
    return CachedResponse(
        url=url,
        etag=row["etag"],
        last_modified=row["last_modified"],
        sha256=row["sha256"],
        identifiers=tuple(json.loads(row["identifiers"])),
        state=json.loads(row["state"]),
    )


def before(catalog: Catalog, portal_id: str, run_id: str) -> PreviousHarvest:
    """Return what the portal's complete harvests before the run ``run_id`` found.

    Most fields describe the last of these harvests. The harvest of this run is compared with the result. By it is also
    decided whether that harvest is full or incremental (asks for changed records only).
    """
    rows = catalog.rows(
        """select run_id, datasets, mode, started_at, advertised, newest_record, duplicates from harvests
           where portal_id = ? and run_id < ? and verdict = 'complete' order by run_id desc""",
        (portal_id, run_id),
    )
    last = rows[0] if rows else None
    since_full = next((n for n, row in enumerate(rows) if row["mode"] != "incremental"), len(rows))
    return PreviousHarvest(
        datasets=last["datasets"] if last else None,
        run_id=last["run_id"] if last else None,
        started_at=last["started_at"] if last else None,
        since_full=since_full,
        newest_record=last["newest_record"] if last else None,
        gap=last["advertised"] - last["datasets"] if last and last["advertised"] is not None else 0,
        duplicates=last["duplicates"] or 0 if last else 0,
        outside=_approved_outside(catalog, portal_id),
    )


def _approved_outside(catalog: Catalog, portal_id: str) -> tuple[str, ...]:
    rows = catalog.rows(
        """select distinct value from harvests, json_each(harvests.to_approve)
           where portal_id = ? and approved_at is not null and to_approve is not null order by 1""",
        (portal_id,),
    )
    return tuple(row["value"] for row in rows)


def _newest_record(catalog: Catalog, portal_id: str) -> str | None:
    """Return the latest record-modified date that the portal has stated, by the portal's own clock."""
    found = catalog.value("select max(record_modified) from present_datasets where portal_id = ?", (portal_id,))
    return str(found) if found else None


def present(catalog: Catalog, portal_id: str) -> int:
    """Return the number of datasets that a portal currently lists: those neither missing nor retired."""
    sql = "select count(*) from present_datasets where portal_id = ?"
    return int(catalog.value(sql, (portal_id,)))


def unseen(catalog: Catalog, portal_id: str, run_id: str) -> int:
    """Return the number of datasets that are stored as listed by a portal and that the run ``run_id`` has not found so
    far."""
    sql = "select count(*) from present_datasets where portal_id = ? and last_seen_run < ?"
    return int(catalog.value(sql, (portal_id, run_id)))


def unseen_datasets(catalog: Catalog, portal_id: str, run_id: str, most: int) -> list[tuple[str, str, str]]:
    """Return at most ``most`` of a portal's datasets that run ``run_id`` has not found and that are not retired.

    Each is a tuple (dataset id, portal's identifier, address of the response that held its record; "" if unknown).
    Those that have not been found for the longest time come first.
    """
    rows = catalog.rows(
        """select id, identifier, source_url from datasets
           where portal_id = ? and status != 'retired' and last_seen_run < ? order by last_seen_run, id limit ?""",
        (portal_id, run_id, most),
    )
    return [(row["id"], row["identifier"], row["source_url"] or "") for row in rows]


def seen_examples(catalog: Catalog, portal_id: str, run_id: str, most: int) -> list[tuple[str, str, str]]:
    """Return at most ``most`` of a portal's datasets that run ``run_id`` has found, sorted by id.

    Each is a tuple (dataset id, portal's identifier, address of the response that held its record; "" if unknown).
    """
    rows = catalog.rows(
        "select id, identifier, source_url from datasets where portal_id = ? and last_seen_run = ? order by id limit ?",
        (portal_id, run_id, most),
    )
    return [(row["id"], row["identifier"], row["source_url"] or "") for row in rows]


def new_among(catalog: Catalog, portal_id: str, identifiers: Collection[str]) -> int:
    """Return how many of the portal's identifiers ``identifiers`` belong to no dataset that is stored as listed.

    The new identifier of a known dataset, stored as an alias, does not count as new.
    """
    own = [dataset_id(portal_id, one) for one in identifiers]
    names = aliased(catalog, own)
    ids = json.dumps([names.get(key, key) for key in own])
    sql = "select count(*) from present_datasets where id in (select value from json_each(?))"
    return len(identifiers) - int(catalog.value(sql, (ids,)))


def restart(catalog: Catalog, run_id: str, portal_id: str) -> None:
    """Delete the checkpoint and the harvest errors of a portal's harvest in this run, so that it starts from the
    beginning."""
    with catalog.writing():
        catalog.db.conn.execute("delete from harvest_errors where run_id = ? and portal_id = ?", (run_id, portal_id))
        catalog.db.conn.execute("update harvests set checkpoint = null where id = ?", (f"{run_id}/{portal_id}",))


def finish_harvest(
    catalog: Catalog,
    run_id: str,
    portal_id: str,
    verdict: str,
    stats: HarvestStats | None = None,
    *,
    reasons: Sequence[str] = (),
    to_approve: Sequence[str] = (),
    grace: Grace | None = None,
    not_found: Collection[str] = (),
) -> None:
    """End the harvest of a portal: store its verdict and counts, and mark datasets that it did not find as missing.

    ``verdict``: complete, partial, suspect or failed; ``reasons``: sentences that explain it. ``stats``: the counts;
    None means that all are 0.

    A complete full harvest marks every dataset that it did not find, and retires those that have been missing for as
    long as ``grace`` says; None means the default :class:`Grace`. A complete incremental harvest, or a partial one,
    marks and retires only datasets with ids in ``not_found``: each of these was searched for in vain. Other harvests
    mark none.

    ``to_approve``: places outside the portal's own listing that are the only reason why the harvest is not complete. A
    person may accept them with :func:`approve`.
    """
    stats = stats or HarvestStats()
    with catalog.writing():
        run = catalog.db.conn.execute
        # The parts of a dataset confirmed as unchanged count as seen too.
        seen = "select id from datasets where portal_id = :portal and last_seen_run = :run"
        run(
            f"""update data_services set last_seen_run = :run where portal_id = :portal and {is_current("")}
                and last_seen_run < :run and dataset_id in ({seen})""",
            {"run": run_id, "portal": portal_id},
        )
        run(
            f"""update distribution_rows set last_seen_run = :short
                where portal_id = (select key from keys where id = :portal) and {is_current("")}
                and last_seen_run < :short and dataset_id in (select key from keys where id in ({seen}))""",
            {"run": run_id, "short": short_run(run_id), "portal": portal_id},
        )
        if verdict == "complete" and stats.mode != "incremental":
            _mark_missing(catalog, run_id, portal_id, grace or Grace(), instant(started(run_id)))
        elif not_found and verdict in ("complete", "partial"):
            at = instant(started(run_id))
            _mark_missing(catalog, run_id, portal_id, grace or Grace(), at, only=sorted(not_found))
        said = {"reasons": list(reasons), "to_approve": list(to_approve)}
        _close(catalog, run_id, portal_id, verdict, {**stats.row(), **said})


def _unseen_ids(catalog: Catalog, portal_id: str, run_id: str) -> list[str]:
    """Return the ids of the datasets that :func:`unseen` counts."""
    sql = "select id from present_datasets where portal_id = ? and last_seen_run < ? order by id"
    return [row[0] for row in catalog.db.conn.execute(sql, (portal_id, run_id))]


def _mark_missing(
    catalog: Catalog, run_id: str, portal_id: str, grace: Grace, at: str, only: Sequence[str] | None = None
) -> None:
    """Count everything this run did not see as missed once more; retire what was missed for long enough.

    With ``only``, the datasets of these ids.
    """
    day = date.fromisoformat(run_id[:8])
    values = {
        "run": run_id,
        "portal": portal_id,
        "grace": grace.runs,
        "day": day.isoformat(),
        "latest": (day - timedelta(days=grace.days)).isoformat(),
        "at": at,
        "only": None if only is None else json.dumps(list(only)),
    }
    chosen = "(:only is null or id in (select value from json_each(:only)))"
    run = catalog.db.conn.execute
    run(
        f"""update datasets set missed_runs = missed_runs + 1, missing_since = coalesce(missing_since, :run),
             missing_on = coalesce(missing_on, :day), status = 'missing'
           where portal_id = :portal and last_seen_run < :run and status != 'retired' and {chosen}""",
        values,
    )
    gone = "from datasets where portal_id = :portal and status = 'missing' and"
    overdue = f"missed_runs >= :grace and missing_on <= :latest and {chosen}"
    # Only our own constants are inserted into the text.
    for kind, condition in (("missing", "missing_since = :run"), ("retired", overdue)):
        columns = ("run_id", "portal_id", "dataset_id", "kind", "old_hash")
        select = f"select :run, portal_id, id, '{kind}', raw_hash {gone} {condition}"
        events = [dict(zip(columns, row, strict=True)) for row in run(select, values)]
        catalog.upsert("changes", events, keep=columns)
    run(
        f"""update datasets set status = 'retired', retired_at = :at
            where portal_id = :portal and status = 'missing' and {overdue}""",
        values,
    )


def _close(catalog: Catalog, run_id: str, portal_id: str, verdict: str, values: Mapping[str, Any]) -> None:
    """Write the verdict of a harvest, the columns ``values`` (``mode`` among them), and the catalogue's totals."""
    totals = catalog.rows(
        f"""select count(*) filter (where last_seen_run = :run or (:incremental and {is_present("")})) as datasets,
             count(*) filter (where first_seen_run = :run) as added,
             count(*) filter (where changed_run = :run and first_seen_run != :run) as changed,
             count(*) filter (where missing_since = :run) as removed
           from datasets where portal_id = :portal""",
        {"run": run_id, "portal": portal_id, "incremental": values["mode"] == "incremental"},
    )[0]
    where = "run_id = ? and portal_id = ?"
    key = (run_id, portal_id)
    totals["retired"] = catalog.value(f"select count(*) from changes where kind = 'retired' and {where}", key)
    totals["errors"] = catalog.value(f"select count(*) from harvest_errors where {where}", key)
    totals["newest_record"] = _newest_record(catalog, portal_id) if verdict == "complete" else None
    cells = {k: plain(v) for k, v in {**totals, **values}.items()}
    catalog.db.table("harvests").update(
        f"{run_id}/{portal_id}",
        {"finished_at": now(), **cells, "verdict": verdict, "checkpoint": None},
    )
    catalog.db.table("portals").update(portal_id, {"last_run": run_id, "datasets": present(catalog, portal_id)})


def approve(catalog: Catalog, portal_id: str, run_id: str, *, by: str, grace: Grace | None = None) -> dict[str, Any]:
    """Accept a suspect harvest as complete after a person has checked it, and return its row.

    ``by``: name of that person. Datasets that a full harvest did not find are marked as missing, and retired if they
    have been missing for as long as ``grace`` says; None means the default :class:`Grace`. An incremental harvest asked
    for changed records only, so that its approval marks none.

    A partial harvest can be approved if places outside the portal's own listing are the only reason for its verdict;
    those places then no longer prevent a later harvest from being complete. Of a partial harvest, only datasets that
    were listed until now are marked: :func:`finish_harvest` has already counted those that were searched for in vain.

    Raise CatalogError if the portal was not harvested in that run, if the verdict does not allow approval, or if a
    later run has harvested the portal since.
    """
    key = f"{run_id}/{portal_id}"
    rows = catalog.rows("select * from harvests where id = ?", (key,))
    if not rows:
        known = catalog.rows(
            """select run_id from harvests where portal_id = ? and (verdict = 'suspect' or to_approve is not null)
               order by 1 desc""",
            (portal_id,),
        )
        hint = f"; suspect are {', '.join(r['run_id'] for r in known[:5])}" if known else ""
        raise CatalogError(f"{portal_id}: no harvest in run {run_id}{hint}")
    if rows[0]["verdict"] != "suspect" and not (rows[0]["verdict"] == "partial" and rows[0]["to_approve"]):
        raise CatalogError(f"{key}: the harvest is {rows[0]['verdict'] or 'not ended'}; only a suspect one is approved")
    later = catalog.value("select max(run_id) from harvests where portal_id = ? and verdict is not null", (portal_id,))
    if later != run_id:
        raise CatalogError(f"{key}: run {later} has read the portal since; approve that one if it is suspect")
    is_partial = rows[0]["verdict"] == "partial"
    with catalog.writing():
        if rows[0]["mode"] != "incremental":
            only = _unseen_ids(catalog, portal_id, run_id) if is_partial else None
            _mark_missing(catalog, run_id, portal_id, grace or Grace(), now(), only=only)
        _close(
            catalog,
            run_id,
            portal_id,
            "complete",
            {"mode": rows[0]["mode"], "approved_at": now(), "approved_by": by, "finished_at": rows[0]["finished_at"]},
        )
    return catalog.rows("select * from harvests where id = ?", (key,))[0]
