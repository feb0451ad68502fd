"""Every finding on a table says where, what, why it matters and what to do, in words that need no programmer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.model import TableDefect
from quality.tables.judge import wording
from quality.tables.judge.wording import sentence, what_and_why, where
from specs.expectations import kinds, load
from specs.languages import languages
from specs.table_rules import table_rules

JARGON = re.compile(
    r"(?i)\b(CR|LF|CRLF|RFC|NUL|null|ISO ?\d+|WGS|IANA|regex\w*|regular expression|parser|validator|validat(eur|or)|"
    r"analy[sz]er|delimiter|encoding|encodage|pandas|index=False|row\.names|boolean|integer|string|token|bytes?|octets?|"
    r"(primary|foreign) key|clé primaire|well-formed|exponent|metadata|preamble|stub|cardinality|codec|charset|UTF-16|"
    r"checksum|hash|API|URL|HTTP|stdin|timeout|ASCII)\b"
)
"""Words that a clerk who knows spreadsheets need not know. Names of formats, and UTF-8, stand in their menus."""
TAKES_AWAY = {"blank_row", "padded_cell", "duplicate_row", "hidden_sheet", "whole_line_quoted", "stray_quote"}
"""Rules whose remedy removes something: all of them what holds no data, or what was found to be meant otherwise."""


def rules() -> Iterator[tuple[str, str, str, str]]:
    """Return id, message, reason and remedy of every rule about tables."""
    for rule in table_rules().values():
        yield rule.id, rule.message, rule.why, rule.fix
    for kind in ("any", *kinds()):
        for one in load(kind):
            yield f"{one.rule} ({kind})", one.message, one.why, one.fix


ALL = {name: (what, why, fix) for name, what, why, fix in rules()}


@pytest.mark.parametrize("name", ALL)
def test_every_rule_has_its_parts_in_plain_words(name: str) -> None:
    what, why, fix = ALL[name]
    assert what[0].isupper() and what.endswith(".") and ". " not in what and 15 <= len(what) <= 140
    assert re.match(r"(so|because) \w", why) and not why.endswith(".") and len(why) <= 110, why
    assert fix[0].isupper() and fix.endswith(".") and ". " not in fix.replace("U.S. ", "") and len(fix) <= 190, fix
    for part in (what, why, fix):
        assert not (found := JARGON.search(part)), (found, part)


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_remedies_in_other_languages_have_no_jargon_either(code: str) -> None:
    for rule, fix in languages()[code].table_rules.items():
        assert not (found := JARGON.search(fix)), (rule, found, fix)
        assert fix.endswith(".")


def test_no_remedy_destroys_data_or_contradicts_another() -> None:
    takers = {name for name, (_, _, fix) in ALL.items() if re.search(r"(?i)\b(remove|delete|erase)\b", fix)}
    assert takers <= TAKES_AWAY | {f"{name} (any)" for name in TAKES_AWAY}, takers
    # One rule wants codes as text, the other numbers as numbers: each says of what it speaks.
    assert "codes" in ALL["number_as_text"][2] and "codes" in ALL["leading_zeros_lost"][2]
    assert "above" in ALL["no_header"][2]  # and not over the row of data that stands first


def test_messages_that_the_code_writes_are_plain_too() -> None:
    folder = Path(wording.__file__).parents[1]
    names = ("declared/validation", "judge/defects", "judge/drift", "inspect", "judge/verdict", "expect/table_kinds")
    for name in (*names, "judge/code_outliers", "judge/value_outliers", "personal/detect"):
        tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
        notes = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in notes:
                text = node.value
                if re.match(r"[A-Z][\w ,]{12}.*\.$", text):
                    assert not (found := JARGON.search(text)), (name, found, text)
                    assert ". " not in text, (name, text)


def made(rule: str, count: int, **values: Any) -> TableDefect:
    return TableDefect(rule=rule, count=count, message="", **values)


@pytest.mark.parametrize(
    ("defect", "format_id", "expected"),
    [
        (made("blank_row", 3, rows=(4, 7, 9)), "CSV", "Lines 4, 7 and 9: "),
        (made("blank_row", 1, first_row=4), "XLSX", "Row 4: "),
        (made("type_error", 12, field="Fee", rows=(4, 7)), "CSV", "Column 'Fee', lines 4, 7 and 10 more: "),
        (made("padded_cell", 5, field="Fee"), "CSV", "Column 'Fee', 5 cells: "),
        (made("type_error", 1, field="May!Fee", rows=(2,)), "ODS", "Sheet 'May', column 'Fee', row 2: "),
        (made("type_error", 1, field="May!Fee", rows=(2,)), "CSV", "Column 'May!Fee', line 2: "),
        (made("blank_column_name", 2, rows=(1,)), "CSV", "Line 1, 2 columns: "),
        (made("type_error", 1, field="column 3", rows=(5,)), "CSV", "Column 3, line 5: "),
        (made("protected_file", 1), None, "The file: "),
    ],
)  # fmt: skip
def test_a_sentence_says_where(defect: TableDefect, format_id: str | None, expected: str) -> None:
    rule = table_rules()[defect.rule]
    whole = sentence(replace(defect, message=rule.message), format_id)
    assert whole.startswith(expected)
    for part in (rule.message[1:-1], rule.why, rule.fix[1:]):
        assert part in whole
    assert whole.count(". ") == 0 and whole.endswith(".")


def test_of_a_rule_that_is_not_known_its_name_is_said() -> None:
    unknown = made("some_old_rule", 1, field="a")
    assert what_and_why(unknown) == "some old rule." and where(unknown) == "column 'a'"
    assert sentence(unknown) == "Column 'a': some old rule."
