"""Vocabulary of promises: laws under their many addresses, and categories of high-value datasets with their parents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from catalog.vocabulary.folding import name_key, split_list, url_key
from specs.vocabularies import read

__all__ = ["HVD_LAW", "KeyDataset", "hvd_code", "hvd_top", "key_datasets", "keys_of", "law_key", "slug"]

_ELI = re.compile(r"/eli/(reg|dir|dec)(?:_[a-z]+)?/(\d{4})/(\d+)", re.IGNORECASE)
_CELEX = re.compile(r"(?:celex(?::|%3a|=)?|/celex/)3(\d{4})([RLD])0*(\d+)", re.IGNORECASE)
_KINDS = {"reg": "R", "dir": "L", "dec": "D"}
HVD_LAW = "R/2023/138"
"""Regulation (EU) 2023/138, as :func:`law_key` names it."""


@lru_cache(maxsize=4096)
def law_key(text: str) -> str:
    """Return one key for all addresses of an EU law.

    Accepted are its ELI with http or https, at data.europa.eu or eur-lex, with or without language and format, and
    its CELEX number. Other laws are identified by their address.
    """
    if match := _ELI.search(text):
        return f"{_KINDS[match[1].lower()]}/{match[2]}/{int(match[3])}"
    if match := _CELEX.search(text):
        return f"{match[2].upper()}/{match[1]}/{int(match[3])}"
    return url_key(text.strip()) or name_key(text)


@lru_cache(maxsize=1)
def _categories() -> dict[str, str]:
    return {row["id"]: row["top"] for row in read("hvd_categories")}


@lru_cache(maxsize=1)
def _titles() -> dict[str, str]:
    return {name_key(row["title"]): row["id"] for row in read("hvd_categories")}


@lru_cache(maxsize=4096)
def hvd_code(text: str) -> str | None:
    """Return the code of a category given by address, code or English title; None if it is not one."""
    code = text.strip().rstrip("/").rpartition("/")[2]
    return code if code in _categories() else _titles().get(name_key(text))


def hvd_top(text: str) -> str | None:
    """Return the code of the top category above a category."""
    code = hvd_code(text)
    return _categories()[code] if code else None


def slug(text: str) -> str:
    """Return a name as part of an address.

    >>> slug("National Treasury"), slug("national-treasury")
    ('national-treasury', 'national-treasury')
    """
    return name_key(text).replace(" ", "-").replace(".", "-")


@dataclass(frozen=True, slots=True)
class KeyDataset:
    """A dataset that open-data indices ask every country for."""

    id: str
    title: str


def keys_of(title: str) -> frozenset[str]:
    """Return the key datasets that the words of a title name; the title is folded by ``name_key``."""
    by_word, unparted = _key_words()
    words = title.split()
    found = {
        key
        for at, word in enumerate(words)
        for phrase, key in by_word.get(word, ())
        if words[at : at + len(phrase)] == phrase
    }
    if not title.isascii():
        found |= {key for phrase, key in unparted if phrase in title}
    return frozenset(found)


@lru_cache(maxsize=1)
def _key_words() -> tuple[dict[str, list[tuple[list[str], str]]], list[tuple[str, str]]]:
    """Return phrases by their first word, and the phrases of scripts that do not separate words."""
    by_word: dict[str, list[tuple[list[str], str]]] = {}
    unparted = []
    for row in read("key_datasets"):
        for phrase in filter(None, map(name_key, split_list(row["words"]))):
            if _has_blanks(phrase):
                by_word.setdefault(phrase.split()[0], []).append((phrase.split(), row["id"]))
            else:
                unparted.append((phrase, row["id"]))
    return by_word, unparted


def _has_blanks(text: str) -> bool:
    """Return whether a text is in a script that separates words by blanks."""
    return not any("\u3040" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7af" for sign in text)


@lru_cache(maxsize=1)
def key_datasets() -> tuple[KeyDataset, ...]:
    """Return all key datasets of ``specs/vocabularies/key_datasets.csv``."""
    return tuple(KeyDataset(row["id"], row["title"]) for row in read("key_datasets"))
