"""A government hears of new causes before the public does: until then nothing that is published has them."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports.cards import card_rows
from catalog.exports.job import ExportJob
from catalog.repositories.held import (
    HELD_FINDING,
    HeldCause,
    decide,
    held_apart,
    held_causes,
    hold_new_causes,
    keep_held,
)
from catalog.repositories.held_news import held_news
from catalog.repositories.recipients import recipient_hash, stop
from catalog.repositories.sent import governments_written_to, last_mail_on, letters, note, note_refused
from catalog.repositories.shareable import copy_shareable
from catalog.site.serve import publish
from harvester.cli.configuration import Operator
from harvester.cli.registry import without_language
from harvester.mail.attachments import attached
from harvester.mail.letters import NO_TOKEN, LetterSender, mail_of, text_of
from harvester.mail.mailing import Mailing
from harvester.mail.smtp import SmtpServer
from harvester.terminal.held import held_lines
from quality.findings.cause_stage import find_causes
from specs.languages import language, language_or_english
from specs.portals import PortalSpec
from tests.catalog.carding import PORTALS, RUNS, put_out, write_run

NAME = PORTALS[0].government or ""
LATER = ("20261124T010000Z", "20261205T010000Z")


pytestmark = pytest.mark.xdist_group("held")  # one set-up for all


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "catalog.db"
    with open_catalog(path) as opened:
        write_run(opened, RUNS[0], count=30)
        opened.db.conn.execute("update portals set contact_email = null where id != 'a'")
        opened.db.conn.commit()
        find_causes(opened, RUNS[0], [portal.id for portal in PORTALS], hold_days=0)
    return path


@pytest.fixture
def catalog(made: Path, tmp_path: Path) -> Iterator[Catalog]:
    shutil.copy(made, tmp_path)
    with open_catalog(tmp_path / "catalog.db") as opened:
        yield opened


def begin(catalog: Catalog, run_id: str) -> None:
    catalog.begin_run("test", PORTALS, version="0", methodology="2.0.0", run_id=run_id)
    catalog.set_run(run_id, status="complete")


def causes(catalog: Catalog, portal_id: str) -> dict[str, list[str]]:
    """Return the findings of each cause of a portal."""
    found: dict[str, list[str]] = {}
    for row in catalog.rows("select cause_id, id from cause_findings where portal_id = ?", [portal_id]):
        found.setdefault(row["cause_id"], []).append(row["id"])
    return found


def published(data: Path) -> str:
    """Return all that is published, as one text."""
    files = [path for path in (data / "exports").rglob("*") if path.is_file() and path.suffix != ".xlsx"]
    texts = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in files]
    return b"\n".join([*texts, (data / "site" / "catalog.db").read_bytes()]).decode("utf-8", "replace")


def out(catalog: Catalog, days: int = 14) -> tuple[str, str]:
    """Export, publish, and return what is published, and the page of the government with an address."""
    data = catalog.path.parent
    put_out(catalog, data / "exports", hold_days=days)
    publish(catalog.path, data / "site" / "catalog.db", data / "exports")
    (page,) = (data / "exports").glob("republique*/report.html")
    return published(data), unescape(page.read_text("utf-8")).replace("\u00a0", " ")


def read(content: bytes) -> list[dict[str, Any]]:
    return [*csv.DictReader(content.decode("utf-8-sig").splitlines())]


def test_a_government_hears_of_a_cause_before_the_public_does(catalog: Catalog) -> None:
    held, words = causes(catalog, "a"), language("fr")
    others = causes(catalog, "c")
    assert held and others
    text, page = out(catalog)
    # Not told yet: neither the causes nor their findings are anywhere, and the page says that there are some.
    ids = {one for key, own in held.items() for one in (key, *own)}
    assert not [one for one in ids if one in text]
    assert words.phrase("held_untold", count=len(held), days=14) in page
    with closing(sqlite3.connect(catalog.path.parent / "site" / "catalog.db")) as copy:
        assert not set(held) & {id for (id,) in copy.execute("select id from causes")}
        sql = "select q.findings, (select count(*) from open_findings f where f.dataset_id = q.dataset_id)"
        assert all(said == there for said, there in copy.execute(f"{sql} from dataset_quality q"))
    # A portal without an address cannot be told: its causes wait from the day on which they were found.
    waiting = {one.id: one.public_on for one in held_causes(catalog, RUNS[0], 14)}
    assert {str(waiting[one]) for one in others} == {"2026-12-04"} and {waiting[one] for one in held} == {None}
    # The letter has them.
    (letter,) = letters(catalog, RUNS[0], "mail", hold_days=14)
    assert letter.held is not None and {row["cause_id"] for row in letter.held.causes} == set(held)
    mailing, exports = Mailing((letter,)), catalog.path.parent / "exports"
    files = {name: content for name, content, _ in attached(mailing, exports)[0]}
    assert {row["cause_id"] for row in read(files["held-causes.csv"])} == set(held)
    assert {row["finding_id"] for row in read(files["held-findings.csv"])} == {x for own in held.values() for x in own}
    sender = LetterSender(SmtpServer("127.0.0.1", 25, "winnow@example.org"), Operator())
    assert "held-causes.fr.csv" in text_of(mailing, exports, sender, NO_TOKEN)
    assert mail_of(mailing, exports, sender, NO_TOKEN).get_content_type() == "multipart/mixed"
    hooks = [*letters(catalog, RUNS[0], "webhook", {NAME: ["http://127.0.0.1:9/"]}, hold_days=14)]
    assert not {one["id"] for hook in hooks for one in hook.new} & ids and not hooks[0].held
    # Told, it waits, and the page says until when.
    assert note(catalog, letter)
    catalog.db.conn.execute("update sent set sent_at = '2026-11-21T08:00:00Z'")
    catalog.db.conn.commit()
    begin(catalog, LATER[0])
    text, page = out(catalog)
    assert not [one for one in ids if one in text]
    assert words.phrase("held_line", count=len(held), date=words.day("2026-12-05")) in page
    assert not [one for one in letters(catalog, LATER[0], "mail", hold_days=14) if one.held]
    # And then it is published, also in folders in which nothing else has changed.
    begin(catalog, LATER[1])
    text, page = out(catalog)
    assert not [one for one in ids if one not in text] and not [one for one in others if one not in text]
    assert words.phrase("held_line", count=len(held), date=words.day("2026-12-05")) not in page
    # What was published stays so.
    catalog.db.conn.execute("delete from sent")
    catalog.db.conn.commit()
    assert not held_causes(catalog, LATER[1], 14)


def test_without_days_all_is_published_at_once_and_stays_so(catalog: Catalog) -> None:
    held = causes(catalog, "a")
    text, _ = out(catalog, 0)
    assert not [one for one in held if one not in text] and not held_causes(catalog, RUNS[0], 14)
    assert [card["top_fix"] for card in card_rows(catalog, RUNS[0]) if card["entity_id"] == NAME] != [None]


def test_a_language_without_a_file_stops_nobodys_export(catalog: Catalog, caplog: pytest.LogCaptureFixture) -> None:
    catalog.db.conn.execute("update portals set language = 'de' where id = 'c'")
    job = ExportJob(catalog, RUNS[0], catalog.path.parent / "exports")
    assert (job.languages[NAME], job.languages["Gamma"]) == ("fr", None)
    assert "Gamma: no file for the language 'de'" in caplog.text
    assert language_or_english("de") is language_or_english(None) is language("en")
    spec = PortalSpec(id="c", type="ckan", title="Gamma", url="https://c.example", government="Gamma", language="de")
    (said,) = without_language([spec, spec.model_copy(update={"language": "pt"})])
    assert said.startswith("c: no file for language = 'de'")


def test_every_address_of_a_government_hears_of_a_cause_before_the_public_does(catalog: Catalog) -> None:
    two = "update portals set contact_email = 'one@a.example, Two@a.example' where id = 'a'"
    catalog.db.conn.execute(two)
    catalog.db.conn.commit()
    out(catalog)
    ids = set(causes(catalog, "a"))
    first, second = letters(catalog, RUNS[0], "mail", hold_days=14)
    assert first.recipient == "Two@a.example" and note(catalog, first)
    catalog.db.conn.execute("update sent set sent_at = '2026-11-21T08:00:00Z'")
    catalog.db.conn.commit()
    # The other letter was held back: the causes wait twice as long, and that letter has them.
    begin(catalog, LATER[1])
    catalog.db.conn.execute(two)
    catalog.db.conn.commit()
    held = {one.id: one for one in held_causes(catalog, LATER[1], 14, government=NAME)}
    assert set(held) == ids and {str(one.public_on) for one in held.values()} == {"2026-12-19"}
    assert {one.untold for one in held.values()} == {frozenset({recipient_hash("one@a.example")})}
    (said,) = held_lines(catalog, 14)
    assert NAME in said and "one@a.example; published on 2026-12-19 at the latest" in said
    (again,) = letters(catalog, RUNS[0], "mail", hold_days=14)
    assert again.recipient == "one@a.example" and again.held is not None
    assert {row["cause_id"] for row in again.held.causes} == ids
    # The address that was told is not told again.
    assert held_news(catalog, RUNS[0], NAME, first.recipient, 14) is None
    assert language("fr").day("2026-12-15") not in out(catalog)[1]
    # Both were told; the later day counts.
    assert note(catalog, second)
    catalog.db.conn.execute("update sent set sent_at = '2026-12-01T08:00:00Z' where sent_at > '2026-11-22'")
    catalog.db.conn.commit()
    days = {str(one.public_on) for one in held_causes(catalog, LATER[1], 14, government=NAME)}
    assert days == {"2026-12-15"}
    # The page of the government names that day, though nothing but a letter is new.
    assert language("fr").day("2026-12-15") in out(catalog)[1]
    # An address that wants no letters is not waited for.
    stop(catalog.path.parent, [recipient_hash(second.recipient)])
    assert not held_causes(catalog, LATER[1], 14, government=NAME)


def test_many_causes_are_no_too_long_statement(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [HeldCause(f"cause-{number}", "a", NAME, None) for number in range(40_000)]
    monkeypatch.setattr("catalog.repositories.held.held_causes", lambda *_: many)
    decide(catalog, RUNS[0], 14)
    assert not catalog.value("select count(*) from causes where is_held and state != 'unknown'")


def test_an_address_that_always_refuses_hides_no_cause_for_ever(catalog: Catalog) -> None:
    out(catalog)
    ids = set(causes(catalog, "a"))
    (said,) = held_lines(catalog, 14)
    assert "published only after a letter was tried" in said and not [*held_lines(catalog, 0)]
    (letter,) = letters(catalog, RUNS[0], "mail", hold_days=14)
    for _ in range(2):
        note_refused(catalog, letter)
    catalog.db.conn.execute("update sent set sent_at = '2026-11-21T08:00:00Z'")
    catalog.db.conn.commit()
    assert {str(one.public_on) for one in held_causes(catalog, RUNS[0], 14, government=NAME)} == {"2026-12-19"}
    # It is no letter in any other respect: the next one is still the first.
    assert [one.since_run for one in letters(catalog, RUNS[0], "mail", hold_days=14)] == [None]
    assert last_mail_on(catalog, letter.recipient) is None and NAME not in governments_written_to(catalog)
    begin(catalog, "20261218T010000Z")
    assert {one.id for one in held_causes(catalog, "20261218T010000Z", 14, government=NAME)} == ids
    begin(catalog, "20261219T010000Z")
    assert not held_causes(catalog, "20261219T010000Z", 14, government=NAME)


def test_each_day_on_which_held_causes_are_published_is_said_for_those_of_that_day(catalog: Catalog) -> None:
    out(catalog)
    (letter,) = letters(catalog, RUNS[0], "mail", hold_days=14)
    note_refused(catalog, letter)
    later, *others = causes(catalog, "a")
    catalog.db.conn.execute("update sent set sent_at = '2026-11-21T08:00:00Z'")
    catalog.db.conn.execute("update causes set first_seen_run = ? where id = ?", [LATER[0], later])
    catalog.db.conn.commit()
    first, second = held_lines(catalog, 14)
    assert f": {len(others)} cause" in first and "; published on 2026-12-19 at the latest" in first
    assert ": 1 cause is held back, because no letter about it reached" in second
    assert "; published only after a letter was tried" in second and letter.recipient in second


def test_findings_stay_held_back_when_their_cause_ends(catalog: Catalog) -> None:
    out(catalog)
    (key, members), (other, published), *_ = causes(catalog, "a").items()
    run = catalog.db.conn.execute
    since = catalog.value("select first_seen_run from causes where id = ?", [key])
    keep_held(catalog, "a")
    with catalog.writing():
        # As when they get a cause that was published long ago.
        run("update causes set is_held = 0, examples = ? where id = ?", [examples_of(members), other])
        run("update cause_members set cause = (select number from causes where id = ?) where cause = "
            "(select number from causes where id = ?)", [other, key])  # fmt: skip
        run("update causes set state = 'merged' where id = ?", [key])
    hold_new_causes(catalog, RUNS[0], ["a"], 14)
    (apart,) = held_apart(catalog, RUNS[0], 14)
    assert (apart.portal_id, apart.id, apart.government, apart.public_on) == ("a", since, NAME, None)
    # What the operator is told counts them apart from the causes.
    said = f" and {len({*members, *published})} findings of ended causes are held back, because no letter about them "
    lines = [*held_lines(catalog, 14)]
    assert len(lines) == 1 and said in lines[0]
    held = {row["id"] for row in catalog.rows(f"select f.id from findings f where {HELD_FINDING}")}  # noqa: S608
    assert {*members} <= held
    text, _ = out(catalog)
    assert other in text and not [one for one in members if one in text]
    # The letter has them, and from then on the days count.
    (letter,) = letters(catalog, RUNS[0], "mail", hold_days=14)
    assert letter.held is not None and {*members} <= {row["finding_id"] for row in letter.held.findings}
    assert note(catalog, letter)
    catalog.db.conn.execute("update sent set sent_at = '2026-11-21T08:00:00Z'")
    catalog.db.conn.commit()
    begin(catalog, LATER[0])
    keep_held(catalog, "a")
    hold_new_causes(catalog, LATER[0], ["a"], 14)
    assert not [one for one in members if one in out(catalog)[0]]
    begin(catalog, LATER[1])
    text, _ = out(catalog)
    assert not [one for one in members if one not in text]
    assert not catalog.value("select count(*) from held_findings")


def examples_of(members: list[str]) -> str:
    return json.dumps([{"finding_id": one, "title": "t", "url": f"https://a.example/{one}"} for one in members[:3]])


def test_a_cause_that_no_export_has_seen_is_in_no_public_copy(catalog: Catalog) -> None:
    data, held = catalog.path.parent, causes(catalog, "a")
    names = [portal.id for portal in PORTALS]
    assert not catalog.value("select count(*) from causes where is_held is not null")
    find_causes(catalog, RUNS[0], names, hold_days=14)
    publish(catalog.path, data / "site" / "catalog.db")
    text = (data / "site" / "catalog.db").read_bytes().decode("utf-8", "replace")
    assert held and not [one for key, own in held.items() for one in (key, *own) if one in text]
    # What was published before is left alone.
    catalog.db.conn.execute("update causes set is_held = 0")
    catalog.db.conn.commit()
    find_causes(catalog, RUNS[0], names, hold_days=14)
    assert not catalog.value("select count(*) from causes where is_held")


@pytest.mark.parametrize(("found_in", "unchanged"), [(["a", "c"], ["a", "c"]), (["c"], [])])
def test_causes_of_portals_that_a_run_leaves_as_they_are_are_held_back_too(
    catalog: Catalog, found_in: list[str], unchanged: list[str]
) -> None:
    # They were found without hold_days, and no export has seen them.
    assert causes(catalog, "a") and not catalog.value("select count(*) from causes where is_held is not null")
    find_causes(catalog, RUNS[0], found_in, unchanged, hold_days=14)
    sql = "select distinct is_held from causes where portal_id = 'a' and state != 'unknown'"
    assert catalog.rows(sql) == [{"is_held": 1}]


def test_a_kill_between_portals_makes_no_new_cause_public(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    data, held = catalog.path.parent, causes(catalog, "a")
    catalog.db.conn.execute("update causes set is_held = null")
    catalog.db.conn.commit()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("quality.findings.cause_stage.uphold_disputes", killed)
    with pytest.raises(KeyboardInterrupt):
        find_causes(catalog, RUNS[0], ["a", "c"], hold_days=14)
    publish(catalog.path, data / "site" / "catalog.db")
    copy_shareable(catalog.path, data / "shareable.db")
    for path in (data / "site" / "catalog.db", data / "shareable.db"):
        text = path.read_bytes().decode("utf-8", "replace")
        assert held and not [one for key, own in held.items() for one in (key, *own) if one in text]
