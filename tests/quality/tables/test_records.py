"""Records of JSON, Parquet and layers are judged as the rows of a CSV are, and tables in an archive one by one."""

from __future__ import annotations

import json
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy
import pyarrow
import pytest
from pyarrow import parquet
from pyogrio import list_drivers
from pyogrio.raw import write

from catalog.model import TableContext, TableReport
from quality.tables.inspect import inspect
from quality.tables.pool import InspectionPool
from tests.quality.tables.packing import zipped

KEYS = ("nr", "quay", "depth", "dredged")
CLEAN: list[dict[str, Any]] = [
    {"nr": n, "quay": f"Quay {n}", "depth": round(n * 1.5 + 0.25, 2), "dredged": f"2024-03-{n % 28 + 1:02}"}
    for n in range(1, 41)
]
DIRTY = [dict(record) for record in CLEAN]
DIRTY[6]["depth"], DIRTY[9]["depth"], DIRTY[11]["dredged"] = "3x5y7", "15.5", "2024-02-31"
FOUND = {
    ("number_as_text", "depth", (10,)), ("type_error", "depth", (7,)), ("impossible_date", "dredged", (12,)),
}  # fmt: skip


def look(path: Path, content: str | bytes | None = None, **options: Any) -> TableReport:
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return inspect(TableContext(path=path, **options))


def found(report: TableReport) -> set[tuple[str, str | None, tuple[int, ...]]]:
    return {(one.rule, one.field, tuple(one.rows)) for one in report.defects}


def columns(records: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {key: [record[key] for record in records] for key in KEYS}


def features(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    place = {"type": "Point", "coordinates": [8.5, 47.4]}
    return [{"type": "Feature", "properties": record, "geometry": place} for record in records]


FORMS: dict[str, Any] = {
    "array": lambda records: json.dumps(records),
    "object with one": lambda records: json.dumps({"success": True, "count": 40, "data": records}),
    "deeper, with its fields": lambda records: json.dumps(
        {"help": "x", "result": {"fields": [{"id": key, "type": "text"} for key in KEYS], "records": records}}
    ),
    "columns": lambda records: json.dumps(columns(records)),
    "columns by number": lambda records: json.dumps(
        {key: {str(n): cell for n, cell in enumerate(cells)} for key, cells in columns(records).items()}
    ),
    "split": lambda records: json.dumps({"columns": KEYS, "data": [list(record.values()) for record in records]}),
    "names in the first": lambda records: json.dumps([KEYS, *(list(record.values()) for record in records)]),
    "names in objects": lambda records: json.dumps(
        {"meta": {"columns": [{"name": key} for key in KEYS]}, "data": [list(record.values()) for record in records]}
    ),
    "by key": lambda records: json.dumps({f"q{n}": record for n, record in enumerate(records)}),
    "lines": lambda records: "\n".join(map(json.dumps, records)) + "\n",
    "features": lambda records: json.dumps({"type": "FeatureCollection", "features": features(records)}),
    "lines of features": lambda records: "\n".join(map(json.dumps, features(records))),
    "Esri": lambda records: json.dumps(
        {"displayFieldName": "", "features": [{"attributes": record, "geometry": {"x": 8}} for record in records]}
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_records_are_judged_as_rows(form: str, tmp_path: Path) -> None:
    clean, dirty = (look(tmp_path / "x", FORMS[form](records)) for records in (CLEAN, DIRTY))
    assert (clean.status, found(clean), clean.row_count) == ("valid", set(), 40)
    assert set(clean.columns) - {"key"} == set(KEYS) and clean.header_row is None
    assert clean.note and "rows are numbers of" in clean.note
    assert (dirty.status, found(dirty)) == ("invalid", FOUND)


@pytest.mark.parametrize(
    "document",
    [
        {"name": "a town", "area": 12.5, "parts": ["north", "south"]},
        {"openapi": "3.0", "servers": [{"url": "/"}], "paths": {"/a": {"get": {"tags": ["x", "y"]}}}},
        [1, 2, 3],
        ["a", "b"],
        [["a", "b"], ["c", "d"]],
        [{"a": 1}, {"b": 2, "c": 3}, {"d": 4, "e": 1}, {"f": [1]}, {"g": 2}],
        {"type": "Feature", "properties": {"a": 1}, "geometry": None},
        [{"a": [1, 2]}, {"a": [3, 4]}, {"a": [5]}],
        {f"fact {n}": n for n in range(20)}
        | {"files": [{"name": f"f{n}", "size": n} for n in range(9)], "tags": ["x", "y"]},
        {},
        [],
        None,
    ],
)
def test_what_is_no_table_is_none(document: Any, tmp_path: Path) -> None:
    report = look(tmp_path / "x.json", json.dumps(document))
    assert report.status in ("not_a_table", "unknown") and not report.row_count
    assert not any(one.severity == "error" for one in report.defects)


def test_what_a_record_leaves_out_is_no_fault_of_its_shape(tmp_path: Path) -> None:
    some = [{key: cell for key, cell in record.items() if key != "depth" or n % 4} for n, record in enumerate(CLEAN)]
    some[3]["place"] = {"town": "Arbon", "country": "CH"}
    report = look(tmp_path / "x.json", json.dumps(some))
    assert report.status == "valid" and report.columns[-2:] == ("place.town", "place.country")
    assert next(one for one in report.profile["columns"] if one["name"] == "depth")["blanks"] == 10


def test_years_as_keys_are_names_and_no_missing_header(tmp_path: Path) -> None:
    wide = [{"area": f"Area {n}", "2020": n * 3, "2021": n * 4, "2022": n * 5} for n in range(1, 30)]
    assert found(look(tmp_path / "x.json", json.dumps(wide))) == set()


def test_json_stat_is_a_table_of_its_cells(tmp_path: Path) -> None:
    areas = {"A": "Aarau", "B": "Bern", "C": "Chur"}
    cube: dict[str, Any] = {"version": "2.0", "class": "dataset", "id": ["area", "year"], "size": [3, 2]}
    years = {"category": {"index": {"2021": 1, "2020": 0}}}
    cube["dimension"] = {"area": {"category": {"index": ["A", "B", "C"], "label": areas}}, "year": years}
    report = look(tmp_path / "x.json", json.dumps(cube | {"value": [1, 2, 3, None, 5, 6]}))
    assert (report.status, report.columns, report.row_count) == ("valid", ("area", "year", "value"), 6)
    old = {"dataset": {"value": {"0": 1, "5": 3}, "dimension": cube["dimension"] | {"id": cube["id"], "size": [3, 2]}}}
    assert look(tmp_path / "x.json", json.dumps(old)).row_count == 6
    # One that contradicts itself is none.
    assert look(tmp_path / "x.json", json.dumps(cube | {"value": [1, 2, 3]})).status == "not_a_table"


def test_arrays_beside_one_another_are_tables_of_their_own(tmp_path: Path) -> None:
    report = look(tmp_path / "x.json", json.dumps({"quays": CLEAN, "berths": DIRTY[:30]}))
    assert report.profile["table"] == "quays" and [one["name"] for one in report.profile["parts"]] == ["berths"]
    assert found(report) == {(rule, f"berths!{field}", rows) for rule, field, rows in FOUND}


def geometry(count: int) -> Any:
    return numpy.array([struct.pack("<BIdd", 1, 1, 8 + n / 100, 47.0) for n in range(count)], dtype=object)


def layers(path: Path, *names: str) -> Path:
    """Write a file with these layers, in which dates that cannot exist are stored as text; return ``path``."""
    quays = numpy.array([record["quay"] for record in DIRTY], dtype=object)
    depths = numpy.array([record["depth"] for record in CLEAN], dtype=float)
    days = numpy.array([record["dredged"] for record in DIRTY], dtype=object)
    for number, name in enumerate(names):
        more = {"layer": name, "append": number > 0} if path.suffix == ".gpkg" else {}
        write(
            path, geometry(40), [quays, depths, days], ["quay", "depth", "dredged"], geometry_type="Point",
            crs="EPSG:4326", **more,
        )  # fmt: skip
    return path


def test_layers_of_a_geopackage_are_tables(tmp_path: Path) -> None:
    report = look(layers(tmp_path / "x.gpkg", "north", "south"))
    assert (report.format, report.status, report.row_count) == ("GPKG", "invalid", 40)
    wrong = ("impossible_date", "dredged", (12,))
    assert found(report) == {wrong, (wrong[0], "south!dredged", wrong[2])}
    assert report.profile["table"] == "north"
    cut = (tmp_path / "x.gpkg").read_bytes()[:30_000]
    assert look(tmp_path / "cut.gpkg", cut).status == "unknown"


def test_an_archive_with_a_shapefile_is_a_shapefile(tmp_path: Path) -> None:
    layers(tmp_path / "quays.shp", "quays")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for part in tmp_path.glob("quays.*"):
            archive.write(part, f"../Häfen/{part.name}")
        archive.writestr("readme.pdf", b"%PDF-1.4")
    report = look(tmp_path / "x.zip")
    assert (report.format, report.status, report.columns) == ("SHP", "invalid", ("quay", "depth", "dredged"))
    assert found(report) == {("impossible_date", "dredged", (12,))} and report.profile["table"] == "Häfen/quays"
    # No other driver is there for a file that would like one.
    assert set(list_drivers()) == {"GPKG", "ESRI Shapefile"}


def test_parquet_is_a_table(tmp_path: Path) -> None:
    as_text = [record | {"depth": str(record["depth"])} for record in DIRTY]
    parquet.write_table(pyarrow.Table.from_pylist(as_text), tmp_path / "x.parquet")
    report = look(tmp_path / "x.parquet")
    assert (report.format, report.status, report.columns, report.row_count) == ("PARQUET", "invalid", KEYS, 40)
    assert found(report) == {one for one in FOUND if one[0] != "number_as_text"}
    assert look(tmp_path / "cut", (tmp_path / "x.parquet").read_bytes()[:900]).status == "unknown"


@pytest.mark.parametrize(("library", "extra"), [("pyarrow", "parquet"), ("pyogrio", "geo")])
def test_without_the_extra_it_is_unknown_and_the_report_says_what_to_install(
    library: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quality.tables.read.geo_layers import _reader

    if extra == "geo":
        path = layers(tmp_path / "x.gpkg", "quays")
    else:
        path = tmp_path / "x.parquet"
        parquet.write_table(pyarrow.Table.from_pylist(CLEAN), path)
    _reader.cache_clear()
    monkeypatch.setitem(sys.modules, library, None)
    report = look(path)
    assert report.status == "unknown" and report.note and f"pip install 'winnow-opendata[{extra}]'" in report.note
    assert [one.rule for one in report.defects] == ["not_looked_into"]


def as_csv(records: list[dict[str, Any]]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in [KEYS, *(record.values() for record in records)])


def test_tables_of_an_archive_are_judged_file_by_file(tmp_path: Path) -> None:
    content = {"a/clean.csv": as_csv(CLEAN), "a/dirty.csv": as_csv(DIRTY), "more.geojson": FORMS["features"](CLEAN)}
    other = {"readme.txt": "Read me first.\n", "datapackage.json": "{}", "inner.zip": zipped(**{"z.csv": "a,b\n1,2\n"})}
    report = look(tmp_path / "x.zip", zipped(**content, **other))
    assert (report.format, report.status) == ("ZIP", "invalid")
    assert {report.profile["member"], *(one["member"] for one in report.profile["parts"])} == set(content)
    assert found(report) == {
        (rule, f"a/dirty.csv!{field}", tuple(row + 1 for row in rows))
        for rule, field, rows in FOUND
        if rule != "number_as_text"
    }
    alone = look(tmp_path / "x.zip", zipped(**{"data.csv": as_csv(CLEAN), "readme.pdf": "%PDF-"}))
    assert (alone.status, alone.profile["member"], alone.profile["format"]) == ("valid", "data.csv", "CSV")


def test_an_archive_is_looked_into_within_bounds(tmp_path: Path) -> None:
    two = zipped(**{"a.csv": as_csv(CLEAN), "b.csv": as_csv(CLEAN) + "9,x,1,2024-01-01\n" * 40})
    report = look(tmp_path / "x.zip", two, unpacked_bytes=1_500)
    assert report.status == "valid" and [one["status"] for one in report.profile["parts"]] == ["unknown"]
    bomb = look(tmp_path / "x.zip", zipped(**{"a.csv": as_csv(CLEAN), "b.csv": b"1,2\n" * 5_000_000}))
    assert bomb.status == "valid" and ("archive_bomb", "b.csv", ()) in found(bomb)


def test_children_read_them_within_their_bounds(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.Table.from_pylist(CLEAN), tmp_path / "x.parquet")
    layers(tmp_path / "x.gpkg", "quays")
    with InspectionPool(workers=1) as pool:
        tasks = [TableContext(key=name, path=tmp_path / name) for name in ("x.parquet", "x.gpkg")]
        reports = dict(pool.map(tasks))
    assert {key: report.row_count for key, report in reports.items()} == {"x.parquet": 40, "x.gpkg": 40}
