"""Fold a declared text to a key, so that different spellings share one dictionary entry.

Tables and look-ups use the same functions, so whatever folding loses is lost on both sides.
"""

from __future__ import annotations

import html
import re
import unicodedata

__all__ = ["clean", "compact", "name_key", "pieces", "segment_after", "split_list", "url_key", "urls_in"]

_INVISIBLE = {"Cf", "Cs", "Co"}
_URL = re.compile(r"(?:https?:/{1,2}|www\.)[^\s<>\"'()\[\]{}|]+", re.IGNORECASE)
_HREF = re.compile(r"href\s{0,5}=\s{0,5}[\"']?([^\"'\s>]+)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"[\n\r()\[\]]+")
_BARE_URL = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+/\S*", re.IGNORECASE)
_SCHEME = re.compile(r"^(?:https?:/{1,2})?(?:www\.)?", re.IGNORECASE)
_URL_TAIL = re.compile(r"(?:/|/legalcode|/deed|/index|\.html?|\.php|\.txt|\.[a-z]{2}(?:[_-][a-z]{2,4})?)$")
_DIGIT = re.compile(r"\d")
_JOINED_DIGITS = re.compile(r"(?<![\d.])(\d)[_-](\d)(?![\d.])")
_DECIMAL = re.compile(r"(\d+\.\d+)")
_NO_WORD = re.compile(r"[^\w.+]+|_|(?<!\d)\.|\.(?!\d)")
_NO_WORD_NO_VERSION = re.compile(r"[^\w+]+|_")
_ASCII_WORDS = {at: chr(at) if chr(at).isalnum() or chr(at) == "+" else " " for at in range(128)}
"""What becomes of the signs of an ASCII text that has no version."""
_FIRST_ACCENT = "\u0300"
_VERSION_WORD = re.compile(r"\b(?:v|ver|vers|version|versione|versjon|versie|verzia|wersja)(?= ?\d)")


def split_list(cell: str) -> tuple[str, ...]:
    """Return the members of a cell of our vocabulary tables that holds a list, separated by " | ".

    >>> split_list("CSV | TSV")
    ('CSV', 'TSV')
    """
    return tuple(part.strip() for part in cell.split(" | ") if part.strip())


def clean(text: str, limit: int) -> str | None:
    """Return a text in Unicode form NFKC, with HTML entities replaced by their characters, without invisible characters
    and empty lines. Line breaks stay; other blanks in a row become one.

    None for a text of which nothing is left, or that has more than ``limit`` characters. A longer text is refused, not
    cut, because the part cut off could contradict the rest.
    """
    if len(text) > limit:
        return None
    folded = unicodedata.normalize("NFKC", html.unescape(text))
    seen = "".join(c for c in folded if unicodedata.category(c) not in _INVISIBLE)
    lines = (" ".join(line.split()) for line in seen.splitlines())
    return "\n".join(line for line in lines if line) or None


def _without_accents(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text.casefold())
    for sign in set(decomposed):
        if sign >= _FIRST_ACCENT and unicodedata.category(sign) == "Mn":
            decomposed = decomposed.replace(sign, "")
    return decomposed


def name_key(text: str) -> str:
    """Return a name in a form for comparison: lower-case words without accents and punctuation.

    Versions are written alike: ``v2.0``, ``2_0`` and ``Version 2.0`` become ``2.0``.

    >>> name_key("Licença Aberta, Version 2.0")
    'licenca aberta 2.0'
    """
    plain = _without_accents(text)
    # Few texts need every step: one without a digit has no version.
    has_digit = _DIGIT.search(plain) is not None
    if has_digit and ("_" in plain or "-" in plain):
        plain = _JOINED_DIGITS.sub(r"\1.\2", plain)
    if has_digit and "." in plain:
        plain = _NO_WORD.sub(" ", _DECIMAL.sub(r" \1 ", plain))
    else:
        plain = plain.translate(_ASCII_WORDS) if plain.isascii() else _NO_WORD_NO_VERSION.sub(" ", plain)
    plain = " ".join(plain.split())
    return " ".join(_VERSION_WORD.sub(" ", plain).split()) if has_digit and "v" in plain else plain


def compact(text: str) -> str:
    """Return a short name in a form for comparison: only its letters and digits, in lower case and without accents.

    >>> compact(".csv"), compact("RDF/XML"), compact("rdf xml")
    ('csv', 'rdfxml', 'rdfxml')
    """
    return "".join(c for c in _without_accents(text) if c.isalnum())


def url_key(text: str) -> str | None:
    """Return an address in a form for comparison; None if the text is not an address.

    The form is in lower case, without scheme, ``www.`` and endings that do not matter, such as ``.html``, ``/deed`` and
    a language code; query and fragment are kept. A text is an address if it has no blank and no line break, and either
    begins with ``http:``, ``https:`` or ``www.`` or has the form of a host with a path.
    """
    if " " in text or "\n" in text:
        return None
    if not (_SCHEME.match(text) or [""])[0] and not _BARE_URL.fullmatch(text):
        return None
    address = _SCHEME.sub("", text.casefold(), count=1).replace("://", "/")
    host, slash, path = address.partition("/")
    path = re.sub(r"/{2,}", "/", path)
    # The host keeps its ending: data.norge.no is not the Norwegian edition of data.norge.
    path, hash_sign, fragment = path.partition("#")
    longer = None
    while path and path != longer:
        longer, path = path, _URL_TAIL.sub("", "/" + path)[1:]
    key = host + (slash + path).rstrip("/")
    return key + (hash_sign + fragment.rstrip("/") if fragment else "")


def segment_after(key: str | None, *prefixes: str) -> str | None:
    """Return the part of an address after the first of ``prefixes`` that it begins with; None if it begins with none.

    ``key``: the address as :func:`url_key` returns it, or None. The part is usually the code in the URI of an authority
    table.
    """
    for prefix in prefixes:
        if key and key.startswith(prefix):
            return key[len(prefix) :]
    return None


def urls_in(text: str) -> list[str]:
    """Return every address in a text or in the links of its HTML, as written, without punctuation at the end: first
    those in the text, then those of the links. An address may come twice."""
    found = _URL.findall(_TAG.sub(" ", text)) + _HREF.findall(text)
    return [address.rstrip(".,;:!?") for address in found]


def pieces(text: str) -> list[str]:
    """Return the visible text of HTML or prose in pieces, cut at tags, line ends, brackets and addresses.

    Tags and addresses are left out, and so are empty pieces. Punctuation at both ends of a piece is removed.
    """
    visible = _TAG.sub("\n", text)
    parts = _BREAK.split(_URL.sub("\n", visible))
    return [part.strip(" .,;:\"'") for part in parts if part.strip(" .,;:\"'")]
