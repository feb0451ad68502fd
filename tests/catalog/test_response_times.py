"""Response times: from the letter to the first answer, the fix and the promised day; unknown where none was written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.db.store import Catalog
from catalog.exports.cards import card_rows
from catalog.exports.page import government_page
from catalog.repositories.replies import import_replies
from catalog.repositories.reply_files import Reply
from catalog.repositories.response_times import COLUMNS, response_times
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from specs.languages import language
from specs.metrics import methodology_version
from tests.catalog.carding import insert
from tests.making import portal, store
from tests.quality.test_scoring import PERFECT

RUNS = ("20261101T010000Z", "20261111T010000Z", "20261121T010000Z")
BARE = [
    replace(PERFECT, identifier=f"id-{number}", title=f"Street trees of ward {number}", keywords=())
    for number in range(6)
]


def night(catalog: Catalog, run_id: str, fixed: int) -> None:
    """Read, score and finish a night in which so many of the datasets have keywords."""
    catalog.begin_run("test", [portal("a")], version="0", methodology=methodology_version(), run_id=run_id)
    store(
        catalog, run_id, "a", [replace(one, keywords=("trees",)) if at < fixed else one for at, one in enumerate(BARE)]
    )
    score_portal(catalog, run_id, "a", is_full=True)
    score_entities(catalog, run_id)
    catalog.set_run(run_id, status="complete", finished_at=run_id)


def sent(catalog: Catalog, run_id: str, level: str, entity: str, day: str) -> None:
    row = {"id": f"{run_id}/{level}", "run_id": run_id, "channel": "mail", "entity_level": level, "entity_id": entity}
    insert(catalog, "sent", row | {"sent_at": f"{day}T08:00:00Z"})


def reply(number: int, finding_id: str, kind: str, day: str, promised: str | None = None) -> Reply:
    said = {"reply": kind, "promised_on": promised, "note": "We disagree.", "replied_by": None, "replied_on": day}
    return Reply(line=number, finding_id=finding_id, **said)  # type: ignore[arg-type]


def imported(catalog: Catalog, replies: list[Reply], today: str) -> None:
    """Import replies, each on the day that it names."""
    import_replies(catalog, replies, today)
    catalog.db.conn.execute("update replies set imported_at = replied_on || 'T08:00:00Z'")
    catalog.db.conn.commit()


@pytest.fixture
def answered(catalog: Catalog) -> Catalog:
    """A government that got a letter on 3 November, replied to three findings, and fixed two of six by the 21st."""
    night(catalog, RUNS[0], 0)
    (row,) = catalog.rows("select name from governments")
    sent(catalog, RUNS[0], "government", row["name"], "2026-11-03")
    titles = catalog.rows(
        """select f.id from findings f join datasets d on d.id = f.dataset_id
           where rule_id = 'keyword_present' order by d.title"""
    )
    keys = [one["id"] for one in titles]
    imported(
        catalog,
        [
            reply(1, keys[0], "will_fix_by", "2026-11-05", "2026-11-15"),
            reply(2, keys[1], "acknowledged", "2026-11-09"),
            reply(3, keys[2], "will_fix_by", "2026-11-04", "2026-11-12"),
            reply(4, keys[1], "will_fix_by", "2026-11-10", "2026-11-30"),
        ],
        "2026-11-10",
    )
    night(catalog, RUNS[1], 1)
    night(catalog, RUNS[2], 3)
    return catalog


def test_medians_and_counts_of_who_was_written_to(answered: Catalog) -> None:
    (row,) = answered.rows("select name from governments")
    times = response_times(answered, RUNS[2])
    assert set(times) == {("government", row["name"]), ("portal", "a")}
    assert times["portal", "a"] == {
        # Replies after 2, 6 and 1 days.
        "answers": 3, "answer_days": 2.0,
        # Fixed after 8, 18 and 18 days.
        "fixes": 3, "fix_days": 18.0,
        # Promised for 12, 27 and 9 days after the letter.
        "promises": 3, "promise_days": 12.0,
        # The night of 11 November still found the third, but its day had not come; the night after saw it fixed.
        "promises_kept": 3, "kept_days": 18.0,
    }  # fmt: skip
    # As of the night before, two promises are open.
    assert response_times(answered, RUNS[1])["portal", "a"]["promises_kept"] == 1
    cards = {card["entity_level"]: card for card in card_rows(answered, RUNS[2])}
    assert {cards["publisher"].get(name) for name in COLUMNS} == {None}
    assert cards["government"]["answer_days"] == 2.0
    page = government_page(answered, cards["government"], language("en"))
    assert "Days until the first answer, median of 3: 2.0." in page and "kept: 3." in page


def test_a_promise_is_broken_if_a_later_night_still_finds_it_and_a_letter_counts_only_what_it_lists(
    answered: Catalog,
) -> None:
    night(answered, "20261202T010000Z", 3)
    (publisher,) = answered.rows("select id from publishers")
    # The letter came after three were fixed: it tells of the other three alone.
    sent(answered, RUNS[2], "publisher", publisher["id"], "2026-11-22")
    last = answered.rows(
        "select f.id from findings f where rule_id = 'keyword_present' and state = 'open' order by f.id"
    )
    imported(answered, [reply(1, last[0]["id"], "will_fix_by", "2026-11-22", "2026-11-24")], "2026-11-22")
    night(answered, "20261204T010000Z", 6)
    times = response_times(answered, "20261204T010000Z")["publisher", publisher["id"]]
    assert (times["answers"], times["answer_days"]) == (1, 0.0)
    assert (times["fixes"], times["fix_days"]) == (3, 12.0)
    assert (times["promises"], times["promises_kept"], times["kept_days"]) == (1, 0, None)


def test_without_a_letter_nothing_is_known(catalog: Catalog) -> None:
    night(catalog, RUNS[0], 0)
    assert response_times(catalog, RUNS[0]) == {}


def test_what_we_corrected_or_a_new_method_ended_is_nobodys_fix_and_a_reply_counts_from_its_import(
    answered: Catalog,
) -> None:
    def times() -> dict[str, object]:
        return response_times(answered, RUNS[2])["portal", "a"]

    keys = [row["id"] for row in answered.rows("select id from findings where state = 'fixed' order by fixed_run, id")]
    row = {"finding_id": keys[0], "portal_id": "a", "run_id": RUNS[1], "reason": "dispute"}
    insert(answered, "corrections", row | {"id": "one", "corrected_at": "2026-11-11T02:00:00Z"})
    assert (times()["fixes"], times()["promises"], times()["promises_kept"]) == (2, 2, 2)
    # An earlier correction of a finding that they fixed later is no matter.
    insert(answered, "corrections", row | {"id": "two", "finding_id": keys[1], "run_id": RUNS[0]})
    assert times()["fixes"] == 2
    answered.db.conn.execute("update runs set methodology_version = '99.0.0' where id = ?", [RUNS[2]])
    assert (times()["fixes"], times()["fix_days"], times()["promises"], times()["promises_kept"]) == (0, None, 0, 0)
    # Whoever dates a reply back is not quicker.
    answered.db.conn.execute("update replies set replied_on = '2026-11-03', imported_at = '2026-11-13T08:00:00Z'")
    assert (times()["answers"], times()["answer_days"]) == (3, 10.0)
    # Who is behind a webhook is not known.
    answered.db.conn.execute("update sent set channel = 'webhook'")
    assert response_times(answered, RUNS[2]) == {}
