"""Decode JSON that is not UTF-8, by looking at its bytes.

RFC 8259 §8.1 requires UTF-8. Other encodings are read all the same and reported; no character is replaced silently.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from catalog.model import HarvestError
from quality.tables.read.dialect import decode

__all__ = ["MAX_VALUES", "TextEncoding", "check_values", "encoding_of", "odd_encoding", "text_of"]

MAX_VALUES = 4_000_000
"""Maximum number of values in a document parsed whole; a value takes some 64 bytes, but as little as two in the
text.
"""
_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_BETWEEN = re.compile(rb"[\x00-\x1f\",:]+")
"""Match what separates texts in JSON; none of these bytes is the second byte of an East Asian character."""
_MIXED = "winnow-mixed"


_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


_UKRAINIAN = re.compile(rb"[\xc0-\xff][\xa4\xa6\xa7\xad]|[\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd][\xc0-\xff]")


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """How to decode a document to text.

    ``codec`` and ``errors`` are the codec and the error handler for Python's ``decode``. ``odd`` is the name of the
    encoding to report if it is not UTF-8, else None.
    """

    codec: str = "utf-8-sig"
    errors: str = "strict"
    odd: str | None = None


def _one_byte(error: UnicodeError) -> tuple[str, int]:
    """Decode a single invalid byte as windows-1252; this codec error handler is for texts that are mostly UTF-8."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_MIXED, _one_byte)


def check_values(document: bytes | str) -> None:
    """Raise ValueError if the JSON ``document`` seems to hold more than MAX_VALUES values, too many to parse at once.

    The number is estimated from its commas and brackets.
    """
    # Every value except the first follows one of these characters, in any encoding.
    signs: tuple[str, ...] | tuple[bytes, ...] = (b",", b"[", b"{") if isinstance(document, bytes) else (",", "[", "{")
    if len(document) > MAX_VALUES and sum(map(document.count, signs)) > MAX_VALUES:  # type: ignore[arg-type]
        raise ValueError(f"the response holds more than {MAX_VALUES:,} values: ask for fewer records at once")


def encoding_of(path: Path, charset: str | None = None) -> TextEncoding:
    """Return how to decode the JSON file ``path``, judged by its bytes.

    ``charset`` is the encoding that the server states, or None. It is only a hint, used if the bytes are not valid
    UTF-8.
    """
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        if found := _wide(head):
            return found
        decoder = codecs.getincrementaldecoder("utf-8")()
        is_utf8, sample, block = True, b"", head
        while block:
            if is_utf8:
                try:
                    # ASCII after an incomplete character is invalid too.
                    if not block.isascii() or decoder.getstate()[0]:
                        decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
            if len(sample) < _SAMPLE and not block.isascii():
                sample += _telling(block)
            elif not is_utf8:
                break
            block = file.read(_BLOCK)
    # A document that ends within a character was truncated, which is reported elsewhere.
    return TextEncoding(errors="replace") if is_utf8 else _guessed(sample, charset)


def text_of(body: bytes, charset: str | None = None) -> tuple[str, str | None]:
    """Return the decoded JSON document ``body``, and the name of its encoding; the name is None if it is UTF-8.

    ``charset`` is the encoding that the server states, or None. It is only a hint, used if the bytes are not valid
    UTF-8.
    """
    found = _wide(body)
    if found is None:
        try:
            return body.decode("utf-8-sig"), None
        except UnicodeDecodeError:
            found = _guessed(_telling(body), charset)
    return body.decode(found.codec, found.errors), found.odd


def _wide(head: bytes) -> TextEncoding | None:
    """Recognise UTF-16 and UTF-32 by their mark or zero bytes, because JSON begins with two ASCII characters."""
    if head.startswith(codecs.BOM_UTF32_LE) or head.startswith(_MARKS):
        name = "utf-32" if head[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE) else "utf-16"
        return TextEncoding(name, "replace", name)
    # The first character is a bracket; the second one may be a letter of any script.
    for bracket in "{[":
        for name in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
            if _start(head, name).startswith(bracket.encode(name)):
                return TextEncoding(name, "replace", name)
    return None


def _start(head: bytes, name: str) -> bytes:
    """Return what follows the white space at the beginning of a document."""
    blanks, at = {blank.encode(name) for blank in " \t\r\n"}, 0
    width = len(" ".encode(name))
    while head[at : at + width] in blanks:
        at += width
    return head[at:]


def _telling(block: bytes) -> bytes:
    """Return the texts that are not pure ASCII; the rest of a JSON document says nothing about its encoding."""
    return b"\n".join(text for text in _BETWEEN.split(block) if not text.isascii())[:_SAMPLE] + b"\n"


def _guessed(sample: bytes, charset: str | None) -> TextEncoding:
    # Valid UTF-8 letters rarely occur by chance: in no other encoding do they outnumber the invalid bytes.
    bad = sample.decode("utf-8", "replace").count("\ufffd")
    is_mixture = len(_UTF8_LETTER.findall(sample)) >= bad
    name = "utf-8" if is_mixture else decode(sample, charset).encoding
    if name == "utf-8":
        return TextEncoding("utf-8-sig", _MIXED, "a mixture of UTF-8 and windows-1252")
    if name in ("windows-1252", "iso-8859-1", "ascii"):
        # Two such letters in a row are rarely valid UTF-8 by chance; if they are, a program pasted UTF-8 in.
        return TextEncoding("utf-8", _MIXED, "windows-1252")
    if name == "koi8-r" and _UKRAINIAN.search(sample):
        # KOI8-U has Ukrainian letters where KOI8-R has box-drawing characters.
        name = "koi8-u"
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return TextEncoding("utf-8", _MIXED, "windows-1252")
    return TextEncoding(codec, "replace", name)


def odd_encoding(name: str, url: str) -> HarvestError:
    """Return the harvest error for a JSON document that is not UTF-8; no record is lost by it.

    ``name`` is the encoding that was used to decode it, ``url`` the address of the document.
    """
    return HarvestError(
        kind="encoding",
        message=f"the JSON is not UTF-8, as RFC 8259 wants it: it was read as {name}",
        remedy="write the response as UTF-8; programs that expect UTF-8 lose letters",
        url=url,
        is_lost=False,
    )
