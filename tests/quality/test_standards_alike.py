"""What the forms of a record say of a standard is what a validation of the whole says, which is the oracle."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from catalog.model import Dataset, Distribution
from catalog.rdf.values import is_iri
from catalog.repositories.conformance import StandardResult
from catalog.repositories.reading import StoredDataset
from catalog.repositories.subjects import DistributionSubject
from quality.digest.records import records
from quality.standards.alike import FormBook
from quality.standards.forms import form_of_dataset, form_of_distribution
from quality.standards.judge import judge
from quality.standards.result import summary
from specs.standards import SHAPES
from tests.quality.test_standards_shacl import made_up_dataset

STANDARDS = tuple(SHAPES)


def oracle(stored: StoredDataset) -> dict[str, StandardResult]:
    return {name: summary(one) for name, one in judge([stored], STANDARDS)[stored.id].items()}


def like(stored: StoredDataset, suffix: str) -> StoredDataset:
    """Return another dataset of the same form: other titles, addresses, sizes and ids."""

    def other(text: str | None) -> str | None:
        return text + suffix if text and is_iri(text.strip()) and text == text.strip() else text

    def file(d: Distribution) -> Distribution:
        size = d.byte_size + "1" if d.byte_size and d.byte_size.isdigit() else d.byte_size
        title = d.title + suffix if d.title and d.title.strip() else d.title
        return replace(d, title=title, access_url=other(d.access_url), byte_size=size, status=other(d.status))

    whole = stored.dataset
    parts = tuple(file(part.distribution) for part in stored.distributions)
    title = whole.title + suffix if whole.title and whole.title.strip() else whole.title
    changed: Dataset = replace(
        whole,
        title=title,
        landing_page=other(whole.landing_page),
        is_part_of=other(whole.is_part_of),
        distributions=parts,
    )
    return replace(
        stored,
        id=stored.id + suffix,
        publisher_id=stored.publisher_id and stored.publisher_id + suffix,
        dataset=changed,
        distributions=tuple(
            DistributionSubject(id=f"{old.id}{suffix}", distribution=part, dataset=changed)
            for old, part in zip(stored.distributions, parts, strict=True)
        ),
    )


@pytest.mark.parametrize("seed", range(3))
def test_forms_of_made_up_records_say_what_a_validation_says(seed: int) -> None:
    rng, book = random.Random(seed), FormBook()
    by_form = 0
    for number in range(120):
        first = made_up_dataset(number, rng)
        if number % 3:
            # The generator seldom makes several files.
            more = made_up_dataset(number, rng).distributions
            parts = tuple(
                replace(part, id=f"{first.id}-{at}", dataset=first.dataset)
                for at, part in enumerate(rng.choices([*first.distributions, *more], k=3) if more else ())
            )
            services = first.dataset.data_services if number % 5 == 0 else ()
            first = replace(first, distributions=parts, dataset=replace(first.dataset, data_services=services))
        second = like(first, "x")
        assert form_of_dataset(first) == form_of_dataset(second)
        assert [form_of_distribution(one.distribution) for one in first.distributions] == [
            form_of_distribution(one.distribution) for one in second.distributions
        ]
        for stored in (first, second):
            found = {name: one for name, one in book.judge(stored, STANDARDS).items() if one is not None}
            expected = oracle(stored)
            assert found == {name: expected[name] for name in found}
            by_form += len(found)
    assert by_form > 150


def test_forms_of_the_corpus_say_what_a_validation_says() -> None:
    book = FormBook()
    for stored in list(records())[::6]:
        found = {name: one for name, one in book.judge(stored, STANDARDS).items() if one is not None}
        expected = oracle(stored)
        assert found == {name: expected[name] for name in found}
