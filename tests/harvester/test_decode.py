"""Bodies packed in every way that servers send them, said rightly or not."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest

from harvester.http.decode import BrokenCodingError, Decoder, unpacked

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def raw(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def plain(body: bytes) -> bytes:
    return body


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "raw": raw,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "plain": plain,
    "gzip twice": lambda body: gzip.compress(gzip.compress(body)),
    "members": lambda body: gzip.compress(body[:100]) + gzip.compress(body[100:]),
    "padded": lambda body: gzip.compress(body) + bytes(100),
}
BODIES = {
    "json": json.dumps({"dataset": [{"title": f"Straßen {n}"} for n in range(50)]}).encode(),
    "short": b"{}",
    "list": b"[]",
    "csv": b"80,71\n1,2\n" * 30,
    "short csv": b"80;c\n",
    "xml": b'<?xml version="1.0"?><a/>',
    "utf-16": '{"a": "b"}'.encode("utf-16"),
    "latin-1": "id;Straße\n1;Königsplatz\n2;Übersee\n".encode("latin-1"),
    "shift_jis": "番号,名前\n1,横浜市役所\n2,川崎市役所\n".encode("shift_jis"),
    "empty": b"",
}
SENT = [
    ("gzip", "gzip"), ("x-gzip", "gzip"), ("GZIP", "gzip"), ("gzip", "plain"), ("gzip", "zlib"), ("gzip", "members"),
    ("gzip", "padded"), ("deflate", "zlib"), ("deflate", "raw"), ("deflate", "gzip"), ("deflate", "plain"),
    ("br", "br"), ("br", "plain"), ("br", "gzip"), ("zstd", "zstd"), ("zstd", "plain"), ("identity", "plain"),
    ("", "plain"), ("utf-8", "plain"), ("none", "plain"), ("gzip, gzip", "gzip twice"), ("gzip,gzip", "gzip"),
    ("gzip", "gzip twice"), ("", "gzip"), ("", "zstd"), ("identity", "gzip twice"),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("said", "sent"), SENT)
def test_a_page_is_unpacked_as_it_was_sent(said: str, sent: str, body: str) -> None:
    content = BODIES[body]
    packed = PACKERS[sent](content)
    assert unpacked(packed, said, 0) == content
    # The same, byte by byte.
    decoder = Decoder(said, is_text=True)
    pieces = [piece for n in range(len(packed)) for piece in decoder.feed(packed[n : n + 1])]
    assert b"".join([*pieces, *decoder.finish()]) == content


@pytest.mark.parametrize(
    ("said", "sent"), [("gzip", "gzip"), ("deflate", "zlib"), ("deflate", "raw"), ("br", "br"), ("zstd", "zstd")]
)
def test_a_packed_body_without_its_end_broke_off(said: str, sent: str) -> None:
    content = "".join(f"{n},{n * n}\n" for n in range(2_000)).encode()
    packed = PACKERS[sent](content)
    for end in (10, 300, len(packed) - 3):
        with pytest.raises(BrokenCodingError) as caught:
            unpacked(packed[:end], said, 0)
        assert caught.value.is_short
    if sent != "br":
        with pytest.raises(BrokenCodingError):
            unpacked(packed[:500] + b"\xff\x00\xff" * 200 + packed[800:], said, 0)


def test_a_file_that_is_packed_itself_stays_packed() -> None:
    packed = gzip.compress(b"id\n1\n" * 100)

    def file(header: str, body: bytes, *, may_repack: bool) -> bytes:
        decoder = Decoder(header, may_repack=may_repack)
        return b"".join([*decoder.feed(body), *decoder.finish()])

    assert file("", packed, may_repack=True) == packed
    assert file("gzip", gzip.compress(packed), may_repack=False) == packed
    assert file("gzip", gzip.compress(packed), may_repack=True) == b"id\n1\n" * 100


@pytest.mark.parametrize("magic", [b"PK\x03\x04\x14\x00", b"%PDF-1.7\n\x00\x01", b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("said", ["gzip", "deflate", "br", "zstd"])
def test_files_that_are_said_to_be_packed_and_are_not(magic: bytes, said: str) -> None:
    body = magic + bytes(range(256)) * 3
    decoder = Decoder(said)
    assert b"".join([*decoder.feed(body), *decoder.finish()]) == body


@pytest.mark.parametrize(("said", "body"), [("compress", b"\x1f\x9d\x90" + bytes(300)), ("gzip", bytes(range(256)))])
def test_what_nobody_can_unpack_is_said(said: str, body: bytes) -> None:
    with pytest.raises(BrokenCodingError) as caught:
        unpacked(body, said, 0)
    assert not caught.value.is_short


@pytest.mark.parametrize("packer", ["gzip", "zlib", "raw", "br", "zstd", "gzip twice"])
def test_a_bomb_never_unfolds_in_memory(packer: str) -> None:
    bomb = PACKERS[packer](bytes(30_000_000))
    said = {"zlib": "deflate", "raw": "deflate", "gzip twice": "gzip"}.get(packer, packer)
    assert unpacked(bomb, said, 1_000_000) is None
    decoder = Decoder(said, is_text=True)
    sizes = [len(piece) for step in (decoder.feed(bomb), decoder.finish()) for piece in step]
    assert sum(sizes) == 30_000_000 and max(sizes) <= 1 << 20
