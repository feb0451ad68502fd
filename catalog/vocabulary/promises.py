"""Vocabulary of promises: laws under their many addresses, and categories of high-value datasets with their parents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from catalog.vocabulary.folding import name_key, url_key
from specs.vocabularies import read

__all__ = ["HVD_LAW", "KeyDataset", "hvd_code", "hvd_top", "key_datasets", "law_key", "slug"]

_ELI = re.compile(r"/eli/(reg|dir|dec)(?:_[a-z]+)?/(\d{4})/(\d+)", re.IGNORECASE)
_CELEX = re.compile(r"(?:celex(?::|%3a|=)?|/celex/)3(\d{4})([RLD])0*(\d+)", re.IGNORECASE)
_KINDS = {"reg": "R", "dir": "L", "dec": "D"}
HVD_LAW = "R/2023/138"
"""Regulation (EU) 2023/138, as :func:`law_key` names it."""


@lru_cache(maxsize=4096)
def law_key(text: str) -> str:
    """Return a key that is the same for all ways to name one EU law, such as "R/2023/138" for a regulation.

    An EU law is recognised by its ELI address, at any host and in any language, or by its CELEX number. For any other
    text the key is the address or, if it is none, the name, in a form for comparison.
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
    """Return the code of a category of high-value datasets; None if the text means no category.

    ``text``: the category's address, code or English title.
    """
    code = text.strip().rstrip("/").rpartition("/")[2]
    return code if code in _categories() else _titles().get(name_key(text))


def hvd_top(text: str) -> str | None:
    """Return the code of the top-level category that a category of high-value datasets belongs to; None if it is no
    category.

    ``text``: the category's address, code or English title.
    """
    code = hvd_code(text)
    return _categories()[code] if code else None


def slug(text: str) -> str:
    """Return a name in a form for addresses: lower case, without accents, words joined by hyphens.

    >>> slug("National Treasury"), slug("national-treasury")
    ('national-treasury', 'national-treasury')
    """
    return name_key(text).replace(" ", "-").replace(".", "-")


@dataclass(frozen=True, slots=True)
class KeyDataset:
    """A kind of dataset, such as the budget or election results, that open-data indices look for in every country."""

    id: str
    title: str


@lru_cache(maxsize=1)
def key_datasets() -> tuple[KeyDataset, ...]:
    """Return the kinds of datasets that open-data indices look for in every country, in the order of
    ``key_datasets.csv``."""
    return tuple(KeyDataset(row["id"], row["title"]) for row in read("key_datasets"))
