"""Expectations of tables, as data: ``any.toml`` for every table, ``<kind>.toml`` for tables of a known kind."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["Expectation", "ExpectationsError", "load"]


class ExpectationsError(ValueError):
    """A file of expectations that cannot be used: says which file, which key, and what to write instead."""


class Expectation(BaseModel):
    """One thing to expect of a table, in the words of Great Expectations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Rule id of the defect, where the expectation is not met."""
    type: Annotated[str, Field(pattern=r"^expect_[a-z0-9_]+$")]
    """Name of a Great Expectations expectation."""
    target: Literal["rows", "columns", "file"]
    """What is looked at. "rows": the table itself. "columns": a table with one row for each column, whose own
    columns are ``name`` and ``filled_share`` (0..1). "file": a table of one row: ``row_count``, ``column_count``."""
    each: Literal["text", "number", "date", "any"] | None = None
    """Repeat the expectation for each column of this kind, with ``column`` filled in."""
    min_rows: Annotated[int, Field(ge=0)] = 0
    """Tables with fewer rows are not asked. Great Expectations passes an empty table without looking."""
    min_columns: Annotated[int, Field(ge=1)] = 1
    severity: Literal["error", "warning"]
    """Only an "error" makes a table invalid."""
    message: Annotated[str, Field(min_length=10)]
    fix: Annotated[str, Field(min_length=10)]
    kwargs: dict[str, Any] = {}
    """Handed to the expectation as it is. ``"*"`` stands for all columns where a list of columns is wanted."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    expectation: tuple[Expectation, ...]


@cache
def load(kind: str = "any") -> tuple[Expectation, ...]:
    """The expectations of ``specs/expectations/<kind>.toml``, in the order written."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        raise ExpectationsError(f"{kind!r} is no kind of table: use small letters, digits and _")
    source = files(__package__) / f"{kind}.toml"
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
        rows = _File.model_validate(content).expectation
    except FileNotFoundError:
        raise ExpectationsError(f"specs/expectations/{kind}.toml does not exist: write it, or use 'any'") from None
    except tomllib.TOMLDecodeError as error:
        raise ExpectationsError(f"specs/expectations/{kind}.toml is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ExpectationsError(
            f"specs/expectations/{kind}.toml, key {key}: {first['msg']}. Compare with any.toml, or leave it out."
        ) from error
    return rows
