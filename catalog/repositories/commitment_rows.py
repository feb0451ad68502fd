"""Read what measures of commitments need: datasets with parts, checks and scores, whether present or long gone."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.db.schema.found import interned
from catalog.db.schema.views import MEASURED
from catalog.db.store import Catalog

__all__ = ["Head", "Member", "MemberDistribution", "MemberService", "findings_of", "heads_of", "members_of"]

CHUNK = 2_000
"""Datasets read at once."""
OF_DATASET = ("up_to_date", "contact_usable", "api_present", "unknown")
OF_PART = (
    "link_ok", "file_served", "licence_open", "licence_present", "machine_readable", "documentation_present",
    "bulk_download", "download_url_ok", "table_matches_schema", "unknown",
)  # fmt: skip
_METRICS = frozenset(OF_PART) - {"unknown"}
"""Those of a distribution that are metrics: before it is scored, all of them are unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDistribution:
    """A distribution of a dataset that a commitment is measured on, with what was measured and observed about it.

    ``url``: the download URL, else the access URL. ``format``: the format recognised in what was served, else the
    declared one. ``licence_id``: the recognised licence. ``table_status`` and ``table_kind``: status and kind of table
    of the last report on its file; None without a report.
    """

    id: str
    title: str | None
    url: str | None
    format: str | None
    conforms_to: tuple[str, ...]
    described_by: str | None
    licence_id: str | None
    quality: Mapping[str, float | None]
    """Measurements by metric id, from 0 (failed) to 1 (passed); None if not applicable or unknown."""
    unknown: frozenset[str]
    """Ids of the metrics that could not be observed; all of them if the distribution was never scored."""
    table_status: str | None
    table_kind: str | None
    changed: tuple[str, ...]
    """Dates of change, declared or observed, verbatim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberService:
    """A data service of a dataset that a commitment is measured on.

    ``outcome``: outcome of the last check of its endpoint, such as ok or broken; None if the endpoint was never
    checked.
    """

    endpoint_url: str | None
    outcome: str | None
    conforms_to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A dataset that a commitment is measured on, with its distributions (``parts``) and data services.

    ``quality``: its measurements by metric id, 0 to 1 or None. ``unknown``: ids of the metrics that could not be
    observed. ``is_scored``: False if it was never scored; ``quality`` then holds only None. ``copy_of``: id of the
    dataset in another portal that it is a copy of; None if it is no copy.
    """

    id: str
    identifier: str | None
    title: str | None
    portal_id: str
    publisher_id: str | None
    status: str
    copy_of: str | None
    first_seen_run: str | None
    issued: str | None
    modified: str | None
    temporal_end: str | None
    landing_page: str | None
    themes: tuple[str, ...]
    keywords: tuple[str, ...]
    conforms_to: tuple[str, ...]
    hvd_categories: tuple[str, ...]
    applicable_legislation: tuple[str, ...]
    documentation: tuple[str, ...]
    described_by: str | None
    quality: Mapping[str, float | None]
    unknown: frozenset[str]
    is_scored: bool
    parts: tuple[MemberDistribution, ...]
    services: tuple[MemberService, ...]
    keys: Mapping[str, str] | None = None
    """The key datasets that it counts for in the last census, by id, each with its state: closed, unknown, open or
    not_asked. None if no census was taken of its portal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The facts by which a person recognises a dataset: ids, title, portal, publisher and status.

    ``copy_of``: id of the dataset in another portal that it is a copy of; None if it is no copy.
    """

    id: str
    identifier: str | None
    title: str | None
    portal_id: str
    publisher_id: str | None
    status: str
    copy_of: str | None


_LISTS = ("themes", "keywords", "conforms_to", "hvd_categories", "applicable_legislation", "documentation")
_PLAIN = (
    "id", "identifier", "title", "portal_id", "publisher_id", "status", "copy_of", "first_seen_run", "issued",
    "modified", "temporal_end", "landing_page", "described_by",
)  # fmt: skip
_IDS = "(select value from json_each(?))"


def members_of(catalog: Catalog, ids: Sequence[str]) -> Iterator[Member]:
    """Yield the datasets with these ids, even if missing or retired, with distributions, services and measurements.

    They are read in chunks of 2,000 ids and sorted by id within each chunk. Unknown ids are skipped.
    """
    for start in range(0, len(ids), CHUNK):
        chosen = json.dumps(ids[start : start + CHUNK])
        parts, services, keys = _parts(catalog, chosen), _services(catalog, chosen), _keys(catalog, chosen)
        columns = ", ".join(f"d.{name}" for name in (*_PLAIN, *_LISTS))
        quality = ", ".join(f"{_measured(name)} as q_{name}" for name in OF_DATASET)
        # Names come from the constants above.
        rows = catalog.rows(
            f"""select {columns}, {quality}, q.dataset_id is not null as is_scored from datasets d
                left join dataset_quality q on q.dataset_id = d.id where d.id in {_IDS} order by d.id""",
            [chosen],
        )
        for row in rows:
            values: dict[str, Any] = {name: row[name] for name in _PLAIN}
            values |= {name: _texts(row[name]) for name in _LISTS}
            yield Member(
                **values,
                quality={name: row[f"q_{name}"] for name in OF_DATASET if name != "unknown"},
                unknown=_unknown(row["q_unknown"]),
                is_scored=bool(row["is_scored"]),
                parts=tuple(parts[row["id"]]),
                services=tuple(services[row["id"]]),
                keys=keys.get(row["id"]),
            )


def heads_of(catalog: Catalog, ids: Sequence[str]) -> dict[str, Head]:
    """Return the identifying facts (:class:`Head`) of the datasets with these ids, by dataset id.

    Datasets that are missing or retired are included; unknown ids are left out.
    """
    rows = catalog.rows(
        f"""select id, identifier, title, portal_id, publisher_id, status, copy_of from datasets where id in {_IDS}""",
        [json.dumps(list(ids))],
    )
    return {row["id"]: Head(**row) for row in rows}


def _texts(cell: str | None) -> tuple[str, ...]:
    return tuple(one for one in json.loads(cell) if isinstance(one, str)) if cell else ()


def _measured(name: str) -> str:
    """Return an SQL expression for a column of a quality table ``q``."""
    return interned(f"q.{name}") if name == "unknown" else f"q.{name}"


def _unknown(cell: str | None) -> frozenset[str]:
    return frozenset(cell.split(",")) if cell else frozenset()


def _parts(catalog: Catalog, chosen: str) -> dict[str, list[MemberDistribution]]:
    quality = ", ".join(f"{_measured(name)} as q_{name}" for name in OF_PART)
    rows = catalog.rows(
        f"""select d.id, d.dataset_id, d.title, d.url,
              d.format, d.conforms_to, d.described_by, d.modified, q.licence_id, q.format_served,
              q.key is not null as is_scored, {quality},
              t.status as table_status, t.kind as table_kind, c.last_modified, c.changed_at
            from current_distributions d
            {MEASURED}
            left join table_reports t on t.distribution_id = d.id
            left join resource_checks c on c.url = d.url
            where d.dataset_id in {_IDS} order by d.dataset_id, d.position""",
        [chosen],
    )
    found: dict[str, list[MemberDistribution]] = defaultdict(list)
    for row in rows:
        changed = (row["modified"], row["last_modified"], row["changed_at"])
        found[row["dataset_id"]].append(
            MemberDistribution(
                id=row["id"],
                title=row["title"],
                url=row["url"],
                format=row["format_served"] or row["format"],
                conforms_to=_texts(row["conforms_to"]),
                described_by=row["described_by"],
                licence_id=row["licence_id"],
                quality={name: row[f"q_{name}"] for name in OF_PART if name != "unknown"},
                unknown=_unknown(row["q_unknown"]) if row["is_scored"] else _METRICS,
                table_status=row["table_status"],
                table_kind=row["table_kind"],
                changed=tuple(one for one in changed if one),
            )
        )
    return found


def _services(catalog: Catalog, chosen: str) -> dict[str, list[MemberService]]:
    rows = catalog.rows(
        f"""select s.dataset_id, s.endpoint_url, s.conforms_to, c.outcome from current_services s
            left join resource_checks c on c.url = s.endpoint_url
            where s.dataset_id in {_IDS} order by s.dataset_id, s.id""",
        [chosen],
    )
    found: dict[str, list[MemberService]] = defaultdict(list)
    for row in rows:
        found[row["dataset_id"]].append(
            MemberService(
                endpoint_url=row["endpoint_url"], outcome=row["outcome"], conforms_to=_texts(row["conforms_to"])
            )
        )
    return found


def _keys(catalog: Catalog, chosen: str) -> dict[str, dict[str, str]]:
    """Return the key datasets that datasets count for; those of portals without a census are left out."""
    found: dict[str, dict[str, str]] = {
        row["id"]: {}
        for row in catalog.rows(
            f"""select d.id from datasets d
                where d.id in {_IDS} and exists (select 1 from census c where c.portal_id = d.portal_id)""",
            [chosen],
        )
    }
    for row in catalog.rows(
        f"""select dataset_id, key, state from census_claims
            where dataset_id in {_IDS} and verdict in ('taken', 'confirmed')""",
        [chosen],
    ):
        found.setdefault(row["dataset_id"], {})[row["key"]] = row["state"]
    return found


def findings_of(catalog: Catalog, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the findings in these datasets that count for a commitment.

    Left out are findings caused by the harvester itself, those of severity "info", and those waived, disputed or
    withdrawn. Each row has dataset_id, state, first_seen_run and fixed_run. ``ids`` are read in chunks; rows are sorted
    by finding id within each chunk.
    """
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), CHUNK):
        found += catalog.rows(
            f"""select dataset_id, state, first_seen_run, fixed_run from findings
                where dataset_id in {_IDS} and fault_party != 'harvester' and severity != 'info'
                  and state not in ('waived', 'disputed', 'withdrawn') order by id""",
            [json.dumps(ids[start : start + CHUNK])],
        )
    return found
