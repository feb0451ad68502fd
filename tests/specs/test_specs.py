"""Hand-written files: what is refused, and that metrics and functions match both ways."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest

from harvester.spiders import portal_types, spider_class
from quality.metrics import MODULES, functions
from specs.errors import SpecError
from specs.metrics import dimensions, grade, metrics
from specs.portals import load, load_file, of_url, shipped
from specs.systems import systems

GOOD = 'id = "town"\ntype = "ckan"\ntitle = "Town"\nurl = "https://town.example.org/data/"\n'


def write(folder: Path, text: str | bytes, name: str = "town.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_good_file(tmp_path: Path) -> None:
    spec = load_file(write(tmp_path, GOOD + "[limits]\ndelay_s = 2\n"))
    assert spec.url == "https://town.example.org/data" and spec.limits.delay_s == 2 and not spec.local


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        (GOOD + 'colour = "red"\n', "colour", "remove it"),
        (GOOD + "[limits]\ndelay = 2\n", "limits.delay", "delay_s"),
        (GOOD.replace("https", "gopher"), "url", "http://"),
        (GOOD.replace("ckan", "ckann"), "type", "correct"),
        (GOOD.replace('title = "Town"\n', ""), "title", "add it"),
        (GOOD.replace('"town"', '"city"'), "id", "rename"),
        (GOOD.replace('"town"', '"../etc"'), "id", "correct"),
        (GOOD.replace('"Town"', "Town"), "town.toml", "TOML"),
        (GOOD.encode("utf-16"), "town.toml", "UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_file_key_and_remedy(tmp_path: Path, text: str, key: str, remedy: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SpecError) as error:
        load_file(path)
    assert str(path) in str(error.value) and key in str(error.value) and remedy in str(error.value)


def test_every_bad_file_of_a_folder_is_named(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "x = 1\n")
    write(tmp_path, GOOD, "village.toml")
    with pytest.raises(SpecError) as error:
        load(tmp_path)
    assert "town.toml" in str(error.value) and "village.toml" in str(error.value)


def test_an_empty_or_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no portal file"):
        load(tmp_path)
    with pytest.raises(SpecError, match="no such file"):
        load(tmp_path / "nowhere.toml")


def test_shipped_portals_load_and_have_spiders() -> None:
    stand_ready = shipped().values()
    assert len(stand_ready) == 20 and len({one.type for one in stand_ready}) >= 14
    # None of them was asked from here: each says what its answers are known from.
    assert all(one.untried for one in stand_ready)
    for portal_type in portal_types():
        assert spider_class(portal_type).type == portal_type


def test_an_address_always_gives_the_same_id() -> None:
    first = of_url("https://Data.Example.org:8443/ckan/api/3/action", "ckan")
    assert (
        first.id == of_url("https://Data.Example.org:8443/ckan/api/3/action", "ckan").id == "data-example-org-8443-ckan"
    )


def test_metrics_and_functions_match_both_ways() -> None:
    declared = metrics()
    bound = functions("dataset") | functions("distribution") | functions("service")
    assert set(bound) == set(declared)
    written = []
    for name in MODULES:
        module = import_module(f"quality.metrics.{name}")
        own = {
            name
            for name, value in inspect.getmembers(module, inspect.isfunction)
            if value.__module__ == module.__name__ and not name.startswith("_") and name not in module.__all__
        }
        sentences = {name for name in own if name.endswith("_observed")}
        own -= sentences
        # The sentence of a metric stands in its module.
        assert {name.removesuffix("_observed") for name in sentences} <= own
        if name in dimensions():
            assert own == {m.id for m in declared.values() if m.dimension == name and m.id in own}
        else:
            # What only others ask for has no weight here.
            assert not any(declared[metric].weight for metric in own)
        written += sorted(own)
    assert sorted(written) == sorted(declared)


def test_weights_points_and_grades() -> None:
    assert sum(spec.weight for spec in dimensions().values()) == 100
    assert [grade(x) for x in (None, 0, 30, 50, 70, 85, 100)] == [None, "E", "D", "C", "B", "A", "A"]
    v1, v2 = systems()["mqa_v1"], systems()["mqa_v2"]
    assert sum(i.points for i in v1.item if not i.unless) == v1.maximum == 405
    for subject, count in (("dataset", 18), ("distribution", 20)):
        points = [i.points for i in v2.item if metrics()[i.metric].subject == subject]
        assert (len(points), sum(points)) == (count, 7.5)
