"""FGDC CSDGM in folders and in a catalogue service, ArcGIS's own elements, and national profiles of ISO 19139."""

from __future__ import annotations

import pytest
from portal_server import PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.model import Contact, Dataset
from catalog.repositories.reading import datasets
from harvester.detect.recognise import whatever
from harvester.spiders.base.detection import ProbeResponse
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.documents import any_xml


def csdgm(idinfo: str = "", rest: str = "", cited: str = "") -> str:
    return (
        '<?xml version="1.0"?><!DOCTYPE metadata SYSTEM "http://127.0.0.1:9/fgdc.dtd"><metadata><idinfo><citation>'
        f"<citeinfo><title>Wells</title>{cited}</citeinfo></citation>{idinfo}</idinfo>{rest}</metadata>"
    )


def order(*files: str, form: str = "Shapefile", size: str = "") -> str:
    links = "".join(f"<networkr>{one}</networkr>" for one in files)
    return (
        f"<distinfo><stdorder><digform><digtinfo><formname>{form}</formname><transize>{size}</transize></digtinfo>"
        f"<digtopt><onlinopt><computer><networka>{links}</networka></computer></onlinopt></digtopt></digform></stdorder>"
        "</distinfo>"
    )


def read(text: str) -> Dataset:
    return any_xml.to_dataset(text, default_id="http://p.example/wells.xml")


def test_every_section_is_read() -> None:
    found = read(
        csdgm(
            """<descript><abstract>Depth of wells</abstract><purpose>Supply</purpose><langdata>en</langdata></descript>
            <timeperd><timeinfo><rngdates><begdate>19980101</begdate><enddate>2004</enddate></rngdates></timeinfo></timeperd>
            <status><progress>Complete</progress><update>Quarterly</update></status>
            <spdom><bounding><westbc>-10.5</westbc><eastbc>-10</eastbc><northbc>52</northbc><southbc>51.5</southbc></bounding>
            </spdom><keywords><theme><themekt>ISO 19115 Topic Category</themekt>
            <themekey>geoscientificInformation</themekey>
            </theme><theme><themekt>None</themekt><themekey>groundwater</themekey></theme>
            <place><placekt>None</placekt><placekey>Harbour County</placekey></place></keywords>
            <accconst>None</accconst><useconst>Creative Commons CC0 1.0 Universal</useconst>
            <ptcontac><cntinfo><cntperp><cntper>R. Hale</cntper><cntorg>Water Board</cntorg></cntperp>
            <cntemail>wells@board.example</cntemail></cntinfo></ptcontac><datacred>Surveyed by the board.</datacred>""",
            order("https://f.example/wells.zip", size="2.5")
            + "<metainfo><metd>20200101</metd></metainfo>",
            "<origin>Water Board of the county</origin><pubdate>20190115</pubdate>"
            "<pubinfo><publish>County of Harbour</publish></pubinfo>"
            "<onlink>https://p.example/wells</onlink><onlink>https://f.example/wells.zip</onlink>",
        )
    )  # fmt: skip
    assert (found.identifier, found.title, found.description) == (
        "http://p.example/wells.xml",
        "Wells",
        "Depth of wells",
    )
    assert (found.issued, found.modified, found.record_modified) == ("20190115", None, "20200101")
    assert (found.temporal_start, found.temporal_end, found.frequency) == ("19980101", "2004", "Quarterly")
    assert found.keywords == ("geoscientificInformation", "groundwater", "Harbour County")
    assert (found.themes, found.spatial) == (("geoscientificInformation",), ("-10.5,51.5,-10,52",))
    assert (found.licence, found.access_rights) == ("Creative Commons CC0 1.0 Universal", None)
    assert found.rights == "Surveyed by the board."
    assert found.publisher is not None and found.publisher.name == "County of Harbour"
    assert found.contact == Contact(name="Water Board", email="wells@board.example")
    assert (found.landing_page, found.language) == ("https://p.example/wells", ("en",))
    files = [(one.download_url, one.format, one.byte_size) for one in found.distributions]
    assert files == [("https://f.example/wells.zip", "Shapefile", "2.5 MB")]


@pytest.mark.parametrize(
    ("times", "span"),
    [
        ("<sngdate><caldate>2001</caldate></sngdate>", ("2001", "2001")),
        ("<rngdates><begdate>2001</begdate><enddate>Present</enddate></rngdates>", ("2001", None)),
        ("<rngdates><begdate>Unknown</begdate><enddate>2004</enddate></rngdates>", (None, "2004")),
        (
            "<mdattim><sngdate><caldate>2003</caldate></sngdate><sngdate><caldate>1999</caldate></sngdate></mdattim>",
            ("1999", "2003"),
        ),
    ],
)
def test_times_of_the_standard(times: str, span: tuple[str | None, str | None]) -> None:
    found = read(csdgm(f"<timeperd><timeinfo>{times}</timeinfo></timeperd>"))
    assert (found.temporal_start, found.temporal_end) == span


def test_links_are_known_by_their_addresses() -> None:
    cited = (
        "<onlink>https://p.example/arcgis/rest/services/Wells/MapServer</onlink><onlink>\\\\server\\share</onlink>"
        "<onlink>https://p.example/wells.csv</onlink>"
    )
    found = read(csdgm(cited=cited))
    assert [one.endpoint_url for one in found.data_services] == [
        "https://p.example/arcgis/rest/services/Wells/MapServer"
    ]
    assert [one.download_url for one in found.distributions] == ["https://p.example/wells.csv"]
    assert found.landing_page is None


def test_who_is_not_liable_and_prompts_of_editors_are_no_facts() -> None:
    found = read(
        csdgm(
            "<useconst>None</useconst><ptcontac><cntinfo><cntorgp><cntorg>REQUIRED: the organisation</cntorg></cntorgp>"
            "</cntinfo></ptcontac>",
            "<distinfo><distliab>No warranty is made.</distliab></distinfo>",
        )
    )
    assert (found.licence, found.rights, found.contact) == (None, "No warranty is made.", None)


def test_elements_of_arcgis_are_read_where_the_standard_has_none() -> None:
    found = any_xml.to_dataset(
        "<metadata><Esri><MetaID>{7}</MetaID></Esri><dataIdInfo><idCitation><resTitle>Wells</resTitle>"
        "<date><pubDate>2019-01-15</pubDate></date></idCitation><idAbs>Depth of wells</idAbs>"
        "<searchKeys><keyword>water</keyword></searchKeys><resConst><Consts><useLimit>CC BY 4.0</useLimit></Consts>"
        "</resConst><dataExt><geoEle><GeoBndBox><westBL>-10.5</westBL><southBL>51.5</southBL><eastBL>-10</eastBL>"
        "<northBL>52</northBL></GeoBndBox><GeoBndBox><westBL>621844.3</westBL><southBL>9.1</southBL><eastBL>1</eastBL>"
        "<northBL>2</northBL></GeoBndBox></geoEle></dataExt></dataIdInfo><mdDateSt>20200101</mdDateSt></metadata>"
    )
    assert (found.identifier, found.title, found.description) == ("{7}", "Wells", "Depth of wells")
    assert (found.licence, found.issued, found.keywords) == ("CC BY 4.0", "2019-01-15", ("water",))
    assert (found.spatial, found.record_modified) == (("-10.5,51.5,-10,52",), "20200101")


def test_a_record_that_nothing_names_is_lost_and_said() -> None:
    with pytest.raises(LostRecord, match="no identifier"):
        any_xml.to_dataset(csdgm())


SWISS = (
    '<che:CHE_MD_Metadata xmlns:che="http://www.geocat.ch/2008/che" xmlns:gmd="http://www.isotc211.org/2005/gmd" '
    'xmlns:gco="http://www.isotc211.org/2005/gco" gco:isoType="gmd:MD_Metadata">'
    "<gmd:fileIdentifier><gco:CharacterString>che-1</gco:CharacterString></gmd:fileIdentifier>{level}"
    '<gmd:identificationInfo><che:CHE_MD_DataIdentification gco:isoType="gmd:MD_DataIdentification"><gmd:citation>'
    "<gmd:CI_Citation><gmd:title><gco:CharacterString>Quellen</gco:CharacterString></gmd:title></gmd:CI_Citation>"
    "</gmd:citation><gmd:pointOfContact><che:CHE_CI_ResponsibleParty><gmd:organisationName><gco:CharacterString>Amt für"
    " Umwelt</gco:CharacterString></gmd:organisationName><gmd:role><gmd:CI_RoleCode codeListValue='owner'/></gmd:role>"
    "</che:CHE_CI_ResponsibleParty></gmd:pointOfContact><gmd:resourceConstraints><che:CHE_MD_LegalConstraints>"
    "<gmd:useLimitation><gco:CharacterString>CC BY 4.0</gco:CharacterString></gmd:useLimitation>"
    "</che:CHE_MD_LegalConstraints></gmd:resourceConstraints></che:CHE_MD_DataIdentification></gmd:identificationInfo>"
    "<gmd:distributionInfo><gmd:MD_Distribution><gmd:transferOptions><gmd:MD_DigitalTransferOptions><gmd:onLine>"
    "<gmd:CI_OnlineResource><gmd:linkage><che:PT_FreeURL><che:URLGroup><che:LocalisedURL locale='#DE'>"
    "https://f.example/quellen.csv</che:LocalisedURL></che:URLGroup><che:URLGroup><che:LocalisedURL locale='#FR'>"
    "https://f.example/sources.csv</che:LocalisedURL></che:URLGroup></che:PT_FreeURL></gmd:linkage>"
    "</gmd:CI_OnlineResource></gmd:onLine></gmd:MD_DigitalTransferOptions></gmd:transferOptions></gmd:MD_Distribution>"
    "</gmd:distributionInfo></che:CHE_MD_Metadata>"
)
SERVICE = "<gmd:hierarchyLevel><gmd:MD_ScopeCode codeListValue='service'/></gmd:hierarchyLevel>"


@pytest.mark.parametrize("iso_type", [True, False])
def test_a_national_profile_is_read_by_the_names_of_the_standard(iso_type: bool) -> None:
    text = SWISS.format(level="")
    found = any_xml.to_dataset(text if iso_type else text.replace("gco:isoType", "gco:kind"))
    assert (found.identifier, found.title, found.licence) == ("che-1", "Quellen", "CC BY 4.0")
    assert found.publisher is not None and found.publisher.name == "Amt für Umwelt"
    assert [one.access_url for one in found.distributions] == ["https://f.example/quellen.csv"]
    assert any_xml.non_dataset_id(SWISS.format(level=SERVICE)) == "che-1"


def test_a_folder_of_all_kinds_is_complete(catalog: Catalog) -> None:
    listing = b'<title>Index of /waf</title><a href="a.xml">a</a><a href="b.xml">b</a><a href="c.xml">c</a>'
    routes = {
        "/waf/": Response(content_type="text/html", body=b"<html>" + listing + b"</html>"),
        "/waf/a.xml": Response(content_type="text/xml", body=csdgm().encode()),
        "/waf/b.xml": Response(content_type="text/xml", body=SWISS.format(level="").encode()),
        "/waf/c.xml": Response(
            content_type="text/xml", body=SWISS.format(level=SERVICE).replace("che-1", "s").encode()
        ),
    }
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "waf", f"{server.url}/waf/"))
        own = f"{server.url}/waf/a.xml"
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["skipped"], row["errors"]) == ("complete", 2, 1, 0), row["reasons"]
    assert {one.dataset.identifier for one in datasets(catalog, "p")} == {own, "che-1"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (csdgm(), "waf"),
        (SWISS.format(level=""), "waf"),
        ("<metadata><title>Of something else</title></metadata>", None),
        ('{"currentVersion": 10.91, "mapName": "Wells", "layers": []}', "arcgis-server"),
    ],
)
def test_what_an_address_that_is_given_answers_with_is_recognised(body: str, kind: str | None) -> None:
    hit = whatever(
        ProbeResponse(url="http://p.example/x", status=200, body=body.encode(), final_url="http://p.example/x")
    )
    assert (hit.type if hit else None) == kind


def test_codes_of_arcgis_and_what_was_never_published() -> None:
    esri = (
        "<dataIdInfo><idCitation><resTitle>Roads</resTitle></idCitation><idAbs>All of them</idAbs>"
        '<resMaint><maintFreq><MaintFreqCd value="008"/></maintFreq></resMaint><tpCat><TopicCatCd value="018"/></tpCat>'
        '<tpCat><TopicCatCd value="099"/></tpCat><dataLang><languageCode value="fre"/></dataLang></dataIdInfo>'
        "<distInfo><distFormat><formatName>Shapefile</formatName></distFormat><distTranOps><onLineSrc>"
        "<linkage>https://x.example/roads.zip</linkage></onLineSrc></distTranOps></distInfo>"
    )
    found = any_xml.to_dataset(f"<metadata>{esri}</metadata>", "a")
    assert (found.frequency, found.themes, found.language) == ("annually", ("transportation",), ("fre",))
    assert [one.format for one in found.distributions] == ["Shapefile"]
    cited = "<citation><citeinfo><title>T</title><pubdate>Unpublished material</pubdate></citeinfo></citation>"
    form = "<digtinfo><formname>CSV</formname><transize>2 MB</transize></digtinfo>"
    link = "<computer><networka><networkr>https://x.example/1</networkr></networka></computer>"
    order = f"<stdorder><digform>{form}<digtopt><onlinopt>{link}</onlinopt></digtopt></digform></stdorder>"
    record = f"<metadata><idinfo>{cited}</idinfo><distinfo>{order}</distinfo></metadata>"
    old = any_xml.to_dataset(record, "b")
    assert old.issued is None and old.distributions[0].byte_size == "2 MB"
