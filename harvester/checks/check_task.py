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
    """One address to check, with the settings of its portal.

    ``target`` is the address with what its record declares and its previous check. ``limits`` are the portal's limits
    for requests and downloads. ``rule`` says after how many failed checks and days the address is called broken.
    ``recheck`` says how soon it is checked again.
    """

    target: CheckTarget
    limits: Limits
    rule: BrokenRule = BrokenRule()
    recheck: Recheck = Recheck()


class CheckRunner(Protocol):
    """What a UrlCheck needs from the spider that runs it; LinkSpider provides it."""

    run: RunContext

    @property
    def headers(self) -> Headers:
        """Return the HTTP headers that every request is sent with."""

    @property
    def downloader(self) -> DirectDownloader:
        """Return the downloader to which requests are passed directly, without Scrapy's queues."""

    def may_download(self, job: CheckTask) -> bool:
        """Return whether fewer whole files (tables, texts such as JSON, schemas) than ``limits.max_downloads`` were
        requested from the portal of ``job`` in this run."""

    def count_download(self, job: CheckTask) -> None:
        """Count the download of one whole file for the portal of ``job``. Call this before it begins."""
