"""Texts in several languages: the portal's own is shown, and none is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from catalog import vocabulary
from catalog.vocabulary import language_code
from harvester.facts.values import is_language_map, json_text, text

__all__ = ["Texts", "MultilingualText", "by_language", "first_language", "worded", "worded_values"]

Texts = Mapping[str | None, str]
"""Language code -> text; None for a text of which no language is stated."""
UNDETERMINED = "und"
"""Code of ISO 639-2 for a text of which no language is stated, beside others."""


class MultilingualText(NamedTuple):
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
) -> MultilingualText:
    """The texts of a record; ``preferred`` are languages, the portal's own first."""
    others: dict[str, dict[str, Any]] = {}
    shown: dict[str, Any] = {}
    for field, texts in (("title", title), ("description", description), ("keywords", keywords)):
        by_code = {code: text for code, text in texts.items() if text}
        first = first_language(by_code, preferred)
        shown[field] = by_code.get(first)
        for code, said in by_code.items():
            # The text without a language is most often that of one of the languages.
            is_told = code is not None or said not in [one for other, one in by_code.items() if other]
            if code != first and said != shown[field] and is_told:
                others.setdefault(code or UNDETERMINED, {})[field] = list(said) if field == "keywords" else said
    own = shown["keywords"] or ()
    all_words = dict.fromkeys([*own, *(word for words in keywords.values() for word in words)])
    return MultilingualText(shown["title"], shown["description"], tuple(all_words), dict(sorted(others.items())))


_LABELS = ("label", "prefLabel", "name", "title", "value", "code")
_DEEPEST = 6


def by_language(value: Any, language: str | None = None, depth: int = 0) -> dict[str | None, list[str]]:
    """The texts of a JSON value by language: texts, maps of languages, values of JSON-LD, things with labels, lists."""
    found: dict[str | None, list[str]] = {}
    if depth > _DEEPEST:
        return found
    value = json_text(value)
    parts: list[tuple[Any, str | None]] = []
    if isinstance(value, list):
        parts = [(one, language) for one in value]
    elif isinstance(value, dict) and "@value" in value:
        stated = text(value.get("@language"))
        parts = [(text(value["@value"]), (language_code(stated) or stated) if stated else language)]
    elif isinstance(value, dict) and is_language_map(value):
        parts = [(one, language_code(code) or code) for code, one in value.items()]
    elif isinstance(value, dict):
        label = next((value[key] for key in _LABELS if value.get(key)), None)
        parts = [(label, language)]
    elif (said := text(value)) is not None:
        return {language: [said]}
    for one, code in parts:
        if one is not None:
            for key, texts in by_language(one, code, depth + 1).items():
                found.setdefault(key, []).extend(texts)
    return found


def worded_values(
    title: Any, description: Any, keywords: Any, preferred: Sequence[str | None] = ()
) -> MultilingualText:
    """:func:`worded` of JSON values."""

    def first_of(value: Any) -> dict[str | None, str]:
        return {code: texts[0] for code, texts in by_language(value).items()}

    return worded(first_of(title), first_of(description), by_language(keywords), preferred)
