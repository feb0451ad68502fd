"""The context that the stages of a night share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.db.store import Catalog
from catalog.exports import ExportOptions
from catalog.model import ResourceCheck
from catalog.repositories.checks import BrokenRule, write_checks
from specs.commitments import Commitment

if TYPE_CHECKING:
    from harvester.http.archive import Archive, Replay
    from harvester.http.faults import RequestFault
    from harvester.http.politeness import HostBudget
    from harvester.http.robots_rules import SiteRules
    from harvester.night.harvest_store import HarvestStore

__all__ = ["CheckBudget", "RunContext"]


@dataclass(frozen=True, slots=True)
class CheckBudget:
    """Limits of one run for the check of addresses, over all portals together: number of requests, bytes received, and
    minutes.

    None means that the run as a whole has no such limit. The limits of each portal apply in any case.
    """

    requests: int | None = None
    bytes: int | None = None
    minutes: float | None = None

    def is_spent(self, traffic: Mapping[str, int], passed_s: float) -> bool:
        """Return whether a limit is reached. ``traffic`` holds the numbers of "requests" and "bytes" used so far;
        ``passed_s`` is the time in seconds since the check of addresses began."""
        bounds = ((self.requests, traffic["requests"]), (self.bytes, traffic["bytes"]), (self.minutes, passed_s / 60))
        return any(bound is not None and used >= bound for bound, used in bounds)


@dataclass(slots=True, kw_only=True)
class RunContext:
    """What the stages of one run share: the catalogue, the data folder, the archive, settings and counters.

    ``run_id`` is the run, as the time of its start ("20240131T020000Z"). ``contact`` is sent with requests.
    ``check_budget`` limits the check of addresses. ``export`` holds the options of the stage "export".
    """

    catalog: Catalog
    run_id: str
    data: Path
    """Folder of the catalogue, downloads and exports."""
    contact: str = "no contact given"
    robots: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    """Rules of robots.txt by site, for all crawls of the night."""
    known_robots: dict[str, SiteRules] = field(default_factory=dict)
    """Rules read just before the night, by site; they are not fetched again."""
    unresolved: dict[str, RequestFault] = field(default_factory=dict)
    """Hosts whose names did not resolve during the check of addresses, and why."""
    archive: Archive | None = None
    """The archive that exchanges are written to, if any."""
    replay: Replay | None = None
    """The archive that responses come from in a replay, instead of the network."""
    proxy: str | None = None
    """HTTP proxy of the configuration; proxies of the environment are ignored."""
    trial_requests: int | None = None
    """For a trial, which ends with the first record that is mapped: requests allowed to each portal. None: no trial."""
    is_full: bool = False
    """Ask for everything anew, whatever was stored before."""
    on_progress: Callable[[str, str, int, int | None], None] = lambda stage, what, done, total: None
    """Called with stage, portal (or other label), number done, and number to do if known."""
    traffic: dict[str, int] = field(default_factory=lambda: {"requests": 0, "bytes": 0, "not_modified": 0})
    """Traffic of the check of resources."""
    check_budget: CheckBudget = CheckBudget()
    unchanged: frozenset[str] = frozenset()
    """Ids of the portals of which no dataset was scored in this run; empty as long as nothing was scored."""
    commitments: Sequence[Commitment] = ()
    """The commitments to track."""
    export: ExportOptions = ExportOptions()
    fault: BaseException | None = None
    """A fault of the catalogue itself, such as a full disk: the night stops with a message."""
    cluster: tuple[str, Path | None] | None = None
    """Address of the Dask scheduler whose workers harvest and check, and the folder of its certificates. None: this
    process harvests and checks itself."""
    take_checks: Callable[[Sequence[ResourceCheck]], None] | None = None
    """For a part of a run without the catalogue: called with finished checks, which are then not stored."""
    files_elsewhere: Collection[str] = frozenset()
    """File paths of downloads that lie in the data folder of another machine, and need not be downloaded again."""
    hosts_at_once: int = 1_000
    """Hosts asked at the same time by the check of addresses; nearly all of the time is spent waiting for their
    turns."""
    were_hosts_asked: bool = False
    """Whether another machine may have sent requests to the same hosts until a moment ago."""
    _budget: HostBudget | None = None
    _harvest_store: HarvestStore | None = None

    @property
    def budget(self) -> HostBudget:
        """Return the object that decides when the next request to each host may be sent. All crawls of the run share
        it, so that the pauses also lie between the requests of two portals on one host."""
        if self._budget is None:
            # The import brings Scrapy with it: half a second that stages without a network can save.
            from harvester.http.politeness import HostBudget

            self._budget = HostBudget(were_asked=self.were_hosts_asked)
        return self._budget

    @property
    def harvest_store(self) -> HarvestStore:
        """Return the object through which harvests write to the catalogue."""
        if self._harvest_store is None:
            from harvester.night.harvest_store import HarvestStore

            self._harvest_store = HarvestStore(self.catalog, self.run_id)
        return self._harvest_store

    @harvest_store.setter
    def harvest_store(self, store: HarvestStore) -> None:
        self._harvest_store = store

    def store_checks(self, checks: Sequence[ResourceCheck], rules: Mapping[str, BrokenRule] | None = None) -> None:
        """Write ``checks``, finished checks of addresses, to the catalogue. If ``take_checks`` is set, pass them to
        that function instead.

        ``rules`` maps an address to the rule after how many failed checks and days it is called broken; None or a
        missing address means the default rule.
        """
        if self.take_checks is not None:
            self.take_checks(checks)
        else:
            write_checks(self.catalog, self.run_id, checks, rules)

    def has_file(self, check: ResourceCheck | None) -> bool:
        """Return whether the file that ``check`` downloaded still exists, here or on another machine.

        Files of another machine are those in ``files_elsewhere``. False if ``check`` is None or downloaded no file.
        """
        if check is None or check.file_path is None:
            return False
        return check.file_path in self.files_elsewhere or (self.data / check.file_path).is_file()
