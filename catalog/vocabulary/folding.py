"""Fold a declared string to a key, so that spellings of one thing meet in one dictionary entry.

Tables and look-ups use the same functions: whatever a fold loses, it loses on both sides.
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
_VERSION_WORD = re.compile(r"\b(?:v|ver|vers|version|versione|versjon|versie|verzia|wersja)(?= ?\d)")


def split_list(cell: str) -> tuple[str, ...]:
    """The members of a list-valued cell."""
    return tuple(part.strip() for part in cell.split(" | ") if part.strip())


def clean(text: str, limit: int) -> str | None:
    """NFKC without invisible characters, blanks collapsed per line; None for empty or longer than ``limit``.

    Longer text is refused, not cut: what stands behind a cut could contradict what stands before it.
    """
    if len(text) > limit:
        return None
    folded = unicodedata.normalize("NFKC", html.unescape(text))
    seen = "".join(c for c in folded if unicodedata.category(c) not in _INVISIBLE)
    lines = (" ".join(line.split()) for line in seen.splitlines())
    return "\n".join(line for line in lines if line) or None


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")


def name_key(text: str) -> str:
    """Lower-case words without accents and punctuation; ``v2.0``, ``2_0`` and ``Version 2.0`` become ``2.0``."""
    plain = re.sub(r"(?<![\d.])(\d)[_-](\d)(?![\d.])", r"\1.\2", _without_accents(text))
    plain = re.sub(r"(\d+\.\d+)", r" \1 ", plain)
    plain = re.sub(r"[^\w.+]|_|(?<!\d)\.|\.(?!\d)", " ", plain)
    plain = _VERSION_WORD.sub(" ", " ".join(plain.split()))
    return " ".join(plain.split())


def compact(text: str) -> str:
    """Letters and digits only: ``.csv``, ``RDF/XML``, ``rdf xml``; for short names without versions."""
    return "".join(c for c in _without_accents(text) if c.isalnum())


def url_key(text: str) -> str | None:
    """The address without scheme, ``www.``, deed and language endings; None where this is not an address."""
    if " " in text or "\n" in text:
        return None
    if not (_SCHEME.match(text) or [""])[0] and not _BARE_URL.fullmatch(text):
        return None
    address = _SCHEME.sub("", text.casefold(), count=1).replace("://", "/")
    host, slash, path = address.partition("/")
    path = re.sub(r"/{2,}", "/", path)
    # The host keeps its ending: data.norge.no is no Norwegian edition of data.norge.
    path, hash_sign, fragment = path.partition("#")
    longer = None
    while path and path != longer:
        longer, path = path, _URL_TAIL.sub("", "/" + path)[1:]
    key = host + (slash + path).rstrip("/")
    return key + (hash_sign + fragment.rstrip("/") if fragment else "")


def segment_after(key: str | None, *prefixes: str) -> str | None:
    """What follows one of the prefixes in a URL key: the code in an authority URI."""
    for prefix in prefixes:
        if key and key.startswith(prefix):
            return key[len(prefix) :]
    return None


def urls_in(text: str) -> list[str]:
    """Every address in the text or in its links, as written."""
    found = _URL.findall(_TAG.sub(" ", text)) + _HREF.findall(text)
    return [address.rstrip(".,;:!?") for address in found]


def pieces(text: str) -> list[str]:
    """The visible text cut at tags, line ends and brackets, without addresses."""
    visible = _TAG.sub("\n", text)
    parts = _BREAK.split(_URL.sub("\n", visible))
    return [part.strip(" .,;:\"'") for part in parts if part.strip(" .,;:\"'")]
