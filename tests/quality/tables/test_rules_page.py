"""``docs/reference/table_rules.md``: what is not true often enough costs nobody anything."""

from __future__ import annotations

import re
from pathlib import Path

from quality.metrics.sound import RULES
from quality.tables.judge.rules import severity_of

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "table_rules.md"
ENOUGH = 0.9


def measured() -> dict[str, float]:
    """Return the measured precision of each rule, as the page states it."""
    rows = re.findall(r"^\| `(\w+)` \| \w+ \| \w+ \| (\d+) \| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: int(right) / (int(right) + int(false)) for name, right, false in rows if int(right) + int(false)}


def test_a_rule_that_is_not_true_often_enough_is_info_and_costs_no_points() -> None:
    found = measured()
    assert len(found) > 20
    below = {name for name, precision in found.items() if precision < ENOUGH}
    assert below == set(re.findall(r"^- `(\w+)` \(0\.\d\d\)", PAGE.read_text("utf-8"), re.MULTILINE))
    counted = set().union(*RULES.values())
    for name in below:
        assert severity_of(name) == "info" and name not in counted, name
