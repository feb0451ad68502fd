"""Distributions with equal facts measure alike: measuring each by itself is the oracle."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import fields, replace
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
from catalog.repositories.subjects import DistributionSubject, Twin
from quality.digest.records import subjects
from quality.evidence.subject import DatasetSubject
from quality.systems.alike import facts_of_distribution, facts_shared_by_dataset
from quality.systems.matrix import columns, measure_dataset, measure_distribution
from quality.systems.patterns import PatternBook

AS_OF = date(2026, 11, 30)
TEXTS = (None, "", " ", "-", "x", "see website", "Ordinance 12 of 2019", "n/a")
ADDRESSES = (
    None, "", "https://data.example/a.csv", " HTTP://data.example/b.zip", "ftp://data.example/a.xlsx", "https:", "a b",
    "mailto:x@data.example",
)  # fmt: skip
DATES = (None, "", "2026", "2026-11", "2026-11-28", "2026-12-24", "2030-01-01T00:00:00", "2019-02-03", "soon")
LISTS = ((), ("a",), ("https://data.example/s",))
LANGUAGES = ((), ("en",), ("bg",), ("?",))
LICENCES = (None, "", "CC-BY-4.0", "notspecified", "see website", "https://creativecommons.org/licenses/by-nc/4.0/")
SHARED = ("title", "licence", "licence_title", "language", "rights", "not_carried", "documentation", "described_by")
BY_NAME: dict[str, tuple[Any, ...]] = {
    "access_url": ADDRESSES, "download_url": ADDRESSES, "issued": DATES, "modified": DATES, "changed_at": DATES,
    "licence": LICENCES, "licence_title": LICENCES, "language": LANGUAGES, "unchanged_until": DATES,
    "format": (None, "", "CSV", "pdf", "XLSX", "API", "WMS", "map_prvw", ".xls", "word", "zip", "?"),
    "media_type": (None, "", "text/csv", "application/pdf", "application/octet-stream", "text/html", "a/b"),
    "byte_size": (None, "", "20 KB", "1024", "small", "99999999"),
    "checksum": (None, "", "a" * 64, "md5:" + "b" * 32, "zz"), "checksum_algorithm": (None, "SHA-256", "md5", "CRC32"),
    "outcome": ("ok", "failing", "broken", "unknown", "invalid"), "status": (None, 200, 404),
    "content_type": (None, "text/csv", "text/html; charset=utf-8", "application/pdf", "text/plain"),
    "tls_fault": (None, "certificate has expired", "unable to get local issuer certificate"),
    "sha256": (None, "a" * 64), "downloaded_bytes": (None, 10, 1024), "size_bytes": (None, 1024, 20_000),
    "script": (None, "Cyrillic", "Han"), "checksums": ({}, {"md5": "b" * 32}),
    "change_decided_by": (None, "harvest_date", "last_modified", "length", "checksum"),
    "encoding": (None, "utf-8", "latin-1"), "row_count": (None, 0, 10, 500), "column_count": (None, 0, 3),
    "expectations_passed": (None, 2), "expectations_total": (None, 0, 4),
    "profile": ({}, {"licence": "CC-BY-4.0"}, {"has_schema": True, "licence": "odbl"}),
    "defects": (
        (), (TableDefect(rule="empty_file", count=1, message=""),),
        (TableDefect(rule="ragged_row", count=2, message=""), TableDefect(rule="type_error", count=1, message="")),
    ),
    "title": (None, "", "x", "Trees", "1", "export_2024.csv", "Ordinance 12 of 2019", "n/a", "Monthly trees"),
    "description": (None, "", "n/a", "Trees.", "Every tree of the city. " * 3, "A list of all that stands " * 9),
    "keywords": ((), ("n/a",), ("-",), ("tree", "park")), "themes": ((), ("environment",), ("https://t.example/a",)),
    "frequency": (None, "", "daily", "never", "unknown", "yearly", "?"), "identifier": ("", "1", "10.5/a", "https://i.example/1"),
    "not_carried": ((), ("licence",), ("byte_size", "documentation"), ("format", "media_type", "modified")),
}  # fmt: skip


def varied(kind: type, base: Any, rng: random.Random, chance: float) -> Any:
    """Return a copy of ``base`` in which each field is another value with this chance."""
    names = [one.name for one in fields(kind) if rng.random() < chance]
    return replace(base, **{name: rng.choice(found) for name in names if (found := values_of(kind, name, base))})


def with_another_value(kind: type, base: Any, rng: random.Random) -> Any:
    """Return a copy of ``base`` in which exactly one field has another value, or the same."""
    names = [one.name for one in fields(kind) if values_of(kind, one.name, base)]
    # Most fields of a dataset say nothing about its files.
    name = rng.choice(SHARED if kind is Dataset and rng.random() < 0.8 else names)
    return replace(base, **{name: rng.choice(values_of(kind, name, base))})


def values_of(kind: type, name: str, base: Any) -> tuple[Any, ...]:
    old = getattr(base, name)
    if kind is not Dataset and name in ("title", "description", "identifier"):
        return TEXTS
    if kind is TableReport and name == "status":
        return ("valid", "invalid", "not_a_table", "wrong_content", "unknown")
    if kind is TableReport and name == "format":
        return (None, "CSV", "XLSX", "HTML", "ZIP", "PDF", "RDF_TURTLE")
    if name in ("publisher", "contact", "distributions", "data_services", "url"):
        return ()
    if name in BY_NAME and (kind, name) != (Distribution, "status"):
        return BY_NAME[name]
    if isinstance(old, bool):
        return (True, False)
    if isinstance(old, tuple):
        return LISTS
    return TEXTS if old is None or isinstance(old, str) else ()


def parts(seed: int, count: int) -> list[DistributionSubject]:
    """Return made-up distributions: each with a few others that differ from it in one value only."""
    rng = random.Random(seed)
    url = "https://data.example/a.csv"
    check = ResourceCheck(url=url, outcome="ok", status=200, content_type="text/csv", sha256="a" * 64)
    table = TableReport(status="valid", format="CSV", encoding="utf-8", row_count=10, column_count=3)
    whole = Dataset(identifier="1", title="Budget 2019", licence="CC-BY-4.0", language=("en",))
    file = Distribution(title="File", download_url=url, access_url=url, format="CSV", media_type="text/csv")
    twin = Twin(distribution_id="t", title="File", dataset_title="Budget 2018")
    made: list[DistributionSubject] = []
    while len(made) < count:
        chance = rng.choice((0.03, 0.1, 0.5))
        checks = [varied(ResourceCheck, check, rng, chance) if rng.random() < 0.7 else None for _ in range(2)]
        one = DistributionSubject(
            id="d",
            distribution=varied(Distribution, file, rng, chance),
            dataset=varied(Dataset, whole, rng, chance),
            access_check=checks[0],
            download_check=checks[1],
            table=varied(TableReport, table, rng, chance) if rng.random() < 0.4 else None,
            twins=(twin,) if rng.random() < 0.5 else (),
            as_of=AS_OF,
        )
        made.append(one)
        kinds = {
            "distribution": Distribution, "dataset": Dataset, "access_check": ResourceCheck,
            "download_check": ResourceCheck, "table": TableReport,
        }  # fmt: skip
        for name in rng.choices([name for name in kinds if getattr(one, name) is not None], k=4):
            made.append(replace(one, **{name: with_another_value(kinds[name], getattr(one, name), rng)}))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_equal_facts_measure_alike(seed: int) -> None:
    own = [part for subject in subjects() for part in subject.distributions] if seed == 0 else []
    found: dict[Any, tuple[Any, DistributionSubject]] = {}
    repeated = 0
    for part in [*own, *parts(seed, 2_500)]:
        key = part.as_of, facts_of_distribution(part, facts_shared_by_dataset(part.dataset))
        row = measure_distribution(part)
        before, other = found.setdefault(key, (row, part))
        repeated += other is not part
        differs = [name for name, a, b in zip(columns("distribution"), before, row, strict=True) if a != b]
        assert not differs, f"{differs} look at something that facts_of_distribution leaves out: {part} {other}"
    assert repeated > 100


def datasets(seed: int, count: int) -> list[DatasetSubject]:
    """Return made-up datasets with files: each with a few others that differ from it in one value only."""
    rng = random.Random(seed)
    pool = parts(seed, 40)
    contacts = (
        None, Contact(name="Desk"), Contact(email="desk@city.example"), Contact(email="desk"), Contact(url="https://c.example"),
    )  # fmt: skip
    publishers = (
        None, Publisher(name="Office"), Publisher(name="", email="office@city.example"),
        Publisher(name="Office", url="http://office.example"), Publisher(name="Office", email="see website"),
    )  # fmt: skip
    verdicts = (None, {}, {"dcat_ap_2": True, "dcat_ap_3": False}, {"dcat_ap_3": True}, {"dcat_us_1": False})
    whole = Dataset(
        identifier="1", title="Trees in the streets of the city 2019", licence="CC-BY-4.0", issued="2024-01-02",
        description="Every tree in a street, with its species, height and the year in which it was planted.",
        keywords=("tree",), themes=("environment",), frequency="monthly", modified="2026-11-01",
    )  # fmt: skip
    made: list[DatasetSubject] = []

    def add(d: Dataset, chosen: Sequence[DistributionSubject], conformance: dict[str, bool] | None) -> None:
        own = tuple(replace(part, dataset=d, id=f"{len(made)}-{at}") for at, part in enumerate(chosen))
        services = (DataService(title="API"),) if rng.random() < 0.1 else ()
        made.append(
            DatasetSubject(
                id=str(len(made)), portal_id="p", publisher_id=None, dataset=d, distributions=own, services=services,
                as_of=AS_OF, conformance=conformance,
            )
        )  # fmt: skip

    while len(made) < count:
        d = varied(Dataset, whole, rng, rng.choice((0.03, 0.2)))
        d = replace(d, contact=rng.choice(contacts), publisher=rng.choice(publishers))
        chosen, conformance = rng.choices(pool, k=rng.randrange(3)), rng.choice(verdicts)
        add(d, chosen, conformance)
        for _ in range(5):
            add(with_another_value(Dataset, d, rng), chosen, conformance)
        add(replace(d, contact=rng.choice(contacts)), chosen, conformance)
        add(replace(d, publisher=rng.choice(publishers)), chosen, conformance)
        add(d, chosen, rng.choice(verdicts))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_a_dataset_whose_facts_are_known_measures_as_it_does_alone(seed: int) -> None:
    book = PatternBook()
    made = [*(subjects() if seed == 0 else ()), *datasets(seed, 900)]
    for one in made:
        row, _, _ = book.key(replace(one, as_of=AS_OF))
        alone = measure_dataset(replace(one, as_of=AS_OF))
        differs = [name for name, a, b in zip(columns("dataset"), row, alone, strict=True) if a != b]
        assert not differs, f"{differs} look at something that facts_of_dataset leaves out: {one}"
    assert len(book.rows) < len(made) - 100


def test_a_dataset_of_a_known_pattern_has_the_scores_of_its_own() -> None:
    made = datasets(9, 60)
    book = PatternBook()
    together = book.patterns([book.key(one) for one in made])
    for subject, pattern in zip(made, together, strict=True):
        other = PatternBook()
        (alone,) = other.patterns([other.key(subject)])
        assert alone == pattern
