"""Where the site stands and who runs it, from the command line and ``winnow.toml``."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from catalog.db.store import open_catalog
from catalog.site.metadata import PLUGIN, metadata
from catalog.site.serve import datasette_command
from harvester.cli.main import cli
from harvester.cli.site import _published
from harvester.cli.site_options import site_options


def options(data: Path, **given: object) -> object:
    return site_options(data, **{"public_url": None, "base_url": "/", **given})  # type: ignore[arg-type]


def test_options_come_from_the_file_of_the_operator(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "winnow.toml").write_text(
        'contact = "desk@watch.example"\nsite_url = "https://watch.example/"\npublic_url = "https://files.example"\n'
        'hold_days = 14\n[operator]\nname = "Data Watch"\nimprint = "1 Road, Town"\n'
    )
    found = site_options(tmp_path, public_url=None, base_url="/", takes_reports=True)
    assert (found.public_url, found.operator, found.imprint) == ("https://watch.example", "Data Watch", "1 Road, Town")
    assert (found.contact, found.exports_url, found.hold_days) == ("desk@watch.example", "https://files.example", 14)
    assert found.exports == str(tmp_path / "exports") and found.inbox == str(tmp_path)
    # The command line comes first, and a path is not said twice.
    below = site_options(tmp_path, public_url="https://x.example/data", base_url="/data/")
    assert (below.public_url, below.base_url, below.inbox) == ("https://x.example", "/data/", None)
    told = metadata(below)
    assert told["plugins"][PLUGIN]["operator"] == "Data Watch"
    assert "Sitemap: https://x.example/data/sitemap.xml" in told["plugins"]["datasette-block-robots"]["literal"]
    (tmp_path / "catalog.db").touch()
    command = " ".join(datasette_command(tmp_path / "catalog.db", port=1, options=below, has_sql=True))
    assert "--setting default_allow_sql on" in command and "--setting base_url /data/" in command
    assert "default_allow_sql off" in " ".join(datasette_command(tmp_path / "catalog.db", port=1))


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"public_url": "watch.example"}, "--public-url"),
        ({"public_url": "https://a@b.example"}, "--public-url"),
        ({"public_url": "https://watch.example?x"}, "--public-url"),
        ({"base_url": "data"}, "--base-url"),
        ({"base_url": "//x/"}, "--base-url"),
        ({"takes_reports": True}, "operator.imprint"),
    ],
)
def test_a_place_that_is_none_is_said(tmp_path: Path, given: dict[str, object], word: str) -> None:
    with pytest.raises(click.UsageError, match=word):
        options(tmp_path, **given)


def test_the_inbox_does_not_open_without_an_operator(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["--data", str(tmp_path), "serve", "--inbox", "--port", "0"])
    assert done.exit_code == 2 and "operator.name" in done.output


def test_the_site_shows_the_catalogue_of_now_but_no_part_of_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(title: str, status: str) -> str:
        with open_catalog(tmp_path / "catalog.db") as catalog, catalog.writing():
            catalog.upsert("runs", [{"id": "20261124T000000Z", "status": status}])
            catalog.upsert("portals", [{"id": "p", "title": title}])
        with closing(sqlite3.connect(_published(tmp_path))) as public:
            return str(public.execute("select title from portals").fetchone()[0])

    assert shown("first", "complete") == "first" and shown("second", "complete") == "second"
    assert not capsys.readouterr().err
    assert shown("third", "running") == shown("third", "interrupted") == "second"
    assert capsys.readouterr().err.count("20261124T000000Z is not finished") == 2
    (tmp_path / "site" / "catalog.db").unlink()
    assert shown("third", "running") == "third"
