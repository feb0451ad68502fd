"""Choose the addresses that a run checks now."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.repositories.checks import BrokenRule
from catalog.repositories.targets import due_targets
from harvester.checks.check_task import CheckTask
from harvester.http.politeness import host_of
from harvester.night.context import RunContext
from specs.portals import PortalSpec

__all__ = ["due_jobs", "queue_of"]


def due_jobs(
    run: RunContext, portals: Sequence[PortalSpec], urls: Sequence[str] | None = None
) -> tuple[list[CheckTask], int]:
    """Return a task for each address of ``portals`` that ``run`` should check now, the most urgent first, and the
    number of due addresses that are left out because their portal has more than its ``limits.max_checks``.

    An address that several portals list is checked once, for the portal where it is most urgent. ``urls``: check these
    addresses of the portals instead, whether or not they are due; None means those that are due.
    """
    jobs: dict[str, CheckTask] = {}
    beyond = 0
    for portal in portals:
        targets, due = due_targets(
            run.catalog, run.run_id, portal.id, portal.limits.max_checks, is_full=run.is_full, urls=urls
        )
        beyond += due - len(targets)
        rule = BrokenRule(portal.broken.after_checks, portal.broken.after_days)
        for target in targets:
            known = jobs.get(target.url)
            if known is None or target.urgency < known.target.urgency:
                jobs[target.url] = CheckTask(target, portal.limits, rule, portal.recheck)
    # The sort is stable: within a portal, equally urgent addresses keep their order.
    return sorted(jobs.values(), key=lambda job: job.target.urgency), beyond


def queue_of(url: str) -> str:
    """Return the name of the queue in which the address ``url`` waits: its host, or "" if it has none."""
    try:
        return host_of(url)
    except ValueError:
        return ""
