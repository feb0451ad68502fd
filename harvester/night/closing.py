"""Close a portal's harvest: its verdict, and what follows from it."""

from __future__ import annotations

from catalog.model import HarvestError
from harvester.night.context import RunContext
from harvester.night.judging import judged
from harvester.night.verdict import Verdict, undeclared
from harvester.spiders.base.identity import settle
from harvester.spiders.base.portal_spider import PortalSpider
from specs.portals import PortalSpec

__all__ = ["finish"]


def finish(
    run: RunContext, portal: PortalSpec, spider: PortalSpider, *, is_late: bool, bugs: int, stuck: str = ""
) -> None:
    """Judge the harvest of ``portal`` in ``run`` and store the result: verdict, reasons and counts.

    ``spider`` is the spider that harvested the portal. ``is_late`` tells that the harvest was ended at its deadline.
    ``bugs`` is the number of responses on which the spider raised an exception. ``stuck`` is the reason why an earlier
    attempt to harvest the portal in this run blocked the program, or empty if none did.
    """
    stats = spider.stats
    if stuck:
        stats.fail(stuck)
        remedy = "tell the makers of this program, with the address of the portal; the others were gone on with"
        error = HarvestError(kind="ours", message=stuck, remedy=remedy, is_lost=False, is_fatal=True)
        run.harvest_store.errors(portal, [error])
    if is_late:
        why = f"the harvest was ended after limits.deadline_s = {portal.limits.deadline_s:g} seconds"
        stats.fail(why)
        error = HarvestError(
            kind="deadline", message=why, remedy="raise the deadline in the portal file", is_lost=False, is_fatal=True
        )
        run.harvest_store.errors(portal, [error])
    if bugs:
        stats.fail(f"{bugs} responses could not be handled: a fault of this program, see the log")
    settle(spider)
    if orphans := run.harvest_store.link_parents(portal):
        stats.notes.append(f"{orphans} datasets name a parent that the portal does not list")
    word, reasons = judged(spider)
    run.harvest_store.finish(
        portal,
        word,
        stats,
        reasons=reasons[:20],
        to_approve=_to_approve(spider, word),
        not_found=spider.not_found,
    )


def _to_approve(spider: PortalSpider, word: Verdict) -> list[str]:
    """Return the undeclared places outside the portal, if they alone keep the harvest from being complete."""
    if word != "partial" or judged(spider, ("*",))[0] not in ("complete", "suspect"):
        return []
    return list(undeclared(spider.stats.outside, (*spider.portal.outside, *spider.before.outside)))
