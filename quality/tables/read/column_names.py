"""Compare names of columns as people read them."""

from __future__ import annotations

import unicodedata

__all__ = ["fold"]


def fold(name: str) -> str:
    """Return the name of a column without case, accents, spaces and punctuation, so that names can be compared.

    >>> fold("Année d'exercice")
    'anneedexercice'
    """
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if char.isalnum())
