"""What the stages of a night share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.db.store import Catalog
from catalog.exports import ExportOptions
from specs.commitments import Commitment

if TYPE_CHECKING:
    from harvester.http.archive import Archive, Replay
    from harvester.http.faults import RequestFault
    from harvester.http.politeness import HostBudget
    from harvester.http.robots_rules import SiteRules

__all__ = ["CheckBudget", "RunContext"]


@dataclass(frozen=True, slots=True)
class CheckBudget:
    """What the check of resources may cost in one night, over all portals. None: no bound but those of each portal."""

    requests: int | None = None
    bytes: int | None = None
    minutes: float | None = None

    def is_spent(self, traffic: Mapping[str, int], passed_s: float) -> bool:
        """Whether the requests and bytes of ``traffic``, or so many seconds, use it up."""
        bounds = ((self.requests, traffic["requests"]), (self.bytes, traffic["bytes"]), (self.minutes, passed_s / 60))
        return any(bound is not None and used >= bound for bound, used in bounds)


@dataclass(slots=True, kw_only=True)
class RunContext:
    """What all stages share."""

    catalog: Catalog
    run_id: str
    data: Path
    """Folder of the catalogue, downloads and exports."""
    contact: str = "no contact given"
    robots: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    """Rules of robots.txt by site, for all crawls of the night."""
    known_robots: dict[str, SiteRules] = field(default_factory=dict)
    """Those that were read just before the night, by site: they are not asked for again."""
    unresolved: dict[str, RequestFault] = field(default_factory=dict)
    """Hosts whose names did not resolve in the check of addresses, and why."""
    archive: Archive | None = None
    """Where exchanges are written to, if they are."""
    replay: Replay | None = None
    """Where answers come from instead of the network, in a replay."""
    proxy: str | None = None
    """HTTP proxy of the configuration; those of the environment are ignored."""
    trial_requests: int | None = None
    """Of a look at one record: requests to each portal. It ends with the first record."""
    is_full: bool = False
    """Everything is to be asked for anew, whatever is remembered."""
    on_progress: Callable[[str, str, int, int | None], None] = lambda stage, what, done, total: None
    """Called with stage, portal (or other label), things done, and things to do where known."""
    traffic: dict[str, int] = field(default_factory=lambda: {"requests": 0, "bytes": 0, "not_modified": 0})
    """What the check of the resources cost."""
    check_budget: CheckBudget = CheckBudget()
    commitments: Sequence[Commitment] = ()
    """Those to be tracked."""
    export: ExportOptions = ExportOptions()
    fault: BaseException | None = None
    """A fault of the catalogue itself (disk full): the night stops, and says so."""
    _budget: HostBudget | None = None

    @property
    def budget(self) -> HostBudget:
        """What the hosts were asked, and when, over all crawls of the night."""
        if self._budget is None:
            # It brings Scrapy with it, half a second that stages without a network can do without.
            from harvester.http.politeness import HostBudget

            self._budget = HostBudget()
        return self._budget
