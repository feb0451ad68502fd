"""Declared schemas of three kinds: what breaks them is found at its line, and what they do not say is not asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from quality.tables.declared.validation import ReferencedTable, SchemaReport, read_schema, validate
from quality.tables.judge.rules import severity_of
from tests.quality.tables.declared_tables import FIELDS, ROWS, csvw, maybe, said, schema, table

# What is a schema


@pytest.mark.parametrize(
    "document",
    [
        "<html><body>A page for people</body></html>",
        "",
        "[1, 2]",
        '"https://example.org/schema.json"',
        "[" * 100_000,
        {},
        {"fields": []},
        {"fields": [{"id": "a"}]},
        {"fields": [{"name": "OBJECTID", "type": "esriFieldTypeOID"}, {"name": "X", "type": "esriFieldTypeDouble"}]},
        {"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]},  # Avro
        {"fields": [{"name": "a", "type": "STRING"}, {"name": "b", "type": "INT64"}]},  # BigQuery
        {"fields": [{"name": "a"}, {"name": "b"}]},
        {"resources": [{"id": "1", "url": "https://example.org/a.csv"}]},  # CKAN
        {"resources": []},
        {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {}},
        {"@context": "https://schema.org", "@type": "Dataset"},
    ],
)
def test_other_documents_are_no_schema(tmp_path: Path, document: object) -> None:
    assert maybe(tmp_path, document) is None


def test_no_file_and_large_file(tmp_path: Path) -> None:
    assert read_schema(tmp_path / "nowhere.json") is None
    assert maybe(tmp_path, json.dumps({"fields": FIELDS}) + " " * 9 * 1024**2) is None


def test_nothing_at_another_address_is_followed(tmp_path: Path) -> None:
    for document in (
        {"resources": [{"path": "a.csv", "schema": "https://example.org/s.json"}], "licenses": [{"name": "CC0-1.0"}]},
        {"resources": [{"path": "a.csv", "schema": {"$ref": "https://example.org/s.json"}}], "license": "CC0-1.0"},
        {"@context": "http://www.w3.org/ns/csvw", "url": "a.csv", "tableSchema": "s.json", "dc:license": "CC0-1.0"},
    ):
        found = schema(tmp_path, document)
        assert not found.fields and found.licence == "CC0-1.0"
        assert validate(table(), found) == SchemaReport(())


# Table Schema


def test_a_table_that_keeps_its_schema(tmp_path: Path) -> None:
    keys = [{"fields": "parent", "reference": {"resource": "", "fields": "id"}}]
    found = validate(table(), schema(tmp_path, {"fields": FIELDS, "primaryKey": "id", "foreignKeys": keys}))
    assert found.defects == () and found.report["valid"] is True


def test_breaches_are_found_at_their_lines(tmp_path: Path) -> None:
    rows = [
        ["1", "Alpha", "2024-01-01", ""],
        ["x7secret", "Beta", "2024-01-02", ""],
        ["3", "a name too long", "01.02.2024", ""],
        ["", "Delta", "2024-02-30", ""],
        ["1", "Epsilon", "", ""],
    ]
    found = validate(table(rows=rows), schema(tmp_path, {"fields": FIELDS, "primaryKey": ["id"]}))
    assert sorted(said(found)) == sorted(
        [
            ("schema_type_error", "id", 1, 6),
            ("schema_type_error", "day", 2, 8),
            ("schema_constraint_error", "name", 1, 8),
            ("schema_constraint_error", "id", 1, 10),
            ("schema_primary_key", None, 2, 10),
        ]
    )
    kept = json.dumps(found.report) + repr(found.defects)
    for cell in ("x7secret", "too long", "01.02", "02-30", "Epsilon"):
        assert cell not in kept
    errors = found.report["tasks"][0]["errors"]
    assert {error["rowNumber"] for error in errors} == {6, 8, 10, 12}
    assert {error["type"] for error in errors} == {"type-error", "constraint-error", "primary-key"}


def test_unique(tmp_path: Path) -> None:
    fields = [{"name": "id", "type": "string", "constraints": {"unique": True}}, {"name": "b", "type": "string"}]
    found = validate(table("id;b", [["a", ""], ["b", ""], ["a", ""]]), schema(tmp_path, {"fields": fields}))
    assert said(found) == [("schema_constraint_error", "id", 1, 8)]


def test_header_by_name(tmp_path: Path) -> None:
    declared = schema(tmp_path, {"fields": FIELDS})
    rows = [[row[2], row[0], row[1], "more"] for row in ROWS]
    found = validate(table("day;id;Name;note", rows), declared)
    assert said(found) == [
        ("schema_missing_column", "parent", 1, 3),
        ("schema_extra_column", "note", 1, 3),
        ("schema_column_order", None, 3, 3),
        ("schema_column_name", "Name", 1, 3),
    ]
    assert severity_of("schema_missing_column") == "error" and severity_of("schema_column_order") == "warning"


@pytest.mark.parametrize(
    ("match", "header", "rules"),
    [
        ("equal", "name;id;day;parent", set()),
        ("subset", "id;name;day;parent;more", set()),
        ("superset", "id;name;day", set()),
        (["partial"], "id;name;day;more", set()),
        ("subset", "id;name;day", {"schema_missing_column"}),
        ("superset", "id;name;day;parent;more", {"schema_extra_column"}),
    ],
)
def test_fields_match_of_version_2(tmp_path: Path, match: object, header: str, rules: set[str]) -> None:
    declared = schema(tmp_path, {"fields": FIELDS, "fieldsMatch": match})
    assert {defect.rule for defect in validate(table(header, []), declared).defects} == rules


def test_the_schema_of_another_table_says_nothing(tmp_path: Path) -> None:
    declared = schema(tmp_path, {"fields": FIELDS})
    assert validate(table("id;x;y;z"), declared) == validate(table("a;b;c;d"), declared) == SchemaReport(())


def test_titles_and_duplicate_labels(tmp_path: Path) -> None:
    fields = [{"name": "id", "type": "integer", "title": "Number"}, {"name": "b", "type": "string"}]
    found = validate(table("Number;b;b", [["1", "", "x"]]), schema(tmp_path, {"fields": fields}))
    assert said(found) == [("schema_extra_column", "b (3)", 1, 3)]


def test_missing_values_and_number_formats(tmp_path: Path) -> None:
    fields = [
        {"name": "a", "type": "number", "decimalChar": ",", "groupChar": "."},
        {"name": "b", "type": "integer", "missingValues": ["n/a"]},
        {"name": "c", "type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"]},
    ]
    document = {"fields": fields, "missingValues": [{"value": "-", "label": "none"}, {"value": ""}]}
    rows = [["1.234,5", "n/a", "ja"], ["-", "7", "nein"], ["", "8", ""]]
    assert said(validate(table("a;b;c", rows), schema(tmp_path, document))) == []
    rows = [["1,5,5", "-", "yes"]]
    assert {defect.field for defect in validate(table("a;b;c", rows), schema(tmp_path, document)).defects} == {*"abc"}


@pytest.mark.parametrize(
    "more",
    [
        {"primaryKey": "nowhere"},
        {"foreignKeys": [{"fields": "nowhere", "reference": {"resource": "", "fields": "id"}}]},
        {"foreignKeys": ["id"]},
        {"fields": [*FIELDS, {"name": "x", "type": "int"}]},
        {"fields": [*FIELDS, {"name": "x", "type": "string", "constraints": {"pattern": "("}}]},
        {"fields": [*FIELDS, {"name": "x", "type": "integer", "constraints": {"pattern": "a"}}]},
        {"fields": [*FIELDS, FIELDS[0]]},
    ],
)
def test_a_broken_schema_is_a_note_and_the_rest_of_it_is_used(tmp_path: Path, more: dict[str, Any]) -> None:
    declared = schema(tmp_path, {"fields": FIELDS, **more})
    found = validate(table("id;name;day;parent;x", [["1", "Alpha", "soon", "", "3"]]), declared)
    rules = {defect.rule for defect in found.defects} - {"schema_extra_column", "schema_missing_column"}
    assert rules == {"schema_invalid", "schema_type_error"}
    assert severity_of("schema_invalid") == "info"


@pytest.mark.parametrize("minimum", ["abc", {}, [1], None, True])
def test_senseless_constraints_are_no_fault_of_the_table(tmp_path: Path, minimum: object) -> None:
    fields = [{"name": "a", "type": "integer", "constraints": {"minimum": minimum}}]
    found = validate(table("a", [["1"], ["2"]]), schema(tmp_path, {"fields": fields}))
    assert {defect.rule for defect in found.defects} <= {"schema_invalid"}


def test_no_address_is_ever_asked(tmp_path: Path) -> None:
    """In a process of its own, where every attempt to reach another host is counted."""
    address = "http://127.0.0.1:9/data.csv"
    fields = [{"name": address, "type": "string", "format": "uri", "rdfType": address}, {"name": "b", "type": "any"}]
    schema_document = {"$schema": "https://127.0.0.1:9/tableschema.json", "$ref": address, "fields": fields}
    document = {"$schema": address, "profile": address, "resources": [{"path": address, "schema": schema_document}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(document))
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from quality.tables.declared.validation import read_schema, validate\n"
        "from quality.tables.read.text_table import TextTable\n"
        "tried = []\n"
        "sys.addaudithook(lambda event, _: tried.append(event) if event.startswith('socket.') else None)\n"
        "found = read_schema(Path(sys.argv[1]), sys.argv[2])\n"
        "validate(TextTable([sys.argv[2], 'b'], 1, [[sys.argv[2], 'x']], [2]), found)\n"
        "print(len(found.fields), tried)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "datapackage.json"), address]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "2 []"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(?:a*b?)*c", "(x{1,9})+y", "(a|a+)*", "a" * 600])
def test_patterns_that_may_never_end_are_not_tried(tmp_path: Path, pattern: str) -> None:
    hostile = table("a", [["a" * 60 + "!"]] * 3)
    fields = [{"name": "a", "type": "string", "constraints": {"pattern": pattern}}]
    assert validate(hostile, schema(tmp_path, {"fields": fields})).defects == ()
    document = csvw({"name": "a", "datatype": {"base": "string", "format": pattern}})
    assert validate(hostile, schema(tmp_path, document)).defects == ()


def test_errors_are_bounded(tmp_path: Path) -> None:
    rows = [["x", "", "", ""]] * 9_000
    found = validate(table(rows=rows), schema(tmp_path, {"fields": FIELDS}))
    (defect,) = found.defects
    assert 4_900 < defect.count <= 5_100 and "At least" in defect.message
    assert len(found.report["tasks"][0]["errors"]) == 100


# Foreign keys


def test_self_reference_is_asked_of_whole_tables(tmp_path: Path) -> None:
    keys = [{"fields": ["parent"], "reference": {"resource": "", "fields": ["id"]}}]
    declared = schema(tmp_path, {"fields": FIELDS, "foreignKeys": keys})
    rows = [*ROWS, ["4", "Delta", "", "99"], ["5", "Eps", "", "x"]]
    assert said(validate(table(rows=rows), declared)) == [
        ("schema_foreign_key", "parent", 1, 10),
        ("schema_type_error", "parent", 1, 12),
    ]
    assert said(validate(table(rows=rows), declared, is_whole=False)) == [("schema_type_error", "parent", 1, 12)]


def test_foreign_keys_within_the_package(tmp_path: Path) -> None:
    people = {
        "fields": FIELDS,
        "foreignKeys": [{"fields": ["parent"], "reference": {"resource": "places", "fields": "code"}}],
    }
    places = {"fields": [{"name": "code", "type": "string"}, {"name": "place", "type": "string"}]}
    document = {
        "name": "p",
        "resources": [
            {"name": "people", "path": "data/people.csv", "schema": people},
            {"name": "places", "path": "data/places.csv", "schema": places},
            {"name": "readme", "path": "readme.md"},
        ],
    }
    declared = schema(tmp_path, document, "https://example.org/files/people.csv?x=1")
    assert declared.resources == {"places": "data/places.csv"}
    other = table("Code;place", [["01", "A"], ["2", "B"]])
    rows = [["1", "A", "", "1"], ["2", "B", "", "3"], ["3", "C", "", ""]]
    at_hand = {"places": ReferencedTable(other, is_whole=True)}
    assert said(validate(table(rows=rows), declared, referenced=at_hand)) == [("schema_foreign_key", "parent", 1, 6)]
    for unknown in (
        {},
        {"places": ReferencedTable(other, is_whole=False)},
        {"places": ReferencedTable(table(), is_whole=True)},
    ):
        assert said(validate(table(rows=rows), declared, referenced=unknown)) == []


def test_keys_of_several_columns(tmp_path: Path) -> None:
    fields = [{"name": name, "type": "string"} for name in ("a", "b", "c", "d")]
    keys = [{"fields": ["c", "d"], "reference": {"resource": "", "fields": ["a", "b"]}}]
    declared = schema(tmp_path, {"fields": fields, "primaryKey": ["a", "b"], "foreignKeys": keys})
    rows = [["1", "1", "1", "1"], ["1", "2", "1", ""], ["1", "2", "2", "1"], ["2", "1", "1", "2"]]
    assert said(validate(table("a;b;c;d", rows), declared)) == [("schema_primary_key", None, 1, 8)]
    rows[2] = ["3", "3", "9", "9"]
    assert said(validate(table("a;b;c;d", rows), declared)) == [("schema_foreign_key", "c, d", 1, 8)]
