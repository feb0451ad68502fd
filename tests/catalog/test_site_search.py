"""Search: twenty words of many languages with what must come first, the page with its choices, and the feed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from catalog.db.store import CatalogError, open_catalog
from catalog.site.pages import SiteOptions, Visit
from catalog.site.pages.search import PAGES
from catalog.site.search.find import find, query_of
from catalog.site.search.index import build_search_index
from catalog.site.search.mirror_index import index_mirror
from catalog.site.search.snippets import snippet
from catalog.site.search.words import fold, pairs, stem_tokens, words
from specs.languages import language
from tests.catalog.browsing import EVIL, OF_THE_SITE

pytestmark = OF_THE_SITE

# Each dataset with its language (None: not declared), title and description; their ids are the names.
CORPUS: dict[str, tuple[str | None, str, str]] = {
    "school-ja": ("ja", "小学校の一覧", "市内の小学校および中学校の所在地"),
    "population-ja": ("ja", "人口統計（町丁別）", "住民基本台帳による人口と世帯"),
    "budget-ja": ("ja", "予算書", "一般会計。教育費と人口一人当たりの額を含む"),
    "education-zh": ("zh", "教育經費", "各級學校教育經費統計"),
    "education-ko": ("ko", "초등교육통계", "학교별 학생 수"),
    "schools-th": ("th", "รายชื่อโรงเรียน", "โรงเรียนในกรุงเทพมหานคร"),
    "budget-es": ("es", "Presupuesto General 2024", "Gastos e ingresos de la ciudad"),
    "school-es": ("es", "Escuelas municipales", "Con los presupuestos de cada escuela"),
    "hospital-fr": ("fr", "Hôpitaux et cliniques", "Liste des établissements de santé"),
    "health-fr": ("fr", "Santé publique : dépenses", "Par département"),
    "lake-en": ("en", "Santeetlah Reservoir depths", "Santee measurements of the lake"),
    "spending-en": ("en", "Spending over 500 pounds", "Every payment, with the budget line"),
    "budget-en": ("en", "Budget", "The adopted one"),
    "street-de": ("de", "Straßenverzeichnis", "Alle Straßen mit Hausnummern"),
    "houses-de": ("de", "Häuser und Wohnungen", "Gebäudezählung"),
    "road-el": ("el", "Κατάλογος οδών", "Οδός και αριθμός"),
    "water-ru": ("ru", "Качество воды", "Пробы из рек"),
    "water-ar": ("ar", "جودة المِيَاه", "عينات الأنهار"),
    "health-pt": (None, "Postos de saúde", "Unidades básicas do município"),
    "waste-hi": ("hi", "कचरा संग्रह", "नगर निगम के आँकड़े"),
    "air-pl": ("pl", "Jakość powietrza w Łodzi", "Pomiary stacji"),
    "air-no": ("nb", "Luftkvalitet i Tromsø", "Målinger hver time"),
}
FIRST = [
    ("学校", "school-ja"),
    ("人口", "population-ja"),
    ("統計", "population-ja"),
    ("教育", "education-zh"),
    ("教育費", "budget-ja"),
    ("교육", "education-ko"),
    ("โรงเรียน", "schools-th"),
    ("presupuestos", "budget-es"),
    ("PRESUPUESTO general", "budget-es"),
    ("hopital", "hospital-fr"),
    ("santé", "health-fr"),
    ("sante", "health-fr"),
    ("budgets", "budget-en"),
    ("strasse", "street-de"),
    ("haus", "houses-de"),
    ("ΟΔΟΣ", "road-el"),
    ("вода", "water-ru"),
    ("المياه", "water-ar"),
    ("saude", "health-pt"),
    ("कचरा", "waste-hi"),
    ("lodz", "air-pl"),
    ("tromso", "air-no"),
    ("ｂｕｄｇｅｔ", "budget-en"),
    ("santee", "lake-en"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("search") / "catalog.db"
    with open_catalog(path) as catalog:
        with catalog.writing():
            catalog.upsert("portals", [{"id": "p", "title": "Portal", "country": "CHE", "government": "Bern"}])
            catalog.upsert("publishers", [{"id": "p-1", "portal_id": "p", "name": "Bundesamt für Statistik"}])
            rows: list[dict[str, Any]] = [
                {"id": name, "portal_id": "p", "identifier": f"ID/{number}", "title": title, "description": text}
                | {"language": json.dumps([tag] if tag else []), "status": "present", "first_seen_run": "20261124"}
                | {"themes": '["Gesundheit"]' if name.startswith("health") else "[]"}
                for number, (name, (tag, title, text)) in enumerate(CORPUS.items())
            ]
            rows.append(
                {"id": "copy", "portal_id": "p", "title": "Budget", "description": "Copied", "language": '["en"]'}
                | {"copy_of": "budget-en", "status": "present"}
            )
            rows.append(
                {"id": "gone", "portal_id": "p", "title": "Budget budget", "status": "retired", "keywords": '["zug"]'}
                | {"publisher_id": "p-1", "translations": json.dumps({"fr": {"title": "Comptes communaux"}})}
            )
            for row in rows:
                catalog.upsert("datasets", [row])
        with catalog.writing():
            build_search_index(catalog.db.conn)
    conn = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    conn.row_factory = sqlite3.Row
    yield conn
    conn.close()


def found(index: sqlite3.Connection, text: str, **choices: str) -> list[str]:
    works = find(index, query_of(index, text, choices)).works
    return [
        index.execute("select dataset_id from search_documents where number = ?", (number,)).fetchone()[0]
        for number, _ in works
    ]


@pytest.mark.parametrize(("text", "first"), FIRST)
def test_what_comes_first(index: sqlite3.Connection, text: str, first: str) -> None:
    assert found(index, text)[:1] == [first]


def test_whole_words_come_before_longer_ones_and_titles_before_texts(index: sqlite3.Connection) -> None:
    assert found(index, "sante") == ["health-fr", "hospital-fr", "lake-en"]
    assert found(index, "budget") == ["budget-en", "spending-en", "gone"]
    # Another form in a title comes before the very word in a text.
    assert found(index, "presupuesto") == ["budget-es", "school-es"]


def test_every_part_of_a_record_is_found(index: sqlite3.Connection) -> None:
    for text in ("bundesamt", "zug", "compte", "comptes communaux"):
        assert found(index, text) == ["gone"], text
    assert found(index, "ID/15") == ["road-el"]


def test_a_copy_is_shown_with_its_original_and_retired_datasets_last(index: sqlite3.Connection) -> None:
    answer = find(index, query_of(index, "budget", {}))
    (first, copies), *_ = answer.works
    assert len(copies) == 1 and found(index, "budget")[0] == "budget-en"
    assert found(index, "copied") == ["copy"]
    # A work counts once.
    assert answer.counts["state"] == [("present", None, 2), ("retired", None, 1)]


def test_choices_narrow_what_is_found(index: sqlite3.Connection) -> None:
    assert found(index, "", theme="HEAL") == ["health-fr", "health-pt"]
    assert found(index, "budget", state="retired") == ["gone"]
    assert found(index, "zug", publisher="p-1", portal="p", government="bern") == ["gone"]
    assert found(index, "budget", state="retired", theme="HEAL") == found(index, "", theme="nothing") == []
    assert len(found(index, "")) == len(CORPUS) + 1
    # Nothing was scored: no letter is shown.
    assert find(index, query_of(index, "", {})).counts["grade"] == [("unknown", None, len(CORPUS) + 1)]


def test_of_too_many_hits_a_choice_finds_the_rest(index: sqlite3.Connection) -> None:
    assert find(index, query_of(index, "ID", {}), most=3).is_cut and find(index, query_of(index, "", {}), most=3).is_cut
    assert not find(index, query_of(index, "ID", {})).is_cut
    for text in ("id", ""):
        answer = find(index, query_of(index, text, {"theme": "HEAL"}), most=2)
        assert len(answer.works) == 2, text


@pytest.mark.parametrize(
    "text",
    ["", '"', '""', "*", "a AND", "NEAR(", "title:x", "^x", "-", "(", "a*b", "'; drop table datasets; --", "\0", EVIL]
    + ["·", "es·educ", "\ud800", "\u202ebudget"],
)
def test_any_words_can_be_asked(index: sqlite3.Connection, text: str) -> None:
    find(index, query_of(index, text, {}))


def test_long_questions_can_be_asked(index: sqlite3.Connection) -> None:
    for text in ("é" * 5_000, "学" * 3_000, "a " * 3_000):
        find(index, query_of(index, text, {}))


def test_large_questions_use_indexes(index: sqlite3.Connection) -> None:
    plans = [
        "select document from search_has where value = 1",
        "select number from search_documents where dataset_id = 'x'",
        "select s.number from search_documents s order by s.seen desc limit 5",
        "select value from search_values where facet = 'state' and name = 'present'",
    ]
    for sql in plans:
        steps = [row[3] for row in index.execute(f"explain query plan {sql}")]
        assert all("INDEX" in step for step in steps), (sql, steps)


def test_words_are_folded_stemmed_and_cut() -> None:
    assert fold("Ὀδυσσεύς") == fold("ΟΔΥΣΣΕΥΣ") and fold("Ёлка") == fold("елка") and fold("ガス") != fold("カス")
    assert words("L’État: 2020年度, café-bar") == ["l", "état", "2020", "年度", "café", "bar"]
    assert pairs("統計") == ["統計", "計"]
    assert stem_tokens("hôpitaux", ["fr", "xx"]) == ["fr·hopital"]
    assert stem_tokens("2020", ["fr"]) == stem_tokens("été", ["fr"]) == []


def test_a_snippet_shows_the_words_as_written(index: sqlite3.Connection) -> None:
    text = "x " * 200 + "Liste des Hôpitaux de la ville " + "y " * 200
    pieces = snippet(text, query_of(index, "hopital", {}).words, 80)
    assert [piece for piece, is_asked in pieces if is_asked] == ["Hôpitaux"]
    assert pieces[0][0].startswith("…") and pieces[-1][0].endswith("…")
    assert snippet("町の人口統計です", query_of(index, "人口", {}).words) == [
        ("町の", False),
        ("人口", True),
        ("統計です", False),
    ]


def test_the_page_shows_results_choices_and_a_feed(site: Any) -> None:
    page = site.page("/search", q="education")
    for text in ("<mark>éducation</mark>", "/dataset/north-0", 'name="q" value="education"', "search.xml?q=education"):
        assert text in page, text
    assert "B to C" in page
    # It stands only in the keywords.
    assert "<mark>budget</mark>" in site.page("/search", q="budget", portal="north")
    data = site.get("/search.json", q="education").json()
    assert data["count"] == 1 and data["results"][0]["best_file"]["outcome"] is None
    assert "Nothing was found" in site.page("/es/search", q="nowhere").replace(
        "No se ha encontrado nada", "Nothing was found"
    )
    assert site.get("/search.json", q="budget", country="NOR").json()["choices"][0]["label"] == "Norway"
    assert "javascript:" not in site.page("/search", q=EVIL, page="9999", country=EVIL)


def test_the_feed_of_a_search_is_valid_atom(site: Any) -> None:
    response = site.get("/search.xml", q="budget")
    assert response.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(response.text)
    ns = {"a": "http://www.w3.org/2005/Atom"}
    assert len(feed.findall("a:entry", ns)) == 5
    assert feed.findtext("a:updated", namespaces=ns) == "2026-11-24T00:00:00Z"
    assert "north-0" in site.get("/search.xml").text


def test_the_mirror_searches_by_script(public: Path) -> None:
    visit = Visit(sqlite3.connect(":memory:"), language("en"), SiteOptions(is_static=True))
    content = PAGES[0].read(visit)
    assert isinstance(content, dict) and content["is_live"] is False
    visit.conn.close()


def test_the_mirror_is_indexed_anew_each_time(tmp_path: Path) -> None:
    page = '<!doctype html><html lang="en"><title>x</title><h1 data-pagefind-body>{}</h1></html>'
    for word in ("budget", "health"):
        (tmp_path / word).mkdir()
        (tmp_path / word / "index.html").write_text(page.format(word), "utf-8")
    index_mirror(tmp_path)
    first = {path.name for path in (tmp_path / "pagefind").rglob("*.pf_fragment")}
    assert len(first) == 2 and (tmp_path / "pagefind/pagefind.js").is_file()
    # Nothing is left of what is gone.
    (tmp_path / "health/index.html").unlink()
    index_mirror(tmp_path)
    assert {path.name for path in (tmp_path / "pagefind").rglob("*.pf_fragment")} < first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["budget", "health", "pagefind"]
    with pytest.raises(CatalogError, match="search index was not made"):
        index_mirror(tmp_path / "nowhere")
