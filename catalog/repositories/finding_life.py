"""The life of a finding from run to run: new, open, fixed, withdrawn, gone, or impossible to check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from catalog.db.schema.views import STANDING

__all__ = ["CLOSED", "End", "Life", "ended", "stands"]

End = Literal["fixed", "withdrawn", "gone"]
CLOSED = ("fixed", "gone", "withdrawn")
"""States of findings that have ended."""
_BACK = {"fixed": "new", "gone": "new", "withdrawn": "new", "disputed": "disputed", "waived": "waived"}
"""A fixed finding that fails again is new; what people have said about it is kept."""


@dataclass(frozen=True, slots=True)
class Life:
    """The state and history of a finding, as the view ``findings`` shows it.

    The fields whose names end in ``_run`` are ids of runs. ``runs_failing``: number of the portal's runs in which the
    finding existed. ``checked_at``: UTC instant at which it was last found or ended.
    """

    state: str
    first_seen_run: str | None
    last_seen_run: str | None
    fixed_run: str | None
    withdrawn_run: str | None
    runs_failing: int | None
    checked_at: str | None


def stands(old: Life | None, run_id: str, checked_at: str, runs: Mapping[str, int]) -> Life:
    """Return the new state and history of a finding that this run has found.

    A finding that had ended is new again (one that is disputed or waived stays so), and its history begins anew; one
    that was new in an earlier run is open. A finding that stood before also counts as found in the portal's runs since
    it was last written: nothing about it changed in them. ``old``: its state and history so far; None for a new
    finding. ``checked_at``: UTC instant of this check. ``runs``: the portal's runs, each id with its number in order of
    time.
    """
    if old is None:
        return Life("new", run_id, run_id, None, None, 1, checked_at)
    is_again = old.last_seen_run == run_id
    state = old.state if is_again else _BACK.get(old.state, "open")
    if state == "new":
        return Life(state, run_id, run_id, None, None, 1, checked_at)
    between = _between(old, run_id, runs) if old.state in STANDING else 1
    failing = (old.runs_failing or 0) + (0 if is_again else between)
    return Life(state, old.first_seen_run, run_id, None, None, failing, checked_at)


def _between(old: Life, run_id: str, runs: Mapping[str, int]) -> int:
    """Return the number of the portal's runs from the one that last wrote a finding to another run."""
    last = old.last_seen_run
    return runs[run_id] - runs[last] if last and last in runs and run_id in runs else 1


def ended(
    old: Life,
    kind: End,
    run_id: str,
    checked_at: str,
    runs: Mapping[str, int],
    *,
    is_unobserved: bool,
    is_listed: bool,
) -> Life | None:
    """Return the new state and history of a stored finding that this run did not find; None if they stay unchanged.

    A finding that has ended before stays unchanged. ``old``: its state and history so far. ``kind``: the state it gets
    if it could be checked: fixed, withdrawn or gone. ``is_unobserved``: whether it could not be checked. It then
    becomes unknown or, if it is disputed, waived or unknown already, stays unchanged; "gone" as ``kind`` overrides
    this. ``is_listed``: whether its dataset still has the distribution that it is about; if not, and it could be
    checked, it is gone. ``checked_at`` and ``runs``: as for :func:`stands`.
    """
    if old.state in CLOSED:
        return None
    life, last = old, old.last_seen_run
    if old.state in STANDING and last != run_id:
        # It existed until the run before this one.
        until = max((run for run in runs if (last or "") <= run < run_id), default=last)
        failing = (old.runs_failing or 0) + max(0, _between(old, run_id, runs) - 1)
        life = replace(old, last_seen_run=until, runs_failing=failing)
    if kind != "gone" and is_unobserved:
        return None if old.state in ("disputed", "waived", "unknown") else replace(life, state="unknown")
    state: End = kind if is_listed else "gone"
    return replace(
        life,
        state=state,
        fixed_run=run_id if state == "fixed" else None,
        withdrawn_run=run_id if state == "withdrawn" else None,
        checked_at=checked_at,
    )
