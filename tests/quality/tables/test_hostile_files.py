"""Files made to harm: each ends as a report within the bounds, and the file beside it is judged all the same."""

from __future__ import annotations

import pickle
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.model import TableContext, TableReport
from quality.tables.limits import MAX_MEMORY
from quality.tables.pool import InspectionPool
from tests.quality.tables.packing import zipped

GOOD = "id,sum\n" + "".join(f"{n},{n * 3}\n" for n in range(40))
XMLNS = "http://schemas.openxmlformats.org"
ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lollollol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


def workbook(rows: str, declaration: str = '<?xml version="1.0"?>', **more: bytes) -> bytes:
    kinds = f"{XMLNS}/package/2006/relationships"
    office = f"{XMLNS}/officeDocument/2006/relationships"
    main = f"{XMLNS}/spreadsheetml/2006/main"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{XMLNS}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{kinds}"><Relationship Id="r1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{kinds}"><Relationship Id="r1" Type="{office}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{declaration}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return zipped(**parts, **more)


def row(number: int, *cells: str) -> str:
    inside = "".join(f'<c r="{chr(65 + n)}{number}" t="inlineStr"><is><t>{c}</t></is></c>' for n, c in enumerate(cells))
    return f'<row r="{number}">{inside}</row>'


PLAIN = row(1, "id", "name") + row(2, "1", "x") + row(3, "2", "y")
FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
WIDE = ",".join(f"c{n}" for n in range(100_000)) + "\n" + (",".join("1" * 100_000) + "\n") * 3
FILES: dict[str, tuple[str, Callable[[], bytes], str, set[str]]] = {
    # name: declared format, content, status, rules
    "zip bomb": ("ZIP", lambda: zipped(**{"a.csv": b"0" * 100_000_000}), "unknown", {"archive_bomb"}),
    "repetitions": ("ZIP", lambda: zipped(**{"a.csv": b"1,2\n" * 5_000_000}), "unknown", {"archive_bomb"}),
    "zip in zip": ("ZIP", lambda: zipped(**{"b.csv": zipped(**{"a.csv": GOOD})}), "not_a_table", {"nested_archive"}),
    "dots": ("ZIP", lambda: zipped(**{"../../etc/a.csv": GOOD}), "valid", set()),
    "many members": ("ZIP", lambda: zipped(**{f"{n}.csv": b"a" for n in range(20_000)}), "not_a_table", set()),
    "entities": ("XLSX", lambda: workbook(row(1, "&j;", "x") + PLAIN, ENTITIES), "unknown", {"not_looked_into"}),
    "far cell": ("XLSX", lambda: workbook(FAR), "unknown", {"not_looked_into"}),
    "macros": ("XLSX", lambda: workbook(PLAIN, **{"xl/vbaProject.bin": b"\xd0\xcf"}), "valid", {"macros"}),
    "columns": ("CSV", WIDE.encode, "valid", {"too_many_columns", "duplicate_row"}),
    "long line": ("CSV", lambda: b"x," * 20_000_000, "unknown", {"not_looked_into"}),
    "open quote": ("CSV", lambda: b'a,b\n1,"x\n' + b"3,4\n" * 4_000_000, "valid", {"unclosed_quote", "duplicate_row"}),
    "quotes": ("CSV", lambda: b"a,b\n" + b'"' * 2**20 + b"\n1,2\n", "invalid", {"missing_cell"}),
    "swallowed": ("CSV", lambda: b"a,b\n" + b'z","q\n' * 500_000, "invalid", {"*"}),
    "nul": ("CSV", lambda: b"a,b\n" + b"1,\x00\n" * 1000, "unknown", {"not_looked_into"}),
    "surrogate": ("JSON", lambda: b'{"\\ud800": "\\udc00"}', "not_a_table", set()),
    "pickle": ("CSV", lambda: pickle.dumps({"a": [1] * 1000}), "unknown", {"pickle"}),
    "formulas": ("CSV", lambda: b"a,b\n" + b"=cmd|' /C calc'!A0,1\n" * 20, "valid", {"formula", "duplicate_row"}),
}


@pytest.fixture(scope="module")
def reports(cold_workers: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, TableReport]:
    folder = tmp_path_factory.mktemp("hostile")
    tasks = []
    for number, (name, (declared, content, _, _)) in enumerate(FILES.items()):
        path = folder / f"{number}.bin"
        path.write_bytes(content())
        tasks.append(TableContext(key=name, path=path, declared_format=declared))
        beside = folder / f"good{number}.csv"
        beside.write_text(GOOD)
        tasks.append(TableContext(key=f"beside {name}", path=beside, declared_format="CSV"))
    sparse = folder / "sparse.csv"
    with sparse.open("wb") as file:
        file.truncate(5 * 1024**3)
    tasks.append(TableContext(key="sparse", path=sparse, declared_format="CSV"))
    return inspected(tasks)


def inspected(tasks: list[TableContext]) -> dict[str, TableReport]:
    with InspectionPool(workers=1, timeout_s=90) as pool:
        found = dict(pool.map(tasks))
        unpacked = Path(pool.folder)
        assert not [path for path in unpacked.rglob("*") if path.is_file()]
    assert not unpacked.exists()
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("hostile_files")
@pytest.mark.parametrize("name", FILES)
def test_hostile_files_end_as_reports(name: str, reports: dict[str, TableReport]) -> None:
    _, _, status, rules = FILES[name]
    found = reports[name]
    assert found.status == status, found.note
    assert rules == {"*"} or {defect.rule for defect in found.defects} == rules
    assert len(found.defects) < 1000
    if status == "unknown":
        # Unknown is never failed, and never without a reason.
        assert found.note and all(defect.severity != "error" for defect in found.defects)
    assert reports[f"beside {name}"].status == "valid"


@pytest.mark.slow
@pytest.mark.xdist_group("hostile_files")
def test_bounds(reports: dict[str, TableReport]) -> None:
    # A hole at the beginning says nothing of what comes behind it.
    assert (reports["sparse"].status, {one.rule for one in reports["sparse"].defects}) == (
        "unknown",
        {"not_looked_into"},
    )
    # A child begins as a copy of this process, and the kernel counts that: it may not have grown beyond both.
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    assert children * 1024 < max(MAX_MEMORY, own * 1024 + 1)
