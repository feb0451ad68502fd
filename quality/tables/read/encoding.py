"""Detect the encoding of a text from all its bytes, and read the text as blocks of UTF-8.

The order is: byte-order mark, strict UTF-8 over the whole file, the declared charset, then a guess with a confidence.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quality.tables.read.dialect import decode

__all__ = ["Encoding", "read_encoding", "utf8_blocks"]

_BLOCK = 1024**2
_SAMPLE_BYTES = 2 * 1024**2
_MOST_ERRORS = 10_000
_WIDE = ("utf-16", "utf-32")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a text file, with size, digest and faults of its bytes."""

    name: str
    """Name in lower case as used on the web: "utf-8", "windows-1252", "utf-16"."""
    codec: str
    """Name of the Python codec that reads the file; it also removes a byte-order mark."""
    confidence: float
    """1.0 for a byte-order mark or strict UTF-8, lower for a guess."""
    size_bytes: int
    sha256: str
    nuls: int
    """Number of NUL characters; not counted in UTF-16 and UTF-32, where every other byte is zero."""
    bad_bytes: int = 0
    """Number of places at which the bytes are invalid in the encoding; counting stops at 10,000."""
    first_bad_line: int | None = None
    """Line of the first of them, from 1; None if there is none."""


class _Reader:
    """One pass over the bytes: digest, strict UTF-8, and the lines that reveal an encoding."""

    def __init__(self, is_cut: bool) -> None:
        self.is_cut = is_cut
        self.digest = hashlib.sha256()
        self.size = self.nuls = 0
        self.decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self.head = b""
        self.telling: list[bytes] = []
        self.telling_bytes = 0

    def take(self, block: bytes) -> None:
        self.digest.update(block)
        self.size += len(block)
        self.nuls += block.count(0)
        if len(self.head) < _SAMPLE_BYTES:
            self.head += block[: _SAMPLE_BYTES - len(self.head)]
        if block.isascii():
            # Pure ASCII in the middle of a multi-byte character: that character is broken.
            if self.decoder is not None and self.decoder.getstate()[0]:
                self.decoder = None
            return
        if self.decoder is not None:
            try:
                self.decoder.decode(block)
            except UnicodeDecodeError:
                self.decoder = None
        if self.decoder is None and self.telling_bytes < _SAMPLE_BYTES:
            lines = [line for line in block.split(b"\n")[1:-1] if not line.isascii()]
            self.telling += lines
            self.telling_bytes += sum(map(len, lines))

    def is_utf8(self) -> bool:
        return self.decoder is not None and (self.is_cut or not self.decoder.getstate()[0])


def read_encoding(path: Path, declared: str | None = None, is_cut: bool = False) -> Encoding:
    """Detect the encoding of a text file from all its bytes.

    ``declared`` is the charset that the server named; None if none. ``is_cut`` says that the file is only the beginning
    of a longer one, so that it may end inside a character.
    """
    reader = _Reader(is_cut)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            reader.take(block)
    base = (reader.size, reader.digest.hexdigest())
    if reader.head.startswith(codecs.BOM_UTF8) and reader.is_utf8():
        return Encoding("utf-8", "utf-8-sig", 1.0, *base, reader.nuls)
    is_wide = reader.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    if reader.is_utf8() and not is_wide and reader.nuls <= 0.2 * reader.size:
        return Encoding("utf-8", "utf-8", 1.0, *base, reader.nuls)
    # What is beyond the sample may decide: a single accent in a long file.
    sample = reader.head
    if len(sample) < reader.size and not is_wide:
        sample = sample[: sample.rfind(b"\n") + 1] + b"\n".join(reader.telling)
    found = decode(sample, declared, is_cut=len(sample) < reader.size)
    codec = "utf-8-sig" if found.encoding == "utf-8" else found.encoding
    nuls = 0 if codec.startswith(_WIDE) else reader.nuls
    bad, line = _count_errors(path, codec, is_cut)
    return Encoding(found.encoding, codec, found.confidence, *base, nuls, bad, line)


class _Counting:
    """An error handler for codecs that counts errors and replaces unreadable bytes by escapes."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: UnicodeError) -> tuple[str | bytes, int]:
        self.count += 1
        if self.count >= _MOST_ERRORS:
            raise error
        return codecs.backslashreplace_errors(error)


def _count_errors(path: Path, codec: str, is_cut: bool) -> tuple[int, int | None]:
    counting = _Counting()
    codecs.register_error("winnow-count", counting)
    decoder = codecs.getincrementaldecoder(codec)("winnow-count")
    lines, first = 1, None
    with path.open("rb") as stream:
        try:
            while block := stream.read(_BLOCK):
                before = counting.count
                text = decoder.decode(block)
                if counting.count > before and first is None:
                    escaped = re.search(r"\\x[89a-f][0-9a-f]", text)
                    first = lines + text.count("\n", 0, escaped.start() if escaped else None)
                lines += text.count("\n")
            if not is_cut:
                decoder.decode(b"", True)
        except UnicodeError:
            pass
    if counting.count and first is None:
        first = lines
    return counting.count, first


def utf8_blocks(path: Path, encoding: Encoding, *, end: int | None = None, is_cut: bool = False) -> Iterator[bytes]:
    r"""Yield a text file in blocks, as UTF-8 without a byte-order mark. Invalid bytes become escapes such as ``\xff``.

    ``encoding`` is that of the file at ``path``. ``end`` is the position in the file at which to stop, in bytes; None
    means its end. ``is_cut`` says that the file is only the beginning of a longer one; then what follows the last line
    end is left out.
    """
    left = encoding.size_bytes if end is None else end
    is_plain = encoding.name == "utf-8" and not encoding.bad_bytes
    decoder = None if is_plain else codecs.getincrementaldecoder(encoding.codec)("backslashreplace")
    held = b""
    with path.open("rb") as stream:
        if is_plain and encoding.codec == "utf-8-sig":
            left -= len(stream.read(3))
        while left > 0 and (block := stream.read(min(left, _BLOCK))):
            left -= len(block)
            if decoder is not None:
                block = decoder.decode(block).encode("utf-8", "replace")
            if not is_cut:
                yield block
                continue
            whole = block.rfind(b"\n") + 1
            if whole:
                yield held + block[:whole]
                held = block[whole:]
            else:
                held += block
    if decoder is not None and not is_cut:
        yield decoder.decode(b"", True).encode("utf-8", "replace")
