"""Who speaks: a reply counts if its sender is confirmed; else only the operator sees it, and it changes nothing."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog.db.store import Catalog, open_catalog
from catalog.repositories import unconfirmed
from catalog.repositories.people import files_with
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.reply_files import CitizenReport, ParsedReplies, Problem, Reply
from catalog.repositories.unconfirmed import submissions
from harvester.cli.main import cli
from harvester.cli.replies import say
from harvester.mail import incoming
from harvester.mail.incoming import TakenIn, take_in
from harvester.mail.replies import reply_reader
from harvester.mail.senders import Sender
from harvester.mail.tokens import holder_of, issue
from tests.catalog.carding import PORTALS, RUNS, data_folder

MINISTRY = PORTALS[0]
ADDRESS = str(MINISTRY.contact_email)
ABOUT = [("government", str(MINISTRY.government))]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_folder(tmp_path_factory.mktemp("senders"), count=12)


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


def findings(catalog: Catalog, portal: str, count: int) -> list[str]:
    sql = "select id from findings where portal_id = ? order by id limit ?"
    return [row["id"] for row in catalog.rows(sql, [portal, count])]


def said(key: str, reply: str, line: int = 2, note: str | None = None) -> Reply:
    return Reply(line=line, finding_id=key, reply=reply, promised_on=None, note=note, replied_by=None, replied_on=None)


def take(catalog: Catalog, replies: Sequence[Reply], sender: Sender | None, most: int = 50) -> tuple[int, list[str]]:
    """Take in replies and return how many count, and why the others do not."""
    parsed = ParsedReplies(replies=list(replies))
    done = take_in(catalog, parsed, sender, source="x.csv", today="2026-11-24", waived_max=most)
    return sum(done.replies.written.values()), list(done.reasons)


def state(catalog: Catalog, key: str) -> str:
    return str(catalog.value("select state from findings where id = ?", [key]))


def run(data: Path, *args: object) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *map(str, args)])


def test_address_and_token_together_confirm_a_sender_and_nothing_else_does(data: Path) -> None:
    token = issue(data, recipient_hash(ADDRESS), ABOUT, RUNS[0])
    other = issue(data, recipient_hash("other@example.org"), ABOUT, RUNS[0])
    elsewhere = issue(data, recipient_hash(ADDRESS), [("government", "Gamma")], RUNS[0])
    holder = holder_of(data, f"Re: Winnow [{token.upper()}]")
    passed = "dkim=pass spf=pass dmarc=pass"
    tried: list[tuple[Sender, str | None]] = [
        (Sender("stranger@example.org", holder, passed), "not the contact address"),
        (Sender(ADDRESS, None, passed), "token"),
        (Sender(ADDRESS, holder_of(data, other), passed), "token"),
        (Sender(ADDRESS, holder_of(data, elsewhere), passed), "token"),
        (Sender(ADDRESS, holder_of(data, "winnow-bcdf-ghjk-lmnp-qrst"), passed), "token"),
        (Sender(ADDRESS, holder, "dkim=none spf=pass dmarc=fail"), "dmarc=fail"),
        (Sender(ADDRESS.upper(), holder, ""), None),
    ]
    with open_catalog(data / "catalog.db") as catalog:
        (key,) = findings(catalog, "a", 1)
        for number, (sender, why) in enumerate(tried):
            count, reasons = take(catalog, [said(key, "disputed", note=f"no {number}")], sender)
            assert (count, len(reasons)) == ((0, 1) if why else (1, 0)), sender
            assert (why or "") in "".join(reasons) and (state(catalog, key) == "disputed") is (why is None)
        # The token of one government's letter says nothing about another portal.
        (foreign,) = findings(catalog, "c", 1)
        count, (why,) = take(catalog, [said(foreign, "waived")], Sender(ADDRESS, holder))
        assert count == 0 and "not the contact address" in why and state(catalog, foreign) != "waived"
        assert len(submissions(data)) == 7


def test_what_an_unconfirmed_sender_writes_is_the_operators_alone_until_accepted(data: Path, tmp_path: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        keys = findings(catalog, "a", 3)
    rows = [["finding_id", "response", "response_note"], *([key, "waived", "a quaggy reason"] for key in keys)]
    with (tmp_path / "back.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    command = ("replies", "import", tmp_path / "back.csv", "--no-check", "--from")
    assert run(data, *command, "nobody").exit_code == 2
    done = run(data, *command, "stranger@example.org")
    assert done.exit_code == 0 and "not counted before you accept: 3 rows" in done.output, done.output
    key = done.output.rpartition("refuse ")[2].split()[0]
    assert "read before, as " + key in run(data, *command, "stranger@example.org").output
    listed = run(data, "replies", "list").output
    assert f"{key}: 3 rows of back.csv, stranger@example.org" in listed and f"line 2: {keys[0]} waived" in listed
    with open_catalog(data / "catalog.db") as catalog:
        assert [state(catalog, one) for one in keys] == [state(catalog, keys[0])] * 3 != ["waived"] * 3
        assert catalog.value("select count(*) from replies") == 0
    assert [path.name for path in files_with(data, "a quaggy reason")] == ["people.db"]
    assert run(data, "replies", "accept", "s0").exit_code == 2
    assert "1 waived" in run(data, "replies", "accept", key, "--line", 3, "--approve").output
    assert "deleted: 2 rows" in run(data, "replies", "refuse", key).output
    with open_catalog(data / "catalog.db") as catalog:
        assert [state(catalog, one) == "waived" for one in keys] == [False, True, False]
        assert catalog.rows("select note from replies") == [{"note": "a quaggy reason"}]
    assert submissions(data) == [] and files_with(data, "stranger@") == []
    # It is not asked about again.
    assert "read before" in run(data, *command, "stranger@example.org").output and submissions(data) == []


def test_many_waivers_wait_whoever_sent_them_and_what_is_waived_is_not_fixed(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        keys = findings(catalog, "a", 6)
        before = catalog.rows("select dataset_id, score from dataset_quality order by 1")
        replies = [said(key, "waived", line) for line, key in enumerate(keys[:5], start=2)]
        count, (why,) = take(catalog, [*replies, said(keys[5], "acknowledged", 9)], None, most=4)
        assert count == 1 and "waives 5 findings, more than 4" in why
        assert "waived" not in {state(catalog, key) for key in keys}
        assert take(catalog, replies, None, most=5) == (5, [])
        assert {state(catalog, key) for key in keys[:5]} == {"waived"}
        # What is waived already does not count again.
        assert take(catalog, [*replies, said(keys[5], "waived", 10)], None, most=1) == (1, [])
        take(catalog, [said(keys[5], "acknowledged", 11, "again")], None)
        assert catalog.value("select count(*) from findings where fixed_run is not null") == 0
        assert catalog.rows("select dataset_id, score from dataset_quality order by 1") == before


def test_several_files_of_a_government_waive_no_more_than_one_between_two_letters(data: Path) -> None:
    others = "office@example.org"
    holders = [holder_of(data, issue(data, recipient_hash(one), ABOUT, RUNS[0])) for one in (ADDRESS, others)]
    with open_catalog(data / "catalog.db") as catalog:
        catalog.db.conn.execute("update portals set contact_email = ? where id = 'a'", [f"{ADDRESS}, {others}"])
        catalog.db.conn.commit()
        waivers = [said(key, "waived", line) for line, key in enumerate(findings(catalog, "a", 12), start=2)]
        first, second = (Sender(one, holder) for one, holder in zip((ADDRESS, others), holders, strict=True))
        assert take(catalog, waivers[:3], first, most=5) == (3, [])
        # The same file again, and what stands below the limit with it.
        assert take(catalog, waivers[:3], first, most=5) == (0, [])
        assert take(catalog, waivers[3:5], second, most=5) == (2, [])
        count, (why,) = take(catalog, waivers[5:6], second, most=5)
        assert count == 0 and "waives 1 findings, and files since the last letter waived 5" in why
        assert take(catalog, waivers[6:8], None, most=5) == (2, [])
        sent = {"channel": "mail", "entity_level": "government", "entity_id": ABOUT[0][1], "run_id": RUNS[0]}
        catalog.upsert("sent", [{"id": "s", "recipient_hash": "h", "sent_at": "2999-01-01T00:00:00Z", **sent}])
        assert take(catalog, waivers[8:12], first, most=5) == (4, [])


def test_strangers_cannot_fill_the_disk(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unconfirmed, "WAITING_MAX", 1_000)
    stranger = Sender("stranger@example.org", None)
    with open_catalog(data / "catalog.db") as catalog:
        keys = findings(catalog, "a", 9)
        first = take_in(
            catalog, ParsedReplies([said(keys[0], "waived")]), stranger, source="x", today="2026-11-24", waived_max=9
        )
        many = ParsedReplies([said(key, "disputed", line, "n" * 500) for line, key in enumerate(keys[1:], 2)])
        done = take_in(catalog, many, stranger, source="x", today="2026-11-24", waived_max=9)
        assert first.waiting == 1 and done.waiting == 0 and done.submission is None
        (problem,) = done.replies.problems
        assert "that wait have more than 1,000 characters" in problem.what and "accept or refuse" in problem.remedy
        assert [one.id for one in submissions(data)] == [first.submission]


def test_the_waiver_of_a_cause_counts_all_its_findings(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        with catalog.writing():
            row = {"number": 1, "portal_id": "a", "rule_id": "r", "level": "host", "root_value": "x", "state": "open"}
            catalog.upsert("causes", [{"id": f"cause-{'0' * 20}", "split": "", **row}])
            catalog.db.conn.execute(
                """insert into cause_members (finding, cause) select f.key, 1 from findings f
                   where f.portal_id = 'a' order by f.id limit 7"""
            )
            catalog.db.conn.execute(
                "update finding_rows set state = 'fixed' where key = (select min(finding) from cause_members)"
            )
        waiver = said(f"cause-{'0' * 20}", "waived")
        count, (why,) = take(catalog, [waiver], None, most=5)
        assert count == 0 and "waives 6 findings" in why
        # The same line twice waives no more, and neither of the two slips through.
        assert take(catalog, [waiver, replace(waiver, line=3)], None, most=5) == (0, [why])
        assert take(catalog, [waiver], None, most=6) == (1, [])
        assert catalog.value("select count(*) from findings where state = 'waived'") == 6


def test_a_report_by_mail_waits_and_one_that_the_operator_imports_does_not(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        key = catalog.value("select id from datasets limit 1")
        report = CitizenReport(line=2, dataset_id=key, url=None, what="old", who=None, reported_on=None)
        for sender, count in ((Sender("bo@example.org", None), 0), (None, 1)):
            done = take_in(
                catalog, ParsedReplies(reports=[report]), sender, source="x", today="2026-11-24", waived_max=50
            )
            assert sum(done.reports.written.values()) == count == catalog.value("select count(*) from reports")
        (waiting,) = submissions(data)
        assert waiting.rows[0].content == report
        assert replace(waiting, rows=()).sender == "bo@example.org"


def test_a_file_that_cannot_be_read_waits_for_nobody(data: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\x00\x01")
    with reply_reader(date(2026, 11, 24)) as read:
        parsed = read(tmp_path / "x.csv")
    with open_catalog(data / "catalog.db") as catalog:
        done = take_in(catalog, parsed, Sender("x@example.org", None), source="x", today="2026-11-24", waived_max=50)
    assert parsed.problems and done.submission is None and submissions(data) == []


def test_a_file_of_a_stranger_reads_the_portals_once_and_is_taken_in_within_limits(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    with open_catalog(data / "catalog.db") as catalog:
        replies = [said(f"{number:020x}", "waived", number) for number in range(2, 42)]
        catalog.db.conn.set_trace_callback(asked.append)
        assert take(catalog, replies, Sender("x@stranger.example", None))[0] == 0
        catalog.db.conn.set_trace_callback(None)
        assert len([sql for sql in asked if "contact_email" in sql]) == 1
        monkeypatch.setattr(incoming, "ROWS_MAX", 30)
        for sender, count, lines in ((Sender("y@stranger.example", None), 30, [32]), (None, 0, range(2, 42))):
            parsed = ParsedReplies(replies=replies)
            done = take_in(catalog, parsed, sender, source="x", today="2026-11-24", waived_max=50)
            assert done.waiting == count and [one.line for one in done.replies.problems] == list(lines)
        assert len(submissions(data)[-1].rows) == 30


def test_a_line_that_does_not_wait_is_said(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        key = take_in(
            catalog, ParsedReplies(replies=[said("0" * 20, "waived", 2)]), Sender("x@example.org", None),
            source="\x1b[2Jx.csv", today="2026-11-24", waived_max=50,
        ).submission  # fmt: skip
    for command in ("accept", "refuse"):
        done = run(data, "replies", command, key, "--line", 99)
        assert done.exit_code == 2 and "--line 99: nothing of" in done.output and len(submissions(data)) == 1


def test_what_senders_write_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("\x1b[2Jx.csv", TakenIn(), 0, [Problem(1, "odd \x1b]0;", "again\u202e")])
    shown = capsys.readouterr()
    assert (shown.out + shown.err).replace("\n", "").isprintable()


def test_a_file_with_nothing_but_faults_does_not_flood_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(line, "the id is missing", "copy it") for line in range(2, 3_002)]
    assert say("x.csv", TakenIn(), 0, problems) == 3_000
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1_001 and lines[-1] == "x.csv: 2,000 more lines cannot be used"
