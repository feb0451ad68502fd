"""How much a point of one dataset's score counts in the score of its portal, its publisher and its government."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.db.store import Catalog
from catalog.repositories.coded import Coder, Codes, Column, Flags, Numbers
from catalog.repositories.scores import LEVELS

__all__ = ["EntityWeights", "LevelWeights", "entity_weights"]

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class LevelWeights:
    """For one level (portal, publisher or government): which of its entities each scored dataset counts for, and how
    much.

    ``entities``: ids of the portals or publishers, or names of the governments.
    """

    entities: Sequence[str]
    entity: Numbers
    """Shape (datasets,): index in ``entities``; -1 where the dataset counts for none."""
    weight: NDArray[np.float64]
    """Shape (datasets,): points that the entity's score rises by if the dataset's rises by one point; 0 to 1."""


@dataclass(frozen=True, slots=True)
class EntityWeights:
    """How much each scored dataset counts in the scores of portals, publishers and governments.

    All arrays are in the order of ``key``. ``levels``: by level, "portal", "publisher" or "government".
    """

    key: Numbers
    """Row id of each dataset, ascending."""
    levels: dict[str, LevelWeights]


def entity_weights(catalog: Catalog) -> EntityWeights:
    """Return how much each dataset that has a score counts in the score of its portal, its publisher and its
    government.

    A family is a group of similar datasets of one publisher, or of its datasets whose files have the same bytes. The
    score of a portal, for example, is the mean over its families, where each family has the mean score of its datasets
    (see :mod:`quality.systems.entities`). So the weight of a dataset is 1 / (number of datasets in its family x number
    of families in the portal). Datasets without a score are left out of the result, but counted in these two numbers. A
    dataset that is a copy of one in another portal does not count for its government.
    """
    cursor = catalog.db.conn.execute(
        """select d.rowid, q.portal_id, coalesce(q.publisher_id, ''),
             case when d.copy_of is null then g.name else '' end,
             coalesce(q.family, q.dataset_id), q.family is not null, coalesce(q.content, ''), q.score is not null
           from dataset_quality q join governments g on g.portal_id = q.portal_id
           join datasets d on d.id = q.dataset_id"""
    )
    keys, has_family, has_score = Column(), Column(), Column()
    coders = {level: Coder() for level in LEVELS}
    families, contents = Coder(), Coder()
    while rows := cursor.fetchmany(_CHUNK):
        key, portal, publisher, government, family, is_named, content, is_scored = zip(*rows, strict=True)
        keys.add(key)
        for level, column in (("portal", portal), ("publisher", publisher), ("government", government)):
            coders[level].add(column)
        families.add(family)
        contents.add(content)
        has_family.add(is_named)
        has_score.add(is_scored)
    kin = _kin(families.codes(), contents.codes(), has_family.whole() > 0, coders)
    # Families are counted before datasets without a score are left out, as the scores of entities do it.
    order = np.argsort(keys.whole())
    order = order[has_score.whole()[order] > 0]
    levels = {level: _level(coder.codes(order), kin[order]) for level, coder in coders.items()}
    return EntityWeights(keys.whole()[order], levels)


def _kin(families: Codes, contents: Codes, has_family: Flags, coders: Mapping[str, Coder]) -> Numbers:
    """Return the number of the family of each dataset. Datasets of one publisher with the same content count as one
    family: that with the least name."""
    found = families.codes.copy()
    publisher, portal = coders["publisher"].codes(), coders["portal"].codes()
    owner = np.where(publisher.codes >= 0, publisher.codes, len(publisher.names) + portal.codes).astype(np.int64)
    same = np.flatnonzero(contents.codes >= 0)
    _, of = np.unique(owner[same] * (len(contents.names) + 1) + contents.codes[same], return_inverse=True)
    least: dict[int, str] = {}
    numbers = {}
    for group, family, is_named in zip(of.tolist(), found[same].tolist(), has_family[same].tolist(), strict=True):
        name = families.names[family]
        if is_named and name <= least.get(group, name):
            least[group], numbers[group] = name, family
    chosen = np.array([numbers.get(group, -1) for group in range(int(of.max(initial=-1)) + 1)], dtype=np.int64)
    if len(same):
        found[same] = np.where(chosen[of] >= 0, chosen[of], found[same])
    return found


def _level(names: Codes, kin: Numbers) -> LevelWeights:
    size = len(names.names)
    weight = np.zeros(len(kin))
    counted = np.flatnonzero(names.codes >= 0)
    entity = names.codes[counted].astype(np.int64)
    families, family, sizes = np.unique(
        entity * (1 + kin.max(initial=0)) + kin[counted], return_inverse=True, return_counts=True
    )
    counts = np.bincount(families // (1 + kin.max(initial=0)), minlength=size)
    weight[counted] = 1.0 / (sizes[family] * counts[entity])
    return LevelWeights(names.names, names.codes, weight)
