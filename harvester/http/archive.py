"""Write every HTTP exchange of a night as WARC 1.1 (ISO 28500), and replay a night from such a file.

One file holds one run, and each record is its own gzip member. A reader can therefore seek to any record by its
offset, and a killed run loses only the record it was writing. A failed request is stored too, as a ``metadata``
record with its fault.

Bodies are stored as they were read, up to the caps of the portal file for their kind (page, feed, table). Of pages
behind links only the beginning is stored. ``WARC-Truncated`` says why a body was cut. ``WARC-Payload-Digest`` is
the SHA-256 of the body.

Logins and keys are masked in addresses, and headers that carry them are masked too. ``Winnow-Masked`` counts the
maskings in a body; the digest is that of the masked body.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zlib
from collections import defaultdict, deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from harvester.errors import ArchiveError
from harvester.http.faults import RequestFault, RetryableFault, SettledFault
from harvester.http.masking import masked_body, masked_headers
from harvester.http.scrapy_private import make_response
from specs.credentials import mask, mask_bytes, mask_value

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

    from harvester.http.download import SavedBody

__all__ = ["Archive", "Replay", "find_record"]

_CUTS = {"size": "length", "timeout": "time", "slow": "time", "connection": "disconnect", "coding": "unspecified"}
"""Why a body is not whole: our word, and the word of WARC 1.1 §5.13."""
_NOTES = {
    "tls_fault": "Winnow-TLS-Fault",
    "tls_version": "Winnow-TLS-Version",
    "certificate_expires_on": "Winnow-Certificate-Expires",
    "first_byte_ms": "Winnow-First-Byte",
}
"""Facts about the connection, in ``Request.meta`` and in the record's headers."""
_BLOCK = 1 << 16
_INFO = {"run_id": str, "command": str, "stages": list, "contact": str, "portals": list}
"""What must be known about a run to replay it."""


class _HttpHeaders(StatusAndHeaders):  # type: ignore[misc]
    """HTTP headers exactly as received; warcio would rewrite characters outside ASCII."""

    def to_ascii_bytes(self, header_filter: Any = None) -> bytes:
        text: str = self.to_str(header_filter)
        return text.encode("latin-1", "replace") + b"\r\n"


class _Member:
    """One gzip member, written straight to a file. warcio's own writer compresses at the slowest level."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.deflater = file, zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS + 16)

    def write(self, data: bytes) -> None:
        self.file.write(self.deflater.compress(data))

    def flush(self) -> None:
        self.file.write(self.deflater.flush())
        self.file.flush()
        self.deflater = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS + 16)


class Archive:
    """The WARC file to which one run writes its HTTP requests and responses.

    A resumed run appends to the same file, after a record that was left half written is cut off. ``path``: the file.
    ``run_id``: the run, as "20240131T020000Z". ``info``: what a replay needs, stored in the first record of a new file:
    a dictionary with at least the keys run_id, command, stages, contact and portals.
    """

    def __init__(self, path: Path, run_id: str, info: dict[str, Any]) -> None:
        self.path, self.run_id = path, run_id
        path.parent.mkdir(parents=True, exist_ok=True)
        self._counts: dict[tuple[str, str], int] = defaultdict(int)
        is_new = not path.exists() or self._take_up() == 0
        self._file = path.open("ab")
        self._writer = WARCWriter(_Member(self._file), gzip=False, warc_version="1.1")
        if is_new:
            fields = {"software": "winnow", "format": "WARC File Format 1.1", "isPartOf": run_id}
            record = self._writer.create_warcinfo_record(path.name, fields | {"description": json.dumps(info)})
            self._writer.write_record(record)

    def _take_up(self) -> int:
        """Cut off what a killed run left half written, and count the stored exchanges so that ids continue.

        Return the number of bytes kept.
        """
        end = 0
        with self.path.open("rb") as file:
            records = ArchiveIterator(file, arc2warc=False)
            try:
                for record in records:
                    record.content_stream().read()
                    key = _key_of(record)
                    if key:
                        self._counts[key] += 1
                    records.read_to_end(record)
                    end = records.get_record_offset() + records.get_record_length()
            except Exception:  # noqa: BLE001  # whatever is wrong with the tail, it is cut off
                pass
        with self.path.open("rb+") as file:
            file.truncate(end)
        return end

    def close(self) -> None:
        """Close the WARC file; nothing can be written afterwards."""
        self._file.close()

    def _id(self, method: str, url: str) -> str:
        # An exchange gets the same id when the night is replayed.
        number = self._counts[method, url]
        self._counts[method, url] += 1
        return f"<urn:uuid:{uuid5(NAMESPACE_URL, f'{self.run_id} {number} {method} {url}')}>"

    def exchange(self, request: Request, response: Response, saved: SavedBody | None, **notes: Any) -> str:
        """Write ``request`` and its ``response``, and return the WARC-Record-ID of the response without angle brackets.

        ``saved``: the file that holds the body, if it was saved to disk; None if the body is in ``response``.
        ``notes``: the facts about the connection that are known: ``tls_fault``, ``tls_version``,
        ``certificate_expires_on`` and ``first_byte_ms``. The meta of ``request`` must hold "responded_at", a UTC
        instant. Logins and keys are masked in addresses, headers, the body of the request, and the body of a response
        to a portal's spider ("asked" in the meta); the body of a file behind a link is written unchanged.
        """
        url = mask(request.url)
        record_id = self._id(request.method, url)
        body: IO[bytes]
        if saved is not None:
            body, length, digest = saved.path.open("rb"), saved.size_bytes, saved.sha256
        else:
            body, length = io.BytesIO(response.body), len(response.body)
            digest = hashlib.sha256(response.body).hexdigest()
        masked = 0
        if "asked" in request.meta:
            # A portal's own responses are full of addresses, so they are masked; a file behind a link is stored
            # unchanged.
            with body as sent:
                body, length, digest, masked = masked_body(sent, request.meta.get("credential"))
        warc = {
            "WARC-Record-ID": record_id,
            "WARC-Date": str(request.meta["responded_at"]),
            "WARC-Payload-Digest": f"sha256:{digest}",
            "Winnow-Method": request.method,
            "Winnow-Elapsed": str(request.meta.get("elapsed_ms", 0)),
        }
        if response.ip_address is not None:
            warc["WARC-IP-Address"] = str(response.ip_address)
        if saved is not None and saved.cut:
            warc |= {"WARC-Truncated": _CUTS[saved.cut], "Winnow-Cut": saved.cut}
        if saved is not None:
            warc["Winnow-Saved"] = "yes"
        if masked:
            warc["Winnow-Masked"] = str(masked)
        warc |= {_NOTES[name]: str(value) for name, value in notes.items() if value is not None}
        sent_headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, vs in response.headers.items() for v in vs]
        headers = masked_headers(sent_headers)
        # The body is stored without its transfer chunks, so this header no longer applies to it.
        renamed = [("X-Archive-Orig-" + k if k.lower() == "transfer-encoding" else k, v) for k, v in headers]
        http = _HttpHeaders(f"{response.status} ", renamed, protocol="HTTP/1.1")
        with body:
            self._write("response", url, body, length, http, warc)
        asked = [(k.decode("latin-1"), v.decode("latin-1")) for k, vs in request.headers.items() for v in vs]
        line = _HttpHeaders(f"{url} HTTP/1.1", masked_headers(asked), protocol=request.method)
        warc = {"WARC-Concurrent-To": record_id, "WARC-Date": str(request.meta["responded_at"])}
        question, _ = mask_bytes(request.body)
        self._write("request", url, io.BytesIO(question), len(question), line, warc)
        return record_id.strip("<>")

    def fault(self, request: Request, fault: RequestFault, *, is_retryable: bool) -> str:
        """Write that ``request`` got no response, and return the WARC-Record-ID of this record without angle brackets.

        ``fault``: why it got none. ``is_retryable``: whether a replay may retry the request as the run did. The meta of
        ``request`` must hold "responded_at", the UTC instant of the failure.
        """
        url = mask(request.url)
        record_id = self._id(request.method, url)
        told = mask_value({"fault": asdict(fault), "is_retryable": is_retryable})
        text = json.dumps(told).encode()
        warc = {
            "WARC-Record-ID": record_id,
            "WARC-Date": str(request.meta["responded_at"]),
            "Content-Type": "application/json",
            "Winnow-Method": request.method,
        }
        self._write("metadata", url, io.BytesIO(text), len(text), None, warc)
        return record_id.strip("<>")

    def _write(
        self, kind: str, url: str, body: IO[bytes], length: int, http: StatusAndHeaders | None, warc: dict[str, str]
    ) -> None:
        record = self._writer.create_warc_record(
            url, kind, payload=body, length=length, http_headers=http, warc_headers_dict=warc
        )
        self._writer.write_record(record)


@dataclass(frozen=True, slots=True)
class _Place:
    offset: int
    kind: str


class Replay:
    """The requests and responses of an earlier run, read from its WARC file to repeat the run without the network."""

    def __init__(self, path: Path) -> None:
        """Read the whole archive. Raise ArchiveError if it is not a readable WARC file, or does not say which run it
        holds."""
        self.path = path
        self._places: dict[tuple[str, str], deque[_Place]] = defaultdict(deque)
        self.info: dict[str, Any] = {}
        try:
            with path.open("rb") as file:
                records = ArchiveIterator(file, arc2warc=False)
                for record in records:
                    if record.rec_type == "warcinfo":
                        self.info = _info(record)
                    elif key := _key_of(record):
                        self._places[key].append(_Place(records.get_record_offset(), record.rec_type))
        except OSError as error:
            raise ArchiveError(f"{path}: {error.strerror or error}; name a file of the folder archive") from error
        except Exception as error:  # warcio raises many kinds of exceptions for a damaged file
            raise ArchiveError(f"{path}: not a WARC file that can be read ({error}); name one of --archive") from error
        told = {key: type(value) for key, value in self.info.items()}
        is_whole = all(told.get(key) is kind for key, kind in _INFO.items())
        if not is_whole or not re.fullmatch(r"\d{8}T\d{6}Z", self.info["run_id"]):
            raise ArchiveError(f"{path}: the archive does not say which run it holds; name one made by --archive")

    def response_to(self, request: Request) -> tuple[Response, dict[str, Any]]:
        """Return the recorded response to ``request``, and a dictionary of notes on the exchange. Write the recorded
        time of the response into the meta of ``request`` ("responded_at").

        If the same request was sent several times, each call returns the next response. The notes are ``elapsed_ms``;
        ``cut``, the reason why the body is incomplete, or None (see :class:`harvester.http.saving.SavedBody`);
        ``is_saved``, whether the body was saved to a file; ``exchange``, the WARC-Record-ID; and ``first_byte_ms``,
        ``tls_version``, ``tls_fault`` and ``certificate_expires_on``.

        If the request failed in the recorded run, raise RetryableFault or SettledFault with that fault. Raise
        SettledFault also if the archive holds no further response to the request, or only "not modified" (304) for a
        request without a condition.
        """
        waiting = self._places.get((request.method, mask(request.url)))
        if not waiting:
            raise _missing(
                f"the archive holds no {'further ' if waiting is not None else ''}response to {request.method}"
            )
        place = waiting.popleft()
        with self.path.open("rb") as file:
            file.seek(place.offset)
            record = next(iter(ArchiveIterator(file, arc2warc=False)))
            body: bytes = record.raw_stream.read()
            get = record.rec_headers.get_header
            if place.kind == "metadata":
                told = json.loads(body)
                fault = RequestFault(**told["fault"])
                request.meta["responded_at"] = get("WARC-Date")
                request.meta["exchange"] = get("WARC-Record-ID").strip("<>")
                raise RetryableFault(fault) if told["is_retryable"] else SettledFault(fault)
            headers: dict[str, list[str]] = {}
            for name, value in record.http_headers.headers:
                headers.setdefault(name.removeprefix("X-Archive-Orig-"), []).append(value)
            status = int(record.http_headers.get_statuscode())
        if status == 304 and not {b"If-None-Match", b"If-Modified-Since"} & set(request.headers):
            raise _missing(
                "the archive says 'not modified': replay it over the data folder as it was before that night"
            )
        request.meta["responded_at"] = get("WARC-Date")
        notes = {
            "elapsed_ms": int(get("Winnow-Elapsed") or 0),
            "cut": get("Winnow-Cut"),
            "is_saved": get("Winnow-Saved") == "yes",
            **{name: get(header) for name, header in _NOTES.items()},
            "exchange": get("WARC-Record-ID").strip("<>"),
        }
        if notes["first_byte_ms"] is not None:
            notes["first_byte_ms"] = int(notes["first_byte_ms"])
        return make_response(url=request.url, status=status, headers=_scrapy_headers(headers), body=body), notes


def _scrapy_headers(headers: dict[str, list[str]]) -> Any:
    from scrapy.http import Headers

    return Headers({name.encode("latin-1"): [v.encode("latin-1") for v in vs] for name, vs in headers.items()})


def _missing(what: str) -> SettledFault:
    return SettledFault(
        RequestFault(
            "not_recorded", "unknown", what, "replay the archive in the folder of the catalogue with which it was made"
        )
    )


def _key_of(record: Any) -> tuple[str, str] | None:
    method = record.rec_headers.get_header("Winnow-Method")
    return (method, record.rec_headers.get_header("WARC-Target-URI")) if method else None


def _info(record: Any) -> dict[str, Any]:
    for line in record.content_stream().read().decode("utf-8").splitlines():
        name, _, value = line.partition(": ")
        if name == "description":
            return dict(json.loads(value))
    return {}


def find_record(path: Path, record_id: str) -> bytes | None:
    """Return one record of the WARC file ``path``, unpacked, with its headers and body; None if the file does not hold
    it.

    ``record_id``: the WARC-Record-ID of the record, with or without angle brackets.
    """
    with path.open("rb") as file:
        records = ArchiveIterator(file, arc2warc=False, no_record_parse=True)
        for record in records:
            if record.rec_headers.get_header("WARC-Record-ID") == f"<{record_id.strip('<>')}>":
                offset = records.get_record_offset()
                break
        else:
            return None
    with path.open("rb") as file:
        file.seek(offset)
        inflater = zlib.decompressobj(zlib.MAX_WBITS + 16)
        found = b""
        while not inflater.eof and (block := file.read(_BLOCK)):
            found += inflater.decompress(block)
        return found
