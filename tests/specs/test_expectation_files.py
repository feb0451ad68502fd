"""Files of expectations are written by people: what is wrong is said with file, key and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from specs import expectations
from specs.expectations import ExpectationsError, kinds, load, suite

ONE = """
[[expectation]]
rule = "town_votes_negative"
type = "expect_column_values_to_be_between"
read_as = "number"
severity = "warning"
message = "Votes lie below zero."
fix = "Correct the numbers, please."
kwargs = { column = "votes", min_value = 0 }
"""
MATCH = """
title = "votes of the town"
[match]
at_least = 2
proof = [["votes", "candidate"]]
needed = ["votes|share"]
[match.columns]
votes = ["votes", "stimmen"]
candidate = ["candidate"]
share = ["share*"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(expectations, "files", lambda _: tmp_path)
    for remembered in (suite, load, kinds):
        remembered.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    for remembered in (suite, load, kinds):
        remembered.cache_clear()


def test_a_file_of_ones_own(folder: Path) -> None:
    (folder / "town.toml").write_text(MATCH + ONE)
    (folder / "any.toml").write_text(ONE)
    (folder / "README.md").write_text("not one of them")
    assert kinds() == ("town",)
    (one,) = load("town")
    assert (one.columns, one.target, one.read_as) == (("votes",), "rows", "number")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        (MATCH + ONE.replace('column = "votes"', 'column = "vote"'), "names 'vote', which is not in .* add it there"),
        (MATCH.replace('"candidate"]]', '"name"]]') + ONE, "key match: proof names 'name'.*add it there"),
        (MATCH.replace("votes|share", "votes|part") + ONE, "key match: needed names 'part'.*add it there"),
        (MATCH.replace('title = "votes of the town"', "") + ONE, "title is missing: write title ="),
        (MATCH.replace("at_least = 2", "") + ONE, "key match.at_least: missing; add it"),
        (MATCH.replace("at_least = 2", "at_least = 1") + ONE, "key match.at_least: .*found '1'.*correct the value"),
        (MATCH.replace("at_least", "atleast") + ONE, "key match.atleast: unknown key; .*use one of: at_least, columns"),
        (MATCH.replace("votes = [", "Votes = [") + ONE, "key match.columns.Votes"),
        (MATCH + ONE.replace("severity", "severty"), "key expectation.0.severty: unknown key; .*severity"),
        (MATCH + ONE.replace('"warning"', '"bad"'), "key expectation.0.severity: .*correct the value"),
        (MATCH + ONE.replace('fix = "Correct the numbers, please."', ""), "key expectation.0.fix: missing; add it"),
        (MATCH + ONE.replace("min_value = 0", "regex = '('"), "rule 'town_votes_negative': regex is no regular"),
        (MATCH, "key expectation: missing"),
        (MATCH + ONE.replace("]]", "]"), "is not TOML|key expectation"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, text: str, remedy: str) -> None:
    (folder / "town.toml").write_text(text)
    with pytest.raises(ExpectationsError, match=rf"specs/expectations/town\.toml.*(?:{remedy})"):
        load("town")
