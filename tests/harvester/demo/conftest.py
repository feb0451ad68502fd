"""The demo portals, running, and a client to ask them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from harvester.demo import DemoServer


@pytest.fixture(scope="module")
def running() -> Iterator[DemoServer]:
    with DemoServer() as server:
        yield server


@pytest.fixture
def server(running: DemoServer) -> DemoServer:
    running.night = 1
    return running


@pytest.fixture(scope="module")
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session
