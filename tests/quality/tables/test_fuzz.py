"""Texts that once broke the scanner, read again; and ``make fuzz`` says what it lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from quality.tables.scan import Scanner, widths

FUZZ = Path(__file__).parents[3] / "bench" / "fuzz"
CORPUS = sorted((FUZZ / "corpus").iterdir())


def sign(byte: int) -> bytes | None:
    return None if byte == ord("N") else bytes([byte])


def digit(byte: int) -> int:
    return int(chr(byte), 36) if chr(byte).isascii() and chr(byte).isalnum() else 0


def found(case: Path, piece: int | None, longest: int = 8 << 20) -> object:
    """Scan input as ``bench/fuzz/scan.c`` reads it: the first line holds the settings."""
    how, _, text = case.read_bytes().partition(b"\n")
    scanner = Scanner(
        sign(how[0]), sign(how[1]), sign(how[2]), digit(how[3]) + 1, digit(how[4]), digit(how[5]), [b"NA", b"..", b"-"],
        longest,
    )  # fmt: skip
    size = piece or len(text) or 1
    for at in range(0, len(text) or 1, size):
        scanner.feed(text[at : at + size])
    return scanner.finish()


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_a_text_in_pieces_is_the_same_text(case: Path) -> None:
    whole = found(case, None)
    for piece in (1, 2, 3, 7, 16, 17):
        assert found(case, piece) == whole
        found(case, piece, longest=16)
    how, _, text = case.read_bytes().partition(b"\n")
    assert len(widths(text, sign(how[0]), sign(how[1]), sign(how[2]), 500)) <= 500


@pytest.mark.parametrize(
    "delimiter, quote, escape",
    [(b",", b",", None), (b",", b'"', b'"'), (b",", b'"', b","), (b"\n", b'"', None), (b",", b"\n", b"\r")],
)
def test_a_character_has_one_role(delimiter: bytes, quote: bytes, escape: bytes | None) -> None:
    text = b'a,b\n1,"x, y"\n"",2\n'

    def read(piece: int) -> object:
        scanner = Scanner(delimiter, quote, escape, 2, 1, 9, [])
        for at in range(0, len(text), piece):
            scanner.feed(text[at : at + piece])
        return scanner.finish()

    assert all(read(piece) == read(len(text)) for piece in (1, 2, 5))


def test_says_what_the_fuzzer_lacks(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, FUZZ / "run.py", "1"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "clang (Debian and Ubuntu: apt-get install clang)" in run.stderr
