"""``field_names.toml``: which raw field names state which fact, for all portal types.

The names are as publishers write them; the code that compares them folds case and accents
(``harvester.facts.names``).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from specs.errors import SpecError, Strict, parse, read_toml

__all__ = ["GROUPS", "Group", "field_names"]

Group = Literal["both", "dataset", "file", "agent", "licence", "period", "place"]
GROUPS: tuple[Group, ...] = ("both", "dataset", "file", "agent", "licence", "period", "place")
Names = dict[str, tuple[str, ...]]


class _File(Strict):
    both: Names
    dataset: Names
    file: Names
    agent: Names
    licence: Names
    period: Names
    place: Names


@lru_cache(maxsize=1)
def field_names() -> dict[Group, Names]:
    """Return the names of the fields in which portals' records give each fact, such as the title.

    The result maps a group of facts, such as "dataset" or "file", to a mapping from fact to field names, for example
    ``field_names()["dataset"]["title"]``. If a record has several of these fields and their values say equally much,
    the first name in this order wins.

    Raise SpecError if the file ``field_names.toml`` is invalid.
    """
    path = Path(__file__).with_name("field_names.toml")
    found = parse(_File, read_toml(path), str(path))
    groups: dict[Group, Names] = {group: getattr(found, group) for group in GROUPS}
    for group, facts in groups.items():
        seen: dict[str, str] = {}
        for fact, names in facts.items():
            for name in names:
                other = seen.setdefault(name, fact)
                if other != fact or names.count(name) > 1:
                    raise SpecError(f"{path}: {group}.{fact}: {name!r} stands twice; remove one of them")
    return groups
