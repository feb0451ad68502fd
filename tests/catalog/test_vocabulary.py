"""The vocabularies: what resolves, what must not, and that tables and official lists agree."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
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
from specs.vocabularies import read

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
ORACLES = SHARED / "oracles"
EU = "http://publications.europa.eu/resource/authority/"
TABLES = ("licences", "formats", "frequencies", "themes", "access_rights", "languages")
LOOK_UPS: dict[str, Callable[..., Any]] = {
    "licence": licence,
    "file_format": file_format,
    "format_of_url": format_of_url,
    "known_media_type": known_media_type,
    "frequency": frequency,
    "theme": theme,
    "access_right": access_right,
    "language": language,
}

needs_oracles = pytest.mark.skipif(not ORACLES.is_dir(), reason="official lists (shared/oracles) are not here")
needs_portals = pytest.mark.skipif(
    not (SHARED / "portals").is_dir(), reason="recorded portals (shared/portals) are not here"
)


def _id(entry: Any) -> str | None:
    return None if entry is None else str(entry.id)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("cc-by", "CC-BY"),
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-nc-sa", "CC-BY-NC-SA"),
        ("CC_40_BY", "CC-BY-4.0"),
        ("CC-BY-2.5-AR", "CC-BY-2.5"),
        ("Atribucion 2.5 Argentina (CC BY 2.5 AR)", "CC-BY-2.5"),
        ("https://creativecommons.org/licenses/by/2.5/ar ", "CC-BY-2.5"),
        ("http://creativecommons.org/licenses/by/3.0/au/", "CC-BY-3.0"),
        ("//www.creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/legalcode.fr", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/deed.ja", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/deed.zh-hant", "CC-BY-NC-ND-4.0"),
        ("HTTP://WWW.CreativeCommons.org/licenses/by-sa/4.0/?ref=chooser-v1", "CC-BY-SA-4.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("http://creativecommons.org/publicdomain/mark/1.0/other-pd", "CC-PDM-1.0"),
        ("クリエイティブ・コモンズ 表示（CC BY）", "CC-BY"),
        ("クリエイティブ・コモンズ 表示 4.0 国際", "CC-BY-4.0"),
        ("Creative Commons Namensnennung 4.0 International (CC BY 4.0)", "CC-BY-4.0"),
        ("Creative Commons Attribution | Share Alike 4.0 International", "CC-BY-SA-4.0"),
        ("Creative Commons Attribution–NonCommercial–NoDerivs 3.0 Unported", "CC-BY-NC-ND-3.0"),
        ("Creative Commons 1.0 Universal (Public Domain Dedication)", "CC0-1.0"),
        ("cc-zero", "CC0-1.0"),
        ("c​c0", "CC0-1.0"),
        (EU + "licence/CC_BY_4_0", "CC-BY-4.0"),
        (EU + "licence/CC_BY", "CC-BY-4.0"),
        ("uk-ogl", "OGL-UK"),
        ("http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", "OGL-UK-3.0"),
        ("Open Government Licence v3.0", "OGL-UK-3.0"),
        ("fr-lo", "LO-FR-1.0"),
        ("lov2", "LO-FR-2.0"),
        ("Licence Ouverte / Open Licence version 2.0", "LO-FR-2.0"),
        ("Licence Ouverte", "LO-FR"),
        ("dl-de/by-2-0", "DL-DE-BY-2.0"),
        ("http://dcat-ap.de/def/licenses/dl-zero-de/2.0", "DL-DE-ZERO-2.0"),
        ("https://www.govdata.de/dl-de/zero-2-0", "DL-DE-ZERO-2.0"),
        ("IODL 2.0", "IODL-2.0"),
        ("https://data.norge.no/nlod/no/2.0", "NLOD-2.0"),
        ("https://opendata.swiss/terms-of-use#terms_by", "CH-BY"),
        ("https://opendata.swiss/de/terms-of-use/#terms_by_ask", "CH-BY-ASK"),
        ("NonCommercialAllowed-CommercialAllowed-ReferenceRequired", "CH-BY"),
        ("Open Government Licence - Canada", "OGL-Canada-2.0"),
        ("Nova Scotia Open Government Licence", "OGL-NovaScotia"),
        ("공공누리 제1유형", "KOGL-1"),
        ("政府標準利用規約（第2.0版）", "JP-GSTU-2.0"),
        ("Libre Uso MX", "Libre-Uso-MX"),
        ("odc-odbl", "ODbL-1.0"),
        ("https://opendatacommons.org/licenses/odbl/1-0/", "ODbL-1.0"),
        ("https://www.usa.gov/government-works", "US-PD"),
        ("http://www.usa.gov/publicdomain/label/1.0/", "US-PD"),
        ("Public Domain", "other-pd"),
        ("Public Domain\nKNBS(http://www.knbs.or.ke)", "other-pd"),
        ("https://project-open-data.cio.gov/unknown-license/#v1-legacy", "notspecified"),
        ("notspecified", "notspecified"),
        ("{{license}}", "notspecified"),
        ('<a href="https://creativecommons.org/licenses/by/4.0/" rel="nofollow">CC BY</a>', "CC-BY-4.0"),
        ("<p>CC&nbsp;BY&nbsp;4.0</p>", "CC-BY-4.0"),
        ("CC BY<div>with attribution &quot;NSW Rural Fire Service 2019&quot;</div>", "CC-BY"),
        ("Licensed under a Creative Commons Attribution 4.0 International License.", "CC-BY-4.0"),
        (
            "Creative Commons 1.0 Universal\nBoard\nhttp://creativecommons.org/publicdomain/zero/1.0/legalcode",
            "CC0-1.0",
        ),
        ("The data are under the Open Data Commons Attribution License of the city", "ODC-BY-1.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("Open Government Licence - Northmere", "OGL"),
        ("Northmere Open Government License 1.0", "OGL"),
        ("Contains information licensed under the Open Government Licence – City of Northmere.", "OGL"),
        ("https://northmere.example/en/open-government-licence-northmere", "OGL"),
        ("Open Government Data License (Taiwan) 1.0", None),
        ("Open Government Licence - Northmere, non-commercial", None),
        ("Open Government License Korea", None),
        ("https://www.openstreetmap.org/copyright/fr", "ODbL-1.0"),
        ("https://w3id.org/italia/controlled-vocabulary/licences/A21_CCBY40", "CC-BY-4.0"),
        ("https://w3id.org/italia/controlled-vocabulary/licences/A33_CCBYSA30IT", "CC-BY-SA-3.0"),
        ("https://w3id.org/italia/controlled-vocabulary/licences/B13_CCBYNCND40", "CC-BY-NC-ND-4.0"),
        ("https://w3id.org/italia/controlled-vocabulary/licences/A29_IODL20", "IODL-2.0"),
        ("https://w3id.org/italia/controlled-vocabulary/licences/C1_Unknown", "notspecified"),
        (
            "http://inspire.ec.europa.eu/metadata-codelist/ConditionsApplyingToAccessAndUse/noConditionsApply",
            "no-conditions",
        ),
        ("Aucune condition ne s'applique", "no-conditions"),
        ("https://www.etalab.gouv.fr/licence-ouverte-v2-0", "LO-FR-2.0"),
        ("https://www.data.gouv.fr/licences/licence-ouverte", "LO-FR"),
        ("Published by the Ministry of Commerce and Works under CC BY 4.0", "CC-BY-4.0"),
        ("CC BY 4.0, commercial use needs our leave", None),
        ("CC BY 4.0, pas d'usage commercial", None),
        ("CC BY 4.0, kommerzielle Nutzung ausgeschlossen", None),
    ],
)
def test_licence_strings(text: str, expected: str | None) -> None:
    assert _id(licence(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ​ ",
        "CC",
        "Creative Commons",
        "https://creativecommons.org",
        "https://creativecommons.org/licenses/",
        "free",
        "open",
        "Open Data",
        "see website",
        "Open Government Licence",
        "Open Government Licence 2.0",
        "Creative Commons 4.0",
        "Creative Commons 1.0 Universal",
        "CC BY 3.0 / CC BY 4.0",
        "CC BY-SA-ND 4.0",
        "CC BY 4.0, except for the photographs",
        "Texts CC BY 4.0, images CC BY-NC 4.0",
        "Not licensed under CC BY 4.0",
        "Creative Commons Attribution 4.0; non-commercial use only",
        "licensed under Creative Commons by the city",
        "CC BY, but ask first",
        "CC BY 4.0 (no commercial use)",
        "CC BY 4.0 for academic use only",
        "Creative Commons BY 4.0, kommerzielle Nutzung nicht erlaubt",
        "Licence Ouverte 2.0 / ODbL",
        "Provided by:\nIntel\nsee terms",
        '<a href="https://creativecommons.org/licenses/by-nc/4.0/">CC BY 4.0</a>',
        "https://creativecommons.org/licenses/by/4.0/ or https://opendatacommons.org/licenses/odbl/",
        "Creative Commons 3.0, https://creativecommons.org/licenses/by/4.0/",
        "https://example.org/licence",
        "https://opendata.swiss/terms-of-use",
        "https://data.example.gov/?license=https://creativecommons.org/licenses/by/4.0/",
        "mailto:info@example.org",
        "true",
    ],
)
def test_no_licence_is_guessed(text: str) -> None:
    assert licence(text) is None


def test_first_string_that_resolves_wins() -> None:
    assert _id(licence(None, "", "see website", "cc-by", "odc-odbl")) == "CC-BY"
    assert licence() is None
    assert licence(None, None) is None


def test_a_licence_says_open_and_usable_apart() -> None:
    by, nc = licence("cc-by"), licence("CC-BY-NC-4.0")
    assert by and by.is_open is True and by.is_data_usable
    assert nc and nc.is_open is False and nc.in_mqa_list, "known to the EU, and not open"
    declared, none = licence("other-open"), licence("notspecified")
    assert declared and declared.open_definition == "declared" and declared.is_open is None
    assert none and none.open_definition == "none" and none.is_open is None and not none.is_data_usable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".csv", "CSV"),
        ("text/csv;charset=utf-8", "CSV"),
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


# --- official lists


def _oracle_csv(name: str) -> list[list[str]]:
    with (ORACLES / "mqa" / "vocab" / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row]


def _file_types(name: str) -> set[str]:
    text = (ORACLES / "mqa" / "vocab" / name).read_text(encoding="utf-8")
    return set(re.findall(r"authority/file-type/(\w+)", text))


def _flagged(column: str) -> set[str]:
    return {row["id"] for row in read("formats") if row[column] == "yes"}


@needs_oracles
def test_mqa_format_lists_are_exact() -> None:
    readable = _file_types("edp-machine-readable-format.rdf")
    assert len(readable) == 20 and _flagged("mqa_machine_readable") == readable
    open_2025 = {row[1] for row in _oracle_csv("mjanez_non_proprietary.csv")}
    open_2019 = _file_types("edp-non-proprietary-format.rdf")
    assert _flagged("mqa_non_proprietary") == open_2025
    assert open_2025 - open_2019 == {"ETSI_XML", "GPKG"} and len(open_2019) == 29


@needs_oracles
def test_formats_with_an_eu_uri_are_the_eu_table() -> None:
    official = {row[0] for row in _oracle_csv("mjanez_file_types.csv")}
    assert {row["eu_uri"] for row in read("formats") if row["eu_uri"]} == official


@needs_oracles
def test_media_types_are_registered() -> None:
    registered = {"application/sparql-results+json"}  # registered after the copy was made
    for file in (ORACLES / "mqa" / "vocab" / "iana").glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as rows:
            registered |= {(r["Template"] or f"{file.stem}/{r['Name']}").casefold() for r in csv.DictReader(rows)}
    for row in read("formats"):
        for media_type in filter(None, row["media_types"].split(" | ")):
            assert media_type in registered or "/vnd." in media_type, media_type


@needs_oracles
def test_verdicts_agree_with_the_open_definition_list() -> None:
    expected = {"approved": "open", "rejected": "not_open", "not reviewed": "not_reviewed", "": "not_reviewed"}
    special = {"notspecified": "none", "other-open": "declared", "other-at": "declared", "other-pd": "declared"}
    for key, entry in json.loads((ORACLES / "okfn-licences" / "all.json").read_text(encoding="utf-8")).items():
        verdict = special.get(key, expected[entry["od_conformance"]])
        for name in [key, *entry.get("legacy_ids", [])]:
            found = licence(name)
            assert found is not None, name
            assert found.open_definition == verdict, name
            if verdict == "open":
                assert found.is_data_usable == entry["domain_data"], name


@needs_oracles
def test_every_member_of_the_mqa_licence_list_is_known() -> None:
    uris = {row[0] for row in _oracle_csv("mjanez_licenses.csv") if row[0].startswith(EU + "licence/")}
    table = (ORACLES / "eu-authority" / "licences-sparql-result.ttl").read_text(encoding="utf-8")
    uris |= {f"{EU}licence/{code}" for code in re.findall(r"dc:identifier\t\"(\w+)\"", table)}
    assert len(uris) > 170
    for uri in uris:
        found = licence(uri)
        assert found is not None and found.in_mqa_list, uri
    for row in read("licences"):
        if row["eu_uri"]:
            assert row["eu_uri"] in uris and row["in_mqa_list"] == "yes", row["id"]


@needs_oracles
@pytest.mark.parametrize(
    ("table", "file", "authority"),
    [
        ("frequencies", "frequencies-sparql-result.ttl", "frequency"),
        ("themes", "data-theme-sparql-result.ttl", "data-theme"),
        ("access_rights", "access-right-sparql-result.ttl", "access-right"),
    ],
)
def test_terms_are_the_eu_tables(table: str, file: str, authority: str) -> None:
    text = (ORACLES / "eu-authority" / file).read_text(encoding="utf-8")
    prefixes = re.findall(rf"@prefix (\w+):\s*<{re.escape(EU + authority)}/>", text)
    official = {code for p in prefixes for code in re.findall(rf"\b{p}:(\w+)", text)}
    official |= set(re.findall(rf"authority/{authority}/(\w+)>", text))
    assert official and {row["id"] for row in read(table)} == official
    assert all(row["eu_uri"] == f"{EU}{authority}/{row['id']}" for row in read(table))


# --- recorded portals


def _bench() -> Any:
    spec = importlib.util.spec_from_file_location("bench_vocabulary", ROOT / "bench" / "vocabulary.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@needs_portals
def test_share_of_recorded_strings_that_resolve() -> None:
    licences: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    for declared in _bench().recordings(SHARED / "portals").values():
        licences.update(declared.licences)
        formats.update(declared.formats)
    resolved = {text: licence(text) for text in licences}
    none_given = sum(n for t, n in licences.items() if (e := resolved[t]) and e.open_definition == "none")
    named = sum(n for t, n in licences.items() if (e := resolved[t]) and e.open_definition != "none")
    known = sum(n for t, n in formats.items() if file_format(t))
    # Two counties of Illinois link their own terms of use from nearly every record: they stay unresolved.
    own_terms = sum(n for t, n in licences.items() if "89679671cfa64832" in t or "peoriacountygis" in t)
    assert none_given > 300
    assert own_terms > 1_800 and not any(resolved[t] for t in licences if "89679671cfa64832" in t)
    assert named / (licences.total() - none_given - own_terms) > 0.99
    assert known / formats.total() > 0.995


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
