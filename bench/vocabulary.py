"""Measure how much of what real portals declare is in the vocabularies, and what is not.

    python bench/vocabulary.py FOLDER [--left 15]

FOLDER contains recorded portals, one folder each (JSON, JSON Lines and RDF/XML payloads are read).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.vocabulary import file_format, licence

LICENCE_KEYS = {"license", "licence", "license_id", "license_title", "license_url", "licenseinfo"}
FORMAT_KEYS = {"format", "mimetype", "mime", "mediatype", "media_type"}
# Not licences of data: the licence's logo, flags, the formats of JSON Schemas and of Socrata's own licence ids.
NOT_A_DECLARATION = {"quality", "items", "width", "height"}
_RDF_VALUE = r'<(?:dct|dcterms|dcat):{}(?:\s+rdf:resource="([^"]*)"\s*/>|[^>]*>([^<]{{1,200}})</)'
RDF_LICENCE = re.compile(_RDF_VALUE.format("license"))
RDF_FORMAT = re.compile(_RDF_VALUE.format("(?:format|mediaType)"))


@dataclass
class Declared:
    """The declared strings of one recording with their number; ``None`` and empty ones are only counted."""

    licences: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    no_licence: int = 0
    no_format: int = 0

    def add_licence(self, text: object) -> None:
        if text is None or not str(text).strip():
            self.no_licence += 1
        elif isinstance(text, str):
            self.licences[text] += 1

    def add_format(self, text: object) -> None:
        if text is None or not str(text).strip():
            self.no_format += 1
        elif isinstance(text, str):
            self.formats[text] += 1


def _leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*path, str(key).casefold()))
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, path)
    else:
        yield path, node


def _documents(file: Path) -> Iterator[Any]:
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    for part in text.splitlines() if file.suffix == ".jsonl" else [text]:
        if part.strip():
            try:
                yield json.loads(part)
            except ValueError:
                return


def gather(folder: Path) -> Declared:
    """Return every licence and format string in the recording's payloads."""
    declared = Declared()
    for file in sorted(folder.rglob("*")):
        if file.name == "recording.json":
            continue
        if file.suffix in {".json", ".jsonl"}:
            for document in _documents(file):
                for path, value in _leaves(document):
                    if not path or isinstance(value, bool) or NOT_A_DECLARATION & set(path):
                        continue
                    nested = path[-1] in {"uri", "name", "de", "en", "fr", "it"} and "license" in path
                    if path[-1] in LICENCE_KEYS or nested:
                        declared.add_licence(value)
                    elif path[-1] in FORMAT_KEYS:
                        declared.add_format(value)
        elif file.suffix == ".rdf":
            text = file.read_text(encoding="utf-8", errors="replace")
            for match in RDF_LICENCE.finditer(text):
                declared.add_licence(match[1] or match[2])
            for match in RDF_FORMAT.finditer(text):
                declared.add_format(match[1] or match[2])
    return declared


def recordings(folder: Path) -> dict[str, Declared]:
    """Return what each recording below ``folder`` declares, by recording."""
    return {d.name: gather(d) for d in sorted(folder.iterdir()) if d.is_dir() and d.name != "__pycache__"}


def _report(kind: str, strings: Counter[str], left: list[tuple[str, int]], missing: int) -> str:
    total, unresolved = sum(strings.values()), sum(n for _, n in left)
    share = 100 * (total - unresolved) / total
    distinct = len(strings) - len(left)
    return f"  {kind}: {share:.1f} % of {total}, {distinct} of {len(strings)} distinct; empty or null: {missing}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--left", type=int, default=15, help="how many unresolved strings to list")
    options = parser.parse_args()
    lines: list[str] = []
    for name, declared in recordings(options.folder).items():
        groups = (
            ("licences", declared.licences, licence, declared.no_licence),
            ("formats", declared.formats, file_format, declared.no_format),
        )
        if any(strings for _, strings, _, _ in groups):
            lines.append(name)
        for kind, strings, look_up, missing in groups:
            if strings:
                left = [(s, n) for s, n in strings.most_common() if look_up(s) is None]
                lines.append(_report(kind, strings, left, missing))
                lines += [f"    {n:>5}  {s[:110]!r}" for s, n in left[: options.left]]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
