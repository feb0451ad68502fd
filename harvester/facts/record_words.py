"""Read title, description and keywords of a record: at once if it has one language, else by language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from harvester.facts.candidates import Candidate
from harvester.facts.languages import MultilingualText, by_language
from harvester.facts.meaning import meant

__all__ = ["ODD", "plain_words", "texts_by_language"]

ODD = ("[", "{", " ", "\n", "\t", "\r", "")
"""First characters of a text that needs a closer look: JSON, or blanks to remove."""


def plain_words(
    found: Mapping[str, Sequence[Candidate]], texts: Callable[[str, Any], list[str]]
) -> MultilingualText | None:
    """Return title, description and keywords of a record that has them in one language only, the usual case.

    None if the record may have several languages. That is so if one of the three has more than one candidate, if its
    value is in another form than a plain text or, for keywords, a list, or if the name of its field states a language.
    ``found``: the candidates of each fact. ``texts``: function of (fact, value) that returns the texts in the value.
    """
    shown: list[str | None] = []
    for fact in ("title", "description"):
        said = found.get(fact, ())
        if len(said) > 1 or any(type(one.value) is not str or one.value[:1] in ODD or one.language for one in said):
            return None
        shown.append(said[0].value if said and meant(fact, said[0].value) else None)
    words = found.get("keywords", ())
    if len(words) > 1 or any(type(one.value) is not list or one.language for one in words):
        return None
    keywords = dict.fromkeys(texts("keywords", words[0].value)) if words else ()
    return MultilingualText(shown[0], shown[1], tuple(keywords), {})


def texts_by_language(fact: str, candidates: Iterable[Candidate]) -> dict[str | None, str]:
    """Return the text of ``fact`` in each language, by language code; the key None stands for an unstated language.

    Placeholders are left out. If several ``candidates`` have a text in one language, that of the lowest rank counts.
    """
    made: dict[str | None, str] = {}
    for one in sorted(candidates, key=lambda one: one.rank):
        value = one.value
        if type(value) is not str or value[:1] in ("{", "["):
            for code, words in by_language(value, one.language).items():
                if said := next((word for word in words if meant(fact, word)), None):
                    made.setdefault(code, said)
            continue
        if value and value.strip() and meant(fact, value):
            made.setdefault(one.language, value)
    return made
