"""Whatever is seen in a table, or noted of a commitment, is said in every language, with its particulars and without
English left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from quality import commitments as promises
from quality import tables as room
from quality.digest.tables import Looked
from quality.tables.judge.rules import fix_of
from quality.tables.judge.wording import what_and_why
from specs.languages import Language, language, languages
from tests.pseudo import ISO_DAY, left_over, pseudo_language

pytestmark = pytest.mark.xdist_group("versions")  # the files are looked into once
OTHERS = [code for code in languages() if code != "en"]


@pytest.fixture(scope="module")
def pseudo() -> Iterator[Language]:
    with pseudo_language() as made:
        yield made


def test_every_defect_of_the_sample_files_is_said_with_its_particulars(
    looked: tuple[Looked, ...], pseudo: Language
) -> None:
    defects = {(one.rule, one.message): one for report in looked for one in report.report.defects}
    assert len(defects) > 70
    for (rule, message), one in defects.items():
        observed, field = what_and_why(one), f"{rule}: {one.field}"
        told = pseudo.said(observed, field)
        # Names of columns are data, and so are formats and encodings; CLDR joins a list.
        data = {one.field, "town", "utf-8", "XLSX", "more", "or"}
        assert set(left_over(told)) <= data, told
        # Without the rule's name it is said in the same words.
        assert pseudo.said(observed) == told
        assert not ISO_DAY.search(told) or ISO_DAY.search(observed), told
        assert left_over(pseudo.fix("table_expectations_met", field, fix_of(rule))) == []
        if message != languages()["en"].defects[rule]:
            assert all(language(code)._details.said(message.rstrip(".")) for code in OTHERS), message


def _skeleton(text: str) -> str:
    return re.sub(r"\{\w*\}", "{}", text).replace("{}{}", "{}").rstrip(".")


def _written(node: ast.expr) -> list[str]:
    """Return the texts that an expression may give, with {} for what is filled in."""
    match node:
        case ast.Constant(value=str() as text):
            return [text.replace("{", "").replace("}", "")]
        case ast.JoinedStr(values=parts):
            return ["".join(one.value if isinstance(one, ast.Constant) else "{}" for one in parts)]  # type: ignore[misc]
        case ast.IfExp(body=one, orelse=other):
            return [*_written(one), *_written(other)]
    return []


def _messages() -> Iterator[tuple[str, str]]:
    """Yield the messages and refusals that the code of tables may write, each with the name of its module."""
    for path in sorted(Path(room.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            told: list[ast.expr] = []
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                told += [one.value for one in node.keywords if one.arg == "message"]
                told += node.args[1:2] if name == "_say" else node.args[2:3] if name == "_defect" else []
                told += node.args[:1] if name in ("UnreadableError", "not_looked_into") else []
                told += node.args[:1] if name == "append" and "problems" in ast.unparse(node.func) else []
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
                "message",
                "why",
                "what",
                "_MESSAGE",
            ):
                told.append(node.value)
            for one in told:
                yield from ((path.name, text) for text in _written(one) if len(text) > 2)


def test_every_message_that_the_code_writes_has_words_in_the_languages() -> None:
    english = languages()["en"]
    known = {_skeleton(text) for texts in (english.details, english.defects) for text in texts.values()}
    # Clauses that a message ends with.
    inner = {text.rpartition(": ")[2] for text in known} | {""}
    found = dict.fromkeys(_messages())
    assert len(found) > 40
    # The rule is said instead of its refusal, and an old workbook is named by a note that is known.
    other = {"the archive is protected by a password", "the archive unpacks to several hundred times its size"}
    missing = [one for one in found if _skeleton(one[1]) not in known | inner | other]
    # What such a message ends with is a text of its own in the code.
    assert [one for one in missing if not one[1].endswith(": {}") and not one[1].startswith("{}: ")] == []


def _notes() -> Iterator[str]:
    """Yield what the code may note of the reading of a commitment."""
    for path in sorted(Path(promises.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            told: list[ast.expr] = []
            if isinstance(node, ast.Call):
                told += [one.value for one in node.keywords if one.arg == "note"]
                told += node.args if getattr(node.func, "id", "") == "_unmeasurable" else []
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith(("note", "(value, note")):
                told += node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.IfExp):
                told.append(node.value)
            for one in told:
                yield from (text for text in _written(one) if " " in text.replace("{}", "").strip())


def test_every_note_of_a_commitment_has_words_in_the_languages() -> None:
    known = {_skeleton(text) for text in languages()["en"].sentences.values()}
    found = [text for text in dict.fromkeys(_notes()) if text != "{}, {}: {}"]  # a person's own words
    assert len(found) > 10 and [text for text in found if _skeleton(text) not in known] == []
    french = language("fr")
    titles = languages()["en"].keys
    note = f"not observed: {titles['budget']}; {titles['elections']}. found, and not open: {titles['legislation']}"
    assert french.said(note) == (
        "non observé : Budget de l'État; Résultats des élections. trouvé, pas ouvert : Législation"
    )
    assert french.said("3 of 1200 datasets were never observed and are left out").startswith("3 jeux de données sur 1")


def test_figures_and_days_are_written_as_the_language_does() -> None:
    gone = "41,500 of 60,000 rows (69%) are gone since the last version."
    assert "41 500" in language("fr").said(gone, "drift_rows_lost").replace("\u202f", " ")
    assert "69 %" in language("fr").said(gone, "drift_rows_lost").replace("\u202f", " ").replace("\xa0", " ")
    assert "41.500" in language("pt-BR").said(gone, "drift_rows_lost")
    late = (
        "the last change, as declared for the dataset, was on 2026-01-05; due every month "
        "(the record says R/P1M), late since 2026-02-06"
    )
    days = {"fr": ("5 janvier 2026", "6 février 2026"), "es": ("5 de enero de 2026", "6 de febrero de 2026")}
    for code in OTHERS:
        said = language(code).said(late)
        assert not ISO_DAY.search(said) and all(day in said for day in days.get(code, ("2026",))), said
    # What a publisher declared is data.
    assert "2026-01-05" in language("fr").said("declared 2026-01-05; the data changed after 2026-02-06")
