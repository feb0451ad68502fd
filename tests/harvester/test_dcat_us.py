"""What feeds of Project Open Data 1.0 list as files, and what of it is one."""

from __future__ import annotations

from typing import Any

from harvester.spiders.dcat_us.record import to_dataset


def listed(address: str | None, label: str, kind: str = "application/octet-stream") -> dict[str, Any]:
    return {"accessURL": address, "formats": [{"label": label, "value": kind}]}


def test_columns_of_sizes_are_no_files() -> None:
    files = [
        listed("https://x.example/a.csv", "csv", "text/csv"),
        listed("11.5 KB", "csvSize"),
        listed("https://x.example/a.xls", "xls"),
        listed("Variable", "xlsSize"),
        listed("https://x.example/hat-size", "hatSize"),
        listed(None, "rdfSize"),
    ]
    found = to_dataset({"identifier": "1", "distribution": files}).distributions
    assert [(one.access_url, one.format, one.byte_size) for one in found] == [
        ("https://x.example/a.csv", "csv", "11.5 KB"),
        ("https://x.example/a.xls", "xls", None),
        ("https://x.example/hat-size", "hatSize", None),
    ]


def test_end_of_an_address_is_no_format() -> None:
    found = to_dataset({"identifier": "1", "distribution": [listed("https://x.example/get.php?id=7", "php?id=7")]})
    assert [one.format for one in found.distributions] == [None]
