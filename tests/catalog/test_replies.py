"""Replies and reports change what the catalogue says of findings, once, and only what they may."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from catalog.db.interned import keys_of
from catalog.db.store import Catalog, open_catalog
from catalog.repositories.disputes import uphold_disputes
from catalog.repositories.finding_states import set_state
from catalog.repositories.replies import import_replies, import_reports
from catalog.repositories.reply_files import Reply, parse
from catalog.repositories.unapproved import approve, waiting_texts
from harvester.night.disputes import _outcome
from specs.languages import language
from tests.catalog.carding import PORTALS, put_out, scored
from tests.catalog.replying import TODAY, read, write
from tests.making import put_findings, put_measurements


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
