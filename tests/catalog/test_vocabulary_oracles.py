"""The vocabularies agree with official lists and resolve what portals really write."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
from collections import Counter
from typing import Any

import pytest

from catalog.vocabulary import (
    file_format,
    licence,
)
from specs.vocabularies import read
from tests.catalog.vocabulary_tables import EU, ORACLES, ROOT, SHARED

needs_oracles = pytest.mark.skipif(not ORACLES.is_dir(), reason="official lists (shared/oracles) are not here")
needs_portals = pytest.mark.skipif(
    not (SHARED / "portals").is_dir(), reason="recorded portals (shared/portals) are not here"
)


# Official lists


def _oracle_csv(name: str) -> list[list[str]]:
    with (ORACLES / "mqa" / "vocab" / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row]


def _file_types(name: str) -> set[str]:
    text = (ORACLES / "mqa" / "vocab" / name).read_text(encoding="utf-8")
    return set(re.findall(r"authority/file-type/(\w+)", text))


def _flagged(column: str) -> set[str]:
    return {row["id"] for row in read("formats") if row[column] == "yes"}


@needs_oracles
def test_mqa_format_lists_are_exact() -> None:
    readable = _file_types("edp-machine-readable-format.rdf")
    assert len(readable) == 20 and _flagged("mqa_machine_readable") == readable
    open_2025 = {row[1] for row in _oracle_csv("mjanez_non_proprietary.csv")}
    open_2019 = _file_types("edp-non-proprietary-format.rdf")
    assert _flagged("mqa_non_proprietary") == open_2025
    assert open_2025 - open_2019 == {"ETSI_XML", "GPKG"} and len(open_2019) == 29


@needs_oracles
def test_formats_with_an_eu_uri_are_the_eu_table() -> None:
    official = {row[0] for row in _oracle_csv("mjanez_file_types.csv")}
    assert {row["eu_uri"] for row in read("formats") if row["eu_uri"]} == official


@needs_oracles
def test_media_types_are_registered() -> None:
    registered = {"application/sparql-results+json"}  # registered after the copy was made
    for file in (ORACLES / "mqa" / "vocab" / "iana").glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as rows:
            registered |= {(r["Template"] or f"{file.stem}/{r['Name']}").casefold() for r in csv.DictReader(rows)}
    for row in read("formats"):
        for media_type in filter(None, row["media_types"].split(" | ")):
            assert media_type in registered or "/vnd." in media_type, media_type


@needs_oracles
def test_verdicts_agree_with_the_open_definition_list() -> None:
    expected = {"approved": "open", "rejected": "not_open", "not reviewed": "not_reviewed", "": "not_reviewed"}
    special = {"notspecified": "none", "other-open": "declared", "other-at": "declared", "other-pd": "declared"}
    for key, entry in json.loads((ORACLES / "okfn-licences" / "all.json").read_text(encoding="utf-8")).items():
        verdict = special.get(key, expected[entry["od_conformance"]])
        for name in [key, *entry.get("legacy_ids", [])]:
            found = licence(name)
            assert found is not None, name
            assert found.open_definition == verdict, name
            if verdict == "open":
                assert found.is_data_usable == entry["domain_data"], name


@needs_oracles
def test_every_member_of_the_mqa_licence_list_is_known() -> None:
    uris = {row[0] for row in _oracle_csv("mjanez_licenses.csv") if row[0].startswith(EU + "licence/")}
    table = (ORACLES / "eu-authority" / "licences-sparql-result.ttl").read_text(encoding="utf-8")
    uris |= {f"{EU}licence/{code}" for code in re.findall(r"dc:identifier\t\"(\w+)\"", table)}
    assert len(uris) > 170
    for uri in uris:
        found = licence(uri)
        assert found is not None and found.in_mqa_list, uri
    for row in read("licences"):
        if row["eu_uri"]:
            assert row["eu_uri"] in uris and row["in_mqa_list"] == "yes", row["id"]


@needs_oracles
@pytest.mark.parametrize(
    ("table", "file", "authority"),
    [
        ("frequencies", "frequencies-sparql-result.ttl", "frequency"),
        ("themes", "data-theme-sparql-result.ttl", "data-theme"),
        ("access_rights", "access-right-sparql-result.ttl", "access-right"),
    ],
)
def test_terms_are_the_eu_tables(table: str, file: str, authority: str) -> None:
    text = (ORACLES / "eu-authority" / file).read_text(encoding="utf-8")
    prefixes = re.findall(rf"@prefix (\w+):\s*<{re.escape(EU + authority)}/>", text)
    official = {code for p in prefixes for code in re.findall(rf"\b{p}:(\w+)", text)}
    official |= set(re.findall(rf"authority/{authority}/(\w+)>", text))
    assert official and {row["id"] for row in read(table)} == official
    assert all(row["eu_uri"] == f"{EU}{authority}/{row['id']}" for row in read(table))


# Recorded portals


def _bench() -> Any:
    spec = importlib.util.spec_from_file_location("bench_vocabulary", ROOT / "bench" / "vocabulary.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@needs_portals
def test_share_of_recorded_strings_that_resolve() -> None:
    licences: Counter[str] = Counter()
    formats: Counter[str] = Counter()
    for declared in _bench().recordings(SHARED / "portals").values():
        licences.update(declared.licences)
        formats.update(declared.formats)
    resolved = {text: licence(text) for text in licences}
    none_given = sum(n for t, n in licences.items() if (e := resolved[t]) and e.open_definition == "none")
    named = sum(n for t, n in licences.items() if (e := resolved[t]) and e.open_definition != "none")
    known = sum(n for t, n in formats.items() if file_format(t))
    # Two counties of Illinois link their own terms of use from nearly every record: they stay unresolved.
    own_terms = sum(n for t, n in licences.items() if "89679671cfa64832" in t or "peoriacountygis" in t)
    assert none_given > 300
    assert own_terms > 1_800 and not any(resolved[t] for t in licences if "89679671cfa64832" in t)
    assert named / (licences.total() - none_given - own_terms) > 0.99
    assert known / formats.total() > 0.995
