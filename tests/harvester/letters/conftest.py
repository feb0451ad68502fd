"""Data folders with scorecards that are sent. Each is made once, so all tests of letters are in the group "send"."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from catalog.db.store import open_catalog
from catalog.repositories.sent import letters, note
from harvester.cli.configuration import Configuration, save
from tests.catalog.carding import RUNS, promise, put_out, write_run
from tests.harvester.letters.sending import OPERATOR, PUBLIC, Box, a_week_passes


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


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
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
