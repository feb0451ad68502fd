"""The vocabularies: what resolves, what must not, and that the tables are sound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.vocabulary import (
    access_right,
    file_format,
    format_of_url,
    frequency,
    known_media_type,
    language,
    licence,
    theme,
)
from catalog.vocabulary.no_values import is_no_value
from specs.vocabularies import read
from tests.catalog.vocabulary_tables import EU, LOOK_UPS, ROOT, TABLES, _id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".csv", "CSV"),
        ("text/csv;charset=utf-8", "CSV"),
        ("text/csv, charset=utf-8", "CSV"),
        ("text/csv; utf-8; header=present", "CSV"),
        ("text/csv, text/csv", "CSV"),
        ("text/csv, CSV", "CSV"),
        ("text/csv, application/json", None),
        ("text/csv; charset=utf-8, application/json", None),
        ("text/csv;application/json", None),
        ("text/csv; JSON", None),
        ("text/csv, application/x-nobody-knows", None),
        ("Comma Separated Values", "CSV"),
        ("https://www.iana.org/assignments/media-types/text/csv", "CSV"),
        (EU + "file-type/CSV", "CSV"),
        ("csv file", "CSV"),
        ("EXCEL", "XLS"),
        ("Excel (.xlsx)", "XLSX"),
        ("xsls", "XLSX"),
        ("エクセル", "XLS"),
        ("WFS", "WFS_SRVC"),
        (EU + "file-type/WMS", "WMS_SRVC"),
        ("ArcGIS GeoServices REST API", "ESRI_REST"),
        ("Esri REST", "ESRI_REST"),
        ("application/vnd.geo+json", "GEOJSON"),
        ("RDF XML", "RDF_XML"),
        ("RDF", "RDF"),
        ("JSON-LD", "JSON_LD"),
        ("Web Page", "HTML"),
        ("shp.zip", "SHP"),
        ("Zipped CSV", "ZIP"),
        ("application/pdf; charset=binary", "PDF"),
        ("application/x-pdf", "PDF"),
        ("API", "API"),
        ("CSV, JSON", None),
        ("pdf/xls", None),
        ("xml et pdf", None),
        ("text, csv,pdf", None),
        ("otros", None),
        ("Gráfico", None),
        ("url", None),
        ("spreadsheet", None),
        ("application/unknown", None),
        ("https://example.org/data.csv", None),
        ("", None),
    ],
)
def test_format_strings(text: str, expected: str | None) -> None:
    assert _id(file_format(text)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/data/table.CSV?download=1#top", "CSV"),
        ("https://example.org/a%20b.xlsx", "XLSX"),
        ("https://example.org/rows.csv?accessType=DOWNLOAD", "CSV"),
        ("https://example.org/export?format=csv", "CSV"),
        ("https://example.org/index.php?f=geojson", "GEOJSON"),
        ("https://example.org/data.json?format=csv", None),
        ("https://example.org/arcgis/rest/services/X/FeatureServer/0", "ESRI_REST"),
        ("https://example.org/ows?SERVICE=WFS&request=GetCapabilities", "WFS_SRVC"),
        ("https://example.org/data.rdf", "RDF_XML"),
        ("https://example.csv/", None),
        ("https://example.org/v1.0", None),
        ("https://example.org/page.aspx", None),
        ("http://[broken", None),
        ("", None),
        (None, None),
    ],
)
def test_formats_of_addresses(url: str | None, expected: str | None) -> None:
    assert _id(format_of_url(url)) == expected


def test_known_media_types_are_registered_ones() -> None:
    assert known_media_type("Text/CSV; charset=UTF-8") == "text/csv"
    assert known_media_type("text/csv, application/json") is None
    assert known_media_type("https://www.iana.org/assignments/media-types/application/json") == "application/json"
    for text in (None, "", "csv", "text/json", "application/x-pdf", "application/unknown", "pdf/xls"):
        assert known_media_type(text) is None


@pytest.mark.parametrize(
    ("look_up", "text", "expected"),
    [
        (frequency, "R/P1Y", "ANNUAL"),
        (frequency, "P3M", "QUARTERLY"),
        (frequency, "R/PT1S", "UPDATE_CONT"),
        (frequency, "R/PT1M", "1MIN"),
        (frequency, "R/P1M", "MONTHLY"),
        (frequency, "R/P3.5D", "WEEKLY_2"),
        (frequency, "http://purl.org/cld/freq/annual", "ANNUAL"),
        (frequency, EU + "frequency/IRREG", "IRREG"),
        (frequency, "threeTimesAYear", "ANNUAL_3"),
        (frequency, "punctual", "NEVER"),
        (frequency, "jährlich", "ANNUAL"),
        (frequency, "毎月", "MONTHLY"),
        (frequency, "R/P17D", "OTHER"),
        (frequency, "2023", None),
        (frequency, "every 3 months", "QUARTERLY"),
        (frequency, "alle 14 Tage", "BIWEEKLY"),
        (frequency, "tous les 2 ans", "BIENNIAL"),
        (frequency, "2 times a year", "ANNUAL_2"),
        (frequency, "１か月ごと", "MONTHLY"),
        (frequency, "年1回(4月)", "ANNUAL"),
        (frequency, "1回/3年", "TRIENNIAL"),
        (frequency, "6 months", None),
        (frequency, "2020-2021", None),
        (frequency, "Historical Data", "NEVER"),
        (language, "eng; CAN", "ENG"),
        (language, "English (United States)", "ENG"),
        (theme, EU + "data-theme/EDUC", "EDUC"),
        (theme, "Bildung, Kultur und Sport", "EDUC"),
        (theme, "http://datos.gob.es/kos/sector-publico/sector/deporte", "EDUC"),
        (theme, "Transportation", "TRAN"),
        (theme, "miscellaneous", None),
        (access_right, "Public", "PUBLIC"),
        (access_right, "restricted public", "RESTRICTED"),
        (access_right, "non-public", "NON_PUBLIC"),
        (access_right, EU + "access-right/SENSITIVE", "SENSITIVE"),
        (access_right, "perhaps", None),
        (language, "en-US", "ENG"),
        (language, "en_GB", "ENG"),
        (language, "zh-Hans-CN", "ZHO"),
        (language, "ger", "DEU"),
        (language, EU + "language/FRA", "FRA"),
        (language, "http://id.loc.gov/vocabulary/iso639-1/en", "ENG"),
        (language, "Français", "FRA"),
        (language, "xx", None),
    ],
)
def test_terms(look_up: Callable[[str], Any], text: str, expected: str | None) -> None:
    assert _id(look_up(text)) == expected


def test_a_frequency_has_a_period_or_is_unbounded() -> None:
    for row in read("frequencies"):
        entry = frequency(row["id"])
        assert entry is not None and entry.is_unbounded == (entry.period_days is None), row["id"]


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_of_a_table_finds_its_own_row(name: str) -> None:
    look_up = {
        "licences": licence,
        "formats": file_format,
        "frequencies": frequency,
        "themes": theme,
        "access_rights": access_right,
        "languages": language,
    }[name]
    rows = read(name)
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        for text in [row["id"], row["eu_uri"], *row["aliases"].split(" | ")]:
            if text:
                assert _id(look_up(text)) == row["id"], text


def test_tables_are_plain_utf8_csv_without_stray_blanks() -> None:
    folder = ROOT / "specs" / "vocabularies"
    described = {row["file"] for row in read("sources")}
    for file in folder.glob("*.csv"):
        raw = file.read_bytes()
        assert b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf"), file.name
        assert file.name == "sources.csv" or file.name in described
        for row in read(file.stem):
            assert all(cell is not None and cell == cell.strip() for cell in row.values()), row
            for cell in row.values():
                parts = cell.split(" | ")
                assert len(set(parts)) == len(parts), cell


def test_flags_take_no_other_values() -> None:
    for row in read("licences"):
        assert row["is_open"] in {"yes", "no", "unknown"}
        assert {row["is_data_usable"], row["in_mqa_list"]} <= {"yes", "no"}
        assert row["open_definition"] in {"open", "not_open", "not_reviewed", "declared", "none"}
        if row["open_definition"] in {"open", "not_open"}:
            assert row["is_open"] == ("yes" if row["open_definition"] == "open" else "no"), row["id"]
    for row in read("formats"):
        assert {v for k, v in row.items() if k.startswith(("is_", "mqa_"))} <= {"yes", "no"}


@pytest.mark.parametrize("name", LOOK_UPS)
@given(text=st.one_of(st.text(), st.text(alphabet="cbyn/:.#?<>()[]{}& -_0413|vhtpsrefV'\"\n"), st.characters()))
@settings(max_examples=150, deadline=None)
def test_no_string_raises(name: str, text: str) -> None:
    LOOK_UPS[name](text)


@pytest.mark.parametrize("name", LOOK_UPS)
@pytest.mark.parametrize("unit", ["cc by ", "<", "(", " ", "https://", "a.", "/", "&lt;", "﷽"])
def test_long_strings_return_at_once(name: str, unit: str) -> None:
    started = time.perf_counter()
    LOOK_UPS[name](unit * (10_000_000 // len(unit)))
    LOOK_UPS[name](unit * (19_000 // len(unit)))
    assert time.perf_counter() - started < 2.0


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("every 3 months", "QUARTERLY"), ("alle zwei Jahre", "BIENNIAL"), ("tous les 3 mois", "QUARTERLY"),
        ("cada 6 meses", "ANNUAL_2"), ("three times a year", "ANNUAL_3"), ("4 x per year", "QUARTERLY"),
        ("1x/month", "MONTHLY"), ("every 18 months", "OTHER"), ("1年ごと", "ANNUAL"), ("１か月ごと", "MONTHLY"),
        ("3か月ごと", "QUARTERLY"), ("1年に2回程度", "ANNUAL_2"), ("1回/3年", "TRIENNIAL"), ("概ね一年ごと", "ANNUAL"),
        ("Static (not updated)", "NEVER"), ("Weekly (Mondays)", "WEEKLY"), ("jaehrlich", "ANNUAL"),
        ("Bi-Annually", "ANNUAL_2"), ("Semiannually", "ANNUAL_2"),
    ],
)  # fmt: skip
def test_frequencies_in_numbers_and_words(declared: str, expected: str) -> None:
    found = frequency(declared)
    assert found is not None and found.id == expected


@pytest.mark.parametrize("declared", ["2 per", "a year", "every 0 days", "every 2", "1年ごと不定期", "all an"])
def test_words_that_are_no_frequency(declared: str) -> None:
    assert frequency(declared) is None


@pytest.mark.parametrize("sign", (" ", "-", "_", "?!", "\u00a0", " . "))
def test_blanks_and_punctuation_are_no_value_however_long(sign: str) -> None:
    for length in (1, 40, 41, 5_000):
        text = sign * length
        assert is_no_value(text) and is_no_value(text, by_program=True)
        assert not is_no_value(text + "Rail") and not is_no_value("1" + text)
