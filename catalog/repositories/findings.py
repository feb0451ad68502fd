"""Store findings and their state from run to run: new, open, fixed, gone, or impossible to check."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Literal

from catalog.db.rows import plain
from catalog.db.schema.views import STANDING, state_in
from catalog.db.store import Catalog
from catalog.model import stable_id
from catalog.repositories.withdrawn import Basis, LastScore, Withdrawal, keep_replies, write_withdrawals

__all__ = [
    "LAST_SEEN",
    "Finding",
    "FoundInDataset",
    "begin_portal",
    "carry_findings",
    "finding_id",
    "runs_failing",
    "state_of",
    "tls_fault",
    "write_portal_findings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a dataset, distribution or portal fails, and what was observed.

    Its id, its state (new, open, fixed, ...) and its history are added when it is stored. ``field``: the field of the
    record, or the column of the table, that it is about.
    """

    rule_id: str
    rule_title: str
    dimension: str
    severity: str
    how_to_fix: str
    distribution_id: str | None = None
    field: str | None = None
    fault_party: Literal["publisher", "portal", "harvester", "unknown"] = "publisher"
    resource_url: str | None = None
    observed: str | None = None
    expected: str | None = None
    http_status: int | None = None
    format_declared: str | None = None
    format_served: str | None = None
    first_row: int | None = None
    error_count: int | None = None
    rate_per_1000: float | None = None
    """Errors per 1,000 rows of the table."""
    rows: str | None = None
    """The first ten line numbers, separated by blanks, if lines are concerned."""
    gain_points: float | None = None
    """Points, of 100, by which the dataset's score would rise if it were fixed; None if not computed."""
    exchange: str | None = None
    """WARC-Record-ID of the response it is based on, if exchanges are archived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInDataset:
    """The result of scoring one dataset: its findings, and which rules could not be checked."""

    dataset_id: str | None
    """Id of the dataset; None for findings about the portal itself."""
    portal_id: str
    publisher_id: str | None
    findings: Sequence[Finding]
    distribution_ids: frozenset[str] = frozenset()
    """Ids of the distributions that the dataset has now. A finding about any other distribution is gone, not fixed."""
    is_unobserved: Callable[[str | None, str], bool] = lambda distribution_id, rule_id: False
    """Function of (distribution id or None, rule id): whether this rule could not be checked in this run. None stands
    for the dataset itself. An earlier finding of such a rule becomes unknown instead of fixed."""
    basis: Callable[[str], Basis | None] = lambda rule_id: None
    """Function of a rule id: the only source that a finding of this rule depends on, or None if there are several.
    While that source is unchanged, only a change of the rule itself can have closed the finding."""


_CONTENT = tuple(one.name for one in fields(Finding))
_content = attrgetter(*_CONTENT)
_EXCHANGE = _CONTENT.index("exchange")
_FOREIGN = [_CONTENT.index(name) for name in ("rule_title", "field", "resource_url", "observed", "format_declared")]
"""Columns with words of publishers and servers, which SQLite may not accept as text."""
_LIFE = ("state", "first_seen_run", "last_seen_run", "fixed_run", "withdrawn_run", "runs_failing", "checked_at")
_NAMES = ("id", *_CONTENT, "portal_id", "publisher_id", "dataset_id", "digest", *_LIFE)
_READ = ("id", "dataset_id", "distribution_id", "rule_id", "digest", "field", *_LIFE)
_DATASET, _PART, _RULE, _DIGEST, _FIELD, _STATE, _FIRST, _LAST = range(1, 9)
_RUNS = _READ.index("runs_failing")
Row = tuple[Any, ...]
_End = Literal["fixed", "withdrawn", "gone"]
_BACK = {"fixed": "new", "gone": "new", "withdrawn": "new", "disputed": "disputed", "waived": "waived"}
"""A fixed finding that fails again is new; what people have said about it is kept."""


def finding_id(subject_id: str, finding: Finding) -> str:
    """Return the id of a finding, which is the same in every run.

    It is derived from ``subject_id`` (id of the dataset, or of the portal for a finding about the portal itself) and
    from the finding's distribution, rule and field.
    """
    return stable_id(subject_id, finding.distribution_id or "", finding.rule_id, finding.field or "")


LAST_SEEN = f"""case when {state_in(STANDING)} then coalesce((select max(h.run_id) from
    harvests h where h.portal_id = f.portal_id and h.run_id <= :run), f.last_seen_run) else f.last_seen_run end"""  # noqa: S608
"""SQL: the last run up to ``:run`` in which the finding existed."""


def runs_failing(until: str | None = None) -> str:
    """Return an SQL expression for the number of runs in which a finding existed; the query must call its table ``f``.

    ``until``: a parameter of that query, such as ":run", that holds the last run to count; None counts all runs. The
    stored number is written only when the dataset is scored again. The expression adds the later harvests of the
    portal, in which an unchanged finding still existed.
    """
    up_to = f"and h.run_id <= {until}" if until else ""
    return f"""f.runs_failing + (select count(*) from harvests h where h.portal_id = f.portal_id
    and h.run_id > f.last_seen_run {up_to} and {state_in(STANDING)})"""  # noqa: S608  # constants of ours


def begin_portal(catalog: Catalog, run_id: str, portal_id: str) -> None:
    """Set the state of a portal's findings that were new in a run before ``run_id`` from new to open.

    This includes datasets that are not scored in this run. Findings about the portal itself are not touched.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            """update findings set state = 'open' where portal_id = ? and state = 'new' and first_seen_run < ?
                 and dataset_id is not null""",
            [portal_id, run_id],
        )


def runs_between(catalog: Catalog, portal_id: str | None) -> dict[str, int]:
    """Return the runs that harvested a portal, each run id with its number in order of time, from 0.

    The difference of two numbers is the number of harvests from one run to the other. With ``portal_id`` None the
    result is empty.
    """
    rows = catalog.db.conn.execute("select run_id from harvests where portal_id = ? order by run_id", [portal_id])
    return {run_id: number for number, (run_id,) in enumerate(rows)}


def carry_findings(
    catalog: Catalog,
    run_id: str,
    found: Sequence[FoundInDataset],
    checked_at: str,
    known: Mapping[str, LastScore] | None = None,
) -> None:
    """Store the findings of datasets of one portal and update the earlier ones: new, open, fixed, withdrawn, gone or
    unknown.

    ``found``: the results of scoring, all of the same portal. ``checked_at``: UTC instant of this scoring. ``known``:
    how the datasets were scored before, by dataset id; a finding may be withdrawn only if its dataset is in it. Call it
    inside a transaction.
    """
    ids = [one.dataset_id for one in found]
    marks = ", ".join("?" * len(ids))
    before: dict[str | None, dict[str, Row]] = {}
    # Only placeholders, and names of this module, are inserted into the text.
    for row in catalog.db.conn.execute(f"select {', '.join(_READ)} from findings where dataset_id in ({marks})", ids):  # noqa: S608
        before.setdefault(row[_DATASET], {})[row[0]] = row
    runs = runs_between(catalog, found[0].portal_id if found else None)
    _write(catalog, run_id, [(one, before.get(one.dataset_id, {})) for one in found], checked_at, runs, known or {})


def _write(
    catalog: Catalog,
    run_id: str,
    found: Sequence[tuple[FoundInDataset, Mapping[str, Row]]],
    checked_at: str,
    runs: Mapping[str, int],
    known: Mapping[str, LastScore],
) -> None:
    rows: list[Row] = []
    lives: list[Row] = []
    withdrawn: list[Withdrawal] = []
    moved: dict[str, str] = {}
    for one, old in found:
        subject_id = one.dataset_id or one.portal_id
        keys = {finding_id(subject_id, finding): finding for finding in one.findings}
        about = (one.portal_id, one.publisher_id, one.dataset_id)
        last = known.get(one.dataset_id or "")
        follows = _followed(subject_id, keys, old, last) if last else {}
        moved |= {old_key: key for key, old_key in follows.items()}
        for key, finding in keys.items():
            content = (*_plain(_content(finding)), *about)
            # A newer exchange with the same result is not a change: the finding keeps its first one.
            digest = _digest((*content[:_EXCHANGE], *content[_EXCHANGE + 1 :]))
            before = old.get(follows.get(key, key))
            if before is not None and before[_DIGEST] == digest and key not in follows:
                # The finding is unchanged, so nothing is written. See runs_failing.
                if before[_STATE] not in STANDING:
                    lives.append((*_stands(before, run_id, checked_at, runs), key))
                continue
            rows.append((key, *content, digest, *_stands(before, run_id, checked_at, runs)))
        for key, before in old.items():
            if key in keys:
                continue
            is_withdrawn = last is not None and last.is_withdrawn(run_id, before[_PART], one.basis(before[_RULE]))
            kind: _End = "gone" if key in moved else "withdrawn" if is_withdrawn else "fixed"
            if (life := _ended(before, one, run_id, checked_at, runs, kind)) is not None:
                lives.append((*life, key))
                if life[0] == "withdrawn":
                    withdrawn.append(Withdrawal(key, one.dataset_id, last.score if last else None))
    columns, marks = ", ".join(f"[{name}]" for name in _NAMES), ", ".join("?" * len(_NAMES))
    updates = ", ".join(f"[{name}] = excluded.[{name}]" for name in _NAMES[1:])
    catalog.db.conn.executemany(
        f"insert into findings ({columns}) values ({marks}) on conflict (id) do update set {updates}",  # noqa: S608
        rows,
    )
    sets = ", ".join(f"[{name}] = ?" for name in _LIFE)
    catalog.db.conn.executemany(f"update findings set {sets} where id = ?", lives)  # noqa: S608
    keep_replies(catalog, moved)
    write_withdrawals(catalog, run_id, withdrawn, checked_at)


def _followed(subject_id: str, keys: Mapping[str, Finding], old: Mapping[str, Row], last: LastScore) -> dict[str, str]:
    """Return, for new findings whose column was renamed, the id of the earlier finding that each continues."""
    found = {}
    for key, row in old.items():
        if key in keys or row[_STATE] not in (*STANDING, "unknown"):
            continue
        field = last.renamed(row[_PART], row[_FIELD])
        new = stable_id(subject_id, row[_PART] or "", row[_RULE], field) if field else ""
        if new in keys and (new not in old or old[new][_STATE] not in STANDING):
            found[new] = key
    return found


def _plain(content: Row) -> Row:
    made = list(content)
    for at in _FOREIGN:
        if made[at] is not None:
            made[at] = plain(made[at])
    return tuple(made)


def _digest(content: Row) -> int:
    """Return a digest that is equal if a finding says the same as before."""
    return int.from_bytes(hashlib.blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=7).digest())


def _stands(old: Row | None, run_id: str, checked_at: str, runs: Mapping[str, int]) -> Row:
    """Return the history columns of a finding of this run. It also existed in the runs in between, without any
    change."""
    if old is None:
        return ("new", run_id, run_id, None, None, 1, checked_at)
    is_again = old[_LAST] == run_id
    state = old[_STATE] if is_again else _BACK.get(old[_STATE], "open")
    if state == "new":
        return (state, run_id, run_id, None, None, 1, checked_at)
    between = _between(old, run_id, runs) if old[_STATE] in STANDING else 1
    failing = (old[_RUNS] or 0) + (0 if is_again else between)
    return (state, old[_FIRST], run_id, None, None, failing, checked_at)


def _between(old: Row, run_id: str, runs: Mapping[str, int]) -> int:
    """Return the number of the portal's runs from the one that last wrote a finding to another run."""
    return runs[run_id] - runs[old[_LAST]] if old[_LAST] in runs and run_id in runs else 1


def _ended(
    old: Row,
    one: FoundInDataset,
    run_id: str,
    checked_at: str,
    runs: Mapping[str, int],
    kind: _End,
) -> Row | None:
    """Return the history columns of a finding that was not found in this run; None if it continues unchanged.

    ``kind``: how it ended, provided that it was looked for.
    """
    life = dict(zip(_LIFE, old[-len(_LIFE) :], strict=True))
    if life["state"] in ("fixed", "gone", "withdrawn"):
        return None
    if life["state"] in STANDING and old[_LAST] != run_id:
        # It existed until the run before this one.
        life["last_seen_run"] = max((run for run in runs if old[_LAST] <= run < run_id), default=old[_LAST])
        life["runs_failing"] = (old[_RUNS] or 0) + max(0, _between(old, run_id, runs) - 1)
    if kind != "gone" and one.is_unobserved(old[_PART], old[_RULE]):
        if life["state"] in ("disputed", "waived", "unknown"):
            return None
        return tuple((life | {"state": "unknown"}).values())
    state: _End = "gone" if old[_PART] is not None and old[_PART] not in one.distribution_ids else kind
    ended: dict[str, str | None] = {"state": state, "fixed_run": None, "withdrawn_run": None}
    if state != "gone":
        ended[f"{state}_run"] = run_id
    return tuple((life | ended | {"checked_at": checked_at}).values())


def state_of(catalog: Catalog, finding_id: str) -> str | None:
    """Return the state of a finding: new, open, disputed, waived, unknown, fixed, withdrawn or gone; None for an
    unknown id."""
    found = catalog.value("select state from findings where id = ?", [finding_id])
    return str(found) if found else None


def tls_fault(catalog: Catalog, run_id: str, portal_id: str) -> str | None:
    """Return why the certificate of a portal's server could not be verified in a run.

    None if it could be verified, if the portal does not use TLS, or if the run did not harvest the portal.
    """
    found = catalog.value("select tls_fault from harvests where run_id = ? and portal_id = ?", [run_id, portal_id])
    return str(found) if found else None


def write_portal_findings(
    catalog: Catalog, run_id: str, portal_id: str, found: Sequence[Finding], checked_at: str
) -> None:
    """Store the findings about a portal itself, and end the stored ones that are not in ``found``.

    These become fixed or, if the run could not reach the portal, unknown. ``checked_at``: UTC instant of this check.
    """
    reached = catalog.value(
        "select verdict != 'failed' from harvests where run_id = ? and portal_id = ?", [run_id, portal_id]
    )
    sql = f"select {', '.join(_READ)} from findings where portal_id = ? and dataset_id is null"  # noqa: S608
    old = {row[0]: row for row in catalog.db.conn.execute(sql, [portal_id])}
    about = FoundInDataset(
        dataset_id=None,
        portal_id=portal_id,
        publisher_id=None,
        findings=found,
        is_unobserved=lambda distribution_id, rule_id: not reached,
    )
    with catalog.writing():
        _write(catalog, run_id, [(about, old)], checked_at, runs_between(catalog, portal_id), {})
