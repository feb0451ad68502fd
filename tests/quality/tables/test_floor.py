"""The floor: of generated layouts and defects nearly all is found, and nearly nothing else is said."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from catalog.model import TableContext
from quality.tables.inspect import inspect
from quality.tables.judge import row_findings
from quality.tables.judge import verdict as judging
from tests.quality.tables.layouts import laid_out

COUNT = 48
FEW = 15
LAYOUT = {"preamble", "footer", "totals_row", "multi_row_header"}


def scores(folder: Path, count: int) -> tuple[float, float, float, list[Any]]:
    """Return precision, recall and the share of correct headers over all tables, with a list of what was wrong."""
    right = false = missed = headers = 0
    wrong: list[Any] = []
    path = folder / "table.csv"
    for seed in range(count):
        table = laid_out(seed)
        path.write_text(table.text(), "utf-8")
        report = inspect(TableContext(path=path, declared_format="CSV"))
        headers += report.header_row == table.header_line
        wanted = {(rule, line) for rule, _, line in table.wrong}
        told = {(one.rule, line) for one in report.defects if one.rule not in LAYOUT for line in one.rows or (0,)}
        layout = {one.rule for one in report.defects if one.rule in LAYOUT}
        right += len(wanted & told) + len(table.layout & layout)
        false += len(told - wanted) + len(layout - table.layout)
        missed += len(wanted - told) + len(table.layout - layout)
        if told != wanted or layout != table.layout or report.header_row != table.header_line:
            wrong.append((seed, report.header_row, table.header_line, told ^ wanted, layout ^ table.layout))
    return right / (right + false), right / (right + missed), headers / count, wrong


def test_generated_layouts_are_read_and_judged_rightly(tmp_path: Path) -> None:
    precision, recall, headers, wrong = scores(tmp_path, COUNT)
    assert precision >= 0.97 and recall >= 0.95 and headers >= 0.98, wrong


@pytest.mark.parametrize(
    ("module", "broken"),
    [(judging, "column_defects"), (row_findings, "row_defects"), (judging, "surroundings_defects")],
)
def test_a_broken_rule_falls_below_the_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, broken: str
) -> None:
    monkeypatch.setattr(module, broken, lambda *_: iter(()))
    assert scores(tmp_path, FEW)[1] < 0.95
