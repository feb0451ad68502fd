"""Answer questions about a table: by compiled functions, and by Great Expectations what is not compiled.

Great Expectations is loaded at its first question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quality.tables.expect.asking import ABOUT_NULLS, Ask
from quality.tables.expect.compiled import Counts, compiled
from quality.tables.expect.engine import great_expectations
from quality.tables.expect.frames import Frames
from specs.expectations import COLUMN_KEYS

__all__ = ["Question", "Verdict", "ask", "ignored_rows", "is_possible", "passed", "verdicts"]

_MAX_WHOLE = 1000
"""Most rows for which every failing row is listed; in larger tables the first 20 are."""
_IGNORED = {
    "expect_column_pair_values_a_to_be_greater_than_b": "either_value_is_missing",
    "expect_compound_columns_to_be_unique": "any_value_is_missing",
}


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One expectation about one frame of a table, with what is needed to report its result."""

    number: int
    """Which of the expectations about the table it belongs to."""
    ask: Ask
    """The type of the expectation, and its settings with names of columns of the frame."""
    frame: str
    """The data frame that is asked about: "rows", "columns", "file" or "pool", see
    :class:`~quality.tables.expect.frames.Frames`."""
    field: str | None = None
    """The column that it is about, by its name in the table."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The results of one question, by the compiled function (``own``) and by Great Expectations (``result``).

    A result is None if it was not asked for or, for ``own``, if there is no compiled function that can judge it. At
    least one of the two is there.
    """

    question: Question
    own: Counts | None
    result: Mapping[str, Any] | None

    @property
    def differs(self) -> bool:
        """Return whether there are both results, and exactly one of them says that the table meets the expectation."""
        return self.own is not None and self.result is not None and self.own.success != bool(self.result["success"])

    @property
    def is_met(self) -> bool:
        """Return whether the table meets the expectation: by Great Expectations if asked, else by our function."""
        return bool(self.result["success"]) if self.result is not None else bool(self.own and self.own.success)


def verdicts(questions: Sequence[Question], frames: Frames, *, is_sampled: bool) -> Iterator[Verdict]:
    """Yield the results of all questions, in groups that are asked about the same data frame.

    ``frames`` are the data frames of the table. With ``is_sampled``, the library Great Expectations is asked every
    question, so that its results can be compared with those of the compiled functions. Otherwise it is asked only what
    no compiled function can judge.
    """
    own = {question: _own(question, frames) for question in questions}
    quick = dict(ask([one for one in questions if is_sampled or own[one] is None], frames, exact=False))
    for group in _groups(questions, frames, exact=False).values():
        for question in group:
            yield Verdict(question, own[question], quick.get(question))


def passed(question: Question) -> dict[str, Any]:
    """Return the result in the form of Great Expectations for a question whose expectation is met.

    It is made without Great Expectations. There must be a compiled function for the question.
    """
    function = compiled(question.ask)
    assert function is not None
    kind, settings = question.ask
    columns = {key: settings[key] for key in COLUMN_KEYS if key in settings}
    config = {"type": kind, "kwargs": {**columns, **function.kwargs}}
    return {"success": True, "expectation_config": config, "result": {}}


def is_possible(ask: Ask) -> bool:
    """Return whether there is an expectation with the type in ``ask`` that accepts the settings in ``ask``."""
    return compiled(ask) is not None or bool(great_expectations().is_possible(ask))


def ignored_rows(kind: str) -> str | None:
    """Return the usual value for the setting ``ignore_row_if`` of an expectation of type ``kind``.

    With it, rows that lack one of the compared values are not checked. None if expectations of this type have no such
    setting.
    """
    if kind in _IGNORED:
        return _IGNORED[kind]
    if kind.startswith(("expect_column_value", "expect_column_max", "expect_column_unique", "expect_column_to_exist")):
        return None
    found: str | None = great_expectations().ignored_rows(kind)
    return found


def ask(questions: Sequence[Question], frames: Frames, *, exact: bool) -> list[tuple[Question, dict[str, Any]]]:
    """Ask the library Great Expectations ``questions``, and return each question with its result, grouped by data
    frame.

    ``frames`` are the data frames of the table. All questions about one frame are asked in one validation, because each
    validation costs some milliseconds. The results say only whether the expectation is met. With ``exact`` they also
    say which rows fail it; of tables with more than 1,000 rows, only the first 20.
    """
    found: list[tuple[Question, dict[str, Any]]] = []
    for group in _groups(questions, frames, exact=exact).values():
        frame = frames.build(_wanted(group))
        form: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}
        if exact:
            form = {
                "result_format": "SUMMARY" if len(frame) > _MAX_WHOLE and group[0].frame == "rows" else "COMPLETE",
                "partial_unexpected_count": 20,
            }
        found += zip(group, great_expectations().ask([one.ask for one in group], frame, form), strict=True)
    return found


def _own(question: Question, frames: Frames) -> Counts | None:
    function = compiled(question.ask)
    if function is None:
        return None
    _, settings = question.ask
    named = [settings[key] for key in COLUMN_KEYS if key in settings]
    names = [name for one in named for name in ([one] if isinstance(one, str) else one)]
    return function.judge(frames.whole_rows(names) or [frames.values(question.frame, name) for name in names])


def _groups(questions: Sequence[Question], frames: Frames, *, exact: bool) -> dict[str, list[Question]]:
    """Return the questions by the data frame of which they are asked."""
    groups: dict[str, list[Question]] = {}
    for one in questions:
        # A frame of columns of different lengths has the wrong number of rows: fine for yes or no, not for details.
        joint = not exact and _ignores_nulls(one.ask)
        groups.setdefault("joint" if joint else one.frame, []).append(one)
    if {"joint", "rows"} <= groups.keys() and frames.height(_wanted(groups["joint"])) <= len(frames.lines):
        groups["joint"] += groups.pop("rows")
    return groups


def _ignores_nulls(ask: Ask) -> bool:
    # Everything that is compiled ignores missing values, except what is about them.
    return ask[0] not in ABOUT_NULLS if compiled(ask) is not None else great_expectations().ignores_nulls(*ask)


def _wanted(questions: Sequence[Question]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(one.frame, one.ask[1]) for one in questions]
