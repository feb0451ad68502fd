"""Time stamps of an independent authority (RFC 3161): proof that a manifest existed at a time.

The chain of manifests shows nobody but its readers that it was not sealed anew: whoever has the data folder could write
all of it again. A time stamp says in the name of somebody else that the hash of a manifest was there at an instant, and
so were all manifests before it. Only that hash is sent. The response is stored beside the manifest as
``<manifest>.tsr``, which ``openssl ts -verify`` reads too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.exports.manifest import manifests
from catalog.files import write_whole
from harvester.errors import TimestampError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = ["Anchor", "Anchors", "anchor", "anchors", "trusted_roots"]

SUFFIX = ".tsr"
RESPONSE_MAX = 1 << 16
"""Bytes of a response; with its certificates a real one has less than a fifth."""
WHOLE_S, STEP_S = 60.0, 20.0
"""Seconds for the whole exchange, and for each wait in it."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A manifest of which an authority says that it existed.

    ``manifest``: its file name. ``at``: the instant, UTC. ``authority``: who signed that, as the subject of the
    certificate.
    """

    manifest: str
    at: datetime
    authority: str


@dataclass(frozen=True, slots=True)
class Anchors:
    """The time stamps in a data folder.

    ``good``: those that hold, that of the oldest manifest first. ``unknown``: sentences about those whose authority is
    not trusted here, so that they show nothing. ``bad``: sentences about those that do not fit their manifest.
    ``since``: number of manifests after the newest that is anchored.
    """

    good: Sequence[Anchor]
    unknown: Sequence[str]
    bad: Sequence[str]
    since: int

    def with_newest(self, made: Anchor) -> Anchors:
        """Return the same with ``made``, what :func:`anchor` returned after these were verified."""
        if any(one.manifest == made.manifest for one in self.good):
            return self
        # What was stored for this manifest was no time stamp, and has another name now.
        bad = [line for line in self.bad if not line.startswith(f"{made.manifest}: ")]
        return Anchors([*self.good, made], self.unknown, bad, 0)


def trusted_roots(path: Path | None) -> list[Certificate]:
    """Return the certificates in which chains of authorities must end.

    ``path``: file with certificates in PEM; None means those that this machine trusts for web servers. Raise
    TimestampError if the file cannot be read or holds none.
    """
    from cryptography import x509

    if path is None:
        return _of_this_machine()
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TimestampError(f"{path}: no certificates in PEM can be read there ({error}); name another file") from None


def _of_this_machine() -> list[Certificate]:
    import ssl
    import warnings

    from cryptography import x509

    found = []
    for one in ssl.create_default_context().get_ca_certs(True):
        # Some old roots break a rule of RFC 5280: that is a warning now and an error later. Nothing is lost with them.
        with warnings.catch_warnings(), suppress(ValueError, Warning):
            warnings.simplefilter("error")
            found.append(x509.load_der_x509_certificate(one))
    return found


def anchor(data: Path, authority: str, roots: Sequence[Certificate], *, proxy: str | None = None) -> Anchor:
    """Get a time stamp for the newest manifest in the data folder ``data``, verify it, and store it beside the
    manifest.

    If a time stamp is stored there already, nothing is requested: that one is verified and returned. If what is stored
    is no time stamp at all, it is renamed to ``<manifest>.tsr.bad-<hash>``, and one is requested. ``authority``: web
    address of the authority. ``roots``: certificates in which its chain must end. ``proxy``: address of an HTTP proxy;
    None means a direct connection. Raise TimestampError, and store nothing, if there is no manifest, if the authority
    cannot be reached, refuses, or sends more than RESPONSE_MAX bytes, or if what is stored or sent is no time stamp of
    this manifest from an authority with such a root.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    paths = manifests(data)
    if not paths:
        raise TimestampError(f"{data}: holds no manifests; winnow nightly and winnow export write them")
    place = paths[-1].with_name(f"{paths[-1].name}{SUFFIX}")
    if place.is_file():
        stored = place.read_bytes()
        try:
            return _verified(stored, paths[-1], roots)
        except (_UntrustedError, _ChangedError):
            raise
        except TimestampError:
            # It shows nothing, and must not keep a good one away.
            place.replace(place.with_name(f"{place.name}.bad-{sha256(stored).hexdigest()[:8]}"))
    # The builder hashes the content; the content itself goes nowhere.
    request = TimestampRequestBuilder().data(paths[-1].read_bytes()).hash_algorithm(HashAlgorithm.SHA256).build()
    response = _post(authority, request.as_bytes(), proxy)
    found = _verified(response, paths[-1], roots, nonce=request.nonce)
    write_whole(place, response)
    return found


def _post(authority: str, request: bytes, proxy: str | None) -> bytes:
    from urllib3.exceptions import HTTPError

    from harvester.http.guard import own_addresses
    from harvester.http.guarded_session import ended_after, guarded_session

    content = bytearray()
    try:
        with ended_after(WHOLE_S), guarded_session(own_addresses(proxy or authority)) as session:
            session.proxies = {"http": proxy, "https": proxy} if proxy else {}
            headers = {"Content-Type": "application/timestamp-query", "Accept-Encoding": "identity"}
            with session.post(
                authority, data=request, headers=headers, timeout=STEP_S, allow_redirects=False, stream=True
            ) as response:
                if response.status_code != 200:
                    raise TimestampError(f"{authority}: answered with {response.status_code}; check its address")
                for block in response.raw.stream(4096, decode_content=False):
                    content += block
                    if len(content) > RESPONSE_MAX:
                        raise TimestampError(f"{authority}: the response has more than {RESPONSE_MAX:,} bytes")
    except OSError as error:  # those of requests among them
        raise TimestampError(f"{authority}: no response ({type(error).__name__}); try again later") from error
    except HTTPError as error:
        # Where the body is read, urllib3's own errors are not those of requests.
        raise TimestampError(f"{authority}: the response broke off ({type(error).__name__})") from error
    return bytes(content)


class _ChangedError(TimestampError):
    """The time stamp is that of another content: the manifest was changed."""


class _UntrustedError(TimestampError):
    """The time stamp fits the manifest, but its signature does not lead to a trusted certificate."""


def _verified(response: bytes, manifest: Path, roots: Sequence[Certificate], *, nonce: int | None = None) -> Anchor:
    """Return what a response says of a manifest.

    Raise TimestampError if it is none or of something else, and _UntrustedError if only its signer is not trusted.
    ``nonce``: that of the request; None if it is not known any more.
    """
    from cryptography import x509
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response
    from rfc3161_client.verify import SHA256_OID

    try:
        found = decode_timestamp_response(response)
        if found.status != 0:
            said = " ".join(map(str, found.status_string))[:200]
            raise TimestampError(f"{manifest.name}: the authority refused the time stamp: {said or found.status}")
        stamp = found.tst_info
        imprint = stamp.message_imprint
        if imprint.hash_algorithm != x509.ObjectIdentifier(SHA256_OID):
            raise TimestampError(f"{manifest.name}: the time stamp is not of a SHA-256")
        if imprint.message != sha256(manifest.read_bytes()).digest():
            raise _ChangedError(f"{manifest.name}: was changed after its time stamp of {stamp.gen_time:%Y-%m-%d}")
        verifier = VerifierBuilder(roots=list(roots), nonce=nonce).build()
        try:
            verifier.verify(found, imprint.message)
        except VerificationError as error:
            raise _UntrustedError(
                f"{manifest.name}: its time stamp shows nothing here ({error}); if you trust the authority, name its "
                "root certificate with --roots or timestamp_roots in winnow.toml"
            ) from error
        signer = next(iter(found.signed_data.signer_infos))
        certificates = map(x509.load_der_x509_certificate, found.signed_data.certificates)
        subject = next(one.subject for one in certificates if one.serial_number == signer.serial_number)
        return Anchor(manifest.name, stamp.gen_time, subject.rfc4514_string())
    except (ValueError, StopIteration) as error:
        raise TimestampError(f"{manifest.name}: what is stored or was sent is no time stamp ({error})") from error


def anchors(data: Path, roots: Sequence[Certificate]) -> Anchors:
    """Verify all time stamps in the data folder ``data``; nothing is requested.

    ``roots``: certificates in which the chains of authorities must end. That a certificate was revoked is not seen.
    """
    good: list[Anchor] = []
    unknown: list[str] = []
    bad: list[str] = []
    since = 0
    for manifest in manifests(data):
        place = manifest.with_name(f"{manifest.name}{SUFFIX}")
        since += 1
        if not place.is_file():
            continue
        try:
            # One byte more than is allowed is no time stamp.
            with place.open("rb") as file:
                good.append(_verified(file.read(RESPONSE_MAX + 1), manifest, roots))
            since = 0
        except _UntrustedError as error:
            unknown.append(str(error))
        except (TimestampError, OSError) as error:
            bad.append(str(error))
    return Anchors(good, unknown, bad, since)
