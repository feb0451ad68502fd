"""Versions of the methodology: each has its digests, and one function decides which figures can be compared."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import specs.methodology
from catalog.db.store import Catalog
from quality.commitments.progress import Goal
from quality.commitments.timing import ItemObservation, step
from quality.digest import tables
from quality.digest.__main__ import record
from specs.methodology import added_since, is_comparable, methodology_versions, table_rules_versions
from specs.metrics import methodology_version
from specs.table_rules import table_rules, table_rules_version

pytestmark = pytest.mark.xdist_group("versions")  # one set-up for all
AGAIN = "give it a new version, and run make digest"


def test_every_version_of_the_methodology_has_a_digest_of_its_own() -> None:
    known = methodology_versions()
    assert methodology_version() in known, "run make digest"
    for digests in ([one.answers for one in known.values()], [one.code for one in known.values() if one.code]):
        assert len(set(digests)) == len(digests)
    assert known["2.0.0"].code and known["2.0.0"].answers, "a trend that began then goes on"


def test_what_is_found_in_tables_is_what_is_recorded(looked: tuple[tables.Looked, ...]) -> None:
    found, version = tables.together(looked), table_rules_version()
    assert version in table_rules_versions(), "run make digest"
    assert table_rules_versions()[version].answers == found, f"tables are judged otherwise than by {version}: {AGAIN}"


def test_the_files_break_every_rule(looked: tuple[tables.Looked, ...]) -> None:
    assert set(table_rules()) - tables.rules_found(looked) == set(tables.NEVER)


def test_each_finding_in_a_table_and_each_rule_counts(
    looked: tuple[tables.Looked, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from quality.digest import specifications

    before = tables.digests(looked)
    assert len(before) == len(looked) + len(table_rules()) + len(
        [one for one in specifications.data_files() if one.startswith("expectations/")]
    )
    for one in looked:
        fewer = replace(one, report=replace(one.report, defects=one.report.defects[1:], row_count=4711))
        assert fewer.answer() != one.answer()
        reworded = tuple(replace(defect, message="Other words.") for defect in one.report.defects)
        assert replace(one, report=replace(one.report, defects=reworded, elapsed_ms=1)).answer() == one.answer()
    known = dict(table_rules())
    for name, rule in known.items():
        severity = "info" if rule.severity != "info" else "error"
        changed = {**known, name: rule.model_copy(update={"severity": severity})}
        monkeypatch.setattr(specifications, "table_rules", lambda changed=changed: changed)
        part = specifications.rules_of_tables()[f"spec:rule:{name}"]
        assert tables.hashed(part()) != before[f"spec:rule:{name}"]


def test_a_digest_is_recorded_where_it_belongs() -> None:
    text = '[versions."1.0.0"]\nanswers = "aa"\n\n[versions."1.1.0"]\ncode = "cc"\nanswers = "bb"\nadded = { }\n'
    assert record(text, "versions", "1.1.0", "dd") == text.replace('"bb"', '"dd"')
    assert record(text, "versions", "1.2.0", "ee").endswith('[versions."1.2.0"]\nanswers = "ee"\n')


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2.1.0", "2.1.0", True), ("2.1.0", "2.1.12", True), ("2.0.0", "2.1.0", False), ("2.1.0", "3.1.0", False),
        ("2016", "2016", True), ("2016", "2017", False), ("1", "1.0.0", False), ("", "", True), ("", "2.1.0", False),
        (None, None, False), ("2.1.0", None, False), ("2.1.x", "2.1.0", False), ("0", "1", False),
    ],
)  # fmt: skip
def test_what_is_comparable(one: str | None, other: str | None, expected: bool, catalog: Catalog) -> None:
    assert is_comparable(one, other) is is_comparable(other, one) is expected
    assert catalog.value("select is_comparable(?, ?)", [one, other]) == int(expected)


def test_nobody_else_decides_what_is_comparable() -> None:
    """Equality is only asked for where it matters whether a row is of this very version."""
    asks_for_this_one = {
        "withdrawn.py",
        "due_scores.py",
        "touched.py",
        "conformance.py",
        "checks.py",
        "reading.py",
        "kept_scores.py",
    }
    root = Path(specs.methodology.__file__).parents[1]
    for package in ("specs", "catalog", "quality", "harvester"):
        for path in (root / package).rglob("*.py"):
            for line in path.read_text("utf-8").splitlines():
                is_held = "methodology_version" in line and any(
                    sign in line.replace(" is not null", "") for sign in (" = s.", " == ", " != ", " is not ")
                )
                assert not is_held or path.name in asks_for_this_one, f"{path.name}: {line.strip()}"


GOAL = Goal(start=date(2026, 1, 1), deadline=date(2027, 1, 1), target=1.0, better="increase", baseline=0.0)


def test_a_commitments_trend_goes_on_over_a_patch_and_ends_with_another_method() -> None:
    def last(*versions: str) -> Any:
        past: list[Any] = []
        for number, version in enumerate(versions):
            day = date(2026, 1, 1) + timedelta(days=7 * number)
            past.append(
                step(GOAL, ItemObservation(day=day, value=0.2 + 0.02 * number, coverage=1.0, methodology=version), past)
            )
        return past[-1]

    straight = last(*["2.1.0"] * 12)
    assert straight.trend_per_month is not None
    patched = last(*["2.1.0"] * 8, *["2.1.1"] * 4)
    assert (patched.trend_per_month, patched.flags) == (straight.trend_per_month, straight.flags)
    other = last(*["2.0.0"] * 11, "2.1.0")
    assert other.trend_per_month is None and "methodology_changed" in other.flags


def test_added_aliases_are_those_of_all_patches_between(monkeypatch: pytest.MonkeyPatch) -> None:
    version = specs.methodology.Version
    known = {
        "3.0.0": version(answers="a"),
        "3.0.1": version(answers="b", added={"licences": ("x",)}),
        "3.0.2": version(answers="c", added={"licences": ("y",), "formats": ("z",)}),
        "3.0.4": version(answers="d", added={"licences": ("w",)}),
    }
    monkeypatch.setattr(specs.methodology, "methodology_versions", lambda: known)
    assert added_since("3.0.0", "3.0.2") == {"licences": ("x", "y"), "formats": ("z",)}
    assert added_since("3.0.1", "3.0.1") == {}
    for old, new in (("3.0.0", "3.0.4"), ("3.0.2", "3.0.0"), ("2.9.0", "3.0.1"), ("odd", "3.0.1")):
        assert added_since(old, new) is None
