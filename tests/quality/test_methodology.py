"""The methodology is one: what is published is what is computed, and a change of it has a version of its own."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from quality import methodology
from quality.methodology import digest, document
from specs.metrics import methodology_version, metrics
from specs.systems import systems

ROOT = Path(__file__).parents[2]
UPDATE = "run the tests once with WINNOW_UPDATE_README=1"


def test_the_document_is_made_from_the_specification() -> None:
    path = ROOT / "docs" / "reference" / "methodology.md"
    if os.environ.get("WINNOW_UPDATE_README"):
        path.write_text(document(), "utf-8")
    assert path.read_text("utf-8") == document(), UPDATE


def test_a_change_of_method_has_a_version_of_its_own() -> None:
    known = tomllib.loads((ROOT / "specs" / "methodology.toml").read_text("utf-8"))["versions"]
    version = methodology_version()
    assert version in known, f"add {version!r} = {digest()!r} to specs/methodology.toml"
    assert known[version] == digest(), (
        f"what a figure rests on has changed, and the version is still {version}: give specs/metrics.toml a new one, "
        f"and add it with {digest()!r} to specs/methodology.toml"
    )
    assert len(set(known.values())) == len(known)


def test_every_metric_says_what_why_and_how() -> None:
    text = document()
    for metric in metrics().values():
        assert f"### `{metric.id}`" in text and metric.question in text and metric.fix in text
        assert metric.source and metric.rationale and metric.question.endswith("?")
    for system in systems().values():
        assert f"### `{system.id}`" in text


@pytest.mark.parametrize("what", ["weight", "code"])
def test_the_digest_tells_a_change_of_method_from_one_of_words(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest()
    all_metrics = dict(methodology.metrics())
    other_words = {k: m.model_copy(update={"question": "Other words?"}) for k, m in all_metrics.items()}
    monkeypatch.setattr(methodology, "metrics", lambda: other_words)
    assert digest() == before
    if what == "weight":
        heavier = all_metrics | {"link_ok": all_metrics["link_ok"].model_copy(update={"weight": 7.0})}
        monkeypatch.setattr(methodology, "metrics", lambda: heavier)
    else:
        monkeypatch.setattr(methodology, "_CODE", methodology._CODE[1:])
    assert digest() != before
