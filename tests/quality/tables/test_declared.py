"""Declared schemas of three kinds: what breaks them is found at its line, and what they do not say is not asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from quality.tables.declared.csvw import date_format
from quality.tables.declared.validation import DeclaredSchema, ReferencedTable, SchemaReport, read_schema, validate
from quality.tables.judge.rules import fix_of, severity_of
from quality.tables.read.text_table import TextTable

FIELDS = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "name", "type": "string", "constraints": {"maxLength": 9}},
    {"name": "day", "type": "date"},
    {"name": "parent", "type": "integer"},
]
ROWS = [["1", "Alpha", "2024-01-01", ""], ["2", "Beta", "2024-01-02", "1"], ["3", "Gamma", "", "1"]]


def table(header: str = "id;name;day;parent", rows: list[list[str]] | None = None) -> TextTable:
    rows = ROWS if rows is None else rows
    # Lines that are not row numbers: a preamble of two lines, and a line break in every cell.
    return TextTable(header.split(";"), 3, rows, [4 + 2 * number for number in range(len(rows))])


def schema(tmp_path: Path, document: object, file: str | None = None) -> DeclaredSchema:
    found = maybe(tmp_path, document, file)
    assert found is not None
    return found


def maybe(tmp_path: Path, document: object, file: str | None = None) -> DeclaredSchema | None:
    path = tmp_path / "document.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_schema(path, file)


def said(found: SchemaReport) -> list[tuple[str, str | None, int, int | None]]:
    assert all(fix_of(defect.rule) for defect in found.defects)
    return [(defect.rule, defect.field, defect.count, defect.first_row) for defect in found.defects]


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


# Packages


def package(**more: Any) -> dict[str, Any]:
    first = {"name": "one", "path": "data/One%20File.csv", "schema": {"fields": FIELDS}}
    second = {"name": "two", "path": "data/two.csv", "schema": {"fields": FIELDS[:2]}}
    return {"name": "package", "resources": [first, second], **more}


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("data/two.csv", 2),
        ("https://example.org/x/TWO.csv", 2),
        ("https://example.org/One%20File.csv?download=1", 4),
        ("two", 2),
        ("three.csv", None),
        (None, None),
        ("http://[broken", None),
    ],
)
def test_resource_by_its_file(tmp_path: Path, file: str | None, count: int | None) -> None:
    found = maybe(tmp_path, package(), file)
    assert (found and len(found.fields)) == count


def test_claims_of_a_package(tmp_path: Path) -> None:
    document = package(licenses=[{"name": "ODC-BY-1.0", "path": "https://opendatacommons.org/licenses/by/"}])
    document["resources"][0] |= {
        "dialect": {"delimiter": ";", "header": False, "csv": {"quoteChar": "'"}, "$ref": "x"},
        "encoding": "windows-1252",
        "licenses": [{"path": "https://creativecommons.org/publicdomain/zero/1.0/"}],
    }
    one, two = (schema(tmp_path, document, file) for file in ("One File.csv", "two.csv"))
    assert (one.licence, two.licence) == ("https://creativecommons.org/publicdomain/zero/1.0/", "ODC-BY-1.0")
    assert one.dialect == {"delimiter": ";", "header": False, "quoteChar": "'"}
    assert (one.encoding, one.form) == ("windows-1252", "data-package")


# CSVW


def csvw(*columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}], "url": "a.csv",
            "tableSchema": {"columns": list(columns), **more}}  # fmt: skip


def test_csvw(tmp_path: Path) -> None:
    document = csvw(
        {"name": "id", "titles": "ID", "datatype": "positiveInteger", "required": True},
        {"name": "when", "titles": {"de": ["Datum", "Tag"]}, "datatype": {"base": "date", "format": "dd.MM.yyyy"}},
        {
            "name": "sum",
            "titles": "Summe",
            "datatype": {"base": "decimal", "format": {"decimalChar": ",", "groupChar": "."}},
        },
        {"name": "on", "titles": "Aktiv", "datatype": {"base": "boolean", "format": "J|N"}, "null": ["", "?"]},
        {"name": "tags", "titles": "Wörter", "datatype": "integer", "separator": "|"},
        {"name": "virtual", "virtual": True},
        primaryKey="id",
    )
    declared = schema(tmp_path, document)
    header = "ID;Tag;Summe;Aktiv;Wörter"
    rows = [["1", "31.12.2024", "1.234,50", "J", "1|2"], ["2", "1.2.2024", "7", "?", ""]]
    assert said(validate(table(header, rows), declared)) == []
    rows = [["0", "2024-12-31", "", "ja", "1|x"], ["", "", "", "", ""], ["x", "", "", "", "z"]]
    assert sorted(said(validate(table(header, rows), declared))) == [
        ("schema_constraint_error", "ID", 1, 4),
        ("schema_type_error", "Aktiv", 1, 4),
        ("schema_type_error", "ID", 1, 8),
        ("schema_type_error", "Tag", 1, 4),
    ]


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ({"base": "decimal", "format": {"decimalChar": ",", "groupChar": "."}}, ["1.234,50", "-7"], ["1,5,5", "x"]),
        ({"base": "number", "maxExclusive": 5}, ["4.9"], ["5"]),
        ("string", ["x", "1"], []),
        ("date", ["2024-02-03", "2024-02-03Z", "2024-02-03+01:00"], ["03.02.2024", "2024-13-01"]),
        ("dateTime", ["2024-02-03T10:00:00", "2024-02-03T10:00:00.25Z"], ["2024-02-03", "2024-02-03 10:00"]),
        ("gYear", ["2024"], ["24"]),
        ("gYearMonth", ["2024-02"], ["2024-2"]),
        ("time", ["10:00:00"], ["10:00"]),
        ("duration", ["P1D", "whatever"], []),
        ("anyURI", ["not checked"], []),
        ("byte", ["-128", "127"], ["128", "1.5"]),
        ("double", ["1.5", "-2e5", "INF", "NaN"], ["1,5"]),
        ("boolean", ["true", "0"], ["yes"]),
        ({"base": "string", "minLength": 2, "maxLength": 3}, ["ab", "abc"], ["a", "abcd"]),
        ({"base": "string", "length": 2}, ["ab"], ["abc"]),
        ({"base": "string", "format": "[A-Z]{2}"}, ["AB"], ["ab"]),
        ({"base": "string", "format": "[unclosed"}, ["ab"], []),
        ({"base": "integer", "minimum": 1, "maximum": "5"}, ["1", "5"], ["0", "6"]),
        ({"base": "number", "minExclusive": 0}, ["0.1"], ["0"]),
        ({"base": "decimal", "format": "#,##0.00"}, ["1,234.50"], ["abc"]),
        ({"base": "date", "format": "M/d/yyyy"}, ["3/9/2024", "12/31/2024"], ["31/12/2024"]),
        ({"base": "datetime", "format": "yyyy-MM-ddTHH:mm:ss.SSS"}, ["2024-01-02T03:04:05.123"], ["2024-01-02"]),
        ({"base": "date", "format": "EEE d MMM yyyy"}, ["Tue 2 Jan 2024", "anything"], []),
        ("http://www.w3.org/2001/XMLSchema#integer", ["unknown to us"], []),
    ],
)
def test_csvw_datatypes(tmp_path: Path, datatype: object, good: list[str], bad: list[str]) -> None:
    declared = schema(tmp_path, csvw({"name": "a", "datatype": datatype}))
    assert said(validate(table("a", [[cell] for cell in good]), declared)) == []
    for cell in bad:
        assert len(validate(table("a", [[cell]]), declared).defects) == 1, cell


def test_csvw_inherits_and_refers(tmp_path: Path) -> None:
    document = {
        "@context": "http://www.w3.org/ns/csvw",
        "null": "NULL",
        "dct:license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
        "dialect": {"delimiter": "\t", "encoding": "iso-8859-1", "headerRowCount": 1},
        "tables": [
            {
                "url": "people.csv",
                "tableSchema": {
                    "datatype": "integer",
                    "columns": [{"name": "id"}, {"name": "place"}],
                    "foreignKeys": [
                        {
                            "columnReference": "place",
                            "reference": {"resource": "places.csv", "columnReference": "code"},
                        },
                        {"columnReference": "place", "reference": {"schemaReference": "s", "columnReference": "code"}},
                    ],
                },
            },
            {"url": "places.csv", "tableSchema": {"columns": [{"name": "code"}]}},
        ],
    }
    assert maybe(tmp_path, document) is None  # which of the two is not plain
    declared = schema(tmp_path, document, "people.csv")
    assert declared.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert (declared.dialect, declared.encoding) == ({"delimiter": "\t"}, "iso-8859-1")
    people = table("id;place", [["1", "7"], ["NULL", "8"], ["x", ""]])
    places = {"places.csv": ReferencedTable(table("code", [["7"]]), is_whole=True)}
    found = said(validate(people, declared, referenced=places))
    assert ("schema_foreign_key", "place", 1, 6) in found
    assert {field for rule, field, *_ in found if rule == "schema_type_error"} == {"id", "place"}  # "" is no null here


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("yyyyMMdd", "%Y%m%d"),
        ("d.M.yyyy HH:mm", "%d.%m.%Y %H:%M"),
        ("HHmmss", "%H%M%S"),
        ("yyyy-MM-ddTHH:mm:ssXXX", "%Y-%m-%dT%H:%M:%S%z"),
        ("HH:mm:ss.S", "%H:%M:%S.%f"),
        ("d MMM yyyy", None),
        ("EEEE", None),
    ],
)
def test_date_patterns(pattern: str, wanted: str | None) -> None:
    assert date_format(pattern) == wanted
