"""Read texts in several languages: the portal's language is shown, and all translations are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from catalog import vocabulary
from catalog.vocabulary import language_code
from harvester.facts.values import is_language_map, json_text, text

__all__ = ["Texts", "MultilingualText", "by_language", "first_language", "worded", "worded_values"]

Texts = Mapping[str | None, str]
"""Language code -> text; the key None holds a text whose language is not stated."""
UNDETERMINED = "und"
"""ISO 639-2 code for a text without a stated language, used when texts in other languages stand beside it."""


class MultilingualText(NamedTuple):
    """The title, description and keywords of a record in the language to show, and their translations."""

    title: str | None
    description: str | None
    keywords: tuple[str, ...]
    """Keywords of all languages; those of the shown language come first."""
    translations: dict[str, dict[str, Any]]
    """Translations in the form of :attr:`catalog.model.Dataset.translations`."""


def first_language(there: Iterable[str | None], preferred: Sequence[str | None]) -> str | None:
    """Return the language code of the text to show, if a text exists in the languages ``there``.

    A code of None stands for a text that states no language. The first of these that is in ``there`` is returned: the
    codes in ``preferred``, None, "en", and then whichever comes first in ``there``. The result is also None if
    ``there`` is empty.
    """
    codes = list(there)
    wanted = [vocabulary.language_code(one) or one for one in preferred if one]
    order: list[str | None] = [*wanted, None, "en"]
    return next((one for one in order if one in codes), codes[0] if codes else None)


def worded(
    title: Texts, description: Texts, keywords: Mapping[str | None, Sequence[str]], preferred: Sequence[str | None] = ()
) -> MultilingualText:
    """Return title, description and keywords in the language to show, with the other languages as translations.

    ``title`` and ``description`` map a language code to a text, ``keywords`` a language code to a list; the code None
    stands for texts that state no language. ``preferred`` are language codes, that of the portal first. The language to
    show is chosen by :func:`first_language`, for each of the three alone. A text equal to the one shown is no
    translation, nor is a text without a language that repeats the text of a language.
    """
    others: dict[str, dict[str, Any]] = {}
    shown: dict[str, Any] = {}
    for field, texts in (("title", title), ("description", description), ("keywords", keywords)):
        by_code = {code: text for code, text in texts.items() if text}
        first = first_language(by_code, preferred)
        shown[field] = by_code.get(first)
        for code, said in by_code.items():
            # A text without a language usually repeats the text of one of the languages.
            is_told = code is not None or said not in [one for other, one in by_code.items() if other]
            if code != first and said != shown[field] and is_told:
                others.setdefault(code or UNDETERMINED, {})[field] = list(said) if field == "keywords" else said
    own = shown["keywords"] or ()
    all_words = dict.fromkeys([*own, *(word for words in keywords.values() for word in words)])
    return MultilingualText(shown["title"], shown["description"], tuple(all_words), dict(sorted(others.items())))


_LABELS = ("label", "prefLabel", "name", "title", "value", "code")
_DEEPEST = 6


def by_language(value: Any, language: str | None = None, depth: int = 0) -> dict[str | None, list[str]]:
    """Return all texts in a JSON value as a mapping from language code to a list of texts.

    ``value`` may be a text, a language map such as {"de": "Wasser"}, a JSON-LD value, an object with a label, or a list
    of these. ``language`` is the code for texts that state no language, or None. ``depth`` is how deeply ``value`` is
    nested; values nested too deeply give nothing.
    """
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
    """Return title, description and keywords in the language to show, with the other languages as translations.

    ``title``, ``description`` and ``keywords`` are JSON values as they stand in the record; :func:`by_language` says
    which forms are read. ``preferred`` are language codes, that of the portal first. See :func:`worded` for the choice
    of the language.
    """

    def first_of(value: Any) -> dict[str | None, str]:
        """Return the first text of each language."""
        return {code: texts[0] for code, texts in by_language(value).items()}

    return worded(first_of(title), first_of(description), by_language(keywords), preferred)
