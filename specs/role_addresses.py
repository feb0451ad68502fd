"""Words that tell an office's e-mail address from a person's: ``role_addresses.toml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from specs.errors import Strict, parse, read_toml

__all__ = ["role_words"]

FILE = Path(__file__).with_name("role_addresses.toml")


class _RoleAddresses(Strict):
    """The contents of ``role_addresses.toml``."""

    words: list[str]


@cache
def role_words() -> frozenset[str]:
    """Return words by which an e-mail address is that of an office, such as "info", in lower case and without accents.

    Raise SpecError if ``role_addresses.toml`` is invalid.
    """
    return frozenset(parse(_RoleAddresses, read_toml(FILE), str(FILE)).words)
