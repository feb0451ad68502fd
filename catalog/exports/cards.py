"""The rows of ``scorecard.csv``: one for each government, portal and publisher, as of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from catalog.db.schema.views import is_present
from catalog.db.store import Catalog
from catalog.exports.figures import KEYS, figures, file_figures, sources
from catalog.exports.grades import add_grades
from catalog.exports.peers import add_peers
from catalog.exports.promises import commitment_counts
from catalog.repositories.narrow_findings import finding_counts
from catalog.repositories.response_times import response_times
from catalog.repositories.scores import COUNTED
from specs.exports import SCHEMAS, Schema, schema_version

__all__ = ["card_rows", "day_of_run", "head_of", "scores_of"]


def head_of(catalog: Catalog, run_id: str, schema: Schema = SCHEMAS[-1]) -> dict[str, Any]:
    """Return the values of the columns that every CSV of schema 1 begins with, and that data packages state.

    They are schema_version, methodology_version, run_id and run_date (the day of the run, ISO 8601). ``schema``: major
    version of the columns; schema_version is the full version that belongs to it.
    """
    return {
        "schema_version": schema_version(schema),
        "methodology_version": catalog.value("select methodology_version from runs where id = ?", [run_id]),
        "run_id": run_id,
        "run_date": day_of_run(run_id),
    }


def day_of_run(run_id: str | None) -> str | None:
    """Return the day on which a run started as an ISO date; None if ``run_id`` is None or ""."""
    return f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}" if run_id else None


def card_rows(catalog: Catalog, run_id: str, schema: Schema = SCHEMAS[-1]) -> list[dict[str, Any]]:
    """Return the rows of ``scorecard.csv`` as of a run: one for each government, portal and publisher.

    Those of portals come first, then those of publishers, then those of governments; within a level they are sorted by
    id. Each row also has the name of its ``government`` and the ``grades`` of
    :func:`catalog.exports.grades.add_grades`. Scores, commitments, response times, overdue promises, and what was
    added, removed or fixed, are those of the run ``run_id``; other counts and percentages are of the catalogue as it is
    now. ``schema``: major version of the columns; it appears in the rows as ``schema_version``.
    """
    head = head_of(catalog, run_id, schema)
    rows: list[dict[str, Any]] = []
    parts = [
        _entities,
        _dataset_figures,
        _copies,
        _answers,
        _reports,
        scores_of,
    ]
    # Read once for all levels: there can be millions.
    findings, of_files = finding_counts(catalog, run_id), _distribution_figures(catalog)
    responses = response_times(catalog, run_id)
    governments = {row["portal_id"]: row["name"] for row in catalog.rows("select portal_id, name from governments")}
    for level, key in KEYS.items():
        found: dict[str, dict[str, Any]] = {}
        for part in parts:
            for row in part(catalog, run_id, level, key):
                if row["entity_id"] is not None and (part is _entities or row["entity_id"] in found):
                    found.setdefault(row["entity_id"], {}).update(row)
        for row in (*of_files.get(level, ()), *_finding_figures(findings, governments, level)):
            if row["entity_id"] in found:
                found[row["entity_id"]].update(row)
        for card in found.values():
            card["top_fix"] = None if card.get("score") is None else "nothing_large"
        for name in _with_held_fixes(catalog, level):
            if name in found:
                # What is large may be among what is held back.
                found[name]["top_fix"] = None
        for fix in _top_fixes(catalog, level):
            if fix["entity_id"] in found:
                found[fix["entity_id"]].update(fix)
        for entity, times in responses.items():
            if entity[0] == level and entity[1] in found:
                found[entity[1]].update(times)
        for name, counts in commitment_counts(catalog, run_id, level, key).items():
            if name in found:
                found[name].update(counts)
        about = {"entity_level": level, "findings_url": "findings.csv", "queries_url": "queries.csv"}
        rows += [{**head, **about, **found[name]} for name in sorted(found)]
    add_grades(catalog, rows)
    add_peers(rows)
    return rows


def _entities(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    name = {"government": key, "portal": "p.title", "publisher": "min(b.name)"}[level]
    join = "left join publishers b on b.id = d.publisher_id" if level == "publisher" else ""
    # Only constants of this package are inserted into the text, here and below.
    return catalog.rows(
        f"""select {key} as entity_id, {name} as entity_name, min(p.country) as country_iso3, min(p.url) as portal_url,
              public_email(min(p.contact_email)) as contact_email, g.name as government,
              min(p.type) as portal_type, min(p.language) as language, min(p.id) as portal_id,
              case when '{level}' = 'portal' then min(h.verdict) end as harvest_verdict
            from portals p join governments g on g.portal_id = p.id left join datasets d on d.portal_id = p.id {join}
            left join harvests h on h.portal_id = p.id and h.run_id = :run
            group by 1""",
        {"run": run_id},
    )


_HVD_PASSES = """q.dcat_ap_hvd_conforms = 1 and q.api_present = 1 and exists (select 1 from distribution_quality x
  where x.dataset_id = d.id and x.link_ok = 1 and x.licence_open = 1 and x.machine_readable = 1)"""


def _dataset_figures(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {key} as entity_id, count(*) filter (where {is_present()}) as datasets,
              count(*) filter (where d.first_seen_run = :run) as datasets_added,
              count(*) filter (where d.missing_since = :run) as datasets_removed,
              count(*) filter (where exists (select 1 from changes c where c.dataset_id = d.id
                and c.run_id = :run and c.kind = 'retired')) as datasets_retired,
              count(*) filter (where {is_present()} and d.hvd_categories is not null) as hvd_datasets,
              count(*) filter (where {is_present()} and d.hvd_categories is not null and {_HVD_PASSES})
                as hvd_all_pass, {figures()}
            from {sources("datasets")} where {COUNTED[level]} group by 1""",
        {"run": run_id},
    )


def _distribution_figures(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """Return the figures that are counted over distributions, by level."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in catalog.rows(file_figures()):
        found.setdefault(row.pop("entity_level"), []).append(row)
    return found


def _finding_figures(found: list[dict[str, Any]], governments: Mapping[str, str], level: str) -> list[dict[str, Any]]:
    """Return the numbers of findings of every entity of a level, added up from ``found``, those of its parts.

    ``governments``: the government of each portal.
    """
    sums: dict[str, Counter[str]] = {}
    for row in found:
        # A copy of a dataset counts for its portal and its publisher, and for a government the original does.
        if level == "government" and row["is_copy"]:
            continue
        own = governments[row["portal_id"]] if level == "government" else row[f"{level}_id"]
        if own is not None:
            names = ("findings_open", "findings_new", "findings_fixed")
            sums.setdefault(own, Counter()).update({name: row[name] for name in names})
    return [{"entity_id": key, **counted} for key, counted in sums.items()]


def _answers(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    """Return overdue promises and our own corrections, for every entity."""
    overdue = catalog.rows(
        f"""select {key} as entity_id, count(*) as promises_overdue
            from promised_fixes r join findings f on f.key = r.key
            join portals p on p.id = f.portal_id join governments g on g.portal_id = p.id
            left join datasets d on d.id = f.dataset_id where r.promised_on < :day group by 1""",
        {"day": day_of_run(run_id)},
    )
    return overdue + catalog.rows(
        f"""select {key} as entity_id, count(*) as corrections from corrections c
            join portals p on p.id = c.portal_id join governments g on g.portal_id = p.id
            left join datasets d on d.id = c.dataset_id group by 1"""
    )


def _reports(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {key} as entity_id, count(*) as reports_open from reports r join portals p on p.id = r.portal_id
            join governments g on g.portal_id = p.id join present_datasets d on d.id = r.dataset_id group by 1"""
    )


def _copies(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {key} as entity_id, count(*) filter (where {is_present()} and d.copy_of is not null) as copies
            from datasets d join portals p on p.id = d.portal_id join governments g on g.portal_id = p.id group by 1"""
    )


def _top_fixes(catalog: Catalog, level: str) -> list[dict[str, Any]]:
    """Return what to fix first, for every entity to which a fix brings much."""
    return catalog.rows(
        """select entity_id, rule_id as top_fix_rule, datasets as top_fix_datasets,
             round(gain_points, 2) as top_fix_gain, effort_hours as top_fix_hours,
             case when cause_id is null then 'single_findings' else 'cause' end as top_fix
           from top_fixes t where entity_level = :level and coalesce(is_large, 1) and rank = (
             select min(o.rank) from top_fixes o left join causes c on c.id = o.cause_id
             where o.entity_level = :level and o.entity_id = t.entity_id and coalesce(c.is_held, 0) = 0)""",
        {"level": level},
    )


def _with_held_fixes(catalog: Catalog, level: str) -> list[str]:
    """Return the entities for which a large fix is that of a cause that is not published yet."""
    sql = """select distinct t.entity_id from top_fixes t join causes c on c.id = t.cause_id
             where t.entity_level = ? and coalesce(t.is_large, 1) and c.is_held"""
    return [row["entity_id"] for row in catalog.rows(sql, [level])]


def scores_of(catalog: Catalog, run_id: str, level: str, key: str = "") -> list[dict[str, Any]]:
    """Return one row with the Winnow score of each government, portal or publisher in a run, and its change.

    ``level``: government, portal or publisher. The change, ``score_delta``, is the difference to the last earlier run
    with a comparable methodology version. It is None if there is no such run, or if either run has no score. Scores are
    from 0 to 100. ``key`` is not used: all functions that give parts of a scorecard have the same parameters.
    """
    return catalog.rows(
        """select s.entity_id, round(s.score, 2) as score, round(s.score_low, 2) as score_low,
             round(s.score_high, 2) as score_high, round(s.ci_low, 2) as score_ci_low,
             round(s.ci_high, 2) as score_ci_high, s.grade, s.coverage_pct, s.withheld as score_withheld,
             round(s.before, 2) as score_prev, round(s.score - s.before, 2) as score_delta
           from (select now.*, (
               select b.score from score_history b where b.system = 'winnow' and b.entity_level = now.entity_level
                 and b.entity_id = now.entity_id and b.run_id < now.run_id
                 and is_comparable(b.methodology_version, now.methodology_version)
               order by b.run_id desc limit 1) as before
             from score_history now
             where now.run_id = :run and now.system = 'winnow' and now.entity_level = :level) s""",
        {"run": run_id, "level": level},
    )
