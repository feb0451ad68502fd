"""The page of a government, its feed, and the figures for Prometheus."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports.cards import card_rows
from catalog.exports.feed import ATOM, feed
from catalog.exports.folders import folder_name
from catalog.exports.page import government_page
from catalog.exports.pdf import browser, numbered, write_pdf
from catalog.exports.prometheus import write_prometheus
from catalog.model import Portal
from catalog.repositories.runs import run_summary
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from specs.languages import language
from tests.catalog.carding import EVIL, PORTALS, RUNS
from tests.conftest import needs
from tests.making import store
from tests.quality.test_scoring import PERFECT

pytestmark = pytest.mark.xdist_group("cards")  # see conftest.py
FRENCH = folder_name(str(PORTALS[0].government))


class Seen(HTMLParser):
    """Tags, links and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def pages(out: Path) -> list[Path]:
    return sorted(out.rglob("report.html"))


def test_pages_hold_no_script_and_nothing_from_elsewhere(sent: tuple[Catalog, Path]) -> None:
    _, out = sent
    assert len(pages(out)) == 5
    for path in pages(out):
        text = path.read_text("utf-8")
        seen = Seen(text)
        assert not {"script", "iframe", "object", "img", "link", "form", "base"} & set(seen.tags)
        assert not [name for name in seen.attributes if name.startswith("on")]
        assert all(re.match(r"https?://|[a-z0-9./-]+$", link) for link in seen.links), seen.links
        assert "url(" not in text and "@import" not in text
        assert "default-src 'none'" in text and "size: A4" in text


def test_hostile_names_are_text(sent: tuple[Catalog, Path]) -> None:
    _, out = sent
    seen = Seen((out / folder_name(EVIL) / "report.html").read_text("utf-8"))
    assert EVIL in seen.text
    assert "javascript" not in " ".join(seen.links)


def test_the_page_says_what_the_scorecard_says(sent: tuple[Catalog, Path]) -> None:
    catalog, out = sent
    run_id = RUNS[1]
    card = next(c for c in card_rows(catalog, run_id) if c["entity_id"] == PORTALS[0].government)
    words = language("fr")
    seen = Seen((out / FRENCH / "report.html").read_text("utf-8"))
    text = seen.text
    # No line of the page begins with a sign.
    body = Seen((out / FRENCH / "report.html").read_text("utf-8").partition("<body>")[2])
    assert not [one for one in body.words if re.search(" [:;?!»]|« ", one)]
    assert words.phrase("score_line", score=words.number(card["score"]), grade=card["grade"]) in text
    assert words.number(card["score_low"]) in text and words.number(card["score_high"]) in text
    assert (
        words.phrase(
            "score_up",
            count=card["score_delta"],
            by=words.number(card["score_delta"], 2),
            before=words.number(card["score_prev"]),
        )
        in text
    )
    assert re.search(r"Rang \d sur 3 parmi les gouvernements de CHE\.", text)
    assert words.metrics[card["top_fix_rule"]] in text
    assert f"+{words.number(card['top_fix_gain'], 2)}" in text
    assert "un exemple, en partie inventé" in text
    assert "Open the books" in text and words.value("timing", "at_risk") in text and "50 %" in text
    assert "desk@example.org" in text and "sera corrigé le" in text


@pytest.mark.parametrize("code", ["en", "es", "fr", "pt", "pt-BR"])
def test_pages_in_every_language(code: str, sent: tuple[Catalog, Path]) -> None:
    catalog, _ = sent
    card = next(c for c in card_rows(catalog, RUNS[1]) if c["entity_id"] == "Gamma")
    words = language(code)
    page = government_page(catalog, card, words)
    assert "<base" not in page
    base, by = "https://watch.example/open/x/", ("Open Data Watch", EVIL)
    public = government_page(catalog, card, words, base=base, published_by=by)
    assert f'<base href="{base}">' in public and words.phrase("published_by", name=by[0], imprint="").strip() in public
    assert EVIL not in public
    assert f'<html lang="{words.code}">' in page
    seen = Seen(page)
    assert words.phrases["method_heading"] in seen.text and words.value("response", "waived") in seen.text
    # Every sentence was filled in.
    assert not re.search(r"\{\w+\}", page)


def test_the_page_of_the_run_leads_to_all_others(sent: tuple[Catalog, Path]) -> None:
    _, out = sent
    seen = Seen((out / "report.html").read_text("utf-8"))
    led = [link for link in seen.links if link.endswith("/report.html")]
    assert len(led) == 4 and all((out / link).is_file() for link in led)


def test_the_feed_is_one_and_tells_every_run(sent: tuple[Catalog, Path]) -> None:
    catalog, out = sent
    root = ElementTree.fromstring((out / FRENCH / "feed.atom").read_bytes())
    names = {child.tag for child in root}
    assert root.tag == f"{{{ATOM}}}feed" and {f"{{{ATOM}}}{n}" for n in ("id", "title", "updated", "author")} <= names
    entries = root.findall(f"{{{ATOM}}}entry")
    ids = [str(entry.findtext(f"{{{ATOM}}}id")) for entry in entries]
    assert [key.rpartition(":")[2] for key in ids] == [RUNS[1], RUNS[0]]
    new = catalog.value("select count(*) from findings where portal_id = 'a' and first_seen_run = ?", [RUNS[1]])
    assert f"{new} nouveaux constats, " in str(entries[0].findtext(f"{{{ATOM}}}title"))
    assert entries[0].findtext(f"{{{ATOM}}}updated") == "2026-11-21T01:00:00Z"
    assert str(entries[0].findtext(f"{{{ATOM}}}content")).count("\n") >= 5
    # A hostile name is text here too.
    other = ElementTree.fromstring(feed(catalog, EVIL, RUNS[1], language("en")))
    assert EVIL in str(other.findtext(f"{{{ATOM}}}title"))
    assert ElementTree.fromstring(feed(catalog, "\x00nobody\uffff", RUNS[1], language("en"))) is not None


_LINE = re.compile(r'(winnow_\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[\d.e+]+)')


def test_prometheus_can_read_the_figures(sent: tuple[Catalog, Path], tmp_path: Path) -> None:
    catalog, _ = sent
    result = run_summary(catalog, RUNS[1])
    result["portals"][0]["portal"] = 'a "quoted"\nback\\slash'
    path = write_prometheus(catalog, RUNS[1], result, tmp_path / "winnow.prom")
    lines = path.read_text().splitlines()
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    seen = set()
    for line in lines:
        if not line.startswith("#"):
            found = _LINE.fullmatch(line)
            assert found, line
            assert found[1] in typed
            float(found[3])
            key = line.rpartition(" ")[0]
            assert key not in seen
            seen.add(key)
    assert 'winnow_datasets{portal="b"} 40' in lines
    assert 'winnow_harvest_complete{portal="a \\"quoted\\"\\nback\\\\slash"} 1' in lines
    assert [one.name for one in tmp_path.iterdir()] == ["winnow.prom"] and path.stat().st_mode & 0o777 == 0o644


def test_the_top_fix_brings_exactly_what_was_promised(tmp_path: Path) -> None:
    about = Portal(id="x", type="ckan", title="X", url="https://x.example", government="Landia")
    titles = ("trees", "rents", "noise", "ports", "roads", "votes", "parks", "wages")
    found = []
    for number, word in enumerate(titles):
        one = replace(PERFECT, identifier=word, title=f"Register of {word} by district and street")
        found.append(replace(one, keywords=()) if number % 2 else one)

    def carded(name: str, datasets: list[object]) -> tuple[float, dict[str, object]]:
        with open_catalog(tmp_path / f"{name}.db") as catalog:
            catalog.begin_run("test", [about], version="0", methodology="2.0.0", run_id=RUNS[0])
            store(catalog, RUNS[0], "x", datasets)  # type: ignore[arg-type]
            score_portal(catalog, RUNS[0], "x")
            score_entities(catalog, RUNS[0])
            card = next(c for c in card_rows(catalog, RUNS[0]) if c["entity_level"] == "government")
            fix = catalog.value("select gain_points from top_fixes where entity_level = 'government' and rank = 1")
            score = catalog.value("select score from score_history where entity_level = 'government'")
            return float(score), card | {"gain": fix}

    before, card = carded("before", list(found))
    assert card["top_fix_rule"] == "keyword_present" and card["top_fix_datasets"] == 4
    after, _ = carded("after", [replace(one, keywords=("budget",)) for one in found])
    assert float(str(card["gain"])) > 0.1
    # Both figures are kept to four digits.
    assert after - before == pytest.approx(float(str(card["gain"])), abs=0.00011)
    assert card["top_fix_gain"] == round(float(str(card["gain"])), 2)


def test_the_ids_of_a_printed_page_do_not_depend_on_when_what_was_drawn() -> None:
    """Chromium numbers the cells of a table as its threads come to them, on a busy machine in another order."""
    form = b"/ID (node%s) /ID (node%s) /Headers [(node%s)] /Limits [(node%s) (node%s)]\n/Names [%s]"
    first, second = b"(node00000026) 77 0 R", b"(node00000030) 79 0 R"
    one = form % (*(b"00000026", b"00000030", b"00000026", b"00000026", b"00000030"), first + b" " + second)
    first, second = b"(node00000032) 77 0 R", b"(node00000003) 79 0 R"
    other = form % (*(b"00000032", b"00000003", b"00000032", b"00000003", b"00000032"), second + b" " + first)
    made = numbered(one)
    assert made == numbered(other) and len(made) == len(one)
    assert made.endswith(b"/Names [(node00000001) 77 0 R (node00000002) 79 0 R]") and numbered(made) == made
    assert numbered(b"%PDF-1.4 (node00000032)") == b"%PDF-1.4 (node00000032)"


@pytest.mark.browser
@needs("Chromium", browser())
def test_the_page_prints_on_a4(sent: tuple[Catalog, Path], tmp_path: Path) -> None:
    _, out = sent
    page = tmp_path / "report.html"
    shutil.copy(out / FRENCH / "report.html", page)
    printed = write_pdf(page, RUNS[1])
    assert printed == tmp_path / "report.pdf"
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert boxes and all((round(float(w)), round(float(h))) in ((595, 842), (596, 842)) for w, h in boxes)
    assert 1 <= len(boxes) <= 4
    assert b"(D:20261121010000" in content
    # The same again.
    printed.unlink()
    assert write_pdf(page, RUNS[1]) == printed and printed.read_bytes() == content
    # And in time, or not at all.
    begun = time.monotonic()
    printed.unlink()
    assert write_pdf(page, RUNS[1], seconds=0.05) is None
    assert time.monotonic() - begun < 10 and sorted(p.name for p in tmp_path.iterdir()) == ["report.html"]


@pytest.mark.browser
@needs("Chromium", browser())
def test_the_page_fits_a_narrow_screen(sent: tuple[Catalog, Path], tmp_path: Path) -> None:
    _, out = sent
    shot = tmp_path / "shot.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=500,900"]
    page = (out / folder_name(EVIL) / "report.html").resolve().as_uri()
    command = [str(browser()), *flags, f"--user-data-dir={tmp_path}/profile", f"--screenshot={shot}", page]
    subprocess.run(command, timeout=60, check=True, capture_output=True, cwd=tmp_path)
    content = shot.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (500, 900)
    assert len(content) > 20_000
