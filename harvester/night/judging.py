"""Judge what a spider has read against what is known about its portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.harvests import unseen
from harvester.night.verdict import Verdict, verdict

if TYPE_CHECKING:
    from harvester.spiders.base.harvest_state import HarvestState

__all__ = ["judged"]


def judged(
    spider: HarvestState, outside: tuple[str, ...] = (), stats: HarvestStats | None = None
) -> tuple[Verdict, list[str]]:
    """Return the verdict on the harvest of ``spider`` ("complete", "partial", "suspect" or "failed"), and the reasons.

    ``outside`` names hosts (or other places) that hold data listed by the portal but need not be read, in addition to
    those that the portal file and earlier approvals name; "*" stands for all. ``stats`` holds the counts to judge; None
    means those of ``spider``.
    """
    portal, before, stats = spider.portal, spider.before, stats or spider.stats
    known: dict[str, Any] = {}
    if stats.mode == "full" and before.datasets:
        known["unseen"] = unseen(spider.run.catalog, portal.id, spider.run.run_id)
    return verdict(
        stats,
        previous=before.datasets,
        minimum=portal.min_datasets,
        maximum=portal.max_datasets,
        outside=(*portal.outside, *before.outside, *outside),
        duplicates_before=before.duplicates,
        **known,
    )
