"""Datasets that differ from a base in one attribute only: each attribute of record, checks, report and subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import cache
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
from quality.digest import record_values
from quality.digest.records import AS_OF, conformances, records
from quality.evidence.subject import DatasetSubject
from quality.systems.stage import subject_of
from specs.table_rules import table_rules

__all__ = ["BASES", "base", "variants", "with_each_value"]

_OK = ResourceCheck(url="https://files.example/b", outcome="ok", status=200)
_DATES = (
    "2026-10-20", "2026-11-15", "2026-11-20", "2026-11-21", "2026-11-22", "2026-12", "2027", "2025", "2030-01-01",
    "2026-11-20T23:59:59Z", "20.11.2026", "9999-12-31", " 2026-11-19 ",
)  # fmt: skip
_ADDRESSES = (
    "https://b.example/a.csv", "HTTPS://b.example/a.xlsx", " https://b.example/a.pdf", "http://b.example/a.json",
    "http:/b.example", "https:b.example", "ftp://b.example/a", "sftp://b.example/a", "mailto:a@b.example", "https:",
    " ", "https://b.example/a?format=pdf", "https://b.example/ows?service=WMS", "a b", "//b.example/a", "https",
    "://", "://b", "-:--", "-:--b",
)  # fmt: skip
_MORE: dict[tuple[type, str], tuple[Any, ...]] = {
    (Dataset, "not_carried"): (
        (), ("licence",), ("byte_size", "documentation"), ("format", "media_type", "modified"), ("contact_email",),
        ("distribution_title", "title"), ("frequency",), ("*",), ("issued", "spatial"), ("distribution_issued",),
    ),
    (Dataset, "licence_title"): (None, "", "CC BY 4.0", "Not specified", "see website"),
    (Distribution, "licence_title"): (None, "", "CC BY 4.0", "Not specified", "see website"),
    (Dataset, "title"): ("Ordinance 12 of 2019", "Budget 2019", "Budget 2018", "Weekly budget", "Daily budget"),
    (Dataset, "themes"): ((), ("-",), ("https://t.example/a",), ("http://t.example", "x"), ("",)),
    (Dataset, "keywords"): (("n/a", "trees"), ("",)),
    (Dataset, "is_series"): (False, True),
    (Distribution, "title"): ("Budget 2019", "Budget 2018", "Budget"),
    (Distribution, "format"): (".xls", "xlsx", ".PDF", "Word", "API", "html"),
    (Distribution, "status"): ("withdrawn", "COMPLETED", "", "archived"),
    (Distribution, "access_url"): _ADDRESSES,
    (Distribution, "download_url"): _ADDRESSES,
    (Dataset, "landing_page"): _ADDRESSES,
    (ResourceCheck, "sha256"): ("",),
    (ResourceCheck, "content_type"): ("text/csv", "TEXT/HTML"),
    (TableReport, "defects"): (
        (), *((TableDefect(rule=rule, count=count, message=""),) for rule in table_rules() for count in (1, 40)),
        (TableDefect(rule="missing_cell", count=0, message=""),),
        tuple(TableDefect(rule=rule, count=2, message="") for rule in ("type_error", "ragged_row")),
        (TableDefect(rule="type_error", count=2, message="", source="great_expectations", severity="info"),),
    ),
}  # fmt: skip
_FROM_DIGEST = {
    Dataset: record_values.DATASET, Distribution: record_values.DISTRIBUTION, ResourceCheck: record_values.CHECK,
    TableReport: record_values.REPORT,
}  # fmt: skip
_LED_TO = ("distributions", "data_services", "publisher", "contact", "dataset", "distribution")
"""Fields that are varied as objects of their own, or follow from others."""
_PEOPLE = {
    "publisher": (
        None, Publisher(name=""), Publisher(name="Office"), Publisher(name="-", email="office@city.example"),
        Publisher(name="Office", email="see website"), Publisher(name="Office", url="https://o.example"),
        Publisher(name="Office", url="o.example", identifier="7", parent="City"),
    ),
    "contact": (
        None, Contact(), Contact(name="Desk"), Contact(email="desk@city.example"),
        Contact(email="mailto:a@b.c", url=""), Contact(url="https://c.example"), Contact(email="", url="ftp://c.example"),
        Contact(email="desk"),
    ),
}  # fmt: skip


def _values(kind: type, name: str, old: Any) -> tuple[Any, ...]:
    """Return other values of a field; raise TypeError for a new field of which no values are known."""
    found = _FROM_DIGEST[kind].get(name, ()) + _MORE.get((kind, name), ())
    if name in ("issued", "modified", "record_modified", "temporal_end", "changed_at", "unchanged_until"):
        found += _DATES
    if found:
        return found
    if isinstance(old, bool):
        return (True, False)
    if isinstance(old, tuple):
        return ((), ("https://data.example/s",))
    if isinstance(old, dict):
        return ({}, {"a": "b"})
    if old is None or isinstance(old, str):
        return ("", "2026-11-19")
    if isinstance(old, (int, float)):
        return (0, 7)
    raise TypeError(f"{kind.__name__}.{name}: add values of its type here")


def _changed(one: Any) -> Iterator[Any]:
    """Yield copies of a record, check or report, each with another value of one field."""
    for field in fields(one):
        if field.name not in _LED_TO:
            for value in _values(type(one), field.name, getattr(one, field.name)):
                yield replace(one, **{field.name: value})


def _of_dataset(s: DatasetSubject, d: Dataset) -> DatasetSubject:
    return replace(s, dataset=d, distributions=tuple(replace(part, dataset=d) for part in s.distributions))


def _other_days(s: DatasetSubject) -> Iterator[DatasetSubject]:
    """Yield the same dataset as it is measured on other days, near and far."""
    for days in (-3_000, -400, -60, -3, -2, -1, 1, 2, 3, 10, 35, 48, 100, 366, 800, 3_000):
        as_of = s.as_of + timedelta(days=days)
        parts = tuple(replace(part, as_of=as_of) for part in s.distributions)
        yield replace(s, as_of=as_of, distributions=parts)


def _parts(part: DistributionSubject) -> Iterator[DistributionSubject]:
    """Yield copies of a distribution with its observations, each with another value of one attribute."""
    for distribution in _changed(part.distribution):
        yield replace(part, distribution=distribution)
    for name in ("access_check", "download_check"):
        check = getattr(part, name)
        for other in (None, _OK) if check is None else (None, *_changed(check)):
            yield replace(part, **{name: other})
    for table in (None, TableReport(status="valid")) if part.table is None else (None, *_changed(part.table)):
        yield replace(part, table=table)
    for whole, title in (("Budget 2018", "File"), ("Street trees of 2018", "Trees as a table"), ("x", "y")):
        yield replace(part, twins=(Twin(distribution_id="t", title=title, dataset_title=whole),))
    yield replace(part, twins=())
    for every, count in ((7, 6), (30, 5), (90, 4), (7, 3)):
        yield replace(part, changes=tuple(AS_OF - timedelta(days=3 + every * at) for at in range(count)))
    yield replace(part, as_of=None)


def variants(s: DatasetSubject) -> Iterator[DatasetSubject]:
    """Yield a dataset, and then copies of it, each with another value of one attribute."""
    yield s
    for dataset in _changed(s.dataset):
        yield _of_dataset(s, dataset)
    for name, found in _PEOPLE.items():
        for one in found:
            yield _of_dataset(s, replace(s.dataset, **{name: one}))
    yield from _other_days(s)
    for conformance in conformances():
        yield replace(s, conformance=conformance)
    for services in ((), (DataService(),), (DataService(title="API", licence="x"),)):
        yield replace(s, services=services)
    yield replace(s, distributions=())
    if s.distributions:
        first, *rest = s.distributions
        for part in _parts(first):
            yield replace(s, distributions=(part, *rest))
        yield replace(s, distributions=(first, *rest, first))


def with_each_value(s: DatasetSubject, attribute: str) -> list[DatasetSubject]:
    """Return copies of a dataset with one file, checked twice and read, each with another value of an attribute.

    ``attribute``: "dataset.licence", or any other that :mod:`quality.systems.alike` declares to be a fact by its value.
    """
    role, _, name = attribute.partition(".")
    (file,) = s.distributions
    assert file.table is not None
    if role == "whole":
        return [replace(s, **{name: value}) for value in conformances()]
    if role == "dataset":
        return [_of_dataset(s, replace(s.dataset, **{name: value})) for value in _distinct(s.dataset, name)]
    if role in ("contact", "publisher"):
        who = getattr(s.dataset, role)
        people = [replace(who, **{name: value}) for value in (None, "", "a@b.example", "https://c.example")]
        return [_of_dataset(s, replace(s.dataset, **{role: one})) for one in people]
    if role == "profile":
        tables = [replace(file.table, profile={name: value}) for value in (None, "MIT", "CC-BY-4.0", "odd")]
    elif role == "defect":
        one = TableDefect(rule="type_error", count=2, message="")
        values = ("ragged_row", "empty_file", "type_error") if name == "rule" else (1, 2, 3)
        tables = [replace(file.table, defects=(replace(one, **{name: value}),)) for value in values]
    else:
        field = {"check": "download_check", "other_check": "access_check"}.get(role, role)
        old = getattr(file, field)
        changed = [replace(old, **{name: value}) for value in _distinct(old, name)]
        return [replace(s, distributions=(replace(file, **{field: one}),)) for one in changed]
    return [replace(s, distributions=(replace(file, table=table),)) for table in tables]


def _distinct(one: Any, name: str) -> list[Any]:
    return list(dict.fromkeys(_values(type(one), name, getattr(one, name))))


BASES = ("whole", "bare", "empty", "nothing-carried", "answers-elsewhere", "page", "law", "undeclared", "rhythm")


@cache
def _corpus() -> dict[str, StoredDataset]:
    return {one.id.removeprefix("dataset-"): one for one in records()}


def base(name: str) -> DatasetSubject:
    """Return one of ``BASES``: one of the digest's corpus, or one in which facts matter that others hide."""
    stored = _corpus()
    full = subject_of(stored["whole"], AS_OF, {"dcat_ap_2": True})
    if name in ("whole", "bare", "nothing-carried"):
        return subject_of(stored[name], AS_OF, {"dcat_ap_2": True})
    (file,) = full.distributions
    d, own, check, table = full.dataset, file.distribution, file.download_check, file.table
    changes: tuple[date, ...] = ()
    assert check is not None and table is not None
    match name:
        case "empty":
            lacking = replace(d, licence="see website", frequency=None, contact=None, data_services=())
            return replace(full, dataset=lacking, distributions=(), services=())
        case "answers-elsewhere":
            file, check, table = replace(file, access_check=_OK), replace(_OK, outcome="broken", status=404), None
        case "page":
            own, table = replace(own, download_url=None, format="HTML", media_type=None), None
            check = replace(_OK, last_modified="Mon, 02 Nov 2026 08:00:00 GMT")
        case "law":
            file, own, table = replace(file, access_check=None), replace(own, format="PDF", media_type=None), None
        case "undeclared":
            d = replace(d, licence=None, modified=None, frequency=None, language=(), title="Monthly budget of 2027")
            own = Distribution(access_url=own.access_url, download_url=own.download_url)
            check = replace(_OK, script="Greek", last_modified="Mon, 02 Nov 2026 08:00:00 GMT", tls_fault="odd")
        case "rhythm":
            d = replace(d, frequency=None, modified="2026-01-01", temporal_end=None, themes=(), licence=None)
            own = replace(own, modified=None, licence=None)
            changes = tuple(AS_OF - timedelta(days=200 + 30 * at) for at in range(5))
            check = replace(_OK, changed_at="2026-05-04", change_decided_by="length", size_bytes=20_000)
            table = replace(table, format="ZIP")
    part = replace(file, distribution=own, download_check=check, table=table, changes=changes)
    return _of_dataset(replace(full, distributions=(part,)), d)
