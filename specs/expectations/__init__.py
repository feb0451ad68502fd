"""Expectations on tables, as data.

``any.toml`` applies to every table, ``<kind>.toml`` to tables of a known kind, and ``catalogue.toml`` to the
datasets of a portal.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = ["Expectation", "ExpectationsError", "HeaderRule", "Suite", "by_rule", "kinds", "load", "suite"]

COLUMN_KEYS = ("column", "column_A", "column_B", "column_list", "column_set")
"""Settings of Great Expectations that name columns."""
_Role = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class ExpectationsError(ValueError):
    """Raised if a file of expectations cannot be used. The message names the file, the key and what to write
    instead."""


class Expectation(BaseModel):
    """One condition that a table should meet, in the terms of Great Expectations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Rule id of the defect that a failed expectation causes."""
    type: Annotated[str, Field(pattern=r"^expect_[a-z0-9_]+$")]
    """Name of a Great Expectations expectation."""
    target: Literal["rows", "columns", "file"] = "rows"
    """What the expectation is applied to. "rows": the table itself. "columns": a table with one row for each column,
    whose own columns are ``name`` and ``filled_share`` (0..1). "file": a table of one row: ``row_count``,
    ``column_count``."""
    each: Literal["text", "number", "date", "any"] | None = None
    """Repeat the expectation for each column of this kind, with ``column`` filled in."""
    read_as: Literal["text", "number", "date"] = "text"
    """How the cells of the named columns are read. "number": decimal comma, thousands separators and currency are
    understood. "date": YYYY-MM-DD. A cell that cannot be read this way is left out and counts neither as success nor
    as failure."""
    min_rows: Annotated[int, Field(ge=0)] = 0
    """Tables with fewer rows are skipped, because Great Expectations passes an empty table without checking it."""
    min_columns: Annotated[int, Field(ge=1)] = 1
    severity: Literal["error", "warning"]
    """Only an "error" makes a table invalid."""
    gate: bool = False
    """Only in ``catalogue.toml``: a portal that does not meet it was not harvested well."""
    message: Annotated[str, Field(min_length=10)]
    why: str = ""
    """Why it matters: a clause that follows the message, "so …" or "because …"."""
    fix: Annotated[str, Field(min_length=10)]
    kwargs: dict[str, Any] = {}
    """Passed to the expectation unchanged. In place of a list of columns ``"*"`` means all columns; ``"today"`` is the
    day of the check."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns that ``kwargs`` mentions.

        In a file for one kind of table they are names of roles, such as "amount", that columns of such tables have.
        ``"*"``, which stands for all columns, is left out.
        """
        named: list[str] = []
        for key in COLUMN_KEYS:
            value = self.kwargs.get(key)
            named += [value] if isinstance(value, str) else list(value or ())
        return tuple(name for name in named if name != "*")


class HeaderRule(BaseModel):
    """How to recognise a kind of table, such as spending, by its column names. Names are compared without case, accents
    and punctuation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: Annotated[dict[_Role, Annotated[tuple[str, ...], Field(min_length=1)]], Field(min_length=2)]
    """Role -> names that real tables give it. ``*`` at the end of a name matches anything."""
    proof: Annotated[tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...], Field(min_length=1)]
    """Lists of roles. Every role of one of these lists must be present, or the table is not of the kind."""
    at_least: Annotated[int, Field(ge=2)]
    """How many roles must be present in total; one less if the title of the dataset or file names the kind."""
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the table's columns that must have a role, for kinds whose columns also occur in other tables."""
    needed: tuple[str, ...] = ()
    """Roles that are reported if missing. ``a|b``: one of them is enough."""
    never: tuple[str, ...] = ()
    """Column names that show that a table is of another kind; ``*`` as above."""
    title: tuple[str, ...] = ()
    """Words in the title of the dataset or file."""

    @model_validator(mode="after")
    def _roles_exist(self) -> Self:
        for key, roles in (("proof", sum(self.proof, ())), ("needed", self.needed)):
            for role in (part for one in roles for part in one.split("|")):
                if role not in self.columns:
                    raise ValueError(f"{key} names {role!r}, which is not in [match.columns]: add it there")
        return self


class Suite(BaseModel):
    """The contents of one file of expectations.

    A file with ``[match]`` is for one kind of table. Its expectations name roles, such as "amount", in place of the
    columns of a particular table.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    """Name of this kind of table in messages: "spending"."""
    match: HeaderRule | None = None
    expectation: tuple[Expectation, ...]

    @model_validator(mode="after")
    def _patterns_are_patterns(self) -> Self:
        for one in self.expectation:
            pattern = one.kwargs.get("regex")
            try:
                re.compile(pattern or "")
            except (re.error, TypeError) as error:
                raise ValueError(f"rule {one.rule!r}: regex is no regular expression: {error}; correct it") from None
        return self

    @model_validator(mode="after")
    def _columns_are_roles(self) -> Self:
        if self.match is None:
            return self
        if not self.title:
            raise ValueError('title is missing: write title = "what a table of this kind is called" above [match]')
        for one in self.expectation:
            if one.target != "rows":
                continue
            for name in one.columns:
                if name not in self.match.columns:
                    raise ValueError(f"rule {one.rule!r} names {name!r}, which is not in [match.columns]: add it there")
        return self


@cache
def suite(kind: str) -> Suite:
    """Return the contents of ``specs/expectations/<kind>.toml``. Raise ExpectationsError if the file is missing or
    invalid."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        raise ExpectationsError(f"{kind!r} is no kind of table: use small letters, digits and _")
    source = files(__package__) / f"{kind}.toml"
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
        return Suite.model_validate(content)
    except FileNotFoundError:
        raise ExpectationsError(f"specs/expectations/{kind}.toml does not exist: write it, or use 'any'") from None
    except tomllib.TOMLDecodeError as error:
        raise ExpectationsError(f"specs/expectations/{kind}.toml is not TOML: {error}") from error
    except ValidationError as error:
        raise ExpectationsError("\n".join(_line(kind, one) for one in error.errors())) from error


def _line(kind: str, error: Any) -> str:
    """Return the message about one wrong key: file, key, and what to write instead."""
    path = [str(part) for part in error["loc"]]
    where = f"specs/expectations/{kind}.toml, key {'.'.join(path) or '(the whole file)'}"
    match error["type"]:
        case "extra_forbidden":
            models: dict[str, type[BaseModel]] = {"match": HeaderRule, "expectation": Expectation}
            keys = models.get(path[0], Suite).model_fields if len(path) > 1 else Suite.model_fields
            return f"{where}: unknown key; remove it, or use one of: {', '.join(sorted(keys))}"
        case "missing":
            return f"{where}: missing; add it, as in any.toml or spending.toml"
        case "value_error":
            return f"{where}: {error['msg'].removeprefix('Value error, ')}"
        case _:
            found = str(error.get("input"))[:80]
            return f"{where}: {error['msg']} (found {found!r}); correct the value"


@cache
def load(kind: str = "any") -> tuple[Expectation, ...]:
    """Return the expectations in ``specs/expectations/<kind>.toml``, in the order of the file. Raise ExpectationsError
    if the file is missing or invalid."""
    return suite(kind).expectation


@cache
def kinds() -> tuple[str, ...]:
    """Return the kinds of tables that can be recognised by their column names, in alphabetical order."""
    names = sorted(entry.name.removesuffix(".toml") for entry in files(__package__).iterdir())
    return tuple(name for name in names if re.fullmatch(r"[a-z][a-z0-9_]*", name) and _is_kind(name))


def _is_kind(name: str) -> bool:
    return (files(__package__) / f"{name}.toml").is_file() and suite(name).match is not None


@cache
def by_rule() -> dict[str, Expectation]:
    """Return the expectations on tables by their rule. Those on whole catalogues are left out."""
    return {one.rule: one for kind in ("any", *kinds()) for one in load(kind)}
