"""The workbook is made for who answers in it: what to fill in first, words to choose from, wrapped, and it prints."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from catalog.exports.csvfile import CsvFile
from catalog.exports.folders import SENT
from catalog.exports.wording import header, translator
from catalog.exports.workbook import FIRST, book_order
from catalog.repositories.reply_files import parse
from catalog.repositories.reply_words import reply_of
from specs.languages import language, languages

FINDINGS = SENT["findings"]
ROW = {
    "finding_id": "f2345678901234567e10", "state": "open", "rule_id": "link_ok",
    "rule_title": "Does the address answer?", "dataset_title": "Trees", "observed": "the server answers 404",
    "expected": "yes", "how_to_fix": "x", "http_status": 404, "answered_on": "2026-11-20", "gain_points": 1234.5,
    "dataset_id": "a-1", "run_id": "r", "resource_url": "https://files.example/" + "long/" * 20,
}  # fmt: skip


def book(path: Path, code: str, rows: int = 1) -> Path:
    words = language(code)
    with CsvFile(
        path, FINDINGS.for_programs, FINDINGS.key, is_sent=True, language=words.code, is_alone=True,
        header=header(words, FINDINGS.column), translate=translator(words), for_people=FINDINGS.column,
    ) as file:  # fmt: skip
        for _ in range(rows):
            file.write(ROW)
    return path.with_suffix(".xlsx")


def test_what_to_fill_in_comes_first_and_ids_last_and_hidden() -> None:
    names = [FINDINGS.column[at].name for at in book_order(FINDINGS.column)]
    assert names[:4] == ["response", "response_note", "responder", "responded_on"]
    shown = [name for name in FIRST if name in names]
    assert names[: len(shown)] == shown and {"how_to_fix", "observed", "dataset_title"} <= set(shown)
    assert names[-1].endswith(("_id", "_run", "_record", "_ids", "_url")) and sorted(names) == sorted(
        one.name for one in FINDINGS.column
    )
    # Without columns to fill in the order stays, but for the ids.
    rules = [SENT["rules"].column[at].name for at in book_order(SENT["rules"].column)]
    assert rules[0] == "rule_title" and rules[-1] == "rule_id"


@pytest.mark.parametrize("code", list(languages()))
def test_the_workbook_is_in_the_language_and_offers_its_words(code: str, tmp_path: Path) -> None:
    words = language(code)
    opened = load_workbook(book(tmp_path / "findings.csv", code))
    sheet = opened["findings"]
    titles = [cell.value for cell in sheet[1]]
    assert titles[0] == words.column("response") and set(titles) == set(header(words, FINDINGS.column))
    row = dict(zip(titles, sheet[2], strict=True))
    assert row[words.column("rule_title")].value == words.questions["link_ok"]
    assert row[words.column("how_to_fix")].value == words.metrics["link_ok"]
    assert row[words.column("observed")].value == words.said("the server answers 404")
    assert row[words.column("answered_on")].value == datetime(2026, 11, 20)  # noqa: DTZ001
    assert row[words.column("gain_points")].value == 1234.5
    assert row[words.column("observed")].alignment.wrap_text and sheet.row_dimensions[2].height > 40
    hidden = {titles[at] for at, letter in enumerate(sheet.iter_cols(1, len(titles), 1, 1)) if
              sheet.column_dimensions[letter[0].column_letter].hidden}  # fmt: skip
    assert words.column("dataset_title") not in hidden
    (offered,) = sheet.data_validations.dataValidation
    chosen = offered.formula1.strip('"').split(",")
    assert {reply_of(one)[0] for one in chosen} == set(words.values["response"]) and str(offered.sqref) == "A2"
    # "Will be fixed by" needs a day behind it.
    assert not offered.showErrorMessage
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.print_title_rows == "$1:$1" and sheet.print_area.startswith("'findings'!$A$1:")
    note = sheet.oddFooter.left.text or ""
    assert (words.phrase("draft_note") in note) is words.is_draft


def test_what_is_written_into_it_comes_back(tmp_path: Path) -> None:
    path = book(tmp_path / "findings.csv", "pt", rows=3)
    opened = load_workbook(path)
    sheet = opened["findings"]
    for line, said in enumerate(["reconhecida", "contestada"], 2):
        sheet.cell(line, 1).value, sheet.cell(line, 2).value = said, "o endereço responde"
        sheet.cell(line, 4).value = datetime(2026, 11, 24)  # noqa: DTZ001
    opened.save(tmp_path / "back.xlsx")
    found = parse(tmp_path / "back.xlsx", date(2026, 11, 30))
    # All rows have one id, so two different replies contradict each other: both are read, and said.
    assert [one.line for one in found.problems] == [2, 3] and found.blank == 1
    assert all("another reply" in one.what for one in found.problems)
