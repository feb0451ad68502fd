"""The demo portals behind one port of the loopback interface: six nights of three fictional governments.

    with DemoServer() as server:
        specs = server.portals()
        ...                      # first night
        server.night = 2
        ...                      # second night

The server implements HTTP correctly except where it is broken on purpose: HEAD, ETag, Last-Modified, 304, Range,
chunks. Only the Date header and the two slow responses depend on the clock.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from harvester.demo import ckan
from harvester.demo.harborview import HARBORVIEW
from harvester.demo.responses import ReplayedResponse, json_response, page
from harvester.demo.sites import Json, Site
from harvester.demo.solmark import SOLMARK
from harvester.demo.verdania import VERDANIA, feed
from harvester.demo.wire import Listener

__all__ = ["DISALLOWED", "NIGHTS", "SITES", "DemoServer"]

SITES: tuple[Site, ...] = (SOLMARK, VERDANIA, HARBORVIEW)
DISALLOWED = "/solmark/files/reserved/"
"""The one folder that robots.txt disallows. It is served all the same, since obeying is the client's task."""
ROBOTS = ReplayedResponse(content_type="text/plain", body=f"User-agent: *\nDisallow: {DISALLOWED}\n".encode())
NIGHTS = 6
FIRST_NIGHT = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
"""Begin of the first night in the story. Last-Modified of what changes from one night to the next is that of the
later one."""


def _begin_of(night: int) -> datetime:
    return FIRST_NIGHT + timedelta(days=night - 1)


class DemoServer:
    """HTTP server on the loopback interface that serves the demo portals while it is used as a context manager.

    ``night`` selects which version of the portals is served, 1 to 6; it may be changed at any time. ``port`` 0
    means any free port.
    """

    def __init__(self, *, night: int = 1, port: int = 0) -> None:
        self.requests: list[tuple[str, str]] = []
        """Every (method, path with query) received, in order."""
        self._night = 1
        self.night = night
        self._port = port
        self._http: Listener | None = None
        self._thread: threading.Thread | None = None
        self._records: dict[tuple[str, int], list[Json]] = {}
        self._responses: dict[tuple[str, int], ReplayedResponse | None] = {}

    @property
    def night(self) -> int:
        """Return which version of the portals is served, 1 to 6. Setting a number outside this range raises
        ValueError."""
        return self._night

    @night.setter
    def night(self, value: int) -> None:
        if value not in range(1, NIGHTS + 1):
            raise ValueError(f"night must be from 1 to {NIGHTS}, not {value!r}")
        self._night = value

    @property
    def url(self) -> str:
        """Return the address of the server, such as ``http://127.0.0.1:8080``, without a trailing slash. Raise
        RuntimeError while the server is not running."""
        if self._http is None:
            raise RuntimeError("the demo server is not running; use it as a context manager")
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def portals(self) -> list[dict[str, Any]]:
        """Return the demo portals as the contents of portal files, with the addresses at which they are served now."""
        return [
            {
                "id": site.id,
                "type": site.type,
                "title": site.title,
                "url": self.url + site.path,
                "government": site.government,
                "country": site.country,
                "contact_email": site.contact_email,
                "local": True,
                # In the demo a few nights stand for weeks, so one failure counts as broken.
                "broken": {"after_checks": 1, "after_days": 0},
                # What was the same on two nights is asked again only when its record changes.
                "recheck": {"hours": [0, 168], "after_checks": 1},
                "limits": {"delay_s": 0, "concurrency": 4},
            }
            for site in SITES
        ]

    def __enter__(self) -> DemoServer:
        self._http = Listener(self._port, self.respond, self.requests)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="winnow-demo", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None and self._thread is not None:
            self._http.stop()
            self._thread.join()
        self._http = self._thread = None
        # The next start uses another port, and the port is in every record.
        self._records.clear()
        self._responses.clear()

    def respond(self, path: str, parameters: Mapping[str, Any], body: bytes | None = None) -> ReplayedResponse:
        """Return the response to one request, before conditional headers and ranges are applied. Status 404 if the
        address does not exist.

        ``path`` is decoded. ``parameters`` are those of the query; ``body`` is that of a POST request, or None.
        """
        night = self.night
        if path == "/robots.txt":
            return ROBOTS
        if path == "/":
            return page("Demo portals", ", ".join(f"{site.title}: {site.path}" for site in SITES))
        site = next((s for s in SITES if f"{path}/".startswith(f"/{s.id}/")), None)
        response = self._of_site(site, night, path, parameters, body) if site else None
        if response is None:
            return page("Not Found", "The requested URL was not found on the server.", status=404)
        return response

    def _of_site(
        self, site: Site, night: int, path: str, parameters: Mapping[str, Any], body: bytes | None
    ) -> ReplayedResponse | None:
        files = f"/{site.id}/files/"
        if path.startswith(files):
            return self._file(site, night, path.removeprefix(files))
        if site.type == "ckan" and path.startswith(f"{site.path}/dataset/") and "/download/" in path:
            return self._file(site, night, path.rsplit("/", 1)[1])
        if site.type == "dcat-us":
            response = self._catalogue(site, night, path)
        else:
            below = path.removeprefix(site.path) if path.startswith(site.path) else "?"
            response = ckan.respond(site.title, self.records(site, night), below, parameters, body)
        if response is None and path.rstrip("/") == f"/{site.id}":
            response = page(site.title, f"The data is at {site.path}")
        is_later = response is not None and response.modified is not None and night > 1
        return replace(response, modified=_begin_of(night)) if response and is_later else response

    def _catalogue(self, site: Site, night: int, path: str) -> ReplayedResponse | None:
        if path == site.path:
            return json_response(feed(self.records(site, night)), bom=True)
        folder, _, name = path.rpartition("/")
        return page(name, "About this dataset.") if folder == f"/{site.id}/pages" and name else None

    def records(self, site: Site, night: int) -> list[Json]:
        """Return the records of ``site`` on ``night`` (1 to 6), in the form of its API or feed. Private packages, which
        the API does not serve, are included."""
        key = site.id, night
        if key not in self._records:
            self._records[key] = site.records(self.url, night)
        return self._records[key]

    def _file(self, site: Site, night: int, name: str) -> ReplayedResponse | None:
        key = f"{site.id}/{name}", night
        if key not in self._responses:
            make = site.files(night).get(name)
            response = make() if make else None
            if response and response.modified and night > 1:
                before = self._file(site, night - 1, name)
                is_same = before is not None and before.etag == response.etag
                modified = before.modified if before is not None and is_same else _begin_of(night)
                response = replace(response, modified=modified)
            self._responses[key] = response
        return self._responses[key]
