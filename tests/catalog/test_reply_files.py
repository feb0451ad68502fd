"""What comes back through spreadsheets is read in every form, and what cannot be used is named and stops nothing."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from catalog.exports.csvfile import guard
from catalog.repositories.reply_files import parse
from catalog.repositories.reply_words import day
from specs.languages import language
from tests.catalog.replying import KEY, KEYS, NAMES, TODAY, write


@pytest.mark.parametrize("code", ["en", "fr", "es", "pt"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_language_and_spreadsheet_is_understood(code: str, delimiter: str, encoding: str, tmp_path: Path) -> None:
    words = language(code)
    said = words.values["response"]
    rows = [
        [words.column(name) for name in NAMES],
        [KEYS[0], said["acknowledged"], "", "Bureau « données »", "2026-11-20"],
        [KEYS[1], said["disputed"], guard("=le fichier répond"), guard("@moi"), ""],
        [KEYS[2], f"{said['will_fix_by']} 2026-12-31", "", "", ""],
        [KEYS[3], said["waived"].upper(), "", "", ""],
        [KEYS[4], "", "", "", ""],
        ["", "", "", "", ""],
    ]
    found = parse(write(tmp_path / "x.csv", rows, delimiter=delimiter, encoding=encoding), TODAY)
    assert found.problems == [] and found.blank == 1
    assert [one.reply for one in found.replies] == ["acknowledged", "disputed", "will_fix_by", "waived"]
    assert found.replies[0].replied_by == "Bureau « données »" and found.replies[0].replied_on == "2026-11-20"
    assert (found.replies[1].note, found.replies[1].replied_by) == ("=le fichier répond", "@moi")
    assert found.replies[2].promised_on == "2026-12-31"


def test_a_workbook_with_dates_of_its_own(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(NAMES)
    sheet.append([KEYS[0], "acknowledged", None, "Ada", date(2026, 11, 20)])
    sheet.append([KEYS[1], "will_fix_by:31.12.2026", None, None, None])
    book.save(tmp_path / "x.xlsx")
    found = parse(tmp_path / "x.xlsx", TODAY)
    assert found.problems == []
    assert [one.replied_on for one in found.replies] == ["2026-11-20", None]
    assert found.replies[1].promised_on == "2026-12-31"


@pytest.mark.parametrize(
    "text, is_day_first, wanted",
    [
        ("2026-12-31", None, "2026-12-31"),
        ("2026-12-31 00:00:00", None, "2026-12-31"),
        ("2026-12-31T00:00:00Z", None, "2026-12-31"),
        ("2026/1/5", None, "2026-01-05"),
        ("31/12/2026", None, "2026-12-31"),
        ("12/31/2026", None, "2026-12-31"),
        ("03/04/2026", True, "2026-04-03"),
        ("3.4.2026", None, "2026-04-03"),
        ("46387", None, "2026-12-31"),
        ("46387.0", None, "2026-12-31"),
        ("'2026-12-31", None, "2026-12-31"),
        ("31.12.26", None, "2026-12-31"),
        ("03/04/26", True, "2026-04-03"),
        ("11/24/26", None, "2026-11-24"),
        ("24 novembre 2026", None, "2026-11-24"),
        ("1er déc. 2026", None, "2026-12-01"),
        ("24 de noviembre de 2026", None, "2026-11-24"),
        ("24-nov-2026", None, "2026-11-24"),
        ("November 24th, 2026", None, "2026-11-24"),
    ],
)
def test_dates_of_spreadsheets(text: str, is_day_first: bool | None, wanted: str) -> None:
    assert day(text, is_day_first) == wanted


@pytest.mark.parametrize(
    "text",
    ["03/04/2026", "soon", "2026-13-01", "31/31/2026", "", "99999999", "26/11/24", "31 novembre 2026", "5 tavros 2026"],
)
def test_what_is_no_certain_day_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="; write it as 2026-12-31"):
        day(text, None)


@given(st.text(max_size=30))
def test_any_text_is_a_day_or_a_plain_refusal(text: str) -> None:
    for first in (None, True):
        try:
            assert date.fromisoformat(day(text, first))
        except ValueError as error:
            assert "; write it as" in str(error)


BAD = [
    (["x", "acknowledged", "", "", ""], "id of the finding"),
    ([KEY, "maybe", "", "", ""], "is not known"),
    ([KEY, "corrigé", "", "", ""], "needs no reply"),
    ([KEY, "disputed", "", "", ""], "needs a reason"),
    ([KEY, "will_fix_by", "", "", ""], "no day"),
    ([KEY, "will_fix_by:2020-01-01", "", "", ""], "is past"),
    ([KEY, "will_fix_by:03/04/2027", "", "", ""], "may be two days"),
    ([KEY, "acknowledged but", "", "", ""], "goes on with"),
    ([KEY, "", "a remark", "", ""], "there is a remark"),
]


@pytest.mark.parametrize("row, what", BAD, ids=[what for _, what in BAD])
def test_bad_rows_are_named_with_line_and_remedy(row: list[str], what: str, tmp_path: Path) -> None:
    good = [[key, "acknowledged", "", "", ""] for key in KEYS[:2]]
    found = parse(write(tmp_path / "x.csv", [NAMES, good[0], row, good[1]]), TODAY)
    assert [one.finding_id for one in found.replies] == KEYS[:2]
    (problem,) = found.problems
    assert problem.line == 3 and what in problem.what and len(problem.remedy) > 10


@pytest.mark.parametrize("said, what", [("2027-01-01", "is to come"), ("soon", "is no date"), ("3/4/2026", "two days")])
def test_an_optional_day_that_cannot_be_read_costs_the_day_and_not_the_reply(
    said: str, what: str, tmp_path: Path
) -> None:
    found = parse(write(tmp_path / "x.csv", [NAMES, [KEY, "waived", "", "", said]]), TODAY)
    assert [(one.reply, one.replied_on) for one in found.replies] == [("waived", None)]
    (problem,) = found.problems
    assert problem.line == 2 and what in problem.what and "without its day" in problem.what


def test_a_promised_day_in_the_column_of_the_reply_s_own_day_is_the_promise(tmp_path: Path) -> None:
    rows = [[KEYS[0], "will_fix_by", "", "", "31.12.2030"], [KEYS[1], "will_fix_by", "", "", "2020-12-31"]]
    found = parse(write(tmp_path / "x.csv", [NAMES, *rows]), date(2030, 11, 24))
    assert [(one.promised_on, one.replied_on) for one in found.replies] == [("2030-12-31", None)]
    assert [one.line for one in found.problems] == [3]


def test_what_stands_above_the_header_is_no_obstacle(tmp_path: Path) -> None:
    text = f"sep=;\r\nReplies of the ministry, all of them\r\n\r\nFinding_ID;Reply\r\n{KEY.upper()};Waived\r\n"
    (tmp_path / "x.csv").write_text(text, newline="")
    found = parse(tmp_path / "x.csv", TODAY)
    assert found.problems == [] and [(one.line, one.finding_id, one.reply) for one in found.replies] == [
        (5, KEY, "waived")
    ]


@pytest.mark.parametrize("header", ["reply", "Response", "ANSWER", "Réponse", "respuesta", "Resposta"])
def test_a_column_of_replies_under_another_name(header: str, tmp_path: Path) -> None:
    found = parse(write(tmp_path / "x.csv", [["finding_id", header], [KEY, "waived"]]), TODAY)
    assert found.problems == [] and [one.reply for one in found.replies] == ["waived"]


def test_our_own_column_of_earlier_replies_is_no_reply(tmp_path: Path) -> None:
    rows = [["finding_id", "answer", "answered_on", "response"], [KEY, "waived", "2026-01-01", ""]]
    found = parse(write(tmp_path / "x.csv", rows), TODAY)
    assert found.replies == [] and found.problems == [] and found.blank == 1
    found = parse(write(tmp_path / "x.csv", [row[:3] for row in rows]), TODAY)
    assert found.replies == [] and "no column holds replies" in found.problems[0].what


def test_the_sheet_that_has_the_header_is_read(tmp_path: Path) -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    first.append(["Dear colleagues,"])
    sheet = book.create_sheet("Réponses")
    sheet.append([])
    sheet.append(["from the ministry"])
    sheet.append(NAMES)
    sheet.append([KEY, "waived"])
    book.save(tmp_path / "x.xlsx")
    found = parse(tmp_path / "x.xlsx", TODAY)
    assert found.problems == [] and [(one.line, one.reply) for one in found.replies] == [(4, "waived")]


def test_an_old_workbook_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    (problem,) = parse(tmp_path / "x.xls", TODAY).problems
    assert ".xls" in problem.what and "XLSX" in problem.remedy


@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice")
def test_a_workbook_saved_by_libreoffice_as_ods(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(NAMES)
    sheet.append([KEY, "acknowledged", None, "Ada", date(2026, 11, 20)])
    book.save(tmp_path / "x.xlsx")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    convert = ["soffice", profile, "--headless", "--convert-to", "ods", "--outdir", str(tmp_path)]
    subprocess.run([*convert, str(tmp_path / "x.xlsx")], check=True, capture_output=True, timeout=120)
    found = parse(tmp_path / "x.ods", TODAY)
    assert found.problems == [] and [(one.reply, one.replied_on) for one in found.replies] == [
        ("acknowledged", "2026-11-20")
    ]


def test_two_replies_that_contradict_each_other_are_both_named_and_neither_counts(tmp_path: Path) -> None:
    rows = [NAMES, [KEY, "waived"], [KEYS[0], "waived"], [KEY, "acknowledged"], [KEYS[0], "waived"]]
    found = parse(write(tmp_path / "x.csv", rows), TODAY)
    assert {one.finding_id for one in found.replies} == {KEYS[0]}
    assert [one.line for one in found.problems] == [2, 4] and "another reply in line 4" in found.problems[0].what


def test_a_row_of_findings_without_its_id_is_no_reply_to_its_cause(tmp_path: Path) -> None:
    rows = [
        [*NAMES, "cause_id"],
        ["", "waived", "", "", "", f"cause-{KEY}"],
        [KEY, "waived", "", "", "", f"cause-{KEY}"],
    ]
    found = parse(write(tmp_path / "x.csv", rows), TODAY)
    assert [one.finding_id for one in found.replies] == [KEY]
    (problem,) = found.problems
    assert problem.line == 2 and "id of the finding" in problem.what


def test_what_is_cut_is_said(tmp_path: Path) -> None:
    row = [KEY, "waived", "n" * 2_001, "r" * 201, ""]
    found = parse(write(tmp_path / "x.csv", [NAMES, row, [KEYS[1], "waived", "n" * 2_000, "r" * 200, ""]]), TODAY)
    assert [(len(one.note or ""), len(one.replied_by or "")) for one in found.replies] == [(2_000, 200)] * 2
    assert [(one.line, "the first" in one.what, bool(one.remedy)) for one in found.problems] == [(2, True, True)] * 2


def test_address_that_is_too_long_is_said_and_not_cut(tmp_path: Path) -> None:
    long = "https://x.example/" + "a" * 2_000
    rows = [["url", "dataset_id", "what", "who"], [long, "", "gone", "Ann"], [long, "p-1", "g" * 2_001, "A" * 201]]
    found = parse(write(tmp_path / "x.csv", rows), TODAY)
    assert [(one.line, one.url, one.dataset_id, len(one.what)) for one in found.reports] == [(3, None, "p-1", 2_000)]
    assert [one.line for one in found.problems] == [2, 3, 3, 3]
    assert "more than 2,000" in found.problems[0].what and "dataset_id" in found.problems[0].remedy


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"PK\x03\x04broken", b"a,b\r\n1,2\r\n", b"\x00\x01\x02", b'"a'])
def test_files_that_are_none_of_ours_are_said(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    found = parse(tmp_path / "x.csv", TODAY)
    assert not found.replies and len(found.problems) == 1 and found.problems[0].remedy


def test_nobody_promises_for_a_day_that_never_comes(tmp_path: Path) -> None:
    rows = [[KEYS[0], f"will_fix_by:{year}-01-31"] for year in (TODAY.year + 10, TODAY.year + 11, 9999)]
    found = parse(write(tmp_path / "x.csv", [["finding_id", "response"], rows[0]]), TODAY)
    assert len(found.replies) == 1
    for row in rows[1:]:
        (problem,) = parse(write(tmp_path / "x.csv", [["finding_id", "response"], row]), TODAY).problems
        assert "more than 10 years ahead" in problem.what and problem.remedy == "promise a nearer one"
