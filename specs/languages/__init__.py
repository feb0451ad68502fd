"""Languages as files: ``<tag>.toml``, one language each (BCP 47), with every word of what is sent; and
``site/<page>.toml`` with the phrases of the public site, all languages side by side.

English takes its fix sentences, questions, reasons and descriptions of columns from their definitions:
``metrics.toml``, ``table_rules.toml``, the files of expectations and of exports, and ``key_datasets.csv``. Another
language has them in its own file, or a fix beside the definition (``fix_in`` of a metric or a rule, ``label`` of a
column). So a new language is one file. :func:`missing` lists what a language lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from specs.errors import SpecError, parse, read_toml
from specs.expectations import Expectation
from specs.expectations import by_rule as expectations
from specs.exports import SCHEMAS, export_files
from specs.languages.language import Language, Words
from specs.languages.site_phrases import site_phrases
from specs.metrics import metrics
from specs.table_rules import TableRule, table_rules
from specs.vocabularies import read

__all__ = [
    "Language", "has_language", "language", "language_or_english", "languages", "missing", "site_languages", "tag_of",
]  # fmt: skip

HERE = Path(__file__).parent
_BY_DEFINITION = (
    "metrics", "table_rules", "questions", "rationales", "defects", "reasons", "keys", "descriptions",
)  # fmt: skip
"""Words that English takes from where the thing is defined."""


@cache
def languages() -> dict[str, Language]:
    """Return all languages by tag, English first, each with the words that stand beside definitions.

    Raise SpecError if a file is invalid or does not have the tag as its name, if a word stands both in the file and
    beside its definition, or if a definition has words of a language without a file.
    """
    found: dict[str, Language] = {}
    of_site = site_phrases()
    labelled = [column for file in export_files().values() for column in file.column if column.label]
    for path in sorted(HERE.glob("*.toml"), key=lambda path: (path.stem != "en", path.stem)):
        one = parse(Language, read_toml(path), str(path))
        if one.code != path.stem:
            raise SpecError(f"{path}: code: {one.code!r} is not the file's name; rename the file to {one.code}.toml")
        if one.code == "en":
            one = one.model_copy(update=_defined())
        else:
            of_metrics = _beside(one, {m.id: m.fix_in for m in metrics().values()})
            of_rules = _beside(one, {r.id: r.fix_in for r in table_rules().values()})
            joined = {
                "metrics": _joined(path, "metrics", one.metrics, of_metrics),
                "table_rules": _joined(path, "table_rules", one.table_rules, of_rules),
            }
            one = one.model_copy(update=joined)
        labels = _beside(one, {c.name: c.label for c in labelled})
        told = {
            "columns": _joined(path, "columns", one.columns, labels),
            "phrases": one.phrases | of_site.pop(one.code, {}),
        }
        found[one.code] = one.model_copy(update=told)
    if of_site:
        raise SpecError(
            f"{HERE / 'site'}: {min(of_site)}: no file in {HERE} is of this language; take one of {list(found)}"
        )
    said = {f"metric {m.id}: fix_in": m.fix_in for m in metrics().values()}
    said |= {f"table rule {r.id}: fix_in": r.fix_in for r in table_rules().values()}
    for where, words in (said | {f"column {c.name}: label": c.label for c in labelled}).items():
        if unknown := sorted(set(words) - {tag for code in found for tag in (code, code.partition("-")[0])}):
            raise SpecError(f"{where}.{unknown[0]}: no file in {HERE} is of this language; take one of {list(found)}")
    return {tag: one.model_copy(update={"english": found["en"]}) if tag != "en" else one for tag, one in found.items()}


def _defined() -> dict[str, Words]:
    """Return the English words that stand where a metric, a table rule, a column or a key dataset is defined."""
    asked = [one for one in metrics().values() if one.weight or one.reported]
    # A rule of an expectation may be one of the file of rules, too; its findings have the words of that file.
    rules: dict[str, Expectation | TableRule] = {**expectations(), **table_rules()}
    return {
        "metrics": {one.id: one.fix for one in metrics().values()},
        "table_rules": {name: one.fix for name, one in rules.items()},
        "questions": {one.id: one.question for one in metrics().values()},
        "rationales": {one.id: one.rationale for one in asked},
        "defects": {name: one.message for name, one in rules.items()},
        "reasons": {name: one.why for name, one in rules.items() if one.why},
        "keys": {row["id"]: row["title"] for row in read("key_datasets")},
        "descriptions": _descriptions(),
        "sources": {one.id: one.source for one in asked},
    }


def _descriptions() -> Words:
    """Return what the columns of the files with a workbook contain, by column; by "file.column" where files differ."""
    found: dict[str, dict[str, str]] = {}
    for schema in SCHEMAS:
        for file in export_files(schema).values():
            if file.has_book:
                for column in file.column:
                    found.setdefault(column.name, {})[file.name] = column.description
    return {
        name if len(set(by_file.values())) == 1 else f"{file}.{name}": text
        for name, by_file in found.items()
        for file, text in by_file.items()
    }


def _beside(one: Language, words: Mapping[str, Words]) -> Words:
    """Return the words of a language that stand beside definitions, by id. ``words``: those of all languages, by id and
    tag; what is said in "pt" is said in every Portuguese that has no words of its own there."""
    tags = (one.code, one.code.partition("-")[0])
    return {key: said[tag] for key, said in words.items() for tag in tags[::-1] if tag in said}


def _joined(path: Path, table: str, own: Words, beside: Words) -> Words:
    """Return the words of a language file and those beside definitions; refuse a word given in both places."""
    if twice := sorted(set(own) & set(beside)):
        raise SpecError(f"{path}: {table}.{twice[0]}: also said where it is defined; remove one")
    return own | beside


def language(code: str | None) -> Language:
    """Return the language with the tag ``code``; None means English. Raise SpecError if there is no file for it.

    Case does not matter. An alias such as "pt" stands for its language. A tag with a region or script that has no file
    leads to the language without it, as in RFC 4647, section 3.4: "fr-CA" to "fr".
    """
    known = languages()
    tags = {tag.lower(): one for one in known.values() for tag in (one.code, *one.aliases)}
    wanted = (code or "en").replace("_", "-").lower()
    while wanted:
        if wanted in tags:
            return tags[wanted]
        wanted = wanted.rpartition("-")[0]
    raise SpecError(f"language: {code!r} has no file; take one of {', '.join(known)}, or add {HERE / f'{code}.toml'}")


def tag_of(code: str | None) -> str | None:
    """Return the tag of the language that :func:`language` finds for ``code``, such as "pt-PT" for "pt"; None for None.

    File names and page attributes have this tag. Raise SpecError if there is no file for ``code``.
    """
    return None if code is None else language(code).code


def has_language(code: str) -> bool:
    """Return whether :func:`language` finds a language for the tag ``code``: a file, an alias, or one without the
    region."""
    try:
        language(code)
    except SpecError:
        return False
    return True


def language_or_english(code: str | None) -> Language:
    """Return the language with the tag ``code``, or English if there is no file for it, or if ``code`` is None.

    It is for what portal files declare, which may be any language: files for others must not wait for a translation.
    """
    return language(code if code and has_language(code) else None)


def missing(one: Language) -> list[str]:
    """Return the keys, such as "phrases.score", by which the language ``one`` and English differ, sorted.

    These are the keys that only one of the two has; the result is empty if the language is complete. Phrases of the
    public site are not among them: it is shown in the languages that have all of them, see :func:`site_languages`.
    """
    english = languages()["en"]
    names = ("columns", "phrases", "sentences", "details", *_BY_DEFINITION)
    pairs = [(name, getattr(english, name), getattr(one, name)) for name in names]
    pairs += [(f"values.{kind}", words, one.values.get(kind, {})) for kind, words in english.values.items()]
    return sorted(
        f"{name}.{key}"
        for name, wanted, there in pairs
        for key in set(wanted) ^ set(there)
        if name != "phrases" or "." not in key
    )


@cache
def site_languages() -> tuple[str, ...]:
    """Return the tags of the languages in which the public site is shown, English first: those that have all of its
    phrases (``site/<page>.toml``)."""
    english = {key for key in languages()["en"].phrases if "." in key}
    return tuple(tag for tag, one in languages().items() if english <= one.phrases.keys())
