"""Who operates a portal is told of persons' data in it, however the addresses in its file are written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports.finding_rows import finding_rows
from catalog.repositories.recipients import addresses_in, is_contact
from catalog.repositories.withheld import take_out
from tests.making import put_findings

RUN, LEAK = "20260101T000000Z", "f" + "0" * 19


@pytest.mark.parametrize(
    "contact", ["data@x.org, Open@X.org", "<mailto:open@x.org>", "mailto:OPEN@x.org; data@x.org", "open@x.org"]
)
def test_each_address_of_an_operator_is_told_of_persons_data(contact: str, catalog: Catalog) -> None:
    catalog.upsert("portals", [{"id": "p", "title": "p", "government": "Gov", "contact_email": contact}])
    catalog.upsert("datasets", [{"id": "d", "portal_id": "p"}])
    catalog.begin_run("test", [], version="0", methodology="2.0.0", run_id=RUN)
    about = {"id": LEAK, "portal_id": "p", "dataset_id": "d", "rule_id": "personal_email", "severity": "info"}
    put_findings(catalog, [about | {"state": "new", "first_seen_run": RUN, "last_seen_run": RUN}])
    for one in addresses_in(contact)[0]:
        assert [row["finding_id"] for row in finding_rows(catalog, RUN, operator=one)] == [LEAK]
    assert not [*finding_rows(catalog, RUN, operator="x@x.org")] and not [*finding_rows(catalog, RUN)]
    assert not is_contact(None, None) and not is_contact("", "")


def test_what_is_held_back_is_taken_out_in_time_proportional_to_it(tmp_path: Path) -> None:
    def steps(count: int) -> int:
        with open_catalog(tmp_path / f"{count}.db") as catalog, catalog.writing():
            catalog.upsert("portals", [{"id": "p", "title": "p", "government": "Gov"}])
            catalog.upsert("runs", [{"id": RUN}])
            ids = [f"{number:019}" for number in range(count)]
            catalog.upsert("datasets", [{"id": f"d{one}", "portal_id": "p"} for one in ids])
            catalog.upsert(
                "dataset_quality", [{"dataset_id": f"d{one}", "portal_id": "p", "findings": 1} for one in ids]
            )
            about = {"portal_id": "p", "rule_id": "personal_email", "severity": "info", "state": "new"}
            put_findings(catalog, [about | {"id": f"f{one}", "dataset_id": f"d{one}"} for one in ids])
        done = 0

        def count_up() -> int:
            nonlocal done
            done += 1
            return 0

        with closing(sqlite3.connect(tmp_path / f"{count}.db")) as copy:
            copy.set_progress_handler(count_up, 1_000)
            take_out(copy)
            assert copy.execute("select count(*) from finding_rows").fetchone() == (0,)
        return done

    assert steps(1_200) < 8 * steps(300)
