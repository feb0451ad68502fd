"""What comes back through spreadsheets is read in every form, and what cannot be used is named and stops nothing."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from catalog.db.interned import keys_of
from catalog.db.store import Catalog, open_catalog
from catalog.exports.csvfile import guard
from catalog.repositories.finding_states import set_state
from catalog.repositories.replies import import_replies, import_reports, uphold_disputes
from catalog.repositories.reply_files import Reply, parse
from catalog.repositories.reply_words import day
from catalog.repositories.unapproved import approve, waiting_texts
from harvester.night.disputes import _outcome
from specs.languages import language
from tests.catalog.carding import PORTALS, put_out, scored
from tests.making import put_findings, put_measurements

TODAY = date(2026, 11, 24)
KEY = "0123456789abcdef0123"
KEYS = [f"{number:020x}" for number in range(1, 9)]
NAMES = ["finding_id", "response", "response_note", "responder", "responded_on"]


def write(path: Path, rows: list[list[str]], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replies")
    with scored(folder, runs=1, count=12):
        pass
    return folder


@pytest.fixture
def held(made: Path, tmp_path: Path) -> Iterator[Catalog]:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    with open_catalog(tmp_path / "catalog.db") as catalog:
        yield catalog


def state(catalog: Catalog, key: str) -> str:
    return str(catalog.value("select state from findings where id = ?", [key]))


def reply(key: str, said: str, **more: str | None) -> Reply:
    about: dict[str, str | None] = {"promised_on": None, "note": None, "replied_by": None, "replied_on": None}
    return Reply(line=2, finding_id=key, reply=said, **(about | more))  # type: ignore[arg-type]


def test_replies_set_the_state_and_are_shown_and_read_but_once(held: Catalog, tmp_path: Path) -> None:
    keys = [row["id"] for row in held.rows("select id from findings where portal_id = 'a' order by id limit 5")]
    said = [
        reply(keys[0], "disputed", note="it is there"),
        reply(keys[1], "waived"),
        reply(keys[2], "will_fix_by", promised_on="2026-11-19", replied_on="2026-11-01", replied_by="=Ada"),
        reply(keys[3], "acknowledged"),
        reply("0" * 20, "waived"),
    ]
    done = import_replies(held, said, "2026-11-24")
    assert sum(done.written.values()) == 4 and len(done.disputes) == 1
    assert [one.what for one in done.problems] == [f"there is no finding {'0' * 20}"]
    assert [state(held, key) for key in keys[:2]] == ["disputed", "waived"]
    again = import_replies(held, said, "2026-11-25")
    assert again.known == 4 and not again.written and not again.disputes
    # Beside the finding, and in the figures.
    approve(held, [one.key for one in waiting_texts(held)])
    put_out(held, tmp_path / "out")
    rows = {row["finding_id"]: row for row in read(tmp_path / "out" / "findings.csv")}
    assert (rows[keys[0]]["state"], rows[keys[0]]["answer_note"]) == ("disputed", "it is there")
    assert (rows[keys[2]]["promised_on"], rows[keys[2]]["is_overdue"]) == ("2026-11-19", "yes")
    assert rows[keys[3]]["answer"] == "acknowledged" and rows[keys[4]]["answer"] == ""
    assert all(row["response"] == row["responded_on"] == "" for row in rows.values())
    cards = read(tmp_path / "out" / "scorecard.csv")
    assert {row["promises_overdue"] for row in cards if row["entity_id"] in ("a", PORTALS[0].government)} == {"1"}
    # Who acknowledges what was waived takes that back, and the last reply stands.
    import_replies(held, [reply(keys[1], "acknowledged")], "2026-11-26")
    assert state(held, keys[1]) == "open"


def test_an_id_that_a_spreadsheet_turned_into_a_number_is_matched_by_what_the_row_says(
    held: Catalog, tmp_path: Path
) -> None:
    one = held.rows("select * from findings where portal_id = 'a' and resource_url is not null order by id limit 1")[0]
    names = ["finding_id", "dataset_id", "rule_id", "field", "resource_url", "response"]
    row = [one[name] or "" for name in names[1:-1]]
    ids = ["1.23457E+19", "1,23457e19", "12345678901234567000"]
    for number, key in enumerate(ids):
        found = parse(write(tmp_path / "x.csv", [names, [key, *row, "waived"]]), TODAY)
        done = import_replies(held, found.replies, f"2026-11-0{number + 1}")
        assert done.problems == [] and done.restored == {2: one["id"]}
    assert state(held, one["id"]) == "waived"
    # What fits nothing, or has nothing to fit, is said.
    found = parse(write(tmp_path / "x.csv", [names, [ids[0], *row[:-1], "https://else.example/", "waived"]]), TODAY)
    (problem,) = import_replies(held, found.replies, "2026-11-24").problems
    assert "no findings fit" in problem.what and "cell of text" in problem.remedy
    found = parse(write(tmp_path / "x.csv", [["finding_id", "response"], [ids[0], "waived"]]), TODAY)
    assert "id of the finding" in found.problems[0].what


def test_a_dispute_of_what_no_longer_stands_is_said(held: Catalog) -> None:
    key = held.value("select id from findings limit 1")
    set_state(held, key, "fixed")
    (problem,) = import_replies(held, [reply(key, "disputed", note="no")], "2026-11-24").problems
    assert "no longer stands (fixed)" in problem.what and problem.remedy


def test_the_export_filled_in_by_hand_comes_back(held: Catalog, tmp_path: Path) -> None:
    put_out(held, tmp_path / "out")
    (folder,) = (path.parent for path in (tmp_path / "out").glob("*/findings.fr.csv"))
    with (folder / "findings.fr.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][-5:] = ["Oui", "contesté", "le fichier répond", "Trésor", "24/11/2026"]
    found = parse(write(tmp_path / "back.csv", rows, delimiter=";", encoding="utf-8-sig"), TODAY)
    assert found.problems == [] and found.blank == len(rows) - 2
    assert found.replies[0].replied_on == "2026-11-24" and found.replies[0].is_name_public
    assert import_replies(held, found.replies, "2026-11-24").written == {"disputed": 1}
    # The workbook too.
    book = load_workbook(folder / "findings.xlsx")
    sheet = book["findings"]
    assert sheet.cell(1, 1).value == language("fr").column("response")
    sheet.cell(3, 1).value = "waived"
    book.save(tmp_path / "back.xlsx")
    found = parse(tmp_path / "back.xlsx", TODAY)
    assert found.problems == [] and [one.reply for one in found.replies] == ["waived"]
    # Without a word, the name stays private.
    assert not found.replies[0].is_name_public


def test_reports_of_citizens_are_kept_beside_their_dataset(held: Catalog, tmp_path: Path) -> None:
    url = held.value("select download_url from distributions where portal_id = 'a' and download_url is not null")
    key = held.value("select id from datasets where portal_id = 'c' limit 1")
    rows = [
        ["url", "dataset_id", "what", "who", "name_is_public"],
        [url, "", "=the file is of 2019", "Bo", "yes"],
        ["", key, "no more than a picture", "Zanthia", ""],
        ["https://nowhere.example/", "", "gone", "Bo", ""],
        [url, "", "", "Bo", ""],
    ]
    found = parse(write(tmp_path / "report.csv", rows), TODAY)
    assert [problem.line for problem in found.problems] == [5]
    done = import_reports(held, found.reports, "2026-11-24")
    assert done.written == {"reports": 2} and [problem.line for problem in done.problems] == [4]
    assert import_reports(held, found.reports, "2026-11-25").known == 2
    approve(held, [one.key for one in waiting_texts(held)])
    put_out(held, tmp_path / "out")
    page = next((tmp_path / "out").glob("republique*/report.html")).read_text()
    assert "=the file is of 2019" in page and "Bo" in page and "Zanthia" not in page


def test_a_dispute_is_upheld_only_if_the_finding_itself_was_seen_after_it(catalog: Catalog) -> None:
    nights = ("20260101T000000Z", "20990101T000000Z")
    key, url = "f" + "0" * 19, "https://x.example/a.csv"
    catalog.upsert("portals", [{"id": "p", "title": "p", "government": "Landia"}])
    catalog.upsert("datasets", [{"id": "d", "portal_id": "p"}])
    catalog.upsert("distributions", [{"id": "x", "dataset_id": "d", "portal_id": "p"}])
    catalog.upsert("runs", [{"id": run_id} for run_id in nights])
    seen = {"first_seen_run": nights[0], "last_seen_run": nights[0], "severity": "info", "state": "open"}
    about = {"id": key, "portal_id": "p", "dataset_id": "d", "distribution_id": "x", "rule_id": "table_not_empty"}
    put_findings(catalog, [seen | about | {"resource_url": url}])
    import_replies(catalog, [reply(key, "disputed", note="It has rows.")], "2026-01-02")
    # Its address was asked after that, but its file was not read.
    catalog.upsert("resource_checks", [{"url": url, "outcome": "ok", "checked_at": "2099-01-01T00:00:00Z"}])
    assert not uphold_disputes(catalog, "p", ["table_not_empty"])
    run_key = keys_of(catalog.db.conn, [nights[1]])[nights[1]]
    catalog.db.conn.execute("update finding_rows set last_seen_key = ?", [run_key])
    measured = {"distribution_id": "x", "dataset_id": "d", "portal_id": "p", "run_id": nights[1]}
    put_measurements(catalog, [measured | {"unknown": "encoding,table_not_empty"}])
    assert not uphold_disputes(catalog, "p", ["table_not_empty"]) and _outcome(catalog, key, url) is None
    put_measurements(catalog, [measured | {"unknown": "encoding"}])
    assert _outcome(catalog, key, url) == "upheld"
    assert uphold_disputes(catalog, "p", ["table_not_empty"]) == 1


def test_who_says_the_same_again_after_another_reply_means_it(held: Catalog) -> None:
    key = held.value("select id from findings where portal_id = 'a' order by id limit 1")
    for said, is_new in (
        (reply(key, "waived"), True),
        (reply(key, "waived"), False),
        (reply(key, "acknowledged", replied_on="2026-11-20"), True),
        (reply(key, "waived"), True),
        (reply(key, "waived"), False),
        # A file that was sent before, with its days, comes once more.
        (reply(key, "acknowledged", replied_on="2026-11-20"), False),
    ):
        done = import_replies(held, [said], "2026-11-24")
        assert (bool(done.written), done.known) == (is_new, not is_new), said
        assert state(held, key) == ("open" if said.reply == "acknowledged" and is_new else "waived")
    assert held.value("select count(*) from replies") == 3
