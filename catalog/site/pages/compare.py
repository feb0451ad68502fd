"""``/compare?a=&b=``: two governments or publishers side by side, and for each indicator a good example."""

from __future__ import annotations

from typing import Any

from catalog.site.pages.entity import entity_of, nights_of
from catalog.site.pages.page import Content, Page, Visit
from specs.methodology import is_comparable
from specs.metrics import dimensions, metrics

__all__ = ["PAGES"]

CHOICES = 500
"""Governments that can be chosen; others are reached from their pages."""
PUBLISHERS = 200
"""Publishers of the same portal that can be chosen beside one."""
_KINDS = ("government", "publisher")

Row = dict[str, Any]


def _read(visit: Visit) -> Content:
    t = visit.words.phrase
    sides = {side: _side(visit, visit.args.get(side, "")) for side in ("a", "b")}
    a, b = sides["a"], sides["b"]
    title, runs = t("compare.title"), [night["run_id"] for one in (a, b) if one for night in one["nights"]]
    if a and b:
        title = t("compare.title_of", a=a["name"], b=b["name"])
    return {
        "title": title,
        "description": t("compare.description"),
        "chosen": {side: f"{one['kind']}/{one['slug']}" if one else "" for side, one in sides.items()},
        "is_unknown": any(visit.args.get(side) and not sides[side] for side in sides),
        "choices": _choices(visit, [one for one in (a, b) if one]),
        "sides": [one for one in (a, b) if one],
        "rows": [
            {"id": name, "name": visit.words.value("dimension", name), "points": spec.weight}
            for name, spec in dimensions().items()
        ],
        # One axis of time for both.
        "span": (min(runs), max(runs)) if runs else None,
        "overlap": _overlap(a, b) if a and b else None,
        "best": _best(visit),
        # Of two that were asked for, nothing but a question: search engines need only the page itself.
        "is_listed": not (a or b),
        "canonical": "/compare",
    }


def _side(visit: Visit, asked: str) -> Row | None:
    """Return what is compared of a government or publisher, with its weakest dataset in each dimension and its scores
    by night; None if there is no such one. ``asked``: kind and last part of the address of its page, such as
    "government/norway"."""
    kind, _, slug = asked.partition("/")
    entity = entity_of(visit, kind, slug) if kind in _KINDS else None
    if entity is None:
        return None
    examples = visit.rows(
        """select e.dimension, e.dataset_id, e.value, coalesce(nullif(d.title, ''), d.identifier, d.id) as title
           from site_examples e join datasets d on d.id = e.dataset_id
           where e.kind = :kind and e.id = :id and e.is_best = 0""",
        kind=kind,
        id=entity["id"],
    )
    return entity | {"examples": {row["dimension"]: row for row in examples}, "nights": nights_of(visit, entity)}


def _overlap(a: Row, b: Row) -> str:
    """Return whether two scores can be told apart: "unknown" if one is not known, has another method or too little
    observed behind it, else "overlap" or "apart"."""
    ends = [one[end] for one in (a, b) for end in ("ci_low", "ci_high")]
    is_seen = all(one["grade_best"] is not None and one["grade_best"] == one["grade_worst"] for one in (a, b))
    if None in ends or not is_seen or not is_comparable(a["methodology_version"], b["methodology_version"]):
        return "unknown"
    return "overlap" if ends[0] <= ends[3] and ends[2] <= ends[1] else "apart"


def _choices(visit: Visit, chosen: list[Row]) -> list[Row]:
    rows = visit.rows(
        """select kind, slug, name from site_entities where kind = 'government' order by name, slug limit :limit""",
        limit=CHOICES,
    )
    for portal in dict.fromkeys(one["portal_id"] for one in chosen if one["kind"] == "publisher"):
        rows += visit.rows(
            """select kind, slug, name from site_entities where kind = 'publisher' and portal_id = :portal
               order by datasets desc, slug limit :limit""",
            portal=portal,
            limit=PUBLISHERS,
        )
    known = {(row["kind"], row["slug"]) for row in rows}
    rows += [
        {"kind": one["kind"], "slug": one["slug"], "name": one["name"]}
        for one in chosen
        if (one["kind"], one["slug"]) not in known
    ]
    return [{"value": f"{row['kind']}/{row['slug']}", "name": row["name"], "kind": row["kind"]} for row in rows]


def _best(visit: Visit) -> list[Row]:
    """Return by dimension a dataset for each indicator that passes it, with the best score of all that do."""
    found = {
        row["metric"]: row
        for row in visit.rows(
            """select b.metric, b.dataset_id, coalesce(nullif(d.title, ''), d.identifier, d.id) as title,
                 coalesce(nullif(p.title, ''), p.id) as portal, p.id as portal_id
               from site_best b join datasets d on d.id = b.dataset_id join portals p on p.id = d.portal_id"""
        )
    }
    words = visit.words
    return [
        {
            "name": words.value("dimension", dimension),
            "indicators": [
                {
                    **found[name],
                    "question": words.question(name, metric.question),
                    "reason": words.rationales.get(name, metric.rationale),
                }
                for name, metric in metrics().items()
                if metric.dimension == dimension and name in found
            ],
        }
        for dimension in dimensions()
    ]


PAGES = (Page(name="compare", address="/compare", read=_read),)
