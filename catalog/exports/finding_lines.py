"""The rows of ``findings.csv`` of schema 2: for programs as lines, for people as values by name.

They are read dataset by dataset, in the order of a list that the caller gives, so that nothing large is sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from catalog.db.schema.found import public_id
from catalog.db.schema.views import AWAITED, CAUSE, NOT_ENDED, state_in
from catalog.db.store import Catalog
from catalog.exports.cards import day_of_run
from catalog.exports.csvfile import line_cell, number_cell
from catalog.exports.fingerprints import digest
from catalog.exports.folders import SENT
from catalog.exports.promises import has_commitments
from catalog.repositories.narrow_findings import ended_sums
from catalog.repositories.narrow_lines import FindingCells, NarrowFindings
from catalog.repositories.withheld import withheld, withheld_personal
from specs.exports import REPLY_COLUMNS
from specs.metrics import metrics

__all__ = ["FindingLines", "without_usual_fix"]

CHUNK = 250
"""Datasets read with one query."""
_KNOWN = (*NarrowFindings.BEFORE, "commitment_ids", *NarrowFindings.AFTER)
"""Columns of the lines for programs, up to those of the reply."""
_ANSWERS = tuple(field.name for field in SENT["findings"].for_programs)[len(_KNOWN) :]
_BLANK = "," * len(_ANSWERS)
_SQL = {
    "finding_id": "f.id",
    # "New" would change the row in the next run; first_seen_run says it too.
    "state": "case f.state when 'new' then 'open' else f.state end",
    "changed_run": "coalesce(f.fixed_run, f.withdrawn_run, f.last_seen_run)",
    "dataset_title": "d.title",
    "dataset_url": "coalesce(d.landing_page, d.source_url)",
    "publisher_id": "d.publisher_id",
    "publisher_name": "b.name",
    "contact": "coalesce(public_email(d.contact_email), public_email(b.email), public_email(p.contact_email))",
    "evidence_url": "coalesce(d.source_url, p.url)",
    "evidence_record": "f.exchange",
    "cause_id": CAUSE,
} | dict.fromkeys(
    (
        "commitment_ids", "answer", "answer_note", "answered_on", "promised_on", "is_overdue", "answer_outcome",
        *REPLY_COLUMNS,
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
        hidden = f"select f.id, f.dataset_id from findings f where {self._held}"
        held = catalog.db.conn.execute(hidden).fetchall()
        self._hidden = {key for key, _ in held}
        """Ids of findings that must not be published yet."""
        self._hidden_of: dict[str, list[str]] = {}
        """The same by dataset."""
        for key, dataset_id in sorted(held, key=str):
            self._hidden_of.setdefault(dataset_id, []).append(key)
        self._answers = self._replies(day_of_run(run_id))
        self._failed = self._commitments()

    # For programs

    def lines(self, dataset_ids: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Yield the id of each dataset with its findings as lines of the plain ``findings.csv``, without line ends.

        Findings that must not be published yet are left out. The datasets come in the order of ``dataset_ids``; unknown
        ids are skipped. The findings of a dataset with the highest gain come first.
        """
        narrow = self._narrow
        for found in narrow.of_datasets(dataset_ids):
            if self._answers or self._failed or found.dataset_id in self._hidden_of:
                cells = (one for one in narrow.cells(found) if one.finding_id not in self._hidden)
                yield found.dataset_id, [self._answered(found.dataset_id, one) for one in cells]
            else:
                yield found.dataset_id, narrow.lines(found, _BLANK)

    def _answered(self, dataset_id: str, one: FindingCells) -> str:
        more = self._more(one.finding_id, one.cause_id, dataset_id, one.state)
        cells = {name: line_cell(str(value)) for name, value in more.items()}
        told = [cells.get(name, "") for name in _ANSWERS]
        return ",".join((one.before, cells.get("commitment_ids", ""), one.after, *told))

    def digests(self, dataset_ids: Sequence[str], findings: Mapping[str, bytes]) -> dict[str, str]:
        """Return, by dataset id, a digest of all stored data that the lines of the dataset are made from.

        If it is the same as in the last export, the lines are the same too, unless the program has changed. A dataset
        is left out if its id is unknown, or if no ``mapping_hash`` is stored for it. ``findings``: digests of the
        findings that have not ended, by dataset id, see :attr:`Fingerprints.findings`.
        """
        found = {}
        for start in range(0, len(dataset_ids), CHUNK):
            chunk = dataset_ids[start : start + CHUNK]
            rows = self.catalog.db.conn.execute(
                f"""select id, mapping_hash, publisher_id, portal_id from datasets
                    where mapping_hash is not null and id in ({", ".join("?" * len(chunk))})""",
                chunk,
            )
            for row in rows:
                key = row[0]
                said = (
                    findings.get(key),
                    self._ended.get(key),
                    self._replied.get(key),
                    self._failed.get(key),
                    self._hidden_of.get(key),
                )
                found[key] = digest(row, said)
        return found

    @cached_property
    def _ended(self) -> dict[str, tuple[Any, ...]]:
        return ended_sums(self.catalog, self.run_id)

    @cached_property
    def _replied(self) -> dict[str, list[Any]]:
        """Return, by dataset id, the replies to its findings and to their causes."""
        if not self._answers:
            return {}
        rows = self.catalog.db.conn.execute(
            f"""select (select id from keys where key = dataset_key), finding_id from (
                  select f.dataset_key, r.finding_id from latest_replies r
                    cross join finding_rows f on {public_id("f")} = r.finding_id
                  union
                  select f.dataset_key, r.finding_id from latest_replies r cross join causes c on c.id = r.finding_id
                    cross join cause_members m on m.cause = c.number cross join finding_rows f on f.key = m.finding)
                order by 1, 2"""
        )
        found: dict[str, list[Any]] = {}
        for dataset_id, finding_id in rows:
            found.setdefault(dataset_id, []).append((finding_id, self._answers.get(finding_id)))
        return found

    @cached_property
    def _narrow(self) -> NarrowFindings:
        return NarrowFindings(self.catalog, self.run_id, line_cell, number_cell, _fixes())

    # For people

    def rows(self, dataset_ids: Sequence[str], *, is_withheld: bool = False) -> Iterator[dict[str, Any]]:
        """Yield the findings of datasets one by one, each as a dict from column to value.

        ``dataset_ids`` are read in chunks of 250. Findings are sorted by dataset id within each chunk; those of a
        dataset with the highest gain come first. ``is_withheld``: True gives only the findings of suspected
        personal data that must not be published yet; False gives all that may be published.
        """
        if is_withheld:
            dataset_ids = [one for one in dataset_ids if one in self._hidden_of]
        for start in range(0, len(dataset_ids), CHUNK):
            chunk = dataset_ids[start : start + CHUNK]
            where = f"f.dataset_id in ({', '.join('?' * len(chunk))})"
            yield from self._read(where, chunk, withheld_personal(self.run_id) if is_withheld else f"not {self._held}")

    def rows_of_portal(self, portal_id: str) -> Iterator[dict[str, Any]]:
        """Yield the findings about a portal itself, which belong to no dataset, each as a dict from column to value.

        Those with the highest gain come first. Findings that must not be published yet are left out.
        """
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
        own = self._answers.get(finding_id)
        found = dict(own or self._answers.get(cause_id or "") or {})
        if not own and found.get("answer") == "waived" and state in AWAITED:
            # It joined the cause after that was waived.
            found["answer_outcome"] = "not_covered"
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
