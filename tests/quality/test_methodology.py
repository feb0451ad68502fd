"""The methodology is one: what is published is what is computed."""

from __future__ import annotations

import os
from pathlib import Path

from quality.methodology import document
from specs.metrics import metrics
from specs.systems import systems

ROOT = Path(__file__).parents[2]
UPDATE = "run the tests once with WINNOW_UPDATE_README=1"


def test_the_document_is_made_from_the_specification() -> None:
    path = ROOT / "docs" / "reference" / "methodology.md"
    if os.environ.get("WINNOW_UPDATE_README"):
        path.write_text(document(), "utf-8")
    assert path.read_text("utf-8") == document(), UPDATE


def test_every_metric_says_what_why_and_how() -> None:
    text = document()
    for metric in metrics().values():
        assert f"### `{metric.id}`" in text and metric.question in text and metric.fix in text
        assert metric.source and metric.rationale and metric.question.endswith("?")
    for system in systems().values():
        assert f"### `{system.id}`" in text
