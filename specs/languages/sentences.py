"""Recognise the English sentences that the catalogue stores, to say them in another language.

What was observed is stored in English, once. Each form of such a sentence is a template of the language files
(``[sentences]``), with ``{name}`` for what differs: a value, a format, a day. A sentence is recognised by its English
template, and filled into the template of the other language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Sentences"]

_HOLE = re.compile(r"\{(\w+)\}")
_FORMS = {
    "days": r"[\d.e+]+",
    "number": r"[\d,]+",
    "all": r"[\d,]+",
    "keys": r"[^.:]+\.?",
    "share": r"\d+%",
    "share_before": r"\d+%",
    "since": r"\d{4}-\d\d-\d\d",
    "verdicts": r"[\w -]+",
    "who": r"(?:(?!\. ).)+?",
}
"""What may stand in a hole of this name; any text in the others. It keeps a hole from swallowing the next sentence."""

SENTENCES, LONGEST = 10, 2000
"""Sentences and characters of a text that is still recognised: ours have fewer, a publisher's may have thousands."""


@dataclass(frozen=True)
class Sentences:
    """The sentences of one language. ``english`` and ``own``: templates by the same keys, English and in the language.

    ``words`` gives the words of the language for what stands in place of ``{name}`` in a template; it is called with
    that name and the English text.
    """

    english: Mapping[str, str]
    own: Mapping[str, str]
    words: Callable[[str, str], str]

    def __post_init__(self) -> None:
        # The template with most words of its own is tried first: "declared X" fits "declared X, served Y", too.
        ranked = sorted(self.english, key=lambda key: -len(_HOLE.sub("", self.english[key])))
        object.__setattr__(self, "_forms", [(key, _pattern(self.english[key])) for key in ranked if key in self.own])

    def said(self, text: str) -> str | None:
        """Return the English ``text`` in the language; None if no template fits it.

        A text of several sentences is taken apart: all of them must be recognised. A text of more than ten sentences or
        2,000 characters is a publisher's: it is not recognised.
        """
        if len(text) > LONGEST:
            return None
        if (whole := self._one(text)) is not None:
            return whole
        ends = [end.end() for end in re.finditer(r"[.?] (?=\S)", text)]
        if not ends or len(ends) >= SENTENCES:
            return None
        # What the text says from each of these places on, the last first: so each piece is looked at once.
        told: dict[int, str | None] = {len(text) + 1: ""}
        places = [0, *ends, len(text) + 1]
        for number in range(len(places) - 2, -1, -1):
            begin = places[number]
            told[begin] = None
            for end in places[number + 1 :]:
                rest = told[end]
                if rest is not None and (first := self._one(text[begin : end - 1])) is not None:
                    told[begin] = f"{first} {rest}" if rest else first
                    break
        return told[0]

    def _one(self, text: str) -> str | None:
        """Return a text that one template fits in the language; None if none does."""
        forms: list[tuple[str, re.Pattern[str]]] = self.__dict__["_forms"]
        for key, pattern in forms:
            if found := pattern.fullmatch(text):
                holes = {name: self.words(name, value) for name, value in found.groupdict().items()}
                return _filled(self.own[key], holes)
        return None


def _filled(template: str, holes: Mapping[str, str]) -> str:
    # Not str.format: what stands in a hole may have braces of its own.
    return _HOLE.sub(lambda hole: holes[hole[1]], template)


def _pattern(template: str) -> re.Pattern[str]:
    parts = _HOLE.split(template)
    told = [
        re.escape(part) if number % 2 == 0 else f"(?P<{part}>{_FORMS.get(part, '.+?')})"
        for number, part in enumerate(parts)
    ]
    return re.compile("".join(told), re.DOTALL)
