"""``scorecard.csv`` and ``findings.csv``: for everything, and for each government its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from catalog.exports.columns import FINDINGS, SCHEMA_VERSION, SCORECARD
from catalog.exports.csvfile import CsvFile, write_csv
from catalog.findings import LAST_SEEN, RUNS_FAILING
from catalog.model import stable_id
from catalog.scores import COUNTED
from catalog.store import Catalog

__all__ = ["export_csvs", "folder_name"]

_LEVELS = {
    "government": "coalesce(p.government, p.title)",
    "portal": "p.id",
    "publisher": "d.publisher_id",
}
"""SQL that names the entity of a dataset, in queries where ``p`` is its portal and ``d`` the dataset."""


def folder_name(government: str) -> str:
    """A folder for a government: plain letters, and digits that tell apart what the letters no longer do."""
    plain = unicodedata.normalize("NFKD", government).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40]
    is_same = word == re.sub(r"\s+", "-", government.strip().lower())
    return word if is_same else f"{word or 'government'}-{stable_id(government)[:6]}"


def export_csvs(catalog: Catalog, run_id: str, out: Path) -> list[Path]:
    """Write the files of a run; return their paths."""
    cards = _scorecard_rows(catalog, run_id)
    folders = {government: out / folder_name(government) for government in sorted({row["government"] for row in cards})}
    written = _write_cards(out, cards)
    for government, folder in folders.items():
        written += _write_cards(folder, [row for row in cards if row["government"] == government])
    # Findings can be millions, and governments hundreds: one row in memory, and two files open, at a time.
    with _findings_file(out) as everything:
        for government, rows in groupby(_finding_rows(catalog, run_id), key=itemgetter("government")):
            with _findings_file(folders.pop(government)) as own:
                for row in rows:
                    everything.write(row)
                    own.write(row)
            written += own.paths
    for folder in folders.values():
        with _findings_file(folder) as empty:
            written += empty.paths
    return [*written, *everything.paths]


def _write_cards(out: Path, cards: list[dict[str, Any]]) -> list[Path]:
    return write_csv(out / "scorecard.csv", SCORECARD, ["run_id", "entity_level", "entity_id"], cards)


def _findings_file(out: Path) -> CsvFile:
    return CsvFile(out / "findings.csv", FINDINGS, ["run_id", "finding_id"])


def _head(catalog: Catalog, run_id: str) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "methodology_version": catalog.value("select methodology_version from runs where id = ?", [run_id]),
        "run_id": run_id,
        "run_date": _day(run_id),
    }


def _day(run_id: str | None) -> str | None:
    return f"{run_id[:4]}-{run_id[4:6]}-{run_id[6:8]}" if run_id else None


def _scorecard_rows(catalog: Catalog, run_id: str) -> list[dict[str, Any]]:
    head = _head(catalog, run_id)
    rows = []
    for level, key in _LEVELS.items():
        parts = [_entities, _dataset_figures, _copies, _distribution_figures, _finding_figures, _scores]
        figures: dict[str, dict[str, Any]] = {}
        for part in parts:
            for row in part(catalog, run_id, level, key):
                if row["entity_id"] is not None and (part is _entities or row["entity_id"] in figures):
                    figures.setdefault(row["entity_id"], {}).update(row)
        for fix in _top_fixes(catalog, level):
            if fix["entity_id"] in figures:
                figures[fix["entity_id"]].update(fix)
        rows += [
            {**head, "entity_level": level, "findings_url": "findings.csv", **figures[name]} for name in sorted(figures)
        ]
    return rows


def _entities(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    name = {"government": key, "portal": "p.title", "publisher": "min(b.name)"}[level]
    join = "left join publishers b on b.id = d.publisher_id" if level == "publisher" else ""
    # Only the constants of this module are put into the text, here and below.
    return catalog.rows(
        f"""select {key} as entity_id, {name} as entity_name, min(p.country) as country_iso3, min(p.url) as portal_url,
              min(p.contact_email) as contact_email, coalesce(p.government, p.title) as government,
              case when '{level}' = 'portal' then min(h.verdict) end as harvest_verdict
            from portals p left join datasets d on d.portal_id = p.id {join}
            left join harvests h on h.portal_id = p.id and h.run_id = :run
            group by 1""",  # noqa: S608
        {"run": run_id},
    )


def _dataset_figures(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {key} as entity_id, count(*) filter (where d.status = 'present') as datasets,
              count(*) filter (where d.first_seen_run = :run) as datasets_added,
              count(*) filter (where d.missing_since = :run) as datasets_removed,
              count(*) filter (where exists (select 1 from changes c where c.dataset_id = d.id
                and c.run_id = :run and c.kind = 'retired')) as datasets_retired,
              count(*) filter (where d.status = 'present' and d.hvd_categories is not null) as hvd_datasets,
              round(100 * avg(q.up_to_date), 2) as fresh_pct, round(100 * avg(q.contact_present), 2) as contact_pct,
              round(100.0 * avg(case when d.status = 'present' then exists (select 1 from data_services s
                where s.dataset_id = d.id and not s.is_retired) end), 2) as api_pct
            from datasets d join portals p on p.id = d.portal_id
            left join dataset_quality q on q.dataset_id = d.id where {COUNTED[level]} group by 1""",  # noqa: S608
        {"run": run_id},
    )


def _distribution_figures(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {key} as entity_id, count(*) as distributions, round(100 * avg(q.link_ok), 2) as links_ok_pct,
              round(100 * avg(q.format_truthful), 2) as format_match_pct,
              round(100 * avg(q.licence_open), 2) as licence_open_pct,
              round(100 * avg(q.machine_readable), 2) as machine_readable_pct,
              round(100 * avg(q.documentation_present), 2) as schema_pct,
              count(*) filter (where t.status in ('valid', 'invalid')) as tables_checked,
              round(100.0 * count(*) filter (where t.status = 'valid')
                / nullif(count(*) filter (where t.status in ('valid', 'invalid')), 0), 2) as tables_valid_pct
            from distribution_quality q join datasets d on d.id = q.dataset_id join portals p on p.id = d.portal_id
            left join table_reports t on t.distribution_id = q.distribution_id where {COUNTED[level]} group by 1"""  # noqa: S608
    )


def _finding_figures(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {key} as entity_id, count(*) filter (where f.state in ('new', 'open')) as findings_open,
              count(*) filter (where f.state = 'new') as findings_new,
              count(*) filter (where f.fixed_run = :run) as findings_fixed
            from findings f join portals p on p.id = f.portal_id left join datasets d on d.id = f.dataset_id
            where {COUNTED[level]} group by 1""",  # noqa: S608
        {"run": run_id},
    )


def _copies(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    return catalog.rows(
        f"""select {key} as entity_id, count(*) filter (where d.status = 'present' and d.copy_of is not null) as copies
            from datasets d join portals p on p.id = d.portal_id group by 1"""  # noqa: S608
    )


def _top_fixes(catalog: Catalog, level: str) -> list[dict[str, Any]]:
    """The rule whose mending brings most points for the work, for every entity."""
    return catalog.rows(
        """select entity_id, rule_id as top_fix_rule, datasets as top_fix_datasets,
             round(gain_points, 2) as top_fix_gain, effort_hours as top_fix_hours
           from top_fixes where entity_level = ? and rank = 1""",
        [level],
    )


def _scores(catalog: Catalog, run_id: str, level: str, key: str) -> list[dict[str, Any]]:
    return catalog.rows(
        """select s.entity_id, round(s.score, 2) as score, round(s.score_low, 2) as score_low,
             round(s.score_high, 2) as score_high, round(s.ci_low, 2) as score_ci_low,
             round(s.ci_high, 2) as score_ci_high, s.grade, s.coverage_pct, s.withheld as score_withheld,
             round(before.score, 2) as score_prev,
             round(s.score - before.score, 2) as score_delta
           from score_history s
           left join score_history before on before.id = (
             select b.id from score_history b where b.system = 'winnow' and b.entity_level = s.entity_level
               and b.entity_id = s.entity_id and b.run_id < s.run_id
               and b.methodology_version = s.methodology_version order by b.run_id desc limit 1)
           where s.run_id = :run and s.system = 'winnow' and s.entity_level = :level""",
        {"run": run_id, "level": level},
    )


def _finding_rows(catalog: Catalog, run_id: str) -> Iterator[dict[str, Any]]:
    """Findings that stand, and those mended in this run."""
    head = _head(catalog, run_id)
    rows = catalog.each(
        f"""select f.*, {RUNS_FAILING} as runs_now, {LAST_SEEN} as last_now, f.id as finding_id,
             d.title as dataset_title,
             coalesce(d.landing_page, d.source_url) as dataset_url, b.name as publisher_name,
             coalesce(d.contact_email, b.email, p.contact_email) as contact,
             coalesce(d.source_url, p.url) as evidence_url, f.exchange as evidence_record,
             coalesce(p.government, p.title) as government
           from findings f join portals p on p.id = f.portal_id left join datasets d on d.id = f.dataset_id
           left join publishers b on b.id = f.publisher_id
           where f.state in ('new', 'open', 'unknown', 'disputed', 'waived') or f.fixed_run = :run
           order by government, f.portal_id, f.dataset_id, f.gain_points desc, f.id""",  # noqa: S608
        {"run": run_id},
    )
    for row in rows:
        days = {"first_seen": _day(row["first_seen_run"]), "last_seen": _day(row["last_now"])}
        yield {**row, **head, **days, "runs_failing": row["runs_now"]}
