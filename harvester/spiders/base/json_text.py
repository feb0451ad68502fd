"""The text of JSON that is not UTF-8, by what its bytes are.

RFC 8259 §8.1 wants UTF-8. What is something else is read all the same, and said: letters are never replaced in silence.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from catalog.model import HarvestError
from quality.tables.read.dialect import decode

__all__ = ["MAX_VALUES", "TextEncoding", "charset_of", "check_values", "encoding_of", "odd_encoding", "text_of"]

MAX_VALUES = 4_000_000
"""Of a document that is parsed whole. Each takes some 64 bytes of memory, an empty list two bytes of the document."""
_BLOCK = 1 << 20
_SAMPLE = 1 << 18
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_CHARSET = re.compile(r"(?i)\bcharset\s*=\s*[\"']?([\w.:-]{1,40})")
_BETWEEN = re.compile(rb"[\x00-\x1f\",:]+")
"""What parts the texts of JSON, and is the second byte of no character in the encodings of East Asia."""
_MIXED = "winnow-mixed"


_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


_UKRAINIAN = re.compile(rb"[\xc0-\xff][\xa4\xa6\xa7\xad]|[\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd][\xc0-\xff]")


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """How a document is decoded: Python's codec and its error handler; and its name, where it is other than UTF-8."""

    codec: str = "utf-8-sig"
    errors: str = "strict"
    odd: str | None = None


def _one_byte(error: UnicodeError) -> tuple[str, int]:
    """What is no UTF-8 in a text that is mostly UTF-8 was put there by a program of windows-1252."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_MIXED, _one_byte)


def check_values(document: bytes | str) -> None:
    """Raise ValueError where a document of JSON holds too many values to be parsed whole."""
    # Every value but the first stands behind one of these, in any encoding.
    signs: tuple[str, ...] | tuple[bytes, ...] = (b",", b"[", b"{") if isinstance(document, bytes) else (",", "[", "{")
    if len(document) > MAX_VALUES and sum(map(document.count, signs)) > MAX_VALUES:  # type: ignore[arg-type]
        raise ValueError(f"the answer holds more than {MAX_VALUES:,} values: ask for fewer records at once")


def charset_of(content_type: bytes | str | None) -> str | None:
    """The charset that a Content-Type names."""
    text = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type or ""
    found = _CHARSET.search(text)
    return found.group(1) if found else None


def encoding_of(path: Path, charset: str | None = None) -> TextEncoding:
    """The encoding of a document on disk: all of its bytes are looked at."""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        if found := _wide(head):
            return found
        decoder = codecs.getincrementaldecoder("utf-8")()
        is_utf8, sample, block = True, b"", head
        while block:
            if is_utf8:
                try:
                    # ASCII after half a character is a fault too.
                    if not block.isascii() or decoder.getstate()[0]:
                        decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
            if len(sample) < _SAMPLE and not block.isascii():
                sample += _telling(block)
            elif not is_utf8:
                break
            block = file.read(_BLOCK)
    # A document that ends within a character was cut short, which is said otherwise.
    return TextEncoding(errors="replace") if is_utf8 else _guessed(sample, charset)


def text_of(body: bytes, charset: str | None = None) -> tuple[str, str | None]:
    """The text of a whole document, and the name of its encoding where that is not UTF-8."""
    found = _wide(body)
    if found is None:
        try:
            return body.decode("utf-8-sig"), None
        except UnicodeDecodeError:
            found = _guessed(_telling(body), charset)
    return body.decode(found.codec, found.errors), found.odd


def _wide(head: bytes) -> TextEncoding | None:
    """UTF-16 and UTF-32, by their mark or their zeros: JSON begins with two characters of ASCII."""
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
    """What follows the blanks at the beginning of a document."""
    blanks, at = {blank.encode(name) for blank in " \t\r\n"}, 0
    width = len(" ".encode(name))
    while head[at : at + width] in blanks:
        at += width
    return head[at:]


def _telling(block: bytes) -> bytes:
    """The texts with more than ASCII in them: what stands around them in JSON tells nothing of an encoding."""
    return b"\n".join(text for text in _BETWEEN.split(block) if not text.isascii())[:_SAMPLE] + b"\n"


def _guessed(sample: bytes, charset: str | None) -> TextEncoding:
    # Letters of UTF-8 are hardly ever there by chance: in no other encoding do they outnumber what is none.
    bad = sample.decode("utf-8", "replace").count("\ufffd")
    is_mixture = len(_UTF8_LETTER.findall(sample)) >= bad
    name = "utf-8" if is_mixture else decode(sample, charset).encoding
    if name == "utf-8":
        return TextEncoding("utf-8-sig", _MIXED, "a mixture of UTF-8 and windows-1252")
    if name in ("windows-1252", "iso-8859-1", "ascii"):
        # Two letters of it in a row are hardly ever what UTF-8 would be; where they are, a program has pasted it.
        return TextEncoding("utf-8", _MIXED, "windows-1252")
    if name == "koi8-r" and _UKRAINIAN.search(sample):
        # Where KOI8-R has lines of tables, KOI8-U has the letters of Ukrainian.
        name = "koi8-u"
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return TextEncoding("utf-8", _MIXED, "windows-1252")
    return TextEncoding(codec, "replace", name)


def odd_encoding(name: str, url: str) -> HarvestError:
    """What is said of a document that is not UTF-8. Nothing of it is lost."""
    return HarvestError(
        kind="encoding",
        message=f"the JSON is not UTF-8, as RFC 8259 wants it: it was read as {name}",
        remedy="write it as UTF-8; programs that take it for that lose its letters",
        url=url,
        is_lost=False,
    )
