"""What of a record is mapped to nothing."""

from __future__ import annotations

from typing import Any

from harvester.detect.unmapped import unmapped
from harvester.spiders.ckan.record import to_dataset


def test_texts_that_are_mapped_to_nothing_are_named_wherever_they_stand() -> None:
    raw: dict[str, Any] = {
        "id": "1f0e9a52-7c1b-4d63-9d0a-0b6a4f8f0c11",
        "title": "Trees",
        "num_tags": 3,
        "license_id": "cc-by",
        "extras": [{"key": "frequency", "value": "monthly"}, {"key": "funding", "value": "by the lottery"}],
        "resources": [{"url": "https://example.org/a.csv", "note": "see page 3", "revision_id": "a" * 32}],
        "contact": '{"name": "Desk", "hours": "in the morning"}',
        "empty": "n/a",
    }
    assert unmapped(raw, to_dataset(raw, "https://portal.example")) == [
        "extras/funding", "resources/*/note", "contact/hours",
    ]  # fmt: skip


def test_record_without_end_is_looked_at_in_part() -> None:
    raw: dict[str, Any] = {"id": "1", "list": [{"a": f"x {number}"} for number in range(5_000)]}
    deep: Any = "bottom"
    for _ in range(50):
        deep = {"a": deep}
    raw["deep"] = deep
    assert unmapped(raw, to_dataset(raw, "https://portal.example")) == ["list/*/a"]
    assert unmapped("text", to_dataset({"id": "1"}, "https://portal.example")) == []
