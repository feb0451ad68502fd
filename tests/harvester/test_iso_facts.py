"""Where ISO 19139 and 19115-3 records keep their facts: what is read of each place, by what it says."""

from __future__ import annotations

import pytest

from harvester.spiders.documents import any_xml
from tests.harvester.iso_parts import dataset, listed, record, words

BY = "https://creativecommons.org/licenses/by/4.0/"
NO_LIMITS = "http://inspire.ec.europa.eu/metadata-codelist/LimitationsOnPublicAccess/noLimitations"


def legal(
    *parts: tuple[str, str, str | None], use: str = "", access: str = "", block: str = "MD_LegalConstraints"
) -> str:
    inner = "".join(f"<gmd:{name}>{words(text, link)}</gmd:{name}>" for name, text, link in parts if "use" in name)
    for name, code in (("accessConstraints", access), ("useConstraints", use)):
        inner += f"<gmd:{name}>{listed('MD_RestrictionCode', code)}</gmd:{name}>" if code else ""
    inner += "".join(f"<gmd:{name}>{words(text, link)}</gmd:{name}>" for name, text, link in parts if "use" not in name)
    return f"<gmd:resourceConstraints><gmd:{block}>{inner}</gmd:{block}></gmd:resourceConstraints>"


USE, OTHER = "useLimitation", "otherConstraints"
ANY = "otherRestrictions"


@pytest.mark.parametrize(
    ("constraints", "licence", "title", "access"),
    [
        (legal((USE, f"Licence: CC BY 4.0, {BY}", None)), f"Licence: CC BY 4.0, {BY}", None, None),
        (
            legal((USE, "CC BY 4.0", None), (OTHER, "no limitations on public access", NO_LIMITS), access=ANY),
            "CC BY 4.0", None, NO_LIMITS,
        ),
        (legal((OTHER, "Attribution 4.0", BY), access=ANY), BY, "Attribution 4.0", None),
        (
            legal((OTHER, "Nur für Behörden: Schutz von Brutplätzen", None), (OTHER, "CC BY 4.0", BY), access=ANY),
            BY, "CC BY 4.0", "Nur für Behörden: Schutz von Brutplätzen",
        ),
        (legal((OTHER, "no limits to public access", None), access=ANY), None, None, "no limits to public access"),
        (legal((USE, "Keine Zugriffsbeschränkungen", None)), None, None, "Keine Zugriffsbeschränkungen"),
        (legal((OTHER, "Pas de restriction d'accès", None), use=ANY), None, None, "Pas de restriction d'accès"),
        # Use is spoken of as well: no licence that can be told, but a word on use.
        (
            legal((OTHER, "no conditions apply to access and use", None), use=ANY),
            "no conditions apply to access and use", None, None,
        ),
        # The disclaimer stands first, the licence behind it.
        (
            legal((USE, "The board is not liable for errors.", None), (USE, "Licence Ouverte 2.0", None)),
            "Licence Ouverte 2.0", None, None,
        ),
        # Where nothing can be told, the text that is about use stays.
        (legal((USE, "Ask the board.", None)), "Ask the board.", None, None),
        (
            legal((OTHER, "Nutzungsbedingungen des Kreises, https://kreis.example/nutzung", None), access=ANY),
            "Nutzungsbedingungen des Kreises, https://kreis.example/nutzung", None,
            "Nutzungsbedingungen des Kreises, https://kreis.example/nutzung",
        ),
        # An access code that says "licence" makes the text beside it one.
        (legal((OTHER, "Terms of the board", None), access="license"), "Terms of the board", None, None),
        (
            legal(
                (OTHER, "Les conditions d'accès du service", "https://ville.example/acces"),
                (OTHER, "Les conditions d'utilisation du service", "https://ville.example/usage"),
                use="license", access="license",
            ),
            "https://ville.example/usage", "Les conditions d'utilisation du service", "https://ville.example/acces",
        ),
        (legal((USE, "Staff only", None), block="MD_SecurityConstraints"), None, None, "Staff only"),
    ],
)  # fmt: skip
def test_a_licence_is_known_by_what_it_says(
    constraints: str, licence: str | None, title: str | None, access: str | None
) -> None:
    found = dataset(constraints)
    assert (found.licence, found.licence_title, found.access_rights) == (licence, title, access)


def test_what_is_not_the_licence_is_kept_as_rights() -> None:
    found = dataset(legal((USE, "No warranty.", None), (OTHER, "CC0", None), use=ANY))
    assert (found.licence, found.rights) == ("CC0", "No warranty.")


def party(name: str, role: str, kind: str = "organisationName", place: str = "gmd:pointOfContact") -> str:
    return (
        f"<{place}><gmd:CI_ResponsibleParty><gmd:{kind}>{name}</gmd:{kind}>"
        f"<gmd:role>{listed('CI_RoleCode', role)}</gmd:role></gmd:CI_ResponsibleParty></{place}>"
    )


@pytest.mark.parametrize(
    ("parties", "publisher"),
    [
        (party(words("A"), "pointOfContact") + party(words("B"), "originator"), "B"),
        (party(words("A"), "originator") + party(words("B"), "owner") + party(words("C"), "publisher"), "C"),
        (party(words("A"), "Owner"), "A"),
        (party(words("", "https://org.example/board"), "publisher"), "https://org.example/board"),
        (party(words("R. Hale"), "author", "individualName"), "R. Hale"),
        (party(words("R. Hale"), "pointOfContact", "individualName"), None),
    ],
)
def test_roles_that_make_a_publisher(parties: str, publisher: str | None) -> None:
    found = dataset(parties).publisher
    assert (found.name if found else None) == publisher


@pytest.mark.parametrize(
    ("own", "identifier"),
    [
        (words("", "https://id.example/7"), "https://id.example/7"),
        (words("seven", "https://id.example/7"), "seven"),
        (words(" \n ", "https://id.example/7"), "https://id.example/7"),
    ],
)
def test_an_anchor_without_text_is_known_by_its_address(own: str, identifier: str) -> None:
    assert dataset(own=own).identifier == identifier


def test_a_nil_reason_is_no_text() -> None:
    empty = '<gmd:abstract gco:nilReason="missing"><gco:CharacterString>missing</gco:CharacterString></gmd:abstract>'
    assert dataset(empty).description is None
    assert dataset(empty.replace(">missing<", ">Levels<")).description == "Levels"


def period(start: str, end: str) -> str:
    return (
        "<gmd:extent><gmd:EX_Extent><gmd:temporalElement><gmd:EX_TemporalExtent><gmd:extent><gml:TimePeriod>"
        f"<gml:beginPosition>{start}</gml:beginPosition><gml:endPosition>{end}</gml:endPosition>"
        "</gml:TimePeriod></gmd:extent></gmd:EX_TemporalExtent></gmd:temporalElement></gmd:EX_Extent></gmd:extent>"
    )


@pytest.mark.parametrize(
    ("about", "span"),
    [
        (period("2001", "2004") + period("1998-01", "2002"), ("1998-01", "2004")),
        (period("2001", "") + period("1998", "2002"), ("1998", None)),
        (period("Jurassic", "2004"), ("Jurassic", "2004")),
    ],
)
def test_several_periods_are_one_span(about: str, span: tuple[str | None, str | None]) -> None:
    found = dataset(about)
    assert (found.temporal_start, found.temporal_end) == span


def free(own: str, **others: str) -> str:
    """Return a text in the record's language, with translations by locale."""
    groups = "".join(
        f'<gmd:textGroup><gmd:LocalisedCharacterString locale="#{locale}">{text}</gmd:LocalisedCharacterString>'
        "</gmd:textGroup>"
        for locale, text in others.items()
    )
    return f"{words(own)}<gmd:PT_FreeText>{groups}</gmd:PT_FreeText>"


def in_languages(title: str, abstract: str, keyword: str) -> str:
    locales = "".join(
        f'<gmd:locale><gmd:PT_Locale id="{name}"><gmd:languageCode>{listed("LanguageCode", code)}</gmd:languageCode>'
        "</gmd:PT_Locale></gmd:locale>"
        for name, code in (("L1", "fre"), ("L2", "eng"))
    )
    about = (
        f"<gmd:abstract>{abstract}</gmd:abstract><gmd:descriptiveKeywords><gmd:MD_Keywords><gmd:keyword>{keyword}"
        "</gmd:keyword></gmd:MD_Keywords></gmd:descriptiveKeywords>"
    )
    text = record(about, before=f"<gmd:language>{listed('LanguageCode', 'ger')}</gmd:language>{locales}")
    return text.replace(words("Wells"), title)


@pytest.mark.parametrize(
    ("portal", "title", "others"),
    [
        ("fr", "Puits", {"de": "Brunnen", "en": "Wells"}),
        (None, "Brunnen", {"fr": "Puits", "en": "Wells"}),
        ("it", "Brunnen", {"fr": "Puits", "en": "Wells"}),
    ],
)
def test_all_languages_are_kept_and_the_portal_s_own_is_shown(
    portal: str | None, title: str, others: dict[str, str]
) -> None:
    text = in_languages(
        free("Brunnen", L1="Puits", L2="Wells"), free("Tiefen", L1="Niveaux"), free("Wasser", L2="water")
    )
    found = any_xml.to_dataset(text, languages=(portal,))
    assert found.title == title
    assert {code: one["title"] for code, one in found.translations.items()} == others
    assert set(found.keywords) == {"Wasser", "water"}
    assert found.description == ("Niveaux" if portal == "fr" else "Tiefen")


def test_a_blank_text_in_the_record_s_own_language_is_no_text() -> None:
    text = in_languages(free("", L1="Puits"), free(" ", L2="Levels"), free("Wasser"))
    found = any_xml.to_dataset(text)
    assert (found.title, found.description) == ("Puits", "Levels")


PYCSW = (
    f"<gmd:metadataStandardName>{words('ISO19115')}</gmd:metadataStandardName>"
    f"<gmd:metadataStandardVersion>{words('2003/Cor.1:2006')}</gmd:metadataStandardVersion>"
)


def test_what_pycsw_s_conversion_lost_is_not_known() -> None:
    assert {"licence", "frequency", "publisher"} <= set(dataset(before=PYCSW).not_carried)
    # A record that has what pycsw never writes is its publisher's own.
    assert dataset(legal((USE, "CC BY 4.0", None)), before=PYCSW).not_carried == ()
    assert dataset(before=PYCSW.replace("ISO19115", "ISO 19115")).not_carried == ()


def test_what_dublin_core_of_a_catalogue_cannot_carry_is_not_known() -> None:
    found = any_xml.to_dataset(
        '<csw:Record xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dct="http://purl.org/dc/terms/"><dc:identifier>r</dc:identifier><dct:modified>2024</dct:modified>'
        "<dc:rights>otherRestrictions</dc:rights><dc:rights>The board is not liable.</dc:rights>"
        '<dc:rights>Licence Ouverte 2.0</dc:rights><dct:references scheme="OGC:WMS">https://f.example/wms'
        '</dct:references><dct:references scheme="WWW:DOWNLOAD">https://f.example/w.zip</dct:references></csw:Record>'
    )
    assert (found.record_modified, found.modified) == ("2024", None)
    assert {"contact", "frequency", "modified", "issued"} <= set(found.not_carried)
    # A licence is known by what it says here too, and a service is no file.
    assert found.licence == "Licence Ouverte 2.0"
    assert [one.endpoint_url for one in found.data_services] == ["https://f.example/wms"]
    assert [one.download_url for one in found.distributions] == ["https://f.example/w.zip"]


def test_keywords_with_an_address_tell_of_law_and_category() -> None:
    law, category = "http://data.europa.eu/eli/reg_impl/2023/138/oj", "http://data.europa.eu/bna/c_dd313021"
    listed_words = [words("High-value dataset", law), words("Earth observation", category), words("Wells")]
    inner = "".join(f"<gmd:keyword>{one}</gmd:keyword>" for one in [*listed_words, listed_words[0]])
    found = dataset(f"<gmd:descriptiveKeywords><gmd:MD_Keywords>{inner}</gmd:MD_Keywords></gmd:descriptiveKeywords>")
    assert (found.applicable_legislation, found.hvd_categories) == ((law,), (category,))
    assert found.keywords == ("High-value dataset", "Earth observation", "Wells")
