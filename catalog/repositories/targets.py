"""Find the addresses to check in a run, the most urgent first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.db.rows import part_of
from catalog.db.store import Catalog, instant, started
from catalog.model import ResourceCheck

__all__ = ["CheckTarget", "due_targets", "portal_addresses", "schema_addresses"]

PROMISED = """
  coalesce(datasets.applicable_legislation, '[]') != '[]' or coalesce(datasets.hvd_categories, '[]') != '[]'
  or exists (select 1 from commitment_members m where m.dataset_id = datasets.id and not m.waived)
"""
"""SQL: whether a dataset is promised by law, or in the scope of a tracked commitment."""

_URGENCY = """
  case
    when c.url is null then 0
    when addresses.changed_run > c.run_id then 1
    when c.outcome in ('failing', 'broken') then 2
    when addresses.is_promised then 3
    else 4
  end
"""
"""Order of urgency: new, changed since the last check, to be confirmed, promised, and the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTarget:
    """An address to check in this run, with what its records declare about it and its last check.

    ``format`` and ``media_type``: as declared; None if not declared. ``previous``: the last check; None if there was
    none.
    """

    url: str
    portal_id: str
    format: str | None
    media_type: str | None
    previous: ResourceCheck | None
    modified: str | None = None
    """Date on which the file last changed, as the publisher declares it; None if not declared."""
    checksum_algorithms: tuple[str, ...] = ()
    """Algorithms of the checksums that the publisher declares for the file, as declared."""
    is_download: bool = False
    """True if it is a download URL, so that a file is promised."""
    is_schema: bool = False
    """True if the address is declared only as that of a schema or data dictionary."""
    urgency: int = 0
    """0: never checked, the most urgent; 1: a record with this address has changed; 2: failing or broken; 3: of a
    dataset that a law or a tracked commitment promises; 4: all others."""


def schema_addresses(described_by: str | None, conforms_to: str | None) -> list[str]:
    """Return the web addresses in a distribution's record that name a schema or data dictionary.

    ``described_by``: the address that the record declares for it. ``conforms_to``: JSON list in text of the standards
    declared; those that end in ".json" are taken as schemas. None means not declared.
    """
    listed = json.loads(conforms_to) if conforms_to else []
    found = [described_by] if described_by else []
    found += [one for one in listed if isinstance(one, str) and one.lower().endswith(".json")]
    return [one for one in found if one.lower().startswith(("http://", "https://"))]


def portal_addresses(catalog: Catalog, portal_ids: Sequence[str]) -> list[str]:
    """Return the base addresses of the portals ``portal_ids``, in that order; ids that are unknown or have no web
    address are left out."""
    known = (catalog.value("select url from portals where id = ?", [portal_id]) for portal_id in portal_ids)
    return [url for url in known if url and str(url).startswith(("http://", "https://"))]


def due_targets(
    catalog: Catalog,
    run_id: str,
    portal_id: str,
    limit: int,
    *,
    is_full: bool = False,
    urls: Sequence[str] | None = None,
) -> tuple[list[CheckTarget], int]:
    """Return the addresses of a portal's datasets that the run ``run_id`` should check now, and the number of all
    addresses that are due, beyond ``limit`` too. Addresses that commitments of its government give as evidence are
    among them.

    At most ``limit`` addresses are returned, the most urgent first and the one checked longest ago first among equals.
    An address is due if it is new, if its record has changed, if the time of its next check has come, or if no such
    time is stored. Addresses that this run has already checked are left out.

    ``is_full``: all addresses are due that this run has not checked. ``urls``: return only these; they are due even if
    this run has checked them. None means no restriction.
    """
    rows = catalog.rows(
        f"""
        with listed as (
            select download_url as url, format, media_type, modified, checksum_algorithm, dataset_id,
              1 as is_download, 0 as is_schema
            from current_distributions where portal_id = :portal and is_download
            union all
            select access_url, format, media_type, modified, checksum_algorithm, dataset_id, 0, 0
            from current_distributions where portal_id = :portal and access_url != ''
            union all
            select endpoint_url, null, null, null, null, dataset_id, 0, 0 from current_services
            where portal_id = :portal and endpoint_url != ''
            union all
            select described_by, null, null, null, null, dataset_id, 0, 1 from current_distributions
            where portal_id = :portal and described_by like 'http%://%'
            union all
            select standard.value, null, null, null, null, dataset_id, 0, 1
            from current_distributions d, json_each(d.conforms_to) standard
            where portal_id = :portal and conforms_to is not null
              and standard.value like 'http%://%.json'
        ), addresses as (
            select listed.url, min(format) as declared_format, min(media_type) as declared_type,
              max(listed.modified) as declared_on, json_group_array(distinct checksum_algorithm) as algorithms,
              max(is_download) as is_download, min(is_schema) as is_schema,
              max(datasets.changed_run) as changed_run, max({PROMISED}) as is_promised
            from listed join present_datasets datasets on datasets.id = listed.dataset_id
            group by listed.url
            union all
            select distinct e.value, null, null, null, '[]', 0, 0, null, 1
            from commitments c join governments g on g.name = c.government and g.portal_id = :portal,
              json_each(c.evidence) e
            where e.value not in (
              select listed.url from listed join present_datasets d on d.id = listed.dataset_id where url is not null)
        )
        select addresses.url as target, declared_format, declared_type, declared_on, algorithms, is_download, is_schema,
          {_URGENCY} as urgency, count(*) over () as due, c.*
        from addresses left join resource_checks c on c.url = addresses.url
        where case when :urls is null then (c.run_id is null or c.run_id != :run)
            else addresses.url in (select value from json_each(:urls)) end
          and (:is_full or {_URGENCY} < 2 or c.next_check_at is null or c.next_check_at <= :start)
        order by urgency, c.checked_at, addresses.url
        limit :limit
        """,
        {
            "portal": portal_id,
            "run": run_id,
            "start": instant(started(run_id)),
            "is_full": is_full or urls is not None,
            "urls": None if urls is None else json.dumps(list(urls)),
            # The number of all that are due stands in a row, so one row is asked for where none is wanted.
            "limit": max(limit, 1),
        },
    )
    targets = [
        CheckTarget(
            url=row["target"],
            portal_id=portal_id,
            format=row["declared_format"],
            media_type=row["declared_type"],
            previous=part_of(ResourceCheck, "resource_checks", row) if row["url"] else None,
            modified=row["declared_on"],
            checksum_algorithms=tuple(name for name in json.loads(row["algorithms"]) if name),
            is_download=bool(row["is_download"]),
            is_schema=bool(row["is_schema"]),
            urgency=row["urgency"],
        )
        for row in rows[:limit]
    ]
    return targets, rows[0]["due"] if rows else 0
