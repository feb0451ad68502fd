"""Claims against facts: what is plainly false is said, what is rounded, vague or unseen is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from catalog import vocabulary
from catalog.model import Dataset, Distribution, ResourceCheck, TableReport
from catalog.repositories.subjects import Twin
from harvester.checks.changes import undated_digest
from quality.evidence import claims
from quality.evidence.script import script_of
from quality.evidence.subject import UNKNOWN, DistributionSubject
from quality.metrics import functions
from quality.metrics.open import licence_truthful

OK = ResourceCheck(url="https://host.example/x", outcome="ok", sha256="a" * 64, downloaded_bytes=20_480)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("20480", (20_480, 20_480)),
        ("20480.0", (20_480, 20_480)),
        ("20,480 bytes", (20_480, 20_480)),
        ("20 480", (20_480, 20_480)),
        ("20 KB", (19_500, 20_992)),
        ("1.5 MB", (1_450_000, 1_625_292)),
        ("1,5 Mo", (1_450_000, 1_625_292)),
        ("2KiB", (1_500, 2_560)),
        ("0", None),
        ("1", None),
        ("-1", None),
        ("", None),
        (None, None),
        ("about 20 MB", None),
        ("20 pages", None),
    ],
)
def test_a_declared_size_is_read_as_it_was_meant(text: str | None, bounds: tuple[float, float] | None) -> None:
    found = claims.declared_bytes(text)
    assert found == bounds or (found and bounds and found == pytest.approx(bounds, abs=1))


@pytest.mark.parametrize(
    ("text", "check", "expected"),
    [
        ("20480", OK, 1.0),
        ("20 KB", OK, 1.0),
        ("21000", OK, 1.0),
        ("20 MB", OK, 0.0),
        ("100", OK, 0.0),
        ("0", OK, None),
        ("20480", None, UNKNOWN),
        ("20480", replace(OK, outcome="unknown"), UNKNOWN),
        ("20480", replace(OK, outcome="broken"), None),
        ("20480", replace(OK, is_truncated=True), UNKNOWN),
        ("20480", replace(OK, is_truncated=True, size_bytes=20_480), 1.0),
    ],
)
def test_a_size_is_false_only_by_more_than_a_tenth(text: str, check: ResourceCheck | None, expected: Any) -> None:
    assert claims.byte_size(text, check) == expected


MD5 = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("value", "algorithm", "check", "expected"),
    [
        ("A" * 64, "SHA-256", OK, 1.0),
        ("sha256:" + "a" * 64, "http://spdx.org/rdf/terms#checksumAlgorithm_sha256", OK, 1.0),
        ("b" * 64, "SHA256", OK, 0.0),
        ("b" * 64, None, OK, None),
        ("b" * 64, "CRC-32", OK, None),
        ("b" * 32, "SHA-256", OK, None),
        ("see the website", "MD5", OK, None),
        (MD5, "MD5", OK, UNKNOWN),
        (MD5, "md5", replace(OK, checksums={"md5": MD5}), 1.0),
        (MD5, "MD5", replace(OK, checksums={"md5": "f" * 32}), 0.0),
        ("b" * 64, "SHA-256", replace(OK, is_truncated=True), UNKNOWN),
        ("b" * 64, "SHA-256", None, UNKNOWN),
    ],
)
def test_a_checksum_is_compared_where_its_algorithm_is_said(
    value: str, algorithm: str | None, check: ResourceCheck | None, expected: Any
) -> None:
    assert claims.checksum(Distribution(checksum=value, checksum_algorithm=algorithm), check) == expected


SEEN = replace(
    OK, changed_at="2026-06-10T02:00:00Z", change_decided_by="checksum", unchanged_until="2026-06-09T02:00:00Z"
)
SAID = replace(OK, changed_at="2026-06-10T02:00:00Z", change_decided_by="last_modified")


@pytest.mark.parametrize(
    ("declared", "check", "expected"),
    [
        ("2026-06-10", SEEN, 1.0),
        ("2026-06-09", SEEN, 1.0),
        ("2026-06-08", SEEN, None),
        ("2026-01-01", SEEN, 0.0),
        ("2026-06-20", SEEN, None),
        ("2026-01-01", SAID, None),
        ("2026-06-11", SAID, 1.0),
        ("2027-03-01", OK, 0.0),
        ("2027", OK, None),
        ("last week", SEEN, None),
        (None, SEEN, None),
        ("2026-01-01", None, None),
        # What the portal's own record said confirms nothing.
        ("2026-06-10", replace(SAID, change_decided_by="harvest_date"), None),
        ("2026-01-01", replace(SEEN, changed_at="2026-06-30T02:00:00Z", unchanged_until="2026-06-29T02:00:00Z"), None),
    ],
)
def test_a_date_is_false_only_where_a_change_was_seen_after_it(
    declared: str | None, check: ResourceCheck | None, expected: Any
) -> None:
    assert claims.modified(declared, check, date(2026, 7, 1)) == expected


@pytest.mark.parametrize(
    ("declared", "served", "expected"),
    [
        ("CSV", "CSV", 1.0),
        ("CSV", "ZIP", 1.0),
        ("PDF", "DOCX", 0.0),
        ("XLSX", "CSV", 0.0),
        ("NETCDF", "HDF", 1.0),
        ("GEOTIFF", "TIFF", UNKNOWN),
        ("RDF_TURTLE", "TXT", UNKNOWN),
        ("RDF_TURTLE", "PDF", 0.0),
        ("DBF", "CSV", UNKNOWN),
    ],
)
def test_formats_contradict_each_other_only_where_bytes_can_tell(declared: str, served: str, expected: Any) -> None:
    one, other = vocabulary.file_format(declared), vocabulary.file_format(served)
    assert one and other and claims.agrees(one, other) == expected


@pytest.mark.parametrize(
    ("languages", "script", "expected"),
    [
        (["BUL"], "Cyrillic", 1.0),
        (["ENG", "BUL"], "Cyrillic", 1.0),
        (["DEU"], "Cyrillic", 0.0),
        (["SRP"], "Greek", None),
        (["BUL"], None, None),
        ([], "Greek", None),
    ],
)
def test_a_language_is_told_by_its_script_alone(languages: list[str], script: str | None, expected: Any) -> None:
    assert claims.language(languages, script) == expected


def test_a_script_is_told_where_nearly_all_letters_are_its_own() -> None:
    russian = "Население по районам города, человек; год\n" * 20
    assert script_of(russian.encode()) == "Cyrillic"
    assert script_of(("id,name,value\n" * 60 + russian).encode()) is None
    assert script_of(russian.encode("cp1251")) is None
    assert script_of(russian.encode()[:-1]) == "Cyrillic"
    assert script_of("Größe und Übung für alle Städte\n".encode() * 30) is None
    assert script_of("год".encode()) is None


def subject(title: str, twins: tuple[Twin, ...], **values: Any) -> DistributionSubject:
    dataset = Dataset(identifier="d", title="Budget of the city")
    return DistributionSubject(
        id="r", distribution=Distribution(title=title, access_url=OK.url), dataset=dataset,
        access_check=replace(OK, **values), twins=twins,
    )  # fmt: skip


def twin(title: str, dataset: str = "Budget of the city") -> tuple[Twin, ...]:
    return (Twin(distribution_id="o", title=title, dataset_title=dataset),)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (subject("Budget 2024", twin("Budget 2023")), 0.0),
        (subject("Budget 2024", twin("Budget 2024")), 1.0),
        (subject("Budget 2024", twin("Budget, all years")), 1.0),
        (subject("Budget 2024", twin("Accounts 2023")), 1.0),
        (subject("Budget", twin("Budget")), 1.0),
        (subject("Budget 2024", ()), 1.0),
        (subject("Budget 2024", twin("Budget 2023"), downloaded_bytes=40), 1.0),
        (subject("Budget 2024", twin("Budget 2023"), is_truncated=True), None),
        (subject("Budget 2024", twin("Budget 2023"), sha256=None), None),
    ],
)
def test_the_same_file_is_a_finding_only_where_another_year_was_promised(one: Any, expected: Any) -> None:
    assert functions("distribution")["file_distinct"](one) == expected


def test_the_beginning_of_a_zip_contradicts_nothing() -> None:
    table = TableReport(status="not_a_table", format="ZIP")
    one = replace(subject("Report", (), is_truncated=True), table=table)
    one = replace(one, distribution=replace(one.distribution, format="DOCX", media_type="application/msword"))
    assert functions("distribution")["format_truthful"](one) is UNKNOWN
    assert functions("distribution")["media_type_truthful"](one) is None


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        (b"a\n# 2026-11-23T01:00:00Z\n", b"a\n# 2026-11-24 13:05\n", True),
        (b"a\nStand: 23.11.2026, 01:00:00\n", b"a\nStand: 24.11.2026, 02:30:10\n", True),
        (b'{"at": 1795482000}', b'{"at": 1795512345}', True),
        (b'{"at": 1795482000123}', b'{"at": 1795512345678}', True),
        (b"day,n\n2026-11-23,5\n", b"day,n\n2026-11-24,6\n", False),
        (b"next,2026-12-01\n", b"next,2026-12-08\n", False),
        (b"n,5\n", b"n,6\n", False),
    ],
)
def test_dates_near_the_download_are_folded_out_and_nothing_else(
    first: bytes, second: bytes, is_same: bool, tmp_path: Any
) -> None:
    (tmp_path / "a").write_bytes(first)
    (tmp_path / "b").write_bytes(second)
    digests = {undated_digest(tmp_path / name, "2026-11-24T02:00:00Z") for name in "ab"}
    assert (len(digests) == 1) is is_same


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("ODbL-1.0", 1.0), ("CC0-1.0", 0.0), ("notspecified", None), ("other-open", None), ("see our website", None)],
)
def test_a_placeholder_contradicts_no_licence(declared: str, expected: Any) -> None:
    table = TableReport(status="valid", format="CSV", profile={"licence": "ODbL-1.0"})
    distribution = Distribution(licence=declared)
    subject = DistributionSubject(id="x", distribution=distribution, dataset=Dataset(identifier="x"), table=table)
    assert licence_truthful(subject) == expected
