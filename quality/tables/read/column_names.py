"""Names of columns, compared as people read them."""

from __future__ import annotations

import unicodedata

__all__ = ["fold"]


def fold(name: str) -> str:
    """``name`` without case, accents, blanks and punctuation: "Année d'exercice" -> "anneedexercice"."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if char.isalnum())
