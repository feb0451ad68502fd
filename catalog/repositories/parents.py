"""Link datasets to their parents in a second pass, because a portal may list a child before its parent."""

from __future__ import annotations

from catalog.db.store import Catalog

__all__ = ["link_parents"]


def link_parents(catalog: Catalog, portal_id: str) -> int:
    """Set the parent of every dataset of a portal whose record names one that the portal lists. Return how many listed
    datasets name a parent that is unknown.

    A parent is the dataset or series that a dataset is part of. The name in the record is compared with the identifiers
    of the datasets that the portal lists, then with their other identifiers, then with their landing pages. A name that
    fits two datasets, or only the dataset itself, counts as unknown. A link that no longer holds is removed.
    """
    with catalog.writing():
        run = catalog.db.conn.execute
        run("drop table if exists temp.parent_keys")
        run(
            """create temp table parent_keys (key text, level integer, dataset_id text,
               primary key (key, level, dataset_id)) without rowid"""
        )
        run(
            """insert or ignore into temp.parent_keys
               select identifier, 1, id from present_datasets where portal_id = :portal
               union select other.value, 2, d.id from present_datasets d, json_each(d.other_identifiers) other
                 where d.portal_id = :portal and d.other_identifiers is not null
               union select landing_page, 3, id from present_datasets
                 where portal_id = :portal and landing_page is not null""",
            {"portal": portal_id},
        )
        run(
            """update datasets set parent_id = found.parent from (
                 select child.id as child, case when count(k.dataset_id) = 1 then min(k.dataset_id) end as parent
                 from datasets child left join temp.parent_keys k
                   on k.key = child.is_part_of and k.dataset_id != child.id and k.level = (
                     select min(level) from temp.parent_keys one
                     where one.key = child.is_part_of and one.dataset_id != child.id)
                 where child.portal_id = :portal and (child.is_part_of is not null or child.parent_id is not null)
                 group by child.id) found
               where datasets.id = found.child and datasets.parent_id is not found.parent""",
            {"portal": portal_id},
        )
        run("drop table temp.parent_keys")
    sql = """select count(*) from present_datasets
             where portal_id = ? and is_part_of is not null and parent_id is null"""
    return int(catalog.value(sql, [portal_id]))
