"""Scorecards go out through real mail servers of this machine: to each what is new, and nothing twice."""

from __future__ import annotations

import csv
import io
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from catalog.db.store import open_catalog
from catalog.repositories.people import files_with
from catalog.repositories.sent import recipient_hash
from harvester.cli.configuration import Configuration, MailServer, save
from harvester.mail.send import is_refused_for_good
from harvester.mail.tokens import holder_of, tokens_in
from specs.errors import SpecError
from specs.languages import language
from tests.catalog.carding import PORTALS, RUNS, put_out
from tests.harvester.letters.sending import NAME, OPERATOR, PUBLIC, Box, run, send
from tests.harvester.mailboxes import PASSWORD, USER, post

pytestmark = pytest.mark.xdist_group("send")  # one set-up for all


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
        "scorecard.fr.csv", "causes.fr.csv", "findings.fr.csv", "rules.fr.csv", "commitments.fr.csv",
        "causes.xlsx", "findings.xlsx",
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
    assert words.phrase("mail_method", count=begun, date="21 novembre 2026", file="rules.fr.csv", **change) in text
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


def test_only_a_refusal_for_good_begins_the_days_of_what_is_held_back(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    for says, of_content, is_noted in (
        ("450 4.2.0 try again", "250 OK", False),
        ("554 5.7.1 <ministre@example.org>: Relay access denied", "250 OK", False),
        (None, "552 5.3.4 too large", False),
        (None, "554 5.6.0 we take no such mail", True),
    ):
        kept.refused = {"ministre@example.org"} if says else set()
        kept.says, kept.says_of_content = says or "", of_content
        done = send(data, smtp)
        assert done.exit_code == 3 and (says or of_content)[:3] in done.stderr and not kept.mails
        with open_catalog(data / "catalog.db") as catalog:
            assert [row["channel"] for row in catalog.rows("select channel from sent")] == ["refused"] * is_noted


@pytest.mark.parametrize(
    ("error", "is_for_good"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"5.1.1 no such mailbox")}), True),
        (smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"5.7.1 blocked by policy")}), True),
        (smtplib.SMTPRecipientsRefused({"a@b.example": (530, b"5.7.0 log in first")}), False),
        (smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"5.1.1 relay.b.example: no such mailbox")}), True),
        (smtplib.SMTPDataError(550, b"5.7.26 the sender is not authenticated"), False),
        (smtplib.SMTPDataError(554, b"5.3.4 too large"), False),
        (smtplib.SMTPDataError(451, "later"), False),
        (smtplib.SMTPSenderRefused(550, b"no", "x@y.example"), False),
        (smtplib.SMTPAuthenticationError(535, b"no"), False),
        (smtplib.SMTPNotSupportedError("no UTF-8"), False),
        (ValueError("no mail"), False),
    ],
)
def test_what_may_be_our_own_fault_is_no_refusal_for_good(error: Exception, is_for_good: bool) -> None:
    assert is_refused_for_good(error) is is_for_good


def test_a_refused_letter_is_said_and_tried_again(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    kept.refused.add("ministre@example.org")
    done = send(data, smtp)
    assert done.exit_code == 3 and "0 sent" in done.output and "550" in done.stderr
    with open_catalog(data / "catalog.db") as catalog:
        (row,) = catalog.rows("select channel, entity_id from sent")
        assert row == {"channel": "refused", "entity_id": NAME}
    kept.refused.clear()
    assert send(data, smtp).exit_code == 0 and len(kept.mails) == 1


def test_what_a_mail_server_says_cannot_command_the_terminal(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    kept.refused.add("ministre@example.org")
    kept.says = "550 \x1b]0;owned\x07\x1b[2J" + "x" * 400
    done = send(data, smtp)
    assert done.exit_code == 3 and "550" in done.stderr and "owned" in done.stderr
    assert not [sign for sign in done.output + done.stderr if not (sign.isprintable() or sign == "\n")]


def test_without_a_mail_server_nothing_is_noted(data: Path) -> None:
    with pytest.raises(OSError):
        send(data, "127.0.0.1:1")
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select count(*) from sent") == 0
