"""``/``: what Winnow knows at a glance: four figures, a map, who moved, which promises are at risk, what vanished, and
what the last night brought; and ``/governments``: all of them."""

from __future__ import annotations

from typing import Any

from catalog.exports.cards import day_of_run
from catalog.site.countries import world
from catalog.site.linked import LICENCE
from catalog.site.pages.commitments import promises
from catalog.site.pages.page import Content, Page, Visit
from catalog.site.pages.paging import paged

__all__ = ["PAGES"]

SHOWN = 5
"""Entries of each short list."""
GOVERNMENTS = 20
PER_PAGE = 50
"""Governments on a page of all."""
_GRADES = "score, score_low, score_high, ci_low, ci_high, coverage_pct, withheld, addresses, asked, datasets"

_AT_RISK = "r.timing_status in ('missed', 'regressed', 'off_track', 'at_risk')"

Row = dict[str, Any]


def _read(visit: Visit) -> Content:
    t = visit.words.phrase
    figures = {row["name"]: row["value"] for row in visit.rows("select name, value from site_figures")}
    return {
        "title": t("home.title"),
        "description": t("home.description"),
        "json_ld": _json_ld(visit),
        "figures": {name: figures.get(name, 0) for name in ("portals", "datasets", "files", "findings")},
        "map": _map(visit, figures.get("governments", 0)),
        "governments": _governments(visit),
        "imported": (visit.row("select count(*) as n from imported_portals") or {})["n"],
        "more_governments": max(0, figures.get("governments", 0) - GOVERNMENTS),
        "movers": _movers(visit),
        "promises": promises(visit, _AT_RISK, SHOWN),
        "vanished": visit.rows(
            """select d.id, d.title, d.identifier, d.retired_at, p.id as portal_id, p.title as portal
               from (select * from datasets where status = 'retired' order by retired_at desc, id desc
                     limit :shown) d
               join portals p on p.id = d.portal_id order by d.retired_at desc, d.id desc""",
            shown=SHOWN,
        ),
        "night": _night(visit),
    }


def _json_ld(visit: Visit) -> Row:
    options, search = visit.options, "/search?q={words}"
    return {
        "@type": "DataCatalog",
        "name": "Winnow",
        "description": visit.words.phrase("home.description"),
        "url": "/",
        "inLanguage": visit.words.code,
        "license": LICENCE,
        "isAccessibleForFree": True,
        "dateModified": day_of_run(visit.run),
        "publisher": {"@type": "Organization", "name": options.operator, "url": "/imprint"}
        if options.operator
        else None,
        # The search of the mirror needs a script.
        "potentialAction": None
        if options.is_static
        else {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": search},
            "query-input": "required name=words",
        },
    }


def _map(visit: Visit, governments: int) -> Row:
    """Return the national governments that the map colours, and how many governments it does not show."""
    shapes = {one["code"] for one in world()["countries"] if one["code"]}
    rows = visit.rows(
        # Only names of columns are inserted.
        f"""select slug, name, country, {_GRADES} from site_entities
            where kind = 'government' and is_national order by datasets desc, slug""",  # noqa: S608
    )
    shown: dict[str, Row] = {}
    for row in rows:
        if row["country"] in shapes:
            shown.setdefault(row["country"], row)
    nations = [row | {"place": visit.words.country(code)} for code, row in shown.items()]
    return {
        "nations": sorted(nations, key=lambda row: row["place"]),
        "others": governments - len(nations),
        "source": world()["source"],
    }


def _governments(visit: Visit, shown: int = GOVERNMENTS, offset: int = 0) -> list[Row]:
    """Return ``shown`` governments from the place ``offset`` on: with enough measured by score, then all others by
    name, whatever their score."""
    return visit.rows(
        f"""select kind, slug, name, country, grade_best, grade_worst, {_GRADES} from site_entities
            where kind = 'government'
            order by grade_best is not grade_worst or grade_best is null,
              case when grade_best is grade_worst then score end desc, name, slug limit :shown offset :offset""",  # noqa: S608
        shown=shown,
        offset=offset,
    )


def _movers(visit: Visit) -> list[Row]:
    """Return the governments whose score moved most within a month, or publishers where fewer than three governments
    moved and more publishers did. Those of which too little was observed are left out: their score also moves when more
    is observed."""
    most: list[Row] = []
    for kind in ("government", "publisher"):
        rows = visit.rows(
            f"""select kind, slug, name, country, score_before, run_before, run_id, {_GRADES} from site_entities
                where kind = :kind and score is not null and score_before is not null and grade_best is grade_worst
                  and abs(score - score_before) >= 0.05
                order by abs(score - score_before) desc, slug limit :shown""",  # noqa: S608
            kind=kind,
            shown=SHOWN,
        )
        for row in rows:
            # Of the figures as they are shown, so that a reader who subtracts them finds the same.
            row["moved"] = round(round(row["score"], 1) - round(row["score_before"], 1), 1)
        most = max(most, [row for row in rows if row["moved"]], key=len)
        if len(most) >= 3:
            break
    return most


def _night(visit: Visit) -> Row | None:
    """Return what the last night read and what changed."""
    if not visit.run:
        return None
    return visit.row(
        """select :run as run_id, count(*) as portals, count(*) filter (where verdict = 'complete') as complete,
             count(*) filter (where verdict = 'partial') as partial,
             count(*) filter (where verdict in ('failed', 'suspect')) as failed,
             coalesce(sum(added), 0) as added, coalesce(sum(changed), 0) as changed,
             coalesce(sum(removed), 0) as removed
           from harvests where run_id = :run""",
        run=visit.run,
    )


def _count(visit: Visit) -> int:
    return int((visit.row("select count(*) as n from site_entities where kind = 'government'") or {})["n"])


def _read_governments(visit: Visit, offset: int) -> Content:
    governments = _governments(visit, PER_PAGE, offset)
    return {
        "title": visit.words.phrase("run_governments"),
        "description": visit.words.phrase("home.description"),
        "governments": governments,
        "json_ld": {
            "@type": "ItemList",
            "name": visit.words.phrase("run_governments"),
            "numberOfItems": len(governments),
            "itemListElement": [
                {"@type": "ListItem", "position": number, "name": row["name"], "url": f"/government/{row['slug']}"}
                for number, row in enumerate(governments, offset + 1)
            ],
        },
    }


PAGES = (
    Page(name="home", address="/", read=_read),
    *paged("governments", "/governments", shown=PER_PAGE, count=_count, read=_read_governments),
)
