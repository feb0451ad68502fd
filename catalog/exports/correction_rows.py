"""The rows of ``corrections.csv``: what we had said wrongly, of whom, since when, and what it did to the score."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.db.store import Catalog
from catalog.exports.cards import day_of_run
from catalog.repositories.withheld import withheld
from catalog.repositories.withholding import WITHHELD

__all__ = ["correction_rows"]


def correction_rows(catalog: Catalog, run_id: str, *, government: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``corrections.csv``, the latest correction first.

    A finding was corrected if it was disputed and a new look showed that it did not hold (reason "dispute"), or if our
    rule was changed and no longer gives the finding although the data are the same (reason "rules"). The file is about
    all runs: a correction stays in it. Corrections of findings that must not be published as of the run ``run_id`` are
    left out, see :func:`catalog.repositories.withheld.withheld`: such a finding may have been found again since. So are
    those of datasets whose content is withheld.
    ``government``: name of the only government whose portals are wanted; None means all.
    """
    rows = catalog.each(
        f"""select date(c.corrected_at) as corrected_on, coalesce(c.reason, 'dispute') as reason, g.name as government,
             c.portal_id, b.name as publisher_name, c.dataset_id, d.title as dataset_title, f.resource_url, c.rule_id,
             coalesce(c.field, f.field) as field, c.observed_before as observed, f.first_seen_run,
             round(c.score_before, 2) as score_before, round(c.score_after, 2) as score_after, c.finding_id
           from corrections c join governments g on g.portal_id = c.portal_id
           left join datasets d on d.id = c.dataset_id left join publishers b on b.id = d.publisher_id
           left join findings f on f.id = c.finding_id
           where (:government is null or g.name = :government) and not coalesce({withheld(run_id)}, false)
             and coalesce(c.dataset_id, '') not in ({WITHHELD})
           order by c.corrected_at desc, c.id""",  # noqa: S608  # our own constants
        {"government": government},
    )
    for row in rows:
        yield {**row, "first_seen": day_of_run(row["first_seen_run"])}
