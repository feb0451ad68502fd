"""The state of a stored finding: read and set it, and count the runs in which the finding existed."""

from __future__ import annotations

from catalog.db.schema.found import public_id
from catalog.db.schema.views import MEASURED, STANDING, state_in
from catalog.db.store import Catalog

__all__ = ["LAST_SEEN", "UNOBSERVED", "is_unobserved", "runs_failing", "set_state", "state_of"]

LAST_SEEN = f"""case when {state_in(STANDING)} then coalesce((select max(h.run_id) from
    harvests h where h.portal_id = f.portal_id and h.run_id <= :run), f.last_seen_run) else f.last_seen_run end"""  # noqa: S608  # SQL of ours
"""SQL: the last run up to ``:run`` in which the finding existed."""

UNOBSERVED = f"""exists (select 1 from distributions d {MEASURED}
    where d.id = f.distribution_id and instr(q.unknown, f.rule_id))"""  # noqa: S608  # SQL of ours
"""SQL: whether the rule of a finding ``f`` could not be observed when its distribution was measured last."""


def runs_failing(until: str | None = None) -> str:
    """Return an SQL expression for the number of runs in which a finding existed; the query must call its table ``f``.

    ``until``: the last run to count, as a parameter of the query such as ":run"; None counts all runs. The expression
    adds two numbers: the stored one, which counts up to the run that last scored the dataset, and the number of later
    harvests of the portal. The latter is added only for findings that are new, open, disputed or waived.
    """
    up_to = f"and h.run_id <= {until}" if until else ""
    return f"""f.runs_failing + (select count(*) from harvests h where h.portal_id = f.portal_id
    and h.run_id > f.last_seen_run {up_to} and {state_in(STANDING)})"""  # noqa: S608  # constants of ours


def state_of(catalog: Catalog, finding_id: str) -> str | None:
    """Return the state of a finding: new, open, disputed, waived, unknown, fixed, withdrawn or gone; None for an
    unknown id."""
    found = catalog.value("select state from findings where id = ?", [finding_id])
    return str(found) if found else None


def is_unobserved(catalog: Catalog, finding_id: str) -> bool:
    """Return whether the rule of a finding could not be observed when its distribution was measured last, as if its
    file was not downloaded. The finding then stands from before. False for an unknown id, and for a finding about no
    distribution."""
    return bool(catalog.value(f"select {UNOBSERVED} from findings f where f.id = ?", [finding_id]))  # noqa: S608  # SQL of ours


def set_state(catalog: Catalog, finding_id: str, state: str) -> None:
    """Set the state of a finding to ``state``, such as disputed or waived; do nothing if the id is unknown.

    Call it inside a transaction. ``finding_id``: the public id, see :func:`catalog.repositories.findings.finding_id`.
    """
    sql = f"update finding_rows set state = ? where {public_id()} = ?"  # noqa: S608  # an expression of the schema
    catalog.db.conn.execute(sql, [state, finding_id])
