"""Put the rows of the files that are sent into the words of a language, for the copies that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalog.exports.cause_rows import fix_in_words, shared_in_words
from specs.exports import ExportColumn
from specs.languages import Language

__all__ = ["changes_in_words", "header", "peers_in_words", "translator", "withheld_in_words"]

Row = Mapping[str, Any]


def header(language: Language, fields: Sequence[ExportColumn]) -> list[str]:
    """Return the titles of the columns ``fields`` in a language, in the same order."""
    return [language.column(field.name) for field in fields]


def translator(language: Language) -> Callable[[ExportColumn, Row], Any]:
    """Return a function of (column, row) that gives the value of that column for a reader of ``language``.

    What is ours is given in the language: states and other values of a fixed list, questions, fixes, and what was
    observed. Texts written by publishers, addresses, ids and names of formats stay unchanged, and numbers and days are
    those of the plain CSV.
    """
    told: dict[str, Callable[[Row, Any], str]] = {
        "evidence": lambda row, value: _evidence(language, value),
        "fix": lambda row, value: _fix(language, row, value),
        "flags": lambda row, value: "; ".join(language.value("flag", one) for one in str(value).split(";")),
        "key": lambda row, value: language.keys.get(row["key"], value),
        "peers": lambda row, value: peers_in_words(language, value),
        "question": lambda row, value: language.question(row["rule_id"], value),
        "rationale": lambda row, value: language.rationales.get(row["rule_id"], value),
        "sentence": lambda row, value: _sentence(language, row, value),
        "source": lambda row, value: language.sources.get(row["rule_id"], value),
        "withheld": lambda row, value: withheld_in_words(language, value),
    }

    def cell(field: ExportColumn, row: Row) -> Any:
        value = row.get(field.name)
        if value is None:
            return None
        if field.told is not None:
            return told[field.told](row, value)
        return language.value(field.words, value) if field.words else value

    return cell


def _sentence(words: Language, row: Row, english: str) -> str:
    """Return what was observed, or what the findings of a cause have in common, in the words of a language."""
    if "root_name" in row:
        return shared_in_words(words, row)
    # Only what was observed is about the rule of a table, not what was expected.
    return words.said(english, row.get("field") if english == row.get("observed") else None)


def _evidence(words: Language, evidence: str) -> str:
    """Return the evidence for a key dataset, such as "columns: pm10 (+1); theme: ENVI (+0.5)", in the words of a
    language. What was found stays as it is."""
    parts = (one.partition(": ") for one in evidence.split("; "))
    return "; ".join(f"{words.value('evidence', kind)}{colon}{found}" for kind, colon, found in parts)


def _fix(words: Language, row: Row, english: str) -> str:
    """Return what to do about a finding, a cause or a rule in the words of a language."""
    if "root_name" not in row:
        return words.fix(row["rule_id"], row.get("field"), english)
    is_unseen = row["level"] == "host" and row["state"] == "unknown"
    return words.phrase("cause_unseen", name=row["root_name"]) if is_unseen else fix_in_words(words, row)


def changes_in_words(words: Language, counts: Mapping[str, Any]) -> dict[str, str]:
    """Return what changed in a run as clauses in the words of a language, such as "3 findings are new".

    ``counts``: numbers of findings that are ``new``, ``fixed`` or ``open``, and of datasets that were ``added`` or
    ``removed``. The result has the same names; other names are left out.
    """
    names = ("new", "fixed", "open", "added", "removed")
    return {name: words.phrase(f"changes_{name}", count=counts[name] or 0) for name in names if name in counts}


def peers_in_words(words: Language, group: str | None) -> str:
    """Return the name of a peer group in the words of a language, such as "portals of CHE"; "" for None.

    ``group``: level, kind and value of the group, such as "portal/country/CHE".
    """
    if not group:
        return ""
    level, kind, value = group.split("/", 2)
    return words.phrase(f"peers_{kind.replace('-', '_')}", level=words.value("levels", level), value=value)


def grades_in_words(words: Language, grades: tuple[str, str]) -> str:
    """Return the best and the worst grade that a score allows in words of a language: "B", or "A to D".

    ``grades``: as :func:`catalog.exports.grades.grade_range` returns them.
    """
    best, worst = grades
    return best if best == worst else words.phrase("charts.grade_range", best=best, worst=worst)


def withheld_in_words(words: Language, reason: str | None) -> str:
    """Return why a government, portal or publisher has no score, in words of a language; "" for None.

    ``reason``: text of the column ``withheld`` of ``score_history``. If it begins with "fewer", the result says that
    there are too few datasets; else that too little was measured.
    """
    if not reason:
        return ""
    return words.phrase("withheld_few" if reason.startswith("fewer") else "withheld_unmeasured")
