"""Read the stored measurements of some datasets and of their distributions, to score them again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.db.schema.found import interned
from catalog.db.store import Catalog

__all__ = ["StoredMeasurements", "stored_measurements"]

Row = tuple[float | None, ...]


@dataclass(slots=True)
class StoredMeasurements:
    """Measurements of datasets and of their distributions, as stored in the quality tables.

    ``own`` has a row for each dataset, ``parts`` one for each distribution. A row is a tuple of the values of the
    requested columns in their order. ``own_unknown`` and ``parts_unknown`` have for each of these rows the ids of the
    metrics that could not be observed, as a text with commas between them.
    """

    own: list[Row] = field(default_factory=list)
    own_unknown: list[str] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    parts_unknown: list[str] = field(default_factory=list)
    part_keys: list[int] = field(default_factory=list)
    """Number of each distribution in the table ``keys``; they are sorted by dataset."""
    counts: list[int] = field(default_factory=list)
    """Number of distributions of each dataset."""


def stored_measurements(
    catalog: Catalog, datasets: Sequence[int], own: Sequence[str], parts: Sequence[str]
) -> StoredMeasurements:
    """Return the stored measurements of datasets and of their distributions, in the order of their numbers.

    ``datasets``: row ids in the table ``datasets``, ascending; each dataset must have been scored. ``own``: columns of
    ``dataset_quality`` to return. ``parts``: columns of ``distribution_quality`` to return.
    """
    found = StoredMeasurements()
    chosen, unknown = json.dumps(list(datasets)), f"coalesce({interned('q.unknown')}, '')"
    own_columns, part_columns = (", ".join(f"q.[{name}]" for name in names) for names in (own, parts))
    for row in catalog.db.conn.execute(
        f"""select {unknown}, {own_columns} from json_each(?) j join datasets d on d.rowid = j.value
            join dataset_quality q on q.dataset_id = d.id order by d.rowid""",  # noqa: S608  # SQL of ours
        [chosen],
    ):
        found.own_unknown.append(row[0])
        found.own.append(row[1:])
    counts = dict.fromkeys(datasets, 0)
    for row in catalog.db.conn.execute(
        f"""select d.rowid, x.key, {unknown}, {part_columns}
            from json_each(?) j join datasets d on d.rowid = j.value
            join distribution_quality q on q.dataset_id = d.id join keys x on x.id = q.distribution_id
            order by d.rowid, x.key""",  # noqa: S608  # SQL of ours
        [chosen],
    ):
        counts[row[0]] += 1
        found.part_keys.append(row[1])
        found.parts_unknown.append(row[2])
        found.parts.append(row[3:])
    found.counts = list(counts.values())
    return found
