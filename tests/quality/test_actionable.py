"""Findings that someone can act on: none about a fact that is there, none twice for one fact, each with a reason."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports.cause_rows import fix_in_words
from catalog.model import Distribution, ResourceCheck, TableContext
from catalog.repositories.causes import examples
from catalog.repositories.checks import write_checks
from catalog.repositories.withdrawn import LastScore, before
from quality.evidence.periods import every
from quality.evidence.subject import UNKNOWN, DistributionSubject, Measurement
from quality.findings.derive import basis, is_unobserved
from quality.findings.derive import findings as findings_of
from quality.metrics.accessible import download_url_present, file_served, file_served_observed
from quality.metrics.open import format_open, licence_known, licence_known_observed, licence_present
from quality.metrics.usable import format_known, format_present, format_truthful, machine_readable
from quality.systems.stage import score_portal
from quality.systems.winnow import score_dataset
from quality.tables.inspect import inspect
from specs.languages import language
from tests.making import portal, store
from tests.quality.test_scoring import CHECK, FILE, PERFECT, TABLE, judged, subject

LINK = replace(FILE, download_url=None)
PAGE = replace(TABLE, status="wrong_content", format="HTML")


def seen(file: Distribution, check: Any = CHECK, table: Any = TABLE, **more: Any) -> DistributionSubject:
    return subject(replace(PERFECT, distributions=(file,), **more), check, table).distributions[0]


@pytest.mark.parametrize(
    ("file", "check", "table", "expected"),
    [
        (FILE, None, None, 1.0),
        (LINK, CHECK, TABLE, 1.0),
        (LINK, CHECK, None, 1.0),
        (LINK, CHECK, PAGE, 0.0),
        (LINK, replace(CHECK, content_type="text/html; charset=utf-8"), None, 0.0),
        (LINK, replace(CHECK, content_type=None), None, UNKNOWN),
        (LINK, None, None, UNKNOWN),
        (LINK, replace(CHECK, outcome="failing"), None, UNKNOWN),
        (LINK, replace(CHECK, outcome="broken"), None, None),
        (replace(LINK, access_url=None), None, None, None),
        (replace(LINK, format="WMS", media_type=None), CHECK, None, None),
        (replace(FILE, download_url="-"), CHECK, None, 0.0),
    ],
)
def test_an_address_that_serves_the_file_is_a_direct_download(file: Any, check: Any, table: Any, expected: Any) -> None:
    assert download_url_present(seen(file, check, table)) == expected


@pytest.mark.parametrize(
    ("declared", "media_type", "expected"),
    [
        ("CSV", None, (1.0, 1.0)),
        (None, "text/csv", (1.0, 1.0)),
        ("data", "text/csv", (1.0, 0.0)),
        (None, "application/octet-stream", (0.0, None)),
        (None, None, (0.0, None)),
    ],
)
def test_a_format_is_missing_once_and_only_where_none_is_declared(
    declared: str | None, media_type: str | None, expected: tuple[float, float | None]
) -> None:
    one = seen(replace(FILE, format=declared, media_type=media_type))
    assert (format_present(one), format_known(one)) == expected


def test_unspecified_bytes_are_no_closed_format_and_a_page_in_place_of_the_file_is_not_its_format() -> None:
    one = seen(replace(FILE, format=None, media_type="application/octet-stream"), None, None)
    assert machine_readable(one) is UNKNOWN and format_open(one) is UNKNOWN
    assert machine_readable(seen(FILE, CHECK, PAGE)) == 1.0
    page = seen(FILE, replace(CHECK, content_type="text/html"), None)
    assert file_served_observed(page) == "the address serves text/html"


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        (b'{"error": {"code": 500}}', None, UNKNOWN),
        (b'{"error": {"code": 500}}', "API", UNKNOWN),
        (b'{"error": {"code": 500}}', "CSV", 0.0),
        (b"<?xml version='1.0'?><ows:ExceptionReport xmlns:ows='http://www.opengis.net/ows/1.1'/>", None, UNKNOWN),
        (b'{"rows": [1, 2]}', None, 1.0),
    ],
)
def test_what_looks_like_an_error_message_is_no_file_for_certain(
    body: bytes, declared: str | None, expected: Measurement, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(body)
    report = inspect(TableContext(path=tmp_path / "f", declared_format=declared))
    one = seen(replace(FILE, format=declared, media_type=None), replace(CHECK, content_type="application/json"), report)
    assert file_served(one) is expected or file_served(one) == expected


def test_a_licence_of_the_dataset_is_not_missing_on_a_file_that_names_none() -> None:
    file = replace(FILE, licence="notspecified")
    one = seen(file, licence="Nova Scotia Terms of 1999")
    assert licence_present(one) == 1.0 and licence_known(one) == 0.0
    assert licence_known_observed(one) == "the licence is: Nova Scotia Terms of 1999"
    assert licence_present(seen(file, licence=None)) == 0.0
    assert licence_present(seen(replace(FILE, licence="-"), licence="CC-BY-4.0")) == 1.0
    assert licence_known(seen(replace(FILE, licence="-"), licence="CC-BY-4.0")) == 1.0


def test_a_missing_licence_is_one_finding_with_the_points_of_an_open_one() -> None:
    bare = replace(PERFECT, licence=None, distributions=(replace(FILE, licence=None),))
    one = subject(bare)
    (found,) = findings_of(judged(one))
    before, after = score_dataset(one).score.value, score_dataset(subject(PERFECT)).score.value
    assert found.rule_id == "licence_present" and before is not None and after is not None
    # To state one also lets it be recognised, which is not counted before.
    assert found.gain_points == pytest.approx(after - before, abs=0.01)
    # A licence that was taken away does not fix the finding that it was closed.
    assert is_unobserved(judged(one), "d0", "licence_open") and not is_unobserved(judged(one), "d0", "licence_present")


def test_one_open_format_is_enough_and_a_dead_link_says_why_nothing_is_gained() -> None:
    closed = replace(FILE, format="XLS", media_type=None)
    both = subject(replace(PERFECT, distributions=(FILE, closed)), CHECK, None)
    assert {one.rule_id for one in findings_of(judged(both))} <= {"media_type_present"}
    alone = subject(replace(PERFECT, distributions=(closed,)), replace(CHECK, outcome="broken"), None)
    found = {one.rule_id: one for one in findings_of(judged(alone))}
    assert found["format_open"].gain_points == 0.0
    assert found["format_open"].observed == "the format is XLS; it brings points once there is a file with data"


def test_a_file_that_is_unchanged_shows_the_status_with_which_it_was_served() -> None:
    latin = replace(TABLE, encoding="cp1252")
    (found,) = findings_of(judged(subject(PERFECT, replace(CHECK, status=304), latin)))
    assert (found.rule_id, found.http_status) == ("table_encoding_utf8", 200)


def test_the_advice_on_a_table_names_what_failed() -> None:
    row = {"rule_id": "table_expectations_met", "how_to_fix": "", "level": "publisher", "root_name": "City"}
    said = fix_in_words(language("en"), row | {"split": "empty_column"})
    assert said == "Once, in the form or export of City: Leave the column out, or fill it."
    assert "expectations" not in fix_in_words(language("en"), row | {"level": None, "split": None})
    clean = fix_in_words(language("en"), row | {"rule_id": "table_header_clean", "split": "blank_column_name"})
    assert clean.endswith("Give the column a name, or leave it out.")


def test_what_only_the_record_said_is_taken_back_with_the_rule() -> None:
    last = LastScore("1", 50.0, is_same_record=True, is_other_method=True, tables={}, same_files=frozenset({"d0"}))
    assert last.is_withdrawn("2", "d0", "file") and last.is_withdrawn("2", None, "record")
    assert not replace(last, is_other_method=False).is_withdrawn("2", "d0", "file")
    # Another file, or none that answered tonight, is no mistake of ours.
    assert not last.is_withdrawn("2", "d1", "file") and not last.is_withdrawn("2", "d0", "file", is_unobserved=True)
    assert last.is_withdrawn("2", None, "record", is_unobserved=True)


def test_what_asks_a_server_now_asked_the_record_alone_before() -> None:
    versions = ("2.0.0", "2.1.0", None)
    assert [basis("download_url_present", one) for one in versions] == ["record", None, None]
    assert [basis("title_present", one) for one in versions] == ["record"] * 3


def test_a_file_is_the_same_if_nobody_asked_or_the_same_bytes_came(tmp_path: Path) -> None:
    runs = ("20260101T000000Z", "20260102T000000Z")
    urls = {name: f"https://files.example/{name}" for name in ("unasked", "asked", "unmodified", "same", "silent")}
    with open_catalog(tmp_path / "catalog.db") as catalog, catalog.writing():
        run = catalog.db.conn.execute
        run("insert into datasets (id, portal_id, status) values ('ds', 'p', 'present')")
        score = (
            "insert into dataset_quality (dataset_id, portal_id, run_id, methodology_version) values ('ds', 'p', ?, ?)"
        )
        run(score, [runs[0], "old"])
        for name, url in urls.items():
            run("insert into distributions (id, dataset_id, portal_id, download_url) values (?, 'ds', 'p', ?)",
                [name, url])  # fmt: skip
        write_checks(catalog, runs[0], [ResourceCheck(url=urls["unasked"], outcome="ok", checked_at="2026-01-01")])
        run("insert into table_reports (distribution_id, url, run_id, sha256) values ('same', ?, ?, ?)",
            [urls["same"], runs[0], "a" * 64])  # fmt: skip
        asked = {"asked": (200, "ok"), "unmodified": (304, "ok"), "same": (200, "ok"), "silent": (None, "unknown")}
        write_checks(catalog, runs[1], [
            ResourceCheck(url=urls[name], outcome=outcome, status=status, sha256="a" * 64, checked_at="2026-01-02")
            for name, (status, outcome) in asked.items()
        ])  # fmt: skip
        assert before(catalog, ["ds"], "new")["ds"].same_files == {"unasked", "unmodified", "same"}
        assert before(catalog, ["ds"], "old")["ds"].same_files == frozenset()


def test_a_shapefile_in_an_archive_is_the_archive_that_was_declared() -> None:
    def check(declared: str, served: str) -> Measurement:
        return format_truthful(
            seen(replace(FILE, format=declared, media_type=None), table=replace(TABLE, format=served))
        )

    assert (check("ZIP", "SHP"), check("SHP", "ZIP"), check("ZIP", "PDF")) == (1.0, 1.0, 0.0)


def test_an_archive_is_as_readable_as_what_is_in_it() -> None:
    file = replace(FILE, format="csv.zip", media_type=None)
    assert machine_readable(seen(file, CHECK, None)) is UNKNOWN
    assert machine_readable(seen(file, CHECK, replace(TABLE, format="ZIP"))) == 1.0
    assert (
        machine_readable(seen(file, CHECK, replace(TABLE, status="not_a_table", format="ZIP", row_count=None)))
        is UNKNOWN
    )


def test_periods_are_words() -> None:
    assert [every(days) for days in (1, 7, 30, 365, 730, 0.5)] == [
        "every day", "every week", "every month", "every year", "every two years", "twice a day",
    ]  # fmt: skip
    assert every(45) == "every 45 days"


def test_an_example_without_a_page_has_another_address_or_none(catalog: Catalog) -> None:
    run = "20261120T010000Z"
    catalog.begin_run("test", [portal("a")], version="0", methodology="0", run_id=run)
    store(catalog, run, "a", [replace(PERFECT, keywords=())])
    score_portal(catalog, run, "a", is_full=True)
    key = catalog.value("select key from findings where rule_id = 'keyword_present'")
    for source, expected in (("https://portal.example/1", "https://portal.example/1"), ("", None)):
        with catalog.writing():
            catalog.db.conn.execute("update datasets set landing_page = '', source_url = ?", [source])
        assert [one["url"] for one in json.loads(examples(catalog, [key]))] == [expected]
