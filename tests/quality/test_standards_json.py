"""Our JSON Schemas of DCAT-US, against the official ones: the same properties of the same records are at fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from standards_json import FOLDERS, US, VALUES, examples, expected, mutated

from catalog.model import Dataset
from catalog.repositories.reading import StoredDataset
from quality.standards import records
from quality.standards.result import Violation
from specs.standards import SCHEMAS, schema
from tests.conftest import SHARED

with_oracles = pytest.mark.skipif(not US.is_dir(), reason="the official schemas do not lie beside this checkout")
STORED = StoredDataset(id="d", portal_id="p", publisher_id=None, dataset=Dataset(identifier="d"), distributions=())
FEDERAL: dict[str, Any] = {
    "title": "Budget",
    "description": "What is spent.",
    "keyword": ["budget"],
    "modified": "2024-05-31",
    "publisher": {"name": "Office"},
    "contactPoint": {"fn": "Desk", "hasEmail": "mailto:desk@x.example"},
    "identifier": "b-1",
    "accessLevel": "public",
    "bureauCode": ["015:11"],
    "programCode": ["015:001"],
}


def found(record: Any, standard: str) -> list[Violation]:
    return list(records.violations(STORED, record, standard))


def properties(record: Any, standard: str) -> set[str]:
    return {one.path.split("/")[0] for one in found(record, standard)}


@pytest.mark.parametrize("standard", SCHEMAS)
def test_the_schemas_are_schemas(standard: str) -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema(standard))


@with_oracles
@pytest.mark.parametrize("standard", FOLDERS)
def test_the_official_examples_of_1_1_have_the_official_results(standard: str) -> None:
    seen = 0
    for record in examples():
        seen += 1
        assert properties(record, standard) == expected(record, standard), record.get("identifier")
    assert seen > 15


@with_oracles
@pytest.mark.parametrize(
    "file", ("catalog-sample.json", "catalog-sample-extended.json", "dashboard_opendata_valid.json")
)
@pytest.mark.parametrize("standard", FOLDERS)
def test_what_the_oracle_says_is_valid_is_valid(file: str, standard: str) -> None:
    datasets = json.loads((US / "1.1/examples" / file).read_text())["dataset"]
    assert len(datasets) == 3
    assert not [one for record in datasets for one in found(record, standard)]


@with_oracles
@pytest.mark.parametrize("standard", FOLDERS)
def test_records_with_every_field_gone_wrong_have_the_official_results(standard: str) -> None:
    faulty = 0
    for label, record in mutated(FEDERAL, list(schema(standard)["properties"])):
        told = properties(record, standard)
        assert told == expected(record, standard), label
        faulty += bool(told)
    assert faulty > len(VALUES) * 10


@with_oracles
@pytest.mark.parametrize("kind", ("Dataset", "DatasetSeries"))
def test_records_of_3_0_with_every_field_gone_wrong_have_the_official_results(kind: str) -> None:
    base = {"title": "Budget", "description": "What is spent.", "publisher": "https://x.example/office"}
    names = [name for name in schema("dcat_us_3")["$defs"][kind]["properties"] if name not in ("@type", "inSeries")]
    faulty = 0
    for label, record in mutated(base, names):
        ours = record | ({"@series": True} if kind == "DatasetSeries" else {})
        told = properties(ours, "dcat_us_3")
        assert told == expected(record, "dcat_us_3", kind), label
        faulty += bool(told)
    assert faulty > len(VALUES) * 5


@with_oracles
@pytest.mark.parametrize("file", sorted((US / "3.0/examples").glob("*/*")), ids=lambda path: path.name)
def test_examples_of_3_0_have_the_official_results_and_good_ones_conform(file: Any) -> None:
    document = json.loads(file.read_text())
    for record in document.get("dataset", [document]):
        told = found(record, "dcat_us_3")
        assert {one.path.split("/")[0] for one in told} == expected(record, "dcat_us_3")
        # The official schema finds fault with every good example: what it finds are warnings here.
        assert any(one.severity == "violation" for one in told) == (file.parent.name == "bad")


@with_oracles
@pytest.mark.parametrize(
    "portal", ("dcatus-gsa", "dcatus-cms", "dcatus-fda", "dcatus-energy", "dcatus-consumerfinance")
)
def test_recorded_records_have_the_official_results(portal: str) -> None:
    seen = 0
    for file in sorted((SHARED / "portals" / portal).glob("*.json")):
        document = json.loads(file.read_text("utf-8-sig"))
        for record in (document.get("dataset") or ())[:60] if isinstance(document, dict) else ():
            for standard in FOLDERS:
                seen += 1
                assert properties(record, standard) == expected(record, standard), record.get("identifier")
    if not seen:
        pytest.skip("no data.json in this recording")


@pytest.mark.parametrize(
    ("change", "path", "component", "words"),
    (
        ({"title": None}, "title", "type", "title is “None”, which the standard does not allow: give text."),
        ({"contactPoint": {"fn": "x"}}, "contactPoint/hasEmail", "required", "hasEmail is missing from contactPoint"),
        (
            {"distribution": [{"downloadURL": "https://x.example/a"}]},
            "distribution/0/mediaType",
            "required",
            "mediaType is missing from distribution/0, which must have it: add it.",
        ),
        ({"distribution": [{"mediaType": "CSV"}]}, "distribution/0/mediaType", "anyOf", "such as text/csv"),
        ({"modified": "31.05.2024"}, "modified", "anyOf", "give a date such as 2024-05-31, or an interval"),
        ({"publisher": {"name": ""}}, "publisher/name", "minLength", "give the name of the body, as text."),
        ({"rights": "y" * 10_000_000}, "rights", "anyOf", "give text of at most 255 characters."),
        (
            {"contactPoint": {"fn": "x", "hasEmail": "a@b.org"}},
            "contactPoint/hasEmail",
            "anyOf",
            "with mailto: before it",
        ),
    ),
)
def test_a_clerk_is_told_where_and_what_to_do(change: dict[str, Any], path: str, component: str, words: str) -> None:
    told = found(FEDERAL | change, "dcat_us_1_federal")
    assert [(one.path, one.component, one.severity) for one in told] == [(path, component, "violation")]
    assert words in told[0].message


@pytest.mark.parametrize(
    "record",
    (None, "text", [], 7, {}, {"title": "\ud800\x00"}, {"publisher": {"name": "x", "subOrganizationOf": {"name": 1}}}),
)
@pytest.mark.parametrize("standard", SCHEMAS)
def test_any_record_is_judged(record: Any, standard: str) -> None:
    assert found(record, standard)


def test_text_that_makes_patterns_slow_is_cut() -> None:
    slow = "mailto:" + "a" * 50 + "@" + "a." * 5_000_000 + "!"
    told = found(
        FEDERAL | {"contactPoint": {"fn": "x", "hasEmail": slow}, "language": ["en" + "-a1" * 100_000 + "!"]},
        "dcat_us_1",
    )
    assert {one.path for one in told} == {"contactPoint/hasEmail", "language/0"}
