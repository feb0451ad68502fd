"""Build a site of Data Docs with Great Expectations from results that quote no cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.core import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
    RunIdentifier,
)
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

__all__ = ["write_site"]

_SITE = "winnow"


def write_site(tables: Iterable[tuple[str, Sequence[Mapping[str, Any]]]], folder: Path, at: datetime) -> int:
    """Write a page on the results of each table, and an index, into ``folder``; return the number of pages without the
    index.

    ``tables`` are pairs of the name of a table and the results on it, ``at`` is the time of the check. Raise
    RuntimeError if pages are missing afterwards.
    """
    context = gx.get_context(mode="ephemeral")
    for name in list(context.get_site_names()):
        context.delete_data_docs_site(name)
    context.add_data_docs_site(
        _SITE,
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "site_section_builders": {"expectations": "none", "profiling": "none"},
        },
    )
    count = 0
    for count, (name, results) in enumerate(tables, start=1):
        key = ValidationResultIdentifier(
            ExpectationSuiteIdentifier(re.sub(r"\W+", "_", name)),
            RunIdentifier(run_name=f"{at:%Y-%m-%d}", run_time=at),
            f"table-{count}",
        )
        context.validation_results_store.set(key, _validation(name, results, at))
    context.build_data_docs([_SITE])
    # Great Expectations logs a page that it could not make, and goes on.
    if len(list((folder / "validations").rglob("*.html"))) < count:
        raise RuntimeError("Great Expectations did not write a page for each table")
    return count


def _validation(name: str, results: Sequence[Mapping[str, Any]], at: datetime) -> ExpectationSuiteValidationResult:
    met = sum(bool(one["success"]) for one in results)
    return ExpectationSuiteValidationResult(
        success=met == len(results),
        results=[_result(one) for one in results],
        suite_name=name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": met,
            "unsuccessful_expectations": len(results) - met,
            "success_percent": 100 * met / len(results) if results else None,
        },
        meta={
            "great_expectations_version": gx.__version__,
            "run_id": RunIdentifier(run_name=f"{at:%Y-%m-%d}", run_time=at).to_json_dict(),
            "active_batch_definition": {"datasource_name": "winnow", "data_asset_name": name, "batch_identifiers": {}},
            "validation_time": at.isoformat(),
        },
    )


def _result(one: Mapping[str, Any]) -> ExpectationValidationResult:
    config = one["expectation_config"]
    kwargs = dict(config["kwargs"])
    if each := config["meta"].get("each"):
        kwargs.setdefault("column", "every column" if each == "any" else f"every column of kind {each}")
    if kwargs.get("column_list") == "*":
        kwargs["column_list"] = ["every column", "of the table"]
    return ExpectationValidationResult(
        success=one["success"],
        expectation_config=ExpectationConfiguration(type=config["type"], kwargs=kwargs, meta={}),
        result=dict(one["result"]),
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )
