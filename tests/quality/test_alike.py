"""Distributions with equal facts measure alike: measuring each by itself is the oracle."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from catalog.db.rows import plain
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
from catalog.repositories.stored_parts import PART, DeclaredParts, StoredParts
from catalog.repositories.subjects import DistributionSubject, Twin
from quality.digest.records import subjects
from quality.evidence.by_column import FactsOfRows, Looks, facts_of
from quality.evidence.periods import next_review_on
from quality.evidence.subject import DatasetSubject
from quality.findings.derive import failures
from quality.findings.failing import words_of_kind
from quality.findings.gains import gains
from quality.findings.verdicts import open_definition
from quality.metrics import functions
from quality.standards.forms import LOOKS
from quality.systems import alike
from quality.systems.alike import (
    ANY,
    READ_OF_DATASETS,
    READ_OF_DISTRIBUTIONS,
    facts_of_dataset,
    facts_of_distribution,
    facts_shared_by_dataset,
    observed_facts,
)
from quality.systems.declared import looks_of_metrics
from quality.systems.families import content_of
from quality.systems.matrix import columns, matrix_of_rows, measure_dataset, measure_distribution, measure_service
from quality.systems.patterns import PatternBook, score_columns
from tests.quality.alike_cases import BASES, base, variants, with_each_value
from tests.quality.traced import reads

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


def facts_of_part(part: DistributionSubject, whole: Dataset) -> Any:
    declared = facts_of(part.distribution, looks_of_metrics(part.as_of))
    shared = facts_shared_by_dataset(whole)
    return facts_of_distribution(part.dataset, shared, (declared, bool(declared[-1])), observed_facts(part))


@pytest.mark.parametrize("seed", range(4))
def test_equal_facts_measure_alike(seed: int) -> None:
    own = [part for subject in subjects() for part in subject.distributions] if seed == 0 else []
    found: dict[Any, tuple[Any, DistributionSubject]] = {}
    repeated = 0
    for part in [*own, *parts(seed, 1_500)]:
        key = part.as_of, facts_of_part(part, part.dataset)
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


def compare(made: Sequence[DatasetSubject]) -> int:
    """Compare datasets as a book knows them with each by itself; return how many patterns the book tells apart."""
    book = PatternBook()
    patterns = book.patterns(list(book.keys(made)))
    own = [measure_dataset(one) for one in made]
    parts = [[measure_distribution(part) for part in one.distributions] for one in made]
    measured = matrix_of_rows(own, parts, [[measure_service(api) for api in one.services] for one in made])
    gained = gains(measured)
    scores = zip(*score_columns(measured, gained.dataset).values(), strict=True)
    end = 0
    for at, (one, pattern, score) in enumerate(zip(made, patterns, scores, strict=True)):
        begin, end = end, end + len(one.distributions)
        rows = [("distribution", kind.row, row) for kind, row in zip(pattern.kinds, parts[at], strict=True)]
        for group, row, alone in (("dataset", pattern.row, own[at]), *rows):
            differs = [name for name, a, b in zip(columns(group), row, alone, strict=True) if a != b]
            assert not differs, f"{differs} look at something that facts_of_{group} leaves out: {one}"
        for kind, part in zip(pattern.kinds, one.distributions, strict=True):
            recognised = [found and found.id for found in (part.licence, part.declared_format, part.served_format)]
            assert [*kind.values[:4]] == [open_definition(part), *recognised]
            assert kind.words == words_of_kind(part, kind.row)
        cells = measured.datasets[at], measured.distributions[begin:end]
        words = [kind.words for kind in pattern.kinds]
        assert pattern.failures == failures(*cells, gained.dataset[at], gained.part[begin:end], words)
        assert pattern.scores == score
    return len(set(map(id, patterns)))


@pytest.mark.parametrize("seed", range(2))
def test_a_dataset_whose_facts_are_known_measures_as_it_does_alone(seed: int) -> None:
    made = [*(subjects() if seed == 0 else ()), *datasets(seed, 600)]
    assert compare(made) < len(made) - 100


def as_stored(one: DatasetSubject, *, is_observed: bool) -> DatasetSubject:
    """Return a dataset with its distributions as rows, as it is read for a score."""
    own = {part.id: part for part in one.distributions}
    rows = [(one.id, key, *(plain(getattr(part.distribution, n)) for n in PART.columns)) for key, part in own.items()]

    def observed(key: str, distribution: Distribution, whole: Dataset) -> DistributionSubject:
        bare = DistributionSubject(id=key, distribution=distribution, dataset=whole, as_of=AS_OF)
        return replace(own[key], distribution=distribution) if is_observed else bare

    parts = StoredParts(DeclaredParts(rows), one.dataset, observed, as_of=AS_OF, is_observed=is_observed)
    return replace(one, distributions=parts)


@pytest.mark.parametrize("is_observed", [False, True])
def test_datasets_whose_files_are_rows_measure_as_they_do_one_by_one(is_observed: bool) -> None:
    made = [as_stored(one, is_observed=is_observed) for one in datasets(7, 300)]
    assert compare(made) < len(made) - 50
    for one in made:
        bare = replace(one, distributions=tuple(one.distributions))
        assert (content_of(one), next_review_on(one)) == (content_of(bare), next_review_on(bare))


@pytest.mark.parametrize("looks", [looks_of_metrics(AS_OF), looks_of_metrics(None), LOOKS])
def test_a_column_tells_what_the_object_tells(looks: Looks) -> None:
    stored = [as_stored(one, is_observed=False) for one in datasets(8, 150)]
    rows = [row for one in stored for row in one.distributions.rows]  # type: ignore[attr-defined]
    books, parts = FactsOfRows(looks), [part.distribution for one in stored for part in one.distributions]
    for _ in range(2):
        assert list(books.of(rows)) == [facts_of(part, looks) for part in parts]


@pytest.mark.parametrize("name", BASES)
def test_no_attribute_alone_is_left_out(name: str) -> None:
    made = list(variants(base(name)))
    assert compare(made) < len(made) / 2


@pytest.mark.parametrize(
    ("group", "declared"), [("dataset", READ_OF_DATASETS), ("distribution", READ_OF_DISTRIBUTIONS)]
)
def test_every_attribute_that_a_metric_reads_is_declared(group: str, declared: Mapping[str, str]) -> None:
    found, named = looked_at()[group], {name for names in declared.values() for name in names.split()}
    undeclared = {
        attribute: missing
        for attribute, names in found.items()
        if declared.get(attribute) != ANY and (missing := (names & named) - set(declared.get(attribute, "").split()))
    }
    assert not undeclared, f"metrics read what facts_of_{group} may leave out; add it there, then declare it"
    unread = sorted(set(declared) - set(found) - {ANY})
    assert not unread, "no metric reads this any more: take it out of the facts, and of the declaration"


@cache
def looked_at() -> Mapping[str, Mapping[str, set[str]]]:
    # Each metric needs a few cases to take all its branches; a tenth of the variants has them.
    return reads(one for name in BASES for one in list(variants(base(name)))[::13])


@pytest.mark.parametrize(
    ("group", "declared"), [("dataset", READ_OF_DATASETS), ("distribution", READ_OF_DISTRIBUTIONS)]
)
def test_what_any_metric_may_read_is_told_apart_by_value(group: str, declared: Mapping[str, str]) -> None:
    for attribute in (name for name, readers in declared.items() if readers == ANY):
        made = with_each_value(base("whole"), attribute)
        keys = {all_facts_of(one, group) for one in made}
        assert len(keys) == len(made) > 1, attribute


def all_facts_of(one: DatasetSubject, group: str) -> Any:
    parts = tuple(facts_of_part(part, one.dataset) for part in one.distributions)
    return parts if group == "distribution" else (parts, facts_of_dataset(one))


def test_a_new_metric_measures_right_before_anyone_declares_what_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {
        "dataset": lambda one: float(one.dataset.harvested_from is None),
        "distribution": lambda part: len(part.distribution.description or "") % 5 / 5,
    }
    for group, ask in asked.items():
        monkeypatch.setitem(functions(group), "is_new", ask)
    alike._undeclared.cache_clear()
    try:
        for group, ask in asked.items():
            found: dict[Any, Any] = {}
            for one in variants(base("whole")):
                answers = [ask(of) for of in ([one] if group == "dataset" else one.distributions)]
                assert found.setdefault(all_facts_of(one, group), answers) == answers
            assert len({str(answers) for answers in found.values()}) > 1
    finally:
        alike._undeclared.cache_clear()
