"""Recognise texts that mean "nothing is known": what people and programs write into a mandatory field.

They are not facts. The words are in ``no_values.csv``; those of its row "program" are written by programs only.
"""

from __future__ import annotations

import re
from functools import lru_cache

from catalog.vocabulary.folding import split_list
from specs.vocabularies import read

__all__ = ["is_no_value", "is_template"]

_LONGEST = 40
"""Characters; a longer text is none of the words."""
_TEMPLATE = re.compile(
    r"\s*(?:mailto:|https?://|ftp://)?(?:[^\s{}<>]*(?:\{\{[^{}]*\}\}|\$\{[^{}]*\}|\{%[^{}]*%\})[^\s{}<>]*"
    r"|<%[^%]*%>|%\(\w+\)s|\{[a-z_.]{1,40}\})\s*",
    re.IGNORECASE,
)
"""Only a template that nobody filled in, or an address that contains one."""
_MARKUP = re.compile(r"<[^<>]*>|&nbsp;|&#160;")
_SIGNS = re.compile(r"[\W_]+")
_EDGES = " \t\r\n.!?:;,()[]<>{}*\"'`-–—_"


@lru_cache(maxsize=1)
def _words() -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that programs write, and the words that anybody writes."""
    programs, all_words = set[str](), set[str]()
    for row in read("no_values"):
        words = {key for word in split_list(row["texts"]) for key in (word.casefold(), _plain(word)) if key}
        all_words |= words
        if row["language"] == "program":
            programs |= words
    return frozenset(programs), frozenset(all_words)


def _plain(text: str) -> str:
    return " ".join(text.casefold().strip(_EDGES).split())


def is_template(text: str) -> bool:
    """Return whether a text is a placeholder of a template, or an address that contains one, which nobody filled in.

    >>> is_template("{{ maintainer.name }}"), is_template("Ann Lee")
    (True, False)
    """
    return ("{" in text or "%" in text) and len(text) < 2_000 and _TEMPLATE.fullmatch(text) is not None


@lru_cache(maxsize=16384)
def _is_word(text: str, by_program: bool) -> bool:
    words = _words()[0 if by_program else 1]
    return text.casefold().strip() in words or _plain(text) in words or _SIGNS.fullmatch(text) is not None


def is_no_value(text: str, *, by_program: bool = False) -> bool:
    """Return whether a declared text means that there is no value.

    It does if it is blank or one of these: punctuation alone ("--", "?"), a template that nobody filled in, markup
    without text ("<br />"), the label of a blank node ("_:b0"), or an instruction of an editor ("-- A short summary
    --"). A text of up to 40 characters also does if it is a word such as "none" in many languages. ``by_program``: of
    the words, count only those that programs write, such as "null"; the other kinds count as before. This is for fields
    such as keywords, in which a person may mean the other words seriously.

    >>> is_no_value("n/a"), is_no_value("--"), is_no_value("Budget 2026")
    (True, True, False)
    """
    if text.startswith("_:") and " " not in text:
        # The label of a blank node, which is meaningful only within its document.
        return True
    if text.startswith("-- ") and text.endswith(" --") and len(text) < 2_000:
        # An instruction of an editor's template: "-- A short summary of the resource --".
        return True
    if "<" in text and len(text) < 2_000 and not _MARKUP.sub("", text).strip(_EDGES + "\xa0"):
        # "<br />": how an editor represents an empty text.
        return True
    if len(text) > _LONGEST:
        return _SIGNS.fullmatch(text) is not None or is_template(text)
    return not text.strip() or _is_word(text, by_program) or is_template(text)
