"""``/government/<slug>``, ``/portal/<id>`` and ``/publisher/<id>``: how good their data are, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from catalog.db.store import started
from catalog.exports.cause_rows import fix_in_words
from catalog.exports.folders import folder_name, publisher_folder
from catalog.exports.wording import peers_in_words, withheld_in_words
from catalog.site.entities import KINDS
from catalog.site.pages.census import best_of, portals_of
from catalog.site.pages.commitments import promises
from catalog.site.pages.dataset_metrics import dimension_rows
from catalog.site.pages.page import Content, Page, Visit
from catalog.vocabulary.promises import key_datasets
from specs.methodology import is_comparable
from specs.metrics import metrics
from specs.systems import systems

__all__ = ["PAGES", "dimension_rows", "entity_of", "names_of", "nights_of"]

SHOWN = 50
"""Promises of a page."""
LISTED = 200
"""Portals and publishers that a page names; the scorecard has all."""
PEERS = 7
FIXES = 10
REPLIES = 5
HARVESTS = 7
NIGHTS = 400
"""Nights of a trend, the last ones."""
_AGO = {"months_3": timedelta(days=91), "months_12": timedelta(days=365)}
_CENSUS = {"open": "ok", "unknown": "unknown", "closed": "part", "not_found": "other", "not_observed": "unknown"}
"""States of key datasets, the best first, and how a chart shows them."""

Row = dict[str, Any]


def entity_of(visit: Visit, kind: str, slug: str) -> Row | None:
    """Return the row of ``site_entities`` about a government, portal or publisher; None if there is none.

    ``kind``: one of :data:`catalog.site.entities.KINDS`. ``slug``: the last part of the address of its page.
    """
    return visit.row("select * from site_entities where kind = :kind and slug = :slug", kind=kind, slug=slug)


def names_of(kind: str) -> Callable[[Visit], Iterator[str]]:
    """Return a function that yields the last part of the address of every page of a kind."""

    def names(visit: Visit) -> Iterator[str]:
        yield from (
            row["slug"]
            for row in visit.rows("select slug from site_entities where kind = :kind order by slug", kind=kind)
        )

    return names


def nights_of(visit: Visit, entity: Row, limit: int = NIGHTS) -> list[Row]:
    """Return the Winnow scores of an entity in its last ``limit`` runs, the oldest first.

    ``entity``: a row with its kind and id. A score is from 0 to 100, or None if it is withheld.
    """
    return visit.rows(
        """select * from (
             select s.run_id, s.methodology_version, s.score, s.score_low, s.score_high, s.ci_low, s.ci_high,
               s.coverage_pct, s.withheld
             from score_history s
             where s.entity_id = :id and s.entity_level = :kind and s.system = 'winnow'
             order by s.run_id desc limit :limit) order by run_id""",
        id=entity["id"],
        kind=entity["kind"],
        limit=limit,
    )


def _read(kind: str) -> Callable[[Visit], Content | None]:
    def read(visit: Visit) -> Content | None:
        entity = entity_of(visit, kind, visit.name)
        return None if entity is None else _content(visit, entity)

    return read


def _content(visit: Visit, entity: Row) -> Content:
    words, t, kind = visit.words, visit.words.phrase, entity["kind"]
    nights = nights_of(visit, entity)
    return {
        "title": entity["name"],
        "description": t(f"entity.description_{kind}", name=entity["name"]),
        "json_ld": _json_ld(visit, entity),
        "_above": _above(visit, entity),
        "feed": f"/feed/{kind}/{entity['slug']}.xml",
        "entity": entity,
        "withheld": withheld_in_words(words, entity["withheld"]),
        "government_slug": folder_name(entity["government"]) if entity["government"] else None,
        "nights": nights,
        "then": _then(nights),
        "dimensions": dimension_rows(visit, entity),
        "fixes": _fixes(visit, entity),
        "portals": _members(visit, "portal", entity) if kind == "government" else [],
        "publishers": _members(visit, "publisher", entity) if kind != "publisher" else [],
        "commitments": promises(visit, "c.government = :id", SHOWN, id=entity["id"]) if kind == "government" else [],
        "census": _census(visit, entity) if kind != "publisher" else None,
        "replies": _replies(visit, entity),
        "peers": _peers(visit, entity),
        "harvests": _harvests(visit, entity) if kind == "portal" else [],
        "systems": _systems(visit, entity),
        "downloads": _downloads(visit, entity),
    }


_TYPES = {"government": "GovernmentOrganization", "portal": "DataCatalog", "publisher": "Organization"}


def _json_ld(visit: Visit, entity: Row) -> Row:
    kind, government = entity["kind"], entity["government"]
    path = f"/{kind}/{quote(entity['slug'], safe='')}"
    found: Row = {"@type": _TYPES[kind], "@id": path, "name": entity["name"], "mainEntityOfPage": path}
    above = {
        "@type": "GovernmentOrganization",
        "name": government,
        "@id": f"/government/{folder_name(government or '')}",
    }
    if kind == "portal":
        # Its own address, not that of our page about it.
        found["url"] = entity["url"] if (entity["url"] or "").startswith(("http://", "https://")) else None
        found["description"] = visit.words.phrase("entity.description_portal", name=entity["name"])
    if kind != "government" and government:
        found["publisher" if kind == "portal" else "parentOrganization"] = above
    return found


def _above(visit: Visit, entity: Row) -> list[tuple[str, str]]:
    """Return names and paths of the pages above that of an entity."""
    if entity["kind"] == "government":
        return [(visit.words.phrase("run_governments"), "/governments")]
    found = [(entity["government"], f"/government/{folder_name(entity['government'])}")] if entity["government"] else []
    portal = entity_of(visit, "portal", entity["portal_id"]) if entity["kind"] == "publisher" else None
    return found + ([(portal["name"], f"/portal/{quote(portal['slug'], safe='')}")] if portal else [])


def _then(nights: list[Row]) -> list[Row]:
    """Return the score now, 3 and 12 months ago; for a time before the first night, a row without values."""
    if not nights:
        return []
    now = nights[-1]
    found: list[Row] = [{"when": "now", **now, "is_comparable": True}]
    for when, ago in _AGO.items():
        until = (started(now["run_id"]) - ago).strftime("%Y%m%dT%H%M%SZ")
        row = next((one for one in reversed(nights) if one["run_id"] <= until), None)
        is_same = is_comparable((row or {}).get("methodology_version"), now["methodology_version"])
        found.append({"when": when, **(row or dict.fromkeys(now)), "is_comparable": row is None or is_same})
    return found


def _fixes(visit: Visit, entity: Row) -> list[Row]:
    rows = visit.rows(
        """select t.rule_id, t.how_to_fix, t.datasets, t.gain_points, t.effort_hours, t.cause_id, t.is_large,
             c.level, c.root_name, c.split, c.first_seen_run
           from top_fixes t left join causes c on c.id = t.cause_id
           where t.entity_level = :kind and t.entity_id = :id order by t.rank limit :limit""",
        kind=entity["kind"],
        id=entity["id"],
        limit=FIXES,
    )
    known = metrics()
    return [
        row | {"what": fix_in_words(visit.words, row), "metric": row["rule_id"] if row["rule_id"] in known else None}
        for row in rows
    ]


def _members(visit: Visit, kind: str, entity: Row) -> list[Row]:
    """Return the portals or publishers of a government or portal, those with most datasets first."""
    of = "government" if entity["kind"] == "government" else "portal_id"
    return visit.rows(
        f"""select kind, slug, name, datasets, score, score_low, score_high, ci_low, ci_high, coverage_pct, withheld,
              addresses, asked
            from site_entities where kind = :kind and {of} = :id order by datasets desc, name, id limit :limit""",  # noqa: S608  # two names above
        kind=kind,
        id=entity["id"],
        limit=LISTED,
    )


def _census(visit: Visit, entity: Row) -> Row | None:
    """Return how many key datasets are in which state, and which; None if nobody has looked for them."""
    rows = visit.rows(
        f"""select c.key, c.state, c.dataset_id from governments g join census c on c.portal_id = g.portal_id
            where g.{"name" if entity["kind"] == "government" else "portal_id"} = :id""",  # noqa: S608  # two names
        id=entity["id"],
    )
    best = best_of(rows, portals_of(visit, entity["id"]) if entity["kind"] == "government" else 1)
    if not best:
        return None
    titles = {one.id: visit.words.keys.get(one.id, one.title) for one in key_datasets()}
    states = []
    for state, kind in _CENSUS.items():
        keys = [
            {"key": key, "title": titles.get(key, key), "dataset_id": row["dataset_id"]}
            for key, row in sorted(best.items())
            if row["state"] == state
        ]
        states.append(
            {
                "state": state,
                "kind": kind,
                "label": visit.words.value("census", state),
                "count": len(keys),
                "keys": keys,
            }
        )
    return {"states": states, "count": len(best)}


_REPLIED = {
    "government": "g.name = :id",
    "portal": "g.portal_id = :id",
    "publisher": "coalesce(d.publisher_id, case c.entity_level when 'publisher' then c.entity_id end) = :id",
}


def _replies(visit: Visit, entity: Row) -> list[Row]:
    # Only the conditions above are inserted into the text.
    return visit.rows(
        f"""select r.reply, r.promised_on, r.note, r.replied_by, r.replied_on, r.outcome, r.is_text_approved,
              r.dataset_id, d.title as dataset, c.id as cause_id, c.rule_id
            from replies r left join datasets d on d.id = r.dataset_id left join causes c on c.id = r.finding_id
            join governments g on g.portal_id = coalesce(d.portal_id, c.portal_id)
            where {_REPLIED[entity["kind"]]} order by r.number desc limit :limit""",  # noqa: S608
        id=entity["id"],
        limit=REPLIES,
    )


def _peers(visit: Visit, entity: Row) -> Row | None:
    """Return the ranked peers around an entity, and how many of all have an interval that overlaps with its own."""
    if not entity["peer_group"]:
        return None
    peers = """from site_entities where kind = :kind and peer_group = :of and rank is not null"""
    asked = {"kind": entity["kind"], "of": entity["peer_group"]}
    rows = visit.rows(
        f"""select slug, name, rank, score, ci_low, ci_high {peers} and rank >= :first
            order by rank, slug limit :shown""",
        **asked,
        first=max(1, (entity["rank"] or 1) - PEERS // 2),
        shown=PEERS,
    )
    own = next((row for row in rows if row["slug"] == entity["slug"]), None)
    if entity["rank"] and own is None:
        # More entities share the ranks above than are shown.
        rows = [*rows[: PEERS // 2], {name: entity[name] for name in rows[0]}, *rows[PEERS // 2 + 1 :]]
    for row in rows:
        row["is_own"] = row["slug"] == entity["slug"]
        row["overlaps"] = not row["is_own"] and _overlap(row, entity)
    counted = visit.row(
        f"""select count(*) as n {peers} and slug != :slug
              and not coalesce(ci_low > :high or ci_high < :low, 0)""",
        **asked,
        slug=entity["slug"],
        low=entity["ci_low"],
        high=entity["ci_high"],
    )
    return {
        "group": peers_in_words(visit.words, entity["peer_group"]),
        "rank": entity["rank"],
        "count": entity["peer_count"],
        "overlaps": (counted or {"n": 0})["n"] if entity["rank"] else None,
        "rows": rows,
    }


def _overlap(one: Row, other: Row) -> bool:
    """Return whether two 95 % intervals overlap; an interval that is not known overlaps with every other."""
    ends = (one["ci_low"], one["ci_high"], other["ci_low"], other["ci_high"])
    return None in ends or bool(one["ci_low"] <= other["ci_high"] and other["ci_low"] <= one["ci_high"])


def _harvests(visit: Visit, entity: Row) -> list[Row]:
    return visit.rows(
        """select run_id, verdict, mode, datasets, added, changed, removed, errors, robots_decision
           from harvests where portal_id = :id order by run_id desc limit :limit""",
        id=entity["id"],
        limit=HARVESTS,
    )


def _systems(visit: Visit, entity: Row) -> list[Row]:
    """Return the scores under the rules of other systems in the last run, each with the highest it can be."""
    known = systems()
    rows = visit.rows(
        """select system, score, score_low, score_high, band from score_history
           where entity_id = :id and entity_level = :kind and system != 'winnow' and run_id = :run order by system""",
        id=entity["id"],
        kind=entity["kind"],
        run=entity["run_id"],
    )
    return [
        row | {"title": known[row["system"]].title, "maximum": known[row["system"]].maximum}
        for row in rows
        if row["system"] in known
    ]


def _downloads(visit: Visit, entity: Row) -> list[Row]:
    """Return the exported files about a government or publisher: their path within the exports, and their bytes."""
    if not visit.options.exports or not entity["government"] or entity["kind"] == "portal":
        return []
    root = Path(visit.options.exports)
    folder = root / folder_name(entity["government"])
    if entity["kind"] == "publisher":
        folder /= publisher_folder(entity["name"] if entity["name"] != entity["id"] else None, entity["id"])
    if not folder.is_dir():
        return []
    return [
        {"path": path.relative_to(root).as_posix(), "name": path.name, "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix in (".csv", ".xlsx", ".html", ".pdf", ".json", ".atom")
    ]


PAGES = tuple(
    Page(
        name=kind,
        address=f"/{kind}/<{'slug' if kind == 'government' else 'id'}>",
        read=_read(kind),
        names=names_of(kind),
    )
    for kind in KINDS
)
