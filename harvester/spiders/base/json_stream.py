"""Read one huge JSON document record by record, in constant memory and in spite of faults.

A ``data.json`` is an object with an array of records under one key, or a bare array. The document is read in blocks.
The standard library parses each record alone, so a malformed record does not affect others. Tolerated are a byte-order
mark, trailing commas, invalid UTF-8 bytes (replaced), keys before and after the array, and several documents in one
file.
"""

from __future__ import annotations

import codecs
import gc
import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harvester.spiders.base.json_text import encoding_of

__all__ = ["UnreadableElement", "Element", "StreamEnd", "records"]

BLOCK = 1 << 20
MAX_RECORD = 24 << 20
"""Maximum length of one record in characters; a longer one ends the reading."""
MAX_VALUES = 2_000_000
"""Maximum number of values in one record; a value takes some 64 bytes of memory, but as little as two characters."""
MAX_HEAD = 100
"""Maximum length of an array beside the records that is kept."""


@dataclass(frozen=True, slots=True)
class Element:
    """A readable record of a JSON document.

    ``index`` counts the records from 0, and ``value`` is the record. ``pointer`` is its JSON pointer, or None if the
    name of the array and the index give it.
    """

    index: int
    value: Any
    pointer: str | None = None


@dataclass(frozen=True, slots=True)
class UnreadableElement:
    """A record of a JSON document that cannot be parsed.

    ``index`` counts the records from 0, ``message`` is the reason, and ``text`` the beginning of the record.
    ``pointer`` is its JSON pointer, or None if the name of the array and the index give it.
    """

    index: int
    message: str
    text: str
    pointer: str | None = None


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The last item that :func:`records` yields for a document.

    ``fault`` is the reason why the document was not read to its end, or the fact that it has no array of records; None
    if neither is so.
    """

    fault: str | None
    head: dict[str, Any]
    """The values of the first JSON document of the file outside the array of records, such as the title of the
    catalogue, by their keys. Arrays of more than MAX_HEAD elements are left out.
    """
    odd_encoding: str | None = None
    """The encoding of the document if it is not UTF-8."""


class _Reader:
    """A moving window over the text of a file."""

    def __init__(self, path: Path, charset: str | None = None) -> None:
        self.encoding = encoding_of(path, charset)
        self.file = path.open("rb")
        self.decoder = codecs.getincrementaldecoder(self.encoding.codec)(self.encoding.errors)
        self.text, self.at, self.is_done = "", 0, False

    def more(self, size: int = BLOCK) -> bool:
        """Read the next ``size`` bytes of the file, and drop the text that was already parsed.

        Return False at the end of the file.
        """
        if self.is_done:
            return False
        block = self.file.read(size)
        self.is_done = not block
        self.text, self.at = self.text[self.at :] + self.decoder.decode(block, final=not block), 0
        return True

    def peek(self) -> str:
        """Return the next character that is not white space, without using it up; "" at the end of the file."""
        while True:
            while self.at < len(self.text):
                if not self.text[self.at].isspace():
                    return self.text[self.at]
                self.at += 1
            if not self.more():
                return ""

    def next_document(self) -> str:
        """Return the first character of the next JSON document in the file; "" at the end of the file.

        Byte-order marks, zero characters and commas between documents are skipped.
        """
        while (char := self.peek()) and char in "\ufeff\0,":
            self.at += 1
        return char

    def value(self) -> Any:
        """Return the JSON value that begins at the current position.

        Raise ValueError if it is not valid JSON. Raise EOFError if the file ends within it, or if it exceeds MAX_RECORD
        characters or MAX_VALUES values.
        """
        size = BLOCK
        self.peek()
        while True:
            if size > 4 * BLOCK and self.count_values() > MAX_VALUES:
                raise EOFError(f"a record holds more than {MAX_VALUES:,} values")
            try:
                with _without_cycles(size > BLOCK):
                    value, end = _DECODER.raw_decode(self.text, self.at)
            except RecursionError:
                raise ValueError("nested too deeply") from None
            except json.JSONDecodeError as error:
                # The parser may have failed only at the end of the window. Doubling the window each time keeps the work
                # linear.
                if len(self.text) - self.at > MAX_RECORD:
                    raise EOFError(f"a record is longer than {MAX_RECORD:,} characters") from None
                # A fault far from the window's edge is a fault of the document.
                is_edge = error.pos > len(self.text) - 64 or error.msg.startswith("Unterminated")
                if is_edge and self.more(size):
                    size *= 2
                    continue
                # A document is truncated if nothing, or only half a word, follows; a bracket there means malformed
                # JSON.
                if is_edge and (error.msg.startswith("Unterminated") or not re.search(r"[]}]", self.text[error.pos :])):
                    raise EOFError("the document ends within a record: it was cut short") from None
                raise ValueError(f"{error.msg} at character {error.pos - self.at}") from None
            if end == len(self.text) and not isinstance(value, (dict, list, str)) and self.more():
                continue  # A number may continue in the next block.
            self.at = end
            return value

    def count_values(self) -> int:
        """Return an upper bound for the number of JSON values in the text that is in memory."""
        return sum(self.text.count(mark, self.at) for mark in ",[{")

    def skip_value(self) -> str:
        """Skip a malformed JSON value, and return at most 500 characters from its beginning.

        The value ends where its brackets are closed, before a comma outside of brackets, or before the bracket that
        closes its parent. Raise EOFError if the file ends before the value does.
        """
        depth, in_string, escaped, start = 0, False, False, self.text[self.at : self.at + 500]
        is_first = True
        while True:
            if self.at >= len(self.text) and not self.more():
                raise EOFError("the document ends within a malformed record")
            char = self.text[self.at]
            self.at += 1
            if in_string:
                if escaped:
                    escaped = False
                elif char == "\\":
                    escaped = True
                elif char == '"':
                    in_string = False
            elif char == '"':
                in_string = True
            elif char in "{[":
                depth += 1
            elif char in "}]":
                if depth == 0 and not is_first:
                    # This bracket closes the parent of the malformed value.
                    self.at -= 1
                    return start
                depth -= 1
                if depth <= 0:
                    return start
            elif char == "," and depth == 0:
                self.at -= 1
                return start
            is_first = False


_DECODER = json.JSONDecoder(strict=False)


@contextmanager
def _without_cycles(is_large: bool) -> Iterator[None]:
    """Switch off the garbage collector, which would cost more time than parsing millions of values."""
    is_on = is_large and gc.isenabled()
    if is_on:
        gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


def records(path: Path, *keys: str, charset: str | None = None) -> Iterator[Element | UnreadableElement | StreamEnd]:
    """Yield the records of the JSON file ``path`` one by one, readable and unreadable ones, and a StreamEnd last.

    The records are the elements of the arrays under ``keys`` ("dataset" by default), or of the document itself if it is
    an array. A key also matches with a prefix ("dcat:dataset"). An object in place of an array is a single record.
    Elements carry a JSON pointer if there are several keys.

    A file may hold several documents in a row, as some programs append them. Elements of the second document and later
    ones always carry a pointer. In a file of several documents, an object without the keys is itself a record if it has
    an identifier or a title. Text that is no JSON between or after documents ends the reading with a fault. ``charset``
    is the encoding that the server states, or None.
    """
    reader = _Reader(path, charset)
    odd = reader.encoding.odd
    head: dict[str, Any] = {}
    keys = keys or ("dataset",)
    opening = reader.peek()
    if opening not in tuple("[{"):
        reader.file.close()
        page, empty = "an HTML or XML page came where JSON was expected", "the document is empty"
        yield StreamEnd(page if opening == "<" else "the document is not JSON" if opening else empty, head, odd)
        return
    try:
        is_found = yield from _documents(reader, keys, head)
    except EOFError as error:
        yield StreamEnd(str(error), head, odd)
    except ValueError as error:
        yield StreamEnd(f"the document is not valid JSON: {error}", head, odd)
    else:
        yield StreamEnd(None if is_found else f'the document has no "{keys[0]}"', head, odd)
    finally:
        reader.file.close()


def _documents(
    reader: _Reader, keys: tuple[str, ...], head: dict[str, Any]
) -> Generator[Element | UnreadableElement, None, bool]:
    """Yield the records of all documents of a file; return whether an array of records was found."""
    index, number, is_found = 0, 0, False
    first: dict[str, Any] = {}
    while opening := reader.next_document():
        if opening not in "[{":
            raise ValueError("something that is no JSON follows its end")
        number += 1
        own = head if number == 1 else {}
        is_listed = True
        elements = _array(reader) if opening == "[" else _object(reader, keys, own)
        while True:
            try:
                element = next(elements)
            except StopIteration as end:
                is_listed = end.value is not False
                break
            place = element.pointer or f"/{keys[0]}/{element.index}"
            pointer = element.pointer if number == 1 else f"document {number}: {place}"
            yield replace(element, index=index, pointer=pointer)
            index += 1
        is_found = is_found or is_listed
        if number == 1:
            first = {} if is_listed else own
        elif not is_listed:
            lone = [(1, first)] if number == 2 else []
            for n, record in [*lone, (number, own)]:
                if record.get("identifier") or record.get("title"):
                    is_found = True
                    yield Element(index, record, f"document {n}: ")
                    index += 1
    return is_found


def _object(
    reader: _Reader, keys: tuple[str, ...], head: dict[str, Any]
) -> Generator[Element | UnreadableElement, None, bool]:
    reader.at += 1
    found, index = False, 0
    while (char := reader.peek()) != "}":
        if not char:
            raise EOFError("the document has no end: it was cut short")
        if char == ",":
            reader.at += 1
            continue
        label = reader.value()
        if reader.peek() != ":" or not isinstance(label, str):
            raise ValueError(f"no colon after {str(label)[:50]!r}")
        reader.at += 1
        # "dcat:dataset" counts as "dataset".
        name, opening = label.rpartition(":")[2], reader.peek()
        if name in keys and opening and opening in "[{":
            found = True
            for n, element in enumerate(_array(reader) if opening == "[" else _one(reader)):
                place = f"/{name}/{n}" if len(keys) > 1 else None
                yield replace(element, index=index, pointer=place)
                index += 1
        elif opening == "[":
            # This other array may be as long and as faulty as the records; keep it only if it is short, without its
            # faults.
            values, count = [], 0
            for element in _array(reader):
                count += 1
                if isinstance(element, Element) and count <= MAX_HEAD:
                    values.append(element.value)
            if count <= MAX_HEAD:
                head[label] = values
        else:
            head[label] = reader.value()
    reader.at += 1
    return found  # the value of ``yield from`` in the caller


def _one(reader: _Reader) -> Iterator[Element | UnreadableElement]:
    """Yield a single record that stands without an array."""
    try:
        yield Element(0, reader.value())
    except ValueError as error:
        yield UnreadableElement(0, str(error), reader.skip_value())


def _array(reader: _Reader) -> Generator[Element | UnreadableElement, None, None]:
    reader.at += 1
    index = 0
    while (char := reader.peek()) != "]":
        if not char:
            raise EOFError("the list of datasets has no end: the document was cut short")
        if char == ",":
            reader.at += 1
            continue
        try:
            yield Element(index, reader.value())
        except ValueError as error:
            yield UnreadableElement(index, str(error), reader.skip_value())
        index += 1
    reader.at += 1
