"""Every output format is one class in a module of its own, listed once."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import catalog.exports
from catalog.db.store import open_catalog
from catalog.exports import FORMATS, OF_SCHEMA_1, export_all, output_formats
from catalog.exports.job import OutputFormat
from catalog.exports.parts import PARTS
from catalog.exports.state import STATE
from tests.catalog.carding import PORTALS, RUNS


def test_every_format_is_listed_and_says_what_it_is() -> None:
    for module in pkgutil.iter_modules(catalog.exports.__path__):
        import_module(f"catalog.exports.{module.name}")
    found = {f"{one.__module__.rpartition('.')[2]}.{one.__name__}" for one in OutputFormat.__subclasses__()}
    assert found == {*FORMATS, *OF_SCHEMA_1.values()} and len(set(FORMATS)) == len(FORMATS)
    formats = list(output_formats())
    assert len({one.name for one in formats}) == len(formats) and all(one.title for one in formats)


def test_what_the_formats_write_is_sealed_with_its_folder(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as held:
        held.begin_run("test", PORTALS[2:3], version="0", methodology="2.0.0", run_id=RUNS[0])
        held.set_run(RUNS[0], status="complete")
        paths = export_all(held, RUNS[0], tmp_path / "out")
    assert len(set(paths)) == len(paths) and all(path.is_file() for path in paths)
    written = {path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert written == set(paths)
    names = {path.name for path in paths}
    assert {one.name for one in output_formats() if one.name != "report.pdf"} <= names
    for folder in (tmp_path / "out", tmp_path / "out" / "gamma"):
        sums = (folder / "SHA256SUMS").read_text("utf-8")
        # The state is ours: what the next export keeps.
        held_files = [path for path in (*folder.iterdir(), *folder.glob("rdf/**/*")) if path.is_file()]
        sealed = {path.relative_to(folder).as_posix() for path in held_files} - {"SHA256SUMS", STATE, PARTS}
        assert sums.count("\n") == len(sealed)
