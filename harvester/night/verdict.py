"""Decide whether a harvest saw everything, and why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from catalog.model.harvest_stats import HarvestStats

__all__ = ["Verdict", "undeclared", "verdict"]

Verdict = Literal["complete", "partial", "suspect", "failed"]
MAX_FALL = 0.2
"""A portal that loses more than this share of its last complete harvest needs a person's approval first."""


def undeclared(outside: Mapping[str, int], declared: Collection[str]) -> dict[str, int]:
    """Return those entries of ``outside`` that ``declared`` does not name.

    ``outside`` maps a place that holds data listed by the portal but not read (a host, or a name such as "deeper
    folders") to the number of such items. ``declared`` names places that need not be read: a host ("example.org", which
    also stands for "www.example.org"), all hosts below a domain ("*.example.org"), another place, or "*" for all.
    Capitals do not matter.
    """
    names = {one.strip().casefold() for one in declared}
    return {place: count for place, count in outside.items() if not _is_declared(place.casefold(), names)}


def _is_declared(place: str, names: Collection[str]) -> bool:
    labels = place.split(".")
    above = {"*." + ".".join(labels[n:]) for n in range(1, len(labels))}
    return "*" in names or place in names or place.removeprefix("www.") in names or not above.isdisjoint(names)


def verdict(
    stats: HarvestStats,
    *,
    previous: int | None,
    minimum: int | None,
    maximum: int | None,
    outside: Collection[str] = (),
    unseen: int = 0,
    duplicates_before: int = 0,
) -> tuple[Verdict, list[str]]:
    """Return whether a harvest was complete, and the reasons. Even a "complete" one may have reasons, as notes.

    "partial": some listed records were not read. "failed": no dataset was read, although the portal is not known to be
    empty. "suspect": all that the portal announced was read, but a person must approve the result, because the number
    of datasets is outside the bounds or more than a fifth below ``previous``, because records came twice while others
    did not come, or because the portal lists no datasets and nothing says that this is right. An incremental harvest
    that read all it asked for is "complete", whatever the numbers.

    ``stats`` holds the counts of the harvest. ``previous`` is the number of datasets at the last complete harvest, and
    ``duplicates_before`` the number of records that came twice then. ``minimum`` and ``maximum`` are the bounds in the
    portal file, and ``outside`` the places that need not be read. ``unseen`` is the number of datasets in the catalogue
    that this harvest did not find. None means that ``previous`` is not known, or that there is no such bound.
    """
    notes = list(stats.notes)
    if stats.gone:
        notes.append(f"{stats.gone:,} addresses that are listed are gone (404 or 410)")
    blocking = undeclared(stats.outside, outside)
    notes += [_listed(count, place) for place, count in stats.outside.items() if place not in blocking]
    reasons = list(stats.faults)
    if stats.unidentified:
        reasons.append(f"{stats.unidentified} records have no identity and were lost; see harvest_errors")
    if stats.lost:
        reasons.append(f"{stats.lost} records were lost; see harvest_errors")
    if blocking:
        said = ", ".join(f'"{place}"' for place in list(blocking)[:10])
        reasons += [_listed(count, place) for place, count in blocking.items()][:10]
        reasons.append(f"declare what is no part of the portal: outside = [{said}] in its file, or winnow approve")
    is_whole = stats.ended and not (stats.lost or stats.unidentified or blocking)
    if stats.mode == "incremental" and is_whole:
        return "complete", [*reasons, *notes]
    if stats.kept == 0:
        if is_whole and stats.advertised in (0, None):
            return _empty(previous, minimum, notes)
        return "failed", [*(reasons or ["no dataset could be read"]), *notes]
    if not is_whole:
        return "partial", [*(reasons or ["the listing broke off"]), *notes]
    total, unique = stats.advertised, stats.accounted
    if total is not None and stats.advertised_first != total:
        reasons.append(f"the portal's total moved from {stats.advertised_first} to {total} while it was read")
    if total is not None and unique != total and unique < stats.advertised_most:
        most = stats.advertised_most
        return "partial", [*reasons, f"the portal said up to {most} datasets and sent {unique}", *notes]
    if total is not None and unique < total:
        twice = f", {stats.duplicates} of them twice" if stats.duplicates else ""
        return "partial", [*reasons, f"the portal says {total} datasets and sent {stats.seen} records{twice}", *notes]
    if total is not None and unique - stats.explained < total < unique:
        # More records came than announced, but fewer distinct ones: repeated pages hide missing ones.
        different = unique - stats.explained
        said = f"the portal says {total} datasets and sent {stats.seen} records, {different} of them different"
        return "partial", [*reasons, said, *notes]
    if total is not None and unique > total:
        reasons.append(f"the portal says {total} datasets and sent {unique}: its total is wrong or cut off")
    reasons += notes
    if minimum is not None and stats.kept < minimum:
        return "suspect", [*reasons, f"{stats.kept} datasets, fewer than min_datasets = {minimum}"]
    if maximum is not None and stats.kept > maximum:
        return "suspect", [*reasons, f"{stats.kept} datasets, more than max_datasets = {maximum}"]
    if previous and stats.kept < previous * (1 - MAX_FALL):
        return "suspect", [*reasons, f"{stats.kept} datasets, and {previous} at the last complete harvest"]
    doubled = stats.duplicates - duplicates_before
    if previous and doubled > 0 and unseen:
        # Paging that sends a record twice skips another.
        why = f"{doubled} more records came twice than at the last complete harvest, and {unseen} datasets did not come"
        return "suspect", [*reasons, why]
    return "complete", reasons


def _listed(count: int, place: str) -> str:
    return f"{count:,} listed and not read: {place}"


def _empty(previous: int | None, minimum: int | None, notes: list[str]) -> tuple[Verdict, list[str]]:
    """Return the verdict on a portal without datasets: accepted if it was empty before, or if its file allows it."""
    empty = "the portal lists no datasets"
    if previous or minimum:
        return "suspect", [empty, f"it had {previous or 0} at the last complete harvest", *notes]
    if previous is None and minimum is None:
        return "suspect", [empty, "if that is right, say min_datasets = 0 in its file, or winnow approve", *notes]
    return "complete", [empty, *notes]
