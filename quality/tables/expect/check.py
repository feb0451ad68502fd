"""Check what is expected of a table (``specs/expectations/*.toml``) with Great Expectations.

Great Expectations passes an empty table or column without looking. Here such an expectation is *not applicable*: it
counts neither as passed nor in the total.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from catalog.model import TableDefect
from quality.tables.expect import gx
from quality.tables.expect.frames import Frames
from quality.tables.expect.table_kinds import needed_columns, table_kind_of
from quality.tables.read.text_table import TextTable
from quality.tables.scan.column_kinds import ColumnKind
from specs.expectations import COLUMN_KEYS, Expectation, load

__all__ = ["ExpectationResults", "check_expectations", "check_table"]

_MAX_COLUMNS = 100
"""Most columns that are named one by one if an expectation fails: each costs some milliseconds."""
_MAX_WHOLE = 1000
"""Most rows for which every failing row is listed; in larger tables the first 20 are."""


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
    each, or one for each column that failed.
    """
    kind: str | None = None
    """Kind of the table (a file in ``specs/expectations``), if it was clear."""


def check_table(
    table: TextTable,
    kinds: Sequence[ColumnKind],
    row_count: int | None,
    *,
    title: str | None = None,
    today: date | None = None,
) -> ExpectationResults:
    """Check a table against the expectations for any table, and against those for its kind if the kind is recognised.

    - ``kinds``: the kind of values in each column.
    - ``row_count``: the number of rows in the whole file; None if unknown. ``table`` may contain only the first rows.
    - ``title``: the titles of dataset and file, which help to recognise the kind of table.
    - ``today``: the day of the run. If it is None, expectations that refer to today are not checked.
    """
    match = table_kind_of(table.names, title)
    asked: list[tuple[Expectation, Mapping[str, str] | None]] = [(one, None) for one in load("any")]
    if match is not None:
        asked += [(one, match.roles) for one in (*needed_columns(match), *load(match.kind))]
    return _Look(table, kinds, row_count, asked, today).verdict(match.kind if match else None)


def check_expectations(
    table: TextTable,
    kinds: Sequence[ColumnKind],
    row_count: int | None,
    expectations: Sequence[Expectation],
    *,
    today: date | None = None,
) -> ExpectationResults:
    """Check the rows of a table against the given expectations.

    - ``kinds``: the kind of values in each column.
    - ``row_count``: the number of rows in the whole file; None if unknown. ``table`` may contain only the first rows.
    - ``today``: the day of the run. If it is None, expectations that refer to today are not checked.
    """
    return _Look(table, kinds, row_count, [(one, None) for one in expectations], today).verdict(None)


@dataclass(frozen=True, slots=True)
class _Run:
    """One question to Great Expectations, and what the result belongs to."""

    number: int
    ask: gx.Ask
    frame: str
    field: str | None = None
    """The column that it is about, by its name in the table."""


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
    ) -> None:
        self.table, self.names = table, table.names
        self.frames = Frames(table, kinds, row_count)
        # Somewhere it may already be tomorrow.
        self.today = datetime.combine(today + timedelta(days=1), time()) if today else None
        self.asked = [
            (one, roles)
            for one, roles in expectations
            if len(self.frames.lines) >= one.min_rows and len(table.header) >= one.min_columns
        ]

    def verdict(self, kind: str | None) -> ExpectationResults:
        defects: list[TableDefect] = []
        runs: list[_Run] = []
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
        unclear = {run.number for run in runs if not gx.is_possible(run.ask)}
        runs = [run for run in runs if run.number not in unclear]
        asked = failed | {run.number for run in runs}
        quick = self._ask(runs, exact=False)
        results = [self._compact(run, result) for run, result in quick if result["success"]]
        doubtful = [run for run, result in quick if not result["success"]]
        failed |= {run.number for run in doubtful}
        for run, result in self._exact(doubtful):
            if gx.exception_of(result) is not None:
                unclear.add(run.number)
            elif not result["success"]:
                results.append(self._compact(run, result))
                defects += self._defects(run, result)
        for number in sorted(unclear):
            # A fault of the expectation is no fault of the table, and counts neither way.
            one = self.asked[number][0]
            said = f"{one.rule} could not be checked."
            defects.append(_defect(one, 1, said, None, None, "expectation_not_checked"))
        asked, failed = asked - unclear, failed - unclear
        return ExpectationResults(tuple(defects), len(asked - failed), len(asked), tuple(results), kind)

    # What to ask

    def _runs(self, number: int) -> Iterator[_Run]:
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
        if "ignore_row_if" not in settings and "*" not in settings.values() and (usual := gx.ignored_rows(one.type)):
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
        yield _Run(number, (one.type, settings), one.target, field and self.frames.plain(field))

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
        values = [self.frames.values(one.target, column) for column in columns]
        if one.type in gx.ABOUT_NULLS or not values:
            return one.target != "rows" or bool(self.frames.lines)
        if settings.get("ignore_row_if") in ("either_value_is_missing", "any_value_is_missing"):
            return any(all(cell is not None for cell in row) for row in zip(*values, strict=True))
        return any(cell is not None for column in values for cell in column)

    def _repeated(self, number: int, one: Expectation, settings: Mapping[str, Any]) -> Iterator[_Run]:
        """Yield the questions for every column of a kind, first for all their values as one long column.

        If that passes, each column passes, and a table of 80 columns costs one question instead of 80. This does not
        hold with ``mostly``, or for expectations that compare cells with each other.
        """
        assert one.each is not None
        if one.type in gx.CELL_BY_CELL and "mostly" not in settings:
            pool = self.frames.pool(one.each, one.read_as)
            if self.frames.values("pool", pool):
                yield _Run(number, (one.type, {**settings, "column": pool}), "pool")
            return
        for name in self.frames.fitting(one.each)[:_MAX_COLUMNS]:
            column = self.frames.read(name, one.read_as)
            if one.type in gx.ABOUT_NULLS or any(cell is not None for cell in self.frames.values("rows", column)):
                yield _Run(number, (one.type, {**settings, "column": column}), "rows", name)

    def _exact(self, runs: Sequence[_Run]) -> list[tuple[_Run, dict[str, Any]]]:
        """Return the details of what failed; if the long column failed, ask the columns that contain the bad values."""
        pooled = self._ask([run for run in runs if run.frame == "pool"], exact=True)
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
                again.append(_Run(run.number, (one.type, {**run.ask[1], "column": read[name]}), "rows", name))
        return unclear + self._ask(again, exact=True)

    # Asking

    def _ask(self, runs: Sequence[_Run], *, exact: bool) -> list[tuple[_Run, dict[str, Any]]]:
        """Return each question with its result. Few validations are run: each costs some milliseconds
        before its first question.
        """
        groups: dict[str, list[_Run]] = {}
        for run in runs:
            # A frame of columns of different lengths has the wrong number of rows: fine for yes or no, not for details.
            joint = not exact and gx.ignores_nulls(*run.ask)
            groups.setdefault("joint" if joint else run.frame, []).append(run)
        if {"joint", "rows"} <= groups.keys() and self.frames.height(_wanted(groups["joint"])) <= len(
            self.frames.lines
        ):
            groups["joint"] += groups.pop("rows")
        results: list[tuple[_Run, dict[str, Any]]] = []
        for group in groups.values():
            frame = self.frames.build(_wanted(group))
            form: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}
            if exact:
                form = {
                    "result_format": "SUMMARY" if len(frame) > _MAX_WHOLE and group[0].frame == "rows" else "COMPLETE",
                    "partial_unexpected_count": 20,
                }
            results += zip(group, gx.ask([run.ask for run in group], frame, form), strict=True)
        return results

    # What came out

    def _compact(self, run: _Run, result: Mapping[str, Any]) -> dict[str, Any]:
        one = self.asked[run.number][0]
        kept = gx.compact(result, one.rule, each=one.each)
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

    def _defects(self, run: _Run, result: Mapping[str, Any]) -> list[TableDefect]:
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


def _wanted(runs: Sequence[_Run]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(run.frame, run.ask[1]) for run in runs]


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _defect(
    one: Expectation, count: int, message: str, field: str | None, row: int | None, rule: str | None = None
) -> TableDefect:
    return TableDefect(
        rule=rule or one.rule, count=count, message=message, field=field, first_row=row, source="great_expectations"
    )
