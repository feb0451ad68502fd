"""The corpus behind the digest of the methodology: every metric gives each of its answers, and every row is used."""

from __future__ import annotations

import inspect

import pytest

from quality.digest import figures, words
from quality.digest.records import records
from quality.evidence.subject import UNKNOWN, Measurement
from quality.metrics import functions
from specs.metrics import metrics
from specs.vocabularies import read


def _kind(value: Measurement) -> str:
    if value is None or value is UNKNOWN:
        return "none" if value is None else "unknown"
    return {1.0: "1", 0.0: "0"}.get(float(value), "part")  # type: ignore[arg-type]


GIVE_A_PART = {
    "content_described_share", "core_metadata_share", "dates_present_share", "dates_valid_share",
    "description_fields_share", "download_options", "metadata_depth", "openness_ckan", "table_expectations_met",
    "table_matches_schema", "table_rectangular", "table_types_consistent", "terms_openness",
}  # fmt: skip
"""All others ask what is answered with yes or no."""
ALWAYS_ASKED = {
    "dcat_ap_2_conforms": "DCAT-AP applies to every record",
    "dcat_ap_3_conforms": "DCAT-AP applies to every record",
    "updated_in_time_udata": "without a frequency it is 0 there",
    "download_options": "without any option it is 0 there",
    "link_ok": "without any address it is 0",
    "licence_open": "without a licence it is 0",
    "licence_approved": "without a licence it is 0",
    "bulk_download": "without a format it is unknown, without an address 0",
    "served_machine_readable": "what cannot be had is 0",
    "served_non_proprietary": "what cannot be had is 0",
    "served_rdf": "what cannot be had is 0",
    "served_linked": "what cannot be had is 0",
    "openness_ckan": "what cannot be had is 0",
    "open_format_fuji": "without a format it is unknown",
    "format_open_and_machine_readable": "without a format it is unknown",
}
"""Metrics that might say "not applicable" by their type, and apply to everything."""
ALWAYS_KNOWN = {
    "licence_truthful": "what is not seen is not asked",
    "content_type_truthful": "asked of what was served alone",
    "language_truthful": "asked of what was served alone",
    "file_distinct": "asked of what was served alone",
    "modified_truthful": "a change that was not seen refutes nothing",
    "media_type_in_content_type": "asked of what was served alone",
}
"""Metrics that might say "unknown" by their type, and do not ask where nothing was seen."""
ONE_ANSWER = {
    "service_serves_dataset": ("0", "a service is known through its dataset alone"),
    "served_linked": ("1", "nobody evaluates the links of RDF data yet"),
}


def may_say(name: str) -> set[str]:
    """Return the answers that a metric can give: those of its declared return type, without the exceptions listed
    above."""
    declared = str(inspect.signature(functions(metrics()[name].subject)[name]).return_annotation)
    may = {"1", "0"} | ({"part"} if name in GIVE_A_PART else set())
    if declared in ("Measurement", "float | None") and name not in ALWAYS_ASKED:
        may.add("none")
    if declared == "Measurement" and name not in ALWAYS_KNOWN:
        may.add("unknown")
    return may - {ONE_ANSWER[name][0]} if name in ONE_ANSWER else may


@pytest.mark.parametrize("name", sorted(metrics()))
def test_the_corpus_has_every_answer_that_a_metric_can_give(name: str) -> None:
    said, may = {_kind(value) for value in figures.measured(name)}, may_say(name)
    remedy = "add a record to quality/digest/records.py, or write down above why the metric never says it"
    assert said >= may, f"the corpus never makes {name} say {sorted(may - said)}: {remedy}"
    assert said <= may, f"{name} says {sorted(said - may)}, which its annotation or the lists above exclude"


def test_rows_of_every_vocabulary_are_used() -> None:
    assert set(words.LOOK_UPS) == set(words.vocabularies())
    for name in words.vocabularies():
        asked = words.answers(name)
        rows = read(name)
        assert len(asked) >= len(rows)
        for row, answers in zip(rows, asked, strict=False):
            assert answers, (name, row)
            # Somebody says something to each name; to a single word of Creative Commons, together with others. What the
            # census recognises a key dataset by stands in files of its own, which are hashed too.
            told = [answer for _, answer in answers if answer and (not isinstance(answer, list) or any(answer))]
            assert told or name in ("creative_commons", "key_datasets"), (name, row)
    for name in words.FOR_READERS:
        assert name not in {row for row, _ in words.records_of_rows()}
    made = [name for name, _ in words.records_of_rows()]
    assert {name: made.count(name) for name in made} == {name: len(read(name)) for name in words.vocabularies()}


def test_what_an_interface_could_not_carry_is_in_it() -> None:
    lost = {fact for one in records() for fact in one.dataset.not_carried}
    assert lost == {fact for metric in metrics().values() for fact in metric.facts}
