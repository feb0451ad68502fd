"""Measure what ten expectations of a small table cost in a warm process, compared with Great Expectations' tutorial.

    python bench/expectations.py [TABLES]

Prints CPU milliseconds for a table. Both check the same tables for the same expectations. Importing is not counted; the
parent of the pool never imports Great Expectations (tests/quality/tables/test_pool.py proves it).
"""

from __future__ import annotations

import random
import sys
import time
import uuid
import warnings
from collections.abc import Callable

import pandas as pd

from quality.tables.expect import gx as engine
from quality.tables.expect.check import check_expectations
from quality.tables.read.text_table import TextTable, column_kinds
from quality.tables.scan.column_kinds import ColumnKind
from specs.expectations import Expectation, load

gx = engine.gx


def table(seed: int) -> TextTable:
    """Return a table of about 20 KB: 330 rows of six columns."""
    chance = random.Random(seed)
    rows = [
        [
            str(seed * 1000 + number),
            f"Supplier {chance.randrange(60)} Ltd",
            f"2024-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
            f"{chance.random() * 1000:.2f}",
            chance.choice(["Roads", "Schools", "Parks"]),
            "Services rendered",
        ]
        for number in range(330)
    ]
    return TextTable(["id", "supplier", "date", "amount", "area", "note"], 1, rows, list(range(2, len(rows) + 2)))


def ten() -> list[Expectation]:
    """Return one expectation of each sort on named columns, in exactly the form that the tutorial uses."""
    asked: list[tuple[str, dict[str, object]]] = [
        ("expect_column_values_to_not_be_null", {"column": "id"}),
        ("expect_column_values_to_be_unique", {"column": "id"}),
        ("expect_column_values_to_match_regex", {"column": "date", "regex": r"^\d{4}-\d\d-\d\d$"}),
        ("expect_column_values_to_not_match_regex", {"column": "supplier", "regex": "Ã.|�"}),
        ("expect_column_values_to_be_in_set", {"column": "area", "value_set": ["Roads", "Schools", "Parks"]}),
        ("expect_column_value_lengths_to_be_between", {"column": "supplier", "min_value": 2, "max_value": 80}),
        ("expect_column_unique_value_count_to_be_between", {"column": "supplier", "min_value": 2}),
        ("expect_column_values_to_not_match_regex", {"column": "note", "regex": "^#(REF|DIV/0)!"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["id", "date", "amount"]}),
        ("expect_column_value_lengths_to_equal", {"column": "date", "value": 10}),
    ]
    texts = {"severity": "error", "message": "It is not met.", "fix": "Fix what it names."}
    return [
        Expectation.model_validate({"rule": f"rule_{number}", "type": kind, "kwargs": kwargs, **texts})
        for number, (kind, kwargs) in enumerate(asked)
    ]


def tutorial(one: TextTable, asked: list[Expectation]) -> bool:
    """Check a table as in docs.greatexpectations.io, "Try GX": context, source, suite, validation
    definition, checkpoint.
    """
    frame = pd.DataFrame([[cell or None for cell in row] for row in one.rows], columns=one.header)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("source").add_dataframe_asset("asset")
    batch = asset.add_batch_definition_whole_dataframe("batch")
    suite = context.suites.add(gx.ExpectationSuite(name="suite"))
    for expectation in asked:
        suite.add_expectation(engine.get_expectation_impl(expectation.type)(**expectation.kwargs))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="definition", data=batch, suite=suite))
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=str(uuid.uuid4()), validation_definitions=[definition], result_format="SUMMARY")
    )
    return bool(checkpoint.run(batch_parameters={"dataframe": frame}).success)


def cpu_ms(
    work: Callable[[TextTable, list[ColumnKind]], bool], tables: list[tuple[TextTable, list[ColumnKind]]]
) -> float:
    assert all([work(*one) for one in tables[:3]])  # warm, and judged the same
    started = time.process_time()
    for one in tables:
        work(*one)
    return (time.process_time() - started) / len(tables) * 1000


def main(count: int) -> None:
    warnings.simplefilter("ignore")
    tables = [(one, column_kinds(one)) for one in map(table, range(count))]
    size = sum(len(",".join(row)) + 1 for row in tables[0][0].rows)
    asked, everywhere = ten(), list(load("any"))

    def fast(expectations: list[Expectation]) -> Callable[[TextTable, list[ColumnKind]], bool]:
        def work(one: TextTable, kinds: list[ColumnKind]) -> bool:
            return not check_expectations(one, kinds, len(one.rows), expectations).defects

        return work

    slow = cpu_ms(lambda one, _: tutorial(one, asked), tables)
    quick = cpu_ms(fast(asked), tables)
    usual = cpu_ms(fast(everywhere), tables)
    print(f"{count} tables of {size / 1000:.0f} KB, {len(asked)} expectations, CPU ms a table")
    print(f"  tutorial: context, suite, validation definition, checkpoint  {slow:7.1f}")
    print(f"  winnow, the same ten                                         {quick:7.1f}   1/{slow / quick:.1f}")
    print(f"  winnow, any.toml, on every column                            {usual:7.1f}   1/{slow / usual:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
