"""Schemas within data packages, and CSV on the Web."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quality.tables.declared.csvw import date_format
from quality.tables.declared.validation import ReferencedTable, validate
from tests.quality.tables.declared_tables import FIELDS, csvw, maybe, said, schema, table

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
