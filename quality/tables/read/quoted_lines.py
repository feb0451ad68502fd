"""Read files in which every line as a whole is in quotes: programs see one column instead of several."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from quality.tables.read.encoding import Encoding
from quality.tables.scan import widths

__all__ = ["is_quoted_by_lines", "without_quotes"]

_MOST_BYTES = 64 * 1024**2
_LINES = 200
_SHARE = 0.95
_DELIMITERS = ";\t,|"


def is_quoted_by_lines(head: str) -> bool:
    """Return whether nearly all lines of a text are in quotes as a whole, with several columns inside the quotes.

    ``head`` is the beginning of the text. Its first line must be in quotes too.
    """
    lines = [line for line in re.split(r"\r\n?|\n", head) if line.strip()][:_LINES]
    if len(lines) < 2 or not (lines[0][0] == lines[0][-1] == '"'):
        return False
    inner = [line[1:-1].replace('""', '"') for line in lines if len(line) > 1 and line[0] == line[-1] == '"']
    whole = [text for text, line in zip(inner, lines, strict=False) if '"' not in line[1:-1].replace('""', "")]
    if len(inner) < _SHARE * len(lines) or len(whole) < _SHARE * len(lines):
        return False
    for delimiter in _DELIMITERS:
        found = widths("\n".join(inner).encode(), delimiter.encode(), b'"', None, _LINES)
        width, count = Counter(found).most_common(1)[0]
        if width > 1 and found[0] == width and count >= _SHARE * len(found):
            return True
    return False


@contextmanager
def without_quotes(path: Path, encoding: Encoding) -> Iterator[Path | None]:
    """Remove the quotes around whole lines of a text, and yield the path of a temporary file with the result, in UTF-8.

    ``encoding`` is that of the file at ``path``. Yield None if the file is larger than 64 MiB.
    """
    if path.stat().st_size > _MOST_BYTES:
        yield None
        return
    with TemporaryDirectory(prefix="winnow-") as folder:
        target = Path(folder) / "lines"
        text = path.read_text(encoding.codec, "backslashreplace")
        lines = (_bare(line) for line in re.split(r"\r\n?|\n", text))
        target.write_text("\n".join(lines), "utf-8", "replace")
        yield target


def _bare(line: str) -> str:
    return line[1:-1].replace('""', '"') if len(line) > 1 and line[0] == line[-1] == '"' else line
