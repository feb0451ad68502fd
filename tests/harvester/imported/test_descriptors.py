"""A descriptor of a package that is not as it should be is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from catalog.db.store import Catalog
from catalog.parquet.taking import document
from harvester.errors import PackageError
from harvester.imported.descriptor import described as read_descriptor
from tests.harvester.imported.packages import (
    command,
    describe,
    described,
    refused,
    rewrite,
    with_column,
)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda found: found.pop("winnow"), "no Parquet package"),
        (lambda found: found["winnow"].update(format=2), "use a newer version"),
        (lambda found: found.update(licenses=[]), "ask who publishes"),
        (lambda found: found["winnow"]["catalogue"].update(id="urn:uuid:x"), r"winnow\.catalogue\.id"),
        (lambda found: found["winnow"]["portals"][0].update(id="../north"), r"winnow\.portals\.0\.id"),
        (lambda found: found["winnow"]["portals"][0].update(origin=[]), "origin"),
        (lambda found: found["winnow"]["portals"].append(found["winnow"]["portals"][0]), "listed twice"),
        (lambda found: found["winnow"]["portals"][0]["origin"].append(found["winnow"]["catalogue"]), "listed twice"),
        (lambda found: found["resources"][0].update({"winnow:rows": 10**12}), "rows"),
        (lambda found: found.update(resources={}), "resources"),
    ],
)
def test_a_descriptor_that_is_not_as_it_should_be_is_refused(
    package: Path, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    found = described(package)
    change(found)
    with pytest.raises(ValueError, match=why):
        read_descriptor(document(json.dumps(found).encode()))


def test_a_portal_must_be_in_the_package_and_not_of_the_future(own: Catalog, copy: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    for when in ("2999-01-01T00:00:00Z", soon):
        describe(copy, lambda found, when=when: found["winnow"]["portals"][0].update(last_complete_at=when))
        refused(own, copy, "lies ahead")
    describe(copy, lambda found: found["winnow"]["portals"][0].update(last_complete_at="yesterday", id="east"))
    refused(own, copy, "no such portal")


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'{"winnow":' * 60 + b"1" + b"}" * 60, b"\xff\xfe", b"[1]"])
def test_what_is_no_descriptor_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        read_descriptor(document(body))


def test_a_descriptor_that_is_no_json_takes_nothing(own: Catalog, copy: Path) -> None:
    (copy / "datapackage.json").write_bytes(b"[" * 100_000)
    refused(own, copy, "datapackage.json: it is nested too deeply")


def test_what_a_package_says_cannot_command_the_terminal(own: Catalog, copy: Path) -> None:
    path = "publishers/portal=north/part-0.parquet"
    forged = pa.array([{"\x1b[2J\x9b": 1}])
    rewrite(copy, path, lambda table: with_column(table.slice(0, 1), "name", forged))
    run = command(own, str(copy))
    assert isinstance(run.exception, PackageError) and "column name is struct" in str(run.exception)
    assert not {"\x1b", "\x9b"} & {*str(run.exception), *run.output}
    with pytest.raises(ValueError, match="published_by"):
        found = described(copy)
        found["winnow"]["catalogue"]["published_by"] = "City \x9b2J"
        read_descriptor(found)


def test_without_pyarrow_the_command_says_what_to_install(
    own: Catalog, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it were not installed.
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused(own, package, r'pip install "winnow-opendata\[parquet\]"')
