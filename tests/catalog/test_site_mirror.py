"""The static mirror: only what changed is written, and what was interrupted goes on."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from catalog.db.store import CatalogError, open_catalog
from catalog.site.mirror import FILES, Mirror, write_mirror
from catalog.site.pages import SiteOptions
from catalog.site.render import site_url
from harvester.cli.main import cli
from specs.languages import language
from tests.catalog.browsing import OF_THE_SITE, fill

pytestmark = OF_THE_SITE

OPTIONS = SiteOptions(public_url="https://open.example/watch", base_url="/", operator="Data Watch")


@pytest.fixture(scope="module")
def made(public: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mirror]:
    """A mirror, made by two processes."""
    out = tmp_path_factory.mktemp("mirror")
    return out, write_mirror(public, out, OPTIONS, ["en", "fr"], processes=2)


def test_it_has_the_pages_of_the_live_site_with_their_data_in_each_language(made: tuple[Path, Mirror]) -> None:
    out, done = made
    assert done.written > 100 and done.size > 100_000
    assert "Data Watch" in (out / "imprint/index.html").read_text("utf-8")
    assert 'lang="fr"' in (out / "fr/imprint/index.html").read_text("utf-8")
    assert json.loads((out / "imprint.json").read_text("utf-8"))["operator"] == "Data Watch"


def test_unchanged_pages_keep_their_bytes(made: tuple[Path, Mirror], public: Path) -> None:
    out, first = made
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.html")}
    again = write_mirror(public, out, OPTIONS, ["en", "fr"])
    assert (again.written, again.removed) == (0, 0)
    assert again.kept == first.written
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.html")} == before


def test_a_killed_mirror_goes_on_and_removes_only_its_own_pages(
    made: tuple[Path, Mirror], public: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(made[0], out)
    # As if it had been killed: a page is missing, another is of a dataset that is gone, a part is left.
    (out / "census" / "index.html").unlink()
    shutil.copytree(out / "commitment/ogp-XX0001", out / "commitment/ogp-gone")
    (out / "mine.html").write_text("not a page of the mirror")
    done = write_mirror(public, out, OPTIONS, ["en", "fr"])
    assert (done.written, done.removed) == (1, 1)
    assert (out / "census/index.html").is_file() and (out / "mine.html").is_file()
    assert not (out / "commitment/ogp-gone").exists()


def test_everything_of_what_is_gone_goes_and_nothing_else(
    made: tuple[Path, Mirror], public: Path, tmp_path: Path
) -> None:
    out, changed = tmp_path / "out", tmp_path / "catalog.db"
    shutil.copytree(made[0], out)
    shutil.copy(public, changed)
    badges = {path for path in out.rglob("*.svg") if path.as_posix().endswith("portal/south.svg")}
    assert badges, "a portal has files that are no pages"
    with closing(sqlite3.connect(changed)) as db:
        # As if the portal were gone, and one with a dot in its name had been there in the night before.
        db.execute("delete from site_entities where kind = 'portal' and id = 'south'")
        db.commit()
    listed = json.loads((out / FILES).read_bytes())
    shutil.copytree(out / "portal/south", out / "portal/north.gov")
    (out / "portal/north.gov.json").write_text("{}")
    (out / FILES).write_text(
        json.dumps([*listed, "portal/north.gov.json", "../mine.json", str(tmp_path / "mine.json")])
    )
    (tmp_path / "mine.json").write_text("not of the mirror")
    (tmp_path / "out.json").write_text("not of the mirror")

    before = {path for path in out.rglob("*") if path.is_file()}
    (out / "robots.txt").unlink()
    (out / "robots.txt").mkdir()
    with pytest.raises(OSError):  # which one depends on the system
        write_mirror(changed, out, OPTIONS, ["en", "fr"])
    assert not {path for path in before if not path.exists()}, "a call that ends in the middle removes nothing"
    (out / "robots.txt").rmdir()

    write_mirror(changed, out, OPTIONS, ["en", "fr"])
    assert not {path for path in badges if path.exists()}
    assert not (out / "portal/north.gov").exists() and not (out / "portal/north.gov.json").exists()
    assert (out / "portal/north.json").is_file() and (tmp_path / "mine.json").is_file()
    assert all((out / name).is_file() for name in json.loads((out / FILES).read_bytes()))

    write_mirror(changed, out, OPTIONS, ["fr"])
    assert (tmp_path / "out.json").is_file() and not (out / "index.html").exists()


def test_a_changed_thing_changes_its_page_alone(made: tuple[Path, Mirror], public: Path, tmp_path: Path) -> None:
    out, changed = tmp_path / "out", tmp_path / "catalog.db"
    shutil.copytree(made[0], out)
    shutil.copy(public, changed)
    with closing(sqlite3.connect(changed)) as db:
        db.execute("update commitments set lead = 'Treasury' where id = 'ogp/XX0001'")
        db.commit()
    write_mirror(changed, out, OPTIONS, ["en", "fr"])
    new = {path.relative_to(out).as_posix() for path in out.rglob("index.html") if _differs(path, out, made[0])}
    assert "commitment/ogp-XX0001/index.html" in new
    assert not {path for path in new if path.startswith(("metric/", "night/", "census", "vanished"))}


def _differs(path: Path, out: Path, before: Path) -> bool:
    return path.read_bytes() != (before / path.relative_to(out)).read_bytes()


def test_it_has_search_a_sitemap_and_a_page_for_what_is_not_there(made: tuple[Path, Mirror]) -> None:
    out, _ = made
    assert (out / "pagefind/pagefind.js").is_file()
    assert "no such page" in (out / "404.html").read_text("utf-8")
    listed = ElementTree.parse(out / "sitemap.xml").getroot()
    addresses = {url[0].text or "" for url in listed}
    assert "https://open.example/watch/census/" in addresses
    assert not [one for one in addresses if "/card/" in one], "a card is no page"
    assert all((out / one.removeprefix("https://open.example/watch/") / "index.html").is_file() for one in addresses)
    assert 'rel="canonical" href="https://open.example/watch/fr/census/"' in (out / "fr/census/index.html").read_text()
    assert not re.search(r'<form[^>]+method="post"', (out / "report/index.html").read_text("utf-8"))


def test_addresses_begin_with_the_base_and_the_language() -> None:
    below = SiteOptions(base_url="/watch/", is_static=True)
    assert site_url(below, language("fr"), "/census") == "/watch/fr/census/"
    assert site_url(below, language("en"), "/night/x?a=1#b") == "/watch/night/x/?a=1#b"
    assert site_url(below, language("fr"), "/static/winnow.css") == "/watch/static/winnow.css"


def test_what_cannot_be_mirrored_is_refused(tmp_path: Path, public: Path) -> None:
    with pytest.raises(CatalogError, match="publish"):
        write_mirror(tmp_path / "none.db", tmp_path / "out", OPTIONS)
    (tmp_path / "broken.db").write_bytes(b"no database" * 100)
    with pytest.raises(CatalogError, match="publish"):
        write_mirror(tmp_path / "broken.db", tmp_path / "out", OPTIONS)
    with pytest.raises(CatalogError, match="not shown"):
        write_mirror(public, tmp_path / "out", OPTIONS, ["xx"])


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        fill(catalog)
    run = CliRunner()
    done = run.invoke(cli, ["--data", str(tmp_path), "site", str(tmp_path / "out"), "--processes", "1"])
    assert done.exit_code == 0, done.output
    assert "files written, 0 kept" in done.output
    wrong = run.invoke(cli, ["--data", str(tmp_path), "site", str(tmp_path / "out"), "--base-url", "watch"])
    assert wrong.exit_code == 2 and "slash" in wrong.output
