"""``table_rules.toml``: the kinds of defects of tables."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from specs.errors import Strict, parse, read_toml

__all__ = ["TableRule", "personal_rules", "table_rules", "table_rules_version"]


class TableRule(Strict):
    """One kind of defect that a table can have, with its severity and the words for findings."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    metric: str | None = None
    """The metric that counts it; None if it costs no points."""
    severity: Literal["error", "warning", "info"]
    message: Annotated[str, Field(min_length=10)]
    """What is wrong, in one sentence."""
    why: str = ""
    """Why it matters: a clause that follows the message, "so …" or "because …"."""
    fix: Annotated[str, Field(min_length=10)]
    fix_in: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    """``fix`` in other languages, by code. A sentence is given either here or in the language's file, not in both."""


class _File(Strict):
    version: str
    rule: tuple[TableRule, ...]


@cache
def _file() -> _File:
    path = Path(__file__).with_name("table_rules.toml")
    return parse(_File, read_toml(path), str(path))


def table_rules_version() -> str:
    """Return the version of the rules for tables.

    A table whose stored report was made under another version is validated again.
    """
    return _file().version


@cache
def table_rules() -> dict[str, TableRule]:
    """Return all rules for tables by id. Raise SpecError if a file is invalid."""
    return {rule.id: rule for rule in _file().rule}


@cache
def personal_rules() -> tuple[str, ...]:
    """Return the ids of the table rules that detect personal data.

    Findings of these rules are told to the publisher and the portal before they are published.
    """
    return tuple(one for one in table_rules() if one.startswith("personal_"))
