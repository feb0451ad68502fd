"""A certificate that cannot be verified: said, never taken for a dead link, and gone on with only on request."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from portal_server import PortalServer, Response, as_json, harvested, spec

from catalog.db.store import open_catalog
from harvester.night.stages import nightly

LAST_DAY = "2020-01-31"


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Return the TLS context of a server with a self-signed certificate that has expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(long_ago)
        .not_valid_after(long_ago + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def server(expired: ssl.SSLContext) -> Iterator[PortalServer]:
    made = PortalServer({"/page.html": Response(200, "text/html", b"<title>Hi</title>")}, tls=expired)
    with made:
        part = {"accessURL": f"{made.url}/page.html", "title": "Page"}
        made.routes["/data.json"] = as_json({"dataset": [{"identifier": "A", "title": "A", "distribution": [part]}]})
        yield made


def run_nightly(data: Path, server: PortalServer, **values: Any) -> dict[str, Any]:
    portal = spec("p", "dcat-us", server.url, **values)
    nightly(data, [portal], stages=["harvest", "check", "score", "export"])
    with open_catalog(data / "catalog.db") as catalog:
        return harvested(catalog, "p")


def test_without_leave_nothing_is_read_and_the_certificate_is_a_finding(server: PortalServer, tmp_path: Path) -> None:
    row = run_nightly(tmp_path, server)
    assert row["verdict"] == "failed" and "certificate" in row["reasons"][0] and row["tls_fault"]
    assert server.asked("/data.json") == []
    with open_catalog(tmp_path / "catalog.db") as catalog:
        error = catalog.rows("select * from harvest_errors")[0]
        assert error["kind"] == "tls" and "accept_bad_tls" in error["remedy"]
        finding = catalog.rows("select * from findings where rule_id = 'tls_valid'")[0]
    assert (finding["dataset_id"], finding["fault_party"], finding["state"]) == (None, "portal", "new")
    assert "tls_valid" in (tmp_path / "exports" / "findings.csv").read_text("utf-8")


def test_with_leave_it_is_read_and_said_all_the_same(server: PortalServer, tmp_path: Path) -> None:
    row = run_nightly(tmp_path, server, accept_bad_tls=True)
    assert (row["verdict"], row["datasets"]) == ("complete", 1) and "self-signed" in row["tls_fault"]
    with open_catalog(tmp_path / "catalog.db") as catalog:
        check = catalog.rows("select * from resource_checks")[0]
        assert (check["outcome"], check["status"]) == ("ok", 200) and "self-signed" in check["tls_fault"]
        assert check["tls_version"].startswith("TLSv1.")
        assert check["certificate_expires_on"] == LAST_DAY
        found = catalog.rows("select * from findings where rule_id = 'tls_valid' order by dataset_id is not null")
        assert [f["dataset_id"] is None for f in found] == [True, False]
        assert all(f["gain_points"] == 0 for f in found)
        links = catalog.rows("select link_ok, tls_valid from distribution_quality")
    assert links == [{"link_ok": 1.0, "tls_valid": 0.0}]


def test_a_link_with_a_bad_certificate_is_unknown_and_never_broken(server: PortalServer, tmp_path: Path) -> None:
    part = {"accessURL": f"{server.url}/page.html"}
    with PortalServer({"/data.json": as_json({"dataset": [{"identifier": "A", "distribution": [part]}]})}) as plain:
        also = [server.url.partition("://")[2]]
        portal = spec("q", "dcat-us", plain.url, local_also=also, broken={"after_checks": 1, "after_days": 0})
        nightly(tmp_path, [portal], stages=["harvest", "check", "score"])
    with open_catalog(tmp_path / "catalog.db") as catalog:
        check = catalog.rows("select * from resource_checks")[0]
        assert (check["outcome"], check["fault"]) == ("unknown", "tls")
        assert catalog.value("select link_ok from distribution_quality") is None
        assert catalog.value("select tls_valid from distribution_quality") == 0.0
        assert catalog.value("select count(*) from findings where rule_id = 'link_ok'") == 0
