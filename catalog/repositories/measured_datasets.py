"""Read the measurements and scores of datasets and their files as they are published, with the reasons of unknown ones.

All functions read the catalogue and the public file of the site alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from sqlite3 import Connection
from typing import Any

from catalog.db.schema.found import interned
from catalog.db.schema.views import MEASURED, address, is_current
from specs.metrics import Metric, dimensions, metrics
from specs.systems import systems

__all__ = [
    "BOUNDS", "NOTHING", "REASONS", "REASONS_OF_DATASET", "REASONS_OF_FILE", "SCORES", "MeasuredDataset",
    "MeasuredFile", "add_reason_functions", "measured_datasets", "measured_files",
]  # fmt: skip

NOTHING = "nothing_measured"
"""Reason of a score without a value: nothing that counts in it applies and was measured."""
REASONS = (
    "not_asked", "refused", "no_answer", "not_confirmed", "ours", "not_read", "not_carried", "undecided", NOTHING,
)  # fmt: skip
"""Ids of the reasons why a measurement has no value; ``specs/languages/site/quality.toml`` says what each means."""
_REFUSED = frozenset({"blocked", "robots", "auth", "rate_limited", "private_address", "scheme"})
_OURS = frozenset({"ours", "too_large"})


@cache
def _scores() -> dict[str, str]:
    """Return the column of ``dataset_quality`` by the id of the metric that it holds."""
    own = {"winnow": "score", "grade": "grade"} | {name: name for name in dimensions()}
    return own | {name: name for name in systems()}


SCORES: Mapping[str, str] = _scores()
"""By metric, the column of ``dataset_quality``: the Winnow score, its grade and dimensions, and the total of every
other scoring system."""
BOUNDS: Mapping[str, str] = {"winnow_low": "score_low", "winnow_high": "score_high"} | {
    f"{name}_{end}": f"{name}_{end}" for name in systems() for end in ("low", "high")
}
"""The same for the scores if everything unknown had failed (``_low``), or had passed (``_high``)."""


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """The measurements of one file of a dataset. ``id``: id of the distribution.

    ``values`` maps metrics to values from 0 to 1, ``unknown`` those that could not be observed to one of
    :data:`REASONS`. A metric that does not apply to the file is in neither.
    """

    id: str
    values: Mapping[str, float]
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MeasuredDataset:
    """What is known of the quality of one dataset.

    ``scores`` has every metric of :data:`SCORES`, and of :data:`BOUNDS` if everything was asked for; None where there
    is no score. ``values`` and ``unknown`` are those of the metrics of datasets, as in :class:`MeasuredFile`; both are
    empty if only scores were asked for.
    """

    id: str
    portal_id: str
    run_id: str
    """Run that computed them; its id begins with its instant, such as 20261201T020000Z."""
    methodology_version: str | None
    scores: Mapping[str, float | str | None]
    values: Mapping[str, float] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[MeasuredFile] = ()


def measured_datasets(
    conn: Connection, *, portal_id: str | None = None, dataset_id: str | None = None, is_full: bool = False
) -> Iterator[MeasuredDataset]:
    """Yield the measurements of the present datasets of a portal, or of one dataset, sorted by dataset id.

    A dataset that was never scored is left out. ``conn``: connection to a catalogue that is up to date, or to a public
    file. ``portal_id``, ``dataset_id``: give one of them. ``is_full``: False reads the scores, True also their bounds,
    all measurements of the dataset, and its files with theirs.
    """
    scores = {**SCORES, **BOUNDS} if is_full else SCORES
    asked = [one for one in metrics().values() if one.subject == "dataset"] if is_full else []
    columns = [*scores.values(), *(one.id for one in asked)]
    of, key = ("d.portal_id", portal_id) if portal_id is not None else ("d.id", dataset_id)
    rows = conn.execute(
        f"""select d.id, d.portal_id, q.run_id, q.methodology_version, coalesce({interned("q.unknown")}, ''),
              d.not_carried, {", ".join(f"q.[{name}]" for name in columns)}
            from shown_datasets d join dataset_quality q on q.dataset_id = d.id where {of} = ? order by d.id""",  # noqa: S608  # names of the schema
        [key],
    )
    for key, portal, run_id, version, missing, not_carried, *cells in map(tuple, rows):
        said = dict(zip(scores, cells, strict=False))
        files = measured_files(conn, key) if is_full else []
        reason = _reason_among(not_carried, {said for file in files for said in file.unknown.values()})
        values, unknown = _answers(asked, cells[len(scores) :], missing, reason)
        yield MeasuredDataset(key, portal, run_id, version, said, values, unknown, files)


def measured_files(conn: Connection, dataset_id: str) -> list[MeasuredFile]:
    """Return the measurements of the current files of a dataset, in the order of its record; files that were never
    measured are left out. ``conn``: as for :func:`measured_datasets`."""
    asked = [one for one in metrics().values() if one.subject == "distribution"]
    rows = conn.execute(
        f"""select d.id, {_SAID_OF_FILE}, {", ".join(f"q.[{one.id}]" for one in asked)}
            from distributions d {MEASURED} {_BESIDE_FILE}
            where d.dataset_id = ? and {is_current()} and q.key is not null order by d.position, d.id""",  # noqa: S608  # names of the schema
        [dataset_id],
    )
    found = []
    for key, unknown, not_carried, outcome, fault, table, *cells in map(tuple, rows):
        reason = _reason_of_file(not_carried, outcome, fault, table)
        found.append(MeasuredFile(key, *_answers(asked, cells, unknown, reason)))
    return found


_SAID_OF_FILE = "q.unknown, described.not_carried, asked.outcome, asked.fault, report.status"
_BESIDE_FILE = f"""join datasets described on described.id = d.dataset_id
    left join resource_checks asked on asked.url = {address()}
    left join table_reports report on report.distribution_id = d.id"""
REASONS_OF_FILE = f"""(select file_reasons({_SAID_OF_FILE.replace("q.", "t.", 1)})
    from distributions d {_BESIDE_FILE} where d.id = t.distribution_id)"""  # noqa: S608  # names of the schema
"""SQL expression for the reasons of the unknown metrics of a row ``t`` of ``distribution_quality``: a JSON object by
metric, null where none is unknown. The connection needs :func:`add_reason_functions`."""
REASONS_OF_DATASET = f"""iif(coalesce({interned("t.unknown")}, '') = '', null, dataset_reasons(
    {interned("t.unknown")}, (select not_carried from datasets where id = t.dataset_id),
    (select group_concat(distinct file_reasons({_SAID_OF_FILE})) from distributions d {MEASURED} {_BESIDE_FILE}
     where d.dataset_id = t.dataset_id and {is_current()} and q.unknown <> '')))"""  # noqa: S608  # names of the schema
"""The same of a row ``t`` of ``dataset_quality``."""


def add_reason_functions(conn: Connection) -> None:
    """Give ``conn`` the SQL functions that :data:`REASONS_OF_FILE` and :data:`REASONS_OF_DATASET` call."""
    conn.create_function("file_reasons", 5, _file_reasons, deterministic=True)
    conn.create_function("dataset_reasons", 3, _dataset_reasons, deterministic=True)


@lru_cache(maxsize=50_000)
def _file_reasons(
    unknown: str | None, not_carried: str | None, outcome: str | None, fault: str | None, table: str | None
) -> str | None:
    return _told(unknown, "distribution", _reason_of_file(not_carried, outcome, fault, table))


@lru_cache(maxsize=50_000)
def _dataset_reasons(unknown: str | None, not_carried: str | None, of_files: str | None) -> str | None:
    """``of_files``: JSON objects of :func:`_file_reasons`, separated by commas."""
    said = {reason for file in json.loads(f"[{of_files or ''}]") for reason in file.values()}
    return _told(unknown, "dataset", _reason_among(not_carried, said))


def _told(unknown: str | None, subject: str, reason: _Reason) -> str | None:
    asked = [one for one in metrics().values() if one.subject == subject]
    _, found = _answers(asked, [None] * len(asked), unknown, reason)
    return json.dumps(found) if found else None


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why metrics of one subject are unknown. ``not_carried``: JSON list of the facts that the portal's interface
    cannot carry. ``observed``: the reason of a metric of what was served."""

    not_carried: str | None
    observed: str

    def of(self, metric: Metric) -> str:
        if metric.observed and self.observed != "undecided":
            return self.observed
        lost = json.loads(self.not_carried) if self.not_carried else ()
        is_lost = any(fact in lost or (fact == "*" and lost) for fact in metric.facts)
        return "not_carried" if is_lost else "undecided"


def _of_check(outcome: str | None, fault: str | None) -> str | None:
    """Return why the check of an address does not tell whether it answers; None if it does."""
    if outcome is None:
        return "not_asked"
    if outcome == "failing":
        return "not_confirmed"
    if outcome != "unknown":
        return None
    return "refused" if fault in _REFUSED else "ours" if fault in _OURS else "no_answer"


def _reason_of_file(not_carried: str | None, outcome: str | None, fault: str | None, table: str | None) -> _Reason:
    """Return the reason for a file. ``outcome``, ``fault``: of the check of its address; None if it was never asked.
    ``table``: status of what was found in it; None if it was not read."""
    return _Reason(not_carried, _of_check(outcome, fault) or ("undecided" if table else "not_read"))


def _reason_among(not_carried: str | None, said: set[str]) -> _Reason:
    """Return the reason for a dataset: that of its files where all of them have the same, else "undecided".

    ``said``: the reasons of all unknown metrics of its files.
    """
    said = said - {"not_carried", "undecided"}
    return _Reason(not_carried, said.pop() if len(said) == 1 else "undecided")


def _answers(
    asked: Sequence[Metric], cells: Sequence[Any], unknown: str | None, reason: _Reason
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the values of the metrics that were measured, and the reasons of those that are unknown."""
    missing = set((unknown or "").split(","))
    pairs = list(zip(asked, cells, strict=True))
    values = {metric.id: float(value) for metric, value in pairs if value is not None}
    return values, {one.id: reason.of(one) for one, value in pairs if value is None and one.id in missing}
