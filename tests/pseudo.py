"""A language of the tests' own: English with every text of ours in brackets, so that English left over shows.

What is filled into a text stays outside of its brackets: "⟦the data changed after ⟧4 March 2026".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from specs.languages import Language, language, languages

TAG = "en-ZA"
"""A tag of which there is no file, and of which CLDR knows numbers and days."""
WRAPPED = re.compile(r"⟦[^⟦⟧]*⟧")
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TEXTS = (
    "columns", "values", "phrases", "sentences", "details", "metrics", "table_rules", "questions", "rationales",
    "defects", "reasons", "keys", "descriptions", "sources",
)  # fmt: skip


def bracketed(said: object) -> object:
    """Return a text with its parts between the holes in brackets, or a mapping with all its texts so."""
    if isinstance(said, Mapping):
        return {key: bracketed(one) for key, one in said.items()}
    if not isinstance(said, str):
        return said
    parts = re.split(r"(\{\w+\})", said)
    told = "".join(f"⟦{part}⟧" if part and not part.startswith("{") else part for part in parts)
    # A text that is nothing but holes is ours, too.
    return told if "⟦" in told else f"⟦⟧{told}"


@contextmanager
def pseudo_language() -> Iterator[Language]:
    """Yield the language, which :func:`specs.languages.language` finds by its tag meanwhile."""
    english = languages()["en"]
    words = {name: bracketed(getattr(english, name)) for name in _TEXTS}
    # Not model_copy, which would copy what English has cached.
    own = english.model_dump() | words | {"code": TAG, "is_draft": True, "aliases": ()}
    made = Language(**own, english=english)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(languages(), TAG, made)
        assert language(TAG) is made
        yield made


def left_over(text: str) -> list[str]:
    """Return the pieces of a text that are outside of all brackets and have a word in them."""
    return [piece for one in WRAPPED.split(text) if re.search("[A-Za-z]{2}", piece := one.strip(" ,.;:()'\"“”"))]
