"""Ids of findings and causes begin with a letter and have a check digit; those of version 0.1.0 are accepted too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.db.store import Catalog
from catalog.model import stable_id
from catalog.model.public_ids import checked_cause, checked_finding, current_form, is_intact
from catalog.repositories.findings import Finding, finding_id
from catalog.repositories.replies import import_replies
from catalog.repositories.reply_files import Reply
from tests.catalog.carding import scored

DIGITS = "0123456789abcdef"


@pytest.fixture
def catalog_of_one(tmp_path: Path) -> Iterator[Catalog]:
    with scored(tmp_path, runs=1, count=6) as catalog:
        yield catalog


def reply(key: str, line: int) -> Reply:
    return Reply(
        line=line, finding_id=key, reply="acknowledged", promised_on=None, note=None, replied_by=None, replied_on=None
    )


def test_every_wrong_digit_is_seen_and_nearly_every_swapped_pair() -> None:
    swaps = missed = 0
    for number in range(60):
        key = checked_finding(hashlib.sha256(str(number).encode()).digest()).hex()
        assert key.startswith("f") and len(key) == 20 and is_intact(key)
        assert is_intact(checked_cause(key))
        for at, digit in enumerate(key):
            assert not any(is_intact(key[:at] + other + key[at + 1 :]) for other in DIGITS if other != digit)
            if key[at : at + 2] != key[at : at + 2][::-1]:
                swaps += 1
                missed += is_intact(key[:at] + key[at + 1] + digit + key[at + 2 :])
    assert missed < 0.02 * swaps
    assert not any(map(is_intact, ("", "f", "cause-", "f" * 19, "F" * 20, "cause-cause-" + "0" * 20)))


def test_an_old_id_leads_to_the_new_one() -> None:
    old = stable_id("a-1", "a-1-f", "link_ok", "")
    new = finding_id("a-1", Finding(rule_id="link_ok", rule_title="", dimension="", severity="", how_to_fix="",
                                    distribution_id="a-1-f"))  # fmt: skip
    assert current_form(old) == new and current_form(new) == new
    assert current_form(f"cause-{old}") == checked_cause(old)
    assert current_form("1.2E+19") is None and current_form(old.upper()) is None


def test_replies_to_old_ids_and_damaged_ones(catalog_of_one: Catalog) -> None:
    """A file that was sent by version 0.1.0 is understood in a catalogue that was made anew since."""
    stored = [row["id"] for row in catalog_of_one.rows("select id from findings order by id limit 3")]
    subject = catalog_of_one.rows("select * from findings where id = ?", [stored[0]])[0]
    former = stable_id(
        subject["dataset_id"], subject["distribution_id"] or "", subject["rule_id"], subject["field"] or ""
    )
    assert former != stored[0] and all(map(is_intact, stored))
    damaged = stored[1][:5] + DIGITS[(int(stored[1][5], 16) + 1) % 16] + stored[1][6:]
    done = import_replies(catalog_of_one, [reply(former, 2), reply(damaged, 3), reply("0" * 20, 4)], "2026-11-24")
    assert done.written == {"acknowledged": 1}
    assert catalog_of_one.value("select finding_id from replies") == stored[0]
    assert ["digit" in one.what for one in done.problems] == [True, False]
    # Where the old id is stored, it stays, and leads to its finding.
    catalog_of_one.db.conn.execute("update finding_rows set public_id = ? where key = ?", [
        bytes.fromhex(former), subject["key"],
    ])  # fmt: skip
    again = import_replies(catalog_of_one, [reply(former, 2)], "2026-11-25")
    assert again.known == 1 and not again.problems
