"""Scorecards go out through real mail servers and webhooks of this machine: to each what is new, and nothing twice."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import socket
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from click.testing import CliRunner, Result
from portal_server import Asked, PortalServer, Response

import harvester
from catalog.db.store import now, open_catalog
from catalog.exports.options import ExportOptions
from catalog.repositories.people import files_with
from catalog.repositories.recipients import is_role
from catalog.repositories.sent import is_address, letters, note, recipient_hash
from harvester.cli.configuration import Configuration, MailServer, Operator, save
from harvester.cli.main import cli
from harvester.mail.letters import NO_TOKEN, LetterSender, Mailing, attachments_of, folder_of, mail_of
from harvester.mail.smtp import SmtpServer
from harvester.mail.tokens import holder_of, tokens_in
from harvester.night.stages import _published
from specs.errors import SpecError
from specs.languages import language
from tests.catalog.carding import EVIL, PORTALS, RUNS, promise, put_out, write_run
from tests.harvester.mailboxes import PASSWORD, USER, post

pytestmark = pytest.mark.xdist_group("send")  # one set-up for all


NAME = PORTALS[0].government or ""
PUBLIC = "https://watch.example/open"
OPERATOR = Operator(
    name="Open Data Watch",
    reason="We check open data.",
    imprint="Ring 1, Bern",
    how_to_stop="Answer with the word stop.",
)


class Box:
    """A mail server that keeps the mails it receives and refuses the recipients it is told to refuse."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Any) -> str:
        if to in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@pytest.fixture
def box() -> Iterator[tuple[Box, str]]:
    kept = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield kept, f"127.0.0.1:{port}"
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with open_catalog(folder / "catalog.db") as catalog:
        write_run(catalog, RUNS[0], count=18)
        promise(catalog)
        put_out(catalog, folder / "exports", public_url=PUBLIC)
    save(folder, Configuration(operator=OPERATOR, public_url=PUBLIC))
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


@pytest.fixture(scope="module")
def written_to(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a second run, a week after the minister got a letter about the first."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("second") / "data"))
    with open_catalog(folder / "catalog.db") as catalog:
        (letter,) = letters(catalog, RUNS[0], "mail")
        assert note(catalog, letter)
        write_run(catalog, RUNS[1], seed=2, count=18)
        put_out(catalog, folder / "exports", public_url=PUBLIC)
    a_week_passes(folder)
    return folder


@pytest.fixture
def second(written_to: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written_to, tmp_path / "second"))


def a_week_passes(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        catalog.db.conn.execute("update sent set sent_at = '2026-11-20T02:00:00Z'")
        catalog.db.conn.commit()


def run(data: Path, *args: str) -> Result:
    done = CliRunner().invoke(cli, ["--data", str(data), *args], catch_exceptions=False)
    return done


def send(data: Path, smtp: str, *more: str) -> Result:
    return run(data, "send", "--smtp", smtp, "--from", "winnow@example.org", "--confirm", NAME, *more)


def test_a_dry_run_shows_the_letters_and_sends_and_keeps_nothing(data: Path) -> None:
    for more, count in ((), 0), (("--confirm", NAME), 1):
        done = run(data, "send", "--dry-run", *more)
        assert done.exit_code == 0, done.output
        assert "mail to ministre@example.org: government République d'Exemple" in done.output
        assert f"{count} mails and 0 posts would go out" in done.output
        assert ("would be the first letter" in done.stderr) is (count == 0)
        assert "voici le premier bulletin" in done.output
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select count(*) from sent") == 0


def test_mail_goes_to_the_contact_once_with_the_files_in_its_language(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    done = send(data, smtp, "--reply-to", "desk@example.org")
    assert done.exit_code == 0, done.output
    (mail,) = kept.mails
    assert (mail["To"], mail["From"], mail["Reply-To"]) == (
        "ministre@example.org", "winnow@example.org", "desk@example.org",
    )  # fmt: skip
    (token,) = tokens_in(mail["Subject"])
    assert mail["Message-ID"] == f"<{token}@example.org>"
    holder = holder_of(data, mail["Subject"])
    assert holder and (holder.recipient_hash, holder.entities, holder.run_id) == (
        recipient_hash("ministre@example.org"), (("government", NAME),), RUNS[0],
    )  # fmt: skip
    assert mail["List-Unsubscribe"] == "<mailto:desk@example.org?subject=stop>"
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Content-Language"] == "fr"
    assert mail["Subject"].startswith("Données ouvertes, bulletin de République d'Exemple : ")
    body = mail.get_body(("plain",))
    assert body is not None
    words, text = language("fr"), body.get_content().replace("\r\n", "\n")
    signed = words.phrase("mail_signed", name="Open Data Watch")
    assert (
        words.phrase("mail_answer", findings="findings.xlsx", causes="causes.xlsx") in text
        and f"- contesté: {words.phrase('answer_disputed')}" in text
        and token in text
        and text.endswith(f"{signed}\nWe check open data.\nRing 1, Bern\nAnswer with the word stop.\n")
    )
    assert "https://watch.example/open/republique-d-exemple" in text and "/report.html" in text
    files = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
    assert set(files) == {
        "scorecard.csv", "causes.csv", "findings.csv", "rules.csv", "commitments.csv",
        "scorecard.fr.csv", "causes.fr.csv", "findings.fr.csv", "causes.xlsx", "findings.xlsx",
    }  # fmt: skip
    (own,) = (path.parent for path in (data / "exports").glob("republique*/findings.csv"))
    assert all(content == (own / str(name)).read_bytes() for name, content in files.items())
    # Whole addresses, also in the files.
    assert f'<base href="{PUBLIC}/{own.name}/">' in (own / "report.html").read_text("utf-8")
    assert f'href="{PUBLIC}/{own.name}/report.html"' in (own / "feed.atom").read_text("utf-8")
    # Nothing twice, and no address in the catalogue, which is public.
    assert "0 sent" in send(data, smtp).output and len(kept.mails) == 1
    with open_catalog(data / "catalog.db") as catalog:
        (row,) = catalog.rows("select * from sent")
        assert row["recipient_hash"] == recipient_hash("ministre@example.org") and "ministre" not in str(row)


def test_whoever_simply_replies_to_the_letter_is_believed(
    data: Path, box: tuple[Box, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, smtp = box
    assert send(data, smtp).exit_code == 0
    files = {part.get_filename(): part.get_payload(decode=True) for part in kept.mails[0].iter_attachments()}
    content = files["findings.fr.csv"]
    assert isinstance(content, bytes)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) > 20
    said = language("fr").values["response"]
    words = [said["acknowledged"], said["disputed"], f"{said['will_fix_by']} 2031-12-31", said["waived"]]
    for number, row in enumerate(rows[1:21]):
        row[-4:] = [words[number % 4], "voilà", "Mme Zorbic", ""]
    back = io.StringIO(newline="")
    csv.writer(back, delimiter=";").writerows(rows)
    monkeypatch.setenv("WINNOW_IMAP_PASSWORD", PASSWORD)
    with post() as inbox:
        for sender in ("ministre@example.org", "Ministre <someone@else.example>"):
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = sender, "winnow@example.org", "TR: " + kept.mails[0]["Subject"]
            mail.set_content("Bonjour, voir le fichier.")
            mail.add_attachment(
                back.getvalue().encode("utf-8"), maintype="text", subtype="csv", filename="Réponses.csv"
            )
            inbox.deliver(mail)
        done = run(data, "replies", "fetch", "--no-check", "--imap", f"127.0.0.1:{inbox.port}", "--user", USER)
    counted = "5 acknowledged, 5 disputed, 5 waived, 5 will_fix_by"
    assert f"ministre@example.org, Réponses.csv: {counted}; " in done.output, (done.output, done.stderr)
    assert "not counted before you accept: 20 rows" in done.output and done.exit_code == 0
    with open_catalog(data / "catalog.db") as catalog:
        put_out(catalog, data / "exports")
    assert files_with(data, "Zorbic") == files_with(data, "voilà") == [data / "people.db"]


def test_nothing_is_sent_while_nobody_signs_it(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    save(data, Configuration(operator=OPERATOR.model_copy(update={"imprint": None})))
    for args in (("--smtp", smtp, "--from", "winnow@example.org"), ("--webhook", "http://127.0.0.1:9/")):
        done = run(data, "send", *args)
        assert done.exit_code == 2 and "operator.imprint missing" in done.output and "winnow init" in done.output
    assert run(data, "send", "--dry-run").exit_code == 0 and not kept.mails
    # The mail server of the file is used where no option names one.
    save(data, Configuration(operator=OPERATOR, mail=MailServer(server=smtp, sender="desk@example.org")))
    assert run(data, "send", "--confirm", NAME).exit_code == 0 and kept.mails[0]["From"] == "desk@example.org"


def test_the_first_letter_to_a_government_is_looked_at_and_confirmed(
    data: Path, box: tuple[Box, str], tmp_path: Path
) -> None:
    kept, smtp = box
    args = ("send", "--smtp", smtp, "--from", "winnow@example.org")
    done = run(data, *args)
    assert done.exit_code == 3 and "0 sent" in done.output and not kept.mails, done.output
    assert f"held back: {NAME}" in done.stderr and "--confirm" in done.stderr
    assert run(data, *args, "--confirm", "Nowhere").exit_code == 2
    for _ in range(2):
        done = run(data, "send", "--preview", str(tmp_path / "look"))
        assert done.exit_code == 0, done.output
    with (tmp_path / "look" / "recipients.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["recipient"] == "ministre@example.org" and "first letter" in row["held_back"]
    own = tmp_path / "look" / row["folder"]
    assert {path.name for path in own.iterdir()} == {"letter.txt", "letter.eml", *row["files"].split()}
    assert "Open Data Watch" in (own / "letter.txt").read_text("utf-8") and "findings.csv" in row["files"]
    with pytest.raises(SpecError, match="something else"):
        run(data, "send", "--preview", str(data))
    assert not (data / "tokens.db").exists()
    assert run(data, *args, "--confirm", NAME).exit_code == 0
    (mail,) = kept.mails
    files = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
    assert files == {name: (own / name).read_bytes() for name in row["files"].split()}
    # Once it has had one, none needs a confirmation.
    assert "would be the first" not in run(data, *args).stderr


def test_an_address_gets_one_letter_about_all_its_governments(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        catalog.db.conn.execute("update portals set contact_email = 'Ministre@example.org' where id = 'c'")
        catalog.db.conn.commit()
    assert "1 sent" in send(data, smtp, "--confirm", "Gamma").output
    (mail,) = kept.mails
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    assert f"* {NAME}\n" in text and "* Gamma\n" in text
    names = {str(part.get_filename()) for part in mail.iter_attachments()}
    assert {"gamma-findings.csv", "gamma-causes.csv"} <= names and len(names) > 10
    # The text names the file as it is attached.
    assert "gamma-findings.csv" in text and "gamma-causes.csv" in text


@pytest.mark.parametrize("faulty", [NAME, "Gamma"])
def test_an_address_in_two_spellings_gets_one_letter_and_one_faulty_mail_does_not_stop_the_others(
    faulty: str, data: Path, box: tuple[Box, str]
) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        catalog.db.conn.execute("update portals set contact_email = 'Data@gamma.example' where id = 'c'")
        catalog.db.conn.commit()
        catalog.upsert("portals", [{"id": "c2", "title": "C", "government": "Gamma"}])
        catalog.db.conn.execute("update portals set contact_email = 'data@gamma.example' where id = 'c2'")
        catalog.db.conn.execute(
            f"""create trigger fault before insert on sent when new.entity_id = '{faulty.replace("'", "''")}'
                begin select raise(abort, 'a fault'); end"""
        )
        catalog.db.conn.commit()
        found = {one.name: one.recipient for one in letters(catalog, RUNS[0], "mail")}
        assert found == {NAME: "ministre@example.org", "Gamma": "Data@gamma.example"}
    done = send(data, smtp, "--confirm", "Gamma")
    assert (
        done.exit_code == 3 and "1 sent" in done.output and f"{faulty} (mail): IntegrityError: a fault" in done.output
    )
    assert [mail["to"] for mail in kept.mails] == [to for name, to in found.items() if name != faulty]
    # Of the other nothing is left, and it goes out the next time.
    with open_catalog(data / "catalog.db") as catalog:
        catalog.db.conn.execute("drop trigger fault")
        catalog.db.conn.commit()
    with closing(sqlite3.connect(data / "tokens.db")) as db:
        assert db.execute("select count(distinct token_hash) from tokens").fetchone() == (1,)
    assert "1 sent" in send(data, smtp, "--confirm", "Gamma").output
    assert {mail["to"] for mail in kept.mails} == set(found.values())


def test_an_address_gets_no_second_letter_within_the_week(second: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    with open_catalog(second / "catalog.db") as catalog:
        catalog.db.conn.execute("update sent set sent_at = ?", [now()])
        catalog.db.conn.commit()
    done = send(second, smtp)
    assert done.exit_code == 0 and "0 sent" in done.output and "the next goes on" in done.stderr
    a_week_passes(second)
    assert "1 sent" in send(second, smtp).output and len(kept.mails) == 1


def test_a_change_of_method_is_explained_and_nothing_is_called_fixed(second: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    with open_catalog(second / "catalog.db") as catalog:
        catalog.db.conn.execute("update runs set methodology_version = '2.1.0' where id = ?", [RUNS[1]])
        catalog.db.conn.commit()
        fixed = catalog.value("select count(*) from findings where portal_id = 'a' and fixed_run = ?", [RUNS[1]])
        sql = "select count(*) from open_findings where portal_id = 'a' and first_seen_run = ?"
        begun = catalog.value(sql, [RUNS[1]])
    assert fixed and begun and "1 sent" in send(second, smtp).output
    body = kept.mails[0].get_body(("plain",))
    assert body is not None
    text, words = " ".join(body.get_content().split()), language("fr")
    assert "(20 novembre 2026) : 0 nouveau constat, 0 corrigé." in text
    change = {"before": "2.0.0", "now": "2.1.0", "begun": begun, "ended": fixed}
    assert words.phrase("mail_method", date="21 novembre 2026", **change) in text
    assert words.phrase("mail_new") not in text


def test_the_next_letter_says_only_what_changed(second: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    # Without a confirmation: the government has had a letter before.
    assert "1 sent" in run(second, "send", "--smtp", smtp, "--from", "winnow@example.org").output
    body = kept.mails[0].get_body(("plain",))
    assert body is not None
    with open_catalog(second / "catalog.db") as catalog:
        count = catalog.value(
            "select count(*) from findings where portal_id = 'a' and first_seen_run = ? and state = 'new'", [RUNS[1]]
        )
        fixed = catalog.value("select count(*) from findings where portal_id = 'a' and fixed_run = ?", [RUNS[1]])
        old = catalog.rows("select resource_url from findings where portal_id = 'a' and first_seen_run = ?", [RUNS[0]])
        new = catalog.rows("select resource_url from findings where portal_id = 'a' and first_seen_run = ?", [RUNS[1]])
    text = body.get_content()
    assert f"(20 novembre 2026) : {count} nouveaux constats, {fixed} corrigés." in " ".join(text.split())
    only_old = {row["resource_url"] for row in old} - {row["resource_url"] for row in new} - {None}
    assert only_old and not [url for url in only_old if f"{url}\n" in text]


def test_where_nothing_changed_nothing_goes_out(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    send(data, smtp)
    with open_catalog(data / "catalog.db") as catalog:
        catalog.begin_run("test", PORTALS, version="0", methodology="2.0.0", run_id=RUNS[1])
        catalog.set_run(RUNS[1], status="complete")
        put_out(catalog, data / "exports")
    assert "0 sent" in send(data, smtp).output and len(kept.mails) == 1


def test_a_refused_letter_is_said_and_tried_again(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    kept.refused.add("ministre@example.org")
    done = send(data, smtp)
    assert done.exit_code == 3 and "0 sent" in done.output and "550" in done.stderr
    kept.refused.clear()
    assert send(data, smtp).exit_code == 0 and len(kept.mails) == 1


def test_without_a_mail_server_nothing_is_noted(data: Path) -> None:
    with pytest.raises(OSError):
        send(data, "127.0.0.1:1")
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select count(*) from sent") == 0


def test_publishers_are_written_to_only_where_asked_and_only_at_plain_addresses(
    data: Path, box: tuple[Box, str]
) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        ids = [r["id"] for r in catalog.rows("select id from publishers where portal_id = 'b' order by id limit 3")]
        addresses = ("a@b.example\nBcc: victim@example.org", "mailto:office@example.org", "not an address")
        for key, address in zip(ids, addresses, strict=True):
            catalog.db.conn.execute("update publishers set email = ? where id = ?", [address, key])
        catalog.db.conn.execute("update publishers set name = ? where id = ?", [f"Office\r\nBcc: x@y.z {EVIL}", ids[1]])
        catalog.db.conn.commit()
        put_out(catalog, data / "exports")
    assert "1 sent" in send(data, smtp).output
    done = send(data, smtp, "--publishers")
    assert done.exit_code == 3 and "0 sent" in done.output and f"--confirm '{EVIL[:5]}" in done.stderr
    assert "1 sent" in send(data, smtp, "--publishers", "--confirm", EVIL).output
    mail = kept.mails[1]
    assert mail["To"] == "office@example.org" and mail["Bcc"] is None and "\n" not in mail["Subject"]
    assert {part.get_filename() for part in mail.iter_attachments()} >= {"scorecard.csv", "findings.csv"}


def test_what_is_no_address_is_said_and_several_are_written_to(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        addresses = "ministre@example.org; mailto:data@example.org, not.one@"
        catalog.db.conn.execute("update portals set contact_email = ? where id = 'a'", [addresses])
        catalog.db.conn.commit()
    for more in (("--dry-run",), ()):
        done = send(data, smtp, *more)
        assert done.exit_code == 3 and "'not.one@' is no e-mail address" in done.stderr, done.output
    assert {mail["To"] for mail in kept.mails} == {"ministre@example.org", "data@example.org"}


def test_persons_among_publishers_get_no_letter_and_that_is_said(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        (row,) = catalog.rows("select id from publishers where portal_id = 'b' order by id limit 1")
        catalog.db.conn.execute("update publishers set email = 'ada.lovelace@example.org' where id = ?", [row["id"]])
        catalog.db.conn.commit()
        put_out(catalog, data / "exports")
    done = send(data, smtp, "--publishers")
    assert done.exit_code == 3 and "looks like a person's" in done.stderr
    assert "ada.lovelace@example.org" not in {mail["To"] for mail in kept.mails}


def test_who_wants_no_letters_gets_none(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    assert run(data, "stop", "nobody").exit_code == 2
    assert run(data, "stop", "Ministre@example.org").exit_code == 0
    assert "0 sent" in send(data, smtp).output and not kept.mails
    assert "ministre" not in (data / "stop-list.txt").read_text().lower()


@pytest.mark.parametrize(
    "address, wanted",
    [
        ("data@x.gov", True),
        ("opendata-team@x.gov", True),
        ("datos.abiertos@x.gob", True),
        ("donnees2@x.fr", True),
        ("poststelle@x.de", True),
        ("ada.lovelace@x.gov", False),
        ("alovelace@x.gov", False),
        ("j.doe2@x.gov", False),
    ],
)
def test_offices_and_persons(address: str, wanted: bool) -> None:
    assert is_role(address) is wanted


def test_large_files_are_packed(data: Path, box: tuple[Box, str], monkeypatch: pytest.MonkeyPatch) -> None:
    kept, smtp = box
    monkeypatch.setattr("harvester.mail.letters.ATTACHED_MAX", 1_000)
    send(data, smtp)
    (part,) = kept.mails[0].iter_attachments()
    content = part.get_payload(decode=True)
    assert part.get_filename() == "winnow.zip" and isinstance(content, bytes) and content.startswith(b"PK")


def test_what_is_too_large_for_a_mail_is_named_and_nothing_private_is_left_out(
    data: Path, box: tuple[Box, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        (letter,) = letters(catalog, RUNS[0], "mail")
    folder = folder_of(letter, data / "exports")
    (folder / "personal.csv").write_bytes(bytes(range(256)) * 400)
    monkeypatch.setattr("harvester.mail.letters.ATTACHED_MAX", 1_000)
    whole = len(attachments_of(Mailing((letter,)), data / "exports")[0][1])
    monkeypatch.setattr("harvester.mail.letters.PACKED_MAX", whole - 1)
    done = send(data, smtp)
    assert "1 sent" in done.output and "not attached: findings.xlsx\n" in done.stderr
    body = kept.mails[0].get_body(("plain",))
    assert body is not None and language("fr").phrase("mail_left_out", files="findings.xlsx") in body.get_content()
    assert "findings.fr.csv" in body.get_content()
    monkeypatch.setattr("harvester.mail.letters.PACKED_MAX", 1)
    ((name, packed, _),) = attachments_of(Mailing((letter,)), data / "exports")
    assert name == "winnow.zip" and zipfile.ZipFile(io.BytesIO(packed)).namelist() == ["personal.csv"]


@pytest.mark.parametrize(
    "args, code",
    [
        ((), 2),
        (("--smtp", "mail.example.org"), 2),
        (("--smtp", "h:25"), 2),
        (("--smtp", "h:25", "--from", "a@b.example, c@d.example"), 2),
        (("--webhook", "ftp://x"), 2),
    ],
)
def test_wrong_usage_is_said(args: tuple[str, ...], code: int, data: Path) -> None:
    assert run(data, "send", *args).exit_code == code


def test_exports_of_another_run_are_not_sent(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        catalog.begin_run("test", PORTALS, version="0", methodology="2.0.0", run_id=RUNS[1])
        catalog.set_run(RUNS[1], status="complete")
    done = send(data, smtp)
    assert done.exit_code == 2 and "run winnow export first" in done.output and not kept.mails


def test_webhooks_of_the_portal_file_and_of_the_command_line(data: Path, tmp_path: Path) -> None:
    got: list[tuple[str, dict[str, Any]]] = []

    def take(asked: Asked) -> Response:
        got.append((asked.path, json.loads(asked.body)))
        return Response(204, body=b"")

    with PortalServer({"/own": take, "/all": take, "/away": Response(302, headers={"Location": "/all"})}) as server:
        folder = tmp_path / "portals"
        folder.mkdir()
        text = 'id = "c"\ntype = "ckan"\ntitle = "Gamma"\nurl = "https://c.example"\ngovernment = "Gamma"\n'
        (folder / "c.toml").write_text(f'{text}[notify]\nwebhooks = ["{server.url}/own"]\n')
        done = run(data, "send", "--portals", str(folder))
        assert done.exit_code == 0 and "1 sent" in done.output, done.output
        ((path, body),) = got
        assert path == "/own" and body["entity_name"] == "Gamma" and body["run_id"] == RUNS[0]
        with open_catalog(data / "catalog.db") as catalog:
            score = catalog.value(
                "select round(score, 2) from score_history where entity_id = 'Gamma' and system = 'winnow'"
            )
        assert body["score"] == score and body["findings_new"] > len(body["new"]) == 20
        # A second time only the one that is named now.
        done = run(data, "send", "--portals", str(folder), "--webhook", f"{server.url}/all")
        assert "4 sent" in done.output and {path for path, _ in got[1:]} == {"/all"}
        # One that leads elsewhere is not followed, and tried again next time.
        for _ in range(2):
            done = run(data, "send", "--portals", str(folder), "--webhook", f"{server.url}/away")
            assert done.exit_code == 3 and "302" in done.stderr
        assert len(got) == 5
    done = run(data, "send", "--portals", str(folder), "--webhook", f"{server.url}/secret-token")
    assert done.exit_code == 3 and "secret-token" not in done.output + done.stderr
    with open_catalog(data / "catalog.db") as catalog:
        assert "/all" not in str(catalog.rows("select * from sent"))


def test_no_webhook_reaches_a_private_place_that_its_address_does_not_say(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve, asked = socket.getaddrinfo, []

    def rebinding(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        """Resolve hooks.example to a public address when it is checked, and to this machine when it is connected
        to."""
        if host != "hooks.example":
            return resolve(host, port, *args, **kwargs)
        asked.append(host)
        return resolve("127.0.0.1" if len(asked) > 1 else "93.184.216.34", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with PortalServer({"/in": Response(204)}) as server:
        port = server.url.rpartition(":")[2]
        for address in (f"http://hooks.example:{port}/in", "http://169.254.169.254/in"):
            done = run(data, "send", "--webhook", address)
            assert done.exit_code == 3 and "its address is not public" in done.stderr, done.output
        assert len(asked) > 1 and not server.requests
    with open_catalog(data / "catalog.db") as catalog:
        assert not catalog.value("select count(*) from sent where channel = 'webhook'")


def test_a_webhook_whose_name_does_not_resolve_is_tried_again(data: Path) -> None:
    done = run(data, "send", "--webhook", "http://hooks.invalid/in")
    assert done.exit_code == 3, done.output
    with open_catalog(data / "catalog.db") as catalog:
        assert not catalog.value("select count(*) from sent where channel = 'webhook'")


def test_requests_is_used_behind_the_guard_alone() -> None:
    folder = Path(harvester.__file__).parents[1]
    outside = re.compile(
        r"requests\.(Session|session|get|post|put|head|request|delete)\(|import Session|aiohttp\.request"
    )
    found = [
        str(path.relative_to(folder))
        for package in ("specs", "catalog", "quality", "harvester")
        for path in (folder / package).rglob("*.py")
        if outside.search(path.read_text("utf-8"))
    ]
    assert [path.rpartition("/")[2] for path in found] == ["guarded_session.py"], found


@pytest.mark.parametrize(
    "text", ["a@b.example\n", "a@b", "a b@c.example", "a@b.example,c@d.example", "", None, "<a@b.c>"]
)
def test_what_is_no_plain_address(text: str | None) -> None:
    assert not is_address(text)


@pytest.mark.parametrize("sign", ["\x85", "\x9f", "\u2028", "\r\n", "\x0b"])
def test_no_sign_in_a_name_breaks_the_subject(sign: str, data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        (letter,) = letters(catalog, RUNS[0], "mail")
    mailing = Mailing((replace(letter, name=f"Ministry{sign}of trees"),))
    sender = LetterSender(SmtpServer("127.0.0.1", 25, "winnow@example.org"), OPERATOR)
    mail = message_from_bytes(mail_of(mailing, data / "exports", sender, NO_TOKEN).as_bytes(), policy=policy.default)
    assert "Ministry of trees" in mail["subject"] and mail["to"] == letter.recipient


def test_no_days_on_the_command_line_override_those_of_the_file() -> None:
    own = Configuration(hold_days=14)
    days = [_published(ExportOptions(hold_days=one), own).hold_days for one in (None, 0, 7)]
    assert days == [14, 0, 7]


def test_letters_of_nobody(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        assert list(letters(catalog, RUNS[0], "webhook")) == []
