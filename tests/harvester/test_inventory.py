"""Tables kept by hand: which rows are one dataset, what in them is an address, and what unfolds."""

from __future__ import annotations

import gzip
import io
import re
import resource
import zipfile
from collections.abc import Iterable
from typing import Any

import pytest
from portal_server import PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.model import Dataset, Distribution, Publisher
from catalog.repositories.reading import datasets
from harvester.spiders.inventory.spider import to_dataset


def kept(catalog: Catalog, *bodies: str) -> tuple[dict[str, Any], list[Dataset]]:
    """Harvest each of ``bodies`` from the same address in turn; return the row of the last harvest and its datasets."""
    with PortalServer() as server:
        for body in bodies:
            server.routes["/list.csv"] = Response(200, "text/csv", body.encode())
            harvest(catalog, spec("p", "inventory", f"{server.url}/list.csv"))
    return harvested(catalog, "p"), sorted((one.dataset for one in datasets(catalog, "p")), key=lambda d: d.identifier)


@pytest.mark.parametrize(
    ("rows", "names", "files"),
    [
        ("a,Air,http://x.example,h://1\nb,Bees,http://x.example,h://2", ["a", "b"], [1, 1]),
        (",Air,http://x.example,h://1\n,Bees,http://x.example,h://2\n,Bees,http://x.example,h://3", ["h://1", "h://2"],
         [1, 2]),
        (",Air,http://x.example,h://1\n,,http://x.example,h://2\n,Air,http://x.example,h://3", ["http://x.example"],
         [3]),
        (",Air,,h://1\n,Bees,,h://2", ["h://1", "h://2"], [1, 1]),
        ("a,Air,,h://1\na,Other,,h://2", ["a"], [2]),
    ],
    ids=["identifiers", "page of many", "page of one", "files", "identifier repeated"],
)  # fmt: skip
def test_which_rows_are_one_dataset(rows: str, names: list[str], files: list[int], catalog: Catalog) -> None:
    row, found = kept(catalog, f"id,title,page,url\n{rows}\n")
    assert (row["verdict"], row["errors"]) == ("complete", 0)
    assert [one.identifier for one in found] == names
    assert [len(one.distributions) for one in found] == files


def test_datasets_that_share_their_only_file_are_said(catalog: Catalog) -> None:
    row, found = kept(catalog, "title,url\nAir,h://1\nBees,h://1\n")
    assert (row["verdict"], row["duplicates"], [one.title for one in found]) == ("complete", 1, ["Air"])


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        *[(cell, cell) for cell in ("n/a", "N/A", "TBD", "none", "-", "www.city.example/b.csv", "city.example", "a/b")],
        *[(cell, cell) for cell in ("http://y.example/b.csv", "//y.example/b.csv", "see page 3.")],
        ("b.csv", "http://x.example/in/b.csv"),
        ("files/b.v2.xlsx", "http://x.example/in/files/b.v2.xlsx"),
        ("./b", "http://x.example/in/b"),
        ("../b.csv", "http://x.example/b.csv"),
        ("/b", "http://x.example/b"),
    ],
)
def test_only_a_path_is_joined_to_the_address_of_the_table(cell: str, address: str) -> None:
    raw = {
        "identifier": "a",
        "landing_page": cell,
        "files": [{"download_url": cell}],
        "@url": "http://x.example/in/l.csv",
    }
    found = to_dataset(raw)
    assert found.landing_page == found.distributions[0].download_url == address


def test_a_row_on_top_changes_no_other(catalog: Catalog) -> None:
    row, _ = kept(catalog, "id,title\na,Air\nb,Bees\n", "id,title\nz,New\na,Air\nb,Bees\n")
    assert (row["verdict"], row["added"], row["changed"]) == ("complete", 1, 0)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            "Dataset name;Web page of it;Owner;Last refreshed\nWells;https://p.example/wells;Board;2024-01-01",
            Dataset(identifier="https://p.example/wells", title="Wells", publisher=Publisher(name="Board"),
                    modified="2024-01-01", landing_page="https://p.example/wells"),
        ),
        # A status is no address, whatever its column is called; the address is where the addresses are.
        (
            "dbid,name,link,api,api_link\nw1,Wells,p.example,checked,https://p.example/api/3\nw2,Trees,q.example,checked,",
            Dataset(identifier="w1", title="Wells", landing_page="p.example",
                    distributions=(Distribution(access_url="https://p.example/api/3"),)),
        ),
        (
            "Nombre del conjunto de datos;Dónde;Logotipo\nPozos;https://p.example/p.csv;https://p.example/logo.png\n"
            "Pinos;https://p.example/q.xlsx;https://p.example/logo.png",
            Dataset(identifier="https://p.example/p.csv", title="Pozos", distributions=(
                Distribution(access_url="https://p.example/p.csv", download_url="https://p.example/p.csv"),)),
        ),
        # A running number names nothing: a row put above would give all others a new one.
        ("No.,Title,Owner\n1,Wells,Board\n2,Trees,Board", Dataset(
            identifier="Wells", title="Wells", publisher=Publisher(name="Board"))),
    ],
)  # fmt: skip
def test_what_a_column_holds_is_told_by_its_values(table: str, expected: Dataset, catalog: Catalog) -> None:
    row, found = kept(catalog, table + "\n")
    assert (row["verdict"], row["errors"]) == ("complete", 0), row["reasons"]
    assert next(one for one in found if one.identifier == expected.identifier) == expected


@pytest.mark.parametrize(
    ("table", "encoding"),
    [
        ("Наименование набора данных;Владелец;Ссылка на файл\nДороги;Минтранс;{}", "cp1251"),
        ("データセット名,組織名,URL\n公園,総務課,{}", "cp932"),
        ("Tytuł\tUrząd\tAdres\nDrogi\tGmina\t{}", "cp1250"),
        ("数据集名称,发布机构,下载地址\n道路,交通局,{}", "gb18030"),
        ("Τίτλος;Φορέας;Σύνδεσμος\nΔρόμοι;Δήμος;{}", "utf-8"),
        ("Nimi|Ylläpitäjä|Linkki\nTiet|Kaupunki|{}", "latin-1"),
        # Only the addresses are told by the header here: what every row has of its own names the dataset.
        ("Gegenstand der Liste;Zuständig;Wo es liegt\nWege;Amt;{}\nBrücken;Amt;{}2", "utf-8"),
    ],
)
def test_columns_are_known_in_other_languages_and_scripts(table: str, encoding: str, catalog: Catalog) -> None:
    address = "http://p.example/d.csv?x="
    body = table.replace("{}", address).encode(encoding)
    with PortalServer({"/list.csv": Response(200, "text/csv", body)}) as server:
        harvest(catalog, spec("p", "inventory", f"{server.url}/list.csv"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["errors"]) == ("complete", 0), row["reasons"]
    titles = {re.split(r"[|\t,;]", line)[0] for line in table.split("\n")[1:]}
    found = list(datasets(catalog, "p"))
    assert {one.dataset.title for one in found} == titles
    assert all((one.distributions[0].distribution.download_url or "").startswith(address) for one in found)


def test_a_column_for_each_format_is_a_file_each(catalog: Catalog) -> None:
    rows = (
        "Roads,http://p.example/r.csv,http://p.example/r.json,n/a\nParks,http://p.example/p.csv,,http://p.example/p.kml"
    )
    row, found = kept(catalog, f"Title,CSV link,JSON link,KML link\n{rows}\n")
    assert (row["verdict"], row["errors"]) == ("complete", 0)
    files = {one.title: [file.download_url for file in one.distributions] for one in found}
    assert files == {
        "Roads": ["http://p.example/r.csv", "http://p.example/r.json"],
        "Parks": ["http://p.example/p.csv", "http://p.example/p.kml"],
    }


def test_rows_with_nothing_but_a_title_are_kept(catalog: Catalog) -> None:
    """Neither a thousand times the same error, nor two of one name that are described otherwise made one."""
    rows = "".join(f"Register {n},Board\n" for n in range(50))
    row, found = kept(catalog, f"title,owner\n{rows}Budget,North\nBudget,South\nBudget,North\n")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 52, 0), row["reasons"]
    assert sum(one.title == "Budget" for one in found) == 2


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(rows: Iterable[bytes]) -> bytes:
    """Return an XLSX file with one sheet, written row by row, because it may unpack to far more than its size."""

    def relation(kind: str, target: str) -> str:
        one = f'<Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{PACKAGE}">{one}</Relationships>'

    sheet = '<sheet name="Datasets" sheetId="1" r:id="r1"/>'
    with zipfile.ZipFile(out := io.BytesIO(), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("_rels/.rels", relation("officeDocument", "xl/workbook.xml"))
        archive.writestr("xl/_rels/workbook.xml.rels", relation("worksheet", "worksheets/sheet1.xml"))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{SHEETS}" xmlns:r="{OFFICE}"><sheets>{sheet}</sheets></workbook>'
        )
        with archive.open("xl/worksheets/sheet1.xml", "w") as stream:
            stream.write(f'<worksheet xmlns="{SHEETS}"><sheetData>'.encode())
            stream.writelines(rows)
            stream.write(b"</sheetData></worksheet>")
    return out.getvalue()


def cells(number: int, **texts: str) -> bytes:
    written = "".join(f'<c r="{c}{number}" t="inlineStr"><is><t>{text}</t></is></c>' for c, text in texts.items())
    return f'<row r="{number}">{written}</row>'.encode()


def test_an_inventory_that_unfolds_fails_its_own_portal(catalog: Catalog) -> None:
    head = cells(1, A="id", B="title")
    wide = b"<row>" + b"<c><v>1</v></c>" * 16_000 + b"</row>"
    books = {
        "healthy": workbook([head, cells(2, A="a", B="Air"), cells(3, A="b", B="Bees")]),
        # Its reader holds all cells between the first and the last: of this one, 17 thousand million.
        "sparse": workbook([head, cells(1_048_576, XFD="x")]),
        # It unpacks to 200 MB, and to some gigabytes of cells.
        "long": workbook([head, *[wide] * 833]),
        # A text of three bytes a cell, and some sixty in memory.
        "text": b"id,title\n" + (b"ab," * 16_000 + b"\n") * 700,
    }
    assert all(len(book) < 2_000_000 for name, book in books.items() if name != "text")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with PortalServer({f"/{name}.xlsx": Response(200, kind, book) for name, book in books.items()}) as server:
        harvest(catalog, *[spec(name, "inventory", f"{server.url}/{name}.xlsx") for name in books])
        address = server.url
    row = harvested(catalog, "healthy")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 2, 0)
    for name in ("sparse", "long", "text"):
        assert (harvested(catalog, name)["verdict"], list(datasets(catalog, name))) == ("failed", [])
        (error,) = catalog.rows("select message, remedy from harvest_errors where portal_id = ?", [name])
        if name == "text":
            assert error["message"].startswith(f"{address}/{name}.xlsx: the table has no column for a title")
            continue
        assert error["message"].startswith(f"{address}/{name}.xlsx: the workbook cannot be read: ")
        assert "512 MB" in error["message"] and "as CSV" in error["remedy"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def test_a_long_inventory_is_read_row_by_row(catalog: Catalog) -> None:
    """A child that held it whole would need more memory than it has."""
    text = "A page of text beside each of the datasets. " * 5_500
    rows = "".join(f"d{n % 380},Dataset {n % 380},https://p.example/{n}.csv,{text}\n" for n in range(400))
    row, found = kept(catalog, f"id,title,url,zz\n{rows}")
    assert len(rows) > 95_000_000
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 380, 0), row["reasons"]
    # The rows of one dataset stand far apart.
    assert [len(one.distributions) for one in found].count(2) == 20


@pytest.mark.parametrize(
    ("sent", "is_length_named", "verdict"),
    [
        ("id,title,url\na,Air,h://1\nb,Bees,h://2", False, "complete"),
        ("id,title,url\na,Air,h://1\nb,Bees\n", False, "complete"),
        ("id,title,url\na,Air,h://1\nb,Be", False, "partial"),
        ("id,title,url\na,Air,h://1\nb,Be", True, "complete"),
    ],
)
def test_a_table_that_ends_within_a_row_may_be_cut_short(
    sent: str, is_length_named: bool, verdict: str, catalog: Catalog
) -> None:
    """Where the server names no length: with one it is known whether all has come."""
    body = gzip.compress(sent.encode())
    packed = Response(200, "text/csv", body, {"Content-Encoding": "gzip"})
    plain = Response(200, "text/csv", lambda: iter([sent.encode()]))
    with PortalServer({"/list.csv": packed if is_length_named else plain}) as server:
        harvest(catalog, spec("p", "inventory", f"{server.url}/list.csv"))
    assert harvested(catalog, "p")["verdict"] == verdict
