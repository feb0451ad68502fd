"""Whose word robots.txt is: the software's, the operator's, or one about Winnow; and what a harvest keeps of it."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, ckan_search, harvest, harvested, spec
from stock_ckan import CONTACT, ROBOTS, SEARCH

from catalog.db.store import Catalog
from harvester.checks.links import check
from harvester.http.robots_rules import decide, is_contact, rules_of
from specs.errors import SpecError, parse
from specs.portals import PortalSpec, dump, load_file
from specs.robots import group_for_us, template_of, templates


def decided(text: str, mode: Any = "api", contact: str = CONTACT, portal_type: str = "ckan") -> bool:
    """Return whether the API of a CKAN may be requested."""
    rules = rules_of(200, text.encode())
    return decide(rules, mode, portal_type, contact, leave="x").may("http://x.example" + SEARCH)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        (ROBOTS, True),
        (ROBOTS.replace("\n", "\r\n"), True),
        (
            "\ufeff# our site\n" + ROBOTS.replace("Crawl-Delay", "crawl-delay") + "Sitemap: https://x.example/s.xml\n",
            True,
        ),
        # The delay in a group of its own, as older versions have it; and what is said to others.
        (ROBOTS.replace("Crawl", "\nUser-Agent: *\nCrawl") + "\nUser-agent: badbot\nDisallow: /\n", True),
        ("User-agent: badbot\nDisallow: /\n\n" + ROBOTS, True),
        # The marks of CKAN's own template, which 2.9.0 serves as they stand.
        (ROBOTS.replace("Disallow: /dataset/rate", "{% block all_user_agents -%}\nDisallow: /dataset/rate"), True),
        # Anything else is somebody's own will.
        (ROBOTS + "Disallow: /organization/\n", False),
        (ROBOTS.replace("Disallow: /revision/\n", ""), False),
        (ROBOTS.replace("10", "30"), False),
        (ROBOTS + "Content-Signal: search=yes, ai-train=no\n", False),
        ("User-agent: *\nDisallow: /api/\n", False),
        ("User-agent: *\nDisallow: /\n", False),
        (ROBOTS + "\nUser-agent: *\nDisallow: /\n", False),
        # What names Winnow is obeyed, and it alone.
        (ROBOTS + "\nUser-agent: Winnow\nDisallow: /api/\n", False),
        (ROBOTS + "\nUser-agent: WINNOW/1.0\nUser-agent: other\nDisallow: /api/\n", False),
        (ROBOTS + "\nUser-agent: winnow\nDisallow: /private/\n", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: winnow\nAllow: /\n", True),
        # Neither a part of its name nor a word of its user agent.
        (ROBOTS + "\nUser-agent: win\nDisallow: /\nUser-agent: catalogue\nDisallow: /\n", True),
    ],
)
def test_interface_is_asked_only_where_nobody_has_forbidden_it(text: str, may: bool) -> None:
    assert decided(text) is may
    assert decided(text, "always") is (may and "winnow" in text)
    assert decided(text, contact="no contact given") is (may and "winnow" in text)
    assert decided(text, "never") is (may or "winnow" not in text.lower())


def test_templates_serve_their_own_software_alone() -> None:
    assert not decided(ROBOTS, portal_type="geonode")
    kinds = {one.software for one in templates()}
    assert kinds >= {"CKAN", "Dataverse", "GeoNode"} and all(one.source.startswith("https://") for one in templates())
    found = template_of(group_for_us(ROBOTS))
    assert found is not None and found.software == "CKAN"
    assert template_of(group_for_us("")) is None and not group_for_us("Disallow: /\n").lines


def test_what_is_no_robots_txt_forbids_nothing() -> None:
    for status, body in ((404, b"User-agent: *\nDisallow: /"), (500, b""), (200, b" <html>Disallow: /</html>")):
        rules = rules_of(status, body)
        assert rules.text is None and rules.allows("http://x.example/api/")


@pytest.mark.parametrize(
    ("contact", "is_one"),
    [("a@b.example", True), ("https://b.example/bot", True), ("b.example/bot", True), ("no contact given", False),
     ("", False), ("me", False), ("the data desk", False)],
)  # fmt: skip
def test_contact_is_an_address_or_a_page(contact: str, is_one: bool) -> None:
    assert is_contact(contact) is is_one


def packages(count: int) -> list[dict[str, Any]]:
    return [{"id": f"p{n}", "name": f"p{n}", "title": f"Package {n}"} for n in range(count)]


def test_stock_ckan_is_harvested_slowly_and_the_harvest_says_why(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    at = [1_000.0]

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        at[0] += seconds

    monkeypatch.setattr("harvester.http.politeness.sleep", sleep)
    monkeypatch.setattr("harvester.http.politeness.monotonic", lambda: at[0])
    robots = Response(200, "text/plain", ROBOTS.encode())
    with PortalServer({"/robots.txt": robots, SEARCH: ckan_search(packages(3), rows_max=2)}) as server:
        harvest(catalog, spec("p", "ckan", server.url))
        first = harvested(catalog, "p")
        assert first["verdict"] == "failed" and not server.asked("/api/")
        assert "--contact" in catalog.rows("select * from harvest_errors")[0]["remedy"]
        del waits[:]
        harvest(catalog, spec("p", "ckan", server.url), contact=CONTACT)
        asked = server.asked("/api/")
    row = harvested(catalog, "p")
    assert row["verdict"] == "complete" and row["datasets"] == 3
    # Every request of the host keeps the gap, the first one after robots.txt too.
    assert len(asked) >= 2 and waits == [10.0] * len(asked)
    assert row["robots_text"] == ROBOTS and row["robots_sha256"] == hashlib.sha256(ROBOTS.encode()).hexdigest()
    assert "CKAN" in row["robots_decision"] and "API client" in row["robots_decision"]
    assert "no contact" in first["robots_decision"]


def test_files_are_checked_as_any_robot_would_and_what_does_not_fit_is_carried_over(catalog: Catalog) -> None:
    text = b"User-agent: *\nDisallow: /api/\nCrawl-delay: 0.4\n"
    files = [{"url": f"{{}}/f/{n}.pdf", "format": "PDF"} for n in range(9)] + [{"url": "{}/api/x.csv"}]
    times: list[float] = []

    def search(asked: Asked) -> Response:
        own = [{"id": str(n), **one, "url": one["url"].format(server.url)} for n, one in enumerate(files)]
        package = {**packages(1)[0], "resources": own}
        return as_json({"success": True, "result": {"count": 1, "results": [package]}})

    def file(asked: Asked) -> Response:
        times.append(time.monotonic())
        return Response(200, "application/pdf", b"%PDF-1.7")

    routes: dict[str, Any] = {"/robots.txt": Response(200, "text/plain", text), SEARCH: search}
    with PortalServer(routes | {f"/f/{n}.pdf": file for n in range(9)}) as server:
        portal = spec(
            "p", "ckan", server.url, obey_robots="never", leave="the clerk, 2026-02-01",
            limits={"check_deadline_s": 1.5},
        )  # fmt: skip
        run = harvest(catalog, portal, contact=CONTACT)
        check(run, [portal])
    seen = {row["url"].partition("/f/")[2]: row for row in catalog.rows("select * from resource_checks")}
    # A busy machine may end later than at the deadline, but it keeps the pauses until then.
    assert 1 <= len(times) <= 2 + (times[-1] - times[0]) / 0.4, [one - times[0] for one in times]
    assert run.traffic["carried_over"] >= 3
    assert "by leave of the operator: the clerk, 2026-02-01" in harvested(catalog, "p")["robots_decision"]
    # The leave is for the interface, not for a file that robots.txt forbids.
    refused = [row for row in seen.values() if row["fault"] == "robots"]
    assert len(refused) <= 1 and len(seen) + run.traffic["carried_over"] >= 9


def portal_file(folder: Path, *lines: str) -> Path:
    path = folder / "p.toml"
    path.write_text("\n".join(('id = "p"', 'type = "ckan"', 'title = "P"', 'url = "https://p.example"', *lines)))
    return path


def test_portal_files_of_every_age_are_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load_file(portal_file(tmp_path)).obey_robots == "api"
    with pytest.raises(SpecError, match="needs leave"):
        load_file(portal_file(tmp_path, 'obey_robots = "never"'))
    found = load_file(portal_file(tmp_path, 'obey_robots = "never"', 'leave = "The clerk, 7 May 2026"'))
    assert found.leave == "The clerk, 7 May 2026" and 'obey_robots = "never"' in dump(found)
    with pytest.raises(SpecError, match="obey_robots"):
        load_file(portal_file(tmp_path, 'obey_robots = "sometimes"'))
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        assert load_file(portal_file(tmp_path, "obey_robots = true")).obey_robots == "always"
        assert load_file(portal_file(tmp_path, "obey_robots = false")).obey_robots == "never"
    assert all("older files" in one.message for one in caplog.records) and "leave" in caplog.records[1].message
    old = load_file(portal_file(tmp_path, "obey_robots = false"))
    assert parse(PortalSpec, old.model_dump(mode="json"), "archive") == old
