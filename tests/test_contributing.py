"""The recipes of ``CONTRIBUTING.md`` are tried as they stand: what their steps write is written into a copy of the
project, and their commands are run there.

There are two copies: one for the recipes of an alias and of a language, which hold that no other word has changed, and
one for all others, in which the checks of all run at once. Of ``make digest`` only the pages are written: computing
the digests takes long, and ``tests/quality/test_versions.py`` and ``test_digest.py`` hold them to what is recorded.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

pytestmark = [pytest.mark.xdist_group("contributing"), pytest.mark.slow]

ROOT = Path(__file__).parents[1]
ALONE = ("Add an alias to a vocabulary", "Add a language")
"""Recipes that are not followed together with others."""
LEFT_OUT = ("tests/quality/test_versions.py",)
"""Checks that look into every file of the corpus, or at a digest that was not recorded here."""
PROGRAMS = {
    "python": [],
    "ruff": ["-m", "ruff"],
    "winnow": ["-c", "from harvester.cli.entry import main; main()"],
    "winnow-dev": ["-c", "from harvester.dev.main import main; main()"],
}
"""How a program is started without its script, which would run the project outside the copy."""
PRINTED = {
    "Add a rule of tables": '"single_column"',
    "Add a portal type": "PASSED tests/harvester/test_portal_types.py::test_tape_gives_golden[harbour-api]",
}
"""What the commands of a recipe print."""
_STEP = re.compile(r"^\d+\. (.*?)(?=^\d+\. |^\S|\Z)", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EDITS = (
    ("append", re.compile(r"Append to `([^`]+)`")),
    ("create", re.compile(r"Create `([^`]+)`")),
    ("copy", re.compile(r"Copy `([^`]+)` to `([^`]+)`")),
    ("replace", re.compile(r"In `([^`]+)`, write `([^`]+)`\s+for\s+`([^`]+)`")),
    ("insert", re.compile(r"In `([^`]+)`, (below|above) `([^`]+)`, write:")),
)


@dataclass(frozen=True)
class Recipe:
    """A section of CONTRIBUTING.md that has steps."""

    title: str
    steps: tuple[str, ...]

    def commands(self) -> list[list[str]]:
        """Return the lines of its shell blocks, as lists of words."""
        blocks = [body for step in self.steps for kind, body in _FENCE.findall(step) if kind == "sh"]
        return [shlex.split(line) for block in blocks for line in block.splitlines()]

    def checks(self) -> list[str]:
        """Return the tests that it runs, without those listed here."""
        called = [words[1:] for words in self.commands() if words[0] == "pytest" and "-k" not in words]
        return [one for args in called for one in args if one not in LEFT_OUT]


def _recipes() -> dict[str, Recipe]:
    found = {}
    for section in (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        # The first line of a step stands behind its number, the others below it.
        steps = tuple(
            first + "\n" + textwrap.dedent(rest) for first, _, rest in (s.partition("\n") for s in _STEP.findall(text))
        )
        if steps:
            found[title] = Recipe(title, steps)
    return found


RECIPES = _recipes()


def _apply(step: str, root: Path) -> None:
    """Carry out a step in a copy: write the files it shows, or run its commands."""
    blocks = [body for kind, body in _FENCE.findall(step) if kind != "sh"]
    for kind, pattern in _EDITS:
        match = pattern.match(step)
        if match is None:
            continue
        path = root / match[1]
        old = path.read_text("utf-8") if kind != "create" else ""
        if kind == "copy":
            path, new = root / match[2], old
        elif kind == "replace":
            assert old.count(match[3]) == 1, f"{match[1]} has {old.count(match[3])} times: {match[3]}"
            new = old.replace(match[3], match[2])
        elif kind == "insert":
            lines = old.splitlines(keepends=True)
            (at,) = (n for n, line in enumerate(lines) if line.strip() == match[3])
            at += match[2] == "below"
            new = "".join([*lines[:at], blocks[0], *lines[at:]])
        else:
            between = {".py": "\n\n", ".toml": "\n"}.get(path.suffix, "") if old else ""
            new = old + between + blocks[0]
        # The copy consists of links: the file itself must stay as it is.
        path.unlink(missing_ok=True)
        path.write_text(new, "utf-8")
        return
    assert _FENCE.findall(step), f"no file and no command: {step}"


def _copied(folder: Path) -> Path:
    # With what Python has compiled: a copy is as old as its original. Else each program would compile everything anew.
    ignored = shutil.ignore_patterns("_build", "*.egg-info")
    for name in ("specs", "catalog", "quality", "harvester", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, copy_function=os.link, ignore=ignored)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, folder / path.name)
    return folder


def _run(root: Path, *command: str, **more: str) -> str:
    """Run a program of this environment in a copy, and return its output."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "WINNOW", "COV"))}
    env = inherited | {"PYTHONPATH": str(root), **more}
    done = subprocess.run(
        [sys.executable, *command], cwd=root, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0 or command[:2] == ("-m", "pytest"), f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


_PYTEST = ("-m", "pytest", "-q", "-rA", "-n", "0", "-p", "no:cacheprovider")


def _try(recipes: Sequence[Recipe], root: Path) -> str:
    """Follow recipes in a copy, and return the output. All their tests run in one process, which starts slowly."""
    printed, chosen = "", dict[str, list[str]]()
    for recipe in recipes:
        for step in recipe.steps:
            _apply(step, root)
        for words in recipe.commands():
            if words[0] in PROGRAMS:
                printed += _run(root, *PROGRAMS[words[0]], *words[1:])
            elif "-k" in words:
                (file, _, word) = words[1:]
                chosen.setdefault(file, []).append(word)
            else:
                assert words[0] == "pytest" or words == ["make", "digest"], words
    # Pages are written in place: they must not be links.
    for path in (root / "docs" / "reference").iterdir():
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)
    checks = dict.fromkeys(one for recipe in recipes for one in recipe.checks())
    pages = ("tests/quality/test_methodology.py", "tests/test_readme.py")
    only = " and ".join(f"({' or '.join(words)} or not {Path(file).stem})" for file, words in chosen.items())
    return printed + _run(root, *_PYTEST, *pages, *checks, *chosen, "-k", only, WINNOW_UPDATE_README="1")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what pytest printed after each recipe was followed in the copy, by the title of the recipe."""

    @cache
    def said(is_alone: bool) -> str:
        recipes = [one for one in RECIPES.values() if (one.title in ALONE) == is_alone]
        return _try(recipes, _copied(tmp_path_factory.mktemp("recipes")))

    return lambda title: said(title in ALONE)


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_can_be_followed(title: str, followed: Callable[[str], str]) -> None:
    said = followed(title)
    assert PRINTED.get(title, "") in said
    for one in RECIPES[title].checks():
        assert f"PASSED {one}" in said, said[-6_000:]
        assert f"FAILED {one}" not in said and f"ERROR {one}" not in said, said[-6_000:]


def test_there_is_a_recipe_for_each_thing_that_is_added_often() -> None:
    words = " ".join(RECIPES)
    for thing in ("portal type", "metric", "column", "alias", "language", "measure", "page", "rule of tables"):
        assert thing in words
    assert all(one.checks() or one.title in PRINTED for one in RECIPES.values())
