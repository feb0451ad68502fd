"""The pages of ``docs/reference`` are the code's; and the README is short."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.reference_tables import PAGES, rule_table

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
RULES_PAGE = REFERENCE / "table_rules.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"
MOST_LINES = 120


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_of_the_reference_are_made_from_the_code(name: str) -> None:
    page, make = PAGES[name]
    path, table = REFERENCE / page, make()
    text = path.read_text("utf-8")
    pattern = re.compile(rf"(<!-- {name} -->\n)(.*?)(\n<!-- /{name} -->)", re.DOTALL)
    if os.environ.get("WINNOW_UPDATE_README"):
        text = pattern.sub(lambda found: found[1] + table + found[3], text)
        path.write_text(text, "utf-8")
    found = pattern.search(text)
    assert found and found[2] == table, "run the tests once with WINNOW_UPDATE_README=1"


def test_the_page_of_table_rules_lists_them_all() -> None:
    text = RULES_PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    inner, after = rest.split(END)
    if os.environ.get("WINNOW_UPDATE_README"):
        RULES_PAGE.write_text(f"{before}{BEGIN}{rule_table()}{END}{after}", "utf-8")
    else:
        assert inner == rule_table(), "table_rules.md: run WINNOW_UPDATE_README=1 pytest -n 0 tests/test_readme.py"


def test_the_recipes_for_operators_know_every_exit_code() -> None:
    def codes(text: str) -> set[str]:
        return set(re.findall(r"(?m)^\| (\d+) \|", text))

    guide = (ROOT / "docs" / "howto" / "operations.md").read_text("utf-8")
    assert codes(guide) == codes((REFERENCE / "exit-codes.md").read_text("utf-8"))


def test_the_readme_is_short_and_leads_on() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert "make demo" in text and "make test" in text and "winnow nightly" in text
    for link in re.findall(r"\]\(((?:docs/|[A-Z])[^)#]*)", text):
        assert (ROOT / link).exists(), link


def test_every_page_of_the_docs_is_reached_and_every_link_of_them_leads_somewhere() -> None:
    pages = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    listed = "\n".join(path.read_text("utf-8") for path in pages if path.name == "index.md")
    for path in pages:
        assert path.name == "index.md" or re.search(rf"(?m)^{re.escape(path.stem)}$", listed), path
        for link in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), (path, link)


def test_each_test_that_the_security_page_names_is_there() -> None:
    page = (ROOT / "docs" / "explanation" / "security.md").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", page))
    assert named and {name for name in named if f"def {name}(" not in code} == set()
    files = set(re.findall(r"`((?:catalog|harvester|quality|specs)/(?:[a-z_]+/)*test_\w+\.py)`", page))
    assert files and {name for name in files if not (ROOT / "tests" / name).is_file()} == set()
