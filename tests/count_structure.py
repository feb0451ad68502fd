"""Count what the structure of the project is judged by: ``python -m tests.count_structure [-v]``.

For each package it prints SQL outside ``catalog/*.py``, copies of the domain's conditions, public class names with more
than one meaning, and public functions without a docstring. ``-v`` lists each place as well. Nothing of the project is
imported: the sources are read as syntax trees, so that any state of the tree can be counted.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import importlib
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.sql_text import is_sql, sql_of, text_of

__all__ = [
    "CONDITIONS", "PACKAGES", "altered_sql", "classes_with_two_meanings", "copied_conditions", "says_more",
    "sql_outside_catalog", "undocumented",
]  # fmt: skip

ROOT = Path(__file__).parent.parent
PACKAGES = ("specs", "catalog", "quality", "harvester")
MANY = {"Spider"}
"""Class names that every portal type has once."""
CONDITIONS = {
    # The harvest writes and removes tombstones, and compares the status of a row in Python: that is no copy.
    "present_datasets": r"\bstatus\s*(?:=|!=|<>|is|is not)\s*'present'",
    "current_distributions": (
        r"coalesce\(\s*(?:nullif\(\s*)?(?:\w+\.)?\[?download_url|coalesce\((?:\w+\.)?download_url, ''\) = ''"
        r"|download_url(?:\"\])? or [\w.]+(?:\[\")?\.?access_url|\bnot\s+(?:\w+\.)?is_retired|\bis_retired\s*=\s*0"
    ),
    "open_findings": r"\bstate\s+in\s*\(\s*'(?:new|open)'",
    "governments": r"coalesce\(\s*(?:\w+\.)?government,\s*(?:\w+\.)?title",
}
"""Patterns of the condition of each view, to find copies of it."""
SAID_IN = re.compile(r"catalog/(db/)?(schema/)?views\.py|catalog/model/dcat\.py")
"""The files in which the conditions are defined, and the model, which chooses the address before a record is stored."""


class Place(NamedTuple):
    """Something that was counted: its package, ``file:line`` below the root, and what it is."""

    package: str
    where: str
    what: str


def _files(package: str, *suffixes: str) -> Iterator[Path]:
    for path in sorted((ROOT / package).rglob("*")):
        if path.suffix in suffixes and "__pycache__" not in path.parts:
            yield path


def _place(package: str, path: Path, line: int, what: str) -> Place:
    return Place(package, f"{path.relative_to(ROOT).as_posix()}:{line}", " ".join(what.split())[:120])


def sql_outside_catalog() -> list[Place]:
    """Return SQL statements and clauses outside ``catalog/**/*.py``; those in templates of the site are included."""
    found = []
    for package in PACKAGES:
        suffixes = (".html", ".jinja", ".j2") if package == "catalog" else (".py", ".html", ".jinja", ".j2")
        for path in _files(package, *suffixes):
            found += [_place(package, path, one.line, one.text) for one in sql_of(path)]
    return found


def copied_conditions(name: str) -> list[Place]:
    """Return the places that repeat the condition of the view ``name``, in any form that ``CONDITIONS`` matches."""
    pattern = re.compile(CONDITIONS[name], re.IGNORECASE)
    found = []
    for package in PACKAGES:
        for path in _files(package, ".py", ".html", ".sql", ".toml"):
            if SAID_IN.fullmatch(path.relative_to(ROOT).as_posix()):
                continue
            text = path.read_text(encoding="utf-8")
            for match in pattern.finditer(text):
                found.append(_place(package, path, text.count("\n", 0, match.start()) + 1, match[0]))
    return found


def altered_sql() -> list[Place]:
    """Return calls of ``.replace`` on text that a module keeps as SQL, by name or in place."""
    found = []
    kept = {
        target.id
        for module in _modules()
        for node in _nodes(module.name)
        if isinstance(node, ast.Assign) and (text := text_of(node.value)) is not None and is_sql(text)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for module in _modules():
        for node in _nodes(module.name):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace"
            ):
                continue
            subject = node.func.value
            is_kept = isinstance(subject, ast.Name) and subject.id in kept
            if is_kept or ((text := text_of(subject)) is not None and is_sql(text)):
                found.append(_place(module.package, module.path, node.lineno, ast.unparse(node)))
    return found


class _Module(NamedTuple):
    package: str
    path: Path
    name: str
    tree: ast.Module


@cache
def _modules() -> tuple[_Module, ...]:
    found = []
    for package in PACKAGES:
        for path in _files(package, ".py"):
            dotted = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
            found.append(_Module(package, path, dotted, ast.parse(path.read_text(encoding="utf-8"))))
    return tuple(found)


@cache
def _nodes(module: str) -> tuple[ast.AST, ...]:
    """Return the assignments, calls, classes and imports of a module, in the order of ast.walk."""
    kinds = (ast.Assign, ast.Call, ast.ClassDef, ast.Import, ast.ImportFrom)
    return tuple(node for node in ast.walk(_by_name()[module].tree) if isinstance(node, kinds))


def _classes(module: str) -> Iterator[ast.ClassDef]:
    return (node for node in _nodes(module) if isinstance(node, ast.ClassDef))


def classes_with_two_meanings() -> dict[str, list[Place]]:
    """Return public class names that more than one module defines, with the places of each."""
    found: dict[str, list[Place]] = defaultdict(list)
    for module in _modules():
        for node in _classes(module.name):
            if not node.name.startswith("_") and node.name not in MANY:
                found[node.name].append(_place(module.package, module.path, node.lineno, node.name))
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_FILLERS = (
    "a all an and are as at be been by can do does for from get gets give gives given has have her here in into is it "
    "its itself make makes of on one or own return returns s say says set sets so that the their them there these they "
    "this those to was were what when where whether which who whose will with"
)


def _stems(text: str) -> set[str]:
    fillers = set(_FILLERS.split())
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower())
    return {re.sub(r"(ies|ied|es|ed|ing|s|y|e)$", "", word) or word for word in words if word not in fillers}


def says_more(name: str, docstring: str | None) -> bool:
    """Return whether a docstring contains a word that the name does not; articles and the like do not count."""
    return bool(docstring and _stems(docstring) - _stems(name.replace("_", " ")))


def undocumented() -> list[Place]:
    """Return public functions and methods without a docstring that says more than their name.

    Left out: methods that override one of a base class, variants declared with ``@overload``, and setters.
    """
    return [
        _place(module.package, module.path, node.lineno, f"{owner.name}.{node.name}" if owner else node.name)
        for module in _modules()
        for owner, node in _public_functions(module.tree.body, None)
        if not says_more(node.name, ast.get_docstring(node))
        and not _is_variant(node)
        and not (owner and _overrides(owner, node.name, module.name))
    ]


def public_functions() -> dict[str, int]:
    """Return how many public functions and methods each package has, including overriding ones and variants."""
    counts = dict.fromkeys(PACKAGES, 0)
    for module in _modules():
        counts[module.package] += sum(1 for _ in _public_functions(module.tree.body, None))
    return counts


def _public_functions(
    body: Iterable[ast.stmt], owner: ast.ClassDef | None
) -> Iterator[tuple[ast.ClassDef | None, _Function]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public_functions(node.body, node)
        elif isinstance(node, _Function) and not node.name.startswith("_"):
            yield owner, node
        elif isinstance(node, ast.If | ast.Try):
            yield from _public_functions(node.body, owner)


def _is_variant(node: _Function) -> bool:
    names = {ast.unparse(one) for one in node.decorator_list}
    return any(name.endswith(("overload", ".setter", ".deleter")) for name in names)


@cache
def _by_name() -> dict[str, _Module]:
    return {module.name: module for module in _modules()}


@cache
def _classes_by_name(module: str) -> dict[str, ast.ClassDef]:
    """Return the first class of each name in a module."""
    found: dict[str, ast.ClassDef] = {}
    for node in _classes(module):
        found.setdefault(node.name, node)
    return found


@cache
def _imported(module: str) -> dict[str, str]:
    """Return the dotted origin of each name that a module imports."""
    found: dict[str, str] = {}
    for node in _nodes(module):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        elif isinstance(node, ast.Import):
            found |= {one.asname or one.name.split(".")[0]: one.name if one.asname else one.name.split(".")[0]
                      for one in node.names}  # fmt: skip
    return found


def _overrides(owner: ast.ClassDef, method: str, module: str) -> bool:
    return any(_has(ast.unparse(base).split("[")[0], method, module) for base in owner.bases)


def _has(base: str, method: str, module: str) -> bool:
    """Return whether a class, as a module names it, has a method of its own or of a base class."""
    if module in _by_name():
        node = _classes_by_name(module).get(base)
        if node is not None:
            own = any(isinstance(one, _Function) and one.name == method for one in node.body)
            return own or _overrides(node, method, module)
    first, *rest = base.split(".")
    origin = ".".join((_imported(module).get(first, first), *rest)) if module in _by_name() else base
    place, _, name = origin.rpartition(".")
    if place in _by_name():
        return _has(name, method, place) if (place, name) != (module, base) else False
    if not place:
        return hasattr(getattr(builtins, name, None), method)
    try:
        return hasattr(getattr(importlib.import_module(place), name, None), method)
    except ImportError:
        return False


def _by_package(places: Iterable[Place]) -> dict[str, int]:
    counts = dict.fromkeys(PACKAGES, 0)
    for place in places:
        counts[place.package] += 1
    return counts


def _line(title: str, counts: dict[str, int]) -> str:
    return f"{title:<44}{''.join(f'{counts[name]:>11}' for name in PACKAGES)}{sum(counts.values()):>8}"


def main() -> None:
    """Print the table, and with ``-v`` the places below each line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-v", "--verbose", action="store_true", help="list every place")
    verbose = parser.parse_args().verbose
    lines = [f"{'':<44}{''.join(f'{name:>11}' for name in PACKAGES)}{'all':>8}"]
    twice = classes_with_two_meanings()
    blocks = [
        ("SQL outside catalog/*.py", sql_outside_catalog()),
        ("SQL altered by .replace", altered_sql()),
        *((f"copies of the condition of {name}", copied_conditions(name)) for name in CONDITIONS),
        ("classes whose name means two things", [place for places in twice.values() for place in places]),
        ("public functions without a docstring", undocumented()),
    ]
    for title, places in blocks:
        lines.append(_line(title, _by_package(places)))
        if verbose:
            lines += [f"    {one.where}  {one.what}" for one in places]
    lines.append(_line("public functions", public_functions()))
    lines.append(f"public class names that mean two things: {len(twice)} ({', '.join(twice)})")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
