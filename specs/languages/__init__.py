"""Languages as files: ``<code>.toml``, one language each, with every word of what is sent.

English takes its fix sentences from their definitions, ``metrics.toml`` and ``table_rules.toml``. Another language
has them in its own file, or beside the definition (``fix_in`` of a metric or a rule, ``label`` of a column). So a new
language is one file, and a new metric, rule or column is one table. :func:`missing` lists what a language lacks.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from specs.errors import SpecError, Strict, parse, read_toml
from specs.exports import export_files
from specs.metrics import metrics
from specs.table_rules import table_rules

__all__ = ["Language", "language", "languages", "missing"]

HERE = Path(__file__).parent
Words = dict[str, Annotated[str, StringConstraints(min_length=1)]]


class Language(Strict):
    """All words of one language that exported files, pages and mails need."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
    title: str
    """The language's own name for itself."""
    decimal: Annotated[str, StringConstraints(pattern=r"^[.,]$")]
    """Decimal sign in text for people; data files use a point."""
    day_first: bool
    """Whether 03/04/2026 is the third of April."""
    reply_headers: list[str]
    """Words that may head the column of replies in a file that comes back, besides its own label."""
    columns: Words
    """Labels of the columns of the files that are sent."""
    values: dict[str, Words]
    """Words for the values of columns with few values, by kind."""
    phrases: Words
    """Sentences of pages and mails; ``{name}`` is replaced by a value."""
    metrics: Words = Field(default_factory=dict)
    """Fix sentences of the metrics."""
    table_rules: Words = Field(default_factory=dict)
    """Fix sentences of the table rules."""

    def column(self, name: str) -> str:
        """Return the label of the exported column ``name`` in this language; the name itself if there is none."""
        return self.columns.get(name, name)

    def value(self, kind: str, value: str | None) -> str:
        """Return the word of this language for ``value``, a cell of a column with few values. ``kind`` names the group
        of words in the language file, such as "levels". A value without a word is returned as it is; None and "" give
        ""."""
        return self.values.get(kind, {}).get(value, value) if value else ""

    def phrase(self, key: str, **values: object) -> str:
        """Return the sentence ``key`` with ``values`` filled in.

        Raise KeyError if there is no such sentence, or if it needs a value that is not given.
        """
        return self.phrases[key].format(**values)

    def number(self, value: float | None, digits: int = 1) -> str:
        """Return a number as text with ``digits`` decimals and this language's decimal sign; a dash for None."""
        return "–" if value is None else f"{value:.{digits}f}".replace(".", self.decimal)

    def fix(self, rule_id: str, field: str | None, default: str | None) -> str:
        """Return the sentence in this language that tells a publisher how to fix a finding; "" if there is none.

        ``rule_id`` is the finding's metric. ``field`` is the finding's field: for findings in tables it begins with the
        id of the table rule. ``default`` is the English sentence; None if there is none.

        If this language has a sentence for the table rule, the result is that sentence. Otherwise a finding with a
        field gets ``default`` if there is one, because the sentence of the metric would be too general. Any other
        finding gets the sentence of the metric, or ``default`` without one.
        """
        rule = (field or "").split(":", 1)[0].strip()
        if rule and rule in self.table_rules:
            return self.table_rules[rule]
        # If the table rule has its own sentence, the metric's would be too general.
        return default or "" if rule and default else self.metrics.get(rule_id, default or "")


@cache
def languages() -> dict[str, Language]:
    """Return all languages by code, English first. Raise SpecError if a file is invalid."""
    found = {}
    labelled = [column for file in export_files().values() for column in file.column if column.label]
    for path in sorted(HERE.glob("*.toml"), key=lambda path: (path.stem != "en", path.stem)):
        one = parse(Language, read_toml(path), str(path))
        if one.code != path.stem:
            raise SpecError(f"{path}: code: {one.code!r} is not the file's name; rename the file to {one.code}.toml")
        if one.code == "en":
            fixes = {"metrics": {m.id: m.fix for m in metrics().values()}}
            one = one.model_copy(update=fixes | {"table_rules": {r.id: r.fix for r in table_rules().values()}})
        else:
            of_metrics = {m.id: m.fix_in[one.code] for m in metrics().values() if one.code in m.fix_in}
            of_rules = {r.id: r.fix_in[one.code] for r in table_rules().values() if one.code in r.fix_in}
            joined = {
                "metrics": _joined(path, "metrics", one.metrics, of_metrics),
                "table_rules": _joined(path, "table_rules", one.table_rules, of_rules),
            }
            one = one.model_copy(update=joined)
        labels = {c.name: c.label[one.code] for c in labelled if one.code in c.label}
        found[one.code] = one.model_copy(update={"columns": _joined(path, "columns", one.columns, labels)})
    said = {f"metric {m.id}: fix_in": m.fix_in for m in metrics().values()}
    said |= {f"table rule {r.id}: fix_in": r.fix_in for r in table_rules().values()}
    for where, words in (said | {f"column {c.name}: label": c.label for c in labelled}).items():
        if unknown := sorted(set(words) - set(found)):
            raise SpecError(f"{where}.{unknown[0]}: no file in {HERE} is of this language; take one of {list(found)}")
    return found


def _joined(path: Path, table: str, own: Words, beside: Words) -> Words:
    """Return the words of a language file and those beside definitions; refuse a word given in both places."""
    if twice := sorted(set(own) & set(beside)):
        raise SpecError(f"{path}: {table}.{twice[0]}: also said where it is defined; remove one")
    return own | beside


def language(code: str | None) -> Language:
    """Return the language with ``code``; None means English. Raise SpecError if there is no file for it."""
    known = languages()
    if (code or "en") not in known:
        raise SpecError(
            f"language: {code!r} has no file; take one of {', '.join(known)}, or add {HERE / f'{code}.toml'}"
        )
    return known[code or "en"]


def missing(one: Language) -> list[str]:
    """Return the keys, such as "phrases.score", by which the language ``one`` and English differ, sorted.

    These are the keys that only one of the two has; the result is empty if the language is complete.
    """
    english = languages()["en"]
    pairs = [
        (name, getattr(english, name), getattr(one, name)) for name in ("columns", "phrases", "metrics", "table_rules")
    ]
    pairs += [(f"values.{kind}", words, one.values.get(kind, {})) for kind, words in english.values.items()]
    return sorted(f"{name}.{key}" for name, wanted, there in pairs for key in set(wanted) ^ set(there))
