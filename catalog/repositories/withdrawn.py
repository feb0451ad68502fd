"""Correct our own earlier mistakes publicly.

If a changed rule no longer gives a finding, although the file or record is the same, the finding was not the
publisher's fault. We withdraw it; it is not fixed, and is listed among the corrections. If a column was renamed, its
findings, replies and waivers follow it, identified by the column's position.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from catalog.db.schema.found import public_id
from catalog.db.schema.views import address
from catalog.db.store import Catalog

__all__ = ["Basis", "LastScore", "Withdrawal", "before", "keep_replies", "write_withdrawals"]

Basis = Literal["table", "file", "record"]
"""The only source of a finding: the cells of a file; a file as its record describes it; the record."""


@dataclass(frozen=True, slots=True)
class _Table:
    rejudged_run: str | None
    """Run that judged the same bytes by rules other than the previous ones."""
    columns: tuple[str, ...]
    columns_before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastScore:
    """How a dataset was last scored, and what has changed since then.

    ``run_id``: the run that scored it. ``score``: the Winnow score it got, 0 to 100, or None. ``is_same_record``:
    whether its record is unchanged since. ``is_other_method``: whether the methodology version has changed since.
    ``tables``: by distribution id, what is known of the last two inspections of its table. ``same_files``: ids of the
    distributions whose file is known to be the same as then; empty for a dataset that was scored by the present
    methodology version. ``methodology``: the version that scored it; None if not known.
    """

    run_id: str
    score: float | None
    is_same_record: bool
    is_other_method: bool
    tables: Mapping[str, _Table]
    same_files: frozenset[str] = frozenset()
    methodology: str | None = None

    def is_withdrawn(
        self, run_id: str, part_id: str | None, basis: Basis | None, *, is_unobserved: bool = False
    ) -> bool:
        """Return whether a finding that this run no longer made was a mistake of ours, and not fixed by the publisher.

        That is so if the data it was made from are unchanged and only our rules have changed. ``run_id``: this run.
        ``part_id``: id of the distribution it is about; None if it is about the dataset. ``basis``: what it was made
        from, the "record", the "table", or the "file" as the record describes it. None means several of these; the
        result is then False. ``is_unobserved``: whether this run could not check the rule. A finding made from the file
        is then not withdrawn, because the server may be the reason. One made from the record or the table may be: no
        server is needed for them, so that the rule itself is the reason.
        """
        if basis == "record":
            return self.is_same_record and self.is_other_method
        table = self.tables.get(part_id or "")
        if basis == "file" and is_unobserved:
            return False
        if basis == "file" and table is None:
            # Its table was not judged anew: the publisher may have put another file there.
            return self.is_same_record and self.is_other_method and part_id in self.same_files
        if basis is None or table is None or table.rejudged_run is None:
            return False
        is_new = table.rejudged_run > self.run_id or table.rejudged_run == run_id
        return is_new and (basis == "table" or self.is_same_record)

    def renamed(self, part_id: str | None, field: str | None) -> str | None:
        """Return the value of ``field`` after a column of a table was renamed; None if the column was not renamed.

        ``field``: what a finding about a column has, "<rule>: <column>"; the result has the new name. ``part_id``: id
        of the distribution with the table. A column was renamed if all of this holds: the table has as many columns as
        before, one column had the old name and none has it now, and the name now at its position is new to the table.
        """
        table = self.tables.get(part_id or "")
        rule, _, old = (field or "").partition(": ")
        if table is None or len(table.columns) != len(table.columns_before) or table.columns_before.count(old) != 1:
            return None
        new = table.columns[table.columns_before.index(old)]
        return f"{rule}: {new}" if old not in table.columns and new not in table.columns_before else None


def before(catalog: Catalog, dataset_ids: Sequence[str], methodology: str) -> dict[str, LastScore]:
    """Return how the datasets ``dataset_ids`` were last scored, by dataset id; those never scored are left out.

    ``methodology``: the present version. Call it before new scores of these datasets are written.
    """
    marks = ", ".join("?" * len(dataset_ids))
    tables: dict[str, dict[str, _Table]] = {}
    # Only placeholders are inserted into the text.
    for row in catalog.rows(
        f"""select d.dataset_id, t.distribution_id, t.rejudged_run, t.columns, t.columns_before
            from distributions d join table_reports t on t.distribution_id = d.id
            where d.dataset_id in ({marks}) and (t.rejudged_run is not null or t.columns_before is not null)""",
        dataset_ids,
    ):
        names = (tuple(json.loads(row[name] or "[]")) for name in ("columns", "columns_before"))
        tables.setdefault(row["dataset_id"], {})[row["distribution_id"]] = _Table(row["rejudged_run"], *names)
    same: dict[str, set[str]] = {}
    for row in catalog.rows(_SAME_FILES.format(marks=marks), [methodology, *dataset_ids]):
        same.setdefault(row["dataset_id"], set()).add(row["id"])
    return {
        row["dataset_id"]: LastScore(
            run_id=row["run_id"] or "",
            score=row["score"],
            is_same_record=(row["changed_run"] or "9") <= (row["run_id"] or ""),
            is_other_method=row["methodology_version"] != methodology,
            tables=tables.get(row["dataset_id"], {}),
            same_files=frozenset(same.get(row["dataset_id"], ())),
            methodology=row["methodology_version"],
        )
        for row in catalog.rows(
            f"""select q.dataset_id, q.run_id, q.score, q.methodology_version, d.changed_run
                from dataset_quality q join datasets d on d.id = q.dataset_id where q.dataset_id in ({marks})""",
            dataset_ids,
        )
    }


_SAME_FILES = f"""
select d.dataset_id, d.id from dataset_quality q join distributions d on d.dataset_id = q.dataset_id
left join resource_checks c on c.url = {address("d")} left join table_reports t on t.distribution_id = d.id
where q.methodology_version is not ? and q.dataset_id in ({{marks}})
  and (c.run_id is null or c.run_id <= q.run_id or c.outcome = 'ok' and (
    c.status = 304 or t.sha256 = c.sha256 and t.run_id <= q.run_id and not coalesce(c.is_truncated, 0)))"""
"""Distributions whose address was not asked since the last score, or answered that nothing has changed, or served the
bytes that were judged before."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A finding that is withdrawn because our rule was wrong.

    ``finding_key``: its key in ``finding_rows``. ``score_before``: score of the dataset before the withdrawal.
    """

    finding_key: int
    dataset_id: str | None
    score_before: float | None


def write_withdrawals(catalog: Catalog, run_id: str, found: Iterable[Withdrawal], corrected_at: str) -> None:
    """Write a row of ``corrections`` for each withdrawn finding in ``found``.

    If a publisher had disputed the finding, the last reply that did so gets the outcome "corrected". ``corrected_at``:
    UTC instant. Call it inside a transaction, after the new scores are written.
    """
    for one in found:
        finding_id = _id_of(catalog, one.finding_key)
        known = "select portal_id, rule_id, observed, field from findings where id = ?"
        portal_id, rule_id, observed, field = catalog.db.conn.execute(known, [finding_id]).fetchone()
        disputes = catalog.db.conn.execute(
            "select id from replies where finding_id = ? and reply = 'disputed' order by number desc limit 1",
            [finding_id],
        ).fetchone()
        row = {
            "id": f"{finding_id}/{run_id}",
            "finding_id": finding_id,
            "reply_id": disputes[0] if disputes else None,
            "portal_id": portal_id,
            "dataset_id": one.dataset_id,
            "rule_id": rule_id,
            "run_id": run_id,
            "reason": "rules",
            "field": field,
            "observed_before": observed,
            "score_before": one.score_before,
            "score_after": catalog.value("select score from dataset_quality where dataset_id = ?", [one.dataset_id]),
            "corrected_at": corrected_at,
        }
        catalog.upsert("corrections", [row])
        if disputes:
            # The person who disputed it was right.
            catalog.db.conn.execute(
                "update replies set outcome = 'corrected', checked_at = ? where id = ?", [corrected_at, disputes[0]]
            )


def _id_of(catalog: Catalog, key: int) -> str:
    sql = f"select {public_id()} from finding_rows where key = ?"
    return str(catalog.value(sql, [key]))


def keep_replies(catalog: Catalog, moved: Mapping[int, int]) -> None:
    """Move the replies to findings about a renamed column to the findings about the column with its new name.

    ``moved``: mapping from the key of the old finding in ``finding_rows`` to that of the new one. The old finding also
    gets a reference to the new one. Call it inside a transaction.
    """
    for old, new in moved.items():
        old_id, new_id = (_id_of(catalog, key) for key in (old, new))
        catalog.db.conn.execute(
            "update replies set finding_id = ?, carried_from = coalesce(carried_from, ?) where finding_id = ?",
            [new_id, old_id, old_id],
        )
        catalog.db.conn.execute("update finding_rows set carried_key = ? where key = ?", [new, old])
        catalog.db.conn.execute("update finding_rows set carried_key = null where key = ?", [new])
