"""Licences by the words that portals use for them: what resolves, and what must not."""

from __future__ import annotations

import pytest

from catalog.vocabulary import (
    licence,
)
from tests.catalog.vocabulary_tables import EU, _id


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
        ("The Open Government Licence of the City of Northmere", "OGL"),
        ("our open government licence", None),
        ("Data are published under this Open Government Licence", None),
        ("Open Government Licence - Terms and Conditions", None),
        ("Notre licence du gouvernement ouvert", None),
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
