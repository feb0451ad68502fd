"""The command that serves the site, and a look at it with a real browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.db.store import CatalogError
from catalog.exports.pdf import browser
from catalog.site.serve import datasette_command
from tests.catalog.browsing import OF_THE_SITE
from tests.conftest import needs

pytestmark = OF_THE_SITE


def test_command_refuses_what_it_cannot_serve(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="publish"):
        datasette_command(tmp_path / "catalog.db", port=1)
    with pytest.raises(CatalogError, match=r"catalog\.db"):
        datasette_command(tmp_path / "x.db", port=1)


@pytest.fixture
def served(public: Path, tmp_path: Path) -> Iterator[str]:
    """The real server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    db = tmp_path / "public" / "catalog.db"
    db.parent.mkdir()
    shutil.copy(public, db)
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(datasette_command(db, port=port), stdout=log, stderr=log)
        try:
            for _ in range(150):
                assert server.poll() is None, (tmp_path / "log").read_text()
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/robots.txt", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


@pytest.mark.browser
@needs("Chromium", browser())
@pytest.mark.parametrize("path", ["/", "/dataset/north-0"])
def test_a_browser_draws_it(served: str, tmp_path: Path, path: str) -> None:
    picture = tmp_path / "x.png"
    subprocess.run(
        [str(browser()), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        + ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        + [f"--user-data-dir={tmp_path}/profile", f"--screenshot={picture}", "--window-size=1280,1600", served + path],
        check=True,
        capture_output=True,
        timeout=120,
    )
    # A blank page of this size is about 8 kB.
    assert picture.stat().st_size > 30_000
