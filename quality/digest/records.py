"""The corpus of records: datasets with what was observed of their files, made by us only for the digest.

It starts with a dataset without faults and one of which nothing is known. Then each value of
:mod:`quality.digest.record_values` replaces one field, in both. Cases that need several fields are written out at the
end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

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
from catalog.repositories.reading import StoredDataset
from catalog.repositories.subjects import DistributionSubject, Twin
from quality.digest.record_values import CHECK, DATASET, DISTRIBUTION, REPORT, SERVICE
from quality.evidence.subject import DatasetSubject
from quality.systems.stage import subject_of
from specs.metrics import metrics
from specs.table_rules import table_rules

__all__ = ["AS_OF", "Part", "bare", "conformances", "declared", "records", "subjects", "whole"]

AS_OF = date(2026, 11, 20)
"""The day for which the corpus is judged."""

_CHECK = ResourceCheck(
    url="https://files.example/trees.csv", outcome="ok", status=200, content_type="text/csv; charset=utf-8",
    size_bytes=20_000, downloaded_bytes=20_000, sha256="ab" * 32, checked_at="2026-11-20T02:00:00Z",
    checksums={"md5": "0123456789abcdef0123456789abcdef"}, changed_at="2026-11-02", change_decided_by="checksum",
    unchanged_until="2026-11-01T02:00:00Z",
)  # fmt: skip
_REPORT = TableReport(
    status="valid", format="CSV", media_type="text/csv", encoding="utf-8", encoding_confidence=1.0, delimiter=",",
    header_row=1, row_count=10_000, column_count=4, columns=("id", "species", "height", "planted_on"),
    expectations_passed=8, expectations_total=8, profile={"licence": "CC-BY-4.0", "has_schema": True},
)  # fmt: skip
_FILE = Distribution(
    identifier="trees-csv", title="Trees as a table", description="One row a tree.",
    access_url="https://portal.example/trees", download_url="https://files.example/trees.csv", format="CSV",
    media_type="text/csv", byte_size="20000", checksum="0123456789abcdef0123456789abcdef", checksum_algorithm="MD5",
    licence="CC-BY-4.0", rights="Free for all.", issued="2020-01-01", modified="2026-11-02", language=("en",),
    conforms_to=("https://www.rfc-editor.org/rfc/rfc4180",), described_by="https://portal.example/trees.json",
    described_by_type="application/json", documentation="https://portal.example/trees/about", status="COMPLETED",
    availability="STABLE",
)  # fmt: skip
_SERVICE = DataService(
    identifier="trees-api", title="Trees as features", description="All trees by place.",
    endpoint_url="https://api.example/trees", endpoint_description="https://api.example/openapi.json",
    licence="CC0-1.0", access_rights="PUBLIC", documentation="https://api.example/manual",
    conforms_to=("http://www.opengis.net/spec/ogcapi-features-1/1.0",),
)  # fmt: skip
_DATASET = Dataset(
    identifier="5f0c1b2a-8f3e-4c55-9a31-0d7c2f6b1e90", title="Street trees of Harborview",
    description="Every tree that stands on public ground, with its species, its height in metres and the day on which "
    "it was planted. Foresters count them anew in spring, and after each storm.",
    keywords=("trees", "parks"), themes=("http://publications.europa.eu/resource/authority/data-theme/ENVI",),
    publisher=Publisher(name="City of Harborview", identifier="harborview", url="https://harborview.example"),
    contact=Contact(name="Forest office", email="trees@harborview.example", url="https://harborview.example/trees"),
    licence="CC-BY-4.0", access_rights="PUBLIC", rights="Free for all.", issued="2020-01-01", modified="2026-11-02",
    record_modified="2026-11-03", frequency="MONTHLY", spatial=("https://sws.geonames.org/1/",),
    temporal_start="2020-01-01", temporal_end="2026-12-31", language=("en",), landing_page="https://portal.example/t",
    conforms_to=("https://www.rfc-editor.org/rfc/rfc4180",),
    applicable_legislation=("http://data.europa.eu/eli/reg_impl/2023/138/oj",),
    hvd_categories=("http://data.europa.eu/bna/c_dd313021",), provenance="Counted on foot.",
    relations=("https://portal.example/parks",), other_identifiers=("10.1234/trees",),
    documentation=("https://portal.example/about",), described_by="https://portal.example/trees.json",
    described_by_type="application/json", bureau_codes=("015:11",), program_codes=("015:001",),
    distributions=(_FILE,), data_services=(_SERVICE,),
)  # fmt: skip

Part = tuple[Distribution, ResourceCheck | None, ResourceCheck | None, TableReport | None]
"""A distribution, the checks of its access and download URLs, and the report on its file."""


def stored(
    number: str,
    dataset: Dataset,
    parts: tuple[Part, ...],
    *,
    twins: tuple[Twin, ...] = (),
    changes: tuple[date, ...] = (),
) -> StoredDataset:
    """Return a made-up dataset in the form in which the catalogue returns stored ones.

    Each element of ``parts`` describes one distribution: its record, the checks of its access URL and download URL, and
    the report on its table. ``number`` is used in the ids. ``twins`` are distributions with the same bytes, ``changes``
    the days on which the files were observed to change.
    """
    made = replace(dataset, distributions=tuple(part[0] for part in parts))
    return StoredDataset(
        id=f"dataset-{number}",
        portal_id="corpus",
        publisher_id="publisher" if dataset.publisher else None,
        dataset=made,
        distributions=tuple(
            DistributionSubject(
                id=f"part-{number}-{at}",
                distribution=distribution,
                dataset=made,
                access_check=access,
                download_check=download,
                table=table,
                twins=twins,
                changes=changes,
            )
            for at, (distribution, access, download, table) in enumerate(parts)
        ),
    )


_WHOLE: Part = (_FILE, replace(_CHECK, url="https://portal.example/trees", content_type="text/html"), _CHECK, _REPORT)
_BARE: Part = (Distribution(), None, None, None)
_NOTHING = Dataset(identifier="", distributions=(Distribution(),))
_PLAIN = replace(_DATASET, licence=None, rights=None, documentation=(), described_by=None, conforms_to=())
"""The dataset without faults, but without the statements that count for all its files."""


def whole() -> StoredDataset:
    """Return the made-up dataset without faults, in which every usual field is filled."""
    return stored("whole", _DATASET, (_WHOLE,))


def bare() -> StoredDataset:
    """Return a made-up dataset with one distribution, in which nothing is declared or observed."""
    return stored("bare", _NOTHING, (_BARE,))


def records() -> Iterator[StoredDataset]:
    """Yield all made-up datasets that the digest is computed from, in a fixed order."""
    yield from declared()
    yield from _unseen()
    yield from _of_checks()
    yield from _of_reports()
    yield from _of_several()
    yield from _not_carried()


def declared() -> Iterator[StoredDataset]:
    """Yield the made-up datasets that differ in their records only, and not in what was observed of their files.

    They are all that is needed to test RDF statements, which are made from records alone.
    """
    yield whole()
    yield bare()
    yield stored("empty", replace(_DATASET, data_services=()), ())
    yield stored("service", _DATASET, ())
    yield stored("series", replace(_DATASET, is_series=True, data_services=()), ())
    yield from _of_datasets()
    yield from _of_parts()


def _each(values: Mapping[str, tuple[Any, ...]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for field, found in values.items():
        for at, value in enumerate(found):
            yield f"{field}-{at}", {field: value}


def _of_datasets() -> Iterator[StoredDataset]:
    for name, change in _each(DATASET):
        yield stored(f"dataset-{name}", replace(_DATASET, **change), (_WHOLE,))
        yield stored(f"only-{name}", replace(_NOTHING, **change), (_BARE,))
    for name, change in _each(SERVICE):
        made = (replace(_SERVICE, **change), DataService(**change))
        yield stored(f"service-{name}", replace(_DATASET, data_services=made), (_WHOLE,))


def _of_parts() -> Iterator[StoredDataset]:
    for name, change in _each(DISTRIBUTION):
        yield stored(f"part-{name}", _PLAIN, ((replace(_FILE, **change), *_WHOLE[1:]),))
        yield stored(f"only-part-{name}", _NOTHING, ((Distribution(**change), None, None, None),))


def _unseen() -> Iterator[StoredDataset]:
    """Yield files that were never checked, and files whose address answered but whose content nobody inspected."""
    for name, change in _each(DISTRIBUTION):
        part = replace(_FILE, **change)
        yield stored(f"unseen-{name}", _PLAIN, ((part, None, None, None),))
        yield stored(f"claimed-{name}", _PLAIN, ((part, None, _CHECK, None),))


def _of_checks() -> Iterator[StoredDataset]:
    for name, change in _each(CHECK):
        check = replace(_CHECK, **change)
        yield stored(f"check-{name}", _DATASET, ((_FILE, check, check, _REPORT),))
        yield stored(f"check-alone-{name}", _DATASET, ((_FILE, None, check, None),))
        yield stored(f"access-{name}", _DATASET, ((replace(_FILE, download_url=None), check, None, _REPORT),))
        yield stored(f"access-alone-{name}", _DATASET, ((replace(_FILE, download_url=None), check, None, None),))
        yield stored(f"access-fails-{name}", _DATASET, ((_FILE, replace(check, outcome="broken"), check, None),))
        yield stored(
            f"no-format-{name}", _DATASET, ((replace(_FILE, format=None, media_type=None), None, check, None),)
        )


def _of_reports() -> Iterator[StoredDataset]:
    for name, change in _each(REPORT):
        report = replace(_REPORT, **change)
        yield stored(f"report-{name}", _DATASET, ((_FILE, None, _CHECK, report),))
        yield stored(f"report-cut-{name}", _DATASET, ((_FILE, None, replace(_CHECK, is_truncated=True), report),))
    for rule in (*table_rules(), "no_such_rule"):
        for count in (1, 25, 10_000):
            defect = TableDefect(rule=rule, count=count, message="x", first_row=3, rows=(3,))
            report = replace(_REPORT, status="invalid", defects=(defect,))
            yield stored(f"rule-{rule}-{count}", _DATASET, ((_FILE, None, _CHECK, report),))


def _of_several() -> Iterator[StoredDataset]:
    """Yield cases that depend on several fields or several files together."""
    lost: Part = (replace(_FILE, title="Lost"), None, replace(_CHECK, outcome="broken", status=404, sha256=None), None)
    pdf: Part = (
        replace(_FILE, format="PDF", media_type="application/pdf"),
        None,
        replace(_CHECK, content_type="application/pdf", sha256="cd" * 32),
        TableReport(status="not_a_table", format="PDF"),
    )
    unseen: Part = (_FILE, None, None, None)
    yield stored("several", _DATASET, (_WHOLE, lost, pdf, unseen))
    yield stored("lost", _DATASET, (lost,))
    yield stored("two-lost", replace(_DATASET, data_services=()), (lost, lost))
    yield stored("pdf-alone", replace(_DATASET, data_services=()), (pdf,))
    service: Part = (Distribution(access_url="https://api.example/wfs", format="WFS"), None, None, None)
    yield stored("service-as-part", replace(_DATASET, data_services=()), (service, _WHOLE))
    yield stored("law", replace(_DATASET, title="Law on street trees"), (pdf,))
    for title in ("Street trees 2019", "Street trees 2020", "Trees of ward 7", "Air 2019"):
        twin = Twin(distribution_id="other", title="Trees as a table", dataset_title="Street trees 2018")
        yield stored(f"twin-{title}", replace(_DATASET, title=title), (_WHOLE,), twins=(twin,))
        tiny = replace(_CHECK, downloaded_bytes=900)
        yield stored(
            f"tiny-twin-{title}", replace(_DATASET, title=title), ((_FILE, None, tiny, _REPORT),), twins=(twin,)
        )
        no_rows = replace(_REPORT, row_count=0)
        part: Part = (_FILE, None, _CHECK, no_rows)
        yield stored(f"twin-without-rows-{title}", replace(_DATASET, title=title), (part,), twins=(twin,))
    for title in ("Trees counted monthly", "Trees since 2019", "Trees 2019, archived"):
        for frequency in (None, "MONTHLY", "every full moon", "UNKNOWN", "irregular"):
            for modified in (None, "2026-06-01", "2026-10-15", "2019-01-01"):
                for end in (None, "2020-12-31"):
                    made = replace(_DATASET, title=title, frequency=frequency, modified=modified, temporal_end=end)
                    bits: Part = (replace(_FILE, modified=None), None, replace(_CHECK, changed_at=None), _REPORT)
                    yield stored(f"due-{title}-{frequency}-{modified}-{end}", made, (bits,))
    quiet = replace(_DATASET, frequency=None, modified=None, temporal_end=None)
    silent: Part = (replace(_FILE, modified=None), None, replace(_CHECK, changed_at=None, last_modified=None), _REPORT)
    for every, count in ((7, 6), (7, 3), (30, 5), (90, 4)):
        for last in (3, 200):
            days = tuple(AS_OF - timedelta(days=last + every * at) for at in range(count))
            yield stored(f"rhythm-{every}-{count}-{last}", quiet, (silent,), changes=days)
            changed = replace(_CHECK, changed_at=days[0].isoformat())
            seen: Part = (replace(_FILE, modified=None), None, changed, _REPORT)
            yield stored(f"rhythm-seen-{every}-{count}-{last}", quiet, (seen,), changes=days)
    uneven = tuple(AS_OF - timedelta(days=days) for days in (1, 2, 60, 61, 300))
    yield stored("no-rhythm", quiet, (silent,), changes=uneven)
    for sign in ("harvest_date", "last_modified", "length", "checksum"):
        for changed_at, until in (("2026-11-19", "2026-11-18"), ("2026-11-10", "2026-11-09"), ("2026-11-10", None)):
            for declared in ("2026-11-10", "2026-11-08", "2026-11-07", "2026-01-01", "2026", "2027-01-01", "2027"):
                check = replace(_CHECK, change_decided_by=sign, changed_at=changed_at, unchanged_until=until)
                one: Part = (replace(_FILE, modified=declared), None, check, _REPORT)
                yield stored(f"claim-{sign}-{changed_at}-{until}-{declared}", _DATASET, (one,))
    for script in ("Cyrillic", "Greek", "Arabic", "Hebrew", "Han", "Hangul", "Thai", "Devanagari", None):
        for language in ("ru", "el", "ar", "he", "ja", "ko", "th", "hi", "en", "kk", "xx"):
            legible: Part = (replace(_FILE, language=(language,)), None, replace(_CHECK, script=script), _REPORT)
            yield stored(f"script-{script}-{language}", _DATASET, (legible,))
    for of_whole in ("CC-BY-4.0", "see website", "notspecified", None):
        for of_part in ("CC0-1.0", "see website", "notspecified", None):
            made = replace(_DATASET, licence=of_whole)
            licensed: Part = (replace(_FILE, licence=of_part), None, _CHECK, _REPORT)
            yield stored(f"licence-{of_whole}-{of_part}", made, (licensed,))
    for named in ("CSV", "XLSX", "GeoJSON", "ZIP", "TTL", "HTML", "WFS", "API", "SHP", "odd", None):
        for served in ("CSV", "XLSX", "GEOJSON", "ZIP", "RDF_TURTLE", "TXT", "HTML", "PDF", "JSON", None):
            for is_cut in (False, True):
                check = replace(_CHECK, is_truncated=is_cut)
                file = replace(_FILE, format=named, media_type=None, download_url="https://files.example/x")
                yield stored(
                    f"format-{named}-{served}-{is_cut}",
                    _DATASET,
                    ((file, None, check, replace(_REPORT, format=served)),),
                )


def _not_carried() -> Iterator[StoredDataset]:
    """Yield records with facts that an interface could not transport, both missing and present."""
    facts = sorted({fact for metric in metrics().values() for fact in metric.facts})
    for fact in facts:
        yield stored(f"not-carried-{fact}", replace(_NOTHING, not_carried=(fact,)), (_BARE,))
        yield stored(f"carried-{fact}", replace(_DATASET, not_carried=(fact,)), (_WHOLE,))
    yield stored("nothing-carried", replace(_NOTHING, not_carried=tuple(facts)), (_BARE, _WHOLE))
    yield stored("no-part-carried", replace(_DATASET, not_carried=tuple(facts)), (_BARE, _WHOLE))


def conformances() -> tuple[Mapping[str, bool] | None, ...]:
    """Return the results of validation that metrics are tried with, each as a mapping from standard to whether it is
    met.

    They are: not validated (None), no standard applies, each standard alone met and not met, all met, and all met but
    one.
    """
    names = ("dcat_ap_2", "dcat_ap_3", "dcat_ap_hvd", "dcat_us_1_federal", "dcat_us_1", "dcat_us_3")
    alone = tuple({name: kept} for name in names for kept in (True, False))
    return (None, {}, *alone, dict.fromkeys(names, True), {**dict.fromkeys(names, True), "dcat_us_3": False})


def subjects() -> list[DatasetSubject]:
    """Return all made-up datasets in the form that metrics measure."""
    found = [subject_of(one, AS_OF, {"dcat_ap_2": True, "dcat_ap_3": False}) for one in records()]
    return found + [subject_of(whole(), AS_OF, verdicts) for verdicts in conformances()]
