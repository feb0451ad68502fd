"""Detect how a text table is written: its encoding, delimiter, quotes and header row.

Encodings are tried in this order: byte-order mark, strict UTF-8 over all given bytes, the declared charset, then a
guess with a confidence.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import islice

from quality.tables.read.encoding_likelihood import best_of
from quality.tables.scan import cell_class, widths

__all__ = ["DecodedText", "Dialect", "decode", "detect_dialect", "find_header", "read_records"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TELLING_BYTES = 8
"""Number of bytes beyond ASCII that are enough for a guess; with fewer the result must be very clear."""
_DETECTOR_BYTES = 16_384
_SAMPLE_CHARS = 20_000
_SAMPLE_RECORDS = 200
_DELIMITERS = "\t;,|"
NO_DELIMITER = "\x1f"
"""Used as delimiter of a table with one column: a character that no text contains."""
_MAX_PREAMBLE = 30


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A decoded text with the encoding that was used, and the confidence in it (0 to 1)."""

    text: str
    encoding: str
    """Name in lower case as used on the web: "utf-8", "windows-1252", "utf-16"."""
    confidence: float
    bad_bytes: int = 0
    """Number of places at which the bytes are invalid in the encoding."""
    first_bad_line: int | None = None
    """Line of the first of them, from 1; None if there is none."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text is written: the character between cells, quotes, escapes, and lines to skip at the top."""

    delimiter: str | None
    """None if the table has one column."""
    quote_char: str = '"'
    escape_char: str | None = None
    skip_lines: int = 0
    """Number of lines at the top that are only for programs, such as Excel's ``sep=;``."""


def decode(raw: bytes, declared: str | None = None, is_cut: bool = False) -> DecodedText:
    """Decode bytes with the most likely encoding. Bytes that it cannot decode become escapes such as ``\\xff``.

    ``declared`` is the charset that the server named; None if none. ``is_cut`` says that ``raw`` is only the beginning
    of the file; then what follows the last line end is dropped.
    """
    for mark, name in _BOMS:
        if raw.startswith(mark):
            if is_cut and name.startswith("utf-8") and b"\n" in raw:
                raw = raw[: raw.rindex(b"\n") + 1]
            elif is_cut:
                raw = raw[: len(raw) - len(raw) % 4]
            bad, first = _count_bad(raw, name)
            text = _cut(raw.decode(name, "backslashreplace"), is_cut)
            return DecodedText(text, name.removesuffix("-sig"), 1.0, bad, first)
    if is_cut and b"\n" in raw:
        raw = raw[: raw.rindex(b"\n") + 1]
    # Before UTF-8, which accepts NUL as a normal character.
    if wide := _wide(raw):
        return DecodedText(_cut(raw.decode(wide, "backslashreplace"), is_cut), wide, 0.9)
    try:
        return DecodedText(raw.decode("utf-8"), "utf-8", 1.0)
    except UnicodeDecodeError:
        pass
    bad_count, first_line = _count_bad(raw, "utf-8")
    letters = len(re.findall(rb"[\xc2-\xf4][\x80-\xbf]+", raw))
    # A few broken places do not rule out UTF-8: in other encodings its byte pairs hardly ever occur by chance.
    if letters >= 4 * bad_count or (declared and _codec(declared) == "utf-8" and letters >= bad_count):
        return DecodedText(raw.decode("utf-8", "backslashreplace"), "utf-8", 0.9, bad_count, first_line)
    name, confidence = _guess(raw, declared)
    bad_count, first_line = _count_bad(raw, name)
    return DecodedText(raw.decode(name, "backslashreplace"), _web_name(name), confidence, bad_count, first_line)


def _cut(text: str, is_cut: bool) -> str:
    return text[: text.rindex("\n") + 1] if is_cut and "\n" in text else text


def _wide(raw: bytes) -> str | None:
    """Return the kind of UTF-16 without a byte-order mark, or None: in Western text every other byte is zero."""
    even, odd = raw[0:4096:2].count(0), raw[1:4096:2].count(0)
    half = max(1, len(raw[:4096]) // 2)
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 * half and odd < 0.1 * half else None


def _count_bad(raw: bytes, encoding: str) -> tuple[int, int | None]:
    """Return how many places cannot be decoded, at most 10,000, and the line of the first (from 1)."""
    count, first, offset, decoder = 0, None, 0, codecs.getdecoder(encoding)
    while offset < len(raw) and count < 10_000:
        try:
            decoder(raw[offset:])
            break
        except UnicodeDecodeError as error:
            count += 1
            if first is None:
                first = raw[: offset + error.start].count(b"\n") + 1
            offset += max(error.end, error.start + 1)
    return count, first


_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"}
"""Codecs of Python that no web page means; some need time quadratic in the length of the text."""


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name.strip().strip("\"'")).name
        b"a".decode(found, "ignore")
    except (LookupError, ValueError):  # no codec, a codec that is not for text ("zip"), or an impossible name
        return None
    if found in _NO_CHARSETS:
        return None
    # WHATWG Encoding Standard: on the web these labels mean windows-1252.
    return "cp1252" if found in ("iso8859-1", "ascii") else found


def _web_name(codec: str) -> str:
    return codec.replace("cp125", "windows-125").replace("iso8859_", "iso-8859-").replace("_", "-")


def _guess(raw: bytes, declared: str | None) -> tuple[str, float]:
    """Return codec and confidence (0..1) for bytes that are neither UTF-8 nor UTF-16."""
    codec = _codec(declared) if declared else None
    if codec and codec != "utf-8":
        try:
            raw.decode(codec)
        except UnicodeDecodeError:
            pass
        else:
            return codec, 0.9
    # Only lines with bytes beyond ASCII: otherwise a single word in a long file would be missed.
    lines = [line for line in re.split(rb"[\r\n]+", raw) if not line.isascii()]
    sample = b"\n".join(lines)[:_DETECTOR_BYTES]
    while sample and len(sample) == _DETECTOR_BYTES and not sample.endswith(b"\n"):
        sample = sample[: sample.rfind(b"\n") + 1] or sample[:-1]
    telling = sum(map(len, re.findall(rb"[\x80-\xff]+", sample)))
    scored = best_of(sample)
    if not scored:
        return "cp1252", 0.3
    best, name = scored[0]
    plain = next((score for score, codec in scored if codec == "cp1252"), -1.0)
    if telling < _TELLING_BYTES and best < plain + 0.25:
        return "cp1252", 0.4  # too few bytes to decide
    second = next((score for score, codec in scored[1:] if not _same_text(sample, name, codec)), best - 0.5)
    if name == "cp1252":
        seen = set(re.findall(r"[^\x00-\x7f]", sample.decode(name).lower()))
        # Hungarian: its long umlauts look like õ and û, which no language with á and ö has without ä, ã or è.
        if seen & set("õû") and {"á", "ö"} <= seen and not seen & set("äãèçêà"):
            return "cp1250", 0.6
        # Turkish: its letters look like þ, ð and ý, which Icelandic always has together with vowels with an
        # acute accent.
        if len(seen & set("þðý")) + bool(seen & set("çüö")) > 2 and not seen & set("áéíóúæ"):
            return "cp1254", 0.6
    if name == "cp1250" and not re.search(rb"[\x80-\x9f]", sample) and _CAPITALS.search(sample):
        return "iso8859_2", 0.6
    return name, round(min(0.9, max(0.4, 0.5 + best - second)), 2)


_CAPITALS = re.compile(rb"(?:^|[\s,;|\"])(?:\xae[a-z\xe0-\xff]|\xa9[a-z]{2})")
"""Ž and Š of ISO 8859-2 at the beginning of a word, where windows-1250 has ® and ©."""


def _same_text(raw: bytes, one: str, other: str) -> bool:
    return raw.decode(one, "replace") == raw.decode(other, "replace")


def read_records(text: str | Iterable[str], dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Yield each record of a delimited text with the line on which it starts (from 1).

    A quoted cell may contain line breaks. ``text`` is the whole text, or its lines. The first ``dialect.skip_lines``
    lines are left out. Raise csv.Error for a cell that is far too long.
    """
    reader = csv.reader(
        io.StringIO(text, newline="") if isinstance(text, str) else text,
        delimiter=dialect.delimiter or NO_DELIMITER,
        quotechar=dialect.quote_char,
        escapechar=dialect.escape_char,
        doublequote=True,
    )
    line = 1
    for cells in reader:
        if line > dialect.skip_lines:
            yield line, cells
        line = reader.line_num + 1


def detect_dialect(text: str) -> Dialect:
    r"""Return how a delimited text is written, judged by its first 20,000 characters.

    A first line such as ``sep=;`` decides the delimiter and is skipped. The delimiter is None if there is one column.

    >>> detect_dialect("id;name;height\n1;oak;20\n2;ash;15\n").delimiter
    ';'
    """
    sample = text[:_SAMPLE_CHARS]
    if len(text) > len(sample):
        end = max(sample.rfind("\n"), sample.rfind("\r"))
        sample = sample[: end + 1] if end > 0 else sample
    hint = re.match(r"sep=(.)\r?\n", sample)
    if hint:
        return Dialect(hint.group(1), skip_lines=1)
    delimiter = _delimiter(sample)
    quote = "'" if '"' not in sample and "'" in sample and _quoted_share(sample, delimiter) > 0.5 else '"'
    escape = None
    if f"\\{quote}" in sample:
        plain = _evenness(sample, Dialect(delimiter, quote))[1]
        if _evenness(sample, Dialect(delimiter, quote, "\\"))[1] > plain:
            escape = "\\"
    return Dialect(delimiter, quote, escape)


def _quoted_share(sample: str, delimiter: str | None) -> float:
    cells = [cell for line in sample.splitlines() for cell in line.split(delimiter or NO_DELIMITER) if cell]
    return sum(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells) / max(1, len(cells))


def _evenness(sample: str, dialect: Dialect) -> tuple[int, float]:
    """Return the most frequent width of the records that are not blank, and the share of records that have it."""
    delimiter, quote, escape = (c.encode() if c else None for c in astuple(dialect)[:3])
    found = widths(sample.encode("utf-8", "replace"), delimiter, quote, escape, _SAMPLE_RECORDS)
    counts = Counter(width for width in found if width)
    if not counts:
        return 1, 0.0
    width, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    return width, count / counts.total()


def _delimiter(sample: str) -> str | None:
    found = {d: _evenness(sample, Dialect(d)) for d in _DELIMITERS if d in sample}
    even = [d for d, (width, share) in found.items() if width > 1 and share >= 0.9]
    if len(even) == 1:
        return even[0]
    if even:
        # The header is evidence: a character in every row but not in the header is part of the cells.
        agreeing = [d for d in even if _begins_evenly(sample, d)]
        if len(agreeing) == 1:
            return agreeing[0]
        even = agreeing or even
        ranked = sorted(((_sense(sample, d), d) for d in even), reverse=True)
        if ranked[0][0] > 1.1 * ranked[1][0]:
            return ranked[0][1]
    guess = _clever(sample) if found else None
    if even:
        return guess if guess in even else even[0]
    # No delimiter gives even rows: a ragged table, or text. A delimiter must at least fit most lines.
    likely = [d for d, (width, share) in found.items() if width > 1 and share >= 0.5]
    if guess in likely:
        return guess
    if likely:
        return max(likely, key=lambda d: found[d][1])
    # Notes above and below a small table may outnumber its rows, so one line in four is enough.
    sparse = [d for d, (width, share) in found.items() if width > 1 and share >= 0.25]
    if guess in sparse:
        return guess
    # A delimiter in a few lines only: one column, unless most lines contain it.
    return None if not found or max(_line_share(sample, d) for d in found) < 0.5 else guess


def _begins_evenly(sample: str, delimiter: str) -> bool:
    """Return whether the first line and nearly all others have the usual number of cells."""
    found = [width for width in widths(sample.encode("utf-8", "replace"), delimiter.encode(), b'"', None, 100) if width]
    usual, count = Counter(found).most_common(1)[0]
    return found[0] == usual and count >= 0.95 * len(found)


def _sense(sample: str, delimiter: str) -> float:
    """Return how far the cells make sense: 1 for numbers and dates, less for words, least for remains
    such as ``5;2``.
    """
    points = cells = 0.0
    for _, row in islice(read_records(sample, Dialect(delimiter)), 50):
        for cell in row:
            kind = cell_class(cell.strip())
            points += 0.2 if kind == "text_with_digits" else 0.9 if kind == "text" else 1.0
            cells += 1
    return points / max(cells, 1.0)


def _line_share(sample: str, delimiter: str) -> float:
    lines = [line for line in sample.splitlines() if line.strip()]
    return sum(delimiter in line for line in lines) / max(1, len(lines))


def _clever(sample: str) -> str | None:
    """Return CleverCSV's opinion. It is slow on long samples: 8,000 characters take less than a second."""
    from clevercsv import Detector

    lines = sample[:8_000].splitlines(keepends=True)
    found = Detector().detect("".join(lines[:100]), delimiters=list(_DELIMITERS))
    return found.delimiter if found is not None and found.delimiter in _DELIMITERS and found.delimiter else None


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the header: the first row that fills more than half as many cells as rows usually do.

    Only the first 30 rows are compared; if none of them does, it is the first row that is not blank. None if the first
    200 rows are blank. Titles and notes above a table are passed over, because they fill only one or two cells. A row
    that begins with "#" must fill as many cells as rows usually do.

    >>> find_header([["Trees of the city", "", ""], ["id", "species", "height"], ["1", "oak", "20"]])
    1
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows[:_SAMPLE_RECORDS]]
    counts = [count for count in filled if count]
    if not counts:
        return None
    usual = statistics.median(counts)
    for index, count in enumerate(filled[:_MAX_PREAMBLE]):
        if count > usual / 2 and not (rows[index][0].startswith("#") and count < usual):
            return index
    return next(index for index, count in enumerate(filled) if count)
