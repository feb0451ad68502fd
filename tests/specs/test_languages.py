"""Every language has every word, and what is put into its sentences is what English puts in."""

from __future__ import annotations

import string

import pytest

from catalog.exports.columns import COMMITMENTS, FINDINGS, SCORECARD
from catalog.repositories.reply_words import reply_of
from specs.errors import SpecError
from specs.expectations import by_rule
from specs.exports import export_files
from specs.languages import language, languages, missing
from specs.metrics import dimensions, grade, metrics
from specs.portals import PortalSpec
from specs.table_rules import table_rules

CODES = ("en", "es", "fr", "pt-BR", "pt-PT")


def test_the_languages_are_there_by_their_tags() -> None:
    assert tuple(languages()) == CODES
    with pytest.raises(SpecError, match="en, es, fr, pt-BR, pt-PT"):
        language("xx")
    tags = {"pt": "pt-PT", "pt-AO": "pt-PT", "PT_br": "pt-BR", "fr-CA": "fr", "en-GB": "en"}
    assert {tag: language(tag).code for tag in tags} == tags
    # Until a native speaker has read them.
    assert all(language(code).is_draft for code in ("es", "fr", "pt-BR", "pt-PT")) and not language("en").is_draft


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_missing(code: str) -> None:
    one = language(code)
    assert missing(one) == []
    names = {field.name for fields in (SCORECARD, FINDINGS, COMMITMENTS) for field in fields}
    assert names <= set(one.columns)
    assert set(metrics()) == set(one.metrics) and {*table_rules(), *by_rule()} == set(one.table_rules)
    assert set(dimensions()) == set(one.values["dimension"])
    assert {grade(score) for score in range(101)} == set(one.values["grade"])


@pytest.mark.parametrize("code", CODES)
def test_every_value_of_a_column_has_a_word(code: str) -> None:
    words = language(code)
    for field in (*SCORECARD, *FINDINGS, *COMMITMENTS):
        if field.enum and field.name not in ("grade",):
            known = words.values[field.words or ""]
            assert set(field.enum) <= set(known), field.name
    for severity in {m.severity for m in metrics().values()}:
        assert severity in words.values["severity"]


def test_a_text_of_a_publisher_is_looked_at_once() -> None:
    french = language("fr")._sentences
    looks = 0

    def count(name: str, value: str) -> str:
        nonlocal looks
        looks += 1
        return value

    own = type(french)(french.english, french.own, count)
    assert own.said("It is not open. Another dataset was, too.") == " ".join(
        str(own.said(one)) for one in ("It is not open.", "Another dataset was, too.")
    )
    # Each sentence fits "{rest}", the whole does not: every piece is tried once, not every way of taking it apart.
    looks = 0
    assert own.said("It is not open. " * 9 + "n. a.") is None and looks < 100
    for text in ("n. a. " * 60 + "n", "It is not open. " * 60 + "n", "Datos. " * 24, "the last change, " * 5000):
        assert own.said(text) is None


@pytest.mark.parametrize("code", CODES[1:])
def test_sentences_take_what_the_english_ones_take(code: str) -> None:
    def holes(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    def of_forms(said: object) -> set[str | None]:
        return set().union(*map(holes, said.values())) if isinstance(said, dict) else holes(str(said))

    one, english = language(code), language("en")
    for key, text in english.phrases.items():
        # Of the site, a language may have nothing.
        assert of_forms(one.phrases.get(key, text if "." in key else "")) == of_forms(text), key
    for table in ("sentences", "details"):
        for key, sentence in getattr(english, table).items():
            assert holes(getattr(one, table)[key]) == holes(sentence), key
    # Nothing was left in English.
    tables = (
        "metrics",
        "table_rules",
        "questions",
        "rationales",
        "defects",
        "reasons",
        "keys",
        "descriptions",
        "details",
    )
    same = [
        (name, key)
        for name in tables
        for key, text in getattr(english, name).items()
        if getattr(one, name)[key] == text
    ]
    assert same == []


def test_a_part_of_a_point_has_the_form_that_cldr_gives_it() -> None:
    said = {code: language(code).phrase("score_up", count=0.8, by="0,80", before="70") for code in CODES}
    # In French and in Brazil anything below two is one, elsewhere only one is.
    ones = {
        code for code, text in said.items() if "points" not in text and "puntos" not in text and "pontos" not in text
    }
    assert ones == {"fr", "pt-BR"}, said
    assert language("pt-BR").percent(0.45) == "45%" and language("fr").percent(None) == "–"


def test_the_languages_translate_the_same_sources() -> None:
    kept = {frozenset(language(code).sources) for code in CODES if code != "en"}
    assert len(kept) == 1 and next(iter(kept)) < set(language("en").sources)


def test_a_file_that_lacks_a_word_is_told() -> None:
    short = language("fr").model_copy(update={"phrases": {"more": "x"}})
    assert "phrases.score_line" in missing(short) and "phrases.more" in missing(short)


@pytest.mark.parametrize("code", CODES)
def test_answers_are_understood_in_every_language(code: str) -> None:
    for name, label in language(code).values["response"].items():
        assert reply_of(label) == (name, "")
        assert reply_of(f"  {label.upper()} ") == (name, "")
        assert reply_of(f"{label}: 2026-12-31") == (name, "2026-12-31")
        assert reply_of(f"{label} 31/12/2026") == (name, "31/12/2026")
    # The label of version 0.1.0, in files that were sent before.
    assert reply_of("Will be mended by 2026-12-31") == ("will_fix_by", "2026-12-31")


def test_a_fix_of_a_rule_beats_that_of_its_metric() -> None:
    french = language("fr")
    assert french.fix("table_rectangular", "missing_cell: amount", "x") == french.table_rules["missing_cell"]
    assert french.fix("link_ok", None, "x") == french.metrics["link_ok"]
    # A rule that has no sentence in the language: better one in English than one that says too little.
    assert french.fix("table_expectations_met", "amount_not_negative: amount", "Check the signs.") == "Check the signs."


def test_words_that_stand_beside_a_definition_are_those_of_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    metric = next(iter(metrics().values()))
    one = metric.model_copy(update={"id": "of_a_trial", "fix_in": {"fr": "Essayez."}})
    monkeypatch.setattr("specs.languages.metrics", lambda: metrics() | {"of_a_trial": one})
    column = SCORECARD[0].model_copy(update={"name": "trial", "label": {"en": "Trial", "fr": "Essai"}})
    file = export_files()["scorecard"].model_copy(update={"column": (*SCORECARD, column)})
    monkeypatch.setattr("specs.languages.export_files", lambda *_: {"scorecard": file})
    found = languages.__wrapped__()
    assert found["fr"].metrics["of_a_trial"] == "Essayez." and found["fr"].column("trial") == "Essai"
    assert found["en"].column("trial") == "Trial" and found["es"].column("trial") == "trial"


@pytest.mark.parametrize(
    ("metric_id", "words", "said"),
    [
        ("title_present", {"fr": "Donnez."}, r"fr\.toml: metrics\.title_present: also said"),
        ("title_present", {"xx": "?"}, r"metric title_present: fix_in\.xx: no file"),
    ],
)
def test_words_said_twice_or_in_no_language_are_refused(
    metric_id: str, words: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {metric_id: metrics()[metric_id].model_copy(update={"fix_in": words})}
    monkeypatch.setattr("specs.languages.metrics", lambda: metrics() | wrong)
    with pytest.raises(SpecError, match=said):
        languages.__wrapped__()


@pytest.mark.parametrize("tag", ["pt", "pt-BR", "fr", "zh-Hant-TW"])
def test_a_portal_file_names_its_language_by_a_tag(tag: str) -> None:
    about = {"id": "x", "type": "ckan", "title": "X", "url": "https://x.example"}
    assert PortalSpec.model_validate(about | {"language": tag}).language == tag
    with pytest.raises(ValueError, match="language"):
        PortalSpec.model_validate(about | {"language": f"{tag}-"})


def test_plurals_numbers_and_days_are_those_of_cldr() -> None:
    said = {code: language(code) for code in CODES}
    assert [said["en"].phrase("days_left", days=n) for n in (1, 2)] == ["1 day left", "2 days left"]
    # In French nothing is one, too.
    assert said["fr"].phrase("changes_fixed", count=0) == "0 corrigé"
    assert said["en"].phrase("changes_fixed", count=0) == "0 were fixed"
    assert said["en"].phrase("changes_line", **{name: "x" for name in ("new", "fixed", "open", "added", "removed")})
    numbers = {code: one.number(1234567.891, 2) for code, one in said.items()}
    assert numbers["en"] == "1,234,567.89" and numbers["pt-BR"] == "1.234.567,89"
    assert numbers["fr"].replace("\u202f", " ") == "1 234 567,89" and said["fr"].number(None) == "–"
    days = {code: one.day("2026-11-30T01:00:00Z") for code, one in said.items()}
    assert days["fr"] == "30 novembre 2026" and days["pt-BR"] == "30 de novembro de 2026"
    firsts = {code: one.day("2026-12-01") for code, one in said.items()}
    assert firsts["fr"] == "1er décembre 2026" and firsts["pt-BR"] == "1º de dezembro de 2026"
    assert firsts["en"] == "December 1, 2026" and firsts["es"] == "1 de diciembre de 2026"
    assert said["fr"].day("2026-12-11") == "11 décembre 2026"
    assert said["en"].day(None) == "–" and said["en"].day("soon") == "soon"
