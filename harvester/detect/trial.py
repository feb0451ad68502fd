"""Try whether the recommended endpoint can be harvested: read one record as the next command would."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harvester.detect.asking import TIMEOUT_S, Asker
from harvester.detect.outcome import SURE, Endpoint
from harvester.spiders.base.detection import HINT
from specs.errors import SpecError
from specs.portals import PortalSpec, of_url

if TYPE_CHECKING:
    from harvester.http.robots_rules import SiteRules

__all__ = ["TrialHarvest", "read_one", "tried_first"]

TRIAL_S = 15.0
"""Seconds for reading one record."""
MAX_TRIALS = 3
MOST_OF_TRIAL = 8
"""Requests of the trial, unless robots.txt asks for long pauses."""

MAX_BYTES = 5_000_000
"""Bytes of a feed; of a longer one only the beginning is read."""


@dataclass(frozen=True, slots=True)
class TrialHarvest:
    """The result of reading one record from an endpoint.

    ``verdict``: "ok" if a record was read, "empty" if the endpoint lists no datasets, "failed" if its records cannot
    be read, "unknown" if a limit ended the trial. ``why``: the reason as a sentence; empty for "ok". ``requests``:
    the number of requests sent.
    """

    verdict: Literal["ok", "empty", "failed", "unknown"]
    why: str = ""
    requests: int = 0


def read_one(
    spec: PortalSpec,
    *,
    contact: str,
    rules: Mapping[str, SiteRules],
    max_requests: int,
    seconds: float,
    proxy: str | None = None,
) -> TrialHarvest:
    """Harvest one record of the portal ``spec`` into a temporary folder, and return the result of this trial.

    ``contact``: the text for the User-Agent header. ``rules``: the robots.txt rules already read, by site
    ("https://example.org"). ``max_requests`` and ``seconds``: the limits of the trial; if they do not suffice, the
    verdict is "unknown". ``proxy``: the URL of an HTTP proxy; None for direct connections.
    """
    from catalog.db.store import open_catalog
    from catalog.repositories.datasets import count_datasets
    from catalog.repositories.runs import first_harvest, worst_errors
    from harvester.night.context import RunContext
    from harvester.night.crawl import crawl
    from harvester.night.stages import portal_of

    patience = max(1.0, min(seconds, TIMEOUT_S))
    limits = spec.limits.model_copy(
        update={
            "page_rows": 1, "max_datasets": 1, "max_feed_bytes": MAX_BYTES, "deadline_s": max(1.0, seconds),
            # Responses under way at the deadline are still awaited.
            "timeout_s": patience, "feed_timeout_s": patience,
        }
    )  # fmt: skip
    looked = spec.model_copy(update={"limits": limits, "min_datasets": 0, "max_datasets": None})
    with tempfile.TemporaryDirectory(prefix="winnow-trial-") as folder:
        data = Path(folder)
        with open_catalog(data / "catalog.db") as catalog:
            run_id = catalog.begin_run("trial", [portal_of(looked)], version="", methodology="")
            run = RunContext(catalog=catalog, run_id=run_id, data=data, contact=contact, trial_requests=max_requests)
            run.known_robots, run.proxy = dict(rules), proxy
            crawl(run, [looked])
            harvest = first_harvest(catalog)
            count = count_datasets(catalog)
            errors = worst_errors(catalog, 5)
    requests = int(harvest["requests"] or 0)
    if count:
        return TrialHarvest("ok", requests=requests)
    faults = [f"{one['message']} ({one['remedy']})" for one in errors if not _is_ours(one["message"])]
    reasons = [one for one in json.loads(harvest["reasons"] or "[]") if not _is_ours(one)]
    if harvest["verdict"] in ("complete", "suspect") and not faults:
        return TrialHarvest("empty", "it lists no datasets", requests)
    if faults:
        return TrialHarvest("failed", faults[0][:400], requests)
    if any(_is_ours(one["message"]) for one in errors) or not reasons:
        return TrialHarvest("unknown", "the look ended before a record was read", requests)
    return TrialHarvest("failed", reasons[0][:400], requests)


def _is_ours(message: str) -> bool:
    """Return whether a limit of ours ended the trial."""
    return "limits." in message or "this look" in message


def tried_first(endpoints: list[Endpoint], asker: Asker) -> tuple[list[Endpoint], list[str]]:
    """Test the recommended endpoint by reading one record, and return the endpoints in their new order, and notes.

    ``endpoints`` are sorted from the most to the least recommended. If records of the first one cannot be read, it gets
    a low confidence and moves to the end, and the next one is tested, at most three in all. If it lists no datasets, or
    a limit ended the test, the order stays. Only endpoints that are recommended are tested. ``asker`` is the client
    that found the endpoints; its robots.txt rules and remaining requests apply. The notes are sentences for the user
    about what was not tested or failed.
    """
    notes: list[str] = []
    until = time.monotonic() + TRIAL_S
    for _ in range(MAX_TRIALS):
        best = next((one for one in endpoints if one.confidence >= SURE), None)
        if best is None:
            break
        left = asker.left if asker.is_slow else MOST_OF_TRIAL
        seconds = until - time.monotonic() if not asker.is_slow else 120 + asker.delay_s * left
        if left < 1 or seconds < 1:
            notes.append(f"{best.type} at {best.url} was not tried: no request was left for it")
            break
        try:
            spec = of_url(best.url, best.type, local=asker.allow_local)
        except SpecError as error:
            notes.append(str(error))
            break
        if asker.is_slow:
            asker.wait(best.url)
        tried = read_one(
            spec, contact=asker.contact, rules=asker.rules, max_requests=left, seconds=seconds, proxy=asker.proxy
        )
        asker.requests += tried.requests
        if tried.verdict in ("ok", "empty"):
            said = "a record of it was read" if tried.verdict == "ok" else "it lists no datasets"
            endpoints = [replace(one, tried=said) if one is best else one for one in endpoints]
            break
        if tried.verdict == "unknown":
            notes.append(f"{best.type} at {best.url}: {tried.why}")
            break
        notes.append(f"{best.type} at {best.url} is not recommended: no record could be read: {tried.why}")
        poorer = replace(best, confidence=HINT, evidence=f"{best.evidence}; but no record could be read")
        endpoints = [*(one for one in endpoints if one is not best), poorer]
    return endpoints, notes
