"""Reading a huge document record by record gives what reading it whole gives, and survives its faults."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.spiders.base.json_stream import BLOCK, Element, StreamEnd, UnreadableElement, records

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SPACE = st.text(" \t\r\n", max_size=4)


def read(path: Path, data: bytes | str) -> tuple[list[Any], list[UnreadableElement], StreamEnd]:
    """Return the values, the unreadable records and the end of a document."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found = list(records(path))
    assert isinstance(found[-1], StreamEnd)
    assert [e.index for e in found[:-1] if not isinstance(e, StreamEnd)] == list(range(len(found) - 1))
    values = [e.value for e in found if isinstance(e, Element)]
    return values, [e for e in found if isinstance(e, UnreadableElement)], found[-1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON, max_size=6), SPACE, SPACE, SPACE, st.sampled_from([None, 1, "\t"]), st.booleans(), st.booleans())
def test_any_records_come_back(
    tmp_path: Path, values: list[Any], a: str, b: str, c: str, indent: Any, is_bare: bool, is_ascii: bool
) -> None:
    def dump(value: Any) -> str:
        return json.dumps(value, indent=indent, ensure_ascii=is_ascii)

    array = f"{a}[{b}" + f"{c},{a}".join(map(dump, values)) + f"{b}]{c}"
    text = array if is_bare else f'{b}{{{a}"@context":{c}"x"{a},{b}"dataset"{c}:{array},"after":[1]}}{a}'
    found, broken, end = read(tmp_path / "d.json", text.encode("utf-8", "surrogatepass") if is_ascii else text)
    assert (found, broken, end.fault) == (values, [], None)
    assert end.head == ({} if is_bare else {"@context": "x", "after": [1]})


@pytest.mark.parametrize(
    "values",
    [
        [{"id": n, "text": "é" * 100} for n in range(3 * BLOCK // 200)],
        [{"id": n, "text": "long 🌳 " * (BLOCK // 4), "tail": [n]} for n in range(4)],
        list(range(1_000_000, 1_000_000 + BLOCK // 4)),
        ["x" * (BLOCK - 13), "y", {"z": "w" * (BLOCK - 3)}, -1.5e-7, True, None],
    ],
    ids=["many small", "longer than a block", "bare numbers", "ends at the edge"],
)
def test_block_boundaries(values: list[Any], tmp_path: Path) -> None:
    assert read(tmp_path / "d.json", json.dumps({"dataset": values}, ensure_ascii=False)) == (
        values,
        [],
        StreamEnd(None, {}),
    )


@pytest.mark.parametrize("shift", range(12))
def test_an_edge_anywhere_in_a_record(shift: int, tmp_path: Path) -> None:
    values = [{"pad": "p" * (BLOCK - 30 - shift)}, {"a": -12.5e3, "é": [True, None, '\\"é🌳'], "b": {}}]
    assert read(tmp_path / "d.json", json.dumps(values))[0] == values
    assert read(tmp_path / "d.json", json.dumps(values, ensure_ascii=False))[0] == values


@pytest.mark.parametrize("encode", [lambda t: t.encode("utf-16"), lambda t: t.encode("utf-8-sig")])
def test_byte_order_marks(encode: Callable[[str], bytes], tmp_path: Path) -> None:
    values = [{"title": "Straßen 🌳"}]
    assert read(tmp_path / "d.json", encode(json.dumps({"dataset": values}, ensure_ascii=False)))[0] == values


@pytest.mark.parametrize(
    "bad",
    [
        '{"a": }',
        '{"a": "says "hi" there"}',
        '{"a" 1}',
        "oops",
        '{"a": [1, 2}',
        '{"a": "\\x"}',
        "[" * 100_000 + "]" * 100_000,
    ],
    ids=["no value", "quotes", "no colon", "word", "bracket", "escape", "depth"],
)
@pytest.mark.parametrize("after", [1, 40_000])
def test_a_malformed_record_is_lost_alone(bad: str, after: int, tmp_path: Path) -> None:
    good = json.dumps({"title": "kept"})
    found, broken, end = read(tmp_path / "d.json", f'{{"dataset": [{good}, {bad}{f", {good}" * after}]}}')
    if bad.startswith('{"a": [1, 2}'):
        # Its brackets do not match, so more may be lost with it; what came before is kept and the loss is said.
        assert found[:1] == [{"title": "kept"}] and broken or end.fault
        return
    assert (len(found), len(broken), end.fault) == (after + 1, 1, None)
    assert broken[0].index == 1 and broken[0].text


def test_trailing_commas_and_bad_bytes(tmp_path: Path) -> None:
    found, broken, end = read(tmp_path / "d.json", b'{"dataset": [{"a": "caf\xe9"},, {"b": 1},],}')
    assert (found, broken, end.fault) == ([{"a": "café"}, {"b": 1}], [], None)
    assert end.odd_encoding == "windows-1252"


@pytest.mark.parametrize("keep", range(12, 60))
def test_every_cut_is_noticed(keep: int, tmp_path: Path) -> None:
    whole = '{"dataset": [{"a": "b", "c": [1, true]}, {"d": null, "e": "\\u00e9"}]}'
    _, broken, end = read(tmp_path / "d.json", whole[:keep])
    assert end.fault is not None and "cut short" in end.fault
    assert not broken


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "empty"), ("  \n", "empty"), ("<html>", "HTML"), ("Not found", "not JSON"), ('{"a": 1}', 'no "dataset"')],
)
def test_what_is_no_feed_says_so(text: str, fault: str, tmp_path: Path) -> None:
    found, _, end = read(tmp_path / "d.json", text)
    assert not found and end.fault is not None and fault in end.fault


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"dataset": {"a": 1}}', [("/dataset/0", {"a": 1})]),
        ('{"dcat:dataset": [1, 2], "dct:title": "t"}', [("/dataset/0", 1), ("/dataset/1", 2)]),
        ('{"catalog": {"dataset": [3]}, "dataset": [1]}', [("/catalog/0", {"dataset": [3]}), ("/dataset/0", 1)]),
        ('{"other": [{"a": }, 2], "dataset": [1]}', [("/dataset/0", 1)]),
    ],
    ids=["object", "prefix", "both", "fault elsewhere"],
)
def test_an_object_is_one_record_and_keys_may_have_prefixes(text: str, found: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(text)
    *elements, end = records(path, "dataset", "catalog")
    assert isinstance(end, StreamEnd) and end.fault is None
    assert [(one.pointer, one.value) for one in elements if isinstance(one, Element)] == found


def test_a_malformed_object_in_place_of_an_array_is_lost_alone(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text('{"catalog": {"a": }, "dataset": [1]}')
    broken, one, end = records(path, "dataset", "catalog")
    assert isinstance(broken, UnreadableElement) and isinstance(one, Element) and end == StreamEnd(None, {})


def test_what_is_not_asked_for_is_not_kept_unless_it_is_short(tmp_path: Path) -> None:
    text = json.dumps({"short": [1] * 100, "long": [{"a": 1}] * 101, "title": "t", "dataset": [1]})
    values, _, end = read(tmp_path / "d.json", text)
    assert values == [1] and end == StreamEnd(None, {"short": [1] * 100, "title": "t"})


MEASURE = """
import re, sys
from pathlib import Path
from harvester.spiders.base.json_stream import records
# ru_maxrss has the memory of the test runner in it: beside that nothing would show.
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before, count = peak(), 0
for one in records(Path(sys.argv[1])):
    count += 1
assert one.fault is None, one
print(count - 1, (peak() - before) // 1024)
"""


@pytest.mark.slow
def test_200_mb_in_constant_memory(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    record = json.dumps(
        {"identifier": "x", "title": "T" * 200, "description": "é" * 1500, "distribution": [{"a": 1}] * 20}
    )
    per_record, size = len(record) + 2, 200_000_000
    count = size // per_record
    with path.open("w") as file:
        file.write('{"dataset": [')
        for start in range(0, count, 1000):
            file.write((record + ",\n") * min(1000, count - start))
        file.write("]}")
    assert path.stat().st_size >= size * 0.99
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, timeout=100)
    path.unlink()
    assert done.returncode == 0, done.stderr
    found, grown_mb = map(int, done.stdout.split())
    assert found == count
    assert grown_mb < 80


@pytest.mark.parametrize(
    ("text", "values", "fault"),
    [
        ('{"dataset": [1, 2]}{"dataset": [3]}', [1, 2, 3], None),
        ('{"dataset": [1, 2]}\n\n\ufeff{"dcat:dataset": [3], "x": 1}\x00', [1, 2, 3], None),
        ("[1, 2]\x1e[3],\n[4]", [1, 2, 3, 4], None),
        ('{"success": true}{"dataset": [1]}', [1], None),
        ('{"dataset": [1]}{"dataset": [2, {"a" 1}]}', [1, 2], None),
        # A record that was appended; and nothing but records, a line each.
        ('{"dataset": [1]}{"identifier": "a"}', [1, {"identifier": "a"}], None),
        ('{"title": "a"}\n{"title": "b"}\n', [{"title": "a"}, {"title": "b"}], None),
        ('{"dataset": [1]}{"x": 1}', [1], None),
        ('{"dataset": [1]}]}', [1], "no JSON follows its end"),
        ('{"dataset": [1]}<br />Warning: memory', [1], "no JSON follows its end"),
        ('{"dataset": [1]}{"dataset": [2', [1, 2], "cut short"),
        ('{"title": "a catalogue", "datasets": [1]}', [], 'no "dataset"'),
    ],
)
def test_all_documents_of_a_file_are_read(text: str, values: list[Any], fault: str | None, tmp_path: Path) -> None:
    found, _, end = read(tmp_path / "d.json", text)
    assert found == values
    assert (end.fault is None) if fault is None else fault in str(end.fault)
