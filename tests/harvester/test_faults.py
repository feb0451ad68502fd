"""Every way to fail has a name, a next step, and speaks against nobody who did nothing."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest
from portal_server import PortalServer, Response, as_json, harvest, harvested, spec
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest, UnsupportedURLSchemeError
from scrapy.http import Response as ScrapyResponse

from catalog.db.store import Catalog
from catalog.model import ResourceCheck
from catalog.repositories.checks import BrokenRule, judged, write_checks
from harvester.checks.links import check
from harvester.http.faults import UnaskableAddressError, of_exception, of_response

URL = "https://data.example/x.csv"


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "outcome"),
    [
        (404, b"", {}, "gone", "failing"),
        (410, b"", {}, "gone", "failing"),
        (401, b"", {}, "auth", "unknown"),
        (403, b"<h1>Forbidden</h1>", {}, "auth", "unknown"),
        (403, b"<title>Just a moment...</title>", {}, "blocked", "unknown"),
        (503, b"Checking: cf-chl-bypass", {}, "blocked", "unknown"),
        (403, b"", {"cf-mitigated": "challenge"}, "blocked", "unknown"),
        (405, b"", {"x-amzn-waf-action": "captcha"}, "blocked", "unknown"),
        (403, b"Request unsuccessful. Incapsula incident ID: 1", {}, "blocked", "unknown"),
        (200, b"<html><script>window._cf_chl_opt={cvId: '3'}", {}, "blocked", "unknown"),
        (200, b'<iframe src="/_Incapsula_Resource?SWUDNSAI=31">Request unsuccessful.', {}, "blocked", "unknown"),
        (200, b" <html><script>window.gokuProps = {", {}, "blocked", "unknown"),
        (206, b'<meta http-equiv="refresh" content="5; URL=/x.csv?bm-verify=AAQ">', {}, "blocked", "unknown"),
        (200, b"", {"cf-mitigated": "challenge"}, "blocked", "unknown"),
        (202, b"", {"x-amzn-waf-action": "challenge"}, "blocked", "unknown"),
        (429, b"slow down", {}, "rate_limited", "unknown"),
        (451, b"", {}, "auth", "unknown"),
        (500, b"", {}, "server", "unknown"),
        (503, b"maintenance", {}, "server", "unknown"),
        (302, b"", {}, "moved", "unknown"),
        (418, b"", {}, "http", "unknown"),
    ],
)
def test_answers(status: int, body: bytes, headers: dict[str, str], kind: str, outcome: str) -> None:
    fault = of_response(ScrapyResponse(URL, status=status, body=body, headers=dict(headers)))
    assert fault and (fault.kind, fault.outcome) == (kind, outcome) and fault.remedy and fault.detail


@pytest.mark.parametrize("status", [200, 204, 206, 304])
def test_good_responses(status: int) -> None:
    assert of_response(ScrapyResponse(URL, status=status)) is None


@pytest.mark.parametrize(
    "body",
    [
        b"name,note\n1,captcha\n2,access denied by gokuProps\n",
        b"<html><script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>Data of the ministry",
        b"<html><script src='/_Incapsula_Resource?SWJIYLWA=719'></script>Data of the ministry",
        b"<html>" + b"A long page about gokuProps. " * 2_000,
    ],
)
def test_what_a_bot_protection_lets_through_is_no_challenge(body: bytes) -> None:
    assert of_response(ScrapyResponse(URL, status=200, body=body)) is None


def caused(cause: BaseException) -> Exception:
    try:
        raise RuntimeError("outer") from cause
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("error", "kind", "outcome"),
    [
        (caused(socket.gaierror(socket.EAI_NONAME, "not known")), "dns", "failing"),
        (caused(socket.gaierror(socket.EAI_AGAIN, "try again")), "dns", "unknown"),
        (caused(ssl.SSLCertVerificationError(1, "expired")), "tls", "unknown"),
        (DownloadTimeoutError("60 s"), "timeout", "unknown"),
        (OSError(28, "No space left on device"), "ours", "unknown"),
        (MemoryError(), "ours", "unknown"),
        (IgnoreRequest("Forbidden by robots.txt"), "robots", "unknown"),
        (IgnoreRequest("max redirections reached"), "moved", "unknown"),
        (UnsupportedURLSchemeError("gopher"), "scheme", "unknown"),
        (UnaskableAddressError("no host"), "invalid_url", "invalid"),
        (ValueError("whatever a response holds"), "parse", "unknown"),
        (RuntimeError("what?"), "connect", "unknown"),
    ],
)
def test_exceptions(error: Exception, kind: str, outcome: str) -> None:
    fault = of_exception(error)
    assert (fault.kind, fault.outcome) == (kind, outcome) and fault.remedy and fault.detail


def look(outcome: Any, day: int, **values: Any) -> ResourceCheck:
    detail = None if outcome == "ok" else "the server answers 404"
    return ResourceCheck(url=URL, outcome=outcome, detail=detail, checked_at=f"2026-11-{day:02}T01:00:00Z", **values)


def outcomes(catalog: Catalog, looks: list[ResourceCheck], rule: BrokenRule) -> list[str]:
    run = catalog.begin_run("t", [], version="0", methodology="0")
    found = []
    for one in looks:
        write_checks(catalog, run, [one], {URL: rule})
        found.append(catalog.value("select outcome from resource_checks"))
    return found


def test_broken_needs_several_checks_over_days(catalog: Catalog) -> None:
    rule = BrokenRule(checks=3, days=2)
    assert outcomes(catalog, [look("failing", d) for d in (1, 2, 3)], rule) == ["failing", "failing", "broken"]
    row = catalog.rows("select * from resource_checks")[0]
    assert (row["failed_checks"], row["failing_since"]) == (3, "2026-11-01T01:00:00Z")
    assert row["detail"] == "the server answers 404; failed 3 times since 2026-11-01"
    assert outcomes(catalog, [look("ok", 4), look("failing", 5)], rule) == ["ok", "failing"]


def test_three_checks_in_a_day_are_not_enough(catalog: Catalog) -> None:
    assert outcomes(catalog, [look("failing", 1)] * 5, BrokenRule(3, 2)) == ["failing"] * 5


def test_the_unknown_neither_lengthens_nor_ends_a_row_of_failures(catalog: Catalog) -> None:
    looks = [look("failing", 1), look("unknown", 2), look("unknown", 3), look("failing", 4), look("failing", 5)]
    expected = ["failing", "unknown", "unknown", "failing", "broken"]
    assert outcomes(catalog, looks, BrokenRule(3, 2)) == expected


def test_what_was_downloaded_is_known_through_nights_without_a_response(catalog: Catalog) -> None:
    run = catalog.begin_run("t", [], version="0", methodology="0")
    file = {"file_path": "files/x.bin", "sha256": "0" * 64, "etag": '"a"', "size_bytes": 7, "downloaded_bytes": 7}
    write_checks(catalog, run, [look("ok", 1, **file)])
    for outcome in ("unknown", "failing"):
        write_checks(catalog, run, [look(outcome, 2)])
        assert catalog.rows(f"select {', '.join(file)} from resource_checks")[0] == file  # noqa: S608
    assert catalog.value("select last_known from resource_checks") == "ok"


def test_first_failure_is_judged_alone() -> None:
    assert judged(look("failing", 1), None, BrokenRule(1, 0)).outcome == "broken"


SEARCH = "/api/3/action/package_search"


@pytest.mark.parametrize(
    ("response", "kind", "words"),
    [
        (Response(403, "text/html", b"<title>Attention Required! | Cloudflare</title>"), "blocked", "bot wall"),
        (Response(200, "text/html", b"<!doctype html><title>Home</title>"), "parse", "HTML"),
        (Response(200, "application/json", b"   "), "empty", "empty"),
        (Response(401, "text/plain", b"who?"), "auth", "401"),
        (Response(410, "text/plain", b"gone"), "gone", "410"),
        (Response(301, headers={"Location": SEARCH}), "moved", "in circles"),
        (Response(200, body=b'{"success": true, "result": {"cou'), "cut_short", "cut short"),
        (as_json({"success": False, "error": {"message": "Solr"}}), "server", "success: false"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_portal_that_fails_says_how(response: Response, kind: str, words: str, catalog: Catalog) -> None:
    with PortalServer({SEARCH: response}) as server:
        harvest(catalog, spec("p", "ckan", server.url))
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and words in row["reasons"][0], row["reasons"]
    error = catalog.rows("select * from harvest_errors order by id desc")[0]
    assert error["kind"] == kind and error["is_fatal"] and error["remedy"] and error["url"]


def test_no_connection(catalog: Catalog) -> None:
    harvest(catalog, spec("p", "ckan", "http://127.0.0.1:1"))
    assert catalog.value("select kind from harvest_errors") == "connect"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Disposition": 'attachment; filename="donn\xe9es.csv"'},
        {"Retry-After": "\xb2"},
        {"X-RateLimit-Remaining": "\xb2"},
    ],
    ids=lambda value: next(iter(value)),
)
def test_odd_bytes_in_a_header_speak_against_nobody(headers: dict[str, str], catalog: Catalog) -> None:
    with PortalServer({"/x.csv": Response(200, "text/csv", b"a,b\n1,2\n", headers)}) as server:
        part = {"downloadURL": f"{server.url}/x.csv"}
        feed = as_json({"dataset": [{"identifier": "A", "distribution": [part]}]})
        server.routes["/data.json"] = Response(200, feed.content_type, feed.body, headers)
        portal = spec("p", "dcat-us", server.url)
        check(harvest(catalog, portal), [portal])
    assert harvested(catalog, "p")["verdict"] == "complete"
    assert catalog.value("select outcome from resource_checks") == "ok"


@pytest.mark.parametrize("target", ["http://[::bad/", "https://host.example:99999/", "gopher://host.example/"])
def test_a_redirect_to_nonsense_makes_no_address_invalid(target: str, catalog: Catalog) -> None:
    with PortalServer({"/x": Response(302, headers={"Location": target})}) as server:
        feed = {"dataset": [{"identifier": "A", "distribution": [{"accessURL": f"{server.url}/x"}]}]}
        server.routes["/data.json"] = as_json(feed)
        portal = spec("p", "dcat-us", server.url)
        check(harvest(catalog, portal), [portal])
    assert catalog.value("select outcome from resource_checks") == "unknown"
