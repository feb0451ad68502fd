"""The phrases of the public site: ``site/<page>.toml``, one file a page, each phrase in all languages side by side."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from specs.errors import SpecError, read_toml
from specs.languages.language import Forms

__all__ = ["site_phrases"]

_HERE = Path(__file__).parent / "site"
_PHRASES: TypeAdapter[dict[str, dict[str, str | Forms]]] = TypeAdapter(dict[str, dict[str, str | Forms]])


def site_phrases() -> dict[str, dict[str, Any]]:
    """Return the phrases of the site by language tag and key.

    A key is the stem of the file, a dot, and the name of the table in it: "home.title". A phrase is a text, or a
    mapping from plural categories to texts. Raise SpecError if a file is invalid.
    """
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for path in sorted(_HERE.glob("*.toml")):
        try:
            phrases = _PHRASES.validate_python(read_toml(path))
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"][:2])
            raise SpecError(f"{path}: {where}: must be a table of texts by language tag") from error
        for key, texts in phrases.items():
            for tag, text in texts.items():
                found[tag][f"{path.stem}.{key}"] = text
    return dict(found)
