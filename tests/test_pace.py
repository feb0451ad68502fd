"""What the two commands run, and that nobody leaves anything out."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from tests import pace

ROOT = Path(__file__).parents[1]
LINT = {".venv/bin/ruff check .", ".venv/bin/ruff format --check .", ".venv/bin/mypy", ".venv/bin/lint-imports"}


def commands(target: str) -> set[str]:
    """Return the commands that make would run for a target, once everything is installed."""
    done_once = [f"--old-file=.venv/{name}" for name in ("installed", "compiled")]
    command = ["make", "-n", *done_once, target, "WORKERS=3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return {line for line in done.stdout.splitlines() if line.startswith(".venv/bin/")}


def test_make_test_runs_everything() -> None:
    assert commands("test") == {*LINT, ".venv/bin/pytest -n 3"}
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert options["testpaths"] == ["tests"]
    words = options["addopts"].split()
    assert not {"-m", "-k", "--deselect", "--ignore", "--ignore-glob"} & {word.partition("=")[0] for word in words}
    assert (ROOT / ".ci" / "run").read_text("utf-8").rstrip().endswith("\nmake docs test")


def test_make_check_leaves_out_the_slow_tests_and_nothing_else() -> None:
    assert commands("check") == {*LINT, '.venv/bin/pytest -n 3 -m "not slow"'}


def test_the_file_names_tests_that_there_are() -> None:
    for name in pace.measured(pace.FILE.read_text("utf-8")):
        path, _, function = name.partition("::")
        assert f"def {function.rpartition('::')[2]}(" in (ROOT / path).read_text("utf-8"), name


def test_what_is_slow_comes_first_and_goes_together(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_x="""
        import pytest
        def test_quick(): pass
        @pytest.mark.parametrize("n", range(2))
        def test_long(n): pass
        @pytest.mark.xdist_group("g")
        def test_first(): pass
        def test_short(): pass
        @pytest.mark.xdist_group("g")
        def test_second(): pass
        """
    )
    pytester.makeini("[pytest]\nmarkers =\n    slow\n    xdist_group\n")
    known = pace.measured("# about\n9 test_x.py::test_long\n30.5 test_x.py::test_first\n0.26 test_x.py::test_short\n")
    found: list[pytest.Item] = []

    class Last:
        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
            found.extend(items)

    pytester.inline_run("--collect-only", plugins=[pace.Durations(known, is_recording=False), Last()])
    assert [pace.name_of(item.nodeid).partition("::")[2] for item in found] == [
        "test_first", "test_second", "test_long", "test_long", "test_short", "test_quick",
    ]  # fmt: skip
    slow = [item.get_closest_marker("slow") is not None for item in found]
    assert slow == [True, True, True, True, False, False]


def test_the_slowest_case_of_a_test_is_noted(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FILE", pytester.path / "durations.txt")
    monkeypatch.setattr(pace, "KEPT_S", 0.0)
    pytester.makepyfile(test_x="import pytest\n@pytest.mark.parametrize('n', range(3))\ndef test_a(n): pass\n")
    pytester.inline_run(plugins=[pace.Durations({}, is_recording=True)])
    assert list(pace.measured(pace.FILE.read_text("utf-8"))) == ["test_x.py::test_a"]
