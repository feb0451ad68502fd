"""Writing scores and findings, and the life of a finding from run to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from catalog.model import stable_id
from catalog.rows import plain
from catalog.store import Catalog

__all__ = [
    "COUNTED", "LEVELS", "Finding", "Scored", "close_missing", "dataset_figures", "finding_id", "replace_rows",
    "tls_fault", "write_entity_scores", "write_portal_findings", "write_scores",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that fails. Id, state and history are given to it when it is written."""

    rule_id: str
    rule_title: str
    dimension: str
    severity: str
    how_to_fix: str
    distribution_id: str | None = None
    field: str | None = None
    fault_party: Literal["publisher", "portal", "harvester", "unknown"] = "publisher"
    resource_url: str | None = None
    observed: str | None = None
    expected: str | None = None
    http_status: int | None = None
    format_declared: str | None = None
    format_served: str | None = None
    first_row: int | None = None
    error_count: int | None = None
    rate_per_1000: float | None = None
    """Errors for each 1,000 rows of the table."""
    rows: str | None = None
    """Lines of the first ten, where lines are concerned, parted by blanks."""
    gain_points: float | None = None
    exchange: str | None = None
    """WARC-Record-ID of the answer it rests on, where exchanges are archived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One dataset's rows for the quality tables, its findings, and which rules could not be looked at."""

    dataset_id: str | None
    """None for what is about the portal itself."""
    portal_id: str
    publisher_id: str | None
    dataset_row: Mapping[str, Any]
    distribution_rows: Sequence[Mapping[str, Any]]
    findings: Sequence[Finding]
    unobserved: frozenset[tuple[str | None, str]] = field(default_factory=frozenset)
    """(distribution id or None, rule id) of what was unknown in this run: no finding of it is called fixed."""


_FINDING = tuple(one.name for one in fields(Finding))


def finding_id(subject_id: str, finding: Finding) -> str:
    """The same for the same fault in every run: it depends on dataset (or portal), distribution, rule and column."""
    return stable_id(subject_id, finding.distribution_id or "", finding.rule_id, finding.field or "")


def write_scores(catalog: Catalog, run_id: str, scored: Sequence[Scored], checked_at: str) -> None:
    """Write the quality rows of some datasets and carry their findings on."""
    with catalog.writing():
        catalog.upsert(
            "dataset_quality",
            [
                {
                    "dataset_id": s.dataset_id,
                    "portal_id": s.portal_id,
                    "publisher_id": s.publisher_id,
                    "run_id": run_id,
                    **s.dataset_row,
                    "findings": len(s.findings),
                }
                for s in scored
            ],
        )
        catalog.upsert(
            "distribution_quality",
            [
                {"dataset_id": s.dataset_id, "portal_id": s.portal_id, "run_id": run_id, **row}
                for s in scored
                for row in s.distribution_rows
            ],
        )
        _carry_findings(catalog, run_id, scored, checked_at)
        catalog.db.conn.executemany("delete from to_score where dataset_id = ?", [(s.dataset_id,) for s in scored])


def _carry_findings(catalog: Catalog, run_id: str, scored: Sequence[Scored], checked_at: str) -> None:
    ids = [s.dataset_id for s in scored]
    marks = ", ".join("?" * len(ids))
    sql = f"select * from findings where dataset_id in ({marks})"  # noqa: S608  # only marks
    before: dict[str, dict[str, dict[str, Any]]] = {}
    for row in catalog.rows(sql, ids):
        before.setdefault(row["dataset_id"], {})[row["id"]] = row
    rows = []
    for s in scored:
        subject_id = s.dataset_id or s.portal_id
        old = before.get(subject_id, {})
        found = {finding_id(subject_id, finding): finding for finding in s.findings}
        for key, finding in found.items():
            rows.append(_found(key, finding, s, old.get(key), run_id, checked_at))
        for key, row in old.items():
            if key not in found:
                rows.append(_not_found(row, s, run_id, checked_at))
    catalog.upsert("findings", rows)


def tls_fault(catalog: Catalog, run_id: str, portal_id: str) -> str | None:
    """Why a portal's certificate could not be verified in a run; None where it could, or was not asked."""
    found = catalog.value("select tls_fault from harvests where run_id = ? and portal_id = ?", [run_id, portal_id])
    return str(found) if found else None


def write_portal_findings(
    catalog: Catalog, run_id: str, portal_id: str, found: Sequence[Finding], checked_at: str
) -> None:
    """Carry on the findings about a portal itself. What is no longer found is mended, if the portal was reached."""
    reached = catalog.value(
        "select verdict != 'failed' from harvests where run_id = ? and portal_id = ?", [run_id, portal_id]
    )
    old = {
        row["id"]: row
        for row in catalog.rows("select * from findings where portal_id = ? and dataset_id is null", [portal_id])
    }
    about = Scored(
        dataset_id=None,
        portal_id=portal_id,
        publisher_id=None,
        dataset_row={},
        distribution_rows=(),
        findings=found,
        unobserved=frozenset() if reached else frozenset((None, row["rule_id"]) for row in old.values()),
    )
    keys = {finding_id(portal_id, finding): finding for finding in found}
    rows = [_found(key, finding, about, old.get(key), run_id, checked_at) for key, finding in keys.items()]
    rows += [_not_found(row, about, run_id, checked_at) for key, row in old.items() if key not in keys]
    if rows:
        with catalog.writing():
            catalog.upsert("findings", rows)


def _found(
    key: str, finding: Finding, s: Scored, old: Mapping[str, Any] | None, run_id: str, checked_at: str
) -> dict[str, Any]:
    state = "new"
    is_again = old is not None and old["last_seen_run"] == run_id
    if old is not None:
        # What was mended and fails again is new; what people have said of it stays.
        state = {"fixed": "new", "gone": "new", "disputed": "disputed", "waived": "waived"}.get(old["state"], "open")
        if is_again:
            state = old["state"]
    return {
        "id": key,
        **{name: plain(getattr(finding, name)) for name in _FINDING},
        "state": state,
        "portal_id": s.portal_id,
        "publisher_id": s.publisher_id,
        "dataset_id": s.dataset_id,
        "first_seen_run": old["first_seen_run"] if old and state != "new" else run_id,
        "last_seen_run": run_id,
        "fixed_run": None,
        "runs_failing": ((old["runs_failing"] or 0) + (not is_again)) if old and state != "new" else 1,
        "checked_at": checked_at,
    }


def _not_found(old: Mapping[str, Any], s: Scored, run_id: str, checked_at: str) -> dict[str, Any]:
    if old["state"] in ("fixed", "gone"):
        return dict(old)
    if (old["distribution_id"], old["rule_id"]) in s.unobserved:
        return {**old, "state": old["state"] if old["state"] in ("disputed", "waived") else "unknown"}
    gone = old["distribution_id"] and old["distribution_id"] not in {r["distribution_id"] for r in s.distribution_rows}
    return {
        **old,
        "state": "gone" if gone else "fixed",
        "fixed_run": None if gone else run_id,
        "checked_at": checked_at,
    }


def close_missing(catalog: Catalog, portal_id: str) -> None:
    """Datasets that are listed no longer keep their findings as "gone", and leave the quality tables."""
    absent = "select id from datasets where portal_id = ? and status != 'present'"
    retired = "select id from distributions where portal_id = ? and is_retired"
    with catalog.writing():
        run = catalog.db.conn.execute
        # Both inner queries are our own constants.
        update = "update findings set state = 'gone' where state not in ('fixed', 'waived') and dataset_id in"
        run(f"{update} ({absent})", [portal_id])
        run(f"delete from dataset_quality where dataset_id in ({absent})", [portal_id])  # noqa: S608
        run(f"delete from distribution_quality where dataset_id in ({absent})", [portal_id])  # noqa: S608
        run(f"delete from distribution_quality where distribution_id in ({retired})", [portal_id])  # noqa: S608


LEVELS = {
    "portal": "q.portal_id",
    "publisher": "q.publisher_id",
    "government": "coalesce(p.government, p.title)",
}
COUNTED = {
    "portal": "true",
    "publisher": "true",
    # A copy of a dataset that is in the catalogue counts where it comes from.
    "government": "d.copy_of is null",
}
"""SQL that says which datasets ``d`` count for an entity of a level."""


def dataset_figures(catalog: Catalog, level: str, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Of every dataset that counts for an entity of a level: the entity, its family, what was measured and what
    applies, and the columns named of ``dataset_quality``; by entity, family and id.

    Datasets of one publisher with the same bytes are of one family.
    """
    columns = ", ".join(f"q.[{name}]" for name in names)
    # Only constants of this module, and columns of the schema, are put into the text.
    cursor = catalog.db.conn.execute(
        f"""select {LEVELS[level]} as entity_id,
              case when q.content is null then q.family
                else min(q.family) over (partition by coalesce(q.publisher_id, q.portal_id), q.content) end as kin,
              q.measured, q.applicable, {columns}
            from dataset_quality q join portals p on p.id = q.portal_id join datasets d on d.id = q.dataset_id
            where entity_id is not null and {COUNTED[level]} order by 1, 2, q.dataset_id"""  # noqa: S608
    )
    yield from cursor


def write_entity_scores(catalog: Catalog, run_id: str, level: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the scores of the entities of a level: one row an entity and system."""
    with catalog.writing():
        history = [
            {
                "id": f"{run_id}/{row['system']}/{level}/{row['entity_id']}",
                "run_id": run_id,
                "entity_level": level,
                **row,
            }
            for row in rows
        ]
        catalog.upsert("score_history", history)
        if level != "government":
            _write_latest(catalog, f"{level}s", [row for row in history if row["system"] == "winnow"])


def _write_latest(catalog: Catalog, table: str, history: Sequence[Mapping[str, Any]]) -> None:
    # The table is "portals" or "publishers".
    catalog.db.conn.execute(f"update {table} set score = null, score_low = null, score_high = null, grade = null")  # noqa: S608
    catalog.db.conn.executemany(
        f"""update {table} set score = :score, score_low = :score_low, score_high = :score_high, grade = :grade,
              datasets = :datasets where id = :entity_id""",  # noqa: S608
        history,
    )


def replace_rows(catalog: Catalog, table: str, rows: Sequence[Mapping[str, Any]], where: str, value: str) -> None:
    """Replace all rows of a table that have a value in a column by others."""
    with catalog.writing():
        catalog.db.conn.execute(f"delete from {table} where {where} = ?", [value])  # noqa: S608  # names of the schema
        catalog.upsert(table, rows)
