"""The rows of ``findings.csv`` of schema 2, as cells that need no more work: there can be millions.

They are read dataset by dataset, in the order of a list that the caller gives, so that nothing large is sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from catalog.db.schema.views import AWAITED, NOT_ENDED, state_in
from catalog.db.store import Catalog
from catalog.exports.cards import day_of_run
from catalog.exports.csvfile import cells_of
from catalog.exports.promises import has_commitments
from catalog.repositories.withheld import withheld
from specs.exports import ExportColumn

__all__ = ["CellGuard", "FindingLines"]

CHUNK = 250
"""Datasets read with one query."""
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
} | dict.fromkeys(
    (
        "commitment_ids", "answer", "answer_note", "answered_on", "promised_on", "is_overdue", "answer_outcome",
        "response", "response_note", "responder", "responded_on",
    ),
    "null",
)  # fmt: skip
"""SQL of the columns that are not simply those of the table; replies and commitments are filled in later."""
_OURS = frozenset(
    {"finding_id", "rule_id", "dimension", "publisher_id", "dataset_id", "distribution_id", "portal_id"}
    | {"first_seen_run", "changed_run", "evidence_record", "answered_on", "promised_on", "responded_on"}
)
"""Columns whose values this program made, or whose form was checked."""
_FIRST = frozenset("=+-@'＝＋－＠ ")
"""First characters of a text that may need an apostrophe; see :func:`catalog.exports.csvfile.guard`."""
_LONG = 30_000
"""Characters of a text that is surely short enough for a cell."""


class CellGuard:
    """Turns rows as SQLite gives them into cells of a CSV file, changing only what must be changed.

    It gives the same cells as :func:`catalog.exports.csvfile.cells_of`, several times as fast: of nearly all texts one
    look at the first character is enough. None and integers stay as they are, because the CSV writer knows them.
    """

    def __init__(self, fields: Sequence[ExportColumn]) -> None:
        self.fields = fields
        numbered = list(enumerate(fields))
        self._texts = [n for n, f in numbered if f.type == "string" and not f.enum and f.name not in _OURS]
        self._numbers = [n for n, f in numbered if f.type == "number"]
        self._known: dict[float, str] = {}

    def cells(self, row: Sequence[Any]) -> list[Any]:
        """Return the cells of a row, whose values are in the order of the columns."""
        made = list(row)
        for at in self._texts:
            value = made[at]
            if value is None:
                continue
            if value.__class__ is not str or value[:1] in _FIRST or len(value) > _LONG or not value.isprintable():
                made[at] = self._slowly(at, value)
        for at in self._numbers:
            value = made[at]
            if value is not None:
                cell = self._known.get(value)
                if cell is None:
                    cell = self._known[value] = self._slowly(at, value)
                made[at] = cell
        return made

    def _slowly(self, at: int, value: Any) -> str:
        field = self.fields[at]
        return cells_of({field.name: value}, [field])[0]


class FindingLines:
    """Reads findings as of a run: those that have not ended, and those fixed or withdrawn in the run.

    ``fields``: the columns that are wanted.
    """

    def __init__(self, catalog: Catalog, run_id: str, fields: Sequence[ExportColumn]) -> None:
        self.catalog, self.names = catalog, [field.name for field in fields]
        self._at = {name: number for number, name in enumerate(self.names)}
        held = withheld(run_id)
        told = f"({state_in(NOT_ENDED)} or f.fixed_run = :run or f.withdrawn_run = :run)".replace(":run", f"'{run_id}'")
        columns = ", ".join(_SQL.get(name, f"f.{name}") for name in self.names)
        # Only constants of this module, and the id of a run, are inserted into the text.
        joins = "left join datasets d on d.id = f.dataset_id"
        if {"publisher_name", "contact", "evidence_url"} & set(self.names):
            joins += " left join publishers b on b.id = d.publisher_id join portals p on p.id = f.portal_id"
        self._sql = f"select {columns} from findings f {joins} where {{where}} and {told} and {{held}}"  # noqa: S608
        self._order = " order by f.dataset_id, f.gain_points desc, f.id"
        self._held, self._public = held, f"not {held}"
        personal = f"select distinct f.dataset_id from findings f where {held}"  # noqa: S608
        self._with_held = {key for (key,) in catalog.db.conn.execute(personal)}
        self._answers = self._replies(day_of_run(run_id))
        self._failed = self._commitments()

    def of_datasets(self, dataset_ids: Sequence[str], *, is_withheld: bool = False) -> Iterator[Sequence[Any]]:
        """Yield the rows of datasets, in the order of ``dataset_ids`` by hundreds, and by gain within a dataset.

        ``is_withheld``: True gives only the findings that must not be published yet; False gives the others.
        """
        if is_withheld:
            dataset_ids = [one for one in dataset_ids if one in self._with_held]
        held = self._held if is_withheld else self._public
        for start in range(0, len(dataset_ids), CHUNK):
            chunk = dataset_ids[start : start + CHUNK]
            marks = ", ".join("?" * len(chunk))
            sql = self._sql.format(where=f"f.dataset_id in ({marks})", held=held) + self._order
            yield from self._filled(self.catalog.db.conn.execute(sql, chunk))

    def of_portal(self, portal_id: str) -> Iterator[Sequence[Any]]:
        """Yield the rows about a portal itself, which belong to no dataset."""
        sql = self._sql.format(where="f.portal_id = ? and f.dataset_id is null", held=self._public) + self._order
        yield from self._filled(self.catalog.db.conn.execute(sql, [portal_id]))

    def _filled(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[Sequence[Any]]:
        """Fill in replies and commitments; most catalogues have few of them."""
        if not self._answers and not self._failed:
            yield from rows
            return
        key, dataset = self._at["finding_id"], self._at["dataset_id"]
        for row in rows:
            said, failed = self._answers.get(row[key]), self._failed.get(row[dataset])
            if said or failed:
                made = list(row)
                for name, value in (said or {}).items():
                    if name in self._at and not (name == "is_overdue" and row[self._at["state"]] not in AWAITED):
                        made[self._at[name]] = value
                if failed and "commitment_ids" in self._at:
                    made[self._at["commitment_ids"]] = failed
                yield made
            else:
                yield row

    def _replies(self, day: str | None) -> dict[str, dict[str, Any]]:
        rows = self.catalog.rows(
            """select finding_id, reply as answer, note as answer_note, replied_on as answered_on, promised_on,
                 outcome as answer_outcome,
                 case when reply = 'will_fix_by' and promised_on < ? then 'yes' end as is_overdue
               from latest_replies""",
            [day],
        )
        return {row.pop("finding_id"): row for row in rows}

    def _commitments(self) -> dict[str, str]:
        if not has_commitments(self.catalog):
            return {}
        rows = self.catalog.rows(
            """select dataset_id, group_concat(id, ';') as ids from (
                 select distinct dataset_id, commitment_id as id from commitment_members
                 where is_in_scope and not passes order by dataset_id, commitment_id) group by dataset_id"""
        )
        return {row["dataset_id"]: row["ids"] for row in rows}
