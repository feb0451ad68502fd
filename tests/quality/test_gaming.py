"""What a publisher might do to look better without being so: it brings nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from catalog.db.rows import distribution_rows
from catalog.db.store import Catalog, open_catalog
from catalog.model import Contact, Dataset, Distribution, Publisher, ResourceCheck, TableDefect, TableReport
from catalog.repositories.checks import write_checks, write_reports
from quality.evidence.subject import DistributionSubject
from quality.metrics.accessible import file_served
from quality.metrics.sound import table_rectangular
from quality.metrics.usable import machine_readable
from quality.systems.entities import score_entities
from quality.systems.families import skeleton
from quality.systems.stage import score_portal
from tests.making import portal, store

RUN = "20261120T010000Z"
OPEN = "http://creativecommons.org/licenses/by/4.0/"
TABLE = TableReport(
    status="valid", format="CSV", encoding="utf-8", row_count=100, column_count=4, expectations_passed=8,
    expectations_total=8,
)  # fmt: skip
EMPTY = TableReport(
    status="invalid", format="CSV", encoding="utf-8", row_count=0, column_count=4,
    defects=(TableDefect(rule="no_rows", count=1, message="the table has no rows"),),
)  # fmt: skip
Fresh = Callable[[], Catalog]
NAMES = ("Trees", "Budget", "Schools", "Noise", "Road works", "Air quality", "Bus stops", "Elections")


def dataset(name: str, **values: object) -> Dataset:
    url = f"https://data.example/{name.replace(' ', '-')}.csv"
    file = Distribution(title=name, access_url=url, download_url=url, format="CSV", licence=OPEN)
    return Dataset(
        identifier=name, title=f"{name} of the city", description=f"All the {name.lower()} that the city keeps. " * 5,
        keywords=("city",), publisher=Publisher(name="City"), contact=Contact(email="desk@example.org"),
        distributions=(file,), **values,
    )  # type: ignore[arg-type]  # fmt: skip


def at(file: Distribution, url: str) -> Distribution:
    return replace(file, access_url=url, download_url=url)


def poor(name: str) -> Dataset:
    file = Distribution(access_url=f"https://data.example/{name}.pdf", format="PDF")
    return Dataset(identifier=name, title=name, publisher=Publisher(name="City"), distributions=(file,))


def scored(
    catalog: Catalog,
    found: Sequence[Dataset],
    *,
    reports: TableReport | None = TABLE,
    hashes: Sequence[str] = (),
    outcome: str = "ok",
) -> float:
    """Return the score of a portal with these datasets, whose files were all checked."""
    catalog.begin_run("test", [portal("p")], version="0", methodology="0", run_id=RUN)
    store(catalog, RUN, "p", found)
    checks, reported = [], []
    for number, one in enumerate(found):
        for row, part in zip(distribution_rows("p", one), one.distributions, strict=True):
            url = str(part.access_url)
            sha256 = hashes[number] if hashes else hashlib.sha256(url.encode()).hexdigest()
            status = 200 if outcome == "ok" else 404
            checks.append(
                ResourceCheck(
                    url=url,
                    outcome=outcome,
                    status=status,
                    content_type="text/csv",
                    sha256=sha256,
                    downloaded_bytes=900,
                    checked_at="2026-11-20T01:00:00Z",
                )  # type: ignore[arg-type]  # fmt: skip
            )
            if reports is not None and part.format == "CSV":
                reported.append((row["id"], url, sha256, reports))
    write_checks(catalog, RUN, checks)
    write_reports(catalog, RUN, reported)
    score_portal(catalog, RUN, "p")
    score_entities(catalog, RUN)
    row = catalog.rows("select * from score_history where entity_level = 'portal' and system = 'winnow'")[0]
    assert row["withheld"] is None, row["withheld"]
    return float(row["score"])


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Catalog]]:
    made = []

    def new() -> Catalog:
        catalog = open_catalog(tmp_path_factory.mktemp("c") / "catalog.db")
        made.append(catalog)
        return catalog

    yield new
    for catalog in made:
        catalog.close()


WHOLE = [dataset(name) for name in NAMES]
MIXED = [dataset("Trees"), *(poor(name) for name in ("a1x", "b2y", "c3z", "d4v", "e5w", "f6u"))]


def test_more_keywords_bring_nothing(fresh: Fresh) -> None:
    padded = [replace(one, keywords=tuple(f"word{n}" for n in range(500))) for one in WHOLE]
    assert scored(fresh(), padded) == scored(fresh(), WHOLE)


def test_a_dataset_cut_into_pieces_counts_once(fresh: Fresh) -> None:
    pieces = [replace(dataset("Trees"), identifier=f"t{n}", title=f"Trees of the city, ward {n}") for n in range(60)]
    pieces = [
        replace(
            one,
            distributions=(
                replace(one.distributions[0], access_url=f"https://data.example/{n}.csv", download_url=None),
            ),
        )
        for n, one in enumerate(pieces)
    ]
    whole = [replace(pieces[0], title="Trees of the city, ward"), *MIXED[1:]]
    assert scored(fresh(), [*pieces, *MIXED[1:]]) == pytest.approx(scored(fresh(), whole), abs=1e-3)


def test_the_same_files_under_many_names_count_once(fresh: Fresh) -> None:
    copies = [
        replace(dataset(name), distributions=(replace(dataset("Trees").distributions[0], title=name),))
        for name in NAMES
    ]
    once, often = [copies[0], *MIXED[1:]], [*copies, *MIXED[1:]]
    same = "f" * 64
    hashes = [f"{n:064x}" for n in range(6)]
    found = scored(fresh(), often, hashes=[same] * len(copies) + hashes)
    assert found == pytest.approx(scored(fresh(), once, hashes=[same, *hashes]), abs=0.5)
    # Were each of them to count, half of the portal would be good.
    assert found < 60


def test_an_open_licence_on_dead_links_opens_nothing(fresh: Fresh) -> None:
    dead, alive = fresh(), fresh()
    assert scored(dead, WHOLE, reports=None, outcome="broken") < scored(alive, WHOLE)
    rows = dead.rows("select open from dataset_quality")
    # A single failed check is no broken link yet: nothing is said before it is sure.
    assert all(row["open"] == 100 for row in rows)
    for day in ("2026-11-21T01:00:00Z", "2026-11-22T01:00:00Z", "2026-11-23T01:00:00Z"):
        checks = [
            ResourceCheck(
                url=str(one.distributions[0].access_url),
                outcome="broken",
                status=404,
                checked_at=day,
            )
            for one in WHOLE
        ]
        write_checks(dead, RUN, checks)
    score_portal(dead, RUN, "p", is_full=False)
    assert all(row["open"] < 40 for row in dead.rows("select open from dataset_quality"))


def test_empty_files_bring_less_than_none(fresh: Fresh) -> None:
    full, empty = scored(fresh(), WHOLE), scored(fresh(), WHOLE, reports=EMPTY)
    without = scored(fresh(), [replace(one, distributions=()) for one in WHOLE])
    assert empty < full - 25
    # An empty file beside a good one takes away, and adds nothing.
    beside = [
        replace(
            one,
            distributions=(
                *one.distributions,
                replace(one.distributions[0], access_url=f"https://data.example/{n}-empty.csv"),
            ),
        )
        for n, one in enumerate(WHOLE)
    ]
    assert scored(fresh(), beside, reports=EMPTY) <= full
    assert without < full - 25


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Budget 2019", "Budget 2020", True), ("Trees, ward 7", "Trees, ward 12", True),
        ("Report Q3", "Report Q4", True),
        ("Air quality January 2024", "Air quality February 2024", True), ("予算 2019", "予算 2020", True),
        ("Budget", "Trees", False), ("Schools in the north", "Schools in the south", False),
    ],
)  # fmt: skip
def test_titles_that_differ_in_numbers_alone(one: str, other: str, is_same: bool) -> None:
    assert (skeleton(one) == skeleton(other)) == is_same


@pytest.mark.parametrize(
    ("title", "fmt", "is_asked"),
    [
        ("Ordinance on street trees", "PDF", False), ("Gesetz über Bäume", "PDF", False),
        ("Νόμος 4727/2020", "PDF", False), ("都市計画条例", "PDF", False),
        ("Trees of the city", "PDF", True), ("Ordinances by year, counted", "XLSX", True),
        ("Actors of the city", "PDF", True), ("Map of trees", "WMS", True),
    ],
)  # fmt: skip
def test_of_the_text_of_a_law_no_table_is_asked(title: str, fmt: str, is_asked: bool) -> None:
    file = Distribution(access_url="https://data.example/x", format=fmt, licence=OPEN)
    one = Dataset(identifier="x", title=title, distributions=(file,))
    found = machine_readable(DistributionSubject(id="d", distribution=file, dataset=one))
    assert (found is not None) == is_asked
    if fmt == "WMS":
        # A map service is read by programs; the soundness of tables is not asked of it.
        part = DistributionSubject(id="d", distribution=file, dataset=one)
        assert found == 1.0 and table_rectangular(part) is None and file_served(part) is None
