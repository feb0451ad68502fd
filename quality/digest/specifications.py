"""The parts of the digest about ``specs``: everything that decides a figure, without the explanations beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import specs
from quality.digest.canonical import hashed
from quality.digest.words import FOR_READERS, names, rule_of, vocabularies
from specs.census import key_words, points_table
from specs.metrics import dimensions, entity_spec, grade, metrics
from specs.systems import systems
from specs.table_rules import table_rules, table_rules_version
from specs.vocabularies import read

__all__ = ["data_files", "rules_of_tables", "specification_parts"]

SPECS = Path(specs.__file__ or "").parent
_PROSE = {"question", "source", "rationale", "weighs", "fix", "fix_in", "example", "evidence", "title", "note"}
_RULE_PROSE = {"message", "why", "fix", "fix_in"}
_FOLDERS = ("expectations", "standards", "vocabularies")
"""Folders with what tables and records are compared with, and the words by which they are understood."""
_KINDS = (".csv", ".toml", ".ttl", ".json")


def specification_parts() -> dict[str, Callable[[], Any]]:
    """Return the parts of the digest about ``specs``: by name, a function that returns the value to hash.

    Fields of metrics, systems and table rules that have their default value are left out, so that adding such a field
    changes no digest.
    """
    return {
        **{f"spec:metric:{name}": lambda name=name: _metric(name) for name in metrics()},  # type: ignore[misc]
        **{f"spec:system:{name}": lambda name=name: _system(name) for name in systems()},  # type: ignore[misc]
        "spec:dimensions": lambda: {name: one.weight for name, one in dimensions().items()},
        "spec:order": lambda: [list(metrics()), list(dimensions())],
        "spec:grades": lambda: [grade(value / 2) for value in range(201)],
        "spec:entities": lambda: entity_spec().model_dump(exclude={"rationale"}),
        "spec:table_rules": lambda: [table_rules_version(), *map(_rule, table_rules())],
        **{f"spec:census:{name}": lambda name=name: _key(name) for name in key_words()},  # type: ignore[misc]
        "spec:census": lambda: points_table().model_dump(exclude={"against": {"__all__": {"why"}}}),
        **{f"spec:words:{name}": lambda name=name: _rows(name) for name in vocabularies()},  # type: ignore[misc]
        **{f"spec:file:{one}": lambda one=one: _lines(SPECS / one) for one in data_files()},  # type: ignore[misc]
    }


def _key(name: str) -> Any:
    return key_words()[name].model_dump(exclude={"asks", "source"})


def rules_of_tables() -> dict[str, Callable[[], Any]]:
    """Return the parts of the digest about table rules: by name, a function that returns the value to hash.

    There is one part for each rule, and one for each file of expectations.
    """
    expected = [one for one in data_files() if one.startswith("expectations/")]
    return {
        **{f"spec:rule:{name}": lambda name=name: _rule(name) for name in table_rules()},  # type: ignore[misc]
        **{f"spec:file:{one}": lambda one=one: _lines(SPECS / one) for one in expected},  # type: ignore[misc]
    }


def _metric(name: str) -> Any:
    return metrics()[name].model_dump(exclude=_PROSE, exclude_defaults=True)


def _system(name: str) -> Any:
    return systems()[name].model_dump(exclude={"title", "source", "note"}, exclude_defaults=True)


def _rule(name: str) -> Any:
    return table_rules()[name].model_dump(exclude=_RULE_PROSE, exclude_defaults=True)


def _rows(vocabulary: str) -> list[Any]:
    """Return the hashes of a vocabulary's rows. Aliases are sorted, because their order means nothing."""
    return [_row_hashed(tuple(row.items())) for row in read(vocabulary)]


@lru_cache(maxsize=4_000)
def _row_hashed(cells: tuple[tuple[str, str], ...]) -> str:
    row = dict(cells)
    return hashed([rule_of(row), names(row)])


def data_files() -> list[str]:
    """Return the paths, relative to ``specs``, of the data files that are hashed as a whole.

    Vocabularies are not among them, because each of their rows is hashed separately.
    """
    tables = {f"vocabularies/{name}.csv" for name in (*vocabularies(), *FOR_READERS)}
    found = (
        f"{folder}/{path.name}" for folder in _FOLDERS for path in (SPECS / folder).iterdir() if path.suffix in _KINDS
    )
    return sorted(set(found) - tables)


def _lines(path: Path) -> list[str]:
    """Return the lines of a file without comments and empty lines."""
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
