"""The form of the site: what it takes, what it refuses, and that nothing counts before a person has read it."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from catalog.db.store import open_catalog
from catalog.repositories import inbox
from catalog.site.reporting import is_from_elsewhere, read_body
from harvester.cli.main import cli
from harvester.mail.tokens import issue
from tests.catalog.browsing import EVIL, OF_THE_SITE, RUN, Site, fill

pytestmark = OF_THE_SITE


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the catalogue of the site."""
    folder = tmp_path_factory.mktemp("inbox")
    with open_catalog(folder / "catalog.db") as opened:
        fill(opened)
    return folder


@pytest.fixture(scope="module")
def form(public: Path, data: Path) -> Iterator[Site]:
    with closing(Site(public, inbox=str(data), operator="Data Watch", contact="desk@example.org")) as opened:
        yield opened


def _send(form: Site, **fields: str) -> str:
    seal = re.search(r'name="seal" value="([^"]+)"', form.page("/report"))
    assert seal is not None
    sent = form.post("/report", **({"seal": seal[1], "about": "north-0", "text": "The year 2019 is missing"} | fields))
    return sent.headers.get("location") or f"{sent.status_code} {sent.text}"


def test_a_message_waits_for_a_person_and_becomes_a_report_of_the_dataset(form: Site, data: Path) -> None:
    page = _send(form, text=f"The year 2018 is missing {EVIL}", name="Bo Planted", consent="no")
    assert "waits for a person" in form.page(page)
    key = page.rpartition("/")[2]
    run = CliRunner()
    listed = run.invoke(cli, ["--data", str(data), "inbox", "list"])
    assert key in listed.output and "Bo Planted" in listed.output and "The year 2018" in listed.output
    with closing(sqlite3.connect(data / "catalog.db")) as catalog:
        assert not catalog.execute("select 1 from reports where what like '%2018%'").fetchone()
    accepted = run.invoke(cli, ["--data", str(data), "inbox", "accept", key])
    assert accepted.exit_code == 0, accepted.output
    with closing(sqlite3.connect(data / "catalog.db")) as catalog:
        told = catalog.execute("select dataset_id, what, who from reports where what like '%2018%'").fetchall()
    assert told == [("north-0", f"The year 2018 is missing {EVIL}", None)], "a name without consent is never public"
    assert "has read it and taken it in" in form.page(page)
    assert b"2018" not in (data / inbox.FILE).read_bytes()
    again = run.invoke(cli, ["--data", str(data), "inbox", "accept", key])
    assert again.exit_code == 2 and "no such message" in again.output


def test_a_refused_message_is_erased_and_its_sender_can_see_it(form: Site, data: Path) -> None:
    page = _send(form, text="Buy cheap watches", about="f-link_ok", token="winnow-bcdf-ghjk-lmnp-qrst")
    key = page.rpartition("/")[2]
    assert "its token is not valid" in CliRunner().invoke(cli, ["--data", str(data), "inbox", "list"]).output
    assert CliRunner().invoke(cli, ["--data", str(data), "inbox", "refuse", key]).exit_code == 0
    assert "not taken it in" in form.page(page)
    assert b"watches" not in (data / inbox.FILE).read_bytes()
    assert stat.S_IMODE((data / inbox.FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"seal": "forged"}, "400"),
        ({"text": "   "}, "400"),
        ({"about": "' or 1 --"}, "400"),
        ({"text": "x" * 30_000}, "413"),
        ({f"f{n}": "x" for n in range(30)}, "400"),
    ],
)
def test_what_the_form_does_not_take_is_refused_in_words(form: Site, fields: dict[str, str], status: str) -> None:
    assert _send(form, **fields).startswith(status)


def test_a_flood_ends_at_the_daily_limit(public: Path, tmp_path: Path) -> None:
    with closing(Site(public, inbox=str(tmp_path))) as form:
        for _ in range(inbox.SENDER_MAX):
            assert _send(form).startswith("/report/")
        assert _send(form).startswith("429")
    assert len(inbox.messages(tmp_path)) == inbox.SENDER_MAX


def test_without_an_inbox_the_site_takes_nothing(site: Site, public: Path) -> None:
    assert "takes no messages" in site.page("/report")
    assert site.post("/report", text="x").status_code == 404
    assert site.get("/report/anything").status_code == 404
    with closing(Site(public, contact="desk@example.org")) as by_mail:
        assert 'href="mailto:desk@example.org?subject=north-0"' in by_mail.page("/report", about="north-0")


def test_old_messages_are_erased(tmp_path: Path) -> None:
    inbox.put(tmp_path, about="a", text="b", name=None, is_name_public=False, token=None, sender="s")
    with closing(sqlite3.connect(tmp_path / inbox.FILE)) as db:
        db.execute("update messages set received_at = '2020-01-01T00:00:00+00:00'")
        db.commit()
    assert inbox.messages(tmp_path) == []


def test_a_message_about_a_promise_is_read_and_not_published(form: Site, data: Path) -> None:
    assert "Licences" in form.page("/report", about="ogp/XX0002")
    key = _send(form, about="ogp/XX0002", text="The law was passed in May").rpartition("/")[2]
    accepted = CliRunner().invoke(cli, ["--data", str(data), "inbox", "accept", key])
    assert accepted.exit_code == 0 and "correct the file of the promise ogp/XX0002" in accepted.output
    with closing(sqlite3.connect(data / "catalog.db")) as catalog:
        assert not catalog.execute("select 1 from reports where what like '%passed in May%'").fetchone()


def test_the_same_words_from_elsewhere_are_no_loss(form: Site, data: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "report.csv"
    sheet.write_text("dataset_id,what,who,name_is_public\nnorth-0,The map of 2017 is missing,Ann,yes\n", "utf-8")
    run = CliRunner()
    assert run.invoke(cli, ["--data", str(data), "replies", "import", str(sheet)]).exit_code == 0
    key = _send(form, text="The map of 2017 is missing").rpartition("/")[2]
    assert run.invoke(cli, ["--data", str(data), "inbox", "accept", key]).exit_code == 0
    with closing(sqlite3.connect(data / "catalog.db")) as catalog:
        told = catalog.execute("select what, who from reports where what like '%2017%'").fetchall()
    assert told == [("The map of 2017 is missing", "Ann")]


def test_a_message_that_cannot_be_taken_in_stops_no_other(data: Path) -> None:
    lost, *good = (
        inbox.put(data, about=about, text=text, name=None, is_name_public=False, token=None, sender="many")
        for about, text in (("gone", "The file is old"), ("north-0", "May is missing"), ("north-0", "June is missing"))
    )
    done = CliRunner().invoke(cli, ["--data", str(data), "inbox", "accept", good[0], lost, good[1]])
    assert done.exit_code == 3 and f"{lost}: not accepted: nothing is known of gone" in done.stderr, done.output
    assert [inbox.state_of(data, key) for key in (lost, *good)] == ["waiting", "accepted", "accepted"]
    assert all(f"{key}: accepted" in done.stdout for key in good)


def test_who_quotes_the_letter_replies_to_the_finding(form: Site, data: Path) -> None:
    token = issue(data, "hash", [("government", EVIL)], RUN)
    key = _send(form, about="f-file_served", text="The file comes in May", token=token).rpartition("/")[2]
    listed = CliRunner().invoke(cli, ["--data", str(data), "inbox", "list"]).output
    assert "quotes the letter" in listed
    done = CliRunner().invoke(cli, ["--data", str(data), "inbox", "accept", key])
    assert "the reply of who was asked" in done.output, done.output
    with closing(sqlite3.connect(data / "catalog.db")) as catalog:
        told = catalog.execute("select reply, note from replies where finding_id = 'f-file_served'").fetchall()
    assert told == [("acknowledged", "The file comes in May")]


def test_other_sites_cannot_send_the_form(form: Site) -> None:
    assert "seal" not in form.get("/report.json").text
    assert is_from_elsewhere([(b"host", b"open.example"), (b"origin", b"https://evil.example")])
    assert is_from_elsewhere([(b"host", b"open.example"), (b"sec-fetch-site", b"cross-site")])
    assert not is_from_elsewhere([(b"host", b"open.example"), (b"origin", b"https://open.example")])


def test_half_a_message_is_none() -> None:
    async def receive() -> dict[str, Any]:
        return events.pop(0)

    events: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"text=The portal is not", "more_body": True},
        {"type": "http.disconnect"},
    ]
    with pytest.raises(ConnectionError):
        asyncio.run(read_body(receive))
