"""Find the runs in which a change of the methodology, and perhaps nobody's work, made findings appear and end."""

from __future__ import annotations

from catalog.db.store import Catalog

__all__ = ["method_changes"]


def method_changes(catalog: Catalog, since: str, run_id: str) -> list[tuple[str, str, str]]:
    """Return the runs after ``since``, up to ``run_id``, whose scores do not compare with those of the run before.

    Each is a tuple: id of the run, version of the methodology of the run before, and its own; the earliest comes first.
    ``since``: id of a run; "" begins with the first one. Runs without a version are skipped.
    """
    rows = catalog.rows(
        """select id, before, methodology_version as now from (
             select id, methodology_version, lag(methodology_version) over (order by id) as before
             from runs where id >= ? and id <= ? and methodology_version is not null)
           where before is not null and not is_comparable(before, methodology_version) order by id""",
        [since, run_id],
    )
    return [(row["id"], row["before"], row["now"]) for row in rows]
