"""Decode Content-Encoding for pages, feeds and files, trusting the first bytes more than the header.

Servers label raw deflate as "deflate" (RFC 9110 §8.4.1.2 wants the zlib format), call a body "gzip" that a proxy
has already unpacked, or that was packed twice. Browsers read most of these, and so does this module. It follows
the header unless the first bytes contradict it.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["BrokenCodingError", "Decoder", "codings_of", "unpacked"]

PIECE = 1 << 18
"""Bytes unpacked at a time, at most, so that a decompression bomb cannot fill the memory."""
SNIFF = 256
"""Bytes to collect before a coding is chosen."""
MAX_LAYERS = 4
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
"""Control characters: absent from text, present in nearly every run of packed bytes."""
_EMPTY_BROTLI = (b";", b"\x06", b"3")
_KNOWN = ("gzip", "deflate", "br", "zstd")
_NONE = ("", "identity", "none", "binary", "8bit", "7bit", "utf-8", "utf8", "aws-chunked", "chunked")
"""Values that servers send when nothing is packed."""


class BrokenCodingError(ValueError):
    """A compressed response body cannot be decompressed.

    ``why``: the reason, as the message. ``is_short``: whether the body ends too early, so that the transfer broke
    off.
    """

    def __init__(self, why: str, *, is_short: bool = False) -> None:
        super().__init__(why)
        self.is_short = is_short


def codings_of(header: str) -> list[str]:
    """Return the compressions that ``header``, a Content-Encoding, names ("gzip", "br"), in the order in which to undo
    them.

    Words that mean that nothing is compressed, such as "identity", are left out.
    """
    names = [name.strip().strip("\"'").lower() for name in header.split(",")]
    return [name.removeprefix("x-") for name in reversed(names) if name not in _NONE]


class Decoder:
    """Decompress a response body while it arrives, in pieces of at most 256 KiB.

    ``header``: the value of Content-Encoding. ``is_text``: the body can only be text such as JSON or XML, so gzip and
    zstd are always undone, whatever the header says. ``may_repack``: if the header names a compression, gzip and zstd
    are undone as often as the body was compressed. Leave it False for files that are meant to arrive compressed, such
    as ``.gz``. At most four compressions are undone.
    """

    def __init__(self, header: str, *, is_text: bool = False, may_repack: bool = False) -> None:
        said = codings_of(header)[:MAX_LAYERS]
        self._layers: list[_Layer] = [_Layer(name) for name in said]
        spare = MAX_LAYERS - len(said) if is_text or (may_repack and said) else 0
        self._layers += [_Layer("") for _ in range(spare)]

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield decompressed bytes of the body, of which ``chunk`` is the next part. After the last part, iterate over
        :meth:`finish`.

        If a compression is possible, nothing is yielded until 256 bytes are there to recognise it by. A body whose
        first bytes are plain text or those of a well-known file is yielded unchanged, whatever the header says. Raise
        BrokenCodingError, during the iteration, if another body cannot be decompressed or the header names an unknown
        compression.
        """
        return self._through(0, chunk, is_last=False)

    def finish(self) -> Iterator[bytes]:
        """Yield the rest of the decompressed bytes, at the end of the body; of a body of less than 256 bytes this may
        be all.

        Raise BrokenCodingError, during the iteration, as :meth:`feed` does, and also if the body ends too early.
        """
        return self._through(0, b"", is_last=True)

    def _through(self, index: int, chunk: bytes, *, is_last: bool) -> Iterator[bytes]:
        if index == len(self._layers):
            if chunk:
                yield chunk
            return
        for piece in self._layers[index].pieces(chunk, is_last=is_last):
            yield from self._through(index + 1, piece, is_last=False)
        if is_last:
            yield from self._through(index + 1, b"", is_last=True)


class _Unpacker(Protocol):
    def pieces(self, chunk: bytes) -> Iterator[bytes]: ...

    @property
    def is_whole(self) -> bool: ...


class _Layer:
    """One coding, chosen by its name and the first bytes."""

    def __init__(self, name: str) -> None:
        self.name, self.held = name, b""
        self.unpacker: _Unpacker | None = None

    def pieces(self, chunk: bytes, *, is_last: bool) -> Iterator[bytes]:
        if self.unpacker is None:
            self.held += chunk
            if not self.held or (len(self.held) < SNIFF and not is_last):
                return
            self.unpacker, chunk, self.held = _chosen(self.name, self.held), self.held, b""
        try:
            if chunk:
                yield from self.unpacker.pieces(chunk)
        except (zlib.error, brotli.error, zstd.ZstdError) as error:
            raise BrokenCodingError(f"what came cannot be unpacked as {self.name or 'gzip'} ({error})") from None
        if is_last and not self.unpacker.is_whole:
            raise BrokenCodingError(f"the packed body ({self.name or 'gzip'}) has no end", is_short=True)


def _chosen(name: str, start: bytes) -> _Unpacker:
    """Return the unpacker for a body with this declared coding and these first bytes."""
    if start.startswith(_GZIP):
        return _Zlib(zlib.MAX_WBITS | 16)
    if start.startswith(_ZSTD) and name in ("", "zstd"):
        return _Zstd()
    if name == "br" and start in _EMPTY_BROTLI:
        return _Brotli()
    if not name or _is_text(start) or start.startswith(_MAGIC):
        return _Plain()
    if name in ("deflate", "gzip"):
        for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS) if name == "deflate" else (zlib.MAX_WBITS,):
            if _inflates(start, bits):
                return _Zlib(bits)
    elif name == "br":
        if _Brotli.reads(start):
            return _Brotli()
    elif name not in _KNOWN:
        raise BrokenCodingError(f"its coding {name[:40]!r} is not known here")
    if not _CONTROL.search(start):
        return _Plain()
    raise BrokenCodingError(f"it is said to be {name} and is not")


def _is_text(start: bytes) -> bool:
    """Return whether the bytes are text. In packed data half the bytes are above ASCII and one in nine is a control
    character."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    if _CONTROL.search(start):
        return False
    return len(start) >= 64 or sum(byte > 127 for byte in start) < 0.3 * len(start)


_MAGIC = (
    b"PK", b"%PDF", b"\x89PNG", b"\xd0\xcf\x11\xe0", b"GIF8", b"\xff\xd8\xff", b"SQLite", b"PAR1", b"7z\xbc\xaf",
    b"Rar!", b"II*\x00", b"MM\x00*", b"RIFF", b"BZh", b"\xfd7zXZ", b"\x89HDF", b"\x00\x00\x27\x0a", b"wOF2", b"OggS",
)  # fmt: skip
"""First bytes of files of well-known formats."""


def _inflates(start: bytes, bits: int) -> bool:
    inflater = zlib.decompressobj(bits)
    try:
        inflater.decompress(start, PIECE)
    except zlib.error:
        return False
    # A deflate block that ends at once with more data behind it only looks like deflate by chance.
    return not (bits < 0 and inflater.eof and len(inflater.unused_data) > 8)


class _Plain:
    is_whole = True

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk


class _Zlib:
    """Unpack gzip with all its members, zlib and raw deflate. Bytes after the end are ignored, as browsers do."""

    def __init__(self, bits: int) -> None:
        self.bits, self.inflater = bits, zlib.decompressobj(bits)
        self.is_over = False

    @property
    def is_whole(self) -> bool:
        return self.is_over or self.inflater.eof

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        while chunk and not self.is_over:
            if self.inflater.eof:
                # Some servers pad the body with zero bytes.
                chunk = chunk.lstrip(b"\x00")
                if self.bits <= zlib.MAX_WBITS or not _GZIP.startswith(chunk[:2]) or not chunk:
                    self.is_over = bool(chunk)
                    return
                self.inflater = zlib.decompressobj(self.bits)
            if piece := self.inflater.decompress(chunk, PIECE):
                yield piece
            chunk = self.inflater.unused_data if self.inflater.eof else self.inflater.unconsumed_tail
        # The last bytes that fit into the window may still be held back.
        while not self.is_over and not self.inflater.eof and (piece := self.inflater.decompress(b"", PIECE)):
            yield piece


class _Brotli:
    def __init__(self) -> None:
        self.unpacker = brotli.Decompressor()

    @staticmethod
    def reads(start: bytes) -> bool:
        try:
            brotli.Decompressor().process(start, output_buffer_limit=PIECE)
        except brotli.error:
            return False
        return True

    @property
    def is_whole(self) -> bool:
        return bool(self.unpacker.is_finished())

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        if self.unpacker.is_finished():
            return
        piece = self.unpacker.process(chunk, output_buffer_limit=PIECE)
        while piece or not self.unpacker.can_accept_more_data():
            if piece:
                yield piece
            piece = self.unpacker.process(b"", output_buffer_limit=PIECE)


class _Zstd:
    def __init__(self) -> None:
        self.unpacker = zstd.ZstdDecompressor()

    @property
    def is_whole(self) -> bool:
        return self.unpacker.eof

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        while True:
            if self.unpacker.eof:
                # More zstd frames may follow.
                if not chunk.startswith(_ZSTD):
                    return
                self.unpacker = zstd.ZstdDecompressor()
            if piece := self.unpacker.decompress(chunk, PIECE):
                yield piece
            if self.unpacker.eof:
                chunk = self.unpacker.unused_data
            elif self.unpacker.needs_input:
                return
            else:
                chunk = b""


def unpacked(body: bytes, header: str, max_bytes: int) -> bytes | None:
    """Return ``body``, the body of a page, decompressed; None if it has more than ``max_bytes`` then (0 for no limit).

    ``header``: the value of Content-Encoding. Raise BrokenCodingError if the header names a compression and the body
    cannot be decompressed. If the header names none, a compressed file that was cut off, such as a gzipped sitemap,
    is returned unchanged, because a reader can use its beginning.
    """
    decoder, pieces, size = Decoder(header, is_text=True), [], 0
    try:
        for piece in chain(decoder.feed(body), _late(decoder.finish)):
            size += len(piece)
            if max_bytes and size > max_bytes:
                return None
            pieces.append(piece)
    except BrokenCodingError:
        if codings_of(header):
            raise
        return body
    return b"".join(pieces)


def _late(begin: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    yield from begin()
