"""The ladder of probes comes from the folders of the portal types, and nothing but a folder is needed for one more."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import harvester
from harvester.detect.markers import by_markers
from harvester.detect.probes import AS_GIVEN, BY_TYPE, PROBES, USUAL_PROBES, accepted, own_address
from harvester.detect.recognise import RECOGNISERS
from harvester.spiders import portal_types
from harvester.spiders.base.detection import ProbeResponse
from specs.errors import SpecError
from specs.portals import of_url

USUAL = """
/api/3/action/package_search /data.json /api/search/v1/collections/dataset/items /api/catalog/v1
/api/explore/v2.1/catalog/datasets /api/1/datasets/ /api/1/search /api/v2/datasets/ /api/search /collections
/arcgis/rest/services /catalog.ttl /catalog.rdf /catalog.xml /catalog.jsonld /csw /srv/eng/csw /sitemap.xml /sparql /oai
"""
LESS_USUAL = """
/geonetwork/srv/eng/csw /portal/sharing/rest/search /sharing/rest/search /rest/services /server/rest/services
/api/3/action/package_list /api/3/action/current_package_list_with_resources /api/datasets/ /api/layers/ /api/datasets
/api/hub/search/search /search /api/v0/registry/records /api/v0/search/datasets /oai-pmh /oai/request /oai/provider
/query /feeds/dcat /api/feed/dcat-us/1.1.json /api/feed/dcat-us/3.0 /stac /catalog.json /waf/ /metadata/
"""
READ_BY = """
ckan dkan socrata opendatasoft udata hub arcgis_portal arcgis_server geonode dataverse ogc_records stac sparql i14y csw
oai_pmh metadata_document magda piveau arcgis_service sitemap dcat_rdf data_json schema_org waf inventory
"""
MARKED = ("ckan", "dkan", "socrata", "opendatasoft", "arcgis-hub", "udata", "geonode", "dataverse", "csw")


def test_order_of_the_questions_stays() -> None:
    # Where few requests may be made the order decides what is found: change it knowingly.
    assert [probe.path.partition("?")[0] for probe in USUAL_PROBES] == USUAL.split()
    # A new type comes behind those that are known here, and these lists need not name it.
    known = LESS_USUAL.split()
    assert [probe.path.partition("?")[0] for probe in PROBES[len(USUAL_PROBES) :]][: len(known)] == known
    assert [one.kinds for one in AS_GIVEN] == [("sparql",), ("csw",), ("oai-pmh",), ("arcgis-server",)]
    assert [one.__name__ for one in RECOGNISERS][: len(READ_BY.split())] == READ_BY.split()
    page = "".join(f'<div class="{mark}">' for mark in MARKED)
    page += '<link href="/fanstatic/"><link href="dkan-frontend"><link href="hub-app"><link href="dataverse-x">'
    page += '<link href="/srv/eng/">'
    assert [kind for kind, _ in by_markers(ProbeResponse("", 200, body=page.encode()))] == list(MARKED)


def test_no_two_of_a_kind_share_a_rank() -> None:
    markers = [declared.marker.rank for declared in BY_TYPE.values() if declared.marker is not None]
    readers = [rank for declared in BY_TYPE.values() for rank, _ in declared.recognisers]
    for ranks in ([one.rank for one in PROBES], [one.rank for one in AS_GIVEN], markers, readers):
        assert len(set(ranks)) == len(ranks)


def test_every_probe_reveals_its_own_type_or_names_those_it_reveals() -> None:
    assert {kind for probe in PROBES for kind in probe.kinds} <= set(portal_types())
    assert accepted(("sparql",)).startswith("application/sparql-results") and accepted(("ckan", "dkan")) == "*/*"


@pytest.mark.parametrize(
    ("kind", "given", "portal"),
    [
        ("ckan", "https://x.example/data/api/3/action/package_show?id=1", "https://x.example/data"),
        ("csw", "https://x.example/csw?service=CSW", "https://x.example/csw"),
        ("arcgis-portal", "https://x.example/portal/sharing/rest/search?q=a", "https://x.example/portal"),
        (
            "ogc-records",
            "https://x.example/collections/metadata/items?limit=1",
            "https://x.example/collections/metadata",
        ),
        ("waf", "https://x.example/waf/?C=M", "https://x.example/waf/?C=M"),
    ],
)
def test_portal_of_an_address_within_its_interface(kind: str, given: str, portal: str) -> None:
    assert own_address(given, kind) == portal


def test_type_that_is_not_installed_is_refused_with_the_list_of_types() -> None:
    with pytest.raises(SpecError) as refused:
        of_url("https://data.example", "pondview")
    said = str(refused.value)
    assert said.startswith("https://data.example: type: Input should be 'arcgis-hub', 'arcgis-portal', ")
    assert said.endswith("'udata' or 'waf' (found 'pondview'); correct the value")


PROBE = """
from harvester.spiders.base.detection import CERTAIN, Detection, PageMarker, Probe, TypeProbes

def pond(seen):
    return Detection("pond-view", CERTAIN, 3, "ponds") if b"ponds" in seen.body else None

PROBES = TypeProbes(
    probes=(Probe(15, "/pond/v1?limit=1", pond),), recognisers=((5, pond),), marker=PageMarker(5, "pondview"),
    api_paths=("/pond/",), is_at_home=True,
)
"""
SAY = """
from harvester.detect import probes, recognise, markers
from harvester.spiders import portal_types, spider_class
from harvester.spiders.base.detection import ProbeResponse
from specs.portals import of_url
spec = of_url("https://data.example/pond/v1", "pond-view")
print(spec.type, "pond-view" in portal_types(), spider_class("pond-view").type, probes.PROBES[1].path)
print(probes.own_address("https://data.example/pond/v1", "pond-view"), probes.PROBES[1].kinds)
print(recognise.whatever(ProbeResponse("", 200, body=b"ponds")).type)
print(markers.by_markers(ProbeResponse("", 200, body=b'<p class="pondview">')))
"""


def test_one_more_type_needs_nothing_but_its_folder(tmp_path: Path) -> None:
    # A copy of the package with one more folder: nothing else in it is changed.
    shutil.copytree(
        Path(harvester.__file__).parent, tmp_path / "harvester", ignore=shutil.ignore_patterns("__pycache__")
    )
    folder = tmp_path / "harvester/spiders/pond_view"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "probe.py").write_text(PROBE)
    (folder / "spider.py").write_text("class Spider:\n    type = 'pond-view'\n")
    (tmp_path / "say.py").write_text(SAY)
    done = subprocess.run([sys.executable, "say.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "pond-view True pond-view /pond/v1?limit=1",
        "https://data.example ('pond-view',)",
        "pond-view",
        "[('pond-view', 'pondview')]",
    ]
