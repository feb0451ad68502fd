"""Who gets letters: contacts and offices, each address once, and nobody who wants none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from catalog.db.store import now, open_catalog
from catalog.repositories.recipients import is_role
from catalog.repositories.sent import is_address, letters
from tests.catalog.carding import EVIL, RUNS, put_out
from tests.harvester.letters.sending import NAME, Box, a_week_passes, run, send

pytestmark = pytest.mark.xdist_group("send")  # one set-up for all


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


@pytest.mark.parametrize(
    "text", ["a@b.example\n", "a@b", "a b@c.example", "a@b.example,c@d.example", "", None, "<a@b.c>"]
)
def test_what_is_no_plain_address(text: str | None) -> None:
    assert not is_address(text)


def test_letters_of_nobody(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        assert list(letters(catalog, RUNS[0], "webhook")) == []
