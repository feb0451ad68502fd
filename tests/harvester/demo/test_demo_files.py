"""The files of the demo portals: broken, blocked, lying, endless; and the HTTP they are served by."""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile

import pytest
import python_calamine
import requests
from demo_client import ENDLESS

from harvester.demo import DemoServer
from harvester.demo.server import SITES

# Files


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("crime-2024.csv", 404),
        ("gone.csv", 410),
        ("server-error.csv", 500),
        ("challenge.csv", 403),
        ("too-many.csv", 429),
        ("members-only.csv", 401),
        ("empty.csv", 200),
        ("loop-a.csv", 302),
    ],
)
def test_broken_and_blocked_files(server: DemoServer, http: requests.Session, name: str, status: int) -> None:
    response = http.get(f"{server.url}/solmark/files/{name}", allow_redirects=False)
    assert response.status_code == status
    match name:
        case "challenge.csv":
            assert response.headers["Server"] == "cloudflare"
            assert "Just a moment" in response.text
        case "too-many.csv":
            assert response.headers["Retry-After"] == "1"
        case "members-only.csv":
            assert response.headers["WWW-Authenticate"].startswith("Basic")
        case "empty.csv":
            assert response.content == b""
        case "loop-a.csv":
            with pytest.raises(requests.TooManyRedirects):
                http.get(response.url)


def test_lying_files(server: DemoServer, http: requests.Session) -> None:
    def get(name: str) -> tuple[str, bytes]:
        response = http.get(f"{server.url}/solmark/files/{name}")
        assert response.status_code == 200
        return response.headers["Content-Type"].partition(";")[0], response.content

    kind, body = get("population.csv")
    assert (kind, body[:15]) == ("text/csv", b"<!DOCTYPE html>")
    kind, body = get("beds.csv")
    assert kind == "text/html" and b"Page not found" in body
    assert json.loads(get("beds.json")[1])["success"] is False
    kind, body = get("tariffs.csv")
    assert kind == "text/csv" and body.startswith(b"PK\x03\x04")
    kind, body = get("tariffs.xls")
    assert kind == "application/vnd.ms-excel" and body.startswith(b"<html><body><table")
    kind, body = get("accidents-2025.csv")
    assert kind == "text/csv" and b"\t" in body and b"," not in body


def test_tables_are_good_or_bad_as_meant(server: DemoServer, http: requests.Session) -> None:
    def text(path: str, encoding: str = "utf-8") -> str:
        return http.get(f"{server.url}{path}").content.decode(encoding)

    def rows(path: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(text(path))))

    good = rows("/solmark/files/budget-2025.csv")
    assert {len(row) for row in good} == {5}
    assert "référence" in text("/solmark/files/depenses-2024.csv", "cp1252").splitlines()[0].split(";")
    with pytest.raises(UnicodeDecodeError):
        text("/solmark/files/depenses-2024.csv")
    assert {len(row) for row in rows("/harborview/files/trinkwasser.csv")} == {3, 4, 5}
    typed = [row[3] for row in rows("/solmark/files/accidents.csv")[1:]]
    assert 0 < sum(not cell.isdigit() for cell in typed) < len(typed) / 10
    salaries = rows("/solmark/files/salaries.csv")
    assert salaries[0].count("minimum") == 2
    assert len({tuple(row) for row in salaries}) < len(salaries)


def test_other_formats_open(server: DemoServer, http: requests.Session) -> None:
    def get(path: str) -> bytes:
        return http.get(f"{server.url}{path}").content

    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(get("/solmark/files/contracts.xlsx")))
    table = book.get_sheet_by_name("Contracts").to_python()
    assert table[0] == ["contract_id", "buyer", "supplier", "award_date", "value", "currency"]
    assert len(table) == 501
    points = json.loads(get("/solmark/files/bus-stops.geojson"))
    assert len(points["features"]) == 400
    with zipfile.ZipFile(io.BytesIO(get("/solmark/files/bus-stops.zip"))) as archive:
        assert archive.namelist() == ["bus-stops.csv"]
        assert len(archive.read("bus-stops.csv").splitlines()) == 401
    pdf = get("/solmark/files/budget-2025.pdf")
    at = int(pdf.split()[-2])
    assert pdf[at : at + 4] == b"xref"


def test_good_files_have_an_ordinary_size(server: DemoServer, http: requests.Session) -> None:
    small = {"population.csv", "traversal.csv", "empty.csv", "bomb.csv", "bomb.csv.gz", "beds.csv"}
    for site in SITES:
        for name in site.files(1):
            response = http.head(f"{server.url}/{site.id}/files/{name}", allow_redirects=False)
            if response.status_code == 200 and name not in small | {*ENDLESS} and response.headers.get("ETag"):
                assert 4_000 < int(response.headers["Content-Length"]) < 200_000, name


def test_bomb_unpacks_to_ten_megabytes(server: DemoServer, http: requests.Session) -> None:
    response = http.get(f"{server.url}/solmark/files/bomb.csv")
    assert response.headers["Content-Encoding"] == "gzip"
    assert int(response.headers["Content-Length"]) < 20_000
    assert len(response.content) == 10_000_000


def test_endless_and_slow_bodies_begin(server: DemoServer) -> None:
    with requests.get(f"{server.url}/solmark/files/endless.csv", stream=True, timeout=5) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        blocks = response.iter_content(50_000)
        assert sum(len(next(blocks)) for _ in range(20)) > 50_000
    started = time.monotonic()
    with requests.get(f"{server.url}/solmark/files/drip.csv", stream=True, timeout=5) as response:
        assert response.headers["Content-Length"] == "150"
        assert len(response.raw.read(3)) == 3
    assert 0.3 < time.monotonic() - started < 5


# HTTP


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/robots.txt",
        "/solmark/data",
        "/solmark/data/api/3/action/package_search",
        "/solmark/files/budget-2025.csv",
        "/solmark/files/challenge.csv",
        "/solmark/files/endless.csv",
        "/solmark/files/no-such.csv",
        "/verdania/data.json",
    ],
)
def test_head_is_get_without_the_body(server: DemoServer, http: requests.Session, path: str) -> None:
    head = http.head(server.url + path)
    with requests.get(server.url + path, stream=True) as got:
        assert head.status_code == got.status_code
        assert head.content == b""
        # Of the two that differ, one is the clock's and the other the connection's.
        ours, theirs = ({k: v for k, v in r.headers.items() if k not in ("Date", "Connection")} for r in (head, got))
        assert ours == theirs


def test_ranges(server: DemoServer, http: requests.Session) -> None:
    url = f"{server.url}/solmark/files/budget-2025.csv"
    whole = http.get(url).content
    size = len(whole)

    def part(span: str, **more: str) -> requests.Response:
        return http.get(url, headers={"Range": span, **more})

    for span, low, high in (("0-99", 0, 100), ("100-", 100, size), ("-10", size - 10, size), ("5-9999999", 5, size)):
        response = part(f"bytes={span}")
        assert response.status_code == 206
        assert response.headers["Content-Range"] == f"bytes {low}-{high - 1}/{size}"
        assert response.content == whole[low:high]
    response = part(f"bytes={size}-")
    assert (response.status_code, response.headers["Content-Range"]) == (416, f"bytes */{size}")
    for nonsense in ("bytes=9-5", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"):
        assert part(nonsense).status_code == 200
    assert part("bytes=0-9", **{"If-Range": '"other"'}).status_code == 200
    assert part("bytes=0-9", **{"If-Range": response.headers["ETag"]}).status_code == 206
    assert http.head(url, headers={"Range": "bytes=0-9"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/verdania/data.json",
        "/solmark/files/budget-2025.csv",
        "/solmark/data/dataset/bus-stops",
        "/harborview/api/3/action/package_search",
    ],
)
def test_unchanged_is_304(server: DemoServer, http: requests.Session, path: str) -> None:
    url = server.url + path
    first = http.get(url)
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    assert date == "Mon, 02 Mar 2026 06:30:00 GMT"
    fresh: tuple[dict[str, str], ...] = (
        {"If-None-Match": tag},
        {"If-None-Match": f'"a", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": date},
    )
    for headers in fresh:
        response = http.get(url, headers=headers)
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["ETag"] == tag
    stale: tuple[dict[str, str], ...] = (
        {"If-None-Match": '"other"', "If-Modified-Since": date},
        {"If-Modified-Since": "Sun, 01 Mar 2026 06:30:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    )
    for headers in stale:
        assert http.get(url, headers=headers).status_code == 200


def test_validators_of_the_first_night_notice_the_second(server: DemoServer, http: requests.Session) -> None:
    paths = ("/verdania/data.json", "/harborview/files/trinkwasser.csv")
    before = {path: http.head(server.url + path).headers for path in paths}
    same = http.head(f"{server.url}/solmark/files/budget-2025.csv").headers["ETag"]
    server.night = 2
    for path, headers in before.items():
        for asked, given in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            assert http.get(server.url + path, headers={asked: headers[given]}).status_code == 200
    unchanged = http.get(f"{server.url}/solmark/files/budget-2025.csv", headers={"If-None-Match": same})
    assert unchanged.status_code == 304
