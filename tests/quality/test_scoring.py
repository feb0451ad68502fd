"""Measurements, systems and the Winnow score: what is exact, and what must hold for any input."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from catalog.model import (
    Contact,
    DataService,
    Dataset,
    Distribution,
    Publisher,
    ResourceCheck,
    TableDefect,
    TableReport,
)
from quality.evidence.dates import last_day
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject
from quality.findings.derive import JudgedDataset, is_unobserved
from quality.findings.derive import findings as findings_of
from quality.findings.gains import gains
from quality.systems.matrix import Measurements, matrix_of_measurements, measure_all
from quality.systems.third_party import system_points
from quality.systems.winnow import score_dataset, winnow_scores
from specs.metrics import metrics
from specs.systems import systems
from tests.conftest import SHARED

URL = "https://data.example.org/budget.csv"
CHECK = ResourceCheck(
    url=URL, outcome="ok", status=200, content_type="text/csv", last_modified=None, size_bytes=1024,
    downloaded_bytes=1024, sha256="a" * 64, changed_at="2026-11-01T08:00:00Z", change_decided_by="checksum",
    unchanged_until="2026-10-31T08:00:00Z", script="Cyrillic",
)  # fmt: skip
TABLE = TableReport(
    status="valid",
    format="CSV",
    encoding="utf-8",
    row_count=10,
    column_count=3,
    profile={"has_schema": True, "licence": "CC-BY-4.0"},
    expectations_passed=8,
    expectations_total=8,
)
FILE = Distribution(
    identifier="r1", title="Budget 2026", description="All lines of the budget.", access_url=URL, download_url=URL,
    format="CSV", media_type="text/csv", byte_size="1024", licence="http://creativecommons.org/licenses/by/4.0/",
    rights="© City", issued="2026-01-01", modified="2026-11-01", documentation="https://data.example.org/docs",
    status="Completed", described_by="https://data.example.org/schema.json", checksum="a" * 64,
    checksum_algorithm="SHA-256", language=("bg",),
)  # fmt: skip
DESCRIPTION = (
    "Every line of the budget as the council has voted it, by chapter, with what was spent of it by the end of year. "
    "Left out are the accounts of the schools, which are kept by the district; they have a dataset of their own."
)
API = DataService(
    title="Budget API", description="Lines by chapter.", endpoint_url="https://data.example.org/api",
    licence=FILE.licence,
    endpoint_description="https://data.example.org/openapi.json", access_rights="PUBLIC", conforms_to=("OpenAPI",),
    documentation="https://data.example.org/api/docs",
)  # fmt: skip
STARS_OF_CSV = {"served_rdf": 0.0, "served_linked": 0.0, "openness_ckan": 0.6}
PERFECT = Dataset(
    identifier="budget", title="Budget of the city by chapter", description=DESCRIPTION,
    keywords=("budget",), themes=("GOVE",), publisher=Publisher(name="City"), licence=FILE.licence,
    contact=Contact(name="Desk", email="desk@example.org", url="https://data.example.org/desk"),
    access_rights="PUBLIC", rights="© City",
    issued="2026-01-01", modified="2026-11-01", record_modified="2026-11-02", frequency="R/P1M", spatial=("City",),
    temporal_start="2026-01-01", landing_page="https://data.example.org/budget", provenance="The treasury.",
    relations=("x",), other_identifiers=("doi:10.5555/1",), applicable_legislation=("http://data.europa.eu/eli/x",),
    distributions=(FILE,), data_services=(API,),
)  # fmt: skip


def subject(
    dataset: Dataset,
    check: ResourceCheck | None = CHECK,
    table: TableReport | None = TABLE,
    as_of: date = date(2026, 11, 24),
    *,
    conforms: bool = True,
) -> DatasetSubject:
    parts = tuple(
        DistributionSubject(
            id=f"d{i}",
            distribution=d,
            dataset=dataset,
            access_check=check,
            download_check=check,
            table=table,
            as_of=as_of,
        )
        for i, d in enumerate(dataset.distributions)
    )
    return DatasetSubject(
        id="p-1",
        portal_id="p",
        publisher_id=None,
        dataset=dataset,
        distributions=parts,
        services=dataset.data_services,
        as_of=as_of,
        conformance=dict.fromkeys(("dcat_ap_2", "dcat_ap_3", "dcat_ap_hvd", "dcat_us_1"), conforms),
    )


def judged(one: DatasetSubject) -> JudgedDataset:
    measured = measure_all([one])
    gained = gains(measured)
    return JudgedDataset(one, measured.datasets[0], measured.distributions, gained.dataset[0], gained.part)


def findings(one: DatasetSubject) -> Any:
    return findings_of(judged(one))


def measure(one: DatasetSubject) -> tuple[Measurements, list[Measurements]]:
    measured = measure_all([one])
    parts = [measured.measurements("distribution", row) for row in range(len(measured.distributions))]
    return measured.measurements("dataset", 0), parts


def test_a_perfect_dataset_scores_one_on_every_metric() -> None:
    own, parts = measure(subject(PERFECT))
    assert {k: v for k, v in {**own, **parts[0]}.items() if v != 1.0} == STARS_OF_CSV
    score = score_dataset(subject(PERFECT))
    assert (score.score.value, score.score.low, score.score.high) == (100.0, 100.0, 100.0)
    # The MQA v1 scorer skips the dataset's dates where the distribution has its own.
    assert score.systems["mqa_v1"].low == 405 and score.systems["mqa_v2"].low == 7.5
    assert findings(subject(PERFECT)) == []


def test_an_empty_dataset_scores_nothing_and_nothing_is_invented() -> None:
    empty = Dataset(identifier="x", distributions=(Distribution(),))
    own, parts = measure(subject(empty, None, None, conforms=False))
    values = {**own, **parts[0]}
    assert values.pop("identifier_present") == 1.0
    assert values.pop("distribution_present") == 1.0
    # The identifier is one of the elements.
    assert values.pop("core_metadata_share") == 0.5
    assert [k for k, v in values.items() if isinstance(v, float) and v > 0] == []


def test_an_api_alone_is_neither_blamed_nor_praised_for_files_it_has_not() -> None:
    score = score_dataset(subject(replace(PERFECT, distributions=())))
    assert score.score.value == 100 and score.score.low < 60 and score.score.high == 100


def test_without_distributions_it_is_not_accessible() -> None:
    score = score_dataset(subject(replace(PERFECT, distributions=(), data_services=())))
    assert score.score.value is not None and score.score.value < 70
    assert score.dimensions["accessible"].value is not None and score.dimensions["accessible"].value < 40


@pytest.mark.parametrize("fault", ["blocked", "timeout", "server", "robots", "private_address", "auth"])
def test_unknown_is_never_failed(fault: str) -> None:
    check = ResourceCheck(url=URL, outcome="unknown", fault=fault)
    walled, seen = score_dataset(subject(PERFECT, check, None)), score_dataset(subject(PERFECT))
    assert walled.distributions[0]["link_ok"] is UNKNOWN
    assert walled.score.value == seen.score.value == 100
    assert walled.score.low < 100 and walled.score.high == 100
    assert findings(subject(PERFECT, check, None)) == []
    seen = judged(subject(PERFECT, check, None))
    assert is_unobserved(seen, "d0", "link_ok") and not is_unobserved(seen, None, "title_present")
    assert is_unobserved(seen, "d0", "missing_cell") == is_unobserved(seen, "d0", "table_rectangular")


def test_a_broken_link_is_a_finding_with_its_exact_gain() -> None:
    broken = ResourceCheck(url=URL, outcome="broken", fault="gone", status=404, detail="the server answers 404")
    one = subject(PERFECT, broken, None)
    found = [f for f in findings(one) if f.rule_id == "link_ok"]
    assert len(found) == 1 and found[0].http_status == 404 and found[0].observed == "the server answers 404"
    own, parts = measure(one)
    fixed = matrix_of_measurements(own, [{**part, "link_ok": 1.0} for part in parts])
    before, after = score_dataset(one).score.value, winnow_scores(fixed).value[0]
    assert before is not None and found[0].gain_points == pytest.approx(after - before, abs=1e-4)
    # What is declared of a file counts again with it: licence, format, and that a program can read it.
    assert after - before > 25 * 9 / 16


def test_a_licence_that_cannot_be_told_is_unknown_and_none_is_not_open() -> None:
    prose = replace(FILE, licence="see website")
    own = replace(PERFECT, licence="see website", distributions=(prose,))
    part = measure(subject(own))[1][0]
    assert (part["licence_present"], part["licence_known"], part["licence_open"]) == (1.0, 0.0, UNKNOWN)
    nothing = replace(PERFECT, licence=None, distributions=(replace(FILE, licence=None),))
    part = measure(subject(nothing))[1][0]
    assert (part["licence_present"], part["licence_known"], part["licence_open"]) == (0.0, None, 0.0)
    shared = replace(PERFECT, distributions=(replace(FILE, licence=None),))
    assert measure(subject(shared))[1][0]["licence_open"] == 1.0


def test_a_page_for_a_file_and_a_lie_about_the_format() -> None:
    page = TableReport(status="wrong_content", format="HTML", defects=(TableDefect(rule="html", count=1, message="x"),))
    part = measure(subject(PERFECT, CHECK, page))[1][0]
    assert part["file_served"] == 0.0 and part["table_rectangular"] is None and part["format_truthful"] is None
    measured = replace(TABLE, format="XLSX")
    assert measure(subject(PERFECT, CHECK, measured))[1][0]["format_truthful"] == 0.0


def test_a_bad_row_counts_by_its_rate() -> None:
    def with_bad(rows: int, bad: int) -> Any:
        defects = (TableDefect(rule="missing_cell", count=bad, message="x"),)
        return measure(subject(PERFECT, CHECK, replace(TABLE, status="invalid", row_count=rows, defects=defects)))[1][0]

    assert with_bad(1000, 1)["table_rectangular"] == pytest.approx(0.9)
    assert with_bad(1_000_000, 1)["table_rectangular"] > 0.999
    assert with_bad(100, 5)["table_rectangular"] == 0.0


def test_late_only_beyond_the_tolerance() -> None:
    def fresh(modified: str | None, frequency: str = "R/P1M") -> Any:
        files = (replace(FILE, modified=None),)
        dataset = replace(PERFECT, modified=modified, frequency=frequency, distributions=files)
        unseen = replace(CHECK, changed_at=None, change_decided_by=None)
        return measure(subject(dataset, unseen))[0]["up_to_date"]

    assert fresh("2026-10-15") == 1.0 and fresh("2026-08-01") == 0.0
    assert fresh(None) is UNKNOWN and fresh("2001-01-01", "irregular") is None and fresh("n.d.") is UNKNOWN


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024", date(2024, 12, 31)), ("2024-02", date(2024, 2, 29)), ("2024-03-05T10:00:00.123456", date(2024, 3, 5)),
        ("05.03.2024", date(2024, 3, 5)), ("25/03/2024", date(2024, 3, 25)), ("05/03/2024", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", date(1994, 11, 6)), ("1900-01-01", None), ("R/P1D", None), ("hier", None),
        (None, None), ("2024-13-01", None),
    ],
)  # fmt: skip
def test_dates_are_read_or_left(text: str | None, day: date | None) -> None:
    assert last_day(text) == day


@pytest.mark.parametrize("title", ["Προϋπολογισμός του δήμου", "東京都の予算", "ميزانية المدينة", "Écoles"])
def test_titles_of_any_script(title: str) -> None:
    own = measure(subject(replace(PERFECT, title=title)))[0]
    assert (own["title_present"], own["title_informative"]) == (1.0, 1.0)


OFFICIAL = {
    "keywordAvailability": "keyword_present", "categoryAvailability": "theme_present",
    "spatialAvailability": "spatial_present", "temporalAvailability": "temporal_present",
    "dcatApCompliance": "dcat_ap_2_conforms", "accessRightsAvailability": "access_rights_present",
    "accessRightsVocabularyAlignment": "access_rights_known", "contactPointAvailability": "contact_present",
    "publisherAvailability": "publisher_present", "dateIssuedAvailability": "issued_present",
    "dateModifiedAvailability": "modified_or_record_present",
}  # fmt: skip
OFFICIAL_FILE = {
    "downloadUrlAvailability": "download_url_declared", "formatAvailability": "format_field_present",
    "mediaTypeAvailability": "media_type_present", "formatMediaTypeVocabularyAlignment": "format_aligned",
    "formatMediaTypeNonProprietary": "format_mqa_non_proprietary",
    "formatMediaTypeMachineInterpretable": "format_mqa_machine_readable", "licenceAvailability": "licence_present",
    "knownLicence": "licence_in_mqa_list", "rightsAvailability": "rights_present",
    "byteSizeAvailability": "byte_size_present", "dateIssuedAvailability": "distribution_issued_present",
    "dateModifiedAvailability": "distribution_modified_present", "accessUrlStatusCode": "access_url_ok",
    "downloadUrlStatusCode": "download_url_ok",
}  # fmt: skip


def _official(names: dict[str, str], given: dict[str, Any]) -> Measurements:
    values: Measurements = dict.fromkeys(names.values())
    for name, value in given.items():
        is_ok = any(200 <= code < 300 for code in value) if isinstance(value, list) else bool(value)
        values[names[name]] = float(is_ok)
    return values


def total(
    system: str, own: Measurements, parts: list[Measurements], services: list[Measurements] | None = None
) -> float:
    return float(system_points(systems()[system], matrix_of_measurements(own, parts, services or [])).low[0])


@pytest.mark.skipif(not (SHARED / "oracles").is_dir(), reason="the oracles do not lie beside this checkout")
def test_mqa_v1_agrees_with_the_worked_examples() -> None:
    path = SHARED / "oracles/mqa/v1/derived_worked_examples.json"
    for case in json.loads(path.read_text("utf-8"))["cases"]:
        own = _official(OFFICIAL, case["dataset_measurements"])
        parts = [_official(OFFICIAL_FILE, part) for part in case["distribution_measurements"]]
        assert total("mqa_v1", own, parts) == case["expected"]["total"], case["name"]
        assert systems()["mqa_v1"].band_of(case["expected"]["total"]) == case["expected"]["band"]


def test_mqa_v1_without_distribution_and_v2_mean_of_groups() -> None:
    own = _official(OFFICIAL, dict.fromkeys(OFFICIAL, True))
    assert total("mqa_v1", own, []) == 185
    # The captured answer of data.europa.eu: (6.5 + mean(6.5, 6.5, 6.25)) / 2.
    v2 = systems()["mqa_v2"]
    full = {i.metric: 1.0 for i in v2.item if metrics()[i.metric].subject == "dataset"}
    file = {i.metric: 1.0 for i in v2.item if metrics()[i.metric].subject == "distribution"}
    own = full | {"relation_present": 0.0, "legislation_present": 0.0, "provenance_present": 0.0, "issued_present": 0.0}
    less = file | dict.fromkeys(("rights_present", "status_present", "documentation_present", "byte_size_present"), 0.0)
    parts: list[Measurements] = [dict(less), dict(less), {**less, "media_type_present": 0.0}]
    assert total("mqa_v2", dict(own), parts) == pytest.approx(6.4583, abs=1e-4)


def test_observed_changes_feed_timeliness_and_a_volatile_file_does_not() -> None:
    dataset = replace(PERFECT, modified=None, frequency="R/P1M", distributions=(replace(FILE, modified=None),))
    old = replace(CHECK, last_modified="Sun, 01 Feb 2026 08:00:00 GMT", changed_at="2026-02-01T08:00:00Z")

    def fresh(check: ResourceCheck) -> Any:
        return measure(subject(dataset, check))[0]["up_to_date"]

    assert fresh(old) == 0.0
    assert fresh(replace(old, changed_at="2026-11-10T02:00:00Z", change_decided_by="length")) == 1.0
    stamped = replace(CHECK, last_modified="Mon, 23 Nov 2026 08:00:00 GMT", is_volatile=True)
    assert fresh(replace(stamped, changed_at=None, change_decided_by=None)) is UNKNOWN
    declared = replace(CHECK, changed_at="2026-11-10", change_decided_by="harvest_date")
    assert fresh(declared) is UNKNOWN
