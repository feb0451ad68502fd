"""Keep the scores of portals, publishers and governments in a night in which nothing has changed."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.db.schema.scored import SCORE_COLUMNS
from catalog.db.store import Catalog
from catalog.repositories.score_rows import keep_score_rows

__all__ = ["keep_entity_scores"]


def keep_entity_scores(catalog: Catalog, run_id: str, versions: Mapping[str, str]) -> bool:
    """Take over the scores of portals, publishers and governments from the previous run, if nothing has changed.

    ``versions``: the present version of each scoring system, by its id. Return whether the scores were taken over;
    then ``score_history`` has the rows of the run ``run_id`` and the rows of ``top_fixes`` for whole rules bear its id.
    If they were not, nothing was written, and the scores must be computed.

    They are taken over only if all of these hold:

    - The previous run is complete and stored scores, with the present versions.
    - No harvest of this run has added, changed or removed a dataset, and no dataset was scored in this run or still has
      to be; a dataset that has become a copy or is none any more has to be.
    - As many datasets are scored as then, in all and for each government.
    - Every portal with scored datasets has causes. Rows of ``top_fixes`` that a cause replaces may otherwise be
      missing, see :func:`catalog.repositories.first_fixes.rank_fixes`.

    Call it after the datasets have been scored.
    """
    before = catalog.value("select max(id) from runs where id < ?", [run_id])
    values = {"run": run_id, "before": before}
    if before is None or not catalog.value(_IS_SAME, values):
        return False
    stored = catalog.rows("select distinct system, methodology_version from score_history where run_id = ?", [before])
    counts = catalog.rows(_COUNTS, values)
    if {row["system"]: row["methodology_version"] for row in stored} != dict(versions) or counts:
        return False
    with catalog.writing():
        run = catalog.db.conn.execute
        kept = ", ".join(name for name in SCORE_COLUMNS if name not in ("id", "run_id", "corrections"))
        # Corrections are counted for the run after which they were made: those rows are not the same.
        others = "and last.corrections is not null" if keep_score_rows(catalog, run_id, before) else ""
        run(
            f"""insert into score_history (run_id, {kept}, corrections) select :run, {kept}, (
                  select own.corrections from score_history own where own.run_id = :run and own.system = last.system
                    and own.entity_level = last.entity_level and own.entity_id = last.entity_id)
                from score_history last where last.run_id = :before {others}""",  # noqa: S608  # names of the schema
            values,
        )
        run("update top_fixes set run_id = :run where portal_id is null", {"run": run_id})
    return True


_IS_SAME = """
select r.status = 'complete'
  and not exists (select 1 from changes where run_id = :run)
  and not exists (select 1 from dataset_quality where run_id >= :run)
  and not exists (select 1 from to_score t join dataset_quality q on q.dataset_id = t.dataset_id)
  and not exists (select 1 from (select distinct portal_id from dataset_quality) q
    where not exists (select 1 from causes c where c.portal_id = q.portal_id))
from runs r where r.id = :before"""
_COUNTS = """
with now (level, entity, datasets) as (
  select 'portal', portal_id, count(*) from dataset_quality group by 2
  union all
  select 'government', g.name, count(*) from dataset_quality q join datasets d on d.id = q.dataset_id
  join governments g on g.portal_id = q.portal_id where d.copy_of is null group by 2
), before (level, entity, datasets) as (
  select entity_level, entity_id, datasets from score_history
  where run_id = :before and system = 'winnow' and entity_level in ('portal', 'government')
)
select * from (select * from now except select * from before)
union all
select * from (select * from before except select * from now)"""
"""The portals and governments of which another number of datasets counts than before."""
