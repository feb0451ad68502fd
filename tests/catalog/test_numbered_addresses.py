"""Distributions are found by a number made from their address, whoever wrote the row."""

from __future__ import annotations

from catalog.db.schema.address import digest, is_at
from catalog.db.store import Catalog

URL = "https://files.example/é.csv"


def found(catalog: Catalog, name: str, url: str = URL) -> list[str]:
    sql = f"select id from distributions where {is_at(name, ':url')} order by id"  # noqa: S608
    return [row["id"] for row in catalog.rows(sql, {"url": url})]


def test_a_row_that_is_written_by_hand_gets_its_numbers(catalog: Catalog) -> None:
    run = catalog.db.conn.execute
    run("insert into distributions (id, dataset_id, access_url, download_url) values ('a', 'd', ?, '')", [URL])
    run("insert into distributions (id, dataset_id, access_url, download_url) values ('b', 'd', null, ?)", [URL])
    assert (found(catalog, "access"), found(catalog, "download")) == (["a"], ["b"])
    assert catalog.value("select download_digest from distributions where id = 'a'") is None
    run("update distributions set access_url = 'https://other.example/' where id = 'a'")
    assert found(catalog, "access") == [] and found(catalog, "access", "https://other.example/") == ["a"]


def test_addresses_of_one_number_are_told_apart(catalog: Catalog) -> None:
    run = catalog.db.conn.execute
    number = digest(URL)
    run(
        """insert into distributions (id, dataset_id, access_url, access_digest)
           values ('a', 'd', ?, ?), ('b', 'd', 'x', ?)""",
        [URL, number, number],
    )
    assert found(catalog, "access") == ["a"]


def test_no_address_has_no_number() -> None:
    assert digest(None) is None and digest("") is None
    assert 0 <= (digest("\udc80") or -1) < 2**31
