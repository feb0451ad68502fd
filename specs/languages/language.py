"""One language: its words, its sentences, and how it writes numbers and days (Unicode CLDR)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from specs.errors import Strict
from specs.languages.sentences import Sentences

if TYPE_CHECKING:
    from babel import Locale

__all__ = ["Language", "Words"]

Words = dict[str, Annotated[str, StringConstraints(min_length=1)]]
Forms = dict[
    Annotated[str, StringConstraints(pattern="^(zero|one|two|few|many|other)$")],
    Annotated[str, StringConstraints(min_length=1)],
]
"""A sentence by the plural categories of CLDR (https://www.unicode.org/cldr/charts/latest/supplemental/), such as one
and other."""


class Language(Strict):
    """All words of one language that exported files, pages and mails need.

    A page asks :meth:`phrase` for each of its texts, also for those with a count; :meth:`number`, :meth:`percent` and
    :meth:`day` for what it fills in; :meth:`value` for a cell of a column with few values; :meth:`said`,
    :meth:`question` and :meth:`fix` for the texts of findings.
    """

    code: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
    """BCP 47 tag: language, and region where it matters."""
    aliases: tuple[str, ...] = ()
    """Other codes that stand for it in portal files and commands."""
    title: str
    """The language's own name for itself."""
    is_draft: bool
    """Whether a machine drafted the texts and no native speaker has read them; pages, workbooks and mails say so."""
    day_first: bool
    """Whether 03/04/2026 is the third of April."""
    first_of_month: str = "1"
    """How the first day of a month is written in a date in words, such as "1er"; the others are plain numbers."""
    reply_headers: list[str]
    """Words that may head the column of replies in a file that comes back, besides its own label."""
    columns: Words
    """Labels of the columns of the files that are sent."""
    values: dict[str, Words]
    """Words for the values of columns with few values, by kind."""
    phrases: dict[str, Annotated[str, StringConstraints(min_length=1)] | Forms]
    """Sentences of pages and mails; ``{name}`` is replaced by a value. One with a count has a form for each plural
    category."""
    sentences: Words
    """What is observed, as :mod:`specs.languages.sentences` recognises it."""
    details: Words
    """What was seen in a table where a finding says more than its rule does, recognised in the same way."""
    metrics: Words = Field(default_factory=dict)
    """Fix sentences of the metrics."""
    table_rules: Words = Field(default_factory=dict)
    """Fix sentences of the table rules."""
    questions: Words = Field(default_factory=dict)
    """Questions of the metrics."""
    rationales: Words = Field(default_factory=dict)
    """Why the metrics are asked."""
    defects: Words = Field(default_factory=dict)
    """What is wrong with a table, by table rule."""
    reasons: Words = Field(default_factory=dict)
    """Why that matters, by table rule: the end of a sentence."""
    keys: Words = Field(default_factory=dict)
    """Names of the key datasets."""
    descriptions: Words = Field(default_factory=dict)
    """What the columns of the files with a workbook contain, by column; by "file.column" where files differ."""
    sources: Words = Field(default_factory=dict)
    """Where the rules come from, by metric. A mere reference, such as "Open Definition 2.1", is not translated."""
    english: Language | None = Field(default=None, exclude=True, repr=False)
    """English, in which the catalogue stores what was observed; None for English itself."""

    def column(self, name: str) -> str:
        """Return the label of the exported column ``name`` in this language; the name itself if there is none."""
        return self.columns.get(name, name)

    def description(self, name: str, text: str) -> str:
        """Return what the exported column ``name`` contains, given in English as ``text``, in this language; ``text``
        itself if there are no words for it."""
        return self._descriptions.get((name, text), text)

    @cached_property
    def _descriptions(self) -> dict[tuple[str, str], str]:
        known = (self.english or self).descriptions
        return {(key.rpartition(".")[2], text): self.descriptions.get(key, text) for key, text in known.items()}

    def value(self, kind: str, value: str | None) -> str:
        """Return the word of this language for ``value``, a cell of a column with few values. ``kind`` names the group
        of words in the language file, such as "levels". A value without a word is returned as it is; None gives ""."""
        return self.values.get(kind, {}).get(value, value) if value else ""

    def phrase(self, key: str, **values: object) -> str:
        """Return the sentence ``key`` with ``values`` filled in.

        Whole numbers are written as the language does; give other numbers as :meth:`number` writes them. A sentence
        with plural forms takes the one for ``count``, an int or a float, or for ``days`` if there is no count. Raise
        KeyError if there is no such sentence, or if it needs a value that is not given.
        """
        found = self.phrases[key]
        if isinstance(found, dict):
            count = values["count" if "count" in values else "days"]
            # CLDR tells 1.5 from 1; what is written has two decimals at most.
            exact = Decimal(f"{count:.2f}" if isinstance(count, float) else str(count))
            category = self._locale.plural_form(exact)
            found = found.get(category) or found["other"]
        written = {
            name: self.number(value, 0) if isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in values.items()
        }
        return found.format(**written)

    def number(self, value: float | None, digits: int = 1) -> str:
        """Return a number as text with ``digits`` decimals, as the language groups and divides it; a dash for None."""
        return "–" if value is None else _number(self.code, value, digits)

    def percent(self, share: float | None) -> str:
        """Return a share of 1 as a whole percentage, as the language writes it: "45 %", or "45%"; a dash for None."""
        return "–" if share is None else _percent(self.code, share)

    def day(self, day: str | None) -> str:
        """Return an ISO date or instant as a day in words, such as "30 novembre 2026"; a dash for None or "".

        A text that does not begin with a date is returned as it is.
        """
        return _day(self.code, day[:10], self.first_of_month) if day else "–"

    def country(self, code: str | None) -> str:
        """Return the name of a country in this language; "" for None and "". ``code``: ISO 3166-1 alpha-3. A code that
        is not known is returned as it is."""
        from specs.vocabularies.countries import alpha2, name_of

        short = alpha2(code) if code else None
        return self._locale.territories.get(short) or name_of(code or "")

    @cached_property
    def _locale(self) -> Locale:
        from babel import Locale

        return Locale.parse(self.code, sep="-")

    def fix(self, rule_id: str, field: str | None, default: str | None) -> str:
        """Return the sentence in this language that tells a publisher how to fix a finding; "" if there is none.

        ``rule_id`` is the finding's metric. ``field`` is the finding's field: for findings in tables it begins with the
        id of the table rule. ``default`` is the English sentence; None if there is none.

        If this language has a sentence for the table rule, the result is that sentence. Otherwise a finding with a
        field gets ``default`` if there is one, because the sentence of the metric would be too general. Any other
        finding gets the sentence of the metric, or ``default`` without one.
        """
        rule = _rule_of(field)
        if rule and rule in self.table_rules:
            return self.table_rules[rule]
        # If the table rule has its own sentence, the metric's would be too general.
        return default or "" if rule and default else self.metrics.get(rule_id, default or "")

    def question(self, rule_id: str, default: str | None = None) -> str:
        """Return the question of a metric, or for a table rule what is wrong, in this language.

        ``default``: the English text, returned if there is no other.
        """
        return self.questions.get(rule_id) or self.defects.get(rule_id) or default or ""

    def said(self, text: str | None, field: str | None = None) -> str:
        """Return what is observed or expected, stored in English as ``text``, in this language; "" for None or "".

        ``field`` is the finding's field. If it begins with the id of a table rule, ``text`` is about a table: the
        result says what was seen there and why it matters. Where this language has no words for what was seen, it has
        those of the rule, followed in brackets by the names and values that ``text`` has in single quotes. Numbers and
        days are written as the language does. Any other text that is not recognised is returned as it is.
        """
        if not text or self.code == "en":
            return text or ""
        rule = _rule_of(field)
        if rule in self.defects:
            return self._defect(rule, text)
        return _said(self.code, text, self)

    def _sentence(self, text: str) -> str | None:
        """Return a sentence of ours in this language, or what is wrong with a table where no rule is named."""
        if (found := self._sentences.said(text)) is not None:
            return found
        known = self.english or self
        if rule := known._rules_by_text.get(text):
            return self._defect(rule, text)
        plain = text.rstrip(".")
        rule = next((key for key, why in known.reasons.items() if plain.endswith(f", {why}")), "")
        if rule not in self.reasons:
            return None
        what = plain.removesuffix(f", {known.reasons[rule]}")
        return f"{self._detail(what) or what}, {self.reasons[rule]}."

    def _defect(self, rule: str, text: str) -> str:
        known = self.english or self
        what, why = text.rstrip("."), self.reasons.get(rule)
        if rule in known.reasons:
            what = what.removesuffix(f", {known.reasons[rule]}")
        said = self.defects[rule].rstrip(".")
        if what != known.defects[rule].rstrip("."):
            if (detail := self._detail(what)) is not None:
                said = detail
            elif quoted := ", ".join(dict.fromkeys(_QUOTED.findall(text))):
                said = f"{said} ({quoted})"
        return f"{said}{f', {why}' if why else ''}."

    def _detail(self, text: str) -> str | None:
        """Return what was seen in a table, in English and without a full stop, in this language; None if it is not
        recognised."""
        known = self.english or self
        if rule := known._rules_by_defect.get(text):
            return self.defects[rule].rstrip(".")
        return self._details.said(text)

    @cached_property
    def _sentences(self) -> Sentences:
        return Sentences((self.english or self).sentences, self.sentences, self._in_hole)

    @cached_property
    def _details(self) -> Sentences:
        return Sentences((self.english or self).details, self.details, self._in_hole)

    @cached_property
    def _rules_by_text(self) -> dict[str, str]:
        """Return the table rules by what a finding says of a defect that has no message of its own."""
        return {f"{self.defects[rule].rstrip('.')}, {why}.": rule for rule, why in self.reasons.items()}

    @cached_property
    def _rules_by_defect(self) -> dict[str, str]:
        """Return the table rules by what is wrong, without the full stop."""
        return {said.rstrip("."): rule for rule, said in self.defects.items()}

    def _in_hole(self, name: str, value: str) -> str:
        """Return what stands in place of ``{name}`` in a sentence, given in English as ``value``, in this language."""
        match name:
            case "detail":
                return self._detail(value) or value
            case "defect":
                # Within a sentence its first letter is small.
                return self._detail(value[:1].upper() + value[1:]) or value
            case "problems":
                return "; ".join(self._detail(one) or one for one in value.split("; "))
            case "rest":
                return self.said(value)
            case "every" | "usual" if value not in self.values[name]:
                return self.said(value)
            case "verdicts":
                return self._listed([self.value("verdicts", one) for one in value.split(" and ")], "standard")
            case "keys":
                ids = {title: key for key, title in (self.english or self).keys.items()}
                titles = value.removesuffix(".").split("; ")
                said = "; ".join(self.keys.get(ids.get(one, ""), one) for one in titles)
                return f"{said}." if value.endswith(".") else said
            case "roles":
                return self._listed([self.value("role", one) for one in value.split(" or ")], "or")
            case "number" | "all" | "days":
                return self._figure(value)
            case "share" | "share_before":
                return self.percent(int(value.rstrip("%")) / 100)
            case "held" | "held_now":
                return self.value("held", value)
            case "value":
                return self.value(name, value)
        return self.day(value) if _DAY.fullmatch(value) else self.value(name, value)

    def _figure(self, value: str) -> str:
        """Return a number written in English, such as "1,234" or "1.5", as this language writes it."""
        plain = value.replace(",", "")
        try:
            return self.number(float(plain), 0 if "e" in plain else len(plain.partition(".")[2]))
        except ValueError:
            return value

    def _listed(self, words: Sequence[str], style: Literal["standard", "or"]) -> str:
        from babel.lists import format_list

        return format_list(words, style=style, locale=self._locale)


_QUOTED = re.compile(r"'([^']{1,80})'(?!\w)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _rule_of(field: str | None) -> str:
    return (field or "").split(":", 1)[0].strip()


@lru_cache(maxsize=10_000)
def _number(code: str, value: float, digits: int) -> str:
    from babel.numbers import format_decimal

    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return format_decimal(value, format=pattern, locale=code.replace("-", "_"))


@lru_cache(maxsize=1_000)
def _percent(code: str, share: float) -> str:
    from babel.numbers import format_percent

    return format_percent(share, locale=code.replace("-", "_"))


@lru_cache(maxsize=10_000)
def _day(code: str, day: str, first: str) -> str:
    from babel.dates import format_date

    try:
        written = format_date(date.fromisoformat(day), "long", locale=code.replace("-", "_"))
    except ValueError:
        return day
    return first + written[1:] if written.startswith("1 ") else written


_KNOWN: dict[tuple[str, str], str] = {}
_KNOWN_MAX = 50_000


def _said(code: str, text: str, language: Language) -> str:
    """Return a text in a language; the last results are kept, because thousands of findings say the same."""
    found = _KNOWN.get((code, text))
    if found is None:
        if len(_KNOWN) >= _KNOWN_MAX:
            _KNOWN.clear()
        found = language._sentence(text) or text
        _KNOWN[code, text] = found
    return found
