"""Check what is expected of a table (``specs/expectations/*.toml``), in the terms of Great Expectations.

Expectations are compiled to plain functions (:mod:`.compiled`). Great Expectations itself, which costs milliseconds
for each, confirms every failure, and checks whatever is not compiled. For one table in a hundred it checks everything:
where the two differ, its verdict is kept, the table is not charged with the difference, and the report names the rule.

Great Expectations passes an empty table or column without looking. Here such an expectation is *not applicable*: it
counts neither as passed nor in the total.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from catalog.model import TableDefect
from quality.tables.expect.asking import ABOUT_NULLS, CELL_BY_CELL, compact, exception_of
from quality.tables.expect.frames import Frames
from quality.tables.expect.table_kinds import needed_columns, table_kind_of
from quality.tables.expect.verdicts import Question, Verdict, ask, ignored_rows, is_possible, passed, verdicts
from quality.tables.read.text_table import TextTable
from quality.tables.scan.column_kinds import ColumnKind
from specs.expectations import COLUMN_KEYS, Expectation, load

__all__ = ["ExpectationResults", "check_expectations", "check_table"]

_MAX_COLUMNS = 100
"""Most columns that are named one by one if an expectation fails: each costs some milliseconds."""


@dataclass(frozen=True, slots=True)
class ExpectationResults:
    """The results of all expectations about one table.

    ``total`` is the number of expectations that apply, ``passed`` the number of those that the table meets. An
    expectation counts once, even if it concerns several columns.
    """

    defects: tuple[TableDefect, ...]
    passed: int
    total: int
    results: tuple[dict[str, Any], ...] = ()
    """The results of the applicable expectations in the form of Great Expectations, without cells. There is one for
    each, or one for each column that failed."""
    kind: str | None = None
    """Kind of the table (a file in ``specs/expectations``), if it was clear."""
    differing: tuple[str, ...] = ()
    """Rules for which Great Expectations and Winnow's own function give different verdicts. That of Great Expectations
    is in ``results``; a failure that it alone sees causes no defect and counts neither as passed nor in the total."""


def check_table(
    table: TextTable,
    kinds: Sequence[ColumnKind],
    row_count: int | None,
    *,
    title: str | None = None,
    today: date | None = None,
    is_sampled: bool = False,
) -> ExpectationResults:
    """Check a table against the expectations for any table, and against those for its kind if the kind is recognised.

    - ``kinds``: the kind of values in each column.
    - ``row_count``: the number of rows in the whole file; None if unknown. ``table`` may contain only the first rows.
    - ``title``: the titles of dataset and file, which help to recognise the kind of table.
    - ``today``: the day of the run. If it is None, expectations that refer to today are not checked.
    - ``is_sampled``: if true, the library Great Expectations checks every expectation, and each result is compared with
      that of our own function. Otherwise it is asked only where there is no such function, and to confirm a failure.
    """
    match = table_kind_of(table.names, title)
    asked: list[tuple[Expectation, Mapping[str, str] | None]] = [(one, None) for one in load("any")]
    if match is not None:
        asked += [(one, match.roles) for one in (*needed_columns(match), *load(match.kind))]
    return _Look(table, kinds, row_count, asked, today, is_sampled).verdict(match.kind if match else None)


def check_expectations(
    table: TextTable,
    kinds: Sequence[ColumnKind],
    row_count: int | None,
    expectations: Sequence[Expectation],
    *,
    today: date | None = None,
    is_sampled: bool = False,
) -> ExpectationResults:
    """Check the rows of a table against the given expectations.

    - ``kinds``: the kind of values in each column.
    - ``row_count``: the number of rows in the whole file; None if unknown. ``table`` may contain only the first rows.
    - ``today``: the day of the run. If it is None, expectations that refer to today are not checked.
    - ``is_sampled``: as in :func:`check_table`.
    """
    return _Look(table, kinds, row_count, [(one, None) for one in expectations], today, is_sampled).verdict(None)


class _Missing(Exception):
    """A column that an expectation names is not in the table, which is a finding."""


class _NotAsked(Exception):
    """The expectation has no values to check."""


class _Look:
    """The check of one table."""

    def __init__(
        self,
        table: TextTable,
        kinds: Sequence[ColumnKind],
        row_count: int | None,
        expectations: Sequence[tuple[Expectation, Mapping[str, str] | None]],
        today: date | None,
        is_sampled: bool,
    ) -> None:
        self.table, self.names = table, table.names
        self.frames, self.is_sampled = Frames(table, kinds, row_count), is_sampled
        # Somewhere it may already be tomorrow.
        self.today = datetime.combine(today + timedelta(days=1), time()) if today else None
        self.asked = [
            (one, roles)
            for one, roles in expectations
            if len(self.frames.lines) >= one.min_rows and len(table.header) >= one.min_columns
        ]

    def verdict(self, kind: str | None) -> ExpectationResults:
        defects: list[TableDefect] = []
        runs: list[Question] = []
        failed: set[int] = set()
        for number, (one, _) in enumerate(self.asked):
            try:
                runs += self._runs(number)
            except _Missing as missing:
                failed.add(number)
                message = f"The column is missing that this is asked of: {one.message[:1].lower()}{one.message[1:]}"
                defects.append(_defect(one, 1, message, str(missing), self.table.header_line))
            except _NotAsked:
                continue
        unclear = {run.number for run in runs if not is_possible(run.ask)}
        runs = [run for run in runs if run.number not in unclear]
        asked = failed | {run.number for run in runs}
        results: list[dict[str, Any]] = []
        doubtful: list[Verdict] = []
        differing: set[int] = set()
        apart: set[int] = set()
        for verdict in verdicts(runs, self.frames, is_sampled=self.is_sampled):
            number = verdict.question.number
            differing |= {number} if verdict.differs else set()
            if verdict.is_met or verdict.differs:
                results.append(self._compact(verdict.question, verdict.result or passed(verdict.question)))
                apart |= set() if verdict.is_met else {number}
            else:
                doubtful.append(verdict)
        decided = {verdict.question for verdict in doubtful if verdict.own is not None}
        refuted: set[Question] = set()
        for run, result in self._exact([verdict.question for verdict in doubtful]):
            if exception_of(result) is not None:
                unclear.add(run.number)
            elif not result["success"]:
                results.append(self._compact(run, result))
                defects += self._defects(run, result)
            elif run in decided:
                results.append(self._compact(run, result))
                refuted.add(run)
                differing.add(run.number)
        failed |= {verdict.question.number for verdict in doubtful if verdict.question not in refuted}
        for number in sorted(unclear):
            # A fault of the expectation is no fault of the table, and counts neither way.
            one = self.asked[number][0]
            said = f"{one.rule} could not be checked."
            defects.append(_defect(one, 1, said, None, None, "expectation_not_checked"))
        # Nor does a failure that only one of two checks sees.
        asked, failed = asked - unclear - (apart - failed), failed - unclear
        rules = tuple(self.asked[number][0].rule for number in sorted(differing))
        return ExpectationResults(tuple(defects), len(asked - failed), len(asked), tuple(results), kind, rules)

    # What to ask

    def _runs(self, number: int) -> Iterator[Question]:
        """Yield the questions for one expectation. Raise :class:`_Missing` or :class:`_NotAsked` instead."""
        one, roles = self.asked[number]
        settings = dict(one.kwargs)
        if "today" in settings.values():
            if self.today is None:
                raise _NotAsked
            settings = {key: self.today if value == "today" else value for key, value in settings.items()}
        if one.each:
            yield from self._repeated(number, one, settings)
            return
        if "ignore_row_if" not in settings and "*" not in settings.values() and (usual := ignored_rows(one.type)):
            settings["ignore_row_if"] = usual
        columns = []
        for key in COLUMN_KEYS:
            if key not in settings:
                continue
            wanted = settings[key]
            found = self._all(one) if wanted == "*" else [self._column(one, roles, name) for name in _listed(wanted)]
            columns += found
            settings[key] = found[0] if isinstance(wanted, str) and wanted != "*" else found
        if not self._has_something(one, settings, columns):
            raise _NotAsked
        field = columns[0] if len(one.columns) == 1 and one.target == "rows" else None
        yield Question(number, (one.type, settings), one.target, field and self.frames.plain(field))

    def _all(self, one: Expectation) -> list[str]:
        if one.type == "expect_compound_columns_to_be_unique":
            return self.frames.halves()
        if len(self.names) > _MAX_COLUMNS:
            raise _NotAsked
        return self.names

    def _column(self, one: Expectation, roles: Mapping[str, str] | None, name: str) -> str:
        """Return the column of the frame that ``name`` means."""
        if one.target != "rows":
            return self.frames.own(name)
        if one.type == "expect_column_to_exist":
            return name
        if roles is not None and name not in roles:
            raise _NotAsked  # a missing role is reported once, if the kind of table needs it
        real = roles[name] if roles is not None else name
        if real not in self.names:
            raise _Missing(real)
        return self.frames.read(real, one.read_as)

    def _has_something(self, one: Expectation, settings: Mapping[str, Any], columns: Sequence[str]) -> bool:
        if one.type == "expect_column_to_exist":
            return True
        values = self.frames.whole_rows(columns) or [self.frames.values(one.target, column) for column in columns]
        if one.type in ABOUT_NULLS or not values:
            return one.target != "rows" or bool(self.frames.lines)
        if settings.get("ignore_row_if") in ("either_value_is_missing", "any_value_is_missing"):
            return any(all(cell is not None for cell in row) for row in zip(*values, strict=True))
        return any(cell is not None for column in values for cell in column)

    def _repeated(self, number: int, one: Expectation, settings: Mapping[str, Any]) -> Iterator[Question]:
        """Yield the questions for every column of a kind, first for all their values as one long column.

        If that passes, each column passes, and a table of 80 columns costs one question instead of 80. This does not
        hold with ``mostly``, or for expectations that compare cells with each other.
        """
        assert one.each is not None
        if one.type in CELL_BY_CELL and "mostly" not in settings:
            pool = self.frames.pool(one.each, one.read_as)
            if self.frames.values("pool", pool):
                yield Question(number, (one.type, {**settings, "column": pool}), "pool")
            return
        for name in self.frames.fitting(one.each)[:_MAX_COLUMNS]:
            column = self.frames.read(name, one.read_as)
            if one.type in ABOUT_NULLS or any(cell is not None for cell in self.frames.values("rows", column)):
                yield Question(number, (one.type, {**settings, "column": column}), "rows", name)

    def _exact(self, runs: Sequence[Question]) -> list[tuple[Question, dict[str, Any]]]:
        """Return the details of what failed; if the long column failed, ask the columns that contain the bad values."""
        pooled = ask([run for run in runs if run.frame == "pool"], self.frames, exact=True)
        again = [run for run in runs if run.frame != "pool"]
        unclear = []
        for run, result in pooled:
            indexes = (result.get("result") or {}).get("unexpected_index_list")
            if not indexes:  # GX could not judge it
                unclear.append((run, result))
                continue
            one = self.asked[run.number][0]
            assert one.each is not None
            values = self.frames.values("pool", run.ask[1]["column"])
            bad = {values[index] for index in indexes}
            read = {name: self.frames.read(name, one.read_as) for name in self.frames.fitting(one.each)}
            holding = [name for name in read if not bad.isdisjoint(self.frames.values("rows", read[name]))]
            for name in holding[:_MAX_COLUMNS]:
                again.append(Question(run.number, (one.type, {**run.ask[1], "column": read[name]}), "rows", name))
        return unclear + ask(again, self.frames, exact=True)

    # What came out

    def _compact(self, run: Question, result: Mapping[str, Any]) -> dict[str, Any]:
        one = self.asked[run.number][0]
        kept = compact(result, one.rule, each=one.each)
        settings = kept["expectation_config"]["kwargs"]
        for key in COLUMN_KEYS:
            if run.frame == "pool":
                settings.pop(key, None)
            elif one.kwargs.get(key) == "*":
                settings[key] = "*"
            elif key in settings:
                value = settings[key]
                plain = [self.frames.plain(name) for name in _listed(value)]
                settings[key] = plain[0] if isinstance(value, str) else plain
        return kept

    def _defects(self, run: Question, result: Mapping[str, Any]) -> list[TableDefect]:
        one = self.asked[run.number][0]
        details = result.get("result") or {}
        count = int(details.get("unexpected_count", 1) or 1)
        indexes = details.get("unexpected_index_list") or details.get("partial_unexpected_index_list") or []
        header_line = self.table.header_line
        if one.type == "expect_column_to_exist":
            return [_defect(one, 1, one.message, one.columns[0], header_line)]
        if one.target == "columns":
            found = [_defect(one, 1, one.message, self.names[index], header_line) for index in indexes[:_MAX_COLUMNS]]
            if (rest := max(count, len(indexes)) - len(found)) > 0:
                found.append(_defect(one, rest, one.message, None, header_line))
            return found
        row = self.frames.lines[min(indexes)] if run.frame == "rows" and indexes else None
        return [_defect(one, count, one.message, run.field, row)]


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _defect(
    one: Expectation, count: int, message: str, field: str | None, row: int | None, rule: str | None = None
) -> TableDefect:
    return TableDefect(
        rule=rule or one.rule, count=count, message=message, field=field, first_row=row, source="great_expectations"
    )
