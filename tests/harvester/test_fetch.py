"""Replies come by mail: only attachments are read, within limits, once, and no mail is lost."""

from __future__ import annotations

import csv
import io
import json
import shutil
import time
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from catalog.db.store import open_catalog
from catalog.repositories import fetched, unconfirmed
from catalog.repositories.people import opened
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.reply_files import ParsedReplies, parse
from catalog.repositories.unconfirmed import submissions
from harvester.cli.main import cli
from harvester.mail import fetch, mail_file, mailbox
from harvester.mail.evidence import evidence_of, worded
from harvester.mail.fetch import download, take_in_mail
from harvester.mail.mail_file import Attachment, Mail, mail_reader, read
from harvester.mail.mailbox import opened_mailbox
from harvester.mail.tokens import issue
from tests.catalog.carding import PORTALS, RUNS, data_folder
from tests.harvester.mailboxes import PASSWORD, USER, Post, place

ADDRESS = str(PORTALS[0].contact_email)
CSV = ("text", "csv")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_folder(tmp_path_factory.mktemp("fetch"), count=12)


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "data")
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    return tmp_path / "data"


def mail(sender: str, text: str, *files: tuple[str, bytes], **headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "winnow@example.org", "Re: scorecard"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    for name, content in files:
        made.add_attachment(content, maintype=CSV[0], subtype=CSV[1], filename=name)
    return made


def reply_file(data: Path, number: int, reply: str = "waived") -> tuple[str, bytes]:
    """Return a file with a reply to a finding of the ministry's portal."""
    with open_catalog(data / "catalog.db") as catalog:
        sql = "select id from findings where portal_id = 'a' order by id limit 1 offset ?"
        key = catalog.value(sql, [number])
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["finding_id", "response", "response_note"], [key, reply, f"reason {number}"]])
    return "findings.csv", text.getvalue().encode()


def waived(data: Path) -> int:
    with open_catalog(data / "catalog.db") as catalog:
        return int(catalog.value("select count(*) from findings where state = 'waived'"))


def run(data: Path, port: int, *args: object) -> Result:
    options = ["--imap", f"127.0.0.1:{port}", "--user", USER, "--password-file", data.parent / "secret", *args]
    return CliRunner().invoke(cli, ["--data", str(data), "replies", "fetch", "--no-check", *map(str, options)])


def test_a_confirmed_reply_counts_a_strangers_waits_and_both_mails_stay(data: Path, inbox: Post) -> None:
    token = issue(data, recipient_hash(ADDRESS), [("government", str(PORTALS[0].government))], RUNS[0])
    passed = "mx.example.org; dkim=pass (2048) header.d=x; spf=fail; dmarc=none"
    inbox.deliver(
        mail(f"Ministère <{ADDRESS}>", f"Bonjour\n> {token}\n", reply_file(data, 0), Message_ID="<1@x.example>"),
        mail("Bo <bo@stranger.example>", f"{token}", reply_file(data, 1), Authentication_Results=passed),
        mail("friend@example.org", "no file at all"),
        mail("spam@example.org", "look", ("offer.pdf", b"%PDF")),
    )
    done = run(data, inbox.port)
    assert done.exit_code == 0, (done.output, done.exception)
    assert f"{ADDRESS}, findings.csv: 1 waived" in done.output and "bo@stranger.example, findings.csv" in done.output
    assert "2 files of 2 mails, 2 mails without such files" in done.output and waived(data) == 1
    (waiting,) = submissions(data)
    # Without the name of our own mail server, whose word that is cannot be told.
    evidence = "dkim=pass spf=fail dmarc=none (not verified)"
    assert (waiting.sender, waiting.evidence) == ("bo@stranger.example", evidence)
    # None was deleted, and what was not read is unread.
    assert inbox.count() == 4 and inbox.count(which="UNSEEN") == 2
    assert "0 files of 0 mails" in run(data, inbox.port).output
    # A copy that arrives once more is known.
    inbox.deliver(mail(ADDRESS, token, reply_file(data, 0), Message_ID="<1@x.example>"))
    assert "1 mail read before" in run(data, inbox.port).output and inbox.count(which="UNSEEN") == 2
    # Whoever takes the Message-ID of another mail cannot have that one passed over.
    # A mail program that quotes nothing still names the letter in a header.
    headers = {"Message_ID": "<1@x.example>", "In_Reply_To": f"<{token}@winnow.example>"}
    inbox.deliver(mail(ADDRESS, "", reply_file(data, 2), **headers))
    assert "1 file of 1 mail" in run(data, inbox.port).output and waived(data) == 2


def test_mails_are_moved_and_the_settings_may_stand_in_the_configuration(data: Path, inbox: Post) -> None:
    inbox.make('"Winnow read"')
    (data / "winnow.toml").write_text(
        f'[mailbox]\nserver = "127.0.0.1:{inbox.port}"\nuser = "{USER}"\npassword_file = "{data.parent / "secret"}"\n'
        'move_to = "Winnow read"\n'
    )
    inbox.deliver(mail("x@example.org", "", reply_file(data, 0)), mail("y@example.org", ""))
    for counts in ("1 file of 1 mail, 1 mail without", "0 files of 0 mails"):
        done = CliRunner().invoke(cli, ["--data", str(data), "replies", "fetch"])
        assert done.exit_code == 0 and counts in done.output, (done.output, done.exception)
        assert (inbox.count(), inbox.count('"Winnow read"')) == (1, 1)
    assert run(data, inbox.port, "--folder", "Nowhere").exit_code == 1
    assert "give --imap" in CliRunner().invoke(cli, ["--data", str(data.parent), "replies", "fetch"]).output


def test_too_many_and_too_large_mails_are_said_and_stay(
    data: Path, inbox: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MAILS_MAX", 2)
    monkeypatch.setattr(fetch, "MAIL_MAX", 5_000)
    inbox.deliver(
        mail("big@example.org", "", ("findings.csv", b"x" * 6_000)),
        mail("x@example.org", "", ("findings.csv", b"no,header\r\n1,2\r\n")),
        mail("y@example.org", "", reply_file(data, 0)),
    )
    done = run(data, inbox.port)
    assert done.exit_code == 3 and "more than 5,000, and was left in the mailbox" in done.stderr
    assert "no header of findings" in done.stderr and "1 mail left for the next time" in done.output
    assert "1 file of 1 mail" in run(data, inbox.port).output
    assert inbox.count() == 3 and inbox.count(which="UNSEEN") == 1


def test_a_mail_in_any_form_is_taken_apart_or_refused(tmp_path: Path) -> None:
    bounced = mail("mailer-daemon@example.org", "not delivered")
    bounced.add_attachment(mail(ADDRESS, "winnow-bcdf-ghjk-lmnp-qrst", ("findings.csv", b"a")))
    deep = b"\n".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d' % (n, n) for n in range(2_000))
    two = mail("a@example.org", "", ("../../x.CSV", b"1"), *[(f"{n}.csv", b"2") for n in range(12)])
    two.replace_header("From", "a@example.org, b@example.org")
    found = {}
    for name, content in {"bounced": bounced.as_bytes(), "two": two.as_bytes(), "no": b"\xff\0"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / "mail").write_bytes(content)
        found[name] = read(tmp_path / "mail", folder=str(tmp_path / name))
    assert found["bounced"]["files"] == [] and "winnow-" not in found["bounced"]["text"]
    assert found["no"]["files"] == []
    assert found["two"]["sender"] == "" and len(found["two"]["files"]) == 10
    assert found["two"]["left_out"] == [(f"{n}.csv", "more than 10 files") for n in (9, 10, 11)]
    assert sorted(path.name for path in (tmp_path / "two").iterdir())[:2] == ["0.csv", "1.csv"]
    (tmp_path / "mail").write_bytes(deep)
    with mail_reader() as reader, pytest.raises(ValueError, match="nested"):
        reader(tmp_path / "mail", tmp_path)


@pytest.mark.parametrize(
    "header, sender",
    [
        (f'From: "{ADDRESS}" <evil@x.example>', "evil@x.example"),
        (f"From: evil@x.example ({ADDRESS})", "evil@x.example"),
        (f"From: {ADDRESS}\r\nFrom: evil@x.example", ""),
        (f"From: {ADDRESS}, evil@x.example", ""),
        (f"From: ministry:{ADDRESS},evil@x.example;", ""),
        (f"Sender: {ADDRESS}\r\nReply-To: {ADDRESS}", ""),
        (f"From: evil@x.example\r\n {ADDRESS}", "evil@x.example"),
        (f"From: Minist\u00e8re <{ADDRESS}>", ADDRESS),
    ],
)
def test_only_the_one_address_in_from_is_the_sender(header: str, sender: str, tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(f"{header}\r\nSubject: Re: scorecard\r\n\r\nHello\r\n".encode())
    assert read(tmp_path / "mail", folder=str(tmp_path))["sender"] == sender


def test_a_line_break_that_hides_in_a_name_is_refused(tmp_path: Path) -> None:
    header = f"From: =?utf-8?q?Bo=0D=0AFrom:_{ADDRESS}?= <evil@x.example>"
    (tmp_path / "mail").write_bytes(f"{header}\r\n\r\nHello\r\n".encode())
    with pytest.raises(ValueError, match="CR or LF"):
        read(tmp_path / "mail", folder=str(tmp_path))


def read_bytes(folder: Path, content: bytes) -> dict[str, Any]:
    (folder / "mail").write_bytes(content)
    return read(folder / "mail", folder=str(folder))


def test_a_sender_is_one_plain_address_and_all_texts_can_be_stored(tmp_path: Path) -> None:
    begin = b'Content-Type: text/csv\r\nContent-Disposition: attachment; filename="\xff.csv"\r\n'
    for sender in (b"From: a\xff@b.org\r\n", b"From: a@b.org\r\nFrom: c@d.org\r\n", b"", b"From: Bo <b o>\r\n"):
        found = read_bytes(tmp_path, sender + b"Message-ID: <\xff>\r\n" + begin + b"\r\nx")
        assert found["sender"] == "", sender
        assert json.dumps(found, ensure_ascii=False).encode(), sender
    assert read_bytes(tmp_path, b"From: Bo <a@b.org>\r\n\r\nx")["sender"] == "a@b.org"


def test_the_worst_result_is_kept_and_only_the_own_server_is_believed() -> None:
    many = "".join(f" dkim=fail header.d=a{n}.x;" for n in range(11))
    headers = [f"mx.op.org;{many} spf=pass; dmarc=pass", "mx.op.org 1; dmarc=fail (p=reject (x; dmarc=pass))"]
    forged = "forged.example; dkim=pass; arc=pass"
    assert evidence_of([*headers, forged], "MX.op.org") == "dkim=fail spf=pass dmarc=fail"
    assert evidence_of([forged], "mx.op.org") == "" and worded("") == ""
    assert worded(evidence_of([forged], None)) == "the mail says dkim=pass (not verified)"
    quoted = r'mx.op.org; spf=pass smtp.mailfrom="a\"; dmarc=pass; (\""; dmarc=fail; dkim=odd; dkim=pass'
    assert evidence_of([quoted], "mx.op.org") == "spf=pass dmarc=fail dkim=odd"


def test_one_mail_that_fails_never_stops_the_others(data: Path, inbox: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetched, "TRIES_MAX", 2)
    broken = mail("x@example.org", "", reply_file(data, 0))
    much = mail("z@example.org", "", reply_file(data, 2), ("b.zip", b"PK"))
    much.add_attachment(b"x", maintype="image", subtype="png", filename="c.png")
    inbox.deliver(broken, mail("y@example.org", "", reply_file(data, 1)), much)
    # A fault of the store that concerns one sender only.
    with opened(data) as db:
        db.execute(
            """create trigger fault before insert on submissions when new.sender = 'x@example.org'
               begin select raise(abort, 'no room'); end"""
        )
    done = run(data, inbox.port)
    assert done.exit_code == 3 and "no room), that is tried again" in done.stderr
    assert [one.sender for one in submissions(data)] == ["y@example.org", "z@example.org"]
    # What cannot be read of a mail is said, and the mail stays unread.
    assert "of z@example.org stays unread in the mailbox, files were left out" in done.stderr
    assert "b.zip (of a kind that is not read)" in done.stderr and "c.png" not in done.stderr
    assert inbox.count(which="UNSEEN") == 2
    last = run(data, inbox.port)
    assert last.exit_code == 3 and "no room), and was left in the mailbox" in last.stderr
    done = run(data, inbox.port)
    assert done.exit_code == 0 and inbox.count(which="UNSEEN") == 2, done.output


def test_what_was_read_is_kept_when_the_connection_may_carry_no_more(
    data: Path, inbox: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.deliver(*[mail(f"{n}@example.org", "", ("a.csv", b"x" * 3_000)) for n in range(3)])
    monkeypatch.setattr(mailbox, "SESSION_MAX", 2 * mailbox.RESPONSE_MAX + 8_000)
    (tmp_path / "one").mkdir()
    with opened_mailbox(place(inbox.port)) as session:
        found = download(data, session, tmp_path / "one", time.monotonic() + 60)
    assert (len(found.mails), found.left, found.failed) == (1, 2, [])
    # A server that says that a mail is shorter than it is.
    (tmp_path / "two").mkdir()
    monkeypatch.setattr(mailbox, "RESPONSE_MAX", 2_000)
    monkeypatch.setattr(mailbox, "MAIL_MAX", 100)
    with opened_mailbox(place(inbox.port)) as session:
        found = download(data, session, tmp_path / "two", time.monotonic() + 60)
        assert (len(found.mails), found.left) == (0, 2) and "longer than the mail server says" in found.failed[0]
    with opened_mailbox(place(inbox.port)) as session:
        found = download(data, session, tmp_path / "two", time.monotonic() + 60)
        assert found.left == 1


def test_a_mail_that_takes_too_much_is_tried_three_times(
    data: Path, inbox: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_file, "SECONDS", 1e-9)
    inbox.deliver(mail("x@example.org", "", reply_file(data, 0)))
    said = []
    for n in range(4):
        (tmp_path / str(n)).mkdir()
        with opened_mailbox(place(inbox.port)) as session:
            said += download(data, session, tmp_path / str(n), time.monotonic() + 60).failed
    assert [line.partition("), ")[2] for line in said] == [
        "that is tried 3 times", "that is tried 3 times", "and was left in the mailbox"
    ]  # fmt: skip


def test_a_mail_for_which_there_is_no_room_is_read_again_until_there_is(
    data: Path, inbox: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.deliver(mail("x@example.org", "", reply_file(data, 0)))
    monkeypatch.setattr(unconfirmed, "WAITING_MAX", 10)
    for _ in range(fetched.TRIES_MAX + 1):
        done = run(data, inbox.port)
        assert done.exit_code == 3 and "0 mails, 1 mail left for the next time" in done.output, done.exception
        assert "stays unread until the next time: replies of unconfirmed senders" in done.output
        assert inbox.count(which="UNSEEN") == 1 and not submissions(data)
    monkeypatch.undo()
    assert "1 file of 1 mail" in run(data, inbox.port).output and len(submissions(data)) == 1
    assert inbox.count(which="UNSEEN") == 0


def test_one_stranger_takes_no_room_from_others(data: Path, inbox: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox.deliver(mail("x@example.org", "", reply_file(data, 0)), mail("X@Example.org", "", reply_file(data, 1)))
    inbox.deliver(mail("y@example.org", "", reply_file(data, 2)))
    monkeypatch.setattr(unconfirmed, "SENDER_MAX", 300)
    done = run(data, inbox.port)
    assert "of 2 mails, 1 mail left" in done.output and "X@Example.org that wait have more than 300" in done.output
    assert [one.sender.lower() for one in submissions(data)] == ["x@example.org", "y@example.org"]
    # It does not stand before those of others for ever, and is never marked as read.
    assert "left unread in the mailbox" in [run(data, inbox.port).output for _ in range(fetched.TRIES_MAX - 1)][-1]
    done = run(data, inbox.port)
    assert done.exit_code == 0 and "0 files of 0 mails" in done.output and inbox.count(which="UNSEEN") == 1


def test_the_time_of_a_go_is_looked_at_between_the_files_of_a_mail(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content = reply_file(data, 0)
    (tmp_path / name).write_bytes(content)
    letter = Mail("x@example.org", "", "", "", (Attachment("1.csv", tmp_path / name),) * 2, ())
    today = date(2026, 11, 24)
    with open_catalog(data / "catalog.db") as catalog:

        def go(passing: float = 0) -> list[str]:
            clock = [0.0]

            def read_one(path: Path) -> ParsedReplies:
                clock[0] += passing
                return parse(path, today)

            monkeypatch.setattr(fetch.time, "monotonic", lambda: clock[0])
            return [one.name for one in take_in_mail(catalog, letter, read_one, today, waived_max=9, deadline=60)]

        with pytest.raises(TimeoutError):
            go(passing=61)
        # The first file was taken in; it is not taken in twice.
        assert len(submissions(data)) == 1
        assert go() == ["x@example.org, 1.csv"] * 2 and len(submissions(data)) == 1
