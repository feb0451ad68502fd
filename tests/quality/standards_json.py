"""jsonschema with the official schemas of DCAT-US: what our results are compared with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from tests.conftest import SHARED

US = SHARED / "oracles/dcat-us"
EXAMPLES = US / "1.1/examples"
FOLDERS = {
    "dcat_us_1_federal": (US / "1.1/federal-v1.1", "dataset.json"),
    "dcat_us_1": (US / "1.1/non-federal-v1.1", "dataset-non-federal.json"),
}


def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(
        re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value)
    )


@cache
def _official(standard: str, kind: str = "Dataset") -> Any:
    from jsonschema import Draft4Validator, Draft7Validator, FormatChecker
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT4

    if standard == "dcat_us_3":
        whole = json.loads((US / "3.0/dcat-us3.0-expanded-schema.json").read_text())
        # Without a check of both formats its oneOf lets no date pass.
        formats = FormatChecker(formats=["date"])
        formats.checkers["date-time"] = (_is_instant, ())
        return Draft7Validator({**whole, "$ref": f"#/$defs/{kind}"}, format_checker=formats)
    folder, name = FOLDERS[standard]
    base = "https://project-open-data.cio.gov/v1.1/schema/"
    registry: Registry[Any] = Registry()
    for file in folder.glob("*.json"):
        resource = Resource.from_contents(json.loads(file.read_text()), default_specification=DRAFT4)
        registry = registry.with_resource(base + file.name, resource)
    return Draft4Validator(json.loads((folder / name).read_text()), registry=registry)


def expected(record: Any, standard: str, kind: str = "Dataset") -> set[str]:
    """Return the top-level properties of a record in which the official schema finds an error; "" for the record
    itself."""
    found = set()
    for error in _official(standard, kind).iter_errors(record):
        if error.validator == "required" and not error.absolute_path:
            found |= {name for name in error.validator_value if name not in error.instance}
        else:
            found.add(str(error.absolute_path[0]) if error.absolute_path else "")
    return found


def examples() -> Iterator[dict[str, Any]]:
    """Return every dataset of the official examples of 1.1."""
    for file in sorted([*EXAMPLES.glob("*.json"), *(US / "1.1/gsa-2025-reissue/examples").glob("*.json")]):
        yield from json.loads(file.read_text())["dataset"]


VALUES: tuple[Any, ...] = (
    None,
    "",
    "x",
    7,
    True,
    [],
    {},
    ["x"],
    [""],
    [7],
    ["x", "x"],
    {"name": "x"},
    {"name": ""},
    {"fn": "x"},
    "text/csv",
    "text / csv",
    {"fn": "x", "hasEmail": "mailto:a@b.org"},
    {"fn": "x", "hasEmail": "a@b.org"},
    "public",
    "secret",
    "2024",
    "2024-05",
    "2024-05-31",
    "20240531",
    "31.05.2024",
    "2024-13-01",
    "2024-05-31T12:00:00Z",
    "2024-W05",
    "2024-05-31 12:00",
    "R/P1Y",
    "R/P1D",
    "R/PT1H",
    "irregular",
    "annual",
    "P1Y",
    "R/2024-05-31/P1Y",
    "2020/2021",
    "2020-01-01/2020-12-31",
    "2020-01-01/P1Y",
    "P1Y/2020-01-01",
    "en",
    ["en"],
    ["en-US", "es"],
    ["english!"],
    ["x-own"],
    ["015:11"],
    ["015:001"],
    ["15:1"],
    "015:11",
    "[[REDACTED-EX B3]]",
    "[[REDACTED",
    "https://x.example/a",
    "y" * 255,
    "y" * 256,
    [{}],
    [{"downloadURL": "https://x.example/a.csv"}],
    [{"accessURL": 7}],
    [{"@type": "dcat:File"}],
    [{"downloadURL": "https://x.example/a.csv", "mediaType": "text/csv"}],
    [{"mediaType": "CSV file"}],
    [{"title": ""}],
    [{"downloadURL": "https://x.example/a.csv", "mediaType": None}],
    "021-123456789",
    {"name": "x", "subOrganizationOf": {}},
    {"name": "x", "subOrganizationOf": {"name": "y"}},
    "dcat:Dataset",
    {"@value": "2024-05-31", "@type": "xsd:date"},
)
"""What fields are set to, one after the other."""


def mutated(record: dict[str, Any], names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a record with each field removed, and with each field set to every value of VALUES."""
    for name in names:
        yield f"no {name}", {k: v for k, v in record.items() if k != name}
        for value in VALUES:
            yield f"{name}={value!r}"[:80], deepcopy(record) | {name: deepcopy(value)}


def path_of(file: str) -> Path:
    """Return the path of an official file."""
    return US / file
