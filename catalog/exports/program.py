"""Digests of the parts of the program that decide how exported files look, to notice when they have changed."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["export_digest", "lines_digest", "mapping_digest", "public_file_digest"]

_CATALOG = Path(__file__).parents[1]
_KINDS = (".py", ".toml", ".html", ".css")


def _specs() -> Path:
    import specs

    return Path(specs.__file__).parent


def _digest(paths: Iterable[Path]) -> str:
    made = hashlib.blake2b(digest_size=16)
    for path in paths:
        made.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return made.hexdigest()


def _below(*folders: Path, kinds: tuple[str, ...] = _KINDS) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in kinds]


@cache
def export_digest() -> str:
    """Return a digest of the files that decide how an export looks: code, templates, columns, languages and rules."""
    specs = _specs()
    named = [specs / name for name in ("metrics.toml", "table_rules.toml")]
    return _digest([*_below(_CATALOG / "exports", specs / "exports", specs / "languages"), *named])


@cache
def mapping_digest() -> str:
    """Return a digest of the files that decide how a dataset is mapped to RDF: code and vocabularies."""
    own = _below(*(_CATALOG / name for name in ("rdf", "vocabulary", "model")))
    code = [Path(__file__).with_name(name) for name in ("rdf_files.py", "gzip_parts.py", "parts.py")]
    # Which addresses of contacts are published.
    code += [_CATALOG / "repositories" / name for name in ("persons.py", "recipients.py")]
    code.append(_specs() / "role_addresses.toml")
    return _digest([*own, *code, *_below(_specs() / "vocabularies", kinds=(*_KINDS, ".csv", ".json"))])


@cache
def lines_digest() -> str:
    """Return a digest of the files that decide how a finding looks as a line of ``findings.csv``."""
    read = [_CATALOG / "repositories" / "narrow_lines.py", _CATALOG / "db" / "schema" / "address.py"]
    return export_digest() + _digest(read)


@cache
def public_file_digest() -> str:
    """Return a digest of what decides how the public file is made from a catalogue: the code of the catalogue, the
    specifications, and what splits, folds and stems words."""
    read = [*_below(_CATALOG, kinds=(".py",)), *_below(_specs(), kinds=(".toml", ".csv", ".json", ".py"))]
    return f"{_digest(read)} {sys.version} {sqlite3.sqlite_version} {version('snowballstemmer')}"
