"""Fixtures for all tests: an empty catalogue, and no connection beyond this machine."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.db.store import Catalog, open_catalog
from quality.tables import pool
from tests import pace, warm

SHARED = Path(__file__).parents[1].parent / "shared"
"""Recordings and oracles that are beside the project on some machines; tests that need them are skipped elsewhere."""


def needs(program: str, found: object) -> pytest.MarkDecorator:
    """Skip a test if a program is not installed; in .ci/run, which installs it, the test fails instead."""
    is_left_out = not found and not os.environ.get("WINNOW_ALL_PROGRAMS")
    return pytest.mark.skipif(is_left_out, reason=f"{program} is not installed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-durations", action="store_true", help="write tests/durations.txt from this run")


def pytest_configure(config: pytest.Config) -> None:
    if sys.version_info >= (3, 13):
        # Datasette opens a database while it is imported and leaves it open, of which Python warns from 3.13 on.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            import datasette.filters  # noqa: F401

            gc.collect()
    known = pace.measured(pace.FILE.read_text("utf-8"))
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        warm.share()
    config.pluginmanager.register(pace.Durations(known, is_recording=config.getoption("--record-durations")))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Take modules and tests, half a million objects that stay, out of what the garbage collector walks through."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Fail any test that connects to an address beyond this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        if not (str(host).startswith("127.") or host in ("::1", "localhost")):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def kept_children() -> Iterator[None]:
    """Keep the processes that inspect tables, so that they load their libraries once for all tests of a worker, and
    fork them from one that has loaded Great Expectations."""
    with pytest.MonkeyPatch.context() as patch, pool.kept_children():
        patch.setattr(pool, "subprocess", warm.for_pools())
        yield


@pytest.fixture(scope="module")
def cold_workers() -> Iterator[None]:
    """Start the processes that inspect tables as the program does, and keep none: for tests of their start, limits
    and end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "subprocess", subprocess)
        patch.setattr(pool, "_KEPT", None)
        yield


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """Yield an empty catalogue in a folder of its own."""
    with open_catalog(tmp_path / "catalog.db") as opened:
        yield opened
