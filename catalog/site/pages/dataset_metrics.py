"""The measurements of a dataset on its page: a line for each metric of the Winnow score, with answer and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.db.schema.views import MEASURED, NOT_ENDED, address, is_current, state_in
from catalog.exports.cards import day_of_run
from catalog.site.pages.page import Visit
from catalog.site.stored_json import listed, stored
from specs.metrics import Metric, dimensions, metrics

__all__ = ["dimension_rows", "fold_metrics", "metric_rows", "shorten_metric"]

_ELSEWHERE = ("question", "dimension", "is_observed", "declared")
"""What of a line is said on the page of the metric, or among the facts of the dataset."""
_SHOWN = 40
"""Characters of a declared value."""
_FINDINGS = 2_000
"""Findings of a dataset that are read for what was observed."""
_OBSERVED = f"""
select rule_id, observed, field from (
  select * from findings f where f.dataset_id = :id and {state_in(NOT_ENDED)} limit {_FINDINGS}) group by rule_id"""  # noqa: S608  # SQL of ours
_CHECKED = f"""
select max(c.checked_at) as checked_at, count(c.url) as checked from distributions d
join resource_checks c on c.url = {address()} where d.dataset_id = :id and {is_current()}"""  # noqa: S608  # SQL of ours


def dimension_rows(visit: Visit, quality: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the six dimensions of a dataset, or their means over many datasets, with values from 0 to 100; None
    where nothing applies or nothing is known. ``quality``: a row with a column for each dimension."""
    return [
        {"id": name, "name": visit.words.value("dimension", name), "value": quality[name], "points": spec.weight}
        for name, spec in dimensions().items()
    ]


def metric_rows(visit: Visit, dataset: Mapping[str, Any], quality: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a line for each weighted metric that applies to a dataset: question, answer, evidence, time and points.

    ``dataset``, ``quality``: its rows of ``datasets`` and ``dataset_quality``. ``answer`` is ok, bad, part or unknown,
    with the numbers of files that pass, apply and are unknown for a metric of files. ``points``: points of the score
    that fixing the metric everywhere in the dataset brings; 0 if nothing fails.
    """
    weighted = [one for one in metrics().values() if one.weight and one.subject in ("dataset", "distribution")]
    parts = _parts(visit, dataset["id"], [one for one in weighted if one.subject == "distribution"])
    seen = {row["rule_id"]: row for row in visit.rows(_OBSERVED, id=dataset["id"])}
    checked = visit.row(_CHECKED, id=dataset["id"]) or {}
    fixes, unknown = stored(quality["fixes"], dict), set((quality["unknown"] or "").split(","))
    lines = []
    for metric in weighted:
        if metric.subject == "dataset":
            counts = _counts(quality[metric.id], metric.id in unknown, 1)
        else:
            counts = parts[metric.id]
        if not counts["applicable"]:
            continue
        fix = fixes.get(metric.id)
        finding = seen.get(metric.id)
        lines.append(
            {
                "metric": metric.id,
                "dimension": metric.dimension,
                "question": visit.words.question(metric.id, metric.question),
                "answer": _answer(counts),
                **counts,
                "is_observed": metric.observed,
                "evidence": visit.words.said(finding["observed"], finding["field"]) if finding else "",
                "declared": None if metric.observed or metric.subject != "dataset" else _declared(dataset, metric),
                "day": (checked.get("checked_at") or "")[:10]
                if metric.observed
                else day_of_run(dataset["last_seen_run"] or ""),
                "points": fix[0] if isinstance(fix, list) and fix and isinstance(fix[0], (int, float)) else 0.0,
            }
        )
    return lines


def fold_metrics(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Merge lines of :func:`metric_rows` that differ only in metric and question, so that ten questions with the
    same answer take one line. A line with points to gain is never merged. Each result has ``questions``: pairs of
    metric and question."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for line in lines:
        said = {name: value for name, value in line.items() if name not in ("metric", "question")}
        key = (line["metric"] if line["points"] else "", *said.values())
        found.setdefault(key, said | {"questions": []})["questions"].append((line["metric"], line["question"]))
    return list(found.values())


def shorten_metric(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of :func:`metric_rows` for the mirror, without what another page has (such as the question) or
    what follows from the rest.

    Left out are the declared value, the day on which the record was read, empty values, the share and the number of
    passing files where all pass, and the number of files where it is 1.
    """
    follows = {"passing", "share"} if line["answer"] == "ok" else set()
    if line["applicable"] == 1:
        follows.add("applicable")
    if not line["is_observed"]:
        follows.add("day")
    return {name: value for name, value in line.items() if value and name not in _ELSEWHERE and name not in follows}


def _parts(visit: Visit, dataset_id: str, asked: list[Metric]) -> dict[str, dict[str, Any]]:
    """Return by metric how the files of a dataset answer it."""
    names = ", ".join(f"q.[{one.id}]" for one in asked)
    rows = visit.rows(
        f"""select {names}, q.unknown as [unknown metrics], count(*) as [number] from distributions d {MEASURED}
            where d.dataset_id = :id and {is_current()} and q.key is not null group by q.key""",  # noqa: S608  # names of metrics
        id=dataset_id,
    )
    found = {one.id: _counts(None, False, 0) for one in asked}
    for row in rows:
        unknown = set((row["unknown metrics"] or "").split(","))
        for name, counts in found.items():
            for key, count in _counts(row[name], name in unknown, row["number"]).items():
                counts[key] += count
    return found


def _counts(value: float | None, is_unknown: bool, number: int) -> dict[str, Any]:
    applies = number if value is not None or is_unknown else 0
    return {
        "applicable": applies,
        "passing": number if value == 1 else 0,
        "unknown": applies if value is None else 0,
        "share": (value or 0.0) * number,
    }


def _answer(counts: Mapping[str, Any]) -> str:
    known = counts["applicable"] - counts["unknown"]
    if not known:
        return "unknown"
    if counts["passing"] == known:
        # What was not observed has neither passed nor failed.
        return "unknown" if counts["unknown"] else "ok"
    return "part" if counts["share"] else "bad"


def _declared(dataset: Mapping[str, Any], metric: Metric) -> str:
    """Return what the record declares of the facts that a metric names, in short; persons' contacts are left out."""
    found = []
    for name in metric.evidence or metric.facts:
        value = dataset.get(name)
        if name.startswith("contact") or value in (None, "", "[]", "{}"):
            continue
        members = listed(value) if isinstance(value, str) else []
        found.append(", ".join(map(str, members)) if members else str(value))
    said = "; ".join(found)
    return f"{said[:_SHOWN]}…" if len(said) > _SHOWN else said
