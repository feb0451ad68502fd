"""What an interface could not carry is unknown; generic media types say less than a format by name."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest

from catalog.model import Contact, Dataset, Distribution
from quality.evidence.carried import ANY_FACT, check_facts
from quality.evidence.subject import UNKNOWN, DatasetSubject, DistributionSubject
from quality.systems.matrix import Measurements, measure_all
from specs.errors import SpecError
from specs.metrics import metrics

DAY = date(2026, 11, 20)


def measured(dataset: Dataset) -> tuple[Measurements, list[Measurements]]:
    parts = tuple(
        DistributionSubject(id=f"f{number}", distribution=one, dataset=dataset)
        for number, one in enumerate(dataset.distributions)
    )
    subject = DatasetSubject(
        id="d", portal_id="p", publisher_id=None, dataset=dataset, distributions=parts, services=(), as_of=DAY
    )
    measured = measure_all([subject])
    return measured.measurements("dataset", 0), [measured.measurements("distribution", n) for n in range(len(parts))]


def test_metrics_named_are_metrics() -> None:
    resting = {name: metric.facts for name, metric in metrics().items() if metric.facts}
    assert set(resting) <= set(metrics()) and len(resting) > 70
    of_contact = {"contact_email", "contact_url"}
    of_file = {f"distribution_{one.name}" for one in fields(Distribution)} | {one.name for one in fields(Distribution)}
    known = {one.name for one in fields(Dataset)} | of_file | of_contact | {ANY_FACT}
    assert {fact for facts in resting.values() for fact in facts} <= known


@pytest.mark.parametrize(
    ("key", "name", "remedy"),
    [
        ("facts", "licences", "write 'licence'"),
        ("evidence", "byte_sizes", "write 'byte_size'"),
        ("facts", "weather", "take a field of Dataset or Distribution"),
    ],
)
def test_a_fact_that_no_record_has_is_refused(key: str, name: str, remedy: str) -> None:
    metric = metrics()["licence_open"].model_copy(update={key: ("licence", name)})
    with pytest.raises(SpecError, match=rf"metric\.licence_open\.{key}: there is no fact '{name}'; {remedy}"):
        check_facts(metric)


def test_absence_of_what_was_not_carried_is_unknown() -> None:
    lost = ("licence", "spatial", "temporal_start", "frequency", "byte_size", "contact")
    dataset = Dataset(identifier="1", title="Trees", not_carried=lost, distributions=(Distribution(format="CSV"),))
    own, (file,) = measured(dataset)
    for name in ("spatial_present", "temporal_present", "frequency_present", "contact_present", "licence_set"):
        assert own[name] is UNKNOWN, name
    for name in ("licence_present", "licence_open", "byte_size_present"):
        assert file[name] is UNKNOWN, name
    assert own["keyword_present"] == 0.0
    assert file["format_present"] == 1.0 and file["media_type_present"] == 0.0


def test_absence_of_what_can_be_carried_counts() -> None:
    own, (file,) = measured(Dataset(identifier="1", title="Trees", distributions=(Distribution(format="CSV"),)))
    assert own["spatial_present"] == 0.0 and file["licence_present"] == 0.0


def test_what_stands_there_all_the_same_counts() -> None:
    file = Distribution(format="CSV", licence="cc-by-nc")
    contact = Contact(name="Desk")
    dataset = Dataset(
        identifier="1", not_carried=("licence", "spatial", "contact_email"), spatial=("North",), contact=contact,
        distributions=(file,),
    )  # fmt: skip
    own, (part,) = measured(dataset)
    assert own["spatial_present"] == 1.0
    assert own["contact_usable"] is UNKNOWN
    assert part["licence_present"] == 1.0 and part["licence_open"] == 0.0


@pytest.mark.parametrize(
    ("named", "media_type", "means"),
    [
        ("GEOJSON", "application/octet-stream", "GEOJSON"),
        ("GEOJSON", "application/json", "GEOJSON"),
        ("KML", "application/xml", "KML"),
        ("SHP", "application/zip", "SHP"),
        ("CSV", "text/plain", "CSV"),
        ("ZIP", "text/csv", "CSV"),
        ("XML", "application/zip", "ZIP"),
        ("CSV", "application/pdf", "PDF"),
        (None, "application/json", "JSON"),
    ],
)
def test_generic_media_type_never_overrules_a_specific_format(named: str | None, media_type: str, means: str) -> None:
    file = Distribution(format=named, media_type=media_type)
    subject = DistributionSubject(id="f", distribution=file, dataset=Dataset(identifier="1"))
    assert subject.declared_format is not None and subject.declared_format.id == means


def test_file_that_names_no_licence_has_that_of_the_whole() -> None:
    dataset = Dataset(identifier="1", licence="CC-BY-4.0")
    file = DistributionSubject(id="f", distribution=Distribution(licence="notspecified"), dataset=dataset)
    assert file.licence is not None and file.licence.id == "CC-BY-4.0"
    own = DistributionSubject(id="f", distribution=Distribution(licence="ask us"), dataset=dataset)
    assert own.licence is None
