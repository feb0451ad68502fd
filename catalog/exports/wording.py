"""Rows of the files that are sent, in the words of a language: for the twins that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from catalog.exports.columns import Field
from specs.languages import Language

__all__ = ["KIND_OF", "header", "translator"]

KIND_OF = {
    "entity_level": "level",
    "state": "state",
    "severity": "severity",
    "dimension": "dimension",
    "fault_party": "party",
    "answer": "response",
    "answer_outcome": "outcome",
    "is_overdue": "yes",
    "harvest_verdict": "verdict",
    "timing_status": "timing",
    "suggested_completion": "completion",
    "irm_completion": "completion",
    "direction": "direction",
}
"""Columns whose values have words, and the kind in the language file."""


def header(language: Language, fields: tuple[Field, ...]) -> list[str]:
    """The labels of the columns."""
    return [language.column(field.name) for field in fields]


def translator(language: Language) -> Callable[[Field, Mapping[str, Any]], Any]:
    """A function that gives a cell in a language. Texts of publishers stand as they are, numbers with a point."""

    def cell(field: Field, row: Mapping[str, Any]) -> Any:
        value = row.get(field.name)
        if field.name == "how_to_fix":
            return language.fix(row["rule_id"], row.get("field"), value)
        kind = KIND_OF.get(field.name)
        return language.value(kind, value) if kind and value is not None else value

    return cell
