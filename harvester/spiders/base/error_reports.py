"""Report what went wrong in a spider: errors that are stored, and faults that end a harvest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog.model import HarvestError, HarvestPage
from catalog.model.harvest_stats import HarvestStats
from harvester.http import faults
from harvester.spiders.base.json_text import odd_encoding
from harvester.spiders.base.losses import cut
from harvester.spiders.base.page_content import parse_json
from quality.tables.read.declared_format import charset_of
from specs.credentials import mask_value

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from harvester.http.login import Credential

__all__ = ["FaultTelling"]

MAX_ERRORS = 10_000
"""Maximum number of errors stored per portal; further ones are only counted."""


class FaultTelling:
    """Mixin with which every spider reports errors and counts them in ``stats``, its statistics."""

    stats: HarvestStats
    has_odd_encoding = False
    """True after it was reported that the portal's JSON is not UTF-8."""

    @cached_property
    def unsaid(self) -> list[HarvestError]:
        """Errors found while a response was parsed; they are stored with the next page of records, then removed."""
        return []

    credential: Credential | None

    def masked(self, value: Any) -> Any:
        """Return ``value`` (a text, or nested lists and dicts) with logins and keys in its addresses replaced.

        The same object is returned if there is nothing to replace.
        """
        found = mask_value(value)
        return found if self.credential is None else self.credential.scrubbed(found)

    def _without_keys(self, error: HarvestError) -> HarvestError:
        texts = (error.message, error.value, error.url)
        found = tuple(self.masked(text) for text in texts)
        return error if found == texts else replace(error, message=found[0], value=found[1], url=found[2])

    def written(self, errors: list[HarvestError]) -> tuple[HarvestError, ...]:
        """Count ``errors`` in the statistics of the harvest, and return those that the caller is to store.

        Nothing is stored here. Logins and keys in their addresses are masked. At most MAX_ERRORS are returned for a
        portal in one harvest; when this number is exceeded, one more error says so.
        """
        errors = [self._without_keys(error) for error in errors]
        before = self.stats.errors
        room = max(0, MAX_ERRORS - before)
        self.stats.errors += len(errors)
        if before <= MAX_ERRORS < self.stats.errors:
            more = HarvestError(
                kind="many",
                message=f"this portal has more than {MAX_ERRORS:,} errors: the others are counted and not written down",
                remedy="fix those that are listed, and run again",
                is_lost=False,
            )
            return (*errors[:room], more)
        return tuple(errors[:room])

    def fatal(self, kind: str, message: str, remedy: str, url: str, value: Any = None) -> HarvestPage:
        """Return a page without records but with a fatal error, after which the harvest cannot be complete.

        The harvest ends with this page unless the caller yields further requests. ``kind`` is the kind of error
        ("parse", "auth"), ``message`` what is wrong, ``remedy`` what to do about it, and ``url`` the address concerned.
        ``value`` is the beginning of the response or other evidence, or None. Keys in these texts are masked.
        """
        message, url, value = self.masked(message), self.masked(url), self.masked(value)
        self.stats.fail(message)
        self.stats.errors += 1
        return HarvestPage(
            errors=(
                HarvestError(
                    kind=kind, message=message, remedy=remedy, url=url, value=cut(value), is_lost=False, is_fatal=True
                ),
            )
        )

    async def failed(self, failure: Failure) -> AsyncIterator[Any]:
        """Yield the page that ends the harvest because a request failed without a usable response.

        It is the error handler of every request that names no other.
        """
        yield self.request_failed(self.fault_of(failure), failure.request.url)  # type: ignore[attr-defined]

    def fault_of(self, failure: Failure) -> faults.RequestFault:
        """Return the fault that describes why a request failed; a TLS fault is also noted in the statistics."""
        fault = faults.of_exception(failure.value or RuntimeError("no reason given"))
        if fault.kind == "tls":
            self.stats.tls_fault = fault.detail
        return fault

    def request_failed(self, fault: faults.RequestFault, url: str, value: Any = None) -> HarvestPage:
        """Return the page that ends the harvest because the request to ``url`` failed with ``fault``.

        ``value`` is the beginning of the response, if there was one.
        """
        return self.fatal(fault.kind, f"{url}: {fault.detail}", fault.remedy, url, value)

    def refused(self, response: Response) -> HarvestPage | None:
        """Return the page that ends the harvest if ``response`` is an error; None if it is not.

        It is an error if :func:`harvester.http.faults.of_response` finds a fault, such as 4xx, 5xx or the page of a bot
        protection.
        """
        fault = faults.of_response(response)
        if fault is None:
            return None
        return self.request_failed(fault, response.url, response.body[:500].decode("utf-8", "replace"))

    def read_json(self, response: Response) -> Any:
        """Return the body of ``response`` parsed as JSON; an encoding other than UTF-8 is reported once per harvest.

        Raise ValueError with a readable reason if the body cannot be parsed: because it is empty, HTML, truncated,
        nested too deeply, of too many values, or otherwise no JSON.
        """

        def on_odd(name: str) -> None:
            if not self.has_odd_encoding:
                self.has_odd_encoding = True
                self.unsaid.append(odd_encoding(name, response.url))

        return parse_json(response.body, charset_of(response.headers.get("Content-Type")), on_odd)

    def moved(self, response: Response) -> list[HarvestError]:
        """Return a list with one error if ``response`` came after a permanent redirect (301, 308), else [].

        The error is reported once per harvest; after that the list is empty.
        """
        reasons = response.meta.get("redirect_reasons") or ()
        if self.stats.has_moved or not {301, 308} & set(reasons):
            return []
        self.stats.has_moved = True
        return [
            HarvestError(
                kind="moved",
                message=f"the portal has moved for good, to {response.url}",
                remedy="correct the address in the portal file",
                url=response.meta["redirect_urls"][0],
                is_lost=False,
            )
        ]
