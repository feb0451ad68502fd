"""A module in which the rule about SQL in strings is silenced inserts nothing into SQL that a caller gives."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SQL = re.compile(r"(?is)\b(select|insert|update|delete)\b.*\b(from|into|set)\b")


def silenced() -> list[str]:
    ignored = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]["per-file-ignores"]
    return [name for name, rules in ignored.items() if "S608" in rules]


def given(tree: ast.Module) -> Iterator[str]:
    """Yield the parameters of public functions that are inserted into SQL as they are, as "function: parameter"."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or function.name.startswith("_"):
            continue
        names = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}
        for text in ast.walk(function):
            if isinstance(text, ast.JoinedStr) and SQL.search(ast.unparse(text)):
                inserted = [one.value for one in text.values if isinstance(one, ast.FormattedValue)]
                yield from (
                    f"{function.name}: {one.id}" for one in inserted if isinstance(one, ast.Name) and one.id in names
                )


@pytest.mark.parametrize("name", silenced())
def test_no_caller_gives_a_part_of_the_sql(name: str) -> None:
    assert list(given(ast.parse((ROOT / name).read_text("utf-8")))) == []


def test_a_name_that_a_caller_gives_is_found() -> None:
    assert list(given(ast.parse("def delete(table):\n    return f'delete from {table} where id = ?'"))) == [
        "delete: table"
    ]
