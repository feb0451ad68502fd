"""Files, services and pages among the links of an ISO 19139 record."""

from __future__ import annotations

import pytest

from tests.harvester.iso_parts import dataset, listed, words


def online(url: str, protocol: str = "", name: str = "", function: str = "") -> str:
    return (
        f"<gmd:onLine><gmd:CI_OnlineResource><gmd:linkage><gmd:URL>{url.replace('&', '&amp;')}</gmd:URL></gmd:linkage>"
        f"<gmd:protocol>{words(protocol)}</gmd:protocol><gmd:name>{words(name)}</gmd:name>"
        f"<gmd:function>{listed('CI_OnLineFunctionCode', function)}</gmd:function>"
        "</gmd:CI_OnlineResource></gmd:onLine>"
    )


def formats(place: str, *names: str) -> str:
    return "".join(
        f"<gmd:{place}><gmd:MD_Format><gmd:name>{words(name)}</gmd:name></gmd:MD_Format></gmd:{place}>"
        for name in names
    )


def distributor(*names: str, links: str) -> str:
    return (
        f"<gmd:distributor><gmd:MD_Distributor>{formats('distributorFormat', *names)}<gmd:distributorTransferOptions>"
        f"<gmd:MD_DigitalTransferOptions>{links}</gmd:MD_DigitalTransferOptions></gmd:distributorTransferOptions>"
        "</gmd:MD_Distributor></gmd:distributor>"
    )


def distribution(*parts: str, links: str = "") -> str:
    options = f"<gmd:MD_DigitalTransferOptions>{links}</gmd:MD_DigitalTransferOptions>"
    inner = "".join(parts) + (f"<gmd:transferOptions>{options}</gmd:transferOptions>" if links else "")
    return f"<gmd:distributionInfo><gmd:MD_Distribution>{inner}</gmd:MD_Distribution></gmd:distributionInfo>"


DOWN = "WWW:DOWNLOAD-1.0-http--download"


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (
            distribution(
                distributor("CSV", links=online("https://a.example/1", DOWN)),
                distributor("GeoJSON", links=online("https://a.example/2", DOWN)),
            ),
            ["CSV", "GeoJSON"],
        ),
        (
            distribution(
                formats("distributionFormat", "ESRI Shapefile", "CSV"),
                links=online("https://a.example/w.csv", DOWN) + online("https://a.example/w.zip", DOWN, "As shapefile"),
            ),
            ["CSV", "ESRI Shapefile"],
        ),
        (
            distribution(
                formats("distributionFormat", "GML", "CSV"),
                links=online("https://a.example/1", DOWN, "Wells (CSV)")
                + online("https://a.example/2", DOWN, "GML file"),
            ),
            ["CSV", "GML"],
        ),
        (
            distribution(
                formats("distributionFormat", "GeoTIFF"),
                links=online("https://a.example/1.zip", DOWN) + online("https://a.example/2.zip", DOWN),
            ),
            ["GeoTIFF", "GeoTIFF"],
        ),
        (
            distribution(
                formats("distributionFormat", "ESRI Shapefile", "CSV"),
                links=online("https://a.example/1", DOWN) + online("https://a.example/2", DOWN),
            ),
            ["ESRI Shapefile", "CSV"] * 2,
        ),
        # A packed file is known by what is in it.
        (
            distribution(formats("distributionFormat", "ZIP", "SHP"), links=online("https://a.example/1.zip", DOWN)),
            ["SHP"],
        ),
        # Nor is a file that is told by its address one of another format.
        (
            distribution(
                formats("distributionFormat", "GeoPackage"),
                links=online("https://a.example/1.pdf", DOWN) + online("https://a.example/2", DOWN),
            ),
            [None, "GeoPackage"],
        ),
        # A page has no format of the files.
        (
            distribution(
                formats("distributionFormat", "SHP"),
                links=online("https://a.example/about", "WWW:LINK-1.0-http--link")
                + online("https://a.example/1", DOWN),
            ),
            [None, "SHP"],
        ),
        # What is a page or a record by its address is one, whatever its link calls it.
        (
            distribution(
                formats("distributionFormat", "MapInfo TAB"),
                links=online("https://a.example/get.html?lang=fr", DOWN, function="download")
                + online("https://a.example/search#/metadata/1", DOWN, function="download")
                + online("https://a.example/csw?SERVICE=CSW&REQUEST=GetRecordById&ID=1", function="download")
                + online("https://a.example/1", DOWN),
            ),
            [None, None, None, "MapInfo TAB"],
        ),
        # The one that transfers without a distributor of its own has what the distributors declare.
        (distribution(distributor("NetCDF", links=""), links=online("https://a.example/1", DOWN)), ["NetCDF"]),
    ],
)
def test_each_file_has_its_own_format_or_all(rest: str, expected: list[str | None]) -> None:
    assert [one.format for one in dataset(rest=rest).distributions] == expected


@pytest.mark.parametrize(
    ("url", "protocol", "kind"),
    [
        ("https://a.example/ows", "OGC:WMS-1.3.0-http-get-map", "OGC:WMS-1.3.0-http-get-map"),
        ("https://a.example/x?service=WFS&request=GetCapabilities", "WWW:LINK-1.0-http--link", "OGC:WFS"),
        ("https://a.example/arcgis/rest/services/Wells/MapServer", "", "ESRI:REST"),
        ("https://a.example/EPSG/3857/1.0.0/WMTSCapabilities.xml", "", "OGC:WMTS"),
        ("https://a.example/w", "http://www.opengis.net/def/serviceType/ogc/wfs", "http://www.opengis.net/def/serviceType/ogc/wfs"),
        ("https://a.example/wms", "", "OGC:WMS"),
        ("https://a.example/x?service=WFS&request=GetFeature&outputFormat=csv", DOWN, None),
        ("https://a.example/wells.gpkg", "OGC:GPKG", None),
    ],
)  # fmt: skip
def test_a_web_service_is_no_file(url: str, protocol: str, kind: str | None) -> None:
    found = dataset(rest=distribution(links=online(url, protocol)))
    assert [one.conforms_to for one in found.data_services] == ([(kind,)] if kind else [])
    assert [one.access_url for one in found.distributions] == ([] if kind else [url])


def test_an_archive_in_data_set_uri_is_a_file_and_no_page() -> None:
    uri = f"<gmd:dataSetURI>{words('https://a.example/wells.zip')}</gmd:dataSetURI>"
    found = dataset(before=uri, rest=distribution(formats("distributionFormat", "SHP")))
    assert [(one.download_url, one.format) for one in found.distributions] == [("https://a.example/wells.zip", "SHP")]
    assert found.landing_page is None
    page = dataset(before=uri.replace("wells.zip", "wells"))
    assert (page.landing_page, page.distributions) == ("https://a.example/wells", ())
