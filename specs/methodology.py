"""``methodology.toml``: the versions of the methodology, their digests, and which of them can be compared.

The methodology is the rules by which datasets are scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from specs.errors import SpecError, Strict, parse, read_toml

__all__ = ["Version", "added_since", "is_comparable", "methodology_versions", "table_rules_versions"]

PATH = Path(__file__).with_name("methodology.toml")


class Version(Strict):
    """The record of one version of the methodology, or of the rules for tables."""

    answers: str
    """Digest of the specifications and of the results for a fixed set of made-up records, see ``quality.digest``."""
    code: str | None = None
    """Digest of the source code's text, as it was made up to 2.1.0. Nothing computes it any more."""
    added: dict[str, tuple[str, ...]] = {}
    """By vocabulary, the aliases that this version adds to the patch version before it."""


class _File(Strict):
    versions: dict[str, Version]
    table_rules: dict[str, Version]


@lru_cache(maxsize=1)
def _file() -> _File:
    found = parse(_File, read_toml(PATH), str(PATH))
    for name, version in found.versions.items():
        if version.added and (_numbers(name) is None or _numbers(name)[2] == 0):  # type: ignore[index]
            raise SpecError(f"{PATH}: versions.{name}.added: aliases are added by a patch; raise its last number")
    return found


def methodology_versions() -> dict[str, Version]:
    """Return the record of each version of the methodology, by version number. Raise SpecError if the file is
    invalid."""
    return dict(_file().versions)


def table_rules_versions() -> dict[str, Version]:
    """Return the record of each version of the rules for tables, by version number. Raise SpecError if the file is
    invalid."""
    return dict(_file().table_rules)


def _numbers(version: str) -> tuple[int, int, int] | None:
    parts = version.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def is_comparable(one: str | None, other: str | None) -> bool:
    """Return whether scores computed under two versions of the methodology can be compared: both versions have the same
    major and minor number.

    A version that does not consist of three numbers is comparable only with itself; None (no version) is comparable
    with nothing. The same function is available in SQL under the same name.

    >>> is_comparable("2.1.0", "2.1.3"), is_comparable("2.1.0", "2.2.0"), is_comparable(None, None)
    (True, False, False)
    """
    if one is None or other is None:
        return False
    if one == other:
        return True
    numbers, others = _numbers(one), _numbers(other)
    return numbers is not None and others is not None and numbers[:2] == others[:2]


def added_since(scored_by: str, version: str) -> Mapping[str, tuple[str, ...]] | None:
    """Return the names that ``version`` of the methodology recognises and the older version ``scored_by`` does not.

    The result maps a vocabulary, such as "licences", to the added names. Only records that use one of them must be
    scored again.

    None means that everything must be scored again: the versions are not comparable, ``scored_by`` is the newer one, or
    a version between them is not recorded or adds no names.
    """
    old, new, known = _numbers(scored_by), _numbers(version), methodology_versions()
    if old is None or new is None or not is_comparable(scored_by, version) or old > new:
        return None
    found: dict[str, tuple[str, ...]] = {}
    for patch in range(old[2] + 1, new[2] + 1):
        between = known.get(f"{new[0]}.{new[1]}.{patch}")
        if between is None or not between.added:
            return None
        for vocabulary, names in between.added.items():
            found[vocabulary] = (*found.get(vocabulary, ()), *names)
    return found
