"""What Winnow uses of other libraries without their promise is still there, and stands behind one module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harvester.http.scrapy_private import RELIED_ON, PrivatePart, changed

ROOT = Path(__file__).parents[2]
DOOR = ROOT / "harvester/http/scrapy_private.py"
LIBRARIES = ("scrapy", "twisted", "aiohttp", "requests", "urllib3")


@pytest.mark.parametrize("part", RELIED_ON, ids=lambda part: part.place.partition(":")[2])
def test_private_parts_of_other_libraries_are_as_they_were(part: PrivatePart) -> None:
    assert changed(part) is None


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (PrivatePart("scrapy.core._gone:Handler", "why"), "the module is gone"),
        (PrivatePart("scrapy.utils.ssl:_gone", "why"), "it is gone"),
        (PrivatePart("scrapy.utils.ssl:Gone._gone", "why"), "it is gone"),
        (PrivatePart("scrapy.utils.ssl:_make_ssl_context", "why", ("crawler",)), "it takes (settings), not (crawler)"),
        (PrivatePart("aiohttp:TCPConnector._gone", "why", None, "__init__"), "__init__ does not name it any more"),
    ],
)
def test_a_part_that_changed_is_named_with_the_version_and_the_remedy(part: PrivatePart, said: str) -> None:
    told = changed(part)
    assert told is not None and said in told and part.place in told and "(why)" in told
    assert "adapt harvester/http/scrapy_private.py" in told and any(
        digit in told.split(":")[0] for digit in "0123456789"
    )


def _private_imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in LIBRARIES:
            words = [*node.module.split("."), *(one.name for one in node.names)]
            found += [f"{path.name}: {node.module}" for word in words if word.startswith("_")]
    return found


def test_nothing_private_is_imported_elsewhere() -> None:
    files = [one for one in (ROOT / "harvester").rglob("*.py") if one != DOOR]
    assert [line for one in files for line in _private_imports(one)] == []
    assert _private_imports(DOOR)
