"""What others may show of a government, portal or publisher: ``/feed/<kind>/<id>.xml``, ``/badge/<kind>/<id>.svg`` and
``/card/<kind>/<id>``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from catalog.db.store import instant, started
from catalog.exports.grades import grade_range
from catalog.exports.wording import grades_in_words, withheld_in_words
from catalog.site.entities import KINDS
from catalog.site.pages.entity import entity_of, names_of, nights_of
from catalog.site.pages.page import Content, Page, Visit
from specs.methodology import is_comparable

__all__ = ["PAGES"]

ENTRIES = 20
"""Entries of a feed: the last nights on which the score changed."""
_CHARACTER = 6.6
"""Width of a character of a badge, in pixels, about."""

Row = dict[str, Any]


def _of(kind: str, content: Callable[[Visit, Row], Content]) -> Callable[[Visit], Content | None]:
    def read(visit: Visit) -> Content | None:
        entity = entity_of(visit, kind, visit.name)
        return None if entity is None else content(visit, entity)

    return read


def _feed(visit: Visit, entity: Row) -> Content:
    path, nights = f"/{entity['kind']}/{entity['slug']}", nights_of(visit, entity)
    return {
        "title": entity["name"],
        "about": path,
        "entries": [_entry(visit, path, *pair) for pair in _changes(nights)[:ENTRIES]],
    }


def _changes(nights: Sequence[Row]) -> list[tuple[Row, Row | None]]:
    """Return the nights whose score is not that of the night before, the last first, each with the one before."""
    pairs = list(zip(nights, [None, *nights], strict=False))
    return [pair for pair in pairs if pair[1] is None or pair[0]["score"] != pair[1]["score"]][::-1]


def _entry(visit: Visit, path: str, night: Row, before: Row | None) -> Row:
    words, t, score = visit.words, visit.words.phrase, night["score"]
    if score is None:
        title, text = t("no_score"), withheld_in_words(words, night["withheld"])
    else:
        title = f"{words.number(score)} {t('entity.of_100')}"
        last = before["score"] if before else None
        version = (before or {}).get("methodology_version")
        is_same = is_comparable(night["methodology_version"], version)
        if last is None or not is_same:
            text = t("no_change_known")
        else:
            key = "score_up" if score > last else "score_down"
            by = abs(score - last)
            text = t(key, count=by, by=words.number(by), before=words.number(last))
        if night["ci_low"] is not None:
            text += f" {t('score_ci', low=words.number(night['ci_low']), high=words.number(night['ci_high']))}"
    return {
        "id": night["run_id"],
        "title": title,
        "updated": instant(started(night["run_id"])),
        "path": path,
        "text": text,
    }


def _shown(visit: Visit, entity: Row) -> Content:
    """Return what a badge and a card say: the grade or the range of grades, the score, and the night."""
    words, t, grades = visit.words, visit.words.phrase, grade_range(entity)
    is_single = grades is not None and grades[0] == grades[1]
    if grades is None:
        said = "?"
    elif is_single:
        said = f"{grades[0]} {words.number(entity['score'])}"
    else:
        # No score beside a range: it would be read as a grade.
        said = grades_in_words(words, grades)
    label = t("shown.label")
    return {
        "title": t("shown.title", name=entity["name"]),
        "entity": entity,
        "path": f"/{entity['kind']}/{entity['slug']}",
        "label": label,
        "said": said,
        "letter": grades[0] if grades and is_single else None,
        "widths": [round(len(text) * _CHARACTER + 16) for text in (label, said)],
        "withheld": withheld_in_words(words, entity["withheld"]),
        "is_listed": False,
    }


def _pages(kind: str) -> list[Page]:
    name = "slug" if kind == "government" else "id"
    names = names_of(kind)
    return [
        Page(
            name="feed",
            address=f"/feed/{kind}/<{name}>.xml",
            read=_of(kind, _feed),
            names=names,
            form="xml",
            is_translated=False,
        ),
        Page(
            name="badge",
            address=f"/badge/{kind}/<{name}>.svg",
            read=_of(kind, _shown),
            names=names,
            form="svg",
            is_framed=True,
            is_translated=False,
        ),
        Page(name="card", address=f"/card/{kind}/<{name}>", read=_of(kind, _shown), names=names, is_framed=True),
    ]


PAGES = tuple(page for kind in KINDS for page in _pages(kind))
