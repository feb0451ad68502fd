"""A manifest is anchored by an authority outside, of which a small one is run here with ``openssl ts``."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harvester import timestamps
from harvester.cli.main import cli
from harvester.errors import TimestampError
from harvester.timestamps import anchor, anchors, trusted_roots

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
"""


def _certificates(folder: Path) -> None:
    """Write a root and the certificate of an authority that it signed."""
    now = datetime.now(UTC)
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("Root", "Clock of Tests")]
    for number, (file, name) in enumerate(zip(("root", "tsa"), names, strict=True)):
        public = keys[number].public_key()
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(names[0]).public_key(public)
            .serial_number(1000 + number).not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False)
        )  # fmt: skip
        if number:
            usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        (folder / f"{file}.pem").write_bytes(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.PEM))
        key = keys[number].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{file}.key").write_bytes(key)
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")


class Authority:
    """A time-stamping authority on this machine, and the requests that it got."""

    def __init__(self, folder: Path) -> None:
        _certificates(folder)
        self.folder, self.roots = folder, folder / "root.pem"
        self.asked: list[bytes] = []
        self.answer: Callable[[bytes], bytes] = self.stamp
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(query := self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(outer.answer(query))

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def stamp(self, query: bytes) -> bytes:
        """Return the response to a request."""
        (self.folder / "query").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=60)
        return (self.folder / "reply").read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    found = Authority(tmp_path_factory.mktemp("authority"))
    threading.Thread(target=found.server.serve_forever, daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def authority(made: Authority) -> Authority:
    made.asked.clear()
    made.answer = made.stamp
    return made


def seal(data: Path, day: int) -> Path:
    """Write the manifest of a run without outputs, linked to the one before."""
    folder = data / "manifests"
    folder.mkdir(parents=True, exist_ok=True)
    earlier = sorted(folder.glob("*.json"))
    previous = None
    if earlier:
        import hashlib

        digest = hashlib.sha256(earlier[-1].read_bytes()).hexdigest()
        previous = {"manifest": earlier[-1].name, "sha256": digest}
    path = folder / f"202611{day:02}T010000Z.json"
    path.write_text(json.dumps({"run": path.stem, "previous": previous, "outputs": {}, "secret": "zorbic"}))
    return path


def run(data: Path, *args: object) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), "verify", *map(str, args)])


def test_a_manifest_is_anchored_and_what_came_after_it_is_not(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(tmp_path, 20)
    first = seal(tmp_path, 21)
    done = run(tmp_path)
    assert done.exit_code == 0 and "not anchored: the operator could have resealed" in done.output
    assert run(tmp_path, "--timestamp").exit_code == 2
    (tmp_path / "winnow.toml").write_text(
        f'timestamp_authority = "{authority.url}"\ntimestamp_roots = "{authority.roots}"\n'
    )
    for _ in range(2):
        done = run(tmp_path, "--timestamp")
        assert done.exit_code == 0, (done.output, done.exception)
        assert f"anchored: {first.name} existed at 2" in done.output and "CN=Clock of Tests" in done.output
        assert "not anchored" not in done.output
    # It was requested once, and nothing but the hash went out.
    (query,) = authority.asked
    assert b"zorbic" not in query and len(query) < 100
    seal(tmp_path, 22)
    done = run(tmp_path)
    assert (
        done.exit_code == 0 and "not anchored: 1 later manifest, which the operator could have resealed" in done.output
    )
    # The program of others agrees.
    told = ["openssl", "ts", "-verify", "-in", f"{first}.tsr", "-data", str(first), "-CAfile", str(authority.roots)]
    assert b"OK" in subprocess.run(told, capture_output=True, check=True, timeout=60).stdout
    # The stored time stamp and the new one are verified once each.
    verified: list[str] = []
    really = timestamps._verified

    def counted(response: bytes, manifest: Path, *args: Any, **more: Any) -> timestamps.Anchor:
        verified.append(manifest.name)
        return really(response, manifest, *args, **more)

    monkeypatch.setattr(timestamps, "_verified", counted)
    assert "not anchored" not in run(tmp_path, "--timestamp").output and len(verified) == len({*verified}) == 2


def test_whoever_seals_anew_is_found_out(authority: Authority, tmp_path: Path) -> None:
    roots = trusted_roots(authority.roots)
    path = seal(tmp_path, 21)
    anchor(tmp_path, authority.url, roots)
    path.write_text(path.read_text().replace("zorbic", "quaggy"))
    done = run(tmp_path, "--roots", authority.roots)
    assert done.exit_code == 5 and "was changed after its time stamp of 20" in done.output
    assert len(anchors(tmp_path, roots).bad) == 1


def test_a_time_stamp_of_an_unknown_authority_shows_nothing(authority: Authority, tmp_path: Path) -> None:
    path = seal(tmp_path, 21)
    with pytest.raises(TimestampError, match="shows nothing here .* timestamp_roots"):
        anchor(tmp_path, authority.url, trusted_roots(None))
    assert not path.with_name(f"{path.name}.tsr").exists()
    anchor(tmp_path, authority.url, trusted_roots(authority.roots))
    done = run(tmp_path)
    assert done.exit_code == 0 and "shows nothing here" in done.output and "not anchored: the operator" in done.output
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(TimestampError, match="no certificates in PEM"):
        trusted_roots(tmp_path / "no.pem")


@pytest.mark.parametrize("what", ["garbage", "refusal", "of another", "old", "endless", "cut", "none"])
def test_what_is_no_time_stamp_of_this_manifest_is_not_stored(
    what: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = seal(tmp_path, 21)
    roots = trusted_roots(authority.roots)
    if what == "old":
        # A right response to an earlier request, which the nonce tells apart.
        shutil.copytree(tmp_path, tmp_path / "before")
        anchor(tmp_path / "before", authority.url, roots)
        kept = (tmp_path / "before" / "manifests" / f"{path.name}.tsr").read_bytes()
    query = ["openssl", "ts", "-query", "-digest", "ab" * 32, "-sha256", "-cert"]
    answers: dict[str, Callable[[bytes], bytes]] = {
        "garbage": lambda query: b"\x30\x82\xff\xff<html>",
        "refusal": lambda query: b"\x30\x05\x30\x03\x02\x01\x02",
        "of another": lambda _: authority.stamp(subprocess.run(query, capture_output=True, check=True).stdout),
        "old": lambda query: kept,
        "endless": lambda query: b"\x30" * (timestamps.RESPONSE_MAX + 5000),
        "cut": lambda query: authority.stamp(query)[:-500],
        "none": lambda query: b"",
    }
    authority.answer = answers[what]
    with pytest.raises(TimestampError):
        anchor(tmp_path, authority.url, roots)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_an_authority_that_does_not_answer_is_said(tmp_path: Path) -> None:
    with pytest.raises(TimestampError, match="holds no manifests"):
        anchor(tmp_path, "http://127.0.0.1:1/", [])
    seal(tmp_path, 21)
    done = run(tmp_path, "--timestamp", "--authority", "http://127.0.0.1:1/")
    assert isinstance(done.exception, TimestampError) and "no response" in str(done.exception)


def test_a_stored_response_that_is_no_time_stamp_keeps_no_good_one_away(authority: Authority, tmp_path: Path) -> None:
    roots = trusted_roots(authority.roots)
    path = seal(tmp_path, 21)
    stored = path.with_name(f"{path.name}.tsr")
    stored.write_bytes(b"cut off")
    assert anchor(tmp_path, authority.url, roots).manifest == path.name
    assert len(list(tmp_path.rglob("*.tsr.bad-*"))) == 1 and len(anchors(tmp_path, roots).good) == 1
    # One of other content is evidence that the manifest was changed, and stays.
    path.write_text(path.read_text() + " ")
    with pytest.raises(TimestampError, match="was changed"):
        anchor(tmp_path, authority.url, roots)
    assert stored.is_file()
