"""Find SQL in source code and templates. SQLite's grammar decides, so that prose is not mistaken for SQL.

A string counts as SQL if SQLite can parse it as a statement, clause or condition. Inserted values (``{name}`` and the
fields of f-strings) are read as a name. Docstrings are prose, and SPARQL is recognised by its variables, which begin
with a question mark.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["SqlText", "is_sql", "sql_in_python", "sql_in_template", "sql_of", "text_of"]

_FIELD = re.compile(r"\{[^{}]*\}")
_ASSIGNED = re.compile(r"(?i)\bset \{[^{}]*\}(?!\s*=)")
_SPARQL = re.compile(r"\?[A-Za-z]|\bPREFIX\s+\w*:")
_STATEMENT = re.compile(r"(?i)(select|insert|replace|update|delete|with|create|drop|alter|pragma|attach)\s")
_HAS_ROWS = re.compile(r"(?i)\bfrom\b|\(|\d|\*")
_CLAUSES = (
    # How a clause begins, and a statement that it completes.
    (re.compile(r"(?i)(where|order by|group by|left join|inner join|join|union all|union)\s"), "select x from x {}"),
    (re.compile(r"(?i)(and|or)\s"), "select x from x where x {}"),
    (re.compile(r"(?i)from\s"), "select x {}"),
    (re.compile(r"(?i)limit\s+[\dx?:]"), "select x from x {}"),
    (re.compile(r"(?i)on conflict\s"), "insert into x select x from x where x {}"),
)
_VALUE = r"[=<>]\s*(\?|:\w|')|\bin\s*\((\?|'|x\)|select\b)|\b(coalesce|nullif|json_each)\(|\bcount\(\*"
_CONDITION = re.compile(rf"(?i){_VALUE}|\w\.\w+\s+is\s+(not\s+)?null\b")
_CLAUSE_CONDITION = re.compile(rf"(?i){_VALUE}|[=<>]\s*\w|\bis\s+(not\s+)?null\b|\blike\s|\bexists\s*\(")
_ORDER = re.compile(r"(?i)(order|group) by\s|limit\s|on conflict\s")
_CALLS = {"execute", "executemany", "executescript"}


class SqlText(NamedTuple):
    """A piece of SQL: the line on which it begins, and its text."""

    line: int
    text: str


@cache
def _grammar() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False)


def _parses(sql: str) -> bool:
    """Return whether a statement follows SQLite's grammar; it does not matter that its tables do not exist."""
    try:
        _grammar().execute(f"explain {sql}", {})
    except sqlite3.Error as error:
        said = str(error)
        return not any(word in said for word in ("syntax error", "incomplete input", "unrecognized token"))
    except sqlite3.Warning:  # Several statements in one string.
        return True
    return True


@lru_cache(maxsize=50_000)
def is_sql(text: str) -> bool:
    """Return whether a string is an SQL statement, clause or condition."""
    if _SPARQL.search(text):
        return False
    text = _FIELD.sub("x", _ASSIGNED.sub("set x = x", text)).strip()
    if " " not in text:
        return bool(re.match(r"(?i)(coalesce|nullif)\(", text))
    if _STATEMENT.match(text):
        return bool(_HAS_ROWS.search(text) or not text.lower().startswith("select")) and _parses(text)
    clause = text.removeprefix("x ").strip()
    for begins, whole in _CLAUSES:
        if begins.match(clause) and (_CLAUSE_CONDITION.search(clause) or _ORDER.match(clause)):
            return _parses(whole.format(clause))
    return bool(_CONDITION.search(text)) and _parses(f"select ({text}) from x")  # noqa: S608  # never run


def text_of(node: ast.expr) -> str | None:
    """Return a string as it is written in the code, with ``{}`` for inserted values; None if the node is no string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = text_of(node.left), text_of(node.right)
        return None if left is None and right is None else f"{left or '{}'}{right or '{}'}"
    return None


def sql_in_python(source: str) -> list[SqlText]:
    """Return the SQL among the strings of a module; docstrings are left out."""
    return list(_walk(ast.parse(source)))


def _walk(node: ast.AST) -> Iterator[SqlText]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        text = text_of(child) if isinstance(child, ast.expr) else None
        if text is not None and is_sql(text):
            yield SqlText(child.lineno, text)
        elif isinstance(child, ast.Call) and getattr(child.func, "attr", "") in _CALLS and child.args:
            told = text_of(child.args[0])
            yield SqlText(child.lineno, told or ast.unparse(child))
        elif not isinstance(child, ast.JoinedStr):
            yield from _walk(child)
        else:
            for part in child.values:
                if isinstance(part, ast.FormattedValue):
                    yield from _walk(part)


_BLOCK = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
_LITERAL = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)


def sql_in_template(source: str) -> list[SqlText]:
    """Return the SQL among the strings in a Jinja template's expressions."""
    found = []
    for block in _BLOCK.finditer(source):
        for literal in _LITERAL.finditer(block[0]):
            if is_sql(literal[0][1:-1]):
                line = source.count("\n", 0, block.start() + literal.start()) + 1
                found.append(SqlText(line, literal[0][1:-1]))
    return found


def sql_of(path: Path) -> list[SqlText]:
    """Return the SQL of a file: ``.py`` is code, everything else a template."""
    source = path.read_text(encoding="utf-8")
    return sql_in_python(source) if path.suffix == ".py" else sql_in_template(source)
