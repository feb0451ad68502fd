"""Write a portal type from templates. All that a type is lies in two folders; nothing else has to name it."""

from __future__ import annotations

from pathlib import Path
from string import Template

__all__ = ["write_type"]

TEMPLATES = Path(__file__).with_name("templates")
_IN_SPIDER = ("__init__.py", "spider.py", "record.py", "probe.py")
_IN_FIXTURE = ("tape.json", "expected.json")
_STEP = 10
"""Between the ranks of two types, so that another probe fits between them."""


def write_type(root: Path, name: str, software: str) -> list[Path]:
    """Write the files of a new portal type from templates: the spider in ``harvester/spiders`` and its fixture in
    ``tests/fixtures``. Return their paths.

    ``root`` is the folder of the project. ``name`` is the type, with hyphens between words. ``software`` is the name of
    the portal software as people know it. Raise FileExistsError if one of the two folders exists.
    """
    from harvester.detect.probes import PROBES

    module = name.replace("-", "_")
    values = {
        "type": name,
        "module": module,
        "software": software.replace("\\", "").replace('"', "'"),
        "rank": str(max(probe.rank for probe in PROBES) // _STEP * _STEP + _STEP),
    }
    spider, fixture = root / "harvester" / "spiders" / module, root / "tests" / "fixtures" / name
    for folder in (spider, fixture):
        if folder.exists():
            raise FileExistsError(f"{folder}: exists")
    written = []
    for folder, files in ((spider, _IN_SPIDER), (fixture, _IN_FIXTURE)):
        folder.mkdir(parents=True)
        for file in files:
            text = Template((TEMPLATES / f"{file}.txt").read_text("utf-8")).substitute(values)
            (folder / file).write_text(_in_order(text), "utf-8")
            written.append(folder / file)
    return written


def _in_order(text: str) -> str:
    """A module with its imports from this package sorted: where that of the type itself stands depends on its name."""
    lines = text.splitlines(keepends=True)
    at = [n for n, line in enumerate(lines) if line.startswith("from harvester.")]
    for n, line in zip(at, sorted(lines[n] for n in at), strict=True):
        lines[n] = line
    return "".join(lines)
