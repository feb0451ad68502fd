"""Store what a harvest finds.

A harvest writes to the catalogue only through this class, so that what a harvest on another machine finds can be
written down there, and stored here later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.db.store import Catalog
from catalog.model import HarvestError, HarvestPage
from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.harvests import Grace, finish_harvest, note_robots, restart
from catalog.repositories.identities import follow
from catalog.repositories.parents import link_parents
from catalog.repositories.records import write_errors, write_page
from harvester import __version__
from harvester.night.verdict import Verdict
from specs.portals import PortalSpec

__all__ = ["HarvestStore", "reader_of"]


def reader_of(portal: PortalSpec) -> str:
    """Return the cache key of the stored responses of ``portal``: program version and largest record size in bytes,
    such as "1.2.0/50000000"."""
    return f"{__version__}/{portal.limits.max_record_bytes}"


class HarvestStore:
    """What the harvests of the run ``run_id`` write to ``catalog``. Each method is one transaction.

    Call the methods for one portal in the order in which its harvest goes on; :meth:`finish` is the last.
    """

    def __init__(self, catalog: Catalog, run_id: str) -> None:
        self.catalog, self.run_id = catalog, run_id

    def page(self, portal: PortalSpec, page: HarvestPage) -> None:
        """Write ``page``, records of ``portal``, see :func:`catalog.repositories.records.write_page`."""
        write_page(self.catalog, self.run_id, portal.id, page, version=reader_of(portal))

    def errors(self, portal: PortalSpec, errors: Sequence[HarvestError]) -> None:
        """Write ``errors``, harvest errors of ``portal`` that belong to no page."""
        write_errors(self.catalog, self.run_id, portal.id, errors)

    def robots(self, portal: PortalSpec, columns: Mapping[str, str | None]) -> None:
        """Write the robots.txt of ``portal`` and how it was applied, see
        :func:`catalog.repositories.harvests.note_robots`.

        ``columns``: values of robots_text, robots_sha256 and robots_decision.
        """
        note_robots(self.catalog, self.run_id, portal.id, dict(columns))

    def restart(self, portal: PortalSpec) -> None:
        """Delete the checkpoint and the errors of the harvest of ``portal``, which starts from the beginning."""
        restart(self.catalog, self.run_id, portal.id)

    def follow(self, portal: PortalSpec, pairs: Mapping[str, str]) -> None:
        """Merge datasets of ``portal`` stored under a new identifier into the older ones; ``pairs`` maps new dataset
        ids to old ones."""
        follow(self.catalog, portal.id, self.run_id, pairs)

    def link_parents(self, portal: PortalSpec) -> int:
        """Link the datasets of ``portal`` to their parents; return how many listed datasets name a parent that is
        unknown.

        See :func:`catalog.repositories.parents.link_parents`.
        """
        return link_parents(self.catalog, portal.id)

    def finish(
        self,
        portal: PortalSpec,
        verdict: Verdict,
        stats: HarvestStats,
        *,
        reasons: Sequence[str],
        to_approve: Sequence[str] = (),
        not_found: Sequence[str] = (),
    ) -> None:
        """End the harvest of ``portal`` with the ``verdict``, its ``reasons`` and the counts in ``stats``.

        ``to_approve`` names the places outside the portal's own listing that alone keep the harvest from being
        complete, and ``not_found`` the ids of datasets that the portal no longer knows; see
        :func:`catalog.repositories.harvests.finish_harvest`.

        Datasets that were missing too often are retired after the grace in the portal file.
        """
        finish_harvest(
            self.catalog,
            self.run_id,
            portal.id,
            verdict,
            stats,
            reasons=reasons,
            to_approve=to_approve,
            grace=Grace(portal.retire.grace_runs, portal.retire.grace_days),
            not_found=not_found,
        )
