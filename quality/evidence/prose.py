"""Recognise datasets that are texts rather than tables: nobody expects a spreadsheet of a law."""

from __future__ import annotations

import re
from functools import lru_cache

from catalog.vocabulary import FileFormat
from specs.vocabularies import read

__all__ = ["is_law", "is_text"]


@lru_cache(maxsize=1)
def _law() -> re.Pattern[str]:
    words = {word.strip() for row in read("law_words") for word in row["words"].split("|")}
    # Scripts without spaces between words have no word boundaries to search for.
    spaced = sorted((re.escape(word) for word in words if word[0] < "\u2e80"), key=len, reverse=True)
    joined = sorted((re.escape(word) for word in words if word[0] >= "\u2e80"), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(spaced)})\b|{'|'.join(joined)}", re.IGNORECASE)


@lru_cache(maxsize=4096)
def is_law(title: str | None) -> bool:
    """Return whether a title names a law, ordinance, judgment or gazette, by the words in ``law_words.csv``."""
    return bool(title) and _law().search(str(title)[:500]) is not None


def is_text(fmt: FileFormat) -> bool:
    """Return whether a file format is one for written documents, such as PDF or plain text, and not for tables."""
    return fmt.kind in ("document", "text")
