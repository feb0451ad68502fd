"""Tables that name what stands in the others: metrics, scoring systems, reasons. They come from ``specs``."""

from __future__ import annotations

from typing import Any

from catalog.parquet.columns import ColumnType, PackageColumn
from catalog.parquet.tables import PackageTable
from catalog.repositories.measured_datasets import NOTHING, REASONS
from specs.languages import language
from specs.metrics import dimensions, methodology_version, metrics
from specs.systems import systems

__all__ = ["dictionaries"]


def _columns(described: dict[str, tuple[ColumnType, str]]) -> tuple[PackageColumn, ...]:
    return tuple(PackageColumn(name, kind, text, "") for name, (kind, text) in described.items())


_METRICS = _columns(
    {
        "id": ("text", "Id: also the column of dataset_metrics or file_metrics, and the rule_id of findings."),
        "subject": ("text", "dataset, distribution (a file) or service."),
        "table": ("text", "Table of the package with its measurements; empty for services."),
        "dimension": ("text", "Dimension of the Winnow score."),
        "weight": ("number", "Weight within the dimension; 0 if it does not count there."),
        "dimension_weight": ("number", "Points of the dimension; those of all dimensions sum to 100."),
        "question": ("text", "What is asked; the measurement is 0 (no) to 1 (yes)."),
        "rationale": ("text", "Why it counts."),
        "how_to_fix": ("text", "What to do where it fails."),
        "source": ("text", "Specification and section behind it."),
        "is_observed": ("boolean", "Whether it comes from what was served, not from what was declared."),
        "methodology_version": ("text", "Version of the method that these words and weights are of."),
    }
)
_SYSTEMS = _columns(
    {
        "id": ("text", "Id: also the column of dataset_metrics, and the system of scores."),
        "version": ("text", "Version of the system."),
        "title": ("text", "Name."),
        "source": ("text", "Where it is defined."),
        "rule": ("text", "How points become a total: best_distribution, group_mean, sum or ladder."),
        "maximum": ("number", "Highest total of a dataset."),
    }
)
_REASONS = _columns(
    {
        "id": ("text", "Id: a value in unknown_reasons of dataset_metrics and file_metrics."),
        "meaning": ("text", "What it means, in English."),
    }
)
_OF_SUBJECT = {"dataset": "dataset_metrics", "distribution": "file_metrics"}


def _metric_rows() -> list[tuple[Any, ...]]:
    version, weights = methodology_version(), dimensions()
    return [
        (
            *(None, one.id, one.subject, _OF_SUBJECT.get(one.subject), one.dimension, one.weight),
            *(weights[one.dimension].weight, one.question, one.rationale, one.fix, one.source, one.observed, version),
        )
        for one in metrics().values()
    ]


def _system_rows() -> list[tuple[Any, ...]]:
    return [(None, one.id, one.version, one.title, one.source, one.rule, one.maximum) for one in systems().values()]


def _reason_rows() -> list[tuple[Any, ...]]:
    words = language("en")
    # That of a score is not in the tables of metrics.
    return [(None, one, words.phrase(f"quality.define_{one}")) for one in REASONS if one != NOTHING]


def dictionaries() -> dict[str, PackageTable]:
    """Return the tables of metrics, of scoring systems and of reasons of unknown measurements, by name."""
    tables = [
        PackageTable("metrics", "A question that is asked of every dataset, file or service.", _METRICS, ("id",),
                     None, "", _metric_rows),
        PackageTable("systems", "A scoring system: another way to turn the measurements into points.", _SYSTEMS,
                     ("id",), None, "", _system_rows),
        PackageTable("reasons", "Why a metric could not be observed.", _REASONS, ("id",), None, "", _reason_rows),
    ]  # fmt: skip
    return {table.name: table for table in tables}
