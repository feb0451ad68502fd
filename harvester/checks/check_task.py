"""What one check of an address is given: the task, and what it needs of the spider that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from catalog.repositories.checks import BrokenRule
from catalog.repositories.targets import CheckTarget
from specs.portals import Limits, Recheck

if TYPE_CHECKING:
    from scrapy.http import Headers

    from harvester.http.direct import DirectDownloader
    from harvester.night.context import RunContext

__all__ = ["CheckRunner", "CheckTask"]


@dataclass(frozen=True, slots=True)
class CheckTask:
    """An address to ask, and its portal's limits."""

    target: CheckTarget
    limits: Limits
    rule: BrokenRule = BrokenRule()
    recheck: Recheck = Recheck()


class CheckRunner(Protocol):
    """The part of the spider that a check of one address uses."""

    night: RunContext

    @property
    def headers(self) -> Headers:
        """The headers of every request."""

    @property
    def downloader(self) -> DirectDownloader:
        """The downloader that bypasses Scrapy's queues."""

    def may_download(self, job: CheckTask) -> bool:
        """Return whether the portal may still download tables this night."""

    def count_download(self, job: CheckTask) -> None:
        """Count one downloaded table for the job's portal."""
