"""Texts in several languages: the portal's own is shown, and none is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from catalog import vocabulary

__all__ = ["Texts", "Worded", "first_language", "worded"]

Texts = Mapping[str | None, str]
"""Language code -> text; None for a text of which no language is stated."""
UNDETERMINED = "und"
"""Code of ISO 639-2 for a text of which no language is stated, beside others."""


class Worded(NamedTuple):
    """What a record says in words."""

    title: str | None
    description: str | None
    keywords: tuple[str, ...]
    """Of all languages, those of the first one in front."""
    translations: dict[str, dict[str, Any]]
    """As :attr:`catalog.model.Dataset.translations`."""


def first_language(there: Iterable[str | None], preferred: Sequence[str | None]) -> str | None:
    """Which of the languages that are there comes first: the preferred ones in their order, then a text without a
    language (it is the portal's own), then English, then the first that is there."""
    codes = list(there)
    wanted = [vocabulary.language_code(one) or one for one in preferred if one]
    order: list[str | None] = [*wanted, None, "en"]
    return next((one for one in order if one in codes), codes[0] if codes else None)


def worded(
    title: Texts, description: Texts, keywords: Mapping[str | None, Sequence[str]], preferred: Sequence[str | None] = ()
) -> Worded:
    """The texts of a record; ``preferred`` are languages, the portal's own first."""
    others: dict[str, dict[str, Any]] = {}
    shown: dict[str, Any] = {}
    for field, texts in (("title", title), ("description", description), ("keywords", keywords)):
        by_code = {code: text for code, text in texts.items() if text}
        first = first_language(by_code, preferred)
        shown[field] = by_code.get(first)
        for code, text in by_code.items():
            # The text without a language is most often that of one of the languages.
            is_told = code is not None or text not in [one for other, one in by_code.items() if other]
            if code != first and text != shown[field] and is_told:
                others.setdefault(code or UNDETERMINED, {})[field] = list(text) if field == "keywords" else text
    own = shown["keywords"] or ()
    all_words = dict.fromkeys([*own, *(word for words in keywords.values() for word in words)])
    return Worded(shown["title"], shown["description"], tuple(all_words), dict(sorted(others.items())))
