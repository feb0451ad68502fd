"""Write scores: the quality tables of datasets and distributions, and the scores of portals, publishers and
governments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.db.interned import Kind, keys_of, text_keys, texts_of_keys
from catalog.db.schema.found import INTERNED
from catalog.db.schema.views import is_present
from catalog.db.store import Catalog
from catalog.repositories.distribution_kinds import delete_measurements, write_kinds
from catalog.repositories.findings import FoundInDataset, carry_findings
from catalog.repositories.first_findings import FailingDataset, write_first
from catalog.repositories.score_rows import write_score_rows
from catalog.repositories.withdrawn import before
from specs.metrics import methodology_version

__all__ = [
    "COUNTED", "LEVELS", "Figures", "Scored", "close_missing", "dataset_figures", "replace_rows", "was_scored",
    "write_entity_scores", "write_scores",
]  # fmt: skip


def was_scored(catalog: Catalog, run_id: str, portal_id: str) -> bool:
    """Return whether any dataset of a portal has its present score from the run ``run_id``."""
    sql = "select exists (select 1 from dataset_quality where portal_id = ? and run_id = ?)"
    return bool(catalog.value(sql, [portal_id, run_id]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The result of scoring some datasets: rows for the quality tables, and the findings.

    ``datasets``: one sequence of values for each dataset, in the order of ``dataset_columns``. ``distributions``: pairs
    of the id of a distribution and the tuple of its measurements, in the order of ``kind_columns``.
    """

    dataset_columns: Sequence[str]
    datasets: Sequence[Sequence[Any]]
    kind_columns: Sequence[str]
    distributions: Sequence[tuple[str, Kind]]
    found: Sequence[FoundInDataset]
    """Findings that are compared with the stored ones of their datasets."""
    first: Sequence[FailingDataset]
    """What datasets without stored findings fail; their findings of tables are in ``found``."""


def write_scores(catalog: Catalog, run_id: str, scored: Scored, checked_at: str) -> None:
    """Write the measurements and scores of datasets, update their findings, and note that they are no longer due for
    scoring.

    ``checked_at``: UTC instant of this scoring.
    """
    with catalog.writing():
        known = before(catalog, [str(one.dataset_id) for one in scored.found], methodology_version())
        columns = scored.dataset_columns
        catalog.upsert_rows("dataset_quality", columns, _interned(catalog, columns, scored.datasets))
        keys = keys_of(catalog.db.conn, _ids(run_id, scored))
        write_kinds(catalog, run_id, scored.kind_columns, scored.distributions, keys)
        carry_findings(catalog, run_id, scored.found, checked_at, known)
        write_first(catalog, run_id, scored.first, checked_at, keys)
        at = scored.dataset_columns.index("dataset_id")
        done = [(row[at],) for row in scored.datasets]
        catalog.db.conn.executemany("delete from to_score where dataset_id = ?", done)


def _ids(run_id: str, scored: Scored) -> Iterator[str | None]:
    yield run_id
    yield from (distribution_id for distribution_id, _ in scored.distributions)
    for one in scored.first:
        yield from (one.portal_id, one.publisher_id, one.dataset_id)


def _interned(catalog: Catalog, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the rows of ``dataset_quality`` with the key of each text that many datasets share."""
    places = [columns.index(column) for table, column in INTERNED if table == "dataset_quality"]
    keys = text_keys(catalog.db.conn, dict.fromkeys(row[at] for row in rows for at in places))
    for row in rows:
        stored = list(row)
        for at in places:
            stored[at] = keys[row[at]]
        yield stored


def close_missing(catalog: Catalog, portal_id: str) -> None:
    """End the findings of those datasets that a portal no longer lists, and delete the measurements and scores of these
    datasets.

    Their findings get the state "gone", unless they had ended or were waived before. The measurements of retired
    distributions are deleted too.
    """
    absent = f"select id from datasets where portal_id = ? and not {is_present('')}"  # noqa: S608  # SQL of ours
    with catalog.writing():
        run = catalog.db.conn.execute
        # These are our own constants.
        run(
            f"""update finding_rows set state = 'gone' where state not in {_ENDED}
                  and dataset_key in (select key from keys where id in ({absent}))""",  # noqa: S608  # SQL of ours
            [portal_id],
        )
        run(f"delete from dataset_quality where dataset_id in ({absent})", [portal_id])  # noqa: S608  # SQL of ours
        delete_measurements(catalog, f"d.dataset_id in ({absent})", [portal_id])
        delete_measurements(catalog, "d.portal_id = ? and d.is_retired", [portal_id])


_ENDED = "('fixed', 'waived', 'gone', 'withdrawn')"
LEVELS = ("portal", "publisher", "government")
COUNTED = {
    "portal": "true",
    "publisher": "true",
    # If the origin of a copy is in the catalogue, the dataset counts there.
    "government": "d.copy_of is null",
}
"""SQL that says which datasets ``d`` count for an entity of a level."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The measurements and scores of all scored datasets, one column in each field. Entry n of every field belongs to
    the same dataset.

    ``portal``, ``publisher`` and ``government``: whose dataset it is. ``is_copy``: 1 if it is a copy of a dataset in
    another portal. ``measured`` and ``applicable``: number of measurements made, and of those that apply to it. Only
    ``fixes`` has another length.
    """

    portal: Sequence[str]
    publisher: Sequence[str | None]
    government: Sequence[str]
    is_copy: Sequence[int]
    kin: NDArray[np.int64]
    """Family of each dataset, as its number in the sorted order of their names. Datasets of one publisher that resemble
    each other are a family. Datasets of a publisher whose files have the same bytes are in one family."""
    measured: NDArray[np.float64]
    applicable: NDArray[np.float64]
    fixes: Sequence[str | None]
    """The different JSON texts of what fixing each metric would gain: not one for each dataset."""
    fixes_of: NDArray[np.int64]
    """Index of the text of each dataset in ``fixes``."""
    values: NDArray[np.float64]
    """Table of floats: one row for each dataset, one column for each requested name; NaN if a value is missing."""

    def entity_of(self, level: str) -> tuple[Sequence[str | None], Sequence[bool]]:
        """Return two sequences with one entry for each dataset: the id of its portal, publisher or government, and
        whether it counts.

        ``level``: which of the three is wanted. A dataset without a publisher has None. A copy of another portal's
        dataset does not count for its government; every other dataset counts.
        """
        if level == "government":
            # If the origin of a copy is in the catalogue, the dataset counts there.
            return self.government, [not copy for copy in self.is_copy]
        return (self.portal if level == "portal" else self.publisher), [True] * len(self.portal)


def dataset_figures(catalog: Catalog, names: Sequence[str]) -> Figures:
    """Return the measurements and scores of all scored datasets of the catalogue, sorted by dataset id.

    ``names``: columns of ``dataset_quality`` to return in the field ``values``.
    """
    government = {row["portal_id"]: row["name"] for row in catalog.rows("select portal_id, name from governments")}
    copies = {row[0] for row in catalog.db.conn.execute("select id from datasets where copy_of is not null")}
    columns = ", ".join(f"[{name}]" for name in names)
    # All memory of the table at once: to join parts of it would take as much again.
    table = np.empty((int(catalog.value("select count(*) from dataset_quality")), len(names) + 2))
    cursor = catalog.db.conn.execute(
        f"""select dataset_id, family, content, portal_id, publisher_id, fixes, measured, applicable, {columns}
            from dataset_quality"""  # noqa: S608  # names of the schema
    )
    words: list[list[Any]] = [[] for _ in range(6)]
    same: dict[Any, Any] = {}
    done = 0
    while chunk := cursor.fetchmany(1_000):
        for at, values in enumerate(zip(*(row[:6] for row in chunk), strict=True)):
            words[at].extend(values if at < 3 else [same.setdefault(one, one) for one in values])
        table[done : done + len(chunk)] = [row[6:] for row in chunk]
        done += len(chunk)
    order = sorted(range(done), key=words[0].__getitem__)
    if order != list(range(done)):
        table = table[order]
        words = [[column[at] for at in order] for column in words]
    ids, family, content, portal, publisher, fixes = words
    different = {fix: number for number, fix in enumerate(dict.fromkeys(fixes))}
    # A cell holds the text, or its key as digits.
    texts = texts_of_keys(catalog.db.conn, [int(fix) for fix in different if fix and fix.isdigit()])
    return Figures(
        portal, publisher, [government[one] for one in portal], [int(one in copies) for one in ids],
        _numbers(_kin(ids, portal, publisher, family, content)), np.nan_to_num(table[:, 0]),
        np.nan_to_num(table[:, 1]), [texts.get(int(fix), fix) if fix and fix.isdigit() else fix for fix in different],
        np.array([different[fix] for fix in fixes], dtype=np.int64), table[:, 2:],
    )  # fmt: skip


def _numbers(names: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each name in the sorted order of the different names."""
    number = {name: at for at, name in enumerate(sorted(set(names)))}
    return np.array([number[name] for name in names], dtype=np.int64)


def _kin(
    ids: Sequence[str],
    portals: Sequence[str],
    publishers: Sequence[str | None],
    families: Sequence[str | None],
    contents: Sequence[str | None],
) -> list[str]:
    """Return the family of each dataset; all datasets of a publisher with the same files have the first one's."""
    first: dict[tuple[str, str], str | None] = {}
    for portal, publisher, family, content in zip(portals, publishers, families, contents, strict=True):
        if content is not None:
            key = (publisher or portal, content)
            known = first.setdefault(key, family)
            if family is not None and (known is None or family < known):
                first[key] = family
    return [
        (first[(publisher or portal, content)] if content is not None else family or key)  # type: ignore[misc]
        for key, portal, publisher, family, content in zip(ids, portals, publishers, families, contents, strict=True)
    ]


def write_entity_scores(catalog: Catalog, run_id: str, level: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the scores that portals, publishers or governments got in a run.

    ``level``: portal, publisher or government. ``rows``: one for each of them and each scoring system, with all columns
    of ``score_history`` except id, run_id, entity_level and corrections. A row replaces that of the same run, system
    and entity; the corrections that were counted there stay. The Winnow scores of portals or publishers also become
    their present scores in the table ``portals`` or ``publishers``; one that is not in ``rows`` then has none.
    """
    with catalog.writing():
        write_score_rows(catalog, run_id, level, rows)
        if level != "government":
            _write_latest(catalog, f"{level}s", [row for row in rows if row["system"] == "winnow"])


def _write_latest(catalog: Catalog, table: str, history: Sequence[Mapping[str, Any]]) -> None:
    # The table is "portals" or "publishers".
    catalog.db.conn.execute(f"update {table} set score = null, score_low = null, score_high = null, grade = null")  # noqa: S608  # names of the schema
    catalog.db.conn.executemany(
        f"""update {table} set score = :score, score_low = :score_low, score_high = :score_high, grade = :grade,
              datasets = :datasets where id = :entity_id""",  # noqa: S608  # names of the schema
        history,
    )


def replace_rows(catalog: Catalog, table: str, rows: Sequence[Mapping[str, Any]], where: str, value: str) -> None:
    """Delete all rows of ``table`` whose column ``where`` has the value ``value``, and write ``rows`` in their
    place."""
    with catalog.writing():
        catalog.db.conn.execute(f"delete from {table} where {where} = ?", [value])  # noqa: S608  # names of the schema
        catalog.upsert(table, rows)
