"""Ask the APIs of the demo portals."""

from __future__ import annotations

import json
from typing import Any

import requests

from harvester.demo import DemoServer

ENDLESS = ("endless.csv", "drip.csv")


def action(server: DemoServer, http: requests.Session, name: str, base: str = "/solmark/data", **query: Any) -> Any:
    response = http.get(f"{server.url}{base}/api/3/action/{name}", params=query)
    assert response.ok, response.text
    assert response.json()["success"] is True
    return response.json()["result"]


def everything(server: DemoServer, http: requests.Session, base: str = "/solmark/data") -> list[dict[str, Any]]:
    packages: list[dict[str, Any]] = []
    while True:
        page = action(server, http, "package_search", base, rows=1000, start=len(packages), sort="id asc")
        if not page["results"]:
            assert len(packages) == page["count"]
            return packages
        packages += page["results"]


def feed(server: DemoServer, http: requests.Session) -> list[dict[str, Any]]:
    body = http.get(f"{server.url}/verdania/data.json").content
    records: list[dict[str, Any]] = json.loads(body.decode("utf-8-sig"))["dataset"]
    return records


def named(packages: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(package for package in packages if package["name"] == name)
