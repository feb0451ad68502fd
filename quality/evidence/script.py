"""Recognise the script of a text, if it is other than Latin."""

from __future__ import annotations

import re

from quality.tables.read.sniff import decode_head

__all__ = ["script_of"]

_LETTERS = {
    "Cyrillic": "\u0400-\u04ff",
    "Greek": "\u0370-\u03ff",
    "Arabic": "\u0600-\u06ff",
    "Hebrew": "\u0590-\u05ff",
    "Han": "\u3040-\u30ff\u4e00-\u9fff",
    "Hangul": "\uac00-\ud7af",
    "Thai": "\u0e00-\u0e7f",
    "Devanagari": "\u0900-\u097f",
}
_COUNTED = {name: re.compile(f"[{letters}]") for name, letters in _LETTERS.items()}
_WORD = re.compile(r"[^\W\d_]")
ENOUGH = 200
"""Least number of letters that prove anything."""
SHARE = 0.9


def script_of(head: bytes) -> str | None:
    """Return the script in which a file is written ("Cyrillic", "Han", ...), if it is not Latin; else None.

    ``head`` are the first bytes of the file. At least 90 % of their letters must be of that script, and there must be
    at least 200 letters. None also for binary files, and for texts in older encodings than Unicode, in which other
    letters cannot be distinguished from accented Latin ones.
    """
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < len(head) - 4 and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return None
    text = decode_head(head)
    if text is None or text.isascii():
        return None
    letters = len(_WORD.findall(text))
    if letters < ENOUGH:
        return None
    return next((name for name, one in _COUNTED.items() if len(one.findall(text)) >= SHARE * letters), None)
