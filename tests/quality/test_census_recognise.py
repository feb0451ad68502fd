"""Key datasets are recognised by everything that a catalogue says of a dataset, and the evidence is named."""

from __future__ import annotations

import pytest

from quality.census.lexicon import find, find_in_columns, folded
from quality.census.recognise import KeyClaim, Portrait, recognise
from specs.census import key_words, points_table
from specs.vocabularies import read


def taken(title: str, **more: object) -> set[str]:
    return {one.key for one in recognise(Portrait(title=title, **more)) if one.is_taken}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "keys"),
    [
        ("Ordinary budget by department", {"budget"}), ("Ley de Presupuestos 2024", {"budget"}),
        ("Orçamento do Estado", {"budget"}), ("Checkbook 2021", {"spending"}), ("Ejecución presupuestaria",
        {"spending"}),
        ("Bandi di gara e contratti", {"procurement"}), ("入札結果", {"procurement"}),
        ("Kommunalwahl 2021: Ergebnisse", {"elections"}), ("Gemeenteraadsverkiezingen 2022", {"elections"}),
        ("Αποτελέσματα εκλογών", {"elections"}), ("Handelsregister", {"companies"}), ("法人番号一覧", {"companies"}),
        ("Parcelles cadastrales", {"land"}), ("Кадастр", {"land"}), ("Population by age and sex", {"statistics"}),
        ("Idadi ya watu 2019", {"statistics"}), ("인구 통계", {"statistics"}), ("Code of Ordinances", {"legislation"}),
        ("Projets de loi", {"draft_legislation"}), ("Gemeindegrenzen", {"boundaries"}), ("Curve di livello", {"maps"}),
        ("Postinumerot", {"locations"}), ("Calidad de Aire", {"air"}), ("جودة الهواء", {"air"}),
        ("Eaux de baignade", {"water"}), ("Registro de precipitaciones", {"weather"}), ("Hospitales", {"health"}),
        ("Szpitale", {"health"}), ("List of schools", {"education"}), ("Police Incidents 2015", {"crime"}),
        ("Rozkład jazdy", {"transport"}), ("バス停", {"transport"}), ("Comércio exterior", {"trade"}),
    ],
)  # fmt: skip
def test_names_are_known_in_the_languages_of_the_house(title: str, keys: set[str]) -> None:
    assert taken(title) == keys


@pytest.mark.parametrize(
    "title",
    [
        "Campaign Finance - Contributions, November 2014 Election", "Voter turnout", "Bureaux de vote",
        "Journal officiel des associations", "Expenditure on the Gross Domestic Product",
        "Noise penalties under by-laws",
        "Budget de l'école Jean Moulin", "Participatory budget: winning project",
        "Emission inventory of air pollutants",
        "Air quality monitoring stations", "Taxi stands", "Driving schools", "School districts", "Land use",
        "Dissolved companies", "Household expenditure", "Population projections", "COVID-19 hospital capacity",
        "Zip codes: legend", "Calls for service to the police", "Water consumption", "Post Election Survey", "Trees",
        "",
        "Tree cadastre of the parks", "Baumkataster", "Satisfaction with public transport",
    ],
)  # fmt: skip
def test_neighbours_are_not_taken(title: str) -> None:
    assert taken(title) - {"statistics"} == set(), recognise(Portrait(title=title))


def test_what_stands_beside_the_title_helps_and_never_decides_alone() -> None:
    assert taken("Purchases of fleet parts") == set()
    said = {"description": "All purchase orders of the city", "keywords": ("procurement",)}
    assert taken("Purchases of fleet parts", **said, columns=("Vendor", "ContractNumber")) == {"procurement"}
    assert taken("Data 2020", description="weather", keywords=("weather",), themes=("ENVI",)) == set()
    assert taken("Beach results", columns=("Enterococcus", "Sample Date"), description="Water quality") == {"water"}
    # A file that was looked into speaks, too: what its header shows is no word of the publisher's.
    assert taken("Elections", keywords=("ward boundaries",), table_kinds=("elections",)) == {"elections"}
    assert taken("Ward 7, 2019", table_kinds=("elections",), columns=("Candidate", "Votes")) == set()
    # The place says nothing of the subject.
    assert taken("Springfield Schools") == set()
    assert taken("Springfield Schools", place=frozenset({"springfield"})) == {"education"}


def test_a_name_takes_back_what_its_own_words_would_cost() -> None:
    # "revenue" alone speaks against a budget; in the name of a budget it does not.
    assert taken("Revenue and expenditure budget") == {"budget"}
    assert taken("Operating revenue budget by department") == set()


def test_the_evidence_is_named_the_strongest_first() -> None:
    (claim,) = recognise(
        Portrait(title="Air quality", keywords=("air quality", "station locations"), columns=("PM10", "Date"))
    )
    assert isinstance(claim, KeyClaim) and claim.key == "air" and claim.points == sum(e.points for e in claim.evidence)
    assert [(one.id, one.said) for one in claim.evidence] == [
        ("name_in_title", "air quality"),
        ("columns", "pm10"),
        ("against_elsewhere", "station locations"),
        ("name_in_keywords", "air quality"),
    ]
    points = [claim.points for claim in recognise(Portrait(title="Schools and hospitals: list of hospitals"))]
    assert points == sorted(points, reverse=True)


def test_phrases_do_not_reach_over_keywords_and_columns() -> None:
    assert recognise(Portrait(title="Data", keywords=("air", "quality"))) == []
    assert find_in_columns(("Parcel", "OwnerName"))[0].key == "land"
    assert find_in_columns(("stop", "name")) == [] and find_in_columns(("stop_name",))[0].key == "transport"


def test_of_several_sets_of_columns_the_first_is_named() -> None:
    names = {tuple(one.phrase for one in find_in_columns((*row, "Date"))) for row in (("PM10", "NO2"), ("NO2", "PM10"))}
    assert names == {("pm10",), ("no2",)}


def test_phrases_of_one_word_and_of_more_are_found_to_the_last_word() -> None:
    text = folded("Air quality: list of schools, air quality")
    assert [(one.start, one.end) for one in find(text) if one.phrase == "air quality"] == [(0, 2), (5, 7)]
    assert "air quality" not in {one.phrase for one in find(folded("quality air"))}
    assert any(one.phrase == "schools" and one.end == 5 for one in find(text))


def test_singular_and_plural_of_what_speaks_against_are_alike() -> None:
    assert "against" in {one.role for one in find(folded("Election precinct 7"))}
    assert "against" in {one.role for one in find(folded("Election precincts"))}
    # Names stay as they are: a school is not all schools.
    assert taken("School") == set()


def test_every_key_has_a_file_with_names_in_many_languages_and_a_source() -> None:
    assert list(key_words()) == [row["id"] for row in read("key_datasets")]
    for key, words in key_words().items():
        assert words.source and words.asks.endswith("."), key
        assert {"en", "es", "fr", "de", "it", "pt", "nl", "nordic", "slavic", "other", "ja", "zh", "ko"} <= set(
            words.names
        ), key
    used = {
        "name_in_title", "pair_in_title", "subject_alone", "subject_nearly_alone", "subject_in_title",
        "name_in_keywords",
        "name_in_description", "name_in_files", "fact_elsewhere", "columns", "table_kind", "theme", "other_theme",
        "against_in_title",
        "against_elsewhere", "against_beside_subject_alone", "page",
    }  # fmt: skip
    assert points_table().points.keys() == used


@pytest.mark.parametrize(
    ("title", "more"),
    [
        ("Schools", {"description": "School district boundaries of the county"}),
        ("Elections", {"description": "A hub for elections", "keywords": ["ArcGIS Hub page"]}),
        ("Fiji_Population_Grid_2020", {"description": "Population density raster, by households"}),
        ("Temperature sensor readings, trial 2015", {"columns": ["temp_max", "temp_min"]}),
        ("Effects of improved water quality on a marine habitat", {}),
        ("Montgomery County Public Schools", {}),
    ],
)
def test_what_is_about_it_or_beside_it_is_not_taken(title: str, more: dict[str, object]) -> None:
    assert taken(title, **more) == set()
    # The same words where nothing speaks against them.
    assert taken("Schools", description="All schools of the county") == {"education"}
    assert taken("Elections", description="Results of elections") == {"elections"}
