"""Public lists of portals become portal files, each portal once."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog.db.store import open_catalog
from harvester.cli.main import cli
from harvester.cli.registry import resolve
from harvester.night.stages import portal_of
from specs.errors import SpecError
from specs.portals import Limits, PortalSpec, Schedule, dump, load, load_file, of_url, save
from specs.portals.registries import key_of, portals_of, read_registry
from tests.conftest import SHARED

COMMON = [
    {"name": "Larkholm", "link": "https://data.larkholm.example/", "software": {"id": "ckan"}, "status": "active",
     "endpoints": [{"type": "ckan", "url": "https://data.larkholm.example/api/3"}],
     "owner": {"name": "City of Larkholm", "location": {"country": {"id": "SE"}}}},
    {"name": "Maps", "link": "https://geo.larkholm.example", "software": {"id": "geonetwork"}, "status": "active",
     "endpoints": [{"type": "csw202", "url": "https://geo.larkholm.example/srv/eng/csw?SERVICE=CSW"}], "owner": {}},
    {"name": "Own", "link": "https://own.example", "software": {"id": "custom"}, "status": "active", "owner": {},
     "endpoints": [{"type": "sitemap", "url": "https://own.example/sitemap.xml"},
                   {"type": "dcat:ttl", "url": "https://own.example/c.ttl"}]},
    {"name": "Gone", "link": "https://gone.example", "software": {"id": "ckan"}, "status": "inactive", "owner": {}},
    {"name": "=1+1", "link": "https://formula.example", "software": {"id": "ipt"}, "status": "active", "owner": {}},
    {"name": "Other", "link": "https://other.example", "software": {"id": "ipt"}, "status": "active", "owner": {}},
    {"name": "Same", "link": "http://www.data.larkholm.example/dataset", "software": {"id": "ckan"}, "owner": {}},
    {"name": "No address", "software": {"id": "ckan"}, "owner": {}},
]  # fmt: skip


def specs_of(path: Path, kind: str | None = None) -> tuple[list[PortalSpec], list[str]]:
    found = list(portals_of(read_registry(path, kind), []))
    made = [one for one in found if isinstance(one, PortalSpec)]
    return made, [one[1] for one in found if not isinstance(one, PortalSpec)]


def test_export_of_the_dataportals_registry(tmp_path: Path) -> None:
    path = tmp_path / "catalogs.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in COMMON))
    made, left = specs_of(path)
    assert [(one.id, one.type, one.url) for one in made] == [
        ("data-larkholm-example", "ckan", "https://data.larkholm.example"),
        ("geo-larkholm-example-srv-eng-csw", "csw", "https://geo.larkholm.example/srv/eng/csw"),
        ("own-example-c-ttl", "dcat-rdf", "https://own.example/c.ttl"),
    ]
    assert (made[0].government, made[0].country) == ("City of Larkholm", "SWE")
    assert left == [
        "the list calls it inactive",
        "nothing reads ipt",
        "nothing reads ipt",
        "it is known already",
        "it has no address",
    ]


def test_csv_of_dataportals_and_other_lists(tmp_path: Path) -> None:
    path = tmp_path / "dataportals-org.csv"
    path.write_text(
        "name,title,url,publisher,country,status,generator,api_endpoint\n"
        "a,Alpha,https://a.example/en,Town of A,PT,active,CKAN: 2.9,https://a.example/katalog/api/3\n"
        "b,Beta,https://b.example,,,active,,\n"
        "c,Gamma,https://c.example,,XX,closed,Socrata,\n"
        "d,Delta,https://d.example,,,active,CKAN,https://elsewhere.example/api/3\n"
    )
    made, left = specs_of(path)
    assert [(one.type, one.url, one.country) for one in made] == [
        ("ckan", "https://a.example/katalog", "PRT"),
        ("ckan", "https://d.example", None),
    ]
    assert left == ["its type is not told", "the list calls it closed"]
    path = tmp_path / "plain.csv"
    path.write_text("portalName;URL\nX;https://x.example/data.json\nY;y.example\n")
    assert [(one.type, one.url) for one in specs_of(path, "arcgis-hub")[0]] == [
        ("arcgis-hub", "https://x.example"),
        ("arcgis-hub", "https://y.example"),
    ]


@pytest.mark.parametrize("kind", ["csw", "stac", "oai-pmh", "ogc-records"])
def test_list_of_interfaces_has_the_type_that_the_operator_gives(kind: str, tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_text("name,url\nA,https://a.example/interface\n")
    made, left = specs_of(plain, kind)
    assert [(one.type, one.url) for one in made] == [(kind, "https://a.example/interface")] and not left
    common = tmp_path / "catalogs.jsonl"
    common.write_text(json.dumps(COMMON[0]))
    assert specs_of(common, kind) == ([], [f"the list does not give the address of its {kind} interface"])


def test_software_whose_interface_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("name,url,software\nA,https://a.example,GeoNetwork\n")
    assert specs_of(path) == ([], ["the list does not give the address of its csw interface"])


def test_json_lists(tmp_path: Path) -> None:
    ckan = tmp_path / "ckan-instances.json"
    ckan.write_text(json.dumps([{"title": "A", "url": "http://a.example", "url-api": "http://a.example/katalog"}]))
    assert [one.url for one in specs_of(ckan)[0]] == ["http://a.example/katalog"]
    socrata = tmp_path / "socrata-sites.json"
    socrata.write_text(json.dumps([{"description": "data.b.example", "name": "Town of B", "id": 1}]))
    assert [(one.type, one.url, one.title) for one in specs_of(socrata)[0]] == [
        ("socrata", "https://data.b.example", "Town of B")
    ]
    dataverse = tmp_path / "installations.json"
    dataverse.write_text(json.dumps({"installations": [{"name": "D", "hostname": "d.example", "harvesting_sets": []}]}))
    assert specs_of(dataverse)[0][0].type == "dataverse"
    sites = tmp_path / "ckan-sites.geojson"
    sites.write_text(json.dumps({"features": [{"properties": {"title": "E", "url": "http://e.example"}}]}))
    assert specs_of(sites)[0][0].url == "http://e.example"


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", '{"a": 1}', "name,title\n1,2\n"])
def test_what_is_no_list_is_said(text: str, tmp_path: Path) -> None:
    for name in ("list.json", "list.csv"):
        path = tmp_path / name
        path.write_text(text)
        if name.endswith("csv") or text != "[1, 2]":
            with pytest.raises(SpecError, match="list"):
                list(read_registry(path))


def test_addresses_of_one_portal_have_one_key() -> None:
    same = ["http://data.a.example", "https://www.data.a.example/", "https://data.a.example/api/3/action/x",
            "https://data.a.example/data.json", "https://DATA.a.example:443/dataset/"]  # fmt: skip
    assert len({key_of(url) for url in same}) == 1
    assert key_of("https://a.example/ckan") != key_of("https://a.example")
    assert key_of("https://a.example:8080") != key_of("https://a.example")
    assert key_of("https://a.example/srv?node=1") != key_of("https://a.example/srv?node=2")
    assert key_of("https://a.example/dataset?q=x") == key_of("https://a.example")


def test_one_bad_record_does_not_end_a_list(tmp_path: Path) -> None:
    def line(host: str, **more: object) -> str:
        return json.dumps({"name": host, "link": f"https://{host}.example", "software": {"id": "ckan"}, **more}) + "\n"

    path = tmp_path / "catalogs.jsonl"
    path.write_bytes(
        (line("a") + "{bad\n[1]\n" + line("b", software="ckan", owner="Town of B", coverage=7)).encode()
        + b'{"name": "\xff"}\n'
        + line("c", owner=3).encode()
    )
    made, left = specs_of(path)
    assert [one.id for one in made] == ["a-example", "b-example", "c-example"] and made[1].government == "Town of B"
    assert [why.split(": ")[:2] for why in left] == [["it cannot be read", f"line {n}"] for n in (2, 3, 5)]
    result = CliRunner().invoke(cli, ["--data", str(tmp_path), "portals", "import", str(path)], catch_exceptions=False)
    assert "left out: 3, it cannot be read" in result.output and "line 2: " in result.output

    table = tmp_path / "list.csv"
    table.write_text("url,title\nhttps://a.example,A\nhttps://b.example,'" + "x" * 140_000 + "'\n")
    made, left = specs_of(table, "ckan")
    assert [one.id for one in made] == ["a-example"] and "cannot be read on after line 2" in left[0]

    document = tmp_path / "ckan.json"
    document.write_text('[{"url": "https://a.example"}, 5, {"url": "https://b.example"}]')
    made, left = specs_of(document)
    assert len(made) == 2 and "record 2: the record is no object" in left[0]


def test_what_came_before_the_end_of_a_cut_file_is_kept(tmp_path: Path) -> None:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    rows = [json.dumps({"link": f"https://h{n}.example/{n * n:x}", "software": {"id": "ckan"}}) for n in range(40_000)]
    packed = zstd.compress("\n".join(rows).encode())
    path = tmp_path / "catalogs.jsonl.zst"
    path.write_bytes(packed[: len(packed) * 3 // 4])
    entries = list(read_registry(path))
    assert len(entries) > 1_000 and all(one.fault is None for one in entries[:-1])
    assert "the file breaks off after line" in str(entries[-1].fault)


def test_ids_of_addresses_do_not_collide(tmp_path: Path) -> None:
    long = "https://h.example/" + "a" * 80
    urls = ["https://h.example", "https://h.example/x?k=1", "https://h.example/x?k=2", "https://h.example/a/b",
            "https://h.example/a-b", "https://h.example/a_b", "https://h.example/A/b", "https://h.example/a.b",
            "https://h.example/api/feed/dcat-us/3.0", "https://h.example/api/v1", long, long + "b"]  # fmt: skip
    ids = [of_url(url, "dcat-us").id for url in urls]
    assert len(set(ids)) == len(ids) and ids[0] == "h-example" and ids[3] == "h-example-a-b"
    for same in ("http://h.example/", "https://h.example/api/3", "https://h.example/data.json"):
        assert of_url(same, "ckan").id == "h-example"
    with pytest.raises(SpecError, match="not a web address"):
        of_url("http://[bad", "ckan")

    known = PortalSpec(id="a-b-example", type="ckan", title="T", url="https://a.b.example")
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.begin_run("test", [portal_of(known)], version="0", methodology="0")
    assert resolve(tmp_path, ["https://a.b.example"], portal_type="ckan")[0].id == known.id
    with pytest.raises(SpecError, match=r"is that of https://a\.b\.example"):
        resolve(tmp_path, ["https://a-b.example"], portal_type="ckan")


def test_portal_file_is_written_as_it_is_read(tmp_path: Path) -> None:
    spec = PortalSpec(
        id="x", type="ckan", title='A "title" \\ with é\x7f\nand a line', url="http://x.example",
        volatile=("a.*.b",), limits=Limits(delay_s=2), schedule=Schedule(weekdays=("mon",)), obey_robots=False,
    )  # fmt: skip
    assert load_file(save(spec, tmp_path)) == spec
    assert tomllib.loads(dump(spec))["limits"] == {"delay_s": 2}
    with pytest.raises(SpecError, match="is there already"):
        save(spec, tmp_path)


def test_import_twice_writes_once(tmp_path: Path) -> None:
    path = tmp_path / "catalogs.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in COMMON))
    unknown = tmp_path / "unknown.csv"

    def run(*more: str) -> str:
        arguments = ["--data", str(tmp_path / "d"), "portals", "import", str(path), *more]
        return CliRunner().invoke(cli, arguments, catch_exceptions=False).output

    assert "would be written" in run("--dry-run") and not (tmp_path / "d" / "portals").exists()
    assert ": 3 (" in run("--unknown", str(unknown))
    assert unknown.read_text().splitlines() == [
        "url,title",
        "https://formula.example,'=1+1",
        "https://other.example,Other",
    ]
    assert ": 0 (none)" in run()
    assert len(load(tmp_path / "d" / "portals")) == 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the registries do not lie beside this checkout")
@pytest.mark.parametrize(
    ("name", "least"),
    [("commondata-catalogs.jsonl.zst", 11_000), ("dataportals-org.csv", 80), ("ckan-instances.json", 190),
     ("socrata-sites-2014.json", 50), ("dataverse-installations.json", 150), ("ckan-ecosystem-sites.geojson", 600)],
)  # fmt: skip
def test_real_registries(name: str, least: int) -> None:
    made, _ = specs_of(SHARED / "registries" / name)
    assert len(made) >= least
    assert len({one.id for one in made}) == len({key_of(one.url) for one in made}) == len(made)
