"""Preview a portal before its first harvest: ten datasets as they would be mapped and scored. Nothing is stored."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from catalog.db.store import open_catalog
from catalog.model import Dataset
from catalog.repositories.datasets import raw_records
from catalog.repositories.quality_rows import all_quality_rows
from catalog.repositories.reading import datasets
from catalog.repositories.runs import first_harvest, told_errors
from harvester.detect.unmapped import unmapped
from harvester.night.stages import nightly
from specs.portals import PortalSpec

__all__ = ["Preview", "look", "preview"]

SCORES = ("score", "score_low", "score_high")
DEADLINE_S = 120.0
FEED_BYTES = 20_000_000
"""Bytes of a feed; of a longer one only the beginning is read."""
OUR_LIMITS = ("deadline_s", "max_datasets", "max_feed_bytes", "max_harvest_bytes")
"""Limits of ours that end a preview early; they are not the portal's fault."""
MOST = 5
"""Reasons to show, at most."""
NOT_ASKED = (
    "identifier", "is_series", "record_modified", "harvested_from", "is_part_of", "described_by", "relations", "rights",
    "applicable_legislation", "hvd_categories", "other_identifiers", "data_services", "licence_title", "translations",
    "contradictions", "not_carried",
)  # fmt: skip
"""Fields that many good datasets rightly leave empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The result of a preview: how the first datasets of a portal are mapped and scored.

    ``portal``: the portal's id. ``reasons``: why no dataset could be read, as sentences; empty if some were.
    """

    portal: str
    type: str
    verdict: str
    """"ok": records came; "empty": the portal lists none; "failed": none could be read; "unknown": a limit of ours, or
    a fault, ended the preview before any came."""
    reasons: tuple[str, ...]
    advertised: int | None
    """Number of datasets the portal states; None if it states none."""
    datasets: tuple[dict[str, Any], ...]
    """Each with ``identifier``, ``mapped`` (the filled fields, by name), ``score``, ``score_low`` and ``score_high``
    (0..100)."""
    errors: tuple[dict[str, Any], ...]
    """Records that could not be mapped: kind, message, remedy, pointer, value."""
    never_filled: tuple[str, ...]
    """Fields that are empty in all of the datasets and their files."""
    unmapped: tuple[str, ...]
    """Fields of the records, at any depth, whose text appears in no mapped field: "extras/funding"."""
    score: float | None
    score_low: float | None
    score_high: float | None
    """``score`` is the mean score of the datasets, 0..100; ``score_low`` and ``score_high`` are the means if everything
    not yet checked failed, or passed. None if no dataset has a score.
    """

    def as_json(self) -> dict[str, Any]:
        """Return the fields of the preview as a dictionary for JSON."""
        return asdict(self)


def preview(
    spec: PortalSpec, *, count: int = 10, contact: str = "no contact given", proxy: str | None = None
) -> Preview:
    """Harvest and score the first ``count`` datasets of the portal ``spec`` in a temporary folder, and return the
    result.

    ``contact``: the text for the User-Agent header. ``proxy``: the URL of an HTTP proxy; None for direct connections.
    The preview ends after 120 seconds at most. The addresses of distributions are not requested, so the metrics that
    depend on them are unknown, and the score is given with the lowest and the highest possible value.
    """
    limits = spec.limits.model_copy(
        update={
            "page_rows": min(spec.limits.page_rows, max(count, 1)),
            "max_datasets": count,
            "max_feed_bytes": min(spec.limits.max_feed_bytes, FEED_BYTES),
            "deadline_s": min(spec.limits.deadline_s, DEADLINE_S),
        }
    )
    looked = spec.model_copy(update={"limits": limits, "min_datasets": 0, "max_datasets": None})
    with tempfile.TemporaryDirectory(prefix="winnow-preview-") as folder:
        nightly(Path(folder), [looked], stages=("harvest", "score"), contact=contact, proxy=proxy)
        with open_catalog(Path(folder) / "catalog.db") as catalog:
            harvest = first_harvest(catalog)
            scores = all_quality_rows(catalog)
            errors = told_errors(catalog)
            stored = list(datasets(catalog, spec.id))[:count]
            raws = {key: json.loads(raw) for key, raw in raw_records(catalog).items()}
    reasons = [str(one) for one in json.loads(harvest["reasons"] or "[]")]
    told = [*reasons, *(one["message"] for one in errors)]
    is_ended_by_us = any(limit in one for one in told for limit in OUR_LIMITS)
    errors = [one for one in errors if not any(limit in one["message"] for limit in OUR_LIMITS)]
    rows: list[dict[str, Any]] = [
        {
            "identifier": one.dataset.identifier,
            "mapped": _filled(one.dataset),
            **{name: scores[one.id][name] if one.id in scores else None for name in SCORES},
        }
        for one in stored
    ]
    is_known = bool(stored)
    verdict, why = ("ok", ()) if is_known else _why_none(harvest["verdict"], reasons, errors, is_ended_by_us)
    return Preview(
        portal=spec.id,
        type=spec.type,
        verdict=verdict,
        reasons=why,
        advertised=harvest["advertised"],
        datasets=tuple(rows),
        errors=tuple(errors),
        never_filled=tuple(
            field.name
            for field in fields(Dataset)
            if is_known and field.name not in NOT_ASKED and not any(_has(row["mapped"], field.name) for row in rows)
        ),
        unmapped=tuple(sorted({name for one in stored for name in unmapped(raws.get(one.id), one.dataset)})),
        score=_mean(rows, "score"),
        score_low=_mean(rows, "score_low"),
        score_high=_mean(rows, "score_high"),
    )


def _why_none(
    verdict: str, reasons: list[str], errors: list[dict[str, Any]], is_ended_by_us: bool
) -> tuple[str, tuple[str, ...]]:
    """Return the verdict if no dataset was read, and why; "unknown" if our own limit ended the preview."""
    if verdict == "complete":
        return "empty", ("the portal lists no datasets",)
    faults = [one["message"] for one in errors if one["is_fatal"]]
    if is_ended_by_us and not faults:
        ended = "our own preview limit ended the look before a dataset was read"
        return "unknown", (ended, *dict.fromkeys(one["message"] for one in errors[:MOST]))
    messages = faults or [one["message"] for one in errors] or reasons or ["no dataset could be read"]
    return "failed", tuple(dict.fromkeys(messages[:MOST]))


def _filled(dataset: Dataset) -> dict[str, Any]:
    return {name: value for name, value in asdict(dataset).items() if value not in (None, (), [], {}, False, "")}


def _has(mapped: dict[str, Any], name: str) -> bool:
    return name in mapped or any(one.get(name) for one in mapped.get("distributions", ()))


def _mean(rows: Sequence[dict[str, Any]], name: str) -> float | None:
    known = [row[name] for row in rows if row[name] is not None]
    return round(sum(known) / len(known), 1) if known else None


def look(specs: Sequence[PortalSpec], *, contact: str = "no contact given", proxy: str | None = None) -> list[Preview]:
    """Check whether portals respond as their portal files ``specs`` say, and return a preview of one record each, in
    the order given.

    Four portals are harvested at once. ``contact``: the text for the User-Agent header. ``proxy``: the URL of an HTTP
    proxy; None for direct connections. Nothing is raised for a portal: a fault of this program gives the verdict
    "unknown".
    """
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda spec: _safe(spec, contact, proxy), specs))


def _safe(spec: PortalSpec, contact: str, proxy: str | None) -> Preview:
    try:
        return preview(spec, count=1, contact=contact, proxy=proxy)
    except Exception as error:  # noqa: BLE001  # one portal must not end the look at the others
        why = f"our own fault: {type(error).__name__}: {error}"
        return Preview(
            portal=spec.id, type=spec.type, verdict="unknown", reasons=(why,),
            advertised=None, datasets=(), errors=(), never_filled=(), unmapped=(),
            score=None, score_low=None, score_high=None,
        )  # fmt: skip
