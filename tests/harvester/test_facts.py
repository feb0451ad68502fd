"""One way to read a fact: all candidates, then the best."""

from __future__ import annotations

from typing import Any

import pytest

from catalog import vocabulary
from catalog.model import Dataset, Distribution
from harvester.facts import (
    Candidate,
    FactScope,
    Party,
    RecordFacts,
    by_language,
    choose,
    contact_of,
    field_name,
    periods,
    places,
    span,
    worded,
)
from harvester.facts.placeholders import without_placeholders


def licence_of(**fields: Any) -> tuple[str | None, str | None]:
    facts = RecordFacts()
    facts.read(fields)
    return facts.licence()


@pytest.mark.parametrize(
    ("name", "fact", "language"),
    [
        ("accrualPeriodicity", "frequency", None),
        ("dct:accrualPeriodicity", "frequency", None),
        ("Frequency-of-Update", "frequency", None),
        ("UPDATE_FREQUENCY", "frequency", None),
        ("Fréquence de mise à jour", "frequency", None),
        ("更新頻度", "frequency", None),
        ("title_fr", "title", "fr"),
        ("titleDe", "title", "de"),
        ("notes_translated", "description", None),
        ("title-de-CH", "title", "de"),
        ("contact-email", "contact_email", None),
        ("http://purl.org/dc/terms/license", "licence", None),
        ("temporal_coverage-from", "temporal_start", None),
        ("update_freq", "frequency", None),
        ("Time-Period-Coverage", "temporal", None),
        ("spatialRelationship", "spatial", None),
    ],
)
def test_spellings_of_one_name_are_one(name: str, fact: str, language: str | None) -> None:
    found = field_name(name)
    assert found is not None
    assert (found.fact, found.language) == (fact, language)


@pytest.mark.parametrize("name", ["ada_quill", "ada-quill-672", "quill7"])
def test_the_name_of_an_account_is_no_contact(name: str) -> None:
    assert contact_of([Party(name=name)]) is None
    found = contact_of([Party(email="desk@example.org"), Party(name=name), Party(name="Open-Data-Team")])
    assert found is not None and (found.name, found.email) == ("Open-Data-Team", "desk@example.org")
    found = contact_of([Party(name=name, email="desk@example.org")])
    assert found is not None and (found.name, found.email) == (None, "desk@example.org")


@pytest.mark.parametrize(
    "name", ["geographic_unit", "harvest_frequency_note", "harvest_frequency", "driving-licence-holders", "", "x" * 999]
)
def test_names_of_other_things_are_none(name: str) -> None:
    assert field_name(name) is None


def test_groups_in_front_are_cut_only_where_they_are_groups() -> None:
    assert field_name("Legal_License-URL") is None
    grouped = field_name("Legal_License-URL", is_grouped=True)
    assert grouped is not None and grouped.fact == "licence"
    assert field_name("Survey_Driving-Licence-Holders", is_grouped=True) is None


def test_licence_that_resolves_wins_over_a_plainer_name() -> None:
    assert licence_of(license="see our website", terms_of_use="CC BY 4.0") == ("CC BY 4.0", "see our website")


def test_restriction_under_a_plainer_name_is_not_overruled() -> None:
    assert (
        licence_of(license="for non-commercial use only", terms_of_use="CC BY 4.0")[0] == "for non-commercial use only"
    )


def test_nearer_scope_decides_even_if_the_farther_one_is_open() -> None:
    near = Candidate("licence", "all rights reserved", "license", FactScope.FILE)
    far = Candidate("licence", "CC-BY-4.0", "license", FactScope.DATASET)
    chosen = choose("licence", [far, near])
    assert chosen is not None and chosen.text == "all rights reserved"
    none_given = near._replace(value="notspecified")
    chosen = choose("licence", [far, none_given])
    assert chosen is not None and chosen.text == "CC-BY-4.0"


def test_contradiction_is_kept_and_said() -> None:
    facts = RecordFacts()
    facts.read({"license_id": "odc-odbl"})
    facts.read({"licence": "CC-BY-4.0"}, "extras/")
    licence, beside = facts.licence()
    assert (licence, beside) == ("CC-BY-4.0", None)
    assert facts.contradictions == ["licence at license_id: odc-odbl"]


def test_version_beside_a_licence_without_one_is_no_contradiction() -> None:
    facts = RecordFacts()
    facts.read({"license_id": "cc-by", "license_title": "Creative Commons Attribution 4.0"})
    assert facts.licence() == ("Creative Commons Attribution 4.0", "cc-by")
    assert facts.contradictions == []


def test_where_nothing_resolves_the_plainest_text_stays() -> None:
    assert licence_of(license="ask the desk", license_note="or do not")[0] == "ask the desk"


@pytest.mark.parametrize(
    "text", ["None", "null", "N/A", "n.a.", "--", "?", "no se especificó", "k. A.", "{{ x.y }}", "未定"]
)
def test_placeholders_are_no_facts(text: str) -> None:
    facts = RecordFacts()
    facts.read({"frequency": text, "license": text, "maintainer": text, "spatial": text, "publisher": text})
    assert facts.text("frequency") is None
    assert facts.licence() == (None, None)
    assert facts.contact() is None and facts.publisher() is None and facts.places() == ()


def test_title_may_be_any_word_but_a_template() -> None:
    facts = RecordFacts()
    facts.read({"title": "Nada", "keywords": ["missing", "null"], "description": "Unknown"})
    assert facts.worded()[:3] == ("Nada", "Unknown", ("missing",))
    facts = RecordFacts()
    facts.read({"title": "{{ title }}"})
    assert facts.worded().title is None


def test_numbers_and_hashes_that_stand_for_nothing() -> None:
    facts = RecordFacts("file")
    facts.read({"size": -1, "hash": "0", "mimetype": "null", "format": "CSV"})
    assert (facts.text("byte_size"), facts.text("checksum"), facts.text("media_type")) == (None, None, None)
    assert facts.text("format") == "CSV"


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("2018", "2018", "2018"),
        ("1899-2017", "1899", "2017"),
        ("2019/2020", "2019", "2020"),
        ("2019/20", "2019", "2020"),
        ("2011-12", "2011-12", "2011-12"),
        ("../2020-01-31", None, "2020-01-31"),
        ("2019-02-01/..", "2019-02-01", None),
        ("seit 1998", "1998", None),
        ("1998 to present", "1998", None),
        ("du 2000 au 2010", "2000", "2010"),
        ("01.01.2010 - 31.12.2010", "01.01.2010", "31.12.2010"),
        ("start=2000; end=2010; scheme=W3C-DTF", "2000", "2010"),
        ("surveys of 2010, 2013 and 2015", "2010", "2015"),
        ({"startDate": "2001-01-01", "endDate": "2009"}, "2001-01-01", "2009"),
        ('[{"start": "2001", "end": "2002"}, {"start": "2005", "end": "2009"}]', "2001", "2009"),
        ({"hasBeginning": {"inXSDDate": "2001-05-01"}}, "2001-05-01", None),
        ({"start": "0001-01-01T00:00:00", "end": None}, None, None),
        ("2021-03/P2M", "2021-03", "2021-04"),
        ("2020/P1Y", "2020", "2020"),
        ("2020-01-15/P10D", "2020-01-15", "2020-01-24"),
        ("2020-01-31/P1M", "2020-01-31", None),
        ("R/P1D", None, None),
        ("n/a", None, None),
        ("daily", None, None),
    ],
)
def test_periods(said: Any, start: str | None, end: str | None) -> None:
    assert span(periods(said)) == (start, end)


@pytest.mark.parametrize("label", ["_:b0", "_:dataset-1", "_:n1049372e768c", "-- Who publishes the series --"])
def test_the_label_of_a_blank_node_or_an_instruction_is_no_fact(label: str) -> None:
    facts = RecordFacts()
    facts.read({"landingPage": label, "rights": label, "publisher": label})
    assert (facts.text("landing_page"), facts.text("rights"), facts.text("publisher")) == (None, None, None)


def test_repetition_in_modified_is_the_frequency() -> None:
    facts = RecordFacts()
    facts.read({"modified": "R/P1D"})
    assert facts.modified() is None
    assert facts.text("frequency") == "R/P1D"
    facts = RecordFacts()
    facts.read({"modified": "R/P1D", "accrualPeriodicity": "R/P1M"})
    assert (facts.modified(), facts.text("frequency")) == (None, "R/P1M")


@pytest.mark.parametrize(
    ("said", "areas"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, ('{"type":"Point","coordinates":[1,2]}',)),
        ('{"type": "Point", "coordinates": [1, 2]}', ('{"type": "Point", "coordinates": [1, 2]}',)),
        ({"type": "Polygon", "coordinates": []}, ()),
        ([1, 2, 3, 4], ("1,2,3,4",)),
        ('["North", "South"]', ("North", "South")),
        ({"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}, ("1,2,3,4",)),
        ({"name": "North", "uri": "http://places.example/north"}, ("North", "http://places.example/north")),
        ("null", ()),
    ],
)
def test_places(said: Any, areas: tuple[str, ...]) -> None:
    assert tuple(places(said)) == areas


def test_four_sides_make_a_box() -> None:
    facts = RecordFacts()
    facts.read([("bbox-west-long", "1"), ("bbox-south-lat", "50"), ("bbox-east-long", "2"), ("bbox-north-lat", "51")])
    assert facts.places() == ("1,50,2,51",)


def test_own_language_is_shown_and_none_is_lost() -> None:
    said = worded(
        {"en": "Trees", "fr": "Arbres"}, {"en": "All trees"}, {"en": ["tree"], "fr": ["arbre"]}, preferred=("fr",)
    )
    assert (said.title, said.description, said.keywords) == ("Arbres", "All trees", ("arbre", "tree"))
    assert said.translations == {"en": {"title": "Trees", "keywords": ["tree"]}}


def test_text_without_a_language_is_that_of_the_portal() -> None:
    facts = RecordFacts()
    facts.read({"title": "Bäume", "title_translated": {"de": "Bäume", "en": "Trees", "it": ""}})
    assert facts.worded().title == "Bäume"
    assert facts.worded().translations == {"en": {"title": "Trees"}}


def test_contacts_are_not_mixed() -> None:
    found = contact_of([Party(name="Author"), Party(name="Desk", email="desk@example.org")])
    assert found is not None and (found.name, found.email) == ("Desk", "desk@example.org")
    facts = RecordFacts()
    facts.read({"maintainer": '[{"name": "Desk", "email": "mailto:desk@example.org"}]', "author": "Somebody"})
    contact = facts.contact()
    assert contact is not None and (contact.name, contact.email) == ("Desk", "desk@example.org")


def test_three_levels_of_organisation() -> None:
    facts = RecordFacts()
    facts.read({"publisher": {"name": "Office", "subOrganizationOf": {"name": "Bureau", "subOrganizationOf": "State"}}})
    publisher = facts.publisher()
    assert publisher is not None
    assert (publisher.name, publisher.parent, publisher.ancestors) == ("Office", "Bureau", ("State",))


@pytest.mark.parametrize(
    ("said", "days"),
    [("R/P1.5M", 45.66), ("P45D", 45), ("R5/2008-03-01/P1Y", 365.24), ("R/P52W", 365.24), ("P1Y6M", 547.9)],
)
def test_every_duration_is_a_frequency(said: str, days: float) -> None:
    found = vocabulary.frequency(said)
    assert found is not None and found.period_days == pytest.approx(days, rel=0.01)


def test_no_duration_is_no_frequency() -> None:
    assert [vocabulary.frequency(said) for said in ("P", "R/P", "R/P0D", "PT")] == [None] * 4


def test_department_of_commerce_is_no_reservation() -> None:
    assert not vocabulary.is_restrictive("Ministry of Commerce and Works")
    assert vocabulary.is_restrictive("keine kommerzielle Nutzung")
    assert vocabulary.is_restrictive("CC-BY-NC-4.0") and not vocabulary.is_restrictive("CC-BY-4.0")


@pytest.mark.parametrize("end", ["null", "undefined", "NaN"])
def test_address_of_a_code_that_a_program_did_not_have_is_no_fact(end: str) -> None:
    address = f"http://publications.europa.eu/resource/authority/frequency/{end}"
    facts = RecordFacts()
    facts.read({"accrualPeriodicity": address})
    assert facts.text("frequency") is None
    file = Distribution(format=address.replace("frequency", "file-type"), access_url="https://example.org/null")
    found = without_placeholders(Dataset(identifier="1", frequency=address, distributions=(file,)))
    assert found.frequency is None
    assert found.distributions == (Distribution(access_url="https://example.org/null"),)


def test_levels_above_a_publisher_may_stand_in_one_text() -> None:
    facts = RecordFacts()
    facts.read({"publisher": "Office", "publisher_hierarchy": "State > Department > Office"})
    publisher = facts.publisher()
    assert publisher is not None
    assert (publisher.name, publisher.parent, publisher.ancestors) == ("Office", "Department", ("State",))


def test_licence_that_is_said_to_be_none_gives_way() -> None:
    assert licence_of(license_id="notspecified", license_title="License not specified") == (None, None)
    assert licence_of(license_id="notspecified", licence_text="ODbL")[0] == "ODbL"


def test_word_for_now_is_no_day() -> None:
    facts = RecordFacts()
    facts.read({"temporal_coverage_from": "Current", "temporal_coverage_to": "2024"})
    assert facts.period() == (None, "2024")


@pytest.mark.parametrize(
    ("said", "texts"),
    [
        ("Trees", {None: ["Trees"]}),
        ({"de": "Bäume", "en": "Trees", "fr": ""}, {"de": ["Bäume"], "en": ["Trees"]}),
        ([{"@value": "Trees", "@language": "en-GB"}, "T"], {"en": ["Trees"], None: ["T"]}),
        ([{"label": {"de": "Baum", "en": "tree"}}, {"name": "park"}], {"de": ["Baum"], "en": ["tree"], None: ["park"]}),
        ('{"de": ["Baum", "Wald"]}', {"de": ["Baum", "Wald"]}),
        ({"id": 7}, {}),
        (None, {}),
    ],
)
def test_texts_by_language(said: Any, texts: dict[str | None, list[str]]) -> None:
    assert by_language(said) == texts


@pytest.mark.parametrize("name", ["EPSG:4326", "NAD83 (CSRS)", "WGS 84", "UTM zone 33N"])
def test_system_of_coordinates_is_no_area(name: str) -> None:
    assert places(name) == []
    assert [places(one) for one in ("Utmarken", "Nadur 7")] == [["Utmarken"], ["Nadur 7"]]


def test_markup_around_nothing_is_nothing() -> None:
    assert licence_of(license="<p><br />&nbsp;</p>") == (None, None)
    assert licence_of(license="<p>ask us</p>")[0] == "<p>ask us</p>"


def test_name_beside_the_same_address_is_taken() -> None:
    facts = RecordFacts()
    facts.read({"maintainer_email": "desk@example.org", "author": "Desk", "author_email": "desk@example.org"})
    contact = facts.contact()
    assert contact is not None and (contact.name, contact.email) == ("Desk", "desk@example.org")


def test_columns_of_an_inventory_are_known_by_the_same_names() -> None:
    from harvester.spiders.inventory.columns import fields_of
    from quality.tables.read.text_table import TextTable

    header = ["Title", "Frequency-of-Update", "Terms of Use", "Veröffentlichende Stelle", "Shelf"]
    table = TextTable(
        header=header, header_line=1, rows=[["Trees", "monthly", "CC BY 4.0", "Office", "on top"]], lines=[2]
    )
    assert fields_of(table) == {"title": 0, "frequency": 1, "licence": 2, "publisher": 3}
