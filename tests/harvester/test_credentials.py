"""Keys of publishers are masked in everything that is kept and never used; keys of ours go to their portal alone."""

from __future__ import annotations

import base64
import gzip
import logging
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, ckan_search, spec

from catalog.db.store import open_catalog
from harvester.cli.logs import log_to
from harvester.http.archive import find_record
from harvester.http.login import credential_of
from harvester.night.stages import nightly, replay
from specs.errors import SpecError
from specs.portals import PortalSpec, load_file, of_url

SEARCH = "/api/3/action/package_search"
KEY = "Zk7-hunter2-9Q"
CSV = b"town,people\nAld,12\nBirk,40\n"


def everything_in(folder: Path) -> bytes:
    """All bytes of a folder, unpacked."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            found.append(gzip.decompress(body) if path.name.endswith(".warc.gz") else body)
    return b"\n".join(found)


def package(url: str) -> dict[str, Any]:
    own = [
        (f"{url}/open.csv", "CSV"),
        (f"http://ann:{KEY}@{url.partition('://')[2]}/login.csv", "CSV"),
        (f"{url}/key.csv?x=1&Api_Key={KEY}", "CSV"),
        (f"{url}/moved.csv", "CSV"),
    ]
    resources = [{"id": f"r{n}", "url": one, "format": kind} for n, (one, kind) in enumerate(own)]
    notes = f"Call https://x.example/f?token={KEY} or ftp://bob:{KEY}@x.example/f"
    return {"id": "p1", "name": "p1", "title": "Towns", "notes": notes, "resources": resources, "url": own[1][0]}


def test_keys_in_records_are_masked_everywhere_and_not_used(tmp_path: Path) -> None:
    logins: list[str] = []

    def file(asked: Asked) -> Response:
        logins.append(asked.headers.get("Authorization", ""))
        return Response(200, "text/csv", CSV)

    def moved(asked: Asked) -> Response:
        return Response(302, headers={"Location": f"{server.url}/open.csv?X-Amz-Signature={KEY}"})

    routes: dict[str, Any] = {"/open.csv": file, "/login.csv": file, "/key.csv": file, "/moved.csv": moved}
    with PortalServer(routes) as server:
        server.routes[SEARCH] = ckan_search([package(server.url), {"title": f"No id ?token={KEY}"}])
        log_to(tmp_path)
        logging.getLogger("x").info("asked %s", f"{server.url}/?access_token={KEY}")
        portal = spec("p", "ckan", server.url)
        nightly(tmp_path, [portal], stages=("harvest", "check", "score", "export"), is_archived=True)
        logging.getLogger().handlers[0].flush()
        asked = [path for _, path in server.requests]
        url = server.url
    assert not any(logins) and "/login.csv" in asked
    assert not any("Api_Key" in path for path in asked)
    # Where the server itself sends somebody, that is no secret of a record.
    assert any(f"X-Amz-Signature={KEY}" in path for path in asked)
    assert KEY.encode() not in everything_in(tmp_path)
    with open_catalog(tmp_path / "catalog.db") as catalog:
        addresses = {row["access_url"] or row["download_url"] for row in catalog.rows("select * from distributions")}
        checks = {row["url"]: row for row in catalog.rows("select * from resource_checks")}
        errors = catalog.rows("select * from harvest_errors order by kind")
        dataset = catalog.rows("select * from datasets")[0]
    host = url.partition("://")[2]
    assert addresses >= {f"http://***@{host}/login.csv", f"{url}/key.csv?x=1&Api_Key=***"}
    assert checks[f"http://***@{host}/login.csv"]["outcome"] == "ok"
    key = checks[f"{url}/key.csv?x=1&Api_Key=***"]
    assert (key["outcome"], key["fault"]) == ("unknown", "auth") and "not used" in key["detail"]
    assert checks[f"{url}/moved.csv"]["final_url"] == f"{url}/open.csv?X-Amz-Signature=***"
    assert dataset["description"] == "Call https://x.example/f?token=*** or ftp://***@x.example/f"
    assert [row["kind"] for row in errors] == ["credential", "identifier"] and "change the key" in errors[0]["remedy"]

    archive = next((tmp_path / "archive").glob("*.warc.gz"))
    record = find_record(archive, dataset["exchange"])
    assert record is not None and b"Winnow-Masked: " in record
    replay(tmp_path / "again", archive)
    with open_catalog(tmp_path / "again" / "catalog.db") as again:
        assert again.value("select raw_hash from datasets") == dataset["raw_hash"]
        assert {row["url"]: row["outcome"] for row in again.rows("select * from resource_checks")} == {
            name: row["outcome"] for name, row in checks.items()
        }


@pytest.mark.parametrize(
    ("auth", "secret"),
    [
        ({"header": "X-API-Key", "env": "TOWN_KEY"}, KEY),
        ({"header": "Authorization", "prefix": "Bearer", "env": "TOWN_KEY"}, KEY),
        ({"query": "code", "env": "TOWN_KEY"}, KEY),
        ({"basic": True, "file": "{}/key"}, f"ann:{KEY}"),
    ],
)
def test_key_of_ours_goes_to_the_interface_alone_and_is_written_nowhere(
    auth: dict[str, Any], secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(secret + "\n")
    monkeypatch.setenv("TOWN_KEY", secret)
    auth = {name: one.format(tmp_path) if isinstance(one, str) else one for name, one in auth.items()}
    seen: list[str] = []
    data = tmp_path / "data"

    def told(asked: Asked) -> str:
        wanted = {**asked.query, **{name.lower(): one for name, one in asked.headers.items()}}
        return str(wanted.get(auth.get("query") or auth.get("header", "Authorization").lower(), ""))

    def search(asked: Asked) -> Response:
        key = told(asked)
        own = base64.b64encode(secret.encode()).decode() if auth.get("basic") else secret
        if own not in key:
            return Response(401, "text/plain", b"who are you?")
        # A portal may echo it.
        one = {"id": "p1", "title": "P", "notes": f"see {key}", "resources": [{"url": f"{server.url}/f.csv"}]}
        return ckan_search([one])(asked)

    def file(asked: Asked) -> Response:
        seen.append(told(asked))
        return Response(200, "text/csv", CSV)

    with PortalServer({SEARCH: search, "/f.csv": file}) as server:
        portal = spec("p", "ckan", server.url, auth=auth)
        result = nightly(data, [portal], stages=("harvest", "check", "export"), is_archived=True)
    assert result["portals"][0]["verdict"] == "complete" and result["datasets"] == 1
    assert seen and not any(seen)
    kept = everything_in(data)
    assert KEY.encode() not in kept and base64.b64encode(secret.encode())[:-4] not in kept


def test_key_that_is_not_there_fails_its_portal_alone_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOWN_KEY", raising=False)
    with PortalServer({SEARCH: ckan_search([{"id": "a", "title": "A"}])}) as server:
        portals = [spec("p", "ckan", server.url, auth={"query": "k", "env": "TOWN_KEY"}), spec("q", "ckan", server.url)]
        result = nightly(tmp_path, portals, stages=("harvest",))
    verdicts = {row["portal"]: row["verdict"] for row in result["portals"]}
    assert verdicts == {"p": "failed", "q": "complete"}
    assert "TOWN_KEY" in result["portals"][0]["reasons"][0]
    (tmp_path / "key").write_text("\n")
    for auth in ({"file": f"{tmp_path}/none"}, {"file": f"{tmp_path}/key"}):
        with pytest.raises(SpecError, match="p: "):
            credential_of(spec("p", "ckan", "https://x.example", auth={"basic": True, **auth}))


def test_key_goes_to_no_other_host_and_not_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWN_KEY", KEY)
    found = credential_of(spec("p", "ckan", "https://x.example/data", auth={"query": "k", "env": "TOWN_KEY"}))
    assert found is not None and found.added("https://x.example/api?a=1") == f"https://x.example/api?a=1&k={KEY}"
    for other in ("http://x.example/api", "https://y.example/api", "https://x.example:8443/api"):
        assert found.added(other) == other and not found.headers_for(other)
    assert found.without(f"https://x.example/api?k={KEY}&page=2") == "https://x.example/api?page=2"
    assert KEY not in repr(found)


@pytest.mark.parametrize(
    "address",
    [f"https://ann:{KEY}@x.example", f"https://{KEY}@x.example/data", f"https://x.example/csw?token={KEY}",
     f"https://x.example/?api_key={KEY}"],
)  # fmt: skip
def test_address_of_a_portal_with_a_login_is_refused_with_the_remedy(address: str, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f'id = "p"\ntype = "csw"\ntitle = "P"\nurl = "{address}"\n')
    for call in (lambda: load_file(path), lambda: of_url(address, "csw")):
        with pytest.raises(SpecError, match=r"env = .*file = ") as refused:
            call()
        assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    "auth",
    [{}, {"header": "A"}, {"header": "A", "query": "b", "env": "C"}, {"query": "b", "env": "C", "file": "d"},
     {"basic": True, "env": "not a name"}],
)  # fmt: skip
def test_auth_names_one_way_and_one_place(auth: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="auth"):
        spec("p", "ckan", "https://x.example", auth=auth)
    assert isinstance(spec("p", "ckan", "https://x.example"), PortalSpec)


def test_keys_in_a_traceback_are_masked_in_the_log(tmp_path: Path) -> None:
    log_to(tmp_path)
    log = logging.getLogger("x")
    try:
        raise ValueError(f"cannot read https://anna:{KEY}@data.example/x?api_key={KEY}")
    except ValueError as error:
        log.exception("failed", stack_info=True)
        log.error("failed again", exc_info=error)
    logging.getLogger().handlers[0].flush()
    text = (tmp_path / "winnow.log").read_text("utf-8")
    assert text.count("ValueError: cannot read https://***") == 2 and "Stack (most recent call last)" in text
    assert KEY not in text
