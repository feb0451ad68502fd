"""How much a point of one dataset's score counts in the score of its portal, its publisher and its government."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.db.store import Catalog
from catalog.repositories.scores import LEVELS

__all__ = ["EntityWeights", "LevelWeights", "entity_weights"]


@dataclass(frozen=True, slots=True)
class LevelWeights:
    """For one level (portal, publisher or government): which of them each scored dataset counts for, and how much.

    ``entities``: ids of the portals or publishers, or names of the governments.
    """

    entities: Sequence[str]
    entity: NDArray[np.int64]
    """Shape (datasets,): index in ``entities``; -1 where the dataset counts for none."""
    weight: NDArray[np.float64]
    """Shape (datasets,): points that the entity's score rises by if the dataset's rises by one point; 0 to 1."""


@dataclass(frozen=True, slots=True)
class EntityWeights:
    """How much each scored dataset counts in the scores of portals, publishers and governments.

    All arrays are in the order of ``key``. ``levels``: by level, "portal", "publisher" or "government".
    """

    key: NDArray[np.int64]
    """Row id of each dataset, ascending."""
    levels: dict[str, LevelWeights]


def entity_weights(catalog: Catalog) -> EntityWeights:
    """Return how much each scored dataset counts in the score of its portal, its publisher and its government.

    A family is a group of similar datasets of one publisher. The score of a portal, for example, is the mean over its
    families, where each family has the mean score of its datasets (see :mod:`quality.systems.entities`). So the weight
    of a dataset is 1 / (number of datasets in its family x number of families in the portal). A dataset that is a copy
    of one in another portal does not count for its government.
    """
    rows = catalog.db.conn.execute(
        """select d.rowid, q.portal_id, q.publisher_id, g.name, d.copy_of is not null,
             case when q.content is null then coalesce(q.family, q.dataset_id)
               else min(q.family) over (partition by coalesce(q.publisher_id, q.portal_id), q.content) end,
             q.score is not null
           from dataset_quality q join governments g on g.portal_id = q.portal_id join datasets d on d.id = q.dataset_id
           order by d.rowid"""
    ).fetchall()
    # Families are counted before datasets without a score are left out, as the scores of entities do it.
    scored = [row for row in rows if row[6]]
    levels = {}
    for at, level in enumerate(LEVELS, 1):
        names = [None if level == "government" and row[4] else row[at] for row in scored]
        levels[level] = _level(names, [row[5] for row in scored])
    return EntityWeights(np.array([row[0] for row in scored], dtype=np.int64), levels)


def _level(names: Sequence[str | None], kin: Sequence[str]) -> LevelWeights:
    numbers: dict[str, int] = {}
    entity = np.array(
        [-1 if name is None else numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64
    )
    families: dict[tuple[int, str], int] = {}
    family = np.array(
        [families.setdefault((of, one), len(families)) for of, one in zip(entity.tolist(), kin, strict=True)],
        dtype=np.int64,
    )
    sizes = np.bincount(family, minlength=len(families))
    owner = np.array([of for of, _ in families], dtype=np.int64)
    counts = np.bincount(owner[owner >= 0], minlength=len(numbers))
    weight = np.zeros(len(entity))
    counted = entity >= 0
    weight[counted] = 1.0 / (sizes[family[counted]] * counts[entity[counted]])
    return LevelWeights(list(numbers), entity, weight)
