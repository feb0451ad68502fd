"""Withhold the content of a dataset: from now on it is in no page, no exported file and no letter.

The portal is harvested, checked and scored as before, and the dataset counts in the figures of its publisher, portal
and government: those must not change because somebody withheld something. What is left of it is its id, with the day
and the reason. It is known by its id, which follows from portal and identifier: a dataset that its portal deletes and
lists again stays withheld, and so does one that gets another identifier (:mod:`catalog.repositories.aliases`).
"""

from __future__ import annotations

from typing import Any

from catalog.db.store import Catalog, now

__all__ = [
    "LIFTED",
    "WITHHELD",
    "WITHHELD_CAUSES",
    "WITHHELD_KEYS",
    "WITHHELD_REASON",
    "dataset_of",
    "lift",
    "other_copies",
    "withhold",
    "withholdings",
]

WITHHELD = "select dataset_id from withheld_datasets"
"""SQL: the ids of the datasets whose content is withheld."""

WITHHELD_REASON = "The content of the dataset that was taken for it is withheld."
"""What files say of a key dataset in place of the dataset."""

WITHHELD_KEYS = """select own.key from withheld_datasets w cross join keys k on k.id = w.dataset_id
    cross join finding_rows own on own.dataset_key = k.key"""
"""SQL: the integer keys of the findings about them. There are few datasets, so they are read first."""

WITHHELD_CAUSES = f"""select m.cause from cause_members m where m.cause in (
      select own.cause from cause_members own where own.finding in ({WITHHELD_KEYS}))
    group by m.cause having min(m.finding in ({WITHHELD_KEYS}))"""  # noqa: S608  # our own constants
"""SQL: the numbers of the causes of which every finding is about them: the name of such a cause may be theirs."""


# An instant in the form of the ids of runs, so that the two can be compared.
_LIFTED_AT = "replace(replace(w.lifted_at, '-', ''), ':', '')"
LIFTED = f"""select coalesce(a.dataset_id, w.dataset_id) as dataset_id, r.id as run_id
    from withholdings w left join dataset_aliases a on a.id = w.dataset_id
    join runs r on r.id in ((select max(id) from runs where id <= {_LIFTED_AT}),
      (select min(id) from runs where id > {_LIFTED_AT}))
    where w.lifted_at is not null"""  # noqa: S608  # our own constants
"""SQL: datasets whose content was let out again, by present id, with the run that the order followed and the one after
it: the public file may be made anew in between, or not until the next run."""


def dataset_of(catalog: Catalog, key: str) -> str | None:
    """Return the id of the dataset that is meant by ``key``: its id, one that it had before, or that of one of its
    files or findings; None if the catalogue has none of these."""
    found = catalog.value(
        """select id from (
             select 1 as number, id from datasets where id = :key
             union all select 2, dataset_id from dataset_aliases where id = :key
             union all select 3, dataset_id from distributions where id = :key
             union all select 4, dataset_id from findings where id = :key
             union all select 5, dataset_id from withheld_datasets where dataset_id = :key
           ) where id is not null order by number limit 1""",
        {"key": key},
    )
    return found and str(found)


def withhold(catalog: Catalog, dataset_id: str, *, reason: str, by: str) -> bool:
    """Withhold the content of a dataset; return False, and change nothing, if it is withheld already.

    ``dataset_id``: as :func:`dataset_of` returns it. ``reason``: a text that is published. ``by``: who decided; it is
    not published. What is published already goes when the files and the site are made the next time.
    """
    with catalog.writing():
        if catalog.value("select count(*) from withheld_datasets where dataset_id = ?", [dataset_id]):
            return False
        portal = catalog.value("select portal_id from datasets where id = ?", [dataset_id])
        at, run_id = now(), catalog.value("select max(id) from runs")
        row = {"id": f"{dataset_id}/{at}", "dataset_id": dataset_id, "portal_id": portal, "withheld_at": at}
        row["run_id"] = run_id
        catalog.upsert("withholdings", [row | {"reason": reason, "withheld_by": by}])
        return True


def lift(catalog: Catalog, dataset_id: str, *, by: str) -> bool:
    """Let the content of a dataset be published again; return False if it is not withheld.

    ``dataset_id``: as :func:`dataset_of` returns it. ``by``: who decided. The row stays in ``withholdings``, with both.
    """
    with catalog.writing():
        done = catalog.db.conn.execute(
            """update withholdings set lifted_at = ?, lifted_by = ? where lifted_at is null and (
                 dataset_id = ? or dataset_id in (select id from dataset_aliases where dataset_id = ?))""",
            [now(), by, dataset_id, dataset_id],
        )
        return done.rowcount > 0


def withholdings(catalog: Catalog) -> list[dict[str, Any]]:
    """Return all rows of ``withholdings``, the latest first, each with the dataset's present title, or None if the
    catalogue does not have it."""
    return catalog.rows(
        """select w.*, d.title from withholdings w left join dataset_aliases a on a.id = w.dataset_id
           left join datasets d on d.id = coalesce(a.dataset_id, w.dataset_id)
           order by w.withheld_at desc, w.id"""
    )


def other_copies(catalog: Catalog, dataset_id: str) -> list[str]:
    """Return the ids of the present datasets that hold the same as a dataset, for example in another portal, and are
    not withheld."""
    rows = catalog.rows(
        """select d.id from datasets own join shown_datasets d on d.cluster_id = own.cluster_id
           where own.id = ? and d.id != own.id order by d.id""",
        [dataset_id],
    )
    return [row["id"] for row in rows]
