"""Read the narrow rows of findings as the cells of a CSV, for the files that have all of them: there can be millions.

Everybody else reads the view ``findings``, which says the same and is several times as slow, because it looks up
every id and text of every row. Here each is looked up once, and cells that stand side by side in many rows are put
together once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from catalog.db.schema.address import address
from catalog.db.schema.views import NOT_ENDED, state_in
from catalog.db.store import Catalog

__all__ = ["FindingCells", "FoundRows", "NarrowFindings"]

_CHUNK = 250
"""Datasets read with one query."""
_KEPT = 100_000
"""Texts kept in memory, at most, of each kind."""
Row = tuple[Any, ...]
_COLUMNS = """f.dataset_key, f.public_id, coalesce(f.gain_points, -1), f.distribution_key, f.resource_url,
    f.gain_points, f.rate_per_1000, json_array(f.state, f.rule_key, f.first_seen_key,
      coalesce(f.fixed_key, f.withdrawn_key, f.last_seen_key), f.observed, f.http_status, f.format_served,
      f.format_declared, f.field, f.first_row, f.error_count, f.exchange, f.rows, m.cause)"""
"""What few values can stand in is read as one text, because each value that is passed on takes its time. The other
numbers are not in that text, because it would round them."""
_PUBLIC, _GAIN, _SHARED = itemgetter(1), itemgetter(2), 5


class FoundRows(NamedTuple):
    """The findings of a dataset as rows of ``finding_rows``, with the cells that are the same for all of them."""

    dataset_id: str
    about: str
    """Cells of publisher_id, dataset_id and dataset_title."""
    portal_id: str
    parts: dict[int | None, tuple[str, str]]
    """By key of a distribution in the table ``keys``: its id, and the CSV cell with its address."""
    rows: list[Row]
    """Values of the columns :data:`_COLUMNS`, those with the highest gain first."""


class FindingCells(NamedTuple):
    """A finding as CSV cells, put together as text with commas."""

    finding_id: str
    state: str
    """As in ``findings.csv``: "new" is given as "open"."""
    cause_id: str
    """Id of the finding's cause; "" if it has none."""
    before: str
    """Cells of the columns :attr:`NarrowFindings.BEFORE`."""
    after: str
    """Cells of the columns :attr:`NarrowFindings.AFTER`."""


class _Kept(dict[Any, Any]):
    """Cells by what they are made from, made when they are first asked for."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> Any:
        if len(self) >= _KEPT:
            self.clear()
        made = self[key] = self._make(key)
        return made


class NarrowFindings:
    """Reads the findings of datasets as of a run: those that have not ended, and those fixed or withdrawn in it.

    ``cell``: function that turns a text into a CSV cell, see :func:`catalog.exports.csvfile.line_cell`. ``number``: the
    same for a number. ``fixes``: by rule, the usual sentence on how to fix a finding. The cell of how_to_fix is blank
    if a finding has this sentence.
    """

    BEFORE = (
        "finding_id", "state", "severity", "first_seen_run", "changed_run", "rule_id", "fault_party", "publisher_id",
        "dataset_id", "dataset_title", "distribution_id", "resource_url", "observed", "http_status", "format_served",
        "format_declared", "field", "first_row", "error_count", "how_to_fix", "gain_points",
    )  # fmt: skip
    AFTER = ("portal_id", "evidence_record", "rate_per_1000", "rows", "cause_id")

    def __init__(
        self,
        catalog: Catalog,
        run_id: str,
        cell: Callable[[str], str],
        number: Callable[[float], str],
        fixes: Mapping[str, str],
    ) -> None:
        self.catalog, self._cell, self._number = catalog, cell, number
        select = catalog.db.conn.execute
        self._texts = _Kept(self._text)
        self._shared = _Kept(self._cells)
        self._rules = {
            key: (rule, severity, party, cell(fix) if fix and fix != fixes.get(rule) else "")
            for key, rule, severity, party, fix in select(
                "select key, rule_id, severity, fault_party, how_to_fix from rules"
            )
        }
        self._runs = dict(select("select k.key, k.id from keys k join runs r on r.id = k.id").fetchall())
        self._causes: dict[int | None, str] = {None: "", **dict(select("select number, id from causes").fetchall())}
        self._run = next((key for key, run in self._runs.items() if run == run_id), -1)

    def of_datasets(self, dataset_ids: Sequence[str]) -> Iterator[FoundRows]:
        """Yield the findings of each dataset, for :meth:`lines` or :meth:`cells`.

        The datasets come in the order of ``dataset_ids``; unknown ids are skipped, and so are datasets without a key in
        the table ``keys``, which were never scored.
        """
        for start in range(0, len(dataset_ids), _CHUNK):
            yield from self._chunk(dataset_ids[start : start + _CHUNK])

    def lines(self, found: FoundRows, end: str) -> list[str]:
        """Return the findings of a dataset, as :meth:`of_datasets` yields them, as lines of CSV without line ends.

        A line has the cells of the columns :attr:`BEFORE`, a blank cell (for commitment_ids), the cells of the columns
        :attr:`AFTER`, then the text ``end``.
        """
        about, portal_id, parts, shared = found.about, found.portal_id, found.parts, self._shared
        lines = []
        for row in found.rows:
            life, fact, close = shared[row[_SHARED:]]
            public, part = row[1], parts.get(row[3]) or self._gone(row[3], parts)
            lines.append(
                f"{public.hex() if public.__class__ is bytes else public},{life},{about},{part[0]},"
                f"{part[1] if row[4] is None else self._cell(row[4])},{fact},,{portal_id},{close}{end}"
            )
        return lines

    def cells(self, found: FoundRows) -> Iterator[FindingCells]:
        """Yield the findings of a dataset one by one, with their ids and states apart from their cells.

        They are for lines to which the caller adds cells that :meth:`lines` leaves blank.
        """
        for row, line in zip(found.rows, self.lines(found, ""), strict=True):
            after = f"{found.portal_id},{self._shared[row[_SHARED:]][2]}"
            state, *_, cause = json.loads(row[-1])
            yield FindingCells(
                _public_id(row), _told(state), self._causes[cause], line.removesuffix(f",,{after}"), after
            )

    def _gone(self, key: int, parts: dict[int | None, tuple[str, str]]) -> tuple[str, str]:
        """Return the id of a distribution that is no longer there."""
        part = parts[key] = (self.catalog.value("select id from keys where key = ?", [key]) or "", "")
        return part

    def _chunk(self, ids: Sequence[str]) -> Iterator[FoundRows]:
        connection, cell = self.catalog.db.conn, self._cell
        marks = ", ".join("?" * len(ids))
        datasets = {
            dataset_id: (key, f"{publisher or ''},{dataset_id},{cell(title or '')}", portal_id)
            for key, publisher, dataset_id, title, portal_id in connection.execute(
                f"""select k.key, d.publisher_id, d.id, d.title, d.portal_id
                    from datasets d join keys k on k.id = d.id where d.id in ({marks})""",
                ids,
            )
        }
        parts: dict[int | None, tuple[str, str]] = {None: ("", "")}
        marks = ", ".join("?" * len(datasets))
        rows: dict[int, list[Row]] = {key: [] for key, _, _ in datasets.values()}
        for key, part_id, url in connection.execute(
            f"""select d.id, k.id, {address("d")} from distribution_rows d join keys k on k.key = d.id
                where d.dataset_id in ({marks})""",
            list(rows),
        ):
            parts[key] = part_id, cell(url or "")
        for row in connection.execute(
            f"""select {_COLUMNS}
                from finding_rows f left join cause_members m on m.finding = f.key where f.dataset_key in ({marks})
                  and ({state_in(NOT_ENDED)} or f.fixed_key = {self._run} or f.withdrawn_key = {self._run})""",
            list(rows),
        ):
            rows[row[0]].append(row)
        for dataset_id in ids:
            if dataset_id not in datasets:
                continue
            key, about, portal_id = datasets[dataset_id]
            found = rows[key]
            try:
                found.sort(key=_PUBLIC)
            except TypeError:
                # Ids of another form are texts among bytes.
                found.sort(key=_public_id)
            # Without a gain it comes last. Equal gains stay in the order of the ids.
            found.sort(key=_GAIN, reverse=True)
            yield FoundRows(dataset_id, about, portal_id, parts, found)

    # Cells that stand side by side

    def _text(self, key: int | None) -> str:
        if key is None:
            return ""
        return self._cell(self.catalog.value("select text from finding_texts where key = ?", [key]) or "")

    def _cells(self, row: Row) -> tuple[str, str, str]:
        """Return the cells before those about the dataset, those behind them, and those at the end.

        ``row``: gain, rate, and the values that were read as one text.
        """
        gain, rate, told = row
        (
            state, rule_key, first, last, observed, status, served, declared, field, first_row, count, exchange, lines,
            cause,
        ) = json.loads(told)  # fmt: skip
        rule, severity, party, fix = self._rules[rule_key]
        texts, runs = self._texts, self._runs
        life = _told(state), severity, runs.get(first, ""), runs.get(last, ""), rule, party
        status, first_row, count = ("" if one is None else str(one) for one in (status, first_row, count))
        gain, rate = ("" if one is None else self._number(one) for one in (gain, rate))
        fact = (
            texts[observed], status, texts[served], texts[declared], texts[field], first_row, count, fix, gain,
        )  # fmt: skip
        return ",".join(life), ",".join(fact), ",".join((texts[exchange], rate, texts[lines], self._causes[cause]))


def _told(state: str) -> str:
    """Return the state as files name it: "new" would change the row in the next run; first_seen_run says it too."""
    return "open" if state == "new" else state


def _public_id(row: Row) -> str:
    public = row[1]
    return public.hex() if public.__class__ is bytes else str(public)
