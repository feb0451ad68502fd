"""CKAN with national fields, fluent, scheming or in extras: what each country calls the facts."""

from __future__ import annotations

import json
from typing import Any

from catalog.model import Contact, Dataset
from harvester.spiders.ckan.record import to_dataset

SHAPE = '{"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 4], [1, 2]]]}'
CANADA: dict[str, Any] = {
    "id": "ca-1", "name": "ca-1", "title": "Wells", "title_translated": {"en": "Wells", "fr": "Puits"},
    "notes": "Depth", "notes_translated": {"en": "Depth", "fr": "Profondeur"},
    "keywords": {"en": ["water"], "fr": ["eau"]}, "subject": ["nature_and_environment"], "frequency": "P1M",
    "date_published": "2019-01-15 00:00:00", "date_modified": "2024-05-06 00:00:00",
    "time_period_coverage_start": "1998-01-01", "time_period_coverage_end": "2004-12-31", "spatial": SHAPE,
    "maintainer_email": "wells@board.example", "license_id": "ca-ogl-lgo", "portal_release_date": "2020-01-01",
    "organization": {"id": "o", "title": "Natural Board | Office naturel"}, "metadata_created": "2018-01-01",
    "metadata_modified": "2024-06-01", "collection": "primary", "type": "dataset",
    "resources": [{"id": "r", "name": "Wells", "name_translated": {"en": "Wells", "fr": "Puits"}, "format": "CSV",
                   "language": ["en", "fr"], "url": "https://f.example/w.csv", "date_published": "2019-01-15"}],
}  # fmt: skip
FINLAND: dict[str, Any] = {
    "id": "fi-1", "name": "kaivot", "title": "Kaivot", "title_translated": {"fi": "Kaivot", "sv": "Brunnar"},
    "notes_translated": {"fi": "Syvyys", "sv": "Djup"}, "keywords": {"fi": ["vesi"], "sv": ["vatten"]},
    "update_frequency": {"fi": ["Vuosittain"], "sv": ["Årligen"]}, "geographical_coverage": ["Larkholm"],
    "valid_from": "1998-01-01", "valid_till": "2004-12-31", "date_released": "2019-01-15",
    "maintainer": "Vesilaitos", "maintainer_email": "vesi@board.example", "license_id": "cc-by-4.0",
    "external_urls": ["https://board.example/kaivot"], "organization": {"id": "o", "title": "Vesilaitos"},
    "resources": [{"id": "r", "name_translated": {"fi": "Kaivot CSV", "sv": "Brunnar CSV"}, "format": "CSV",
                   "url": "https://f.example/k.csv", "size": 100, "sha256": "ab" * 32}],
}  # fmt: skip
SWITZERLAND: dict[str, Any] = {
    "id": "ch-1", "name": "brunnen", "title": {"de": "Brunnen", "fr": "Puits", "it": "", "en": ""},
    "description": {"de": "Tiefen", "fr": "Profondeurs", "it": "", "en": ""},
    "keywords": {"de": ["wasser"], "fr": ["eau"], "it": [], "en": []},
    "contact_points": [{"email": "mailto:b@board.example", "name": "Amt"}],
    "publisher": '{"name": "Amt für Umwelt", "url": "https://board.example/org"}', "issued": "2019-01-15",
    "modified": "2024-05-06", "accrual_periodicity": "http://publications.europa.eu/resource/authority/frequency/ANNUAL",
    "temporals": [{"start_date": "2002", "end_date": "2004-12-31"}, {"start_date": "1998-01-01", "end_date": "2001"}],
    "relations": [{"label": {"de": "mehr"}, "url": "https://board.example/mehr"}], "spatial": "Larkholm",
    "url": "https://board.example/brunnen", "identifier": "7@amt", "language": ["de", "fr"],
    "documentation": ["https://board.example/doku"], "conforms_to": ["https://board.example/norm"],
    "groups": [{"name": "envi", "title": {"de": "Umwelt", "fr": "Environnement"}}],
    "resources": [{"id": "r", "title": {"de": "Brunnen", "fr": "Puits"}, "format": "CSV", "media_type": "text/csv",
                   "license": "http://dcat-ap.ch/vocabulary/licenses/terms_by", "url": "https://f.example/b",
                   "download_url": "https://f.example/b.csv", "byte_size": 100, "language": ["de"]}],
}  # fmt: skip


def test_canada() -> None:
    found = to_dataset(CANADA, "https://p.example", ("en",))
    assert (found.title, found.description, found.keywords) == ("Wells", "Depth", ("water", "eau"))
    assert found.translations == {"fr": {"title": "Puits", "description": "Profondeur", "keywords": ["eau"]}}
    assert (found.issued[:10] if found.issued else None, found.record_modified) == ("2019-01-15", "2024-06-01")
    assert found.modified == "2024-05-06 00:00:00"
    assert (found.temporal_start, found.temporal_end, found.frequency) == ("1998-01-01", "2004-12-31", "P1M")
    assert (found.licence, found.themes) == ("ca-ogl-lgo", ("nature_and_environment",)) and SHAPE in found.spatial
    assert found.contact == Contact(email="wells@board.example")
    assert found.publisher and found.publisher.name == "Natural Board | Office naturel"
    assert [(one.title, one.issued, one.language) for one in found.distributions] == [
        ("Wells", "2019-01-15", ("en", "fr"))
    ]


def test_finland() -> None:
    found = to_dataset(FINLAND, "https://p.example", ("fi",))
    assert (found.title, found.description, found.keywords) == ("Kaivot", "Syvyys", ("vesi", "vatten"))
    assert found.translations["sv"] == {"title": "Brunnar", "description": "Djup", "keywords": ["vatten"]}
    assert (found.issued, found.frequency, found.spatial) == ("2019-01-15", "Vuosittain", ("Larkholm",))
    assert (found.temporal_start, found.temporal_end) == ("1998-01-01", "2004-12-31")
    assert found.contact == Contact(name="Vesilaitos", email="vesi@board.example")
    assert found.relations == ("https://board.example/kaivot",)
    file = found.distributions[0]
    assert (file.title, file.checksum, file.checksum_algorithm) == ("Kaivot CSV", "ab" * 32, "sha256")


def test_switzerland() -> None:
    found = to_dataset(SWITZERLAND, "https://p.example", ("de",))
    assert (found.title, found.description, found.keywords) == ("Brunnen", "Tiefen", ("wasser", "eau"))
    assert found.translations == {"fr": {"title": "Puits", "description": "Profondeurs", "keywords": ["eau"]}}
    assert found.publisher and (found.publisher.name, found.publisher.url) == (
        "Amt für Umwelt",
        "https://board.example/org",
    )
    assert found.contact == Contact(name="Amt", email="b@board.example")
    assert (found.issued, found.modified, found.themes) == ("2019-01-15", "2024-05-06", ("Umwelt",))
    assert (found.temporal_start, found.temporal_end) == ("1998-01-01", "2004-12-31")
    assert found.frequency == "http://publications.europa.eu/resource/authority/frequency/ANNUAL"
    assert (found.relations, found.landing_page) == (("https://board.example/mehr",), "https://board.example/brunnen")
    assert (found.language, found.documentation) == (("de", "fr"), ("https://board.example/doku",))
    assert (found.conforms_to, found.other_identifiers) == (("https://board.example/norm",), ("7@amt",))
    file = found.distributions[0]
    assert (file.licence, file.media_type) == ("http://dcat-ap.ch/vocabulary/licenses/terms_by", "text/csv")
    assert (file.access_url, file.download_url) == ("https://f.example/b", "https://f.example/b.csv")


def of_extras(**extras: str) -> Dataset:
    listed = [{"key": key, "value": value} for key, value in extras.items()]
    return to_dataset({"id": "a", "name": "a", "title": "A", "extras": listed}, "https://x.example")


def test_austria() -> None:
    area = "POLYGON ((16.1 48.1, 16.5 48.1, 16.5 48.3, 16.1 48.1))"
    found = of_extras(
        begin_datetime="2010-01-01T00:00:00", end_datetime="2020-12-31", geographic_toponym="Linz",
        geographic_bbox=area, update_frequency="jährlich", categorization='["umwelt"]',
        attribute_description="A: the first column",
        date_released="2011-01-01", date_updated="2021-01-01",
    )  # fmt: skip
    assert (found.temporal_start, found.temporal_end) == ("2010-01-01T00:00:00", "2020-12-31")
    assert found.spatial == ("Linz", area) and found.themes == ("umwelt",)
    assert (found.issued, found.modified, found.frequency) == ("2011-01-01", "2021-01-01", "jährlich")
    assert found.described_by == "A: the first column"


def test_germany_before_dcat_ap() -> None:
    """Dates and parties come with what they are, in German."""
    dates = [
        {"role": "erstellt", "date": "2012-01-01"}, {"role": "veroeffentlicht", "date": "2012-02-01"},
        {"role": "aktualisiert", "date": "2013-03-01"},
    ]  # fmt: skip
    parties = [
        {"role": "veroeffentlichende_stelle", "name": "Landesamt", "email": "amt@x.example"},
        {"role": "ansprechpartner", "name": "Frau A", "email": "a@x.example"},
    ]
    found = of_extras(dates=json.dumps(dates), contacts=json.dumps(parties))
    assert (found.issued, found.modified) == ("2012-02-01", "2013-03-01")
    assert found.publisher is not None and found.publisher.name == "Landesamt"
    assert found.contact is not None and found.contact.email == "a@x.example"


def test_italy() -> None:
    """Lists of objects as JSON in a text, and codes as PostgreSQL writes them."""
    spans = [
        {"temporal_start": "2015-01-01", "temporal_end": "2016-01-01"},
        {"temporal_start": "2010-01-01", "temporal_end": "2011-01-01"},
    ]
    found = of_extras(
        temporal_coverage=json.dumps(spans), theme=json.dumps([{"theme": "ENVI", "subthemes": []}]),
        language="{ITA,DEU}", geographical_name="ITA_BZO",
        alternate_identifier=json.dumps([{"identifier": "alt-1", "agent": {}}]),
    )  # fmt: skip
    assert (found.temporal_start, found.temporal_end) == ("2010-01-01", "2016-01-01")
    assert (found.themes, found.language) == (("ENVI",), ("ITA", "DEU"))
    assert (found.spatial, found.other_identifiers) == (("ITA_BZO",), ("alt-1",))


def _filed(**values: Any) -> Any:
    plain = {"id": "x", "name": "x", "title": "Wells", "organization": {"id": "o", "title": "Board"}, "resources": []}
    return to_dataset({**plain, **values}, "https://p.example")


def _extras(**values: Any) -> list[dict[str, Any]]:
    return [{"key": key.replace("_", " "), "value": value} for key, value in values.items()]


def test_a_portal_that_files_by_country_states_the_area() -> None:
    groups = [{"name": "afg", "display_name": "Afghanistan"}, {"name": "pak", "display_name": "Pakistan"}]
    found = _filed(
        groups=groups,
        dataset_date="[2020-01-01T00:00:00 TO 2020-12-31T23:59:59]",
        data_update_frequency="365",
        license_id="hdx-other",
        license_other="Free to use under CC BY 4.0",
    )
    assert (found.spatial, found.themes) == (("Afghanistan", "Pakistan"), ())
    assert (found.temporal_start, found.temporal_end) == ("2020-01-01T00:00:00", "2020-12-31T23:59:59")
    assert found.licence == "Free to use under CC BY 4.0"
    mixed = _filed(groups=[*groups, {"name": "water", "title": "Water"}])
    assert (mixed.spatial, len(mixed.themes)) == ((), 3)


def test_one_word_stands_over_a_day_and_over_a_frequency() -> None:
    assert _filed(extras=_extras(Aggiornamento="Annuale")).frequency == "Annuale"
    assert _filed(extras=_extras(Aggiornamento="2013-01-01")).frequency is None
    assert _filed(extras=_extras(Frekuensi_Dimutakhirkan="1 Tahun Sekali")).frequency == "1 Tahun Sekali"


def test_periods_of_national_extensions() -> None:
    listed = '[{"temporal_start": "2010-01-01", "temporal_end": "2012-01-01"}]'
    halves = {"Copertura Temporale (Data di inizio)": "2011-01-01", "Copertura Temporale (Data di fine)": "2012-12-31"}
    for extras, start, end in [
        (_extras(temporal_coverage=listed), "2010-01-01", "2012-01-01"),
        ([{"key": key, "value": value} for key, value in halves.items()], "2011-01-01", "2012-12-31"),
        (_extras(Cobertura_temporal_desde="2001", Cobertura_temporal_hasta="2003"), "2001", "2003"),
    ]:
        found = _filed(extras=extras)
        assert (found.temporal_start, found.temporal_end) == (start, end)
    assert _filed(spatial_value=["http://x.example/terms/Larkholm"]).spatial == ("http://x.example/terms/Larkholm",)
