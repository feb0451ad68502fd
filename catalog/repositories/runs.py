"""Read the runs, their results, and the errors of their harvests."""

from __future__ import annotations

import json
from typing import Any

from catalog.db.schema.found import is_new
from catalog.db.schema.views import OF_PORTAL, is_open
from catalog.db.store import Catalog

__all__ = [
    "first_harvest", "has_run", "last_harvest_begun", "last_run", "latest_other_run", "run_summary", "told_errors",
    "traffic_of", "worst_errors",
]  # fmt: skip


def last_run(catalog: Catalog) -> str | None:
    """Return the id of the run that started last, whether it is running, finished or failed; None in an empty
    catalogue."""
    found = catalog.value("select max(id) from runs")
    return str(found) if found else None


def has_run(catalog: Catalog, run_id: str) -> bool:
    """Return whether the catalogue has a run with this id, whether it is running, finished or failed."""
    return catalog.value("select 1 from runs where id = ?", [run_id]) is not None


def latest_other_run(catalog: Catalog, run_id: str) -> str | None:
    """Return the latest of the ids of all runs that started after ``run_id`` and all runs that finished; None if there
    are none.

    If the result is ``run_id`` or later, the archive of that run cannot be replayed into this catalogue. It is
    ``run_id`` itself if that run finished and no other started later.
    """
    found = catalog.value("select max(id) from runs where id > ? or status = 'complete'", [run_id])
    return str(found) if found else None


def traffic_of(catalog: Catalog, run_id: str) -> dict[str, Any]:
    """Return what checking addresses has cost in a run so far: counts by name, such as requests and bytes.

    Empty if nothing is recorded.
    """
    found: dict[str, Any] = json.loads(catalog.value("select traffic from runs where id = ?", [run_id]) or "{}")
    return found


def last_harvest_begun(catalog: Catalog, portal_id: str, before_run: str) -> str | None:
    """Return the id of the last run before ``before_run`` that harvested this portal with any verdict but failed.

    Harvests that have not ended do not count. None if there is no such run.
    """
    sql = "select max(run_id) from harvests where portal_id = ? and run_id < ? and verdict != 'failed'"
    found = catalog.value(sql, [portal_id, before_run])
    return str(found) if found else None


def first_harvest(catalog: Catalog) -> dict[str, Any]:
    """Return the row of the table ``harvests`` in a catalogue that was made for a trial harvest, which has only one.

    Raise IndexError if there is none.
    """
    return catalog.rows("select * from harvests")[0]


def worst_errors(catalog: Catalog, most: int) -> list[dict[str, Any]]:
    """Return at most ``most`` harvest errors of a catalogue that was made for a trial harvest.

    Errors that ended the harvest come first, then the others in the order in which they occurred.
    """
    return catalog.rows("select * from harvest_errors order by is_fatal desc, rowid limit ?", [most])


def told_errors(catalog: Catalog) -> list[dict[str, Any]]:
    """Return all harvest errors of a catalogue that was made for a trial harvest, in the order in which they occurred.

    Each row has the columns that are shown to people, such as kind, message, remedy and title.
    """
    return catalog.rows(
        """select kind, message, remedy, record_id, title, pointer, value, is_lost, is_fatal
           from harvest_errors order by id"""
    )


def _portal_summaries(catalog: Catalog, run_id: str) -> list[dict[str, Any]]:
    portals = catalog.rows(
        f"""select p.id as portal, p.title, p.type, h.verdict, h.reasons, h.gates_failed, h.mode, p.datasets,
             h.added, h.changed,
             h.removed, h.retired, h.errors, h.duplicates, h.requests, h.not_modified, h.bytes,
             round(p.score, 1) as score, round(p.score_low, 1) as score_low, round(p.score_high, 1) as score_high,
             p.grade,
             (select count(*) from current_distributions d join present_datasets s on s.id = d.dataset_id
               where d.portal_id = p.id) as distributions,
             (select count(*) from finding_rows f where {OF_PORTAL} and {is_open()}) as findings_open,
             (select count(*) from finding_rows f where {OF_PORTAL} and {is_new()}) as findings_new,
             (select count(*) from finding_rows f where {OF_PORTAL}
               and f.fixed_key = (select key from keys where keys.id = :run)) as findings_fixed
           from harvests h join portals p on p.id = h.portal_id where h.run_id = :run order by p.id""",  # noqa: S608  # SQL of ours
        {"run": run_id},
    )
    for portal in portals:
        portal["gates_failed"] = json.loads(portal["gates_failed"] or "[]")
        portal["reasons"] = json.loads(portal["reasons"] or "[]") + portal["gates_failed"]
        portal["remedies"] = [
            f"{row['message']}: {row['remedy']}"
            for row in catalog.rows(
                """select distinct message, remedy from harvest_errors
                   where run_id = ? and portal_id = ? and is_fatal limit 3""",
                [run_id, portal["portal"]],
            )
        ]
    return portals


def run_summary(catalog: Catalog, run_id: str) -> dict[str, Any]:
    """Return the result of a run as JSON values: one entry for each portal, and totals over all portals.

    An entry has, for example, the verdict of the harvest, the numbers of datasets and findings, and the score. Among
    the totals, "checks" has the numbers of checked addresses by outcome; "traffic" has by name (requests, bytes,
    not_modified) the numbers for "harvest" and "check"; "failed_portals" names the portals whose harvest was not
    complete or failed a gate, which is a condition that a harvest must meet. "checks_carried_over" is the number of
    addresses left for the next run.
    """
    portals = _portal_summaries(catalog, run_id)
    checks = catalog.rows(
        "select outcome, count(*) as n from resource_checks where run_id = ? group by 1 order by 1", [run_id]
    )
    cost = traffic_of(catalog, run_id)
    return {
        "run": run_id,
        "started_at": catalog.value("select started_at from runs where id = ?", [run_id]),
        "portals": portals,
        "datasets": sum(p["datasets"] or 0 for p in portals),
        "harvest_errors": sum(p["errors"] or 0 for p in portals),
        "checks": {row["outcome"]: row["n"] for row in checks},
        "checks_carried_over": cost.get("carried_over", 0),
        "hosts_lost_with_network": cost.get("hosts_lost_with_network", 0),
        "traffic": {
            name: {"harvest": sum(p[name] or 0 for p in portals), "check": cost.get(name, 0)}
            for name in ("requests", "bytes", "not_modified")
        },
        "tables_checked": catalog.value("select count(*) from table_reports where run_id = ?", [run_id]),
        "mean_score": catalog.value(
            """select round(avg(q.score), 1) from dataset_quality q
               join harvests h on h.portal_id = q.portal_id and h.run_id = ?""",
            [run_id],
        ),
        "failed_portals": [p["portal"] for p in portals if p["verdict"] != "complete" or p["gates_failed"]],
    }
