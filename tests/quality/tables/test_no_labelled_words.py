"""No rule holds a word that stands in one of the labelled files alone: it would have been made for that file."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared"
FOLDERS = [SHARED / name / "files" for name in ("tables-labelled", "tables-statistics")]
OTHERS = [SHARED / "tables", SHARED / "cases" / "tables"]
"""Real and invented files that nobody labelled so: a word that stands in them too is no file's own."""
WORD = re.compile(r"[^\W\d_]{5,}")
SENTENCE = re.compile(r"[a-z,:] [a-z]+ [a-z]+|\.$|: ?$")
TEXTS = {".csv", ".tsv", ".txt", ".json", ".xml"}
MOST_BYTES = 400_000
KNOWN = frozenset(
    # Words of languages and standards that happen to stand in one of the files.
    Path(__file__).with_name("public_words.txt").read_text("utf-8").split()
)


def literals() -> set[str]:
    """Return the words in string literals of the rules' source, without docstrings."""
    found: set[str] = set()
    for path in (ROOT / "quality" / "tables").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        prose = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                if SENTENCE.search(node.value):
                    continue  # said to a person, and held against nothing
                found |= {word.casefold() for word in WORD.findall(node.value)}
    return found


def test_no_word_of_one_labelled_file_alone() -> None:
    files = [path for folder in FOLDERS if folder.is_dir() for path in sorted(folder.iterdir())]
    if not files:
        pytest.skip("the labelled files are not beside this checkout")
    wanted = literals()
    seen: Counter[str] = Counter()
    for path in files:
        if path.suffix.lower() in TEXTS:
            text = path.read_bytes()[:MOST_BYTES].decode("utf-8", "replace")
            seen.update(wanted & {word.casefold() for word in WORD.findall(text)})
    public = set()
    for path in (path for folder in OTHERS if folder.is_dir() for path in folder.iterdir()):
        if path.suffix.lower() in TEXTS:
            public |= {
                word.casefold() for word in WORD.findall(path.read_bytes()[:MOST_BYTES].decode("utf-8", "replace"))
            }
    alone = sorted(word for word, count in seen.items() if count == 1 and word not in public | KNOWN)
    assert not alone, alone
