"""Store commitments: the text of their files, readings from run to run, and the datasets they are measured on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog.db.schema import TABLES
from catalog.db.store import Catalog
from specs.commitments import Commitment

__all__ = [
    "best_readings", "drop_commitments", "evidence_fault", "harvests_before", "last_states", "memory", "past_readings",
    "register_commitments", "write_memory", "write_readings",
]  # fmt: skip

HISTORY = 400
"""Earlier readings of an indicator or milestone that are read, at most."""


def register_commitments(catalog: Catalog, commitments: Sequence[Commitment]) -> None:
    """Write one row of ``commitments`` for each commitment, with what its file declares; rows with the same ids are
    replaced.

    A stored commitment that is not in ``commitments`` keeps its row and its readings.
    """
    with catalog.writing():
        catalog.upsert("commitments", [_row(one) for one in commitments])


def _row(one: Commitment) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "government": one.government.name,
        "country": one.government.iso3,
        "lead": one.lead or None,
        "source_url": one.source.url,
        "source_quote": one.source.quote,
        "source_note": one.source.note or None,
        "archived_sha256": one.source.archived_sha256,
        "ogp_url": one.ogp_url,
        "is_example": int(one.example),
        "start": one.period.start.isoformat(),
        "deadline": one.period.deadline.isoformat(),
        "irm_verifiable": None if one.irm.verifiable is None else int(one.irm.verifiable),
        "irm_potential": one.irm.potential_for_results,
        "irm_completion": one.irm.completion,
        "irm_early_results": one.irm.early_results,
        "irm_ambition": one.irm.ambition,
        "irm_relevance": None if one.irm.relevance is None else int(one.irm.relevance),
        "irm_opened": one.irm.opened_government,
        "file": f"{one.stem}.toml",
        "evidence": json.dumps(_evidence(one)) if _evidence(one) else None,
    }


def _evidence(one: Commitment) -> list[str]:
    """Return the web addresses that a commitment gives as evidence, each once; other texts cannot be checked."""
    said = [step.evidence or "" for step in one.milestones] + [figure.evidence or "" for figure in one.indicators]
    return list(dict.fromkeys(text for text in said if text.startswith(("http://", "https://"))))


def evidence_fault(catalog: Catalog, url: str | None) -> str | None:
    """Return in words why an address that is given as evidence is broken or invalid; None if it is not, or not known.

    ``url``: the address; None, or a text that is no address, gives None.
    """
    sql = """select coalesce(detail, fault, outcome) from resource_checks
             where url = ? and outcome in ('broken', 'invalid')"""
    found: str | None = None if url is None else catalog.value(sql, [url])
    return found


def past_readings(catalog: Catalog, run_id: str, commitment_id: str, indicator_id: str) -> list[dict[str, Any]]:
    """Return the readings of an indicator or milestone from runs before ``run_id``, oldest first; at most the latest
    400.

    A reading is the value of the indicator in one run: a row of ``commitment_readings``, with ``flags`` as a list.
    """
    rows = catalog.rows(
        """select * from commitment_readings where commitment_id = ? and indicator_id = ? and run_id < ?
           order by run_id desc limit ?""",
        [commitment_id, indicator_id, run_id, HISTORY],
    )
    return [row | {"flags": json.loads(row["flags"] or "[]")} for row in reversed(rows)]


def write_readings(catalog: Catalog, run_id: str, commitment_id: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replace a commitment's readings of one run. A reading is the value of one indicator or milestone in that run.

    ``rows``: the values of all columns of ``commitment_readings`` except id, run_id and commitment_id, which are added;
    ``flags`` is a list of texts.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            "delete from commitment_readings where run_id = ? and commitment_id = ?", [run_id, commitment_id]
        )
        catalog.upsert(
            "commitment_readings",
            [
                {
                    "id": f"{run_id}/{commitment_id}/{row['indicator_id']}",
                    "run_id": run_id,
                    "commitment_id": commitment_id,
                    **row,
                    "flags": json.dumps(list(row["flags"])),
                }
                for row in rows
            ],
        )


def memory(catalog: Catalog, run_id: str, commitment_id: str, indicator_id: str) -> dict[str, dict[str, Any]]:
    """Return the datasets on which an indicator of a commitment was already measured in runs before ``run_id``, by
    dataset id.

    Each value is a dict with first_seen_run, last_seen_run, is_in_scope, passes, waived and reason, columns of the
    table ``commitment_members``.
    """
    rows = catalog.rows(
        """select dataset_id, first_seen_run, last_seen_run, is_in_scope, passes, waived, reason
           from commitment_members where commitment_id = ? and indicator_id = ? and first_seen_run < ?""",
        [commitment_id, indicator_id, run_id],
    )
    return {row.pop("dataset_id"): row for row in rows}


def write_memory(catalog: Catalog, commitment_id: str, indicator_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the stored list of the datasets that an indicator of a commitment is measured on.

    ``rows``: one mapping for each dataset, with the columns of ``commitment_members`` except id, commitment_id and
    indicator_id.
    """
    names = list(TABLES["commitment_members"].columns)
    with catalog.writing():
        catalog.db.conn.execute(
            "delete from commitment_members where commitment_id = ? and indicator_id = ?",
            [commitment_id, indicator_id],
        )
        catalog.upsert_rows(
            "commitment_members",
            names,
            (
                [f"{commitment_id}/{indicator_id}/{row['dataset_id']}", commitment_id, indicator_id]
                + [row[name] for name in names[3:]]
                for row in rows
            ),
        )


def harvests_before(catalog: Catalog, run_id: str) -> dict[str, tuple[str, str | None]]:
    """Return the last harvest of every portal up to and including the run ``run_id``, by portal id.

    Each value is (id of the run that made the harvest, verdict); the verdict is None if the harvest has not ended.
    """
    rows = catalog.rows(
        "select portal_id, max(run_id) as run_id, verdict from harvests where run_id <= ? group by portal_id", [run_id]
    )
    return {row["portal_id"]: (row["run_id"], row["verdict"]) for row in rows}


def drop_commitments(catalog: Catalog, kept: Sequence[str]) -> None:
    """Delete the stored lists of datasets, and of evidence to check, of all commitments except ``kept``.

    ``kept``: ids of the commitments that are still tracked. The addresses in the datasets of the other commitments are
    then no longer checked first. The rows of these commitments in ``commitments`` and their readings stay.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            "delete from commitment_members where commitment_id not in (select value from json_each(?))",
            [json.dumps(list(kept))],
        )
        catalog.db.conn.execute(
            """update commitments set evidence = null
               where evidence is not null and id not in (select value from json_each(?))""",
            [json.dumps(list(kept))],
        )


def best_readings(catalog: Catalog, measure: str | None = None) -> list[dict[str, Any]]:
    """Return the last observed reading of every measured indicator, sorted by measure, commitment and indicator.

    An indicator whose last observed reading has no value is left out. A reading is the value of an indicator in one
    run; it is observed if the portals were harvested and most of the datasets could be judged. Each row also names the
    government of the commitment, and ``dataset_id``: the highest-scoring dataset that meets the indicator's
    requirement, or None if none does, with its ``dataset_title``, its page ``dataset_url`` and its ``dataset_score``.
    ``measure``: id of the only measure to return; None means all.
    """
    return catalog.rows(
        """select r.measure, c.government, c.country, c.id as commitment_id, c.title, c.is_example, r.indicator_id,
             r.value, r.numerator, r.denominator, r.coverage_pct, r.target, r.run_id, r.methodology_version,
             d.id as dataset_id, d.title as dataset_title,
             coalesce(nullif(d.landing_page, ''), d.source_url) as dataset_url, round(s.score, 2) as dataset_score
           from commitment_readings r join commitments c on c.id = r.commitment_id
           left join datasets d on d.id = (
             select m.dataset_id from commitment_members m join dataset_quality q on q.dataset_id = m.dataset_id
             where m.commitment_id = r.commitment_id and m.indicator_id = r.indicator_id and m.passes = 1
               and m.is_in_scope order by q.score desc, m.dataset_id limit 1)
           left join dataset_quality s on s.dataset_id = d.id
           where r.kind = 'measured' and r.is_observed and r.value is not null
             and (:measure is null or r.measure = :measure)
             and r.run_id = (select max(run_id) from commitment_readings l where l.commitment_id = r.commitment_id
               and l.indicator_id = r.indicator_id and l.is_observed)
           order by r.measure, c.id, r.indicator_id""",
        {"measure": measure},
    )


def last_states(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Return the last overall reading of every commitment, by commitment id: a row of ``commitment_readings``.

    The overall reading sums up all indicators of the commitment in one run; its indicator_id is ``_overall``.
    Commitments without one are left out.
    """
    rows = catalog.rows(
        """select r.* from commitment_readings r where r.indicator_id = '_overall' and r.run_id =
             (select max(run_id) from commitment_readings l where l.commitment_id = r.commitment_id
               and l.indicator_id = '_overall')"""
    )
    return {row["commitment_id"]: row for row in rows}
