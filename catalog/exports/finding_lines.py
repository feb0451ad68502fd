"""The rows of ``findings.csv`` of schema 2: for programs as lines, for people as values by name.

They are read dataset by dataset, in the order of a list that the caller gives, so that nothing large is sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from operator import itemgetter
from typing import Any

from catalog.db.schema.views import AWAITED, CAUSE, NOT_ENDED, state_in
from catalog.db.store import Catalog
from catalog.exports.cards import day_of_run
from catalog.exports.csvfile import line_cell, number_cell
from catalog.exports.folders import SENT
from catalog.exports.promises import has_commitments
from catalog.repositories.narrow_findings import NarrowFindings
from catalog.repositories.withheld import withheld
from specs.metrics import metrics

__all__ = ["FindingLines", "without_usual_fix"]

CHUNK = 250
"""Datasets read with one query."""
_CAUSE_AT = NarrowFindings.NAMES.index("cause_id")
_SQL = {
    "finding_id": "f.id",
    # "New" would change the row in the next run; first_seen_run says it too.
    "state": "case f.state when 'new' then 'open' else f.state end",
    "changed_run": "coalesce(f.fixed_run, f.withdrawn_run, f.last_seen_run)",
    "dataset_title": "d.title",
    "dataset_url": "coalesce(d.landing_page, d.source_url)",
    "publisher_id": "d.publisher_id",
    "publisher_name": "b.name",
    "contact": "coalesce(d.contact_email, b.email, p.contact_email)",
    "evidence_url": "coalesce(d.source_url, p.url)",
    "evidence_record": "f.exchange",
    "cause_id": CAUSE,
} | dict.fromkeys(
    (
        "commitment_ids", "answer", "answer_note", "answered_on", "promised_on", "is_overdue", "answer_outcome",
        "response", "response_note", "responder", "responded_on",
    ),
    "null",
)  # fmt: skip
"""SQL of the columns that are not simply those of the view; replies and commitments are filled in later."""


@cache
def _fixes() -> dict[str, str]:
    return {one.id: one.fix for one in metrics().values()}


def without_usual_fix(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of ``findings.csv`` as programs get it: ``how_to_fix`` is None if it is the usual sentence of the
    rule.

    The usual sentence of every rule is in ``rules.csv``. The row given is not changed.
    """
    return row | {"how_to_fix": None} if row["how_to_fix"] == _fixes().get(row["rule_id"]) else row


class FindingLines:
    """Reads the rows of ``findings.csv`` as of a run: findings that have not ended, and those fixed or withdrawn in the
    run."""

    def __init__(self, catalog: Catalog, run_id: str) -> None:
        self.catalog, self.run_id = catalog, run_id
        self._held = withheld(run_id)
        # Only our own constants and the id of a run are inserted into the text, here and below.
        personal = f"select f.id, f.dataset_id from findings f where {self._held}"
        held = catalog.db.conn.execute(personal).fetchall()
        self._hidden = {key for key, _ in held}
        """Ids of findings that must not be published yet."""
        self._with_hidden = {dataset_id for _, dataset_id in held}
        self._answers = self._replies(day_of_run(run_id))
        self._failed = self._commitments()

    # For programs

    def lines(self, dataset_ids: Sequence[str]) -> Iterator[str]:
        """Yield the findings of datasets as lines of the plain ``findings.csv``, without line ends.

        Findings that must not be published yet are left out. ``dataset_ids`` are read in groups of 250: the groups come
        in their order, the datasets of a group sorted by id, and the findings of a dataset by gain.
        """
        pick, at = self._pick, self._at
        for row in self._narrow.of_datasets(dataset_ids):
            if row[0] in self._hidden:
                continue
            row.append("")
            if more := self._more(row[0], row[_CAUSE_AT], row[8], row[1]):
                cells = [*pick(row)]
                for name, value in more.items():
                    cells[at[name]] = line_cell(str(value))
                yield ",".join(cells)
            else:
                yield ",".join(pick(row))

    @cached_property
    def _narrow(self) -> NarrowFindings:
        return NarrowFindings(self.catalog, self.run_id, line_cell, number_cell, _fixes())

    @cached_property
    def _at(self) -> dict[str, int]:
        return {field.name: number for number, field in enumerate(SENT["findings"].for_programs)}

    @cached_property
    def _pick(self) -> Any:
        """Return a function that puts a narrow row into the order of the columns.

        A column that narrow rows do not have is blank: the cell after the last one.
        """
        known = NarrowFindings.NAMES
        return itemgetter(*(known.index(name) if name in known else len(known) for name in self._at))

    # For people

    def rows(self, dataset_ids: Sequence[str], *, is_withheld: bool = False) -> Iterator[dict[str, Any]]:
        """Yield the findings of datasets, each as a dict from column to value, in the order of :meth:`lines`.

        ``is_withheld``: True gives only the findings that must not be published yet; False gives the others.
        """
        if is_withheld:
            dataset_ids = [one for one in dataset_ids if one in self._with_hidden]
        for start in range(0, len(dataset_ids), CHUNK):
            chunk = dataset_ids[start : start + CHUNK]
            where = f"f.dataset_id in ({', '.join('?' * len(chunk))})"
            yield from self._read(where, chunk, self._held if is_withheld else f"not {self._held}")

    def rows_of_portal(self, portal_id: str) -> Iterator[dict[str, Any]]:
        """Yield the findings about a portal itself, which belong to no dataset, each as a dict from column to value."""
        where = "f.portal_id = ? and f.key in (select key from finding_rows where dataset_key is null)"
        yield from self._read(where, [portal_id], f"not {self._held}")

    def _read(self, where: str, values: Sequence[Any], held: str) -> Iterator[dict[str, Any]]:
        names = [field.name for field in SENT["findings"].column]
        columns = ", ".join(_SQL.get(name, f"f.{name}") for name in names)
        sql = f"""select {columns} from findings f join portals p on p.id = f.portal_id
            left join datasets d on d.id = f.dataset_id left join publishers b on b.id = d.publisher_id
            where {where} and {held}
              and ({state_in(NOT_ENDED)} or '{self.run_id}' in (f.fixed_run, f.withdrawn_run))
            order by f.dataset_id, f.gain_points desc, f.id"""
        for row in self.catalog.db.conn.execute(sql, values):
            named = dict(zip(names, row, strict=True))
            yield named | self._more(named["finding_id"], named["cause_id"], named["dataset_id"], named["state"])

    # What a finding does not say itself

    def _more(self, finding_id: str, cause_id: str | None, dataset_id: str | None, state: str) -> dict[str, Any]:
        """Return the last reply to a finding, or else to its cause, and the commitments that its dataset fails, by
        column."""
        if not self._answers and not self._failed:
            return {}
        found = dict(self._answers.get(finding_id) or self._answers.get(cause_id or "") or {})
        if state not in AWAITED:
            found.pop("is_overdue", None)
        if failed := self._failed.get(dataset_id or ""):
            found["commitment_ids"] = failed
        return found

    def _replies(self, day: str | None) -> dict[str, dict[str, Any]]:
        rows = self.catalog.rows(
            """select finding_id, reply as answer, note as answer_note, replied_on as answered_on, promised_on,
                 outcome as answer_outcome,
                 case when reply = 'will_fix_by' and promised_on < ? then 'yes' end as is_overdue
               from latest_replies""",
            [day],
        )
        return {
            row.pop("finding_id"): {name: value for name, value in row.items() if value is not None} for row in rows
        }

    def _commitments(self) -> dict[str, str]:
        if not has_commitments(self.catalog):
            return {}
        rows = self.catalog.rows(
            """select dataset_id, group_concat(id, ';') as ids from (
                 select distinct dataset_id, commitment_id as id from commitment_members
                 where is_in_scope and not passes order by dataset_id, commitment_id) group by dataset_id"""
        )
        return {row["dataset_id"]: row["ids"] for row in rows}
