"""``/method``, ``/method/<version>`` and ``/metric/<id>``: how everything is measured, and what each question found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.db.schema.views import is_open
from catalog.site.linked import LICENCE
from catalog.site.pages.page import Content, Moved, Page, Visit
from specs.methodology import is_comparable, methodology_versions
from specs.metrics import Metric, dimensions, entity_spec, grade, methodology_version, metrics
from specs.systems import systems
from specs.table_rules import table_rules

__all__ = ["PAGES", "rule_path"]

FAILING = 20
"""Failing datasets that the page of a metric names."""


def rule_path(rule_id: str) -> str | None:
    """Return the path of the page about a rule: that of its metric, or of the metric that counts a defect of tables;
    None for a rule that costs no points."""
    rule = table_rules().get(rule_id)
    metric = rule_id if rule is None else rule.metric
    return f"/metric/{metric}" if metric in metrics() else None


def _grades() -> dict[str, int]:
    """Return the lowest score of each grade."""
    lowest: dict[str, int] = {}
    for score in range(100, -1, -1):
        lowest[grade(score) or ""] = score
    return lowest


def _points(metric: Metric) -> float:
    """Return the points of the score that a dataset has from a metric if all metrics of its dimension apply."""
    own = sum(one.weight for one in metrics().values() if one.dimension == metric.dimension)
    return dimensions()[metric.dimension].weight * metric.weight / own if own else 0.0


def _brief(metric: Metric, visit: Visit) -> dict[str, Any]:
    return {
        "id": metric.id,
        "question": visit.words.question(metric.id, metric.question),
        "points": round(_points(metric), 2),
        "observed": metric.observed,
    }


def _method(visit: Visit) -> Content:
    t, entity = visit.words.phrase, entity_spec()
    return {
        "title": t("method.title"),
        "json_ld": {
            "@type": "DefinedTermSet",
            "@id": "/method",
            "name": t("method.title"),
            "description": t("method.description"),
            "url": "/method",
            "version": methodology_version(),
            "license": LICENCE,
        },
        "description": t("method.description"),
        "version": methodology_version(),
        "dimensions": [
            {
                "id": name,
                "weight": spec.weight,
                "metrics": [_brief(one, visit) for one in metrics().values() if one.dimension == name and one.weight],
            }
            for name, spec in dimensions().items()
        ],
        "unweighted": [_brief(one, visit) for one in metrics().values() if not one.weight],
        "grades": _grades(),
        "minimum_datasets": entity.minimum_datasets,
        "minimum_coverage_pct": entity.minimum_coverage_pct,
        "systems": [
            {"id": one.id, "title": one.title, "version": one.version, "source": one.source, "maximum": one.maximum}
            | {"note": one.note, "items": len(one.item)}
            for one in systems().values()
        ],
        "versions": list(methodology_versions()),
    }


def _version(visit: Visit) -> Content | Moved | None:
    known = methodology_versions()
    today = methodology_version()
    if visit.name == today:
        return Moved("/method")
    if visit.name not in known:
        return None
    runs = visit.row(
        "select count(*) as runs, min(id) as first, max(id) as last from runs where methodology_version = :version",
        version=visit.name,
    )
    return {
        "title": visit.words.phrase("method.version_title", version=visit.name),
        "_above": [(visit.words.phrase("method.title"), "/method")],
        "version": visit.name,
        "digest": known[visit.name].answers,
        "is_comparable": is_comparable(visit.name, today),
        "runs": runs,
    }


def _metric(visit: Visit) -> Content | None:
    metric = metrics().get(visit.name)
    if metric is None:
        return None
    words = visit.words
    question = words.question(metric.id, metric.question)
    method, rationale = words.phrase("method.title"), words.rationales.get(metric.id, metric.rationale)
    return {
        "title": question,
        "description": rationale,
        "json_ld": {
            "@type": "DefinedTerm",
            "@id": f"/metric/{metric.id}",
            "name": question,
            "termCode": metric.id,
            "description": rationale,
            "url": f"/metric/{metric.id}",
            "inDefinedTermSet": {"@type": "DefinedTermSet", "@id": "/method", "name": method, "url": "/method"},
        },
        "_above": [(method, "/method")],
        "metric": {
            "id": metric.id,
            "dimension": metric.dimension,
            "subject": metric.subject,
            "weight": metric.weight,
            "points": round(_points(metric), 2),
            "source": metric.source,
            "observed": metric.observed,
            "needs_data": metric.needs_data,
            "rationale": rationale,
            "weighs": metric.weighs,
            "fix": words.fix(metric.id, None, metric.fix),
            "example": metric.example,
            "effort_minutes": metric.effort_minutes,
        },
        "spread": _spread(visit, metric),
        "failing": visit.rows(
            f"""select f.dataset_key, k.id as dataset_id, d.title, d.identifier, p.title as portal, p.id as portal_id,
                  f.gain_points
                from rules r cross join finding_rows f on f.rule_key = r.key
                join keys k on k.key = f.dataset_key join datasets d on d.id = k.id
                join portals p on p.id = d.portal_id
                where r.rule_id = :rule and {is_open()} group by f.dataset_key limit :limit""",  # noqa: S608  # SQL of ours
            rule=metric.id,
            limit=FAILING,
        ),
        "systems": [
            {"id": one.id, "title": one.title}
            for one in systems().values()
            if any(item.metric == metric.id for item in one.item)
        ],
    }


def _spread(visit: Visit, metric: Metric) -> dict[str, int]:
    """Return how many subjects pass, pass in part, fail, and are unknown or not applicable.

    Empty for a metric of data services, of which no measurements are stored. The name of a metric is that of a column:
    it comes from the specification.
    """
    if metric.subject == "service":
        return {}
    unknown = f"instr(',' || coalesce(q.unknown, '') || ',', ',{metric.id},')"
    if metric.subject == "distribution":
        counted = f"""select q.[{metric.id}] as value, {unknown} as is_unknown, m.n
                      from (select kind, count(*) as n from measured_distributions group by kind) m
                      join distribution_kinds q on q.key = m.kind"""  # noqa: S608  # names of the specification
    else:
        counted = f"""select q.[{metric.id}] as value, {unknown} as is_unknown, 1 as n
                      from dataset_quality q"""  # noqa: S608  # names of the specification
    found = visit.row(
        f"""select coalesce(sum(n) filter (where value >= 1), 0) as passed,
              coalesce(sum(n) filter (where value > 0 and value < 1), 0) as in_part,
              coalesce(sum(n) filter (where value <= 0), 0) as failed,
              coalesce(sum(n) filter (where value is null and is_unknown), 0) as unknown,
              coalesce(sum(n) filter (where value is null and not is_unknown), 0) as not_applicable
            from ({counted})"""  # noqa: S608  # see above
    )
    return {name: int(count) for name, count in (found or {}).items()}


def _metric_names(visit: Visit) -> Iterator[str]:
    yield from metrics()


def _version_names(visit: Visit) -> Iterator[str]:
    earlier = dict(methodology_versions())
    del earlier[methodology_version()]
    yield from earlier


PAGES = (
    Page(name="method", address="/method", read=_method),
    Page(name="method_version", address="/method/<version>", read=_version, names=_version_names),
    Page(name="metric", address="/metric/<id>", read=_metric, names=_metric_names),
)
