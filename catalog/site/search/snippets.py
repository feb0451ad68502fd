"""Show where the words of a question stand in a text, as the portal wrote it."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.site.search.find import Word
from catalog.site.search.words import fold, is_unspaced, normal, spans, stem_tokens

__all__ = ["Pieces", "marked", "snippet"]

Pieces = list[tuple[str, bool]]
"""A text in pieces, each with whether it is one of the words that were asked for."""
_AROUND = 90
"""Characters shown before the first word that was found."""


def marked(text: str, asked: Sequence[Word]) -> Pieces:
    """Return a text in pieces, so that the words in it that were asked for can be marked."""
    pieces: Pieces = []
    end = 0
    for begin, stop in _places(text, asked):
        if begin > end:
            pieces.append((text[end:begin], False))
        pieces.append((text[begin:stop], True))
        end = stop
    return [*pieces, (text[end:], False)] if text[end:] else pieces


def snippet(text: str, asked: Sequence[Word], length: int = 240) -> Pieces:
    """Return about ``length`` characters of a text around the first word that was asked for, in the form of
    :func:`marked`; the beginning of a text that has none of the words. What is left out is shown by "…"."""
    text = " ".join(text.split())
    places = _places(text, asked)
    begin = max(0, places[0][0] - min(_AROUND, length // 3)) if places else 0
    if begin:
        begin = text.find(" ", begin, places[0][0]) + 1 or begin
    cut = text[begin : begin + length]
    shown = f"{'…' if begin else ''}{cut}{'…' if begin + length < len(text) else ''}"
    return marked(shown, asked)


def _places(text: str, asked: Sequence[Word]) -> list[tuple[int, int]]:
    """Return begin and end of each place in a text where a word that was asked for stands, in order."""
    if not asked:
        return []
    runs = [word.text for word in asked if is_unspaced(word.text)]
    plain = {fold(word.text) for word in asked if not is_unspaced(word.text)}
    stems = frozenset().union(*(word.stems for word in asked))
    codes = {stem.partition("·")[0] for stem in stems}
    # A stem begins like its words, and most words need no stemming to see that they are others.
    begins = {stem.partition("·")[2][:2] for stem in stems}
    found: list[tuple[int, int]] = []
    for begin, end in spans(text):
        word = normal(text[begin:end])
        if is_unspaced(word):
            found += sorted((begin + at, begin + at + len(run)) for run in runs if (at := word.find(run)) >= 0)
            continue
        folded = fold(word)
        if any(folded == one or (len(one) >= 3 and folded.startswith(one)) for one in plain) or (
            folded[:2] in begins and not stems.isdisjoint(stem_tokens(word, codes))
        ):
            found.append((begin, end))
    return _apart(found)


def _apart(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the places that do not overlap an earlier one."""
    kept: list[tuple[int, int]] = []
    for begin, end in sorted(places):
        if not kept or begin >= kept[-1][1]:
            kept.append((begin, end))
    return kept
