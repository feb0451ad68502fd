"""What a package has to bring along beside its code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from harvester import __version__

ROOT = Path(__file__).parents[1]
PACKAGES = ("specs", "catalog", "quality", "harvester")
NEVER_OPTIONAL = ("scrapy", "requests", "frictionless", "rdflib", "great-expectations", "sqlite-utils", "datasette")


def project() -> dict[str, object]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"])


def test_the_version_stands_once_and_the_others_follow_it() -> None:
    assert project()["dynamic"] == ["version"]
    assert f'version: "{__version__}"' in (ROOT / "CITATION.cff").read_text("utf-8")
    headings = re.findall(r"(?m)^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert headings[0] == __version__ and headings == sorted(headings, reverse=True)


@pytest.mark.parametrize("package", PACKAGES)
def test_type_information_comes_with_every_package(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_the_licence_is_there_in_full() -> None:
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert project()["license"] == "Apache-2.0" and "END OF TERMS AND CONDITIONS" in text


def test_a_vulnerability_can_be_reported_in_private_and_nothing_is_promised_that_nobody_keeps() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert "Report a vulnerability" in text and "in private" in text
    assert not re.search(r"(?i)within \w+ (working )?(days|hours|weeks)", text)


def test_what_everybody_needs_is_no_extra() -> None:
    own = project()
    required, extras = str(own["dependencies"]).lower(), own["optional-dependencies"]
    assert isinstance(extras, dict)
    for name in NEVER_OPTIONAL:
        assert f"'{name}>=" in required, name
        assert not any(re.match(rf"{name}\b(?!-)", one) for kind in extras.values() for one in kind), name
    assert any(one.startswith("pytest>=") for one in extras["dev"])


def test_every_extra_of_the_program_removes_a_limit_that_is_said() -> None:
    extras = project()["optional-dependencies"]
    assert isinstance(extras, dict) and set(extras) == {"parquet", "geo", "dask", "bench", "docs", "dev"}


def test_the_suite_is_proved_on_every_python_that_is_promised() -> None:
    names = re.findall(r"Programming Language :: Python :: (3\.\d+)", str(project()["classifiers"]))
    assert " ".join(names) in (ROOT / ".ci" / "test-pythons").read_text("utf-8")
