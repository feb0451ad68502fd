"""Who operates a portal is told of persons' data in it, however the addresses in its file are written."""

from __future__ import annotations

import pytest

from catalog.db.store import Catalog
from catalog.exports.finding_rows import finding_rows
from catalog.repositories.recipients import addresses_in, is_contact
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
